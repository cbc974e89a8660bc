#include "source/sql_dialect.hpp"

#include <fmt/format.h>

namespace mis::source {

const SqlDialect kFirebird{"firebird", SqlDialect::Limit::rows_behind, SqlDialect::Names::upper};
const SqlDialect kSqlServer{"sql_server", SqlDialect::Limit::top, SqlDialect::Names::as_is};
const SqlDialect kPostgresql{
    "postgresql", SqlDialect::Limit::limit_behind, SqlDialect::Names::lower};
const SqlDialect kMariadb{"mariadb", SqlDialect::Limit::limit_behind, SqlDialect::Names::as_is};

std::string day_text(const SqlDialect& dialect, int days) {
    if (dialect.name == kSqlServer.name)
        return fmt::format("dateadd(day, {}, cast(getdate() as date))", days);
    if (dialect.name == kMariadb.name) return fmt::format("(current_date + interval {} day)", days);
    // dialect 1 of Firebird has no current_date
    const char* today =
        dialect.name == kFirebird.name ? "cast('today' as timestamp)" : "current_date";
    return fmt::format("({} {} {})", today, days < 0 ? '-' : '+', days < 0 ? -days : days);
}

}  // namespace mis::source
