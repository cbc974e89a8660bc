#include "gateway/pipeline/meaning.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"
#include "base/text.hpp"
#include "change/open_pass.hpp"
#include "change/stream_of.hpp"
#include "change/stream_state.hpp"
#include "domain/baseline.hpp"
#include "domain/branch.hpp"
#include "domain/slots/free_times.hpp"
#include "outbox/store_meta.hpp"
#include "platform/crash_point.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway {
namespace {

using domain_store::Party;
using domain_store::PartyKind;

constexpr std::size_t kPendingPage = 200;
constexpr const char* kCountsFrom = "counts_from";  // D5: as the groups were worked out last

bool are_of(const std::vector<Party>& parties, const std::set<std::string>& sources) {
    return std::any_of(parties.begin(), parties.end(), [&](const Party& party) {
        return sources.contains(party.source);
    });
}

// For events that are no patient's: free times, the state of a connection.
const Concerned& nobody() {
    static const Concerned::Accounts none;
    static const Concerned concerned(none, {});
    return concerned;
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
      links_(database),
      now_(database),
      reader_(records_, groups_, inbox_, links_),
      outbox_(identity, epoch),
      everybody_(database) {
    read_price_lists();
    reload_rules();
}

// I8: where the price list itself names the national code, it is known. True: lines that were
// worked out mean something else now.
bool Meaning::read_price_lists() {
    const auto state = records_.state_of_kind("service");
    if (state == price_lists_) return false;
    price_lists_ = state;
    std::map<std::pair<std::string, std::string>, std::string> codes;  // (code, source)
    records_.by_kind("", "service", [&](const change::StandingRecord& record) {
        const auto body = parse_json(record.body);
        if (!body || !body->contains("code") || !body->contains("nomenclature")) return;
        const Json &code = (*body)["code"], &nomenclature = (*body)["nomenclature"];
        if (code.is_string() && nomenclature.is_string())
            codes.emplace(
                std::pair(fold_code(code.get<std::string>()), record.key.source),
                fold_code(nomenclature.get<std::string>())
            );
    });
    if (codes == listed_codes_) return false;
    std::set<std::string> met;  // codes that some line has borne: only these concern anybody
    for (const auto& unmapped : codes_.unmapped()) met.insert(unmapped.code);
    for (const auto& [listed, nomenclature] : listed_codes_) met.insert(listed.first);
    const auto differs = [&](const auto& some, const auto& others) {
        return std::any_of(some.begin(), some.end(), [&](const auto& one) {
            const auto other = others.find(one.first);
            return met.contains(one.first.first) &&
                   (other == others.end() ? one.second != "" : other->second != one.second);
        });
    };
    const bool matters = differs(listed_codes_, codes) || differs(codes, listed_codes_);
    listed_codes_ = std::move(codes);
    return matters;
}

void Meaning::reload_rules() {
    ++rules_read_;
    settings_.rules.nomenclature_of = codes_.all();
    settings_.rules.listed_nomenclature = listed_codes_;
    branch_zones_.clear();
    settings_.rules.branch_zones.clear();
    settings_.rules.legal_entities.clear();
    records_.by_kind("", "branch", [&](const change::StandingRecord& record) {
        const auto body = parse_json(record.body);
        if (body && body->contains("legal_entity"))
            settings_.rules.legal_entities[{record.key.source, record.key.source_id}] =
                (*body)["legal_entity"].get<std::string>();
        if (!body || !body->contains("timezone")) return;
        const auto zone = Zone::find((*body)["timezone"].get<std::string>());
        if (!zone) return;
        branch_zones_.insert_or_assign({record.key.source, record.key.source_id}, *zone);
        settings_.rules.branch_zones.insert_or_assign(
            domain::branch_of(record.key.source, record.key.source_id), *zone
        );
    });
    reload_practitioner_names();
    for (const auto& [branch, zone] : settings_.configured_branch_zones)
        settings_.rules.branch_zones.insert_or_assign(domain::branch_of("", branch), zone);
    for (const auto& [source, at_us] : change::first_polls(database_, "limit"))
        settings_.rules.first_read_us[source] = at_us;
}

std::map<std::string, Zone> Meaning::zones_of(const std::string& source) const {
    std::map<std::string, Zone> zones = settings_.configured_branch_zones;
    for (const auto& [branch, zone] : branch_zones_)
        if (branch.first == source) zones.emplace(branch.second, zone);
    return zones;
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

std::string Meaning::counts_from_text() const {
    Json days = Json::object();
    for (const auto& [source, day] : settings_.rules.counts_from) days[source] = day.to_string();
    return canonical_json(days);
}

bool Meaning::history_changed() const {
    const std::string known = outbox::meta_value(database_, kCountsFrom);
    return counts_from_text() != (known.empty() ? "{}" : known);
}

MeaningReport Meaning::work_off(
    std::int64_t now_us, const std::set<std::string>& being_read, const std::function<bool()>& go_on
) {
    MeaningReport report;
    if (restored::exchange_awaited(database_)) return report;
    const auto awaited = restored::sources_awaited(database_);
    const bool books_are_newer = !awaited.empty();
    welcome_messages(now_us);
    find_subjects();
    if (!books_are_newer) relink_cards(now_us);
    if (const bool counts_otherwise = history_changed(); read_price_lists() || counts_otherwise) {
        sqlite::Transaction transaction(database_);
        make_all_due(transaction);
        if (counts_otherwise) {
            log::info("sources count from other days than before: {}", counts_from_text());
            outbox::set_meta_value(transaction, kCountsFrom, counts_from_text());
        }
        transaction.commit();
    }
    if (records_.pending_count() > 0 || !groups_.due(now_us, 1).empty()) {
        reload_rules();
        if (!books_are_newer) link_waiting_orders(now_us);
    }
    std::set<std::int64_t> left;  // pending, but of a group that is being read
    // Passes that were cut count as under way until one is complete (D2).
    const auto under_way = [&] {
        auto sources = change::open_passes(database_);
        sources.insert(being_read.begin(), being_read.end());
        sources.insert(awaited.begin(), awaited.end());
        return sources;
    };
    bool goes_on = true;
    do {
        while (goes_on && work_off_some(now_us, under_way(), left, report))
            goes_on = !go_on || go_on();
    } while (goes_on && find_subjects());
    if (goes_on && !books_are_newer) take_back_gone(now_us, report);
    foresight_.reset();
    return report;
}

std::vector<change::PendingGroup> Meaning::waiting_groups(
    std::size_t most, const std::set<std::string>& mid_pass, const std::set<std::int64_t>& left
) const {
    std::vector<change::PendingGroup> waiting;
    std::int64_t after = 0;
    for (;;) {
        const auto page = records_.pending(static_cast<int>(kPendingPage), after);
        for (const auto& one : page)
            if (!mid_pass.contains(one.group.source) && !left.contains(one.id) &&
                !is_held(one.group) && waiting.size() < most)
                waiting.push_back(one);
        if (page.size() < kPendingPage || waiting.size() >= most) return waiting;
        after = page.back().id;
    }
}

// Whoever's facts were read just now waits for nothing more.
void Meaning::end_waiting(Writing& writing, const std::vector<std::int64_t>& groups, Turn& turn) {
    const auto up_to = records_.mark_now();
    for (const auto group : groups) {
        turn.done.insert(group);
        for (auto& party : groups_.parties(group)) {
            if (party.kind != PartyKind::patient) continue;
            records_.clear_pending(
                writing.transaction, {change::GroupKind::patient, party.source, party.key}, up_to
            );
            turn.covered.insert(std::move(party));
        }
    }
}

std::vector<std::int64_t> Meaning::due_groups(
    std::int64_t now_us, const std::set<std::string>& mid_pass
) const {
    const auto waits = [&](std::int64_t group) {
        if (held_.contains(group)) return true;
        if (held_.empty() && mid_pass.empty()) return false;
        const auto parties = groups_.parties(group);
        if (!held_.empty() && std::any_of(parties.begin(), parties.end(), [&](const Party& party) {
                return party.kind == PartyKind::patient &&
                       is_held({change::GroupKind::patient, party.source, party.key});
            }))
            return true;
        if (mid_pass.empty()) return false;
        if (are_of(parties, mid_pass)) return true;
        const auto patient = std::find_if(parties.begin(), parties.end(), [](const Party& party) {
            return party.kind == PartyKind::patient;
        });
        return patient != parties.end() &&
               are_of(reader_.hanging_together(patient->source, patient->key), mid_pass);
    };
    // Those that wait must not fill the page for ever.
    for (int most = settings_.groups_per_commit;; most *= 4) {
        auto due = groups_.due(now_us, most);
        const bool all = std::ssize(due) < most;
        std::erase_if(due, waits);
        if (!all && std::ssize(due) < settings_.groups_per_commit) continue;
        if (std::ssize(due) > settings_.groups_per_commit)
            due.resize(static_cast<std::size_t>(settings_.groups_per_commit));
        return due;
    }
}

void Meaning::work_out_pending(
    Writing& writing, const change::PendingGroup& waiting, const std::set<std::string>& mid_pass,
    Turn& turn
) {
    const auto& who = waiting.group;
    if (who.kind == change::GroupKind::practitioner) {
        const std::vector<Party> party{{PartyKind::practitioner, who.source, who.source_id}};
        adopt_restored(writing.transaction, party);
        work_out_practitioner(writing, groups_.join(writing.transaction, party), who);
        records_.clear_pending(writing.transaction, who, waiting.mark);
        return;
    }
    const Party patient{PartyKind::patient, who.source, who.source_id};
    if (turn.covered.contains(patient)) return;
    if (turn.being_read.contains(patient)) {
        turn.left.insert(waiting.id);
        return;
    }
    const auto patients = reader_.hanging_together(who.source, who.source_id);
    if (are_of(patients, mid_pass)) {  // he waits with them
        turn.being_read.insert(patients.begin(), patients.end());
        turn.left.insert(waiting.id);
        return;
    }
    adopt_restored(writing.transaction, patients);
    const auto joined = groups_.join(writing.transaction, patients);
    const auto made = work_out_patients(writing, joined, &who);
    if (patients.size() > 1 || made != std::vector{joined.group})
        return end_waiting(writing, made, turn);
    turn.done.insert(joined.group);
    records_.clear_pending(writing.transaction, who, waiting.mark);
}

void Meaning::work_out_due(Writing& writing, std::int64_t group, Turn& turn) {
    if (!turn.done.insert(group).second) return;
    const auto parties = groups_.parties(group);
    if (parties.empty()) {  // joined into another just now, or restored and nobody's yet
        domain_store::GroupStore::State waiting;
        waiting.announced = groups_.announced(group);
        groups_.save(writing.transaction, group, waiting);  // no tick: its record will call it
        return;
    }
    domain_store::Joined joined{group, {}};
    if (parties.front().kind == PartyKind::request) return answer_payer_request(writing, group);
    if (parties.front().kind == PartyKind::practitioner) {
        if (auto text = groups_.announced(group); !text.empty())
            joined.announced.push_back(std::move(text));
        work_out_practitioner(
            writing, joined,
            {change::GroupKind::practitioner, parties.front().source, parties.front().key}
        );
        return;
    }
    // Whom a record joined to it meanwhile belongs to the same change set.
    std::vector<Party> all = parties;
    if (parties.front().kind == PartyKind::patient)
        for (auto& party : reader_.hanging_together(parties.front().source, parties.front().key))
            all.push_back(std::move(party));
    adopt_restored(writing.transaction, all);
    joined = groups_.join(writing.transaction, all);
    end_waiting(writing, work_out_patients(writing, joined, nullptr), turn);
}

// A statement over many groups adds up what they said, so it comes after all of them.
void Meaning::hold_requests_back(std::vector<std::int64_t>& due, bool more_pending) const {
    const auto is_request = [&](std::int64_t group) {
        const auto parties = groups_.parties(group);
        return !parties.empty() && parties.front().kind == PartyKind::request;
    };
    const auto requests = std::stable_partition(due.begin(), due.end(), std::not_fn(is_request));
    const bool more_due = std::ssize(due) == settings_.groups_per_commit && requests != due.begin();
    if (more_pending || more_due) due.erase(requests, due.end());
}

bool Meaning::work_off_some(
    std::int64_t now_us, const std::set<std::string>& mid_pass, std::set<std::int64_t>& left,
    MeaningReport& report
) {
    const auto per_commit = static_cast<std::size_t>(settings_.groups_per_commit);
    auto pending = waiting_groups(2 * per_commit, mid_pass, left);
    const bool more_pending = pending.size() > per_commit;
    std::vector<change::GroupKey> next;
    for (std::size_t i = per_commit; i < pending.size(); ++i)
        if (pending[i].group.kind == change::GroupKind::patient) next.push_back(pending[i].group);
    if (more_pending) pending.resize(per_commit);
    look_ahead(std::move(next), now_us);
    auto due = due_groups(now_us, mid_pass);
    hold_requests_back(due, more_pending);
    if (pending.empty() && due.empty()) return false;
    sqlite::Transaction transaction(database_);
    alone_since_look_ = database_.version_by_others() == others_at_last_look_ &&
                        database_.changes_ever() == changes_at_end_;
    outbox::Outbox::Appender appender(outbox_, transaction);
    Writing writing{transaction, appender, now_us, report};
    Turn turn{left, {}, {}, {}};
    for (const auto& waiting : pending) work_out_pending(writing, waiting, mid_pass, turn);
    for (const auto group : due) work_out_due(writing, group, turn);
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

std::vector<std::int64_t> Meaning::work_out_patients(
    Writing& writing, const domain_store::Joined& joined, const change::GroupKey* patient,
    Sending sending
) {
    std::optional<Derivation> derived;
    domain::GroupFacts facts;
    auto answer = patient ? foreseen(writing, *patient, joined) : std::nullopt;
    if (answer) {
        ++writing.report.foreseen;
        facts = std::move(answer->question.facts);
        derived = std::move(answer->derived);
    } else {
        facts = facts_of(joined.group, writing.now_us);
        derived = derive_now(writing, facts, parse_announced(joined.announced));
    }
    MeaningReport& report = writing.report;
    if (sending == Sending::baseline) {
        auto now = parse_announced({announced_text(*derived)});
        const auto before = parse_announced(joined.announced);
        const auto taken = domain::taken_as_announced(std::move(now), before);
        derived->announced = taken.to_text();
        derived->now = domain::now_of(taken);
        derived->packed.clear();
    } else {
        const auto appended = writing.appender.append(derived->leaving, {writing.now_us});
        outbox::write_trace(
            writing.transaction, writing.appender, derived->trace, derived->leaving, appended,
            writing.now_us
        );
        report.events += static_cast<std::int64_t>(derived->leaving.size());
        report.withheld += derived->withheld;
        gate_counts_ += derived->gate;
    }
    // Its records changed; what others make of its accounts is worked out after it, once.
    if (patient != nullptr) wake_strangers(writing.transaction, joined.group, derived->limits);
    if (!derived->unmapped_codes.empty())
        codes_.count_unmapped(writing.transaction, derived->unmapped_codes, writing.now_us);
    ++report.groups;
    report.lines_waiting += static_cast<std::int64_t>(derived->waiting.size());
    report.problems.insert(
        report.problems.end(), derived->problems.begin(), derived->problems.end()
    );
    set_aside(writing, joined.group, facts, derived->problems);
    return settle(writing, joined.group, facts, *derived);
}

// P6: what makes no sense among the patient's other records stands in quarantine until it does.
void Meaning::set_aside(
    Writing& writing, std::int64_t group, const domain::GroupFacts& facts,
    const std::vector<domain::Problem>& problems
) {
    if (problems.empty() && !record::Quarantine::any_set_aside(database_)) return;
    const auto owner_of = [](const std::string& source, const std::string& patient) {
        return source + "/" + patient;
    };
    std::vector<std::string> owners;
    for (const auto& party : groups_.parties(group))
        if (party.kind == PartyKind::patient) owners.push_back(owner_of(party.source, party.key));
    std::vector<record::SetAside> rows;
    for (const auto& problem : problems) {
        const auto& key = problem.key;
        const auto fact = std::find_if(
            facts.records.begin(), facts.records.end(),
            [&](const domain::RecordFact& record) { return record.key == key; }
        );
        if (fact == facts.records.end()) continue;
        const std::string patient =
            JsonMembers(JsonView(fact->body)).find("patient_source_id").string();
        rows.push_back(
            {key.source, change::stream_of(database_, key), key.source_id,
             patient.empty() && !owners.empty() ? owners.front() : owner_of(key.source, patient),
             problem.reason, fact->body}
        );
    }
    record::Quarantine::settle_meaning(writing.transaction, owners, rows, writing.now_us);
}

Derivation Meaning::derive_now(
    Writing& writing, const domain::GroupFacts& facts, const domain::Announced& announced
) {
    outbox::Outbox::Appender& appender = writing.appender;
    settings_.rules.event_id_of = [&](std::string_view entity, std::string_view type,
                                      std::string_view identity, std::uint64_t nth) {
        if (nth == 0) return appender.next_id(entity, type, identity);
        return identity_.event_id(
            outbox_.epoch(), entity, type, identity, appender.next_n(entity, type, identity) + nth
        );
    };
    return derive(facts, announced, settings_.rules, practitioner_names_, identity_, &everybody_);
}

std::optional<Foresight::Answer> Meaning::foreseen(
    Writing& writing, const change::GroupKey& patient, const domain_store::Joined& joined
) {
    if (!foresight_) return std::nullopt;
    const auto is_asked = [&](const GroupReader::Preview& question) {
        if (question.announced != joined.announced) return false;
        // What meaning itself writes is no group's facts, but who belongs to a group.
        if (alone_since_look_)
            return question.members == reader_.members_of(joined.group) &&
                   question.facts.now == settings_.rules.clinic_zone.at(writing.now_us);
        return question.facts == facts_of(joined.group, writing.now_us);
    };
    auto answer = foresight_->take(patient, is_asked, [&](std::string_view id) {
        return writing.appender.is_free(id);
    });
    if (!answer || alone_since_look_) return answer;
    everybody_.look_again();
    if (answer->derived.private_version != everybody_.version()) return std::nullopt;
    return answer;
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

void Meaning::work_out_practitioner(
    Writing& writing, const domain_store::Joined& joined, const change::GroupKey& who
) {
    std::vector<domain::RecordFact> facts;
    for (auto& record : records_.standing_of_practitioner(who.source, who.source_id))
        facts.push_back({record.key, record.version, record.since_us, std::move(record.body)});
    const Timestamp now = settings_.rules.clinic_zone.at(writing.now_us);
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
            return settings_.rules.zone_of_branch(source, branch);
        },
        today, today.plus_days(settings_.slot_days)
    );
    Json before = Json::object();
    if (!joined.announced.empty())
        if (auto document = parse_json(joined.announced.front())) before = std::move(*document);
    auto changes = domain::diff_slots(before, current, identity_, today, now);
    append(writing, changes.events, nobody());
    domain_store::GroupStore::State state;
    state.announced = canonical_json(changes.announced);
    // Tomorrow the window reaches one day further.
    state.next_tick_us = settings_.rules.clinic_zone.start_of_day(today.plus_days(1)).unix_us;
    groups_.save(writing.transaction, joined.group, state);
    ++writing.report.groups;
}

void Meaning::append(
    Writing& writing, const std::vector<domain::Event>& events, const Concerned& concerned
) {
    const auto disclosed = disclose(events, {}, practitioner_names_, concerned);
    const auto appended = writing.appender.append(disclosed.leaving, {writing.now_us});
    outbox::write_trace(
        writing.transaction, writing.appender, disclosed.trace, disclosed.leaving, appended,
        writing.now_us
    );
    writing.report.events += static_cast<std::int64_t>(disclosed.leaving.size());
    writing.report.withheld += disclosed.withheld;
    gate_counts_ += disclosed.gate;
}

void Meaning::announce(
    sqlite::Transaction& transaction, const std::vector<domain::Event>& events, std::int64_t now_us
) {
    outbox::Outbox::Appender appender(outbox_, transaction);
    MeaningReport report;
    Writing writing{transaction, appender, now_us, report};
    append(writing, events, nobody());
    appender.finish();
}

}  // namespace mis::gateway
