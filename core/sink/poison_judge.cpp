#include "sink/poison_judge.hpp"

namespace mis::sink {
namespace {

constexpr std::size_t kRefusedMax = 4096;
constexpr std::size_t kFew = 3;
constexpr std::chrono::hours kLately{1};

struct Proof {
    std::uint32_t times_beside_others;
    std::uint32_t times_without;
    std::chrono::seconds over;
};
constexpr Proof kOfEverybody{10, 10, std::chrono::minutes(10)};
constexpr Proof kOfContent{1, 5, std::chrono::seconds(5)};

}  // namespace

bool PoisonJudge::is_poison(
    const std::string& id, Refusal refusal, Begin since, std::chrono::nanoseconds now
) {
    if (refused_.size() >= kRefusedMax && !refused_.contains(id)) refused_.erase(refused_.begin());
    const auto [place, is_first] = refused_.try_emplace(id);
    Record& record = place->second;
    if (is_first) record.since = since;
    ++record.times;
    if (taken_ == 0 || now - taken_at_ > kLately) return false;
    const Proof& proof = refusal == Refusal::of_everybody ? kOfEverybody : kOfContent;
    if (taken_ > record.since.taken) return record.times >= proof.times_beside_others;
    return refused_.size() <= kFew && record.times >= proof.times_without &&
           now - record.since.at >= proof.over;
}

}  // namespace mis::sink
