#include "postgres.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <stdexcept>

namespace mis::simulator {
namespace {

struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

Result run(PGconn* connection, const std::string& sql) {
    Result result(PQexec(connection, sql.c_str()));
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_EMPTY_QUERY)
        throw std::runtime_error(
            fmt::format("{}in: {}", PQerrorMessage(connection), sql.substr(0, 400))
        );
    return result;
}

}  // namespace

void Postgres::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

Postgres::Postgres(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw std::runtime_error(
            fmt::format("connecting to {}: {}", url, PQerrorMessage(connection_.get()))
        );
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr
    );
}

void Postgres::execute(const std::string& sql) { run(connection_.get(), sql); }

std::vector<std::vector<std::optional<std::string>>> Postgres::rows(const std::string& sql) {
    const Result result = run(connection_.get(), sql);
    std::vector<std::vector<std::optional<std::string>>> all;
    const int count = PQntuples(result.get()), columns = PQnfields(result.get());
    for (int row = 0; row < count; ++row) {
        auto& made = all.emplace_back();
        for (int column = 0; column < columns; ++column)
            if (PQgetisnull(result.get(), row, column))
                made.emplace_back();
            else
                made.emplace_back(PQgetvalue(result.get(), row, column));
    }
    return all;
}

std::int64_t Postgres::number(const std::string& sql) {
    const auto found = rows(sql);
    if (found.empty() || found[0].empty() || !found[0][0])
        throw std::runtime_error("no number from: " + sql);
    return std::stoll(*found[0][0]);
}

std::string Postgres::quoted(const std::string& text) const {
    std::string made = "'";
    for (const char letter : text)
        made += letter == '\'' ? std::string("''") : std::string(1, letter);
    return made + "'";
}

}  // namespace mis::simulator
