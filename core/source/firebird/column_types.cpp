#include "source/firebird/column_types.hpp"

#include <fmt/format.h>

namespace mis::source::firebird {
namespace {

// The families that a declaration can be right or wrong about.
enum class Family { text, binary, whole, exact, floating, timestamp, date, time, boolean };

Family family_of(const XSQLVAR& variable) {
    switch (base_type(variable)) {
        case SQL_SHORT:
        case SQL_LONG:
        case SQL_INT64:
            return variable.sqlscale < 0 ? Family::exact : Family::whole;
        case SQL_FLOAT:
        case SQL_DOUBLE:
        case SQL_D_FLOAT:
            return Family::floating;
        case SQL_TIMESTAMP:
            return Family::timestamp;
        case SQL_TYPE_DATE:
            return Family::date;
        case SQL_TYPE_TIME:
            return Family::time;
        case SQL_BOOLEAN:
            return Family::boolean;
        case SQL_TEXT:
        case SQL_VARYING:
            return (variable.sqlsubtype & 0xff) == kOctets ? Family::binary : Family::text;
        default:  // blobs, and NULL of no type
            return Family::text;
    }
}

std::string_view name_of(ColumnType type) {
    switch (type) {
        case ColumnType::text:
            return "text";
        case ColumnType::integer:
            return "integer";
        case ColumnType::decimal:
            return "decimal";
        case ColumnType::timestamp:
            return "timestamp";
        case ColumnType::date:
            return "date";
        case ColumnType::boolean:
            return "boolean";
    }
    return "";
}

// What the difference does, and what to declare; empty: nothing.
std::string_view harm(ColumnType declared, Family given) {
    if (given == Family::binary)
        return "the map sees its bytes as hex digits; cast it in the fetch";
    switch (declared) {
        case ColumnType::text:
            if (given == Family::whole || given == Family::boolean)
                return "a comparison with a number (= 1) is never true; declare it integer";
            if (given == Family::exact)
                return "a comparison with a number is never true; declare it decimal";
            if (given == Family::floating)
                return "the map sees every digit of a binary number; declare it decimal, or "
                       "decimal(N)";
            return "";
        case ColumnType::integer:
        case ColumnType::boolean:
            if (given == Family::text)
                return "rows with anything but digits in it go to quarantine; declare it text";
            if (given == Family::exact)
                return "rows go to quarantine, for it is written with decimals; declare it decimal";
            if (given == Family::floating)  // dialect 1 keeps NUMERIC(15,0) so
                return "whole numbers are read; a row with a fraction goes to quarantine, so "
                       "declare it decimal if there may be one";
            if (given == Family::timestamp || given == Family::date)
                return "every row goes to quarantine; declare it timestamp";
            if (given == Family::time) return "every row goes to quarantine; declare it text";
            return "";
        case ColumnType::decimal:
            if (given == Family::text)
                return "it comes as it is written; declare it text and read it with decimal() or "
                       "money() in the map";
            if (given == Family::timestamp || given == Family::date || given == Family::time)
                return "it is no number; declare it timestamp (a TIME: text)";
            return "";
        case ColumnType::timestamp:
        case ColumnType::date:
            if (declared == ColumnType::date && given == Family::timestamp)
                return "the map sees a time of day behind the date; declare it timestamp";
            if (given == Family::timestamp || given == Family::date) return "";
            if (given == Family::text)
                return "it comes as it is written; declare it text, the map's local_ts and "
                       "iso_date read most forms";
            if (given == Family::time)
                return "it has no day; declare it text and join it to the day in the map";
            return "it is a number; declare it integer, the map's unix_ts reads seconds since 1970";
    }
    return "";
}

// The literal `null`, which stands where this base lacks an optional column, is described as text
// of no table and of at most one character.
bool is_bare_null(const XSQLVAR& variable) {
    const int type = base_type(variable);
    return type == SQL_NULL ||
           (type == SQL_TEXT && variable.relname_length == 0 && variable.sqllen <= 1);
}

}  // namespace

std::string type_text(const XSQLVAR& variable) {
    switch (base_type(variable)) {
        case SQL_TEXT:
            return "CHAR";
        case SQL_VARYING:
            return "VARCHAR";
        case SQL_SHORT:
        case SQL_LONG:
        case SQL_INT64: {
            if (variable.sqlscale < 0)
                return fmt::format("NUMERIC with {} decimals", -variable.sqlscale);
            const int type = base_type(variable);
            return type == SQL_SHORT ? "SMALLINT" : type == SQL_LONG ? "INTEGER" : "BIGINT";
        }
        case SQL_FLOAT:
            return "FLOAT";
        case SQL_DOUBLE:
        case SQL_D_FLOAT:
            return "DOUBLE PRECISION";
        case SQL_TIMESTAMP:
            return "TIMESTAMP";
        case SQL_TYPE_DATE:
            return "DATE";
        case SQL_TYPE_TIME:
            return "TIME";
        case SQL_BOOLEAN:
            return "BOOLEAN";
        case SQL_BLOB:
            return variable.sqlsubtype == isc_blob_text ? "BLOB of text" : "BLOB";
        case SQL_NULL:
            return "NULL";
        default:
            return fmt::format("type {}", base_type(variable));
    }
}

std::string type_remark(const ColumnDeclaration& declared, const XSQLVAR& variable) {
    if (is_bare_null(variable)) return "";
    const std::string_view does = harm(declared.type, family_of(variable));
    if (does.empty()) return "";
    return fmt::format(
        "{}: declared {}, the base has {}: {}", declared.name, name_of(declared.type),
        type_text(variable), does
    );
}

bool lacks_charset(const ColumnPlan& column, const XSQLVAR& variable) {
    return column.decoder != nullptr && column.decoder->name() == "NONE" && !is_bare_null(variable);
}

}  // namespace mis::source::firebird
