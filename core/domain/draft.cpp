#include "domain/draft.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace mis::domain {
namespace {

// D3, word by word. Families share a rank and are told apart by time.
constexpr std::array<std::pair<std::string_view, int>, 36> kRanks{{
    {"procedure.reversed", 0}, {"billing.reversal", 1},      {"plan.deviation.withdrawn", 2},
    {"plan.item.reopened", 3}, {"plan.stage.withdrawn", 4},  {"appointment.", 10},
    {"order.linked", 11},      {"order.unlinked", 11},       {"order.waiting", 11},
    {"plan.opened", 12},       {"plan.changed", 12},         {"feedback.", 13},
    {"limit.opened", 20},      {"limit.granted", 21},        {"procedure.performed", 30},
    {"plan.item.", 31},        {"plan.deviation.found", 32}, {"billing.charge", 33},
    {"billing.payment", 34},   {"billing.refund", 34},       {"limit.rule_violated", 40},
    {"limit.low", 41},         {"limit.exhausted", 42},      {"limit.overrun", 43},
    {"limit.mismatch", 44},    {"plan.stage.reached", 50},   {"billing.statement", 51},
    {"plan.closed", 52},       {"order.closed", 53},         {"limit.closed", 54},
    {"patient.withdrawn", 60},
}};

}  // namespace

int rank_of_type(std::string_view type) {
    for (const auto& [prefix, rank] : kRanks) {
        if (!prefix.empty() && type.substr(0, prefix.size()) == prefix) return rank;
    }
    return 59;
}

Draft& Draft::of_patient(const std::string& patient) {
    if (patient.empty()) return *this;
    event.data.set_string("patient", patient);
    event.partition_key = "patient/" + patient;
    if (event.subject.empty()) event.subject = event.partition_key;
    return *this;
}

Draft& Drafts::add(std::string type, Timestamp time, JsonText data, JsonText identity) {
    Draft draft;
    draft.event.type = std::move(type);
    draft.event.time = time;
    draft.event.data = std::move(data);
    draft.event.identity = std::move(identity).take();
    drafts_.push_back(std::move(draft));
    return drafts_.back();
}

void Drafts::settle() {
    std::vector<std::pair<int, std::size_t>> places;
    for (std::size_t i = 0; i < drafts_.size(); ++i)
        places.emplace_back(rank_of_type(drafts_[i].event.type), i);
    std::stable_sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
        const Draft& x = drafts_[a.second];
        const Draft& y = drafts_[b.second];
        return std::make_tuple(
                   a.first, x.at_us, std::string_view(x.source_id), x.payer != "limit",
                   std::string_view(x.payer), x.turn
               ) <
               std::make_tuple(
                   b.first, y.at_us, std::string_view(y.source_id), y.payer != "limit",
                   std::string_view(y.payer), y.turn
               );
    });
    for (const auto& [rank, index] : places) {
        Event& event = drafts_[index].event;
        if (event.partition_key.empty()) event.partition_key = event.subject;
        const bool billed =
            rank == 33 || rank == 34;  // whose reversal will name it, withheld or not
        if (event.leaves == Export::leaves || billed) {
            std::uint64_t nth = 0;
            if (event.leaves == Export::leaves) {
                nth = occurrences_[event.entity_id + '\n' + event.type + '\n' + event.identity]++;
            }
            if (rules_.event_id_of)
                event.id = rules_.event_id_of(event.entity_id, event.type, event.identity, nth);
        }
        if (rank == 33) event.data.set_string("charge_id", event.id);
        apply(after_, event);
        events_.push_back(std::move(event));
    }
    drafts_.clear();
}

}  // namespace mis::domain
