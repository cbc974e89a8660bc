#include "source/odbc/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>

#include "base/text.hpp"
#include "platform/connected_sockets.hpp"
#include "source/odbc/connection_text.hpp"
#include "source/sql_words.hpp"

namespace mis::source::odbc {
namespace {

using System = config::OdbcConfig::System;

// Sockets that appear while one connects are that one's.
std::mutex connecting;

constexpr std::string_view kSqlServerSession =
    "set ansi_nulls, ansi_warnings, quoted_identifier, arithabort, concat_null_yields_null on; "
    "set nocount on; set dateformat ymd; set deadlock_priority low; set lock_timeout {}";

}  // namespace

const SqlDialect& dialect_of(System system) {
    switch (system) {
        case System::postgresql:
            return kPostgresql;
        case System::mariadb:
            return kMariadb;
        case System::sql_server:
            break;
    }
    return kSqlServer;
}

Connection::Connection(std::shared_ptr<const Api> api, const OdbcSettings& settings)
    : api_(std::move(api)), settings_(settings) {}

Connection::~Connection() {
    end();
    statements_.clear();
    if (is_connected_) api_->disconnect(handle_);
    if (handle_ != SQL_NULL_HDBC) api_->free_handle(SQL_HANDLE_DBC, handle_);
    if (environment_ != SQL_NULL_HENV) api_->free_handle(SQL_HANDLE_ENV, environment_);
}

Result<std::unique_ptr<Connection>> Connection::open(
    std::shared_ptr<const Api> api, const OdbcSettings& settings
) {
    std::unique_ptr<Connection> made(new Connection(std::move(api), settings));
    if (auto connected = made->connect(); !connected) return fail(connected.error());
    if (auto settled = made->settle_session(); !settled)
        return fail(settled.error().within("opening the session"));
    return made;
}

Result<void> Connection::connect() {
    const auto set_up = [&]() -> bool {
        return SQL_SUCCEEDED(api_->alloc_handle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &environment_)) &&
               SQL_SUCCEEDED(api_->set_env_attr(
                   environment_, SQL_ATTR_ODBC_VERSION,
                   reinterpret_cast<SQLPOINTER>(static_cast<std::intptr_t>(SQL_OV_ODBC3)), 0
               )) &&
               SQL_SUCCEEDED(api_->alloc_handle(SQL_HANDLE_DBC, environment_, &handle_));
    };
    if (!set_up()) return fail(ErrorKind::unavailable, "the ODBC driver manager does not start");
    const auto timeout = static_cast<std::intptr_t>(settings_.base.connect_seconds_max);
    api_->set_connect_attr(
        handle_, SQL_ATTR_LOGIN_TIMEOUT, reinterpret_cast<SQLPOINTER>(timeout), 0
    );
    auto text = connection_text(settings_);
    if (!text) return fail(text.error());
    const std::lock_guard lock(connecting);
    const auto before = platform::connected_sockets();
    const SQLRETURN answer = api_->driver_connect(
        handle_, nullptr, reinterpret_cast<SQLCHAR*>(text->data()),
        static_cast<SQLSMALLINT>(text->size()), nullptr, 0, nullptr, SQL_DRIVER_NOPROMPT
    );
    if (!SQL_SUCCEEDED(answer))
        return fail(explain_connecting(
            api_->error(SQL_HANDLE_DBC, handle_, "connecting to " + server_name(settings_.base)),
            settings_
        ));
    is_connected_ = true;
    std::set<int> made;
    const auto after = platform::connected_sockets();
    std::set_difference(
        after.begin(), after.end(), before.begin(), before.end(), std::inserter(made, made.end())
    );
    if (made.size() == 1) socket_ = *made.begin();
    return {};
}

Result<void> Connection::settle_session() {
    switch (settings_.base.system) {
        case System::sql_server: {
            if (auto done =
                    run(fmt::format(fmt::runtime(kSqlServerSession), kLockSecondsMax * 1000));
                !done)
                return done;
            const auto state = query(
                "select snapshot_isolation_state from sys.databases where name = db_name()", 1
            );
            gives_snapshots_ = state && !state->empty() && state->front()[0] == "1";
            return run(fmt::format(
                "set transaction isolation level {}",
                gives_snapshots_ ? "snapshot" : "read committed"
            ));
        }
        case System::postgresql:
            gives_snapshots_ = true;
            return run(fmt::format(
                "set session characteristics as transaction isolation level repeatable read, read "
                "only; set jit = off; set statement_timeout = '{}s'; set lock_timeout = '{}s'",
                settings_.base.statement_seconds_max, kLockSecondsMax
            ));
        case System::mariadb:
            gives_snapshots_ = true;
            for (const std::string& sql :
                 {std::string("set session sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')"),
                  std::string("set session transaction isolation level repeatable read"),
                  std::string("set session transaction read only"),
                  fmt::format(
                      "set session max_statement_time = {}", settings_.base.statement_seconds_max
                  ),
                  fmt::format("set session lock_wait_timeout = {}", kLockSecondsMax)})
                if (auto done = run(sql); !done) return done;
            return {};
    }
    return {};
}

void Connection::cancel(Cancel how) {
    // A PostgreSQL or MariaDB driver cancels over a connection of its own, which may hang as well:
    // those are cut; the server ends the statement by its own time limit.
    const SQLHSTMT running = running_;
    if (how == Cancel::raise && settings_.base.system == System::sql_server &&
        running != SQL_NULL_HSTMT)
        api_->cancel(running);
    else
        platform::cut_socket(socket_);
}

Result<void> Connection::run(std::string_view sql) {
    auto made = Statement::prepare(api_, handle_, sql);
    if (!made) return fail(made.error());
    const Running running(*this, **made);
    return (*made)->execute({});
}

Result<TextRows> Connection::query(std::string_view sql, std::size_t rows_max) {
    auto made = Statement::prepare(api_, handle_, sql);
    if (!made) return fail(made.error());
    Statement& statement = **made;
    const Running running(*this, statement);
    if (auto done = statement.execute({}); !done) return fail(done.error());
    if (auto bound = statement.read_as_text(); !bound) return fail(bound.error());
    TextRows found;
    while (found.size() < rows_max) {
        RowBatch batch(std::max<std::size_t>(statement.columns().size(), 1));
        const auto more = statement.fetch(batch);
        if (!more) return fail(more.error());
        if (!*more) break;
        for (std::size_t row = 0; row < batch.rows() && found.size() < rows_max; ++row) {
            auto& cells = found.emplace_back();
            for (std::size_t column = 0; column < batch.columns(); ++column) {
                const auto cell = batch.cell(row, column);
                cells.push_back(cell ? std::optional(std::string(*cell)) : std::nullopt);
            }
        }
    }
    return found;
}

Result<std::unique_ptr<Statement>> Connection::statement_once(const std::string& sql) {
    return Statement::prepare(api_, handle_, sql);
}

Result<Statement*> Connection::statement(const std::string& sql) {
    auto& kept = statements_[sql];
    if (!kept) {
        auto made = Statement::prepare(api_, handle_, sql);
        if (!made) {
            statements_.erase(sql);
            return fail(made.error());
        }
        kept = std::move(*made);
    }
    return kept.get();
}

Result<void> Connection::begin() {
    const SQLRETURN answer = api_->set_connect_attr(
        handle_, SQL_ATTR_AUTOCOMMIT, reinterpret_cast<SQLPOINTER>(SQL_AUTOCOMMIT_OFF), 0
    );
    if (!SQL_SUCCEEDED(answer))
        return fail(api_->error(SQL_HANDLE_DBC, handle_, "beginning a snapshot"));
    return {};
}

void Connection::end() {
    if (!is_connected_) return;
    for (const auto& [sql, statement] : statements_) statement->close();
    api_->end_tran(SQL_HANDLE_DBC, handle_, SQL_COMMIT);
    api_->set_connect_attr(
        handle_, SQL_ATTR_AUTOCOMMIT,
        reinterpret_cast<SQLPOINTER>(static_cast<std::intptr_t>(SQL_AUTOCOMMIT_ON)), 0
    );
}

Result<Connection::Known> Connection::catalog_of(const Connector& connector) {
    std::set<std::string> words;
    const auto add = [&words](std::string_view sql) {
        for (const std::string& word : identifiers_in(sql)) words.insert(to_upper(word));
    };
    for (const StreamDeclaration* stream : asked_of(connector)) {
        add(stream->fetch_sql);
        for (const auto& [dialect, text] : stream->fetch_twins) add(text);
        add(stream->requires_table);
        add(stream->key);
        for (const std::string& stamp : stream->stamps) add(stamp);
        for (const TrackedTable& tracked : stream->tracked) words.insert(to_upper(tracked.table));
    }
    std::string list;
    for (const std::string& word : words) {
        list += list.empty() ? "'" : ", '";
        for (const char c : word) list += c == '\'' ? "''" : std::string(1, c);
        list += "'";
    }
    const std::string_view own =
        settings_.base.system == System::mariadb
            ? " and table_schema = database()"
            : " and table_schema not in ('pg_catalog', 'information_schema')";
    const auto rows = query(
        fmt::format(
            "select table_name, column_name, data_type from information_schema.columns "
            "where upper(table_name) in ({}){}",
            list, own
        ),
        1'000'000
    );
    if (!rows) return fail(rows.error());
    Known known;
    known.columns.names = known.versions.names = dialect_of(settings_.base.system).names;
    for (const auto& row : *rows) {
        const bool is_version =  // as SQL Server calls it
            settings_.base.system == System::sql_server && row[2] == "timestamp";
        Catalog& catalog = is_version ? known.versions : known.columns;
        catalog.add(row[0].value_or(""), row[1].value_or(""));
    }
    return known;
}

}  // namespace mis::source::odbc
