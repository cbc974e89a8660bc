#include "source/firebird/decode.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "source/exact_text.hpp"
#include "source/source.hpp"

namespace mis::source::firebird {
namespace {

template <typename Value>
Value value_at(const XSQLVAR& variable) {
    Value value;
    std::memcpy(&value, variable.sqldata, sizeof value);
    return value;
}

std::string_view without_padding(std::string_view text) {
    const std::size_t end = text.find_last_not_of(' ');
    return end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
}

std::string_view bytes_of(const XSQLVAR& variable) {
    if (base_type(variable) == SQL_VARYING)
        return {
            variable.sqldata + sizeof(ISC_SHORT),
            static_cast<std::size_t>(value_at<unsigned short>(variable))};
    return {
        variable.sqldata, static_cast<std::size_t>(static_cast<unsigned short>(variable.sqllen))};
}

void append_hex(std::string& out, std::string_view bytes) {
    out += to_hex(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

// Text blobs come in segments that may end inside a character: joined first, converted then.
enum class BlobOutcome { whole, too_long };
Result<BlobOutcome> read_blob(Transaction& transaction, ISC_QUAD id, std::string& bytes) {
    const Api& api = transaction.attachment().api();
    isc_blob_handle blob = 0;
    Status status;
    api.open_blob(
        status.vector(), transaction.attachment().handle(), transaction.handle(), &blob, &id, 0,
        nullptr
    );
    if (status.failed()) return fail(status.error(api, "opening a blob"));
    std::vector<char> segment(32 * 1024);
    auto outcome = Result<BlobOutcome>(BlobOutcome::whole);
    while (true) {
        unsigned short length = 0;
        const ISC_STATUS answer = api.get_segment(
            status.vector(), &blob, &length, static_cast<unsigned short>(segment.size()),
            segment.data()
        );
        if (answer == isc_segstr_eof) break;
        if (answer != 0 && answer != isc_segment) {
            outcome = fail(status.error(api, "reading a blob"));
            break;
        }
        bytes.append(segment.data(), length);
        if (bytes.size() > kLongValueBytesMax) {
            outcome = BlobOutcome::too_long;
            break;
        }
    }
    Status closing;
    api.close_blob(closing.vector(), &blob);
    return outcome;
}

bool is_text(const XSQLVAR& variable) {
    return base_type(variable) == SQL_TEXT || base_type(variable) == SQL_VARYING;
}

// A text blob says its set in the scale; a binary one is text in the declared set: old bases keep
// notes in those.
int charset_of(const XSQLVAR& variable) {
    if (base_type(variable) != SQL_BLOB) return variable.sqlsubtype & 0xff;
    return variable.sqlsubtype == isc_blob_text ? variable.sqlscale & 0xff : kNone;
}

bool is_readable(const XSQLVAR& variable) {
    switch (base_type(variable)) {
        case SQL_TEXT:
        case SQL_VARYING:
        case SQL_SHORT:
        case SQL_LONG:
        case SQL_INT64:
        case SQL_FLOAT:
        case SQL_DOUBLE:
        case SQL_D_FLOAT:
        case SQL_TIMESTAMP:
        case SQL_TYPE_DATE:
        case SQL_TYPE_TIME:
        case SQL_BLOB:
        case SQL_BOOLEAN:
        case SQL_NULL:
            return true;
        default:
            return false;
    }
}

// Types that the headers of an older client do not name.
constexpr int kArray = SQL_ARRAY, kTimestampZone = 32754, kTimestampZoneEx = 32748,
              kTimeZone = 32756, kTimeZoneEx = 32750, kInt128 = 32752, kDecfloat16 = 32760,
              kDecfloat34 = 32762;

std::string unread_type(int type) {
    switch (type) {
        case kArray:
            return "ARRAY";
        case kTimestampZone:
        case kTimestampZoneEx:
            return "TIMESTAMP WITH TIME ZONE";
        case kTimeZone:
        case kTimeZoneEx:
            return "TIME WITH TIME ZONE";
        case kInt128:
            return "INT128";
        case kDecfloat16:
        case kDecfloat34:
            return "DECFLOAT";
        default:
            return fmt::format("number {}", type);
    }
}

std::string unread_remedy(int type, std::string_view name) {
    switch (type) {
        case kArray:
            return fmt::format(
                "no cast helps; take the elements that matter, each as a column: {0}[1] as {0}_1",
                name
            );
        case kTimestampZone:
        case kTimestampZoneEx:
            return fmt::format("write cast({0} as timestamp) as {0} in the fetch", name);
        case kTimeZone:
        case kTimeZoneEx:
            return fmt::format("write cast({0} as time) as {0} in the fetch", name);
        default:
            return fmt::format("write cast({0} as varchar(60)) as {0} in the fetch", name);
    }
}

}  // namespace

void append_scaled(std::string& out, std::int64_t unscaled, int scale) {
    const bool negative = unscaled < 0;
    const std::uint64_t magnitude =
        negative ? 0 - static_cast<std::uint64_t>(unscaled) : static_cast<std::uint64_t>(unscaled);
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, magnitude).ptr;
    const auto length = static_cast<std::size_t>(end - digits);
    const auto decimals = static_cast<std::size_t>(scale < 0 ? -scale : 0);
    if (negative) out.push_back('-');
    if (length <= decimals) {
        if (decimals > 0) out += "0.";
        out.append(decimals - length, '0');
        out.append(digits, length);
        return;
    }
    out.append(digits, length - decimals);
    if (decimals > 0) {
        out.push_back('.');
        out.append(digits + length - decimals, decimals);
    }
}

void append_date(std::string& out, ISC_DATE modified_julian_day) {
    out += Date{modified_julian_day - kModifiedJulianOfEpoch}.to_string();
}

void append_time(std::string& out, ISC_TIME ticks) {
    const std::uint32_t seconds = ticks / 10'000;
    const std::uint32_t fraction = ticks % 10'000;
    char text[16];
    const auto two = [&text](int at, std::uint32_t value) {
        text[at] = static_cast<char>('0' + value / 10);
        text[at + 1] = static_cast<char>('0' + value % 10);
    };
    two(0, seconds / 3600);
    two(3, seconds / 60 % 60);
    two(6, seconds % 60);
    text[2] = text[5] = ':';
    out.append(text, 8);
    if (fraction == 0) return;
    text[0] = '.';
    two(1, fraction / 100);
    two(3, fraction % 100);
    out.append(text, 5);
}

Result<ColumnPlan> plan_column(
    const Statement& statement, int index, ColumnDeclaration declared, Charsets& charsets
) {
    const XSQLVAR& variable = statement.column(index);
    if (!is_readable(variable))
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "column {} is of the server's type {}, which cannot be read: {}", declared.name,
                unread_type(base_type(variable)), unread_remedy(base_type(variable), declared.name)
            )
        );
    ColumnPlan column{index, std::move(declared), nullptr};
    if ((is_text(variable) || base_type(variable) == SQL_BLOB) && charset_of(variable) != kOctets) {
        auto decoder = charsets.decoder(charset_of(variable));
        if (!decoder) return fail(decoder.error().within("column " + column.declared.name));
        column.decoder = *decoder;
    }
    return column;
}

Result<std::vector<ColumnPlan>> plan_columns(
    const Statement& statement, const std::vector<ColumnDeclaration>& columns, Charsets& charsets
) {
    std::map<std::string, int> given;
    for (int i = 0; i < statement.column_count(); ++i) {
        const std::string name = to_lower(statement.column_name(i));
        if (!given.emplace(name, i).second)
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "the fetch gives two columns named {}: give one another name with `as`", name
                )
            );
    }
    std::vector<ColumnPlan> plan;
    for (const ColumnDeclaration& declared : columns) {
        const auto found = given.find(declared.name);
        if (found == given.end())
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "the fetch gives no column {}: add it or take it out of `columns:`",
                    declared.name
                )
            );
        auto column = plan_column(statement, found->second, declared, charsets);
        if (!column) return fail(column.error());
        plan.push_back(*std::move(column));
        given.erase(found);
    }
    if (!given.empty())
        return fail(
            ErrorKind::misconfigured, fmt::format(
                                          "the fetch gives a column {} that `columns:` doesn't "
                                          "declare: declare it or take it out",
                                          given.begin()->first
                                      )
        );
    return plan;
}

Result<void> append_row(
    const Statement& statement, const std::vector<ColumnPlan>& plan, Transaction& transaction,
    RowBatch& rows
) {
    std::string text;
    std::string bytes;
    for (const ColumnPlan& column : plan) {
        const XSQLVAR& variable = statement.column(column.index);
        if (*variable.sqlind < 0) {
            rows.add_null();
            continue;
        }
        text.clear();
        const auto decode = [&](std::string_view raw) {
            if (column.decoder == nullptr) {
                append_hex(text, raw);
            } else if (const auto bad = column.decoder->append(raw, text)) {
                rows.add_issue(fmt::format(
                    "column {}: byte {} is no character of {}{}", column.declared.name, *bad + 1,
                    column.decoder->name(),
                    column.decoder->name() == "NONE"
                        ? ": say in firebird.charset what the MIS writes (WIN1251, CP866, …)"
                        : ""
                ));
                return false;
            }
            return true;
        };
        bool readable = true;
        switch (base_type(variable)) {
            case SQL_TEXT:
                readable = decode(
                    column.decoder == nullptr ? bytes_of(variable)
                                              : without_padding(bytes_of(variable))
                );
                break;
            case SQL_VARYING:
                readable = decode(bytes_of(variable));
                break;
            case SQL_SHORT:
                append_scaled(text, value_at<ISC_SHORT>(variable), variable.sqlscale);
                break;
            case SQL_LONG:
                append_scaled(text, value_at<ISC_LONG>(variable), variable.sqlscale);
                break;
            case SQL_INT64:
                append_scaled(text, value_at<ISC_INT64>(variable), variable.sqlscale);
                break;
            case SQL_FLOAT:
            case SQL_DOUBLE:
            case SQL_D_FLOAT: {
                std::optional<int> decimals;
                if (column.declared.type == ColumnType::decimal)
                    decimals = column.declared.decimals;
                const Rounded rounded =
                    base_type(variable) == SQL_FLOAT
                        ? append_float(text, value_at<float>(variable), decimals)
                        : append_double(text, value_at<double>(variable), decimals);
                if (text.find_first_not_of("-.0123456789") != std::string::npos) {
                    rows.add_issue(
                        fmt::format("column {}: not a finite number", column.declared.name)
                    );
                    readable = false;
                } else if (rounded == Rounded::yes) {
                    rows.add_note(fmt::format(
                        "{}: binary floating number rounded to {} decimals", column.declared.name,
                        *decimals
                    ));
                }
                break;
            }
            case SQL_TIMESTAMP: {
                const auto value = value_at<ISC_TIMESTAMP>(variable);
                append_date(text, value.timestamp_date);
                text.push_back(' ');
                append_time(text, value.timestamp_time);
                break;
            }
            case SQL_TYPE_DATE:
                append_date(text, value_at<ISC_DATE>(variable));
                break;
            case SQL_TYPE_TIME:
                append_time(text, value_at<ISC_TIME>(variable));
                break;
            case SQL_BOOLEAN:
                text = value_at<std::uint8_t>(variable) != 0 ? "1" : "0";
                break;
            case SQL_BLOB: {
                bytes.clear();
                auto outcome = read_blob(transaction, value_at<ISC_QUAD>(variable), bytes);
                if (!outcome) return fail(outcome.error().within("column " + column.declared.name));
                if (*outcome == BlobOutcome::too_long) {
                    rows.add_issue(fmt::format(
                        "column {}: longer than {} bytes", column.declared.name, kLongValueBytesMax
                    ));
                    readable = false;
                } else {
                    readable = decode(bytes);
                }
                break;
            }
            default:
                readable = false;
                break;
        }
        if (readable)
            rows.add(text);
        else
            rows.add_null();
    }
    return {};
}

}  // namespace mis::source::firebird
