// Connection: what is known and held of one attachment: the base's sets and catalog, and the
// statements prepared on it by (stream, form of slice). Dropped as a whole when the attachment
// dies. One thread; whoever calls has set a watchdog on the attachment.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "source/fetch_text.hpp"
#include "source/firebird/decode.hpp"
#include "source/firebird/settings.hpp"
#include "source/firebird/statement_text.hpp"
#include "source/source.hpp"

namespace mis::source::firebird {

using TextRows = std::vector<std::vector<std::optional<std::string>>>;

struct Prepared {
    std::unique_ptr<Statement> statement;
    std::vector<ColumnPlan> plan;
};

struct Connection {
    std::unique_ptr<Attachment> attachment;
    int dialect = 3;
    std::unique_ptr<Charsets> charsets;
    TextSets sets;    // of literals in SQL texts
    Catalog catalog;  // of the tables that the connector's fetches name
    std::set<std::string> procedures, functions, packages;  // that they name
    std::map<std::pair<std::string, SliceForm>, Prepared>
        statements;  // before the attachment in destruction

    // Rows of a short query of our own as text, `sql` in UTF-8. At most rows_max.
    Result<TextRows> query(
        Transaction& transaction, std::string_view sql, const std::vector<std::string>& parameters,
        std::size_t rows_max
    );
    // The statement of a stream's slices of this form, made at the first call. Null: this base has
    // no such stamp. misconfigured: the fetch does not fit the base; the text names its file.
    Result<Prepared*> prepared(
        Transaction& transaction, const StreamDeclaration& stream, const SliceForm& form,
        const std::map<std::string, std::string>& site
    );
    // The keys of a slice's rows, without what else the fetch computes: a derived table's columns
    // that nobody asks for are not evaluated. malformed: more than `most`.
    Result<void> keys(
        const StreamDeclaration& stream, const SliceForm& form, const Slice& slice,
        const std::map<std::string, std::string>& site, std::size_t most,
        std::vector<std::string>& found
    );
    Statement::Encode encoder() const;  // for parameters; not longer than the connection
};

AttachTarget target_of(const FirebirdSettings& settings);

// Fills in what an attachment must know before anything is prepared on it.
Result<void> learn(
    Connection& connection, const Connector& connector, const FirebirdSettings& settings
);

}  // namespace mis::source::firebird
