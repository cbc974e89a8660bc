// A prepared statement: parameters as text bound by the type that the server describes, rows as raw
// columns (decode.hpp reads them).
//
// Belongs to its attachment and must go before it. One cursor at a time: execute, fetch to the end
// or close, execute again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "source/firebird/attachment.hpp"

namespace mis::source::firebird {

constexpr std::int32_t kModifiedJulianOfEpoch = 40587;  // 1970-01-01, as Firebird counts days

// SQL_TEXT, SQL_LONG, …: the type without the flag that it may be null.
inline int base_type(const XSQLVAR& variable) { return variable.sqltype & ~1; }

class Statement {
  public:
    // `sql` as it goes to the server (statement_text.hpp).
    static Result<std::unique_ptr<Statement>> prepare(
        Transaction& transaction, std::string_view sql, int dialect
    );
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement();

    int column_count() const { return outputs()->sqld; }
    const XSQLVAR& column(int index) const { return outputs()->sqlvar[index]; }
    // Its alias, as the server says it (upper case unless quoted), in UTF-8.
    std::string column_name(int index) const;

    // UTF-8 text into the bytes of the set with that id; only asked for what is not plain ASCII.
    using Encode = std::function<Result<std::string>(std::string_view text, int charset_id)>;

    // Parameters as text: times "YYYY-MM-DD HH:MM:SS[.ffff]" (bound to a DATE or TIME STAMP they
    // are rounded UP to its grain, which keeps half-open intervals exact), whole numbers in
    // decimal, anything else as the text it is. malformed: a parameter that is no such value.
    Result<void> execute(
        Transaction& transaction, const std::vector<std::string>& parameters, const Encode& encode
    );
    Result<bool> fetch();  // false: that was the last row
    void close();          // the cursor; harmless without one

    // "PLAN (T INDEX (…))"; empty if the server doesn't say.
    std::string plan();

  private:
    explicit Statement(Attachment& attachment) : attachment_(attachment) {}
    XSQLDA* outputs() const {
        return reinterpret_cast<XSQLDA*>(const_cast<char*>(output_area_.data()));
    }
    XSQLDA* inputs() const {
        return reinterpret_cast<XSQLDA*>(const_cast<char*>(input_area_.data()));
    }
    Result<void> describe(int dialect);
    void lay_out_row();
    Result<void> bind(
        XSQLVAR& variable, std::size_t index, std::string_view text, const Encode& encode
    );

    Attachment& attachment_;
    isc_stmt_handle handle_ = 0;
    bool cursor_open_ = false;
    std::vector<char> output_area_, input_area_;  // XSQLDA of as many columns as there are
    std::vector<XSQLVAR> described_inputs_;       // as the server said, before binding
    std::vector<std::uint64_t> row_;              // the row's bytes, aligned
    std::vector<ISC_SHORT> null_flags_;
    struct Bound {
        std::string text;
        ISC_INT64 number = 0;
        ISC_TIMESTAMP time{};
        ISC_SHORT null_flag = 0;
    };
    std::vector<Bound> bound_;
};

}  // namespace mis::source::firebird
