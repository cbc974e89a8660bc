#include "source/sql_dialect.hpp"

namespace mis::source {

const SqlDialect kFirebird{"firebird", SqlDialect::Limit::rows_behind, SqlDialect::Names::upper};
const SqlDialect kSqlServer{"sql_server", SqlDialect::Limit::top, SqlDialect::Names::as_is};
const SqlDialect kPostgresql{
    "postgresql", SqlDialect::Limit::limit_behind, SqlDialect::Names::lower};
const SqlDialect kMariadb{"mariadb", SqlDialect::Limit::limit_behind, SqlDialect::Names::as_is};

}  // namespace mis::source
