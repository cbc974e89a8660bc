#include "domain/limit_ledger/announce.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/limit_ledger/closing.hpp"

namespace mis::domain {
namespace {

Permission permission_of(const Change& change, const Account& account) {
    Permission permission = change.gate.patient(account.patient);
    for (const std::string& patient : account.patients) {
        if (!permission.allowed()) permission = change.gate.patient(patient);
    }
    return permission;
}

Json figures(const Account& account) {
    return Json{
        {"limit", account.id},
        {"granted", to_json_value(account.granted)},
        {"consumed", to_json_value(account.consumed)},
        {"remaining", to_json_value(account.remaining())},
        {"overrun", to_json_value(account.overrun())}};
}

void add_terms(Json& data, const Account& account) {
    data["kind"] = account.kind;
    data["overrun_payer"] = account.overrun_payer;
    if (account.valid_from) data["valid_from"] = account.valid_from->to_string();
    if (account.valid_to) data["valid_to"] = account.valid_to->to_string();
    if (!account.party().empty()) data["payer_party"] = account.party();
    if (!account.orders.empty()) data["order"] = *account.orders.begin();
    if (account.shared()) data["shared"] = true;
}

bool from_exchange(const Account& account) {
    return account.statements.front().strength == Strength::exchange;
}

Draft& add(
    Change& change, const Account& account, const std::string& type, Json data,
    const Json& identity, int turn = 0
) {
    Draft& draft = change.drafts.add(type, change.now(), std::move(data), identity);
    draft.entity(account.id).about("limit/" + account.id).with(permission_of(change, account));
    draft.source_id = account.id;
    draft.turn = turn;
    if (account.shared())
        draft.event.partition_key = "limit/" + account.id;
    else
        draft.of_patient(account.patient);
    const bool grant = type == "limit.opened" || type == "limit.granted";
    draft.event.source = grant && from_exchange(account) ? "" : change.typed.mis_source;
    draft.event.record_id = account.id;
    draft.event.party = account.party();
    return draft;
}

// L4. The two sums say everything: both sides of the difference are judged by today's threshold, so
// a changed setting announces nothing.
struct Thresholds {
    bool low = false, exhausted = false, overrun = false;
};

Thresholds judge(std::int64_t granted, std::int64_t consumed, int low_percent) {
    if (granted == 0 && consumed == 0) return {};
    const auto wide = [](std::int64_t a, std::int64_t b) { return static_cast<__int128_t>(a) * b; };
    return Thresholds{
        wide(consumed, 100) >= wide(granted, low_percent), consumed >= granted, consumed > granted};
}

Thresholds told_thresholds(const Change& change, const Account& account, int low_percent) {
    const Standing* told = change.told("limit/" + account.id, permission_of(change, account));
    if (told == nullptr) return {};
    const auto granted = BodyFields(told->data).money("granted");
    return judge(
        granted ? granted->minor : 0, change.before.consumed(account.id).minor, low_percent
    );
}

void announce_mismatch(
    Change& change, const Account& account, const char* field, Money ours, Money theirs, Json lines
) {
    Json data = figures(account);
    data["field"] = field;
    data["ours"] = to_json_value(ours);
    data["theirs"] = to_json_value(theirs);
    const std::string key =
        "mismatch/" + account.id + "/" + field + "/" + ours.to_string() + "/" + theirs.to_string();
    if (change.told(key, permission_of(change, account)) != nullptr) return;
    const Json identity{{"field", field}, {"ours", data["ours"]}, {"theirs", data["theirs"]}};
    data["lines"] = std::move(lines);
    add(change, account, "limit.mismatch", std::move(data), identity);
}

// L9: the one line that explains the difference, else the ones that overflowed, else all.
Json explaining_lines(const Account& account, std::int64_t difference) {
    Json lines = Json::array();
    for (const Line* line : account.lines) {
        if (line->total.minor == std::abs(difference) && difference != 0) {
            lines.push_back(line->id);
            return lines;
        }
    }
    const std::size_t first =
        account.lines.size() > 200 ? account.lines.size() - 200 : 0;  // an event stays under 20 kB
    for (std::size_t i = first; i < account.lines.size(); ++i)
        lines.push_back(account.lines[i]->id);
    return lines;
}

void compare_with_sources(Change& change, const Account& account) {
    const LimitStatement& strongest = account.statements.front();
    for (const LimitStatement& said : account.statements) {
        if (said.used && said.used->currency == account.granted.currency) {
            const bool agrees = *said.used == account.consumed ||
                                *said.used == account.consumed - account.overrun();
            if (!agrees) {
                const Json lines =
                    explaining_lines(account, account.consumed.minor - said.used->minor);
                announce_mismatch(change, account, "used", account.consumed, *said.used, lines);
            }
        }
        const bool comparable = said.strength != strongest.strength &&
                                said.granted.currency == account.granted.currency;
        if (comparable && said.granted != account.granted) {
            announce_mismatch(
                change, account, "granted", account.granted, said.granted, Json::array()
            );
        }
    }
}

void compare_with_stops(
    Change& change, const Account& account, const std::map<std::string, Stop>& stops
) {  // L8
    for (const std::string& patient : account.patients) {
        const auto stop = stops.find(patient);
        if (stop == stops.end()) continue;
        if (!stop->second.has_come) {
            change.tick_at(stop->second.from);
        } else if (!account.exhausted()) {
            const Money nothing{0, account.granted.currency};
            announce_mismatch(
                change, account, "remaining", account.remaining(), nothing,
                explaining_lines(account, 0)
            );
        }
    }
}

// L7: something was booked on the account in this change set, though its sums may have stayed.
bool was_booked_on(const Change& change, const std::string& limit) {
    const Announced& after = change.drafts.after();
    for (std::size_t i = change.before.ledger.size(); i < after.ledger.size(); ++i) {
        if (after.ledger[i].limit == limit) return true;
    }
    bool overflowed = false;
    for_each_standing(after, "charge/", [&](const std::string& key, const Standing& charge) {
        const Json* overruns = BodyFields(charge.data).find("overruns");
        const Standing* was = change.before.find("charge/" + key);
        if (overruns == nullptr || (was != nullptr && was->event_id == charge.event_id)) return;
        for (const Json& part : *overruns)
            overflowed = overflowed || part.value("limit", "") == limit;
    });
    return overflowed;
}

}  // namespace

void announce_grants(Change& change, const std::vector<Account>& accounts) {
    for (const Account& account : accounts) {
        const Standing* told = change.told("limit/" + account.id, permission_of(change, account));
        const auto was = told == nullptr ? std::nullopt : BodyFields(told->data).money("granted");
        const bool same_currency = was && was->currency == account.granted.currency;
        const std::string owner =
            told == nullptr ? std::string() : BodyFields(told->data).text("patient");
        const bool moved = !owner.empty() && !account.shared() &&
                           owner != account.patient;  // no owner: it was shared
        if (told == nullptr || !same_currency || moved || is_reopened(account, told, change)) {
            Json data = figures(account);
            add_terms(data, account);
            data["reason"] = told == nullptr ? "new" : moved ? "merged" : "reopened";
            add(change, account, "limit.opened", data,
                Json{{"granted", data["granted"]}, {"reason", data["reason"]}});
        }
        if (!same_currency || *was == account.granted) continue;
        Json data = figures(account);
        data["amount"] = to_json_value(account.granted - *was);
        add(change, account, "limit.granted", data,
            Json{{"granted", data["granted"]}, {"amount", data["amount"]}});
    }
}

void announce_judgements(
    Change& change, const std::vector<Account>& accounts, const Ledger& ledger,
    const std::map<std::string, Stop>& stops
) {
    const int low_percent = change.rules.low_threshold_percent;
    for (const Violation& violation : ledger.violations) {
        const auto account = std::find_if(accounts.begin(), accounts.end(), [&](const Account& a) {
            return a.id == violation.limit;
        });
        Permission permission = permission_of(change, *account);
        if (!change.gate.record(violation.line->patient, violation.line->performed_at).allowed())
            permission = {};
        const std::string key =
            "violation/" + violation.line->id + "/" + violation.limit + "/" + violation.rule;
        const Standing* told =
            change.drafts.after().find(key);  // a corrected line's violations are new ones
        if (told != nullptr && !(told->leaves == Export::withheld && permission.allowed()))
            continue;
        Json data = figures(*account);
        data["rule"] = violation.rule;
        data["lines"] = Json::array({violation.line->id});
        Draft& draft =
            add(change, *account, "limit.rule_violated", data,
                Json{{"rule", data["rule"]}, {"lines", data["lines"]}});
        draft.at(violation.line->performed_at, violation.line->key.source_id).with(permission);
        draft.event.time = violation.line->performed_at;
    }
    for (const Account& account : accounts) {
        const Thresholds was = told_thresholds(change, account, low_percent);
        const Thresholds is = judge(account.granted.minor, account.consumed.minor, low_percent);
        const auto announce = [&](const char* type) {
            Json data = figures(account);
            add(change, account, type, data,
                Json{{"granted", data["granted"]}, {"consumed", data["consumed"]}});
        };
        if (is.low && !was.low) announce("limit.low");
        if (is.exhausted && !was.exhausted) announce("limit.exhausted");
        if (is.overrun && !was.overrun) announce("limit.overrun");
        compare_with_sources(change, account);
        compare_with_stops(change, account, stops);
    }
}

void announce_closings(
    Change& change, const std::vector<Account>& accounts, const Tracked& tracked
) {
    const auto data_of = [](const Account& account, const Json& reasons, int revision) {
        Json data = figures(account);
        data["write_off"] = to_json_value(account.consumed - account.overrun());
        data["revision"] = revision;
        data["reasons"] = reasons;
        return data;
    };
    for (const Account& account : accounts) {
        const Standing* told = change.told("limit/" + account.id, permission_of(change, account));
        const Json reasons = closing_reasons(account, tracked, change);
        const bool was_closed = told != nullptr && told->data.value("closed", false);
        const bool reopened = is_reopened(account, told, change);
        const Json known =
            told == nullptr ? Json::array() : told->data.value("reasons", Json::array());
        bool closes = false;
        if (was_closed && !reopened) {
            const Json now = figures(account);
            closes = now["consumed"] != told->data.value("consumed", Json()) ||
                     now["granted"] != told->data.value("granted", Json()) ||
                     now["overrun"] != told->data.value("overrun", Json()) ||
                     was_booked_on(change, account.id);
        } else {
            for (const Json& reason : reasons) {
                closes = closes || std::find(known.begin(), known.end(), reason) == known.end();
            }
        }
        if (!closes) continue;
        const int revision = (told == nullptr ? 0 : told->data.value("revision", 0)) + 1;
        Json data = data_of(account, reasons.empty() ? known : reasons, revision);
        Json identity = data;
        identity.erase("reasons");
        add(change, account, "limit.closed", std::move(data), identity);
    }
    for_each_standing(change.before, "limit/", [&](const std::string& id, const Standing& told) {
        const bool present = std::any_of(accounts.begin(), accounts.end(), [&](const Account& a) {
            return a.id == id;
        });
        const Json reasons = told.data.value("reasons", Json::array());
        const bool known =
            std::find(reasons.begin(), reasons.end(), Json("removed")) != reasons.end();
        if (present || (known && told.data.value("closed", false))) return;
        Account gone;  // its every source is gone; its lines wait uncharged
        gone.id = id;
        gone.granted = BodyFields(told.data).money("granted").value_or(Money{});
        gone.consumed.currency = gone.granted.currency;
        Json data = data_of(gone, Json::array({"removed"}), told.data.value("revision", 0) + 1);
        Json identity = data;
        identity.erase("reasons");
        const std::string patient = BodyFields(told.data).text("patient");
        Draft& draft = change.drafts.add("limit.closed", change.now(), std::move(data), identity);
        draft.entity(id)
            .about("limit/" + id)
            .with(change.gate.fallen(told.leaves, patient))
            .of_patient(patient);
        draft.source_id = id;
        draft.event.source = change.typed.mis_source;
        draft.event.record_id = id;
    });
}

}  // namespace mis::domain
