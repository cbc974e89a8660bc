// Mapper: rows of one stream → canonical records, through the connector's SELECT, once per row.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/timestamp.hpp"
#include "record/record.hpp"
#include "source/connector.hpp"
#include "source/row.hpp"

namespace mis::record {

struct MapContext {
    Zone clinic_zone;
    std::map<std::string, Zone> branch_zones;  // branch source_id → zone
    std::map<std::string, std::string>
        site;  // values of site('NAME'), over the connector's defaults
    std::string currency = "RUB";
};

struct MappedRow {
    std::string row_key;           // text of the key column without blanks behind it (what CHAR
                                   // is filled up with); empty: unreadable
    std::vector<Record> records;   // none: skipped or quarantined
    std::string skip_reason;       // set: left out on purpose, counted
    std::vector<RowIssue> issues;  // set: to quarantine
};

struct MapWork {
    std::int64_t prepares = 0;  // of the statement: one, however many rows
    std::int64_t rows = 0;
};

class Mapper {  // one per stream and thread; owns a private in-memory SQLite
  public:
    // misconfigured: the map does not prepare, a column is no canonical one, a required one is
    // missing; file and column are named.
    static Result<std::unique_ptr<Mapper>> create(
        const source::Connector& connector, const source::StreamDeclaration& stream,
        const MapContext& context
    );
    virtual ~Mapper() = default;
    virtual MappedRow map(const source::RowBatch& batch, std::size_t row) = 0;
    virtual MapWork work() const = 0;
};

// A row as read, as a JSON object; private.
std::string row_json(
    const std::vector<std::string>& columns, const source::RowBatch& batch, std::size_t row
);

// The same checks for a record that comes as JSON already (scenario files, push sources): malformed
// names field and reason.
Result<Record> record_from_json(const std::string& kind, std::string_view json);

}  // namespace mis::record
