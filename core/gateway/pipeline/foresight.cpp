#include "gateway/pipeline/foresight.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "domain_store/group_store.hpp"
#include "inbox/inbox.hpp"

namespace mis::gateway {
namespace {

// As if nothing of this content had ever been said: true of nearly everything, and checked later.
domain::Rules with_first_ids(domain::Rules rules, const Identity& identity, std::uint32_t epoch) {
    rules.event_id_of = [&identity, epoch](
                            std::string_view entity, std::string_view type,
                            std::string_view content, std::uint64_t nth
                        ) { return identity.event_id(epoch, entity, type, content, nth); };
    return rules;
}

}  // namespace

Foresight::Foresight(
    sqlite::Database reader, const Identity& identity, std::uint32_t epoch, domain::Rules rules,
    PractitionerNames names
)
    : reader_(std::move(reader)),
      identity_(identity),
      rules_(with_first_ids(std::move(rules), identity, epoch)),
      names_(std::move(names)) {}

Foresight::~Foresight() {
    if (looking_.valid()) looking_.wait();
}

void Foresight::look_at(std::vector<change::GroupKey> next, std::int64_t now_us) {
    answers_ = looking_.valid() ? looking_.get() : Answers{};
    if (next.empty()) return;
    looking_ = std::async(std::launch::async, [this, now_us, patients = std::move(next)] {
        return work_out(patients, now_us);
    });
}

Foresight::Answers Foresight::work_out(
    const std::vector<change::GroupKey>& patients, std::int64_t now_us
) {
    const change::RecordStore records(reader_);
    const domain_store::GroupStore groups(reader_);
    const inbox::Inbox inbox(reader_);
    const domain_store::PatientLinks links(reader_);
    const GroupReader reader(records, groups, inbox, links);
    const Timestamp now = rules_.clinic_zone.at(now_us);
    Answers answers;
    std::set<domain_store::Party> seen;  // one answer a group: the writer asks no more of it
    for (const auto& patient : patients) {
        if (seen.contains({domain_store::PartyKind::patient, patient.source, patient.source_id}))
            continue;
        auto parties = reader.hanging_together(patient.source, patient.source_id);
        auto found = reader.preview(parties, now);
        seen.insert(
            std::make_move_iterator(parties.begin()), std::make_move_iterator(parties.end())
        );
        if (!found) continue;
        auto derived = derive(
            found->facts, parse_announced(found->announced), rules_, names_, identity_, &everybody_
        );
        answers.emplace(patient, Answer{std::move(*found), std::move(derived)});
    }
    return answers;
}

std::optional<Foresight::Answer> Foresight::take(
    const change::GroupKey& patient, const IsAsked& is_asked, const IsFree& is_free
) {
    const auto found = answers_.find(patient);
    if (found == answers_.end()) return std::nullopt;
    Answer answer = std::move(found->second);
    answers_.erase(found);
    if (!is_asked(answer.question)) return std::nullopt;
    const auto& ids = answer.derived.event_ids;
    if (!std::all_of(ids.begin(), ids.end(), is_free)) return std::nullopt;
    return answer;
}

}  // namespace mis::gateway
