#include "gateway/pipeline/meaning.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "domain/slots/free_times.hpp"
#include "platform/crash_point.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;

constexpr std::size_t kPendingPerCommit = 200;

// Under these names groups whose lines wait for an account are found once it is read. Those beyond
// the last are worked out when next touched.
constexpr int kGroupsAwaitingMax = 16;
std::string awaited_account(const RecordKey& line, const std::string& limit, int place) {
    return "awaits/" + line.source + "/" + limit + "/" + std::to_string(place);
}

bool are_of(const std::vector<Party>& parties, const std::set<std::string>& sources) {
    return std::any_of(parties.begin(), parties.end(), [&](const Party& party) {
        return sources.contains(party.source);
    });
}

}  // namespace

std::string Meaning::merge_announced(const std::vector<std::string>& texts) {
    return parse_announced(texts).to_text();
}

MeaningReport& MeaningReport::operator+=(const MeaningReport& other) {
    groups += other.groups;
    events += other.events;
    withheld += other.withheld;
    foreseen += other.foreseen;
    lines_waiting += other.lines_waiting;
    problems.insert(problems.end(), other.problems.begin(), other.problems.end());
    return *this;
}

Meaning::Meaning(
    sqlite::Database& database, const Identity& identity, std::uint32_t epoch,
    MeaningSettings settings
)
    : database_(database),
      identity_(identity),
      settings_(std::move(settings)),
      records_(database),
      groups_(database),
      codes_(database),
      inbox_(database),
      reader_(records_, groups_, inbox_),
      outbox_(identity, epoch) {
    read_price_lists();
    reload_rules();
}

// I8: where the price list itself names the national code, it is known. True: lines that were
// worked out mean something else now.
bool Meaning::read_price_lists() {
    const auto state = records_.state_of_kind("service");
    if (state == price_lists_) return false;
    price_lists_ = state;
    std::map<std::string, std::string> codes;
    records_.by_kind("", "service", [&](const change::StandingRecord& record) {
        const auto body = parse_json(record.body);
        if (!body || !body->contains("code") || !body->contains("nomenclature")) return;
        const Json &code = (*body)["code"], &nomenclature = (*body)["nomenclature"];
        if (code.is_string() && nomenclature.is_string())
            codes.emplace(
                fold_code(code.get<std::string>()), fold_code(nomenclature.get<std::string>())
            );
    });
    if (codes == listed_codes_) return false;
    std::set<std::string> met;  // codes that some line has borne: only these concern anybody
    for (const auto& unmapped : codes_.unmapped()) met.insert(unmapped.code);
    for (const auto& [code, nomenclature] : listed_codes_) met.insert(code);
    const bool matters = std::any_of(met.begin(), met.end(), [&](const std::string& code) {
        const auto was = listed_codes_.find(code), is = codes.find(code);
        return (was == listed_codes_.end() ? "" : was->second) !=
               (is == codes.end() ? "" : is->second);
    });
    listed_codes_ = std::move(codes);
    return matters;
}

void Meaning::reload_rules() {
    ++rules_read_;
    settings_.rules.nomenclature_of = codes_.all();  // before what the price lists say
    settings_.rules.nomenclature_of.insert(listed_codes_.begin(), listed_codes_.end());
    branch_zones_.clear();
    settings_.rules.branch_zones.clear();
    records_.by_kind("", "branch", [&](const change::StandingRecord& record) {
        const auto body = parse_json(record.body);
        if (!body || !body->contains("timezone")) return;
        const auto zone = Zone::find((*body)["timezone"].get<std::string>());
        if (!zone) return;
        branch_zones_.insert_or_assign({record.key.source, record.key.source_id}, *zone);
        settings_.rules.branch_zones.insert_or_assign(record.key.source_id, *zone);
    });
    reload_practitioner_names();
    for (const auto& [branch, zone] : settings_.configured_branch_zones)
        settings_.rules.branch_zones.insert_or_assign(branch, zone);
}

void Meaning::reload_practitioner_names() {
    practitioner_names_.clear();
    if (settings_.practitioner_names == MeaningSettings::PractitionerNames::stay) return;
    records_.by_kind("", "practitioner", [&](const change::StandingRecord& record) {
        const auto body = parse_json(record.body);
        if (body && body->contains("name"))
            practitioner_names_[identity_.public_id(record.key)] =
                (*body)["name"].get<std::string>();
    });
}

Zone Meaning::zone_of_branch(const std::string& source, const std::string& branch) const {
    if (const auto configured = settings_.configured_branch_zones.find(branch);
        configured != settings_.configured_branch_zones.end())
        return configured->second;
    const auto found = branch_zones_.find({source, branch});
    return found == branch_zones_.end() ? settings_.rules.clinic_zone : found->second;
}

MeaningReport Meaning::work_off(
    std::int64_t now_us, const std::set<std::string>& mid_pass, const std::function<bool()>& go_on
) {
    MeaningReport report;
    if (read_price_lists()) {
        sqlite::Transaction transaction(database_);
        make_all_due(transaction);
        transaction.commit();
    }
    if (records_.pending_count() > 0 || !groups_.due(now_us, 1).empty()) {
        reload_rules();
        link_waiting_orders(now_us);
    }
    std::set<std::int64_t> left;  // pending, but of a group that is being read
    while (work_off_some(now_us, mid_pass, left, report))
        if (go_on && !go_on()) break;
    foresight_.reset();
    return report;
}

bool Meaning::touches(std::int64_t group, const std::set<std::string>& sources) const {
    return !sources.empty() && are_of(groups_.parties(group), sources);
}

std::vector<change::PendingGroup> Meaning::waiting_groups(
    std::size_t most, const std::set<std::string>& mid_pass, const std::set<std::int64_t>& left
) const {
    std::vector<change::PendingGroup> waiting;
    std::int64_t after = 0;
    for (;;) {
        const auto page = records_.pending(static_cast<int>(kPendingPerCommit), after);
        for (const auto& one : page)
            if (!mid_pass.contains(one.group.source) && !left.contains(one.id) &&
                waiting.size() < most)
                waiting.push_back(one);
        if (page.size() < kPendingPerCommit || waiting.size() >= most) return waiting;
        after = page.back().id;
    }
}

// Whoever's facts were read just now waits for nothing more: all of his group is worked out at once.
void Meaning::end_waiting(
    sqlite::Transaction& transaction, std::int64_t group, std::set<Party>& covered
) {
    const auto up_to = records_.mark_now();
    for (auto& party : groups_.parties(group)) {
        if (party.kind != PartyKind::patient) continue;
        records_.clear_pending(
            transaction, {change::GroupKind::patient, party.source, party.key}, up_to
        );
        covered.insert(std::move(party));
    }
}

bool Meaning::work_off_some(
    std::int64_t now_us, const std::set<std::string>& mid_pass, std::set<std::int64_t>& left,
    MeaningReport& report
) {
    auto pending = waiting_groups(2 * kPendingPerCommit, mid_pass, left);
    std::vector<change::GroupKey> next;
    for (std::size_t i = kPendingPerCommit; i < pending.size(); ++i)
        if (pending[i].group.kind == change::GroupKind::patient) next.push_back(pending[i].group);
    if (pending.size() > kPendingPerCommit) pending.resize(kPendingPerCommit);
    look_ahead(std::move(next), now_us);
    auto due = groups_.due(now_us, settings_.groups_per_commit);
    std::erase_if(due, [&](std::int64_t group) { return touches(group, mid_pass); });
    if (pending.empty() && due.empty()) return false;
    sqlite::Transaction transaction(database_);
    alone_since_look_ = database_.version_by_others() == others_at_last_look_ &&
                        database_.changes_ever() == changes_at_end_;
    outbox::Outbox::Appender appender(outbox_, transaction);
    std::set<std::int64_t> done;
    std::set<Party> covered;     // whose meaning was worked out with another's
    std::set<Party> being_read;  // who hang together with a patient of a source in mid_pass
    for (const auto& waiting : pending) {
        const auto& who = waiting.group;
        if (who.kind == change::GroupKind::practitioner) {
            const std::vector<Party> party{{PartyKind::practitioner, who.source, who.source_id}};
            work_out_practitioner(
                transaction, appender, groups_.join(transaction, party), who, now_us, report
            );
        } else {
            const Party party{PartyKind::patient, who.source, who.source_id};
            if (covered.contains(party)) continue;
            if (being_read.contains(party)) {
                left.insert(waiting.id);
                continue;
            }
            const auto parties = reader_.hanging_together(who.source, who.source_id);
            if (are_of(parties, mid_pass)) {  // he waits with them
                being_read.insert(parties.begin(), parties.end());
                left.insert(waiting.id);
                continue;
            }
            adopt_restored(transaction, parties);
            const auto joined = groups_.join(transaction, parties);
            const auto group = work_out_patients(
                transaction, appender, joined, &who, now_us, Sending::send, report
            );
            done.insert(joined.group);
            done.insert(group);
            if (parties.size() > 1 || group != joined.group)
                end_waiting(transaction, group, covered);
        }
        records_.clear_pending(transaction, who, waiting.mark);
    }
    for (const auto group : due) {
        if (!done.insert(group).second) continue;
        const auto parties = groups_.parties(group);
        if (parties.empty()) continue;  // joined into another just now
        domain_store::Joined joined{group, {}};
        if (auto text = groups_.announced(group); !text.empty())
            joined.announced.push_back(std::move(text));
        if (parties.front().kind == PartyKind::practitioner)
            work_out_practitioner(
                transaction, appender, joined,
                {change::GroupKind::practitioner, parties.front().source, parties.front().key},
                now_us, report
            );
        else
            work_out_patients(
                transaction, appender, joined, nullptr, now_us, Sending::send, report
            );
    }
    appender.finish();
    platform::crash_point("meaning.before_commit");
    transaction.commit();
    platform::crash_point("meaning.after_commit");
    changes_at_end_ = database_.changes_ever();
    return true;
}

domain::GroupFacts Meaning::facts_of(std::int64_t group, std::int64_t now_us) const {
    return reader_.facts_of(group, settings_.rules.clinic_zone.at(now_us));
}

std::int64_t Meaning::work_out_patients(
    sqlite::Transaction& transaction, outbox::Outbox::Appender& appender,
    const domain_store::Joined& joined, const change::GroupKey* patient, std::int64_t now_us,
    Sending sending, MeaningReport& report
) {
    domain_store::Joined whole = joined;
    domain::GroupFacts facts;
    std::optional<Derivation> derived;
    auto answer = patient ? foreseen(appender, *patient, whole, now_us) : std::nullopt;
    if (answer) {
        ++report.foreseen;
        facts = std::move(answer->question.facts);
        derived = std::move(answer->derived);
    } else {
        facts = facts_of(whole.group, now_us);
        derived = derive_now(appender, facts, whole.announced);
    }
    while (join_named_accounts(transaction, whole, facts, derived->waiting)) {
        facts = facts_of(whole.group, now_us);
        derived = derive_now(appender, facts, whole.announced);
    }
    if (sending == Sending::send) {
        appender.append(derived->leaving, {now_us});
        report.events += static_cast<std::int64_t>(derived->leaving.size());
        report.withheld += derived->withheld;
        gate_counts_ += derived->gate;
    }

    domain_store::GroupStore::State state;
    state.announced = std::move(derived->announced);
    if (derived->next_tick) {
        MIS_ASSERT(derived->next_tick->unix_us > now_us);  // else it would come due for ever
        state.next_tick_us = derived->next_tick->unix_us;
    }
    state.entities = std::move(derived->entities);
    for (const auto& line : derived->waiting) {
        if (line.limit_source_id.empty()) continue;
        for (int place = 0; place < kGroupsAwaitingMax; ++place) {
            auto name = awaited_account(line.key, line.limit_source_id, place);
            const auto group = groups_.group_of_entity(name);
            if (!group) state.entities.push_back(std::move(name));
            if (!group || *group == whole.group) break;
        }
    }
    groups_.save(transaction, whole.group, state);
    if (!derived->unmapped_codes.empty())
        codes_.count_unmapped(transaction, derived->unmapped_codes, now_us);
    ++report.groups;
    report.lines_waiting += static_cast<std::int64_t>(derived->waiting.size());
    report.problems.insert(
        report.problems.end(), derived->problems.begin(), derived->problems.end()
    );
    return whole.group;
}

Derivation Meaning::derive_now(
    outbox::Outbox::Appender& appender, const domain::GroupFacts& facts,
    const std::vector<std::string>& announced
) {
    settings_.rules.event_id_of = [&](std::string_view entity, std::string_view type,
                                      std::string_view identity, std::uint64_t nth) {
        if (nth == 0) return appender.next_id(entity, type, identity);
        return identity_.event_id(
            outbox_.epoch(), entity, type, identity, appender.next_n(entity, type, identity) + nth
        );
    };
    return derive(
        facts, parse_announced(announced), settings_.rules, practitioner_names_, identity_
    );
}

std::optional<Foresight::Answer> Meaning::foreseen(
    outbox::Outbox::Appender& appender, const change::GroupKey& patient,
    const domain_store::Joined& joined, std::int64_t now_us
) {
    if (!foresight_) return std::nullopt;
    const auto is_asked = [&](const GroupReader::Preview& question) {
        if (question.announced != joined.announced) return false;
        // What meaning itself writes is no group's facts, but who belongs to a group.
        if (alone_since_look_)
            return question.members == reader_.members_of(joined.group) &&
                   question.facts.now == settings_.rules.clinic_zone.at(now_us);
        return question.facts == facts_of(joined.group, now_us);
    };
    return foresight_->take(patient, is_asked, [&](std::string_view id) {
        return appender.is_free(id);
    });
}

// Has at hand what was begun the last time, and begins to work out these.
void Meaning::look_ahead(std::vector<change::GroupKey> next, std::int64_t now_us) {
    others_at_last_look_ = std::exchange(others_at_look_, database_.version_by_others());
    if (foresight_ && foresight_rules_ != rules_read_) foresight_.reset();
    if (!foresight_ && !next.empty() && open_reader_) {
        foresight_rules_ = rules_read_;
        foresight_ = std::make_unique<Foresight>(
            open_reader_(), identity_, outbox_.epoch(), settings_.rules, practitioner_names_
        );
    }
    if (foresight_) foresight_->look_at(std::move(next), now_us);
}

// L0: a line may name another patient's account. The two are one group from then on, whichever was
// read first.
bool Meaning::join_named_accounts(
    sqlite::Transaction& transaction, domain_store::Joined& whole, const domain::GroupFacts& facts,
    const std::vector<domain::Waiting>& lines
) {
    std::vector<std::int64_t> groups;
    const auto add = [&](std::optional<std::int64_t> group) {
        if (group && *group != whole.group) groups.push_back(*group);
    };
    for (const auto& record : facts.records) {
        if (record.key.kind != "limit") continue;
        for (int place = 0; place < kGroupsAwaitingMax; ++place) {
            const auto group =
                groups_.group_of_entity(awaited_account(record.key, record.key.source_id, place));
            if (!group) break;
            add(group);
        }
    }
    for (const auto& line : lines) {
        if (line.limit_source_id.empty()) continue;
        const auto limit = records_.find({line.key.source, "limit", line.limit_source_id});
        if (!limit) continue;
        const auto body = parse_json(limit->body);
        const std::string owner =
            body ? body->value("patient_source_id", std::string()) : std::string();
        if (!owner.empty())
            add(groups_.group_of(Party{PartyKind::patient, line.key.source, owner}));
    }
    if (groups.empty()) return false;
    const auto keep =
        [&] {  // they were joined just now, and only this transaction knows what they announced
            if (whole.announced.size() < 2) return;
            domain_store::GroupStore::State state;
            state.announced = merge_announced(whole.announced);
            groups_.save(transaction, whole.group, state);
        };
    keep();
    groups.push_back(whole.group);
    whole = groups_.join_groups(transaction, std::move(groups));
    for (const auto& party : groups_.parties(whole.group)) {  // and whom they bring along
        if (party.kind != PartyKind::patient) continue;
        keep();
        whole = groups_.join(transaction, reader_.hanging_together(party.source, party.key));
        break;
    }
    return true;
}

void Meaning::work_out_practitioner(
    sqlite::Transaction& transaction, outbox::Outbox::Appender& appender,
    const domain_store::Joined& joined, const change::GroupKey& who, std::int64_t now_us,
    MeaningReport& report
) {
    std::vector<domain::RecordFact> facts;
    for (auto& record : records_.standing_of_practitioner(who.source, who.source_id))
        facts.push_back({record.key, record.version, record.since_us, std::move(record.body)});
    const Timestamp now = settings_.rules.clinic_zone.at(now_us);
    const Date today = now.local_date();
    // Visits alone tell no free time: a practitioner has slots once the source says when he works
    // (A3).
    const bool works = std::any_of(facts.begin(), facts.end(), [](const auto& fact) {
        return fact.key.kind != "appointment";
    });
    if (!works) facts.clear();
    const auto current = domain::free_times(
        facts,
        [this](std::string_view source, std::string_view branch) {
            return zone_of_branch(std::string(source), std::string(branch));
        },
        today, today.plus_days(settings_.slot_days)
    );
    Json before = Json::object();
    if (!joined.announced.empty())
        if (auto document = parse_json(joined.announced.front())) before = std::move(*document);
    auto changes = domain::diff_slots(before, current, identity_, today, now);
    append(appender, changes.events, now_us, report);
    domain_store::GroupStore::State state;
    state.announced = canonical_json(changes.announced);
    // Tomorrow the window reaches one day further.
    state.next_tick_us = settings_.rules.clinic_zone.start_of_day(today.plus_days(1)).unix_us;
    groups_.save(transaction, joined.group, state);
    ++report.groups;
}

void Meaning::append(
    outbox::Outbox::Appender& appender, const std::vector<domain::Event>& events,
    std::int64_t now_us, MeaningReport& report
) {
    const auto disclosed = disclose(events, {}, practitioner_names_);
    appender.append(disclosed.leaving, {now_us});
    report.events += static_cast<std::int64_t>(disclosed.leaving.size());
    report.withheld += disclosed.withheld;
    gate_counts_ += disclosed.gate;
}

void Meaning::announce(
    sqlite::Transaction& transaction, const std::vector<domain::Event>& events, std::int64_t now_us
) {
    outbox::Outbox::Appender appender(outbox_, transaction);
    MeaningReport report;
    append(appender, events, now_us, report);
    appender.finish();
}

}  // namespace mis::gateway
