#include "source/firebird/statement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/ascii.hpp"
#include "base/timestamp.hpp"

namespace mis::source::firebird {
namespace {

constexpr std::int64_t kUsPerTick = 100;  // Firebird counts a day in ten-thousandths of a second

std::vector<char> descriptor_area(int columns) {
    const std::size_t count = static_cast<std::size_t>(std::max(columns, 1));
    std::vector<char> area(sizeof(XSQLDA) + (count - 1) * sizeof(XSQLVAR));
    auto* descriptor = reinterpret_cast<XSQLDA*>(area.data());
    descriptor->version = SQLDA_VERSION1;
    descriptor->sqln = static_cast<ISC_SHORT>(count);
    return area;
}

// Bytes that a value of the described type takes in a row, and its alignment.
std::size_t size_of(const XSQLVAR& variable) {
    const auto length = static_cast<std::size_t>(static_cast<unsigned short>(variable.sqllen));
    return base_type(variable) == SQL_VARYING ? length + sizeof(ISC_SHORT) : length;
}

}  // namespace

Result<std::unique_ptr<Statement>> Statement::prepare(
    Transaction& transaction, std::string_view sql, int dialect
) {
    if (sql.size() > 65535)
        return fail(ErrorKind::misconfigured, "preparing: a statement has at most 64 kB");
    Attachment& attachment = transaction.attachment();
    const Api& api = attachment.api();
    std::unique_ptr<Statement> statement(new Statement(attachment));
    Status status;
    api.allocate_statement(status.vector(), attachment.handle(), &statement->handle_);
    if (status.failed()) return fail(status.error(api, "allocating a statement"));

    statement->output_area_ = descriptor_area(32);
    api.prepare(
        status.vector(), transaction.handle(), &statement->handle_,
        static_cast<unsigned short>(sql.size()), sql.data(), static_cast<unsigned short>(dialect),
        statement->outputs()
    );
    if (status.failed()) return fail(status.error(api, "preparing"));
    if (auto described = statement->describe(dialect); !described) return fail(described.error());
    statement->lay_out_row();
    return statement;
}

Result<void> Statement::describe(int dialect) {
    const Api& api = attachment_.api();
    Status status;
    if (outputs()->sqld > outputs()->sqln) {
        output_area_ = descriptor_area(outputs()->sqld);
        api.describe(status.vector(), &handle_, static_cast<unsigned short>(dialect), outputs());
        if (status.failed()) return fail(status.error(api, "describing the columns"));
    }
    input_area_ = descriptor_area(16);
    api.describe_bind(status.vector(), &handle_, static_cast<unsigned short>(dialect), inputs());
    if (status.failed()) return fail(status.error(api, "describing the parameters"));
    if (inputs()->sqld > inputs()->sqln) {
        input_area_ = descriptor_area(inputs()->sqld);
        api.describe_bind(
            status.vector(), &handle_, static_cast<unsigned short>(dialect), inputs()
        );
        if (status.failed()) return fail(status.error(api, "describing the parameters"));
    }
    described_inputs_.assign(inputs()->sqlvar, inputs()->sqlvar + inputs()->sqld);
    bound_.resize(described_inputs_.size());
    return {};
}

void Statement::lay_out_row() {
    const auto count = static_cast<std::size_t>(column_count());
    null_flags_.assign(count, 0);
    std::vector<std::size_t> offsets(count);
    std::size_t words = 0;
    for (std::size_t i = 0; i < count; ++i) {
        offsets[i] = words;
        words +=
            (size_of(outputs()->sqlvar[i]) + sizeof(std::uint64_t) - 1) / sizeof(std::uint64_t);
    }
    row_.assign(words + 1, 0);
    for (std::size_t i = 0; i < count; ++i) {
        XSQLVAR& variable = outputs()->sqlvar[i];
        variable.sqltype = static_cast<ISC_SHORT>(
            variable.sqltype | 1
        );  // any column may be null, also where an outer join made it so
        variable.sqldata = reinterpret_cast<ISC_SCHAR*>(row_.data() + offsets[i]);
        variable.sqlind = &null_flags_[i];
    }
}

Statement::~Statement() {
    if (handle_ == 0) return;
    Status status;
    attachment_.api().free_statement(status.vector(), &handle_, DSQL_drop);
}

std::string Statement::column_name(int index) const {
    const XSQLVAR& variable = column(index);
    return {variable.aliasname, static_cast<std::size_t>(variable.aliasname_length)};
}

Result<void> Statement::bind(
    XSQLVAR& variable, std::size_t index, std::string_view text, const Encode& encode
) {
    const XSQLVAR& described = described_inputs_[index];
    Bound& bound = bound_[index];
    variable = described;
    variable.sqltype = static_cast<ISC_SHORT>(described.sqltype | 1);
    variable.sqlind = &bound.null_flag;
    const int type = base_type(described);

    if (type == SQL_TIMESTAMP || type == SQL_TYPE_DATE) {
        const auto local = LocalTime::parse(text);
        if (!local)
            return fail(
                ErrorKind::malformed, fmt::format("parameter {} is no local time", index + 1)
            );
        std::int64_t day = local->date.days + kModifiedJulianOfEpoch;
        std::int64_t tick = (local->us_of_day + kUsPerTick - 1) / kUsPerTick;
        constexpr std::int64_t kTicksPerDay = kUsPerDay / kUsPerTick;
        if (tick >= kTicksPerDay) {
            ++day;
            tick = 0;
        }
        if (type == SQL_TYPE_DATE && tick > 0) ++day;
        bound.time.timestamp_date = static_cast<ISC_DATE>(day);
        bound.time.timestamp_time = static_cast<ISC_TIME>(tick);
        variable.sqldata =
            reinterpret_cast<ISC_SCHAR*>(&bound.time);  // a DATE is its first four bytes
        return {};
    }
    if ((type == SQL_SHORT || type == SQL_LONG || type == SQL_INT64) && described.sqlscale == 0) {
        const auto [end, problem] =
            std::from_chars(text.data(), text.data() + text.size(), bound.number);
        if (problem != std::errc() || end != text.data() + text.size())
            return fail(
                ErrorKind::malformed,
                fmt::format("parameter {} is no whole number of 64 bits", index + 1)
            );
        variable.sqltype = SQL_INT64 + 1;
        variable.sqllen = sizeof bound.number;
        variable.sqldata = reinterpret_cast<ISC_SCHAR*>(&bound.number);
        return {};
    }
    bound.text.assign(text);
    const bool is_text = type == SQL_TEXT || type == SQL_VARYING;
    if (!is_ascii(text)) {
        if (!is_text)
            return fail(ErrorKind::malformed, fmt::format("parameter {} is no number", index + 1));
        auto encoded = encode(text, described.sqlsubtype & 0xff);
        if (!encoded) return fail(encoded.error().within(fmt::format("parameter {}", index + 1)));
        bound.text = *std::move(encoded);
    }
    if (bound.text.size() > 32000)
        return fail(ErrorKind::malformed, fmt::format("parameter {} is too long", index + 1));
    variable.sqltype = SQL_TEXT + 1;
    if (!is_text) variable.sqlsubtype = 0;  // the server reads digits
    variable.sqlscale = 0;
    variable.sqllen = static_cast<ISC_SHORT>(bound.text.size());
    variable.sqldata = bound.text.data();
    return {};
}

Result<void> Statement::execute(
    Transaction& transaction, const std::vector<std::string>& parameters, const Encode& encode
) {
    close();
    if (parameters.size() != described_inputs_.size())
        return fail(
            ErrorKind::misconfigured, fmt::format(
                                          "the statement has {} parameters, {} were given",
                                          described_inputs_.size(), parameters.size()
                                      )
        );
    for (std::size_t i = 0; i < parameters.size(); ++i)
        if (auto bound = bind(inputs()->sqlvar[i], i, parameters[i], encode); !bound) return bound;
    Status status;
    attachment_.api().execute(
        status.vector(), transaction.handle(), &handle_, SQLDA_VERSION1,
        parameters.empty() ? nullptr : inputs()
    );
    if (status.failed()) return fail(status.error(attachment_.api(), "executing"));
    cursor_open_ = column_count() > 0;
    return {};
}

Result<bool> Statement::fetch() {
    Status status;
    const ISC_STATUS answer =
        attachment_.api().fetch(status.vector(), &handle_, SQLDA_VERSION1, outputs());
    if (answer == 100) return false;
    if (status.failed()) return fail(status.error(attachment_.api(), "fetching"));
    return true;
}

void Statement::close() {
    if (!cursor_open_) return;
    cursor_open_ = false;
    Status status;
    attachment_.api().free_statement(status.vector(), &handle_, DSQL_close);
}

std::string Statement::plan() {
    const char item = isc_info_sql_get_plan;
    std::vector<char> answer(32000);
    Status status;
    attachment_.api().sql_info(
        status.vector(), &handle_, 1, &item, static_cast<short>(answer.size()), answer.data()
    );
    if (status.failed() || answer[0] != isc_info_sql_get_plan) return {};
    const auto length = static_cast<std::size_t>(
        static_cast<unsigned char>(answer[1]) | static_cast<unsigned char>(answer[2]) << 8
    );
    std::string plan(answer.data() + 3, std::min(length, answer.size() - 3));
    plan.erase(0, plan.find_first_not_of("\r\n "));
    return plan;
}

}  // namespace mis::source::firebird
