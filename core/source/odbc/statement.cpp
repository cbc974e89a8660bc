#include "source/odbc/statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <utility>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "source/exact_text.hpp"
#include "source/source.hpp"

namespace mis::source::odbc {
namespace {

// Microsoft's own types, which the headers do not name.
constexpr SQLSMALLINT kVariant = -150, kUdt = -151, kXml = -152, kTime2 = -154, kOffsetTime = -155;

constexpr std::size_t kArrayRowsMax = 500;
constexpr std::size_t kArrayBytesMax = 512 * 1024;
constexpr SQLULEN kBoundCharactersMax = 4000;  // longer ones are read piece by piece
constexpr std::size_t kBytesPerCharacter = 4;  // of UTF-8
constexpr std::size_t kPieceBytes = 16 * 1024;

enum class Form { text, padded_text, date, timestamp, real, binary };

Form form_of(SQLSMALLINT type) {
    switch (type) {
        case SQL_CHAR:
        case SQL_WCHAR:
            return Form::padded_text;
        case SQL_TYPE_DATE:
        case SQL_DATE:
            return Form::date;
        case SQL_TYPE_TIMESTAMP:
        case SQL_TIMESTAMP:
            return Form::timestamp;
        case SQL_REAL:
        case SQL_FLOAT:
        case SQL_DOUBLE:
            return Form::real;
        case SQL_BINARY:
        case SQL_VARBINARY:
        case SQL_LONGVARBINARY:
            return Form::binary;
        default:
            return Form::text;
    }
}

bool has_characters(SQLSMALLINT type) {
    return type == SQL_CHAR || type == SQL_WCHAR || type == SQL_VARCHAR || type == SQL_WVARCHAR;
}

bool is_long(const ColumnInfo& column) {
    switch (column.type) {
        case SQL_LONGVARCHAR:
        case SQL_WLONGVARCHAR:
        case SQL_LONGVARBINARY:
        case kXml:
        case kVariant:
            return true;
        default:
            return (has_characters(column.type) || form_of(column.type) == Form::binary) &&
                   (column.size == 0 || column.size > kBoundCharactersMax);
    }
}

void append_number(std::string& out, unsigned value, int digits) {
    char text[12];
    for (int at = digits; at-- > 0; value /= 10) text[at] = static_cast<char>('0' + value % 10);
    out.append(text, static_cast<std::size_t>(digits));
}

void append_day(std::string& out, SQLSMALLINT year, SQLUSMALLINT month, SQLUSMALLINT day) {
    append_number(out, static_cast<unsigned>(std::max<SQLSMALLINT>(year, 0)), 4);
    out.push_back('-');
    append_number(out, month, 2);
    out.push_back('-');
    append_number(out, day, 2);
}

void append_timestamp(std::string& out, const SQL_TIMESTAMP_STRUCT& time) {
    append_day(out, time.year, time.month, time.day);
    out.push_back(' ');
    append_number(out, time.hour, 2);
    out.push_back(':');
    append_number(out, time.minute, 2);
    out.push_back(':');
    append_number(out, time.second, 2);
    if (time.fraction == 0) return;
    std::string fraction;
    append_number(fraction, time.fraction / 100, 7);  // nanoseconds; servers keep seven digits
    fraction.erase(fraction.find_last_not_of('0') + 1);
    if (!fraction.empty()) out += "." + fraction;
}

// "2026-03-02 10:00:00.0000000 +03:00" → "2026-03-02T10:00:00+03:00": RFC 3339, what the maps read
std::string offset_time(std::string_view text) {
    std::string made(text);
    if (made.size() > 10 && made[10] == ' ') made[10] = 'T';
    const std::size_t blank = made.rfind(' ');
    if (blank != std::string::npos) made.erase(blank, 1);
    const std::size_t dot = made.find('.');
    if (dot == std::string::npos) return made;
    std::size_t end = dot + 1;
    while (end < made.size() && made[end] >= '0' && made[end] <= '9') ++end;
    std::size_t kept = std::min(end, dot + 7);
    while (kept > dot + 1 && made[kept - 1] == '0') --kept;
    if (kept == dot + 1) kept = dot;
    return made.erase(kept, end - kept);
}

}  // namespace

// One column that is read: where it stands, into what, and how its values become text.
struct Statement::Reader {
    std::size_t index;  // of the statement's columns
    ColumnDeclaration declared;
    ColumnInfo info;
    Form form;
    bool is_long;
    std::size_t width = 0;  // bytes of a value in `values`
    std::vector<char> values;
    std::vector<SQLLEN> lengths;
    mutable std::string text;  // of the value under way; kept, or each one would be an allocation

    Reader(std::size_t at, ColumnDeclaration declaration, ColumnInfo column)
        : index(at),
          declared(std::move(declaration)),
          info(std::move(column)),
          form(form_of(info.type)),
          is_long(odbc::is_long(info)) {
        switch (form) {
            case Form::timestamp:
                width = sizeof(SQL_TIMESTAMP_STRUCT);
                break;
            case Form::date:
                width = sizeof(SQL_DATE_STRUCT);
                break;
            case Form::real:
                width = sizeof(double);
                break;
            case Form::binary:
                width = info.size;
                break;
            case Form::text:
            case Form::padded_text:
                width = has_characters(info.type) ? info.size * kBytesPerCharacter + 1 : 64;
                break;
        }
        if (is_long) width = 0;
    }

    SQLSMALLINT c_type() const {
        switch (form) {
            case Form::timestamp:
                return SQL_C_TYPE_TIMESTAMP;
            case Form::date:
                return SQL_C_TYPE_DATE;
            case Form::real:
                return SQL_C_DOUBLE;
            case Form::binary:
                return SQL_C_BINARY;
            default:
                return SQL_C_CHAR;
        }
    }

    void append(std::size_t row, RowBatch& rows) const {
        const SQLLEN length = lengths[row];
        if (length == SQL_NULL_DATA) return rows.add_null();
        const char* value = values.data() + row * width;
        text.clear();
        switch (form) {
            case Form::timestamp: {
                SQL_TIMESTAMP_STRUCT time;
                std::memcpy(&time, value, sizeof time);
                append_timestamp(text, time);
                return rows.add(text);
            }
            case Form::date: {
                SQL_DATE_STRUCT day;
                std::memcpy(&day, value, sizeof day);
                append_day(text, day.year, day.month, day.day);
                return rows.add(text);
            }
            case Form::real: {
                double number = 0;
                std::memcpy(&number, value, sizeof number);
                const bool is_decimal = declared.type == ColumnType::decimal;
                const auto decimals =
                    is_decimal ? std::optional(declared.decimals) : std::optional<int>();
                const Rounded rounded =
                    info.type == SQL_REAL ? append_float(text, static_cast<float>(number), decimals)
                                          : append_double(text, number, decimals);
                if (rounded == Rounded::yes)
                    rows.add_note(fmt::format(
                        "column {}: rounded to {} decimals", declared.name, declared.decimals
                    ));
                return rows.add(text);
            }
            default:
                break;
        }
        if (length < 0 ||
            static_cast<std::size_t>(length) > width - (form == Form::binary ? 0 : 1)) {
            rows.add_issue(fmt::format("column {}: longer than the server said", declared.name));
            return rows.add_null();
        }
        append_bytes({value, static_cast<std::size_t>(length)}, rows);
    }

    void append_bytes(std::string_view bytes, RowBatch& rows) const {
        if (form == Form::binary) {
            const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
            return rows.add(to_hex(std::span(begin, bytes.size())));
        }
        if (form == Form::padded_text)
            bytes = bytes.substr(0, bytes.find_last_not_of(' ') + 1);  // npos + 1: nothing is left
        if (info.type == kOffsetTime) return rows.add(offset_time(bytes));
        if (!is_valid_utf8(bytes)) {
            rows.add_issue(fmt::format("column {}: the driver gave no UTF-8", declared.name));
            return rows.add_null();
        }
        rows.add(bytes);
    }
};

Statement::Statement(std::shared_ptr<const Api> api, SQLHSTMT handle)
    : api_(std::move(api)), handle_(handle) {}

Statement::~Statement() { api_->free_handle(SQL_HANDLE_STMT, handle_); }

Error Statement::error(std::string_view doing) const {
    return api_->error(SQL_HANDLE_STMT, handle_, doing);
}

Result<std::unique_ptr<Statement>> Statement::prepare(
    std::shared_ptr<const Api> api, SQLHDBC connection, std::string_view sql
) {
    SQLHSTMT handle = SQL_NULL_HSTMT;
    if (!SQL_SUCCEEDED(api->alloc_handle(SQL_HANDLE_STMT, connection, &handle)))
        return fail(api->error(SQL_HANDLE_DBC, connection, "making a statement"));
    std::unique_ptr<Statement> made(new Statement(api, handle));
    std::string text(sql);
    const SQLRETURN answer = api->prepare(
        handle, reinterpret_cast<SQLCHAR*>(text.data()), static_cast<SQLINTEGER>(text.size())
    );
    if (!SQL_SUCCEEDED(answer)) return fail(made->error("preparing"));
    return made;
}

Result<void> Statement::execute(const std::vector<std::string>& parameters) {
    close();
    parameters_ = parameters;
    lengths_.assign(parameters_.size(), 0);
    for (std::size_t at = 0; at < parameters_.size(); ++at) {
        std::string& text = parameters_[at];
        lengths_[at] = static_cast<SQLLEN>(text.size());
        const SQLRETURN bound = api_->bind_parameter(
            handle_, static_cast<SQLUSMALLINT>(at + 1), SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR,
            std::max<SQLULEN>(text.size(), 1), 0, text.data(), static_cast<SQLLEN>(text.size() + 1),
            &lengths_[at]
        );
        if (!SQL_SUCCEEDED(bound)) return fail(error("binding a parameter"));
    }
    const SQLRETURN answer = api_->execute(handle_);
    if (!SQL_SUCCEEDED(answer) && answer != SQL_NO_DATA) return fail(error(""));
    is_open_ = true;
    SQLSMALLINT count = 0;
    if (!SQL_SUCCEEDED(api_->num_result_cols(handle_, &count))) return fail(error("describing"));
    columns_.clear();
    for (SQLSMALLINT at = 1; at <= count; ++at) {
        SQLCHAR name[256] = {};
        SQLSMALLINT length = 0, nullable = 0;
        ColumnInfo column;
        const SQLRETURN described = api_->describe_col(
            handle_, static_cast<SQLUSMALLINT>(at), name, sizeof name, &length, &column.type,
            &column.size, &column.decimals, &nullable
        );
        if (!SQL_SUCCEEDED(described)) return fail(error("describing"));
        column.name = reinterpret_cast<const char*>(name);
        columns_.push_back(std::move(column));
    }
    return {};
}

Result<void> Statement::read_as(const std::vector<ColumnDeclaration>& declared) {
    if (!readers_.empty()) return {};  // bound, and kept so
    std::vector<std::pair<std::size_t, ColumnDeclaration>> wanted;
    for (const ColumnDeclaration& one : declared) {
        const auto found = std::find_if(columns_.begin(), columns_.end(), [&](const auto& column) {
            return to_lower(column.name) == one.name;
        });
        if (found == columns_.end())
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "the fetch gives no column {}: add it to its select list, or take it out of "
                    "`columns:`",
                    one.name
                )
            );
        wanted.emplace_back(static_cast<std::size_t>(found - columns_.begin()), one);
    }
    return bind(std::move(wanted));
}

Result<void> Statement::read_as_text() {
    if (!readers_.empty()) return {};
    std::vector<std::pair<std::size_t, ColumnDeclaration>> wanted;
    for (std::size_t at = 0; at < columns_.size(); ++at)
        wanted.emplace_back(at, ColumnDeclaration{columns_[at].name, ColumnType::text, 2});
    return bind(std::move(wanted));
}

Result<void> Statement::bind(std::vector<std::pair<std::size_t, ColumnDeclaration>> wanted) {
    std::size_t row_bytes = 0;
    bool any_long = false;
    for (auto& [index, declared] : wanted) {
        if (columns_[index].type == kUdt)
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "column {} is of a type of the server's own, which cannot be read: write "
                    "cast(… as varchar(60)) in the fetch",
                    declared.name
                )
            );
        readers_.push_back(std::make_unique<Reader>(index, std::move(declared), columns_[index]));
        row_bytes += readers_.back()->width + sizeof(SQLLEN);
        any_long = any_long || readers_.back()->is_long;
    }
    array_rows_ = any_long
                      ? 1
                      : std::clamp<std::size_t>(
                            kArrayBytesMax / std::max<std::size_t>(row_bytes, 1), 1, kArrayRowsMax
                        );
    row_status_.assign(array_rows_, SQL_ROW_SUCCESS);
    const auto set = [&](SQLINTEGER attribute, SQLPOINTER value) {
        return SQL_SUCCEEDED(api_->set_stmt_attr(handle_, attribute, value, 0));
    };
    if (!set(SQL_ATTR_ROW_BIND_TYPE, reinterpret_cast<SQLPOINTER>(SQL_BIND_BY_COLUMN)) ||
        !set(SQL_ATTR_ROW_ARRAY_SIZE, reinterpret_cast<SQLPOINTER>(array_rows_)) ||
        !set(SQL_ATTR_ROW_STATUS_PTR, row_status_.data()) ||
        !set(SQL_ATTR_ROWS_FETCHED_PTR, &fetched_))
        return fail(error("preparing to fetch"));
    for (const auto& reader : readers_) {
        if (reader->is_long) continue;
        reader->values.resize(reader->width * array_rows_);
        reader->lengths.resize(array_rows_);
        const SQLRETURN bound = api_->bind_col(
            handle_, static_cast<SQLUSMALLINT>(reader->index + 1), reader->c_type(),
            reader->values.data(), static_cast<SQLLEN>(reader->width), reader->lengths.data()
        );
        if (!SQL_SUCCEEDED(bound)) return fail(error("binding column " + reader->declared.name));
    }
    return {};
}

Result<bool> Statement::fetch(RowBatch& rows) {
    fetched_ = 0;
    const SQLRETURN answer = api_->fetch(handle_);
    if (answer == SQL_NO_DATA) return false;
    if (!SQL_SUCCEEDED(answer)) return fail(error(""));
    // a lost connection may come as a remark beside the last rows
    if (answer == SQL_SUCCESS_WITH_INFO && api_->tells_of_loss(handle_)) return fail(error(""));
    for (std::size_t row = 0; row < fetched_; ++row) {
        if (row_status_[row] == SQL_ROW_NOROW) continue;
        const bool is_broken = row_status_[row] == SQL_ROW_ERROR;
        if (is_broken) rows.add_issue("the driver could not convert a value of this row");
        for (const auto& reader : readers_) {
            if (is_broken) {
                rows.add_null();
                continue;
            }
            if (!reader->is_long) {
                reader->append(row, rows);
                continue;
            }
            std::string whole;
            std::vector<char> piece(kPieceBytes);
            const bool is_binary = reader->form == Form::binary;
            bool is_null = false, is_too_long = false;
            while (true) {
                SQLLEN length = 0;
                const SQLRETURN got = api_->get_data(
                    handle_, static_cast<SQLUSMALLINT>(reader->index + 1),
                    is_binary ? SQL_C_BINARY : SQL_C_CHAR, piece.data(),
                    static_cast<SQLLEN>(piece.size()), &length
                );
                if (got == SQL_NO_DATA) break;
                if (!SQL_SUCCEEDED(got)) return fail(error("reading " + reader->declared.name));
                if (length == SQL_NULL_DATA) {
                    is_null = true;
                    break;
                }
                const std::size_t room = piece.size() - (is_binary ? 0 : 1);
                const bool more = length == SQL_NO_TOTAL || static_cast<std::size_t>(length) > room;
                const std::size_t taken = is_binary
                                              ? (more ? room : static_cast<std::size_t>(length))
                                          : more ? strnlen(piece.data(), room)
                                                 : static_cast<std::size_t>(length);
                if (!is_too_long) whole.append(piece.data(), taken);
                is_too_long = is_too_long || whole.size() > kLongValueBytesMax;
                if (got == SQL_SUCCESS && !more) break;
            }
            if (is_too_long) {
                rows.add_issue(fmt::format(
                    "column {}: longer than {} bytes", reader->declared.name, kLongValueBytesMax
                ));
                rows.add_null();
            } else if (is_null) {
                rows.add_null();
            } else {
                reader->append_bytes(whole, rows);
            }
        }
    }
    return true;
}

void Statement::close() {
    if (std::exchange(is_open_, false)) api_->free_stmt(handle_, SQL_CLOSE);
}

}  // namespace mis::source::odbc
