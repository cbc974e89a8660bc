// What the bases on PostgreSQL have in common: their making, their counter of ids, where they are
// reached by schema.
//
// The vendor's tables stand in `public`, the types that SQL Server has and PostgreSQL lacks in
// `tds`, what is the simulator's own (its price list, staff, counter) in `simulator`.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "postgres.hpp"
#include "writer.hpp"

namespace mis::simulator {

struct SqlSize {
    std::int64_t patients = 60, procedures = 200;
    int history_days = 90;
};

// Makes tables and past of `mis` ("medialog", "ident") in an empty base, from the files
// schema.postgresql.sql and seed.postgresql.sql of its folder, and the login `mis_gateway`, which
// can read them and nothing else. Throws where something stands in the base already.
void create_sql_base(Postgres& base, std::string_view mis, const SqlSize& size);

// The writer for the MIS that stands in the base.
std::unique_ptr<Writer> open_sql_base(Postgres& base);

constexpr std::string_view kNow = "localtimestamp(3)";  // of the base

class SqlWriter : public Writer {
  public:
    explicit SqlWriter(Postgres& base) : base_(base) {}
    void commit() override { base_.commit(); }
    std::int64_t next_id() override { return base_.number("select nextval('simulator.id')"); }
    Rounding rounding() const override { return Rounding::of_line; }

  protected:
    using Row = std::vector<std::optional<std::string>>;
    void begin_transaction() override { base_.begin(); }
    static std::int64_t id_of(const std::optional<std::string>& text) {
        return text ? std::stoll(*text) : 0;
    }
    static std::string starts_at(const Visit& visit);
    static std::string or_null(std::int64_t id) { return id ? std::to_string(id) : "null"; }
    std::string text_or_null(const std::string& text) const {
        return text.empty() ? "null" : base_.quoted(text);
    }
    // {table or stream: select count(*) …}
    using Counts = std::vector<std::pair<std::string_view, std::string_view>>;
    Standing count(const std::vector<std::string_view>& tables, const Counts& streams);

    Postgres& base_;
};

// Position of the patient with this id, which `patients` has by id; -1: not there.
std::ptrdiff_t find_patient(const std::vector<Patient>& patients, std::int64_t id);

}  // namespace mis::simulator
