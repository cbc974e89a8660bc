// Money, quantities and their parts: exact, never through a binary fraction.
#include <array>

#include "base/json.hpp"
#include "base/money.hpp"
#include "record/body_writer.hpp"
#include "record/map_call.hpp"

namespace mis::record {

namespace {

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

constexpr std::array<MapFunction, 7> kSumFunctions{{
    {"money", 1, 2, money},
    {"decimal", 1, 1, decimal},
    {"plus", 2, 8, plus},
    {"minus", 2, 8, minus},
    {"times", 2, 8, times},
    {"share", 3, 4, share},
    {"shares", 3, 18, shares},
}};

}  // namespace

std::span<const MapFunction> sum_functions() { return kSumFunctions; }

}  // namespace mis::record
