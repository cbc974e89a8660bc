#include "domain/draft.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

namespace mis::domain {
namespace {

// D3, word by word. Families share a rank and are told apart by time.
constexpr int kCharge = 33, kPayment = 34;
constexpr std::array<std::pair<std::string_view, int>, 32> kRanks{{
    {"procedure.reversed", 0},
    {"billing.reversal", 1},
    {"billing.payment_reversal", 2},
    {"plan.deviation.withdrawn", 3},
    {"plan.item.reopened", 4},
    {"plan.stage.withdrawn", 5},
    {"appointment.", 10},
    {"order.linked", 11},
    {"order.unlinked", 11},
    {"order.waiting", 11},
    {"plan.opened", 12},
    {"plan.changed", 12},
    {"feedback.", 13},
    {"limit.opened", 20},
    {"limit.granted", 21},
    {"procedure.performed", 30},
    {"plan.item.", 31},
    {"plan.deviation.found", 32},
    {"billing.charge", kCharge},
    {"billing.payment", kPayment},
    {"billing.refund", kPayment},
    {"limit.rule_violated", 40},
    {"limit.low", 41},
    {"limit.exhausted", 42},
    {"limit.overrun", 43},
    {"limit.mismatch", 44},
    {"plan.stage.reached", 50},
    {"billing.statement", 51},
    {"plan.closed", 52},
    {"order.closed", 53},
    {"limit.closed", 54},
    {"patient.withdrawn", 60},
}};

}  // namespace

int rank_of_type(std::string_view type) {
    for (const auto& [prefix, rank] : kRanks) {
        const std::size_t last = prefix.size() - 1;  // what tells two of a family apart
        if (prefix.empty() || type.size() <= last || type[last] != prefix[last]) continue;
        if (type.starts_with(prefix)) return rank;
    }
    return 59;
}

Draft& Draft::of_patient(const std::string& patient) {
    if (!patient.empty()) event.data.set_string("patient", patient);
    return of_named_patient(patient);
}

Draft& Draft::of_named_patient(const std::string& patient) {
    if (patient.empty()) return *this;
    event.partition_key.reserve(8 + patient.size());
    event.partition_key = "patient/";
    event.partition_key += patient;
    if (event.subject.empty()) event.subject = event.partition_key;
    return *this;
}

Draft& Drafts::add(std::string type, Timestamp time, JsonText data, JsonText identity) {
    if (drafts_.size() == drafts_.capacity())  // they are large: not moved twice for nothing
        drafts_.reserve(std::max<std::size_t>(64, 2 * drafts_.size()));
    Draft& draft = drafts_.emplace_back();
    draft.event.type = std::move(type);
    draft.event.time = time;
    draft.event.data = std::move(data);
    draft.event.identity = std::move(identity).take();
    return draft;
}

std::uint64_t Drafts::occurrences(const Event& event) {
    constexpr std::size_t kTelling = 96;  // bytes of an identity that nearly always tell it apart
    const std::hash<std::string_view> hash;
    const std::size_t content =
        hash(event.entity_id) * 31 + hash(std::string_view(event.identity).substr(0, kTelling));
    std::uint64_t count = 0;
    for (auto [at, end] = said_.equal_range(content); at != end; ++at) {
        const Event& other = events_[at->second];
        if (other.entity_id == event.entity_id && other.type == event.type &&
            other.identity == event.identity)
            ++count;
    }
    said_.emplace(content, events_.size());
    return count;
}

void Drafts::settle() {
    if (drafts_.empty()) return;
    std::vector<std::pair<int, std::size_t>> places;
    places.reserve(drafts_.size());
    for (std::size_t i = 0; i < drafts_.size(); ++i)
        places.emplace_back(rank_of_type(drafts_[i].event.type), i);
    const auto earlier = [&](const auto& a, const auto& b) {
        if (a.first != b.first) return a.first < b.first;
        const Draft& x = drafts_[a.second];
        const Draft& y = drafts_[b.second];
        if (x.at_us != y.at_us) return x.at_us < y.at_us;
        return std::make_tuple(
                   std::string_view(x.source_id), x.payer != "limit", std::string_view(x.payer),
                   x.turn
               ) <
               std::make_tuple(
                   std::string_view(y.source_id), y.payer != "limit", std::string_view(y.payer),
                   y.turn
               );
    };
    if (!std::is_sorted(places.begin(), places.end(), earlier))
        std::stable_sort(places.begin(), places.end(), earlier);
    events_.reserve(events_.size() + drafts_.size());
    for (const auto& [rank, index] : places) {
        Draft& draft = drafts_[index];
        Event& event = draft.event;
        if (event.partition_key.empty()) event.partition_key = event.subject;
        // whose reversal will name it, withheld or not
        const bool billed = rank == kCharge || rank == kPayment;
        if (event.leaves == Export::leaves || billed) {
            std::uint64_t nth = 0;
            if (event.leaves == Export::leaves) nth = occurrences(event);
            if (rules_.event_id_of)
                event.id = rules_.event_id_of(event.entity_id, event.type, event.identity, nth);
        }
        if (rank == kCharge) event.data.set_string("charge_id", event.id);
        if (draft.key.empty())
            apply(after_, event);
        else
            apply_as(after_, event, std::move(draft.key));
        events_.push_back(std::move(event));
    }
    drafts_.clear();
}

}  // namespace mis::domain
