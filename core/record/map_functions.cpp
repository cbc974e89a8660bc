#include "record/map_functions.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json.hpp"
#include "base/teeth.hpp"
#include "base/text.hpp"
#include "record/body_writer.hpp"
#include "record/document_path.hpp"
#include "record/exact_arithmetic.hpp"

namespace mis::record {

namespace {

// One call of one function: its arguments as text, its outcome.
class Call {
  public:
    Call(sqlite3_context* context, int count, sqlite3_value** values, const char* function)
        : context_(context),
          count_(count),
          values_(values),
          function_(function),
          row_(*static_cast<MapRow*>(sqlite3_user_data(context))) {}

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
    void bad(const std::string& why) {
        sqlite3_result_pointer(
            context_, row_.add_issue(std::string(function_) + ": " + why), kIssuePointer, nullptr
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

void money(Call& call) {
    if (!call.usable(call.count())) return;
    const auto sum = parse_minor_units(trim(call.text(0)));
    if (!sum) return call.bad("not a sum of money");
    std::string_view currency = call.row().context->currency;
    if (call.count() == 2) {
        currency = trim(call.text(1));
        if (!Currency::parse(currency)) return call.bad("not an ISO 4217 currency");
    }
    std::string& json = call.scratch();
    append_money_json(json, sum->minor, currency);
    if (sum->rounded)
        call.good_noted(json, "rounded to two decimals");  // I5
    else
        call.good(json);
}

void decimal(Call& call) {
    if (!call.usable(1)) return;
    if (const auto number = call.decimal(0)) call.good(*number);
}

template <typename Operation>
void fold_decimals(Call& call, Operation operation) {
    if (!call.usable(call.count())) return;
    auto result = call.decimal(0);
    for (int index = 1; result && index < call.count(); ++index) {
        const auto next = call.decimal(index);
        if (!next) return;
        result = operation(*result, *next);
        if (!result) return call.bad("more than 18 digits or nine decimals");
    }
    if (result) call.good(*result);
}
void plus(Call& call) { fold_decimals(call, exact_sum); }
void minus(Call& call) {
    fold_decimals(call, [](const Decimal& a, const Decimal& b) { return exact_sum(a, -b); });
}
void times(Call& call) { fold_decimals(call, exact_product); }

void share(Call& call) {
    if (!call.usable(call.count())) return;
    const auto total = parse_minor_units(trim(call.text(0)));
    if (!total) return call.bad("the total is no sum of money");
    std::optional<std::int64_t> minor;
    if (call.count() == 4) {
        const auto before = call.decimal(1), through = before ? call.decimal(2) : std::nullopt,
                   sum = through ? call.decimal(3) : std::nullopt;
        if (!sum) return;
        if (total->minor == 0)
            minor = 0;
        else
            minor = share_between(total->minor, *before, *through, *sum);
        if (!minor)
            return call.bad("weights must be 0 <= before <= through <= sum, and the sum more than 0"
            );
    } else {
        std::vector<Decimal> decimals;
        for (const std::string_view weight : split(call.text(1), ';')) {
            const auto number = read_decimal(weight);
            if (!number) return call.bad("the weights are no list of decimals, 10.50;20;3");
            decimals.push_back(*number);
        }
        const auto position = call.whole(2);
        if (!position) return;
        const auto weights = common_scale(decimals);
        if (!weights || *position < 1 || *position > static_cast<std::int64_t>(weights->size()))
            return call.bad("weights must not be negative, and the position 1 to their count");
        minor = share_by_largest_remainder(
            total->minor, *weights
        )[static_cast<std::size_t>(*position - 1)];
    }
    const Decimal share(*minor, 2);
    if (total->rounded)
        call.good_noted(share.to_string(), "shared total rounded to two decimals");
    else
        call.good(share);
}

void shares(Call& call
) {  // payer, limit, total, … → the list of the field `shares`; a NULL total leaves its share out
    if (call.count() % 3 != 0) return call.bad("takes threes: payer, limit, total");
    std::string& out = call.scratch();
    out += '[';
    for (int index = 0; index < call.count(); index += 3) {
        if (call.issue_of(index) || call.issue_of(index + 1) || call.issue_of(index + 2))
            return call.pass_on(
                call.issue_of(index)       ? index
                : call.issue_of(index + 1) ? index + 1
                                           : index + 2
            );
        if (call.is_null(index + 2)) continue;
        if (call.is_null(index) || !parse_money_json(call.text(index + 2)))
            return call.bad("a share needs a payer, and a total made by money()");
        out += out.size() > 1 ? ",{" : "{";
        if (!call.is_null(index + 1)) {
            out += R"("limit_source_id":)";
            append_json_string(out, call.text(index + 1));
            out += ',';
        }
        out += R"("payer":)";
        append_json_string(out, call.text(index));
        out.append(R"(,"total":)").append(call.text(index + 2)).append("}");
    }
    call.good(out += ']');
}

const Zone& zone_of(Call& call, int index) {
    const MapContext& context = *call.row().context;
    if (call.is_null(index)) return context.clinic_zone;
    const auto found = context.branch_zones.find(std::string(trim(call.text(index))));
    return found == context.branch_zones.end() ? context.clinic_zone : found->second;
}

void local_ts(Call& call) {  // branch, time | branch, day, minutes | branch, day, hour, minute
    if (call.issue_of(0)) return call.pass_on(0);
    for (int index = 1; index < call.count(); ++index)
        if (!call.usable_at(index)) return;
    const std::string_view text = trim(call.text(1));
    const Zone& zone = zone_of(call, 0);
    if (call.count() == 2) {
        if (const auto instant = Timestamp::parse_rfc3339(text))
            return call.good(zone.at(instant->unix_us).to_string());
    }
    auto local = LocalTime::parse(text);
    if (!local) return call.bad(call.count() == 2 ? "not a time" : "not a day");
    if (call.count() > 2) {
        if (local->us_of_day != 0) return call.bad("the day has a time of its own");
        auto minutes = call.whole(2);
        if (!minutes) return;
        if (call.count() == 4) {
            const auto minute = call.whole(3);
            if (!minute) return;
            if (*minutes < 0 || *minutes > 24 || *minute < 0 || *minute > 59)
                return call.bad("no such hour and minute");
            minutes = *minutes * 60 + *minute;
        }
        if (*minutes < 0 || *minutes > 24 * 60)
            return call.bad("minutes outside the day (0 to 1440)");
        local->us_of_day = *minutes * 60 * kUsPerSecond;
    }
    const auto resolved = zone.resolve(*local);  // I6
    const std::string time = resolved.time.to_string();
    if (resolved.note == LocalTimeNote::ambiguous)
        call.good_noted(time, "ambiguous local time (clock change), earlier offset taken");
    else if (resolved.note == LocalTimeNote::impossible)
        call.good_noted(time, "impossible local time (clock change), earlier offset taken");
    else
        call.good(time);
}

void unix_ts(Call& call) {  // branch, seconds since 1970
    if (call.issue_of(0)) return call.pass_on(0);
    if (!call.usable_at(1)) return;
    const auto seconds = call.whole(1);
    if (!seconds) return;
    if (*seconds < -2'000'000'000 || *seconds > 10'000'000'000)
        return call.bad("not seconds since 1970");
    call.good(zone_of(call, 0).at(*seconds * kUsPerSecond).to_string());
}

void plus_minutes(Call& call) {
    if (!call.usable(2)) return;
    const auto time = Timestamp::parse_rfc3339(call.text(0));
    if (!time) return call.bad("not a time with offset; local_ts() makes one");
    const auto minutes = call.whole(1);
    if (!minutes) return;
    if (*minutes < -1'000'000 || *minutes > 1'000'000) return call.bad("too many minutes");
    call.good(time->plus_us(*minutes * 60 * kUsPerSecond).to_string());
}

void iso_date(Call& call) {
    if (!call.usable(1)) return;
    const std::string_view text = trim(call.text(0));
    if (const auto instant = Timestamp::parse_rfc3339(text))
        return call.good(instant->local_date().to_string());
    const auto local = LocalTime::parse(text);
    if (!local) return call.bad("not a date");
    call.good(local->date.to_string());
}

void fold_text(Call& call) {
    if (call.usable(1)) call.good(fold(call.text(0)));
}
void latin_code(Call& call) {
    if (call.usable(1)) call.good(fold_code(call.text(0)));
}

// +79000000001 for Russian numbers, + and all digits for others; nullopt: fewer than ten digits,
// more than fifteen.
std::optional<std::string> dialled(std::string_view text) {
    std::string digits;
    for (const char c : text)
        if (c >= '0' && c <= '9') digits += c;
    if (digits.size() < 10 || digits.size() > 15) return std::nullopt;
    if (digits.size() == 10) return "+7" + digits;
    if (digits.size() == 11 && (digits[0] == '8' || digits[0] == '7'))
        return "+7" + digits.substr(1);
    return "+" + digits;
}

void phone(Call& call) {
    if (!call.usable(1)) return;
    const auto number = dialled(call.text(0));
    if (!number) return call.bad("not a phone number (ten to fifteen digits)");
    call.good(*number);
}

void phones(Call& call) {  // several columns, each with one number or several; what cannot be
                           // dialled is left out and noted
    std::vector<std::string> numbers;
    bool left_out = false;
    for (int index = 0; index < call.count(); ++index) {
        if (call.issue_of(index)) return call.pass_on(index);
        std::string text(call.text(index));
        std::replace_if(
            text.begin(), text.end(),
            [](char c) { return c == ',' || c == '/' || c == '\n' || c == '\r'; }, ';'
        );
        for (const std::string_view part : split(text, ';')) {
            if (trim(part).empty()) continue;
            const auto number = dialled(part);
            if (!number)
                left_out = true;
            else if (std::find(numbers.begin(), numbers.end(), *number) == numbers.end())
                numbers.push_back(*number);
        }
    }
    if (left_out)
        call.good_noted(string_list_json(numbers), "a text that is no phone number was left out");
    else
        call.good(string_list_json(numbers));
}

void teeth(Call& call) {
    if (call.is_null(0)) return call.pass_on(0);
    const std::string_view text = trim(call.text(0));
    if (is_tooth(text)) {  // the usual case
        std::string& out = call.scratch();
        return call.good(out.append("[\"").append(text).append("\"]"));
    }
    const auto list = parse_teeth(text);
    if (!list) return call.bad("not teeth in FDI notation nor an area");  // I7: never guessed
    call.good(string_list_json(*list));
}
void tooth(Call& call) {
    if (!call.usable(1)) return;
    const auto list = parse_teeth(call.text(0));
    if (!list || list->size() != 1 || !is_tooth(list->front()))
        return call.bad("not one tooth in FDI notation");
    call.good(list->front());
}
void surfaces(Call& call) {
    if (!call.usable(1)) return;
    const auto letters = parse_surfaces(call.text(0));
    if (!letters) return call.bad("not tooth surfaces (M O I D B V L P)");
    call.good(*letters);
}

void code(Call& call) {
    if (call.is_null(1)) return call.pass_on(1);
    const std::string list(call.text(0));
    const std::string mis_code(trim(call.text(1)));
    const auto codes = call.row().codes->lists.find(list);
    if (codes == call.row().codes->lists.end())
        return call.bad("codes.csv has no list '" + list + "'");
    const auto found = codes->second.find(mis_code);
    if (found == codes->second.end(
                 )) {  // A1: with the code in the message; cut, in case it is a text and no code
        const bool shown = mis_code.size() <= 40 && is_valid_utf8(mis_code);
        return call.bad(
            "list '" + list + "' does not know '" + (shown ? mis_code : "(a long text)") +
            "'; add it to codes.csv"
        );
    }
    if (found->second.empty() || found->second == "-")
        call.null();  // known, and means nothing here
    else
        call.good(found->second);
}

void site(Call& call) {
    const std::string name(call.text(0));
    const auto own = call.row().context->site.find(name);
    if (own != call.row().context->site.end())
        return own->second.empty() ? call.null() : call.good(own->second);
    const auto shipped = call.row().site_defaults->find(name);
    if (shipped == call.row().site_defaults->end())
        return call.bad("no value '" + name + "' in connector.yaml's site:");
    if (shipped->second.empty())
        call.null();
    else
        call.good(shipped->second);
}

void try_in_turn(Call& call
) {  // the first argument without an issue; only if all have one do they count
    for (int index = 0; index < call.count(); ++index) {
        if (call.issue_of(index)) continue;
        for (int other = 0; other < call.count(); ++other) {
            if (MapIssue* issue = call.issue_of(other)) issue->forgiven = true;
            const unsigned note = other == index ? 0 : sqlite3_value_subtype(call.value(other));
            if (note > 0 && note <= call.row().notes.size())
                call.row().notes[note - 1].dropped = true;
        }
        return call.good_value(index);
    }
    call.pass_on(call.count() - 1);
}

void list(Call& call) {
    std::vector<std::string> items;
    for (int index = 0; index < call.count(); ++index) {
        if (call.issue_of(index)) return call.pass_on(index);
        const std::string_view item = trim(call.text(index));
        if (!item.empty()) items.emplace_back(item);
    }
    call.good(string_list_json(items));
}

void get(Call& call, Result<MaybeText> (*find)(std::string_view, std::string_view)) {
    if (!call.usable(1)) return;
    const auto found = find(call.text(0), call.text(1));
    if (!found) return call.bad(found.error().text);
    if (*found)
        call.good(**found);
    else
        call.null();
}
void get_json(Call& call) { get(call, json_get); }
void get_xml(Call& call) { get(call, xml_get); }

struct Function {
    const char* name;
    int count_min, count_max;
    void (*run)(Call&);
};

constexpr std::array<Function, 24> kFunctions{{
    {"money", 1, 2, money},
    {"decimal", 1, 1, decimal},
    {"plus", 2, 8, plus},
    {"minus", 2, 8, minus},
    {"times", 2, 8, times},
    {"share", 3, 4, share},
    {"shares", 3, 18, shares},
    {"local_ts", 2, 4, local_ts},
    {"unix_ts", 2, 2, unix_ts},
    {"plus_minutes", 2, 2, plus_minutes},
    {"iso_date", 1, 1, iso_date},
    {"fold", 1, 1, fold_text},
    {"latin_code", 1, 1, latin_code},
    {"phone", 1, 1, phone},
    {"phones", 1, 8, phones},
    {"teeth", 1, 1, teeth},
    {"tooth", 1, 1, tooth},
    {"surfaces", 1, 1, surfaces},
    {"code", 2, 2, code},
    {"site", 1, 1, site},
    {"try", 2, 8, try_in_turn},
    {"list", 1, 16, list},
    {"json_get", 2, 2, get_json},
    {"xml_get", 2, 2, get_xml},
}};

template <std::size_t Index>
void run(sqlite3_context* context, int count, sqlite3_value** values) {
    Call call(context, count, values, kFunctions[Index].name);
    kFunctions[Index].run(call);
}

template <std::size_t... Index>
void register_all(sqlite3* database, MapRow* row, std::index_sequence<Index...>) {
    const auto one = [&](const Function& function, auto* entry) {
        // not DETERMINISTIC: a constant call factored out of the row would raise its issue only
        // once
        for (int count = function.count_min; count <= function.count_max; ++count)
            sqlite3_create_function_v2(
                database, function.name, count, SQLITE_UTF8 | SQLITE_DIRECTONLY, row, entry,
                nullptr, nullptr, nullptr
            );
    };
    (one(kFunctions[Index], &run<Index>), ...);
}

// Exact, locale-free, without state. Not here: upper and lower (ASCII only: fold()), round, sum and
// other aggregates, date functions.
constexpr std::array<std::string_view, 17> kBuiltIn{
    "coalesce", "ifnull",  "nullif", "iif",  "trim",    "ltrim",  "rtrim", "substr", "substring",
    "length",   "replace", "instr",  "char", "unicode", "typeof", "like",  "glob"};

}  // namespace

void register_map_functions(sqlite3* database, MapRow* row) {
    register_all(database, row, std::make_index_sequence<kFunctions.size()>());
}

bool is_map_function(std::string_view name) {
    const std::string lower = to_lower(name);
    for (const Function& function : kFunctions)
        if (function.name == lower) return true;
    return std::find(kBuiltIn.begin(), kBuiltIn.end(), lower) != kBuiltIn.end();
}

bool is_map_table(std::string_view name) {
    return name == "rows" || name == "json_each" || name == "xml_each";
}

}  // namespace mis::record
