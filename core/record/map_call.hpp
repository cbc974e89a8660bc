// One call of one of the functions of maps: its arguments as text, its outcome. And the list that a
// file of functions gives to map_functions.cpp.
//
// Made on the stack by SQLite's call and valid within it. A result is set exactly once.
#pragma once

#include <sqlite3.h>

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "record/exact_arithmetic.hpp"
#include "record/map_row.hpp"

namespace mis::record {

class Call {
  public:
    Call(
        sqlite3_context* context, int count, sqlite3_value** values, const char* function,
        MapRow& row
    )
        : context_(context), count_(count), values_(values), function_(function), row_(row) {}

    MapRow& row() { return row_; }
    int count() const { return count_; }
    bool is_null(int index) const { return sqlite3_value_type(values_[index]) == SQLITE_NULL; }
    MapIssue* issue_of(int index) const {
        return static_cast<MapIssue*>(sqlite3_value_pointer(values_[index], kIssuePointer));
    }
    sqlite3_value* value(int index) const { return values_[index]; }

    std::string_view text(int index) const {
        sqlite3_value* const value = values_[index];
        // as a blob a text need not end with a zero, for which SQLite would copy it
        const auto* bytes = static_cast<const char*>(
            sqlite3_value_type(value) == SQLITE_TEXT ? sqlite3_value_blob(value)
                                                     : sqlite3_value_text(value)
        );
        if (!bytes) return {};
        return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
    }
    std::string& scratch() {
        row_.scratch.clear();
        return row_.scratch;
    }

    // The arguments [0, count) are there, not blank and no binary fractions; otherwise the call's
    // result is already set.
    bool usable(int count) {
        for (int index = 0; index < count; ++index)
            if (!usable_at(index)) return false;
        return true;
    }
    bool usable_at(int index) {
        const int type = sqlite3_value_type(values_[index]);
        if (type == SQLITE_NULL) {
            pass_on(index);
            return false;
        }
        if (type == SQLITE_FLOAT) {
            bad("a binary fraction: use plus, minus, times instead of + - *");
            return false;
        }
        if (type != SQLITE_INTEGER && trim(text(index)).empty()) {
            sqlite3_result_null(context_);
            return false;
        }
        return true;
    }

    // NULL out, carrying the argument's issue if it is one.
    void pass_on(int index) {
        if (MapIssue* issue = issue_of(index))
            sqlite3_result_pointer(context_, issue, kIssuePointer, nullptr);
        else
            sqlite3_result_null(context_);
    }
    // `given`: the argument that is to blame; where it is one of the row's cells, the operator is
    // told which.
    void bad(const std::string& why, int given = 0) {
        const bool is_there = given < count_ && !is_null(given);
        sqlite3_result_pointer(
            context_,
            row_.add_issue(
                std::string(function_) + ": " + why, is_there ? text(given) : std::string_view{}
            ),
            kIssuePointer, nullptr
        );
    }
    void good(std::string_view text) {
        sqlite3_result_text(context_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    }
    void good(const Decimal& number) {
        std::string& out = scratch();
        append_decimal(out, number);
        good(out);
    }
    void good_noted(std::string_view text, const std::string& note) {
        good(text);
        if (const unsigned number = row_.add_note(note)) sqlite3_result_subtype(context_, number);
    }
    void good_value(int index) {
        sqlite3_result_value(context_, values_[index]);
        if (const unsigned note = sqlite3_value_subtype(values_[index]))
            sqlite3_result_subtype(context_, note);
    }
    void null() { sqlite3_result_null(context_); }

    std::optional<std::int64_t> whole(int index) {
        std::int64_t number = 0;
        const std::string_view digits = trim(text(index));
        const auto [stopped, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), number);
        if (error == std::errc() && stopped == digits.data() + digits.size()) return number;
        bad("not a whole number");
        return std::nullopt;
    }
    std::optional<Decimal> decimal(int index) {
        auto number = read_decimal(text(index));
        if (!number) bad("not a decimal number of at most 18 digits, 9 of them decimals");
        return number;
    }

  private:
    sqlite3_context* context_;
    int count_;
    sqlite3_value** values_;
    const char* function_;
    MapRow& row_;
};

struct MapFunction {
    const char* name;
    int count_min, count_max;  // of arguments
    void (*run)(Call&);
};

std::span<const MapFunction> sum_functions();
std::span<const MapFunction> time_functions();
std::span<const MapFunction> text_functions();

}  // namespace mis::record
