#include "sql_base.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "clinic.hpp"
#include "ident/writer.hpp"
#include "medialog/writer.hpp"

namespace mis::simulator {
namespace {

std::string script(std::string_view mis, std::string_view name) {
    const auto path = std::filesystem::path(MIS_SOURCE_DIR) / "tools/mis_simulator" / mis /
                      fmt::format("{}.postgresql.sql", name);
    std::ifstream file(path);
    if (!file) throw std::runtime_error("no such file: " + path.string());
    std::stringstream text;
    text << file.rdbuf();
    // the vendor's tables stand in public, whatever the file says of itself
    static const std::regex path_line("(^|\\n)SET search_path = [^\\n]*");
    return std::regex_replace(text.str(), path_line, "$1");
}

// The price list and the staff of clinic.cpp as tables, which a seed makes the vendor's rows of.
void write_own_tables(Postgres& base, std::string_view mis, const SqlSize& size) {
    base.execute(fmt::format(
        R"(create schema simulator;
create sequence simulator.id start 1000000001;
create table simulator.about (mis text, patients bigint, procedures bigint, history_days int);
insert into simulator.about values ('{}', {}, {}, {});
create table simulator.service (n int primary key, code text, name text, price numeric(12, 2), speciality int, on_a_tooth boolean);
create table simulator.doctor (n int primary key, last_name text, first_name text, department int, branch int);
create table simulator.tooth (n int primary key, name text);)",
        mis, size.patients, size.procedures, size.history_days
    ));
    for (std::size_t n = 0; n < services().size(); ++n) {
        const Service& service = services()[n];
        base.execute(fmt::format(
            "insert into simulator.service values ({}, '{}', '{}', {}, {}, {})", n, service.code,
            service.name, roubles(service.price_kopecks), service.speciality, service.on_a_tooth
        ));
    }
    for (std::size_t n = 0; n < doctors().size(); ++n) {
        const std::string name(doctors()[n].name);
        const auto blank = name.find(' ');
        base.execute(fmt::format(
            "insert into simulator.doctor values ({}, '{}', '{}', {}, {})", n,
            name.substr(0, blank), name.substr(blank + 1), doctors()[n].department,
            doctors()[n].branch
        ));
    }
    for (std::size_t n = 0; n < teeth().size(); ++n)
        base.execute(fmt::format("insert into simulator.tooth values ({}, '{}')", n, teeth()[n]));
}

constexpr std::string_view kPath = "set search_path to public, tds";

}  // namespace

void create_sql_base(Postgres& base, std::string_view mis, const SqlSize& size) {
    const auto standing =
        base.number("select count(*) from pg_tables where schemaname in ('public', 'simulator')");
    if (standing != 0)
        throw std::runtime_error(
            fmt::format("the base holds {} tables already: give the name of an empty one", standing)
        );
    base.execute(std::string(kPath));
    base.begin();
    base.execute(script(mis, "schema"));
    write_own_tables(base, mis, size);
    base.execute(script(mis, "seed"));
    base.execute(R"(do $$ begin
  if not exists (select from pg_roles where rolname = 'mis_gateway') then create role mis_gateway login; end if;
end $$;
grant usage on schema public, tds to mis_gateway;
grant select on all tables in schema public to mis_gateway;)");
    base.commit();
    base.execute("analyze");
}

std::unique_ptr<Writer> open_sql_base(Postgres& base) {
    base.execute(std::string(kPath));
    const auto about = base.rows("select mis from simulator.about");
    const std::string mis = about.empty() ? "" : about[0][0].value_or("");
    if (mis == "medialog") return std::make_unique<MedialogWriter>(base);
    if (mis == "ident") return std::make_unique<IdentWriter>(base);
    throw std::runtime_error("no simulated MIS stands in this base: mis-simulator create makes one"
    );
}

Standing SqlWriter::count(const std::vector<std::string_view>& tables, const Counts& streams) {
    Standing standing;
    for (const auto table : tables)
        standing.tables[std::string(table)] =
            base_.number(fmt::format("select count(*) from {}", table));
    for (const auto& [stream, sql] : streams)
        standing.streams[std::string(stream)] = base_.number(std::string(sql));
    return standing;
}

std::string SqlWriter::starts_at(const Visit& visit) {
    return fmt::format("current_date + {} + time '{}:{:02}'", visit.day, visit.hour, visit.minute);
}

std::ptrdiff_t find_patient(const std::vector<Patient>& patients, std::int64_t id) {
    const auto found = std::lower_bound(
        patients.begin(), patients.end(), id,
        [](const Patient& one, std::int64_t wanted) { return one.id < wanted; }
    );
    return found != patients.end() && found->id == id ? found - patients.begin() : -1;
}

}  // namespace mis::simulator
