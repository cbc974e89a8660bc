// A changed map, held until somebody answers: what it would change, and what becomes of it.
#include <algorithm>
#include <map>
#include <set>

#include "gateway/pipeline/meaning.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;

constexpr int kAnsweredPerStep = 1000;

}  // namespace

Result<void> Meaning::answer_mapping_hold(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    change::RecordStore::Answer answer, std::int64_t now_us
) {
    const auto counts = records_.counts();
    const auto held = std::find_if(counts.begin(), counts.end(), [&](const auto& count) {
        return count.source == source && count.stream == stream && count.held_by_mapping > 0;
    });
    if (held == counts.end())
        return fail(
            ErrorKind::rejected,
            "no mapping change waits at " + source + " " + stream + ": see `mis-gateway hold list`"
        );
    outbox::Outbox::Appender appender(outbox_, transaction);
    MeaningReport report;
    Writing writing{transaction, appender, now_us, report};
    for (;;) {
        const auto answered = records_.answer_mapping_hold(
            transaction, {source, stream, held->kind}, answer, now_us, kAnsweredPerStep
        );
        if (answered.records == 0) break;
        if (answer == change::RecordStore::Answer::send) continue;  // their groups are pending now
        std::set<Party> covered;
        for (const auto& who : answered.groups) {
            if (who.kind != change::GroupKind::patient)
                continue;  // free times are announced as they are, they cost nobody anything
            if (covered.contains({PartyKind::patient, who.source, who.source_id})) continue;
            const auto parties = reader_.hanging_together(who.source, who.source_id);
            covered.insert(parties.begin(), parties.end());
            work_out_patients(writing, groups_.join(transaction, parties), &who, Sending::baseline);
        }
    }
    appender.finish();
    return {};
}

std::vector<Meaning::HeldChange> Meaning::preview_mapping_hold(
    sqlite::Transaction& transaction, const std::string& source, const std::string& stream,
    std::int64_t now_us, int records_max
) {
    std::map<std::string, HeldChange> changes;
    const auto add = [&](const domain::Standing& standing, std::int64_t HeldChange::*count,
                         std::optional<Money> HeldChange::*sum) {
        HeldChange& change = changes[standing.type];
        const bool is_first = change.*count == 0;
        ++(change.*count);
        auto total = standing.data.view().find("total").money();
        if (!total) total = standing.data.view().find("amount").money();
        if (is_first)
            change.*sum = total;
        else if (total && change.*sum && (change.*sum)->currency == total->currency)
            (change.*sum)->minor += total->minor;
        else
            (change.*sum).reset();
    };
    const auto counts = records_.counts();
    for (const auto& held : counts) {
        if (held.source != source || held.stream != stream || held.held_by_mapping == 0) continue;
        outbox::Outbox::Appender appender(outbox_, transaction);
        const auto answered = records_.answer_mapping_hold(
            transaction, {source, stream, held.kind}, change::RecordStore::Answer::baseline, now_us,
            records_max
        );
        MeaningReport report;
        Writing writing{transaction, appender, now_us, report};
        std::set<Party> covered;
        for (const auto& who : answered.groups) {
            if (who.kind != change::GroupKind::patient) continue;
            if (covered.contains({PartyKind::patient, who.source, who.source_id})) continue;
            const auto parties = reader_.hanging_together(who.source, who.source_id);
            covered.insert(parties.begin(), parties.end());
            const auto joined = groups_.join(transaction, parties);
            const domain::Announced before = parse_announced(joined.announced);
            std::vector<std::string> texts;
            for (const auto group : work_out_patients(writing, joined, &who, Sending::baseline))
                texts.push_back(groups_.announced(group));
            const domain::Announced after = parse_announced(texts);
            for (const auto& [key, standing] : before.standing) {
                if (standing.leaves != domain::Export::leaves) continue;
                add(standing, &HeldChange::before, &HeldChange::total_before);
                if (after.find(key) == nullptr) ++changes[standing.type].changed;
            }
            for (const auto& [key, standing] : after.standing) {
                if (standing.leaves != domain::Export::leaves) continue;
                add(standing, &HeldChange::after, &HeldChange::total_after);
                const auto* was = before.find(key);
                if (was == nullptr || was->data.text() != standing.data.text())
                    ++changes[standing.type].changed;
            }
        }
        appender.finish();
    }
    std::vector<HeldChange> list;
    for (auto& [type, change] : changes) {
        if (change.changed == 0) continue;
        change.type = type;
        list.push_back(change);
    }
    return list;
}

Json changes_json(const std::vector<Meaning::HeldChange>& changes) {
    Json list = Json::array();
    for (const auto& change : changes) {
        Json one{
            {"type", change.type},
            {"before", change.before},
            {"after", change.after},
            {"changed", change.changed}};
        if (change.total_before) one["total_before"] = to_json_value(*change.total_before);
        if (change.total_after) one["total_after"] = to_json_value(*change.total_after);
        list.push_back(std::move(one));
    }
    return list;
}

}  // namespace mis::gateway
