#include "domain/limit_ledger/announce.hpp"

#include <algorithm>

#include "domain/body_fields.hpp"
#include "domain/limit_ledger/closing.hpp"
#include "domain/limit_ledger/disagreements.hpp"

namespace mis::domain {
namespace {

JsonFields figures(const Account& account) {
    JsonFields data;
    data.string("limit", account.id).money("granted", account.granted);
    data.money("consumed", account.consumed).money("remaining", account.remaining());
    data.money("overrun", account.overrun());
    return data;
}

void add_terms(JsonFields& data, const Account& account) {
    data.string("kind", account.kind).string("overrun_payer", account.overrun_payer);
    if (account.valid_from) data.string("valid_from", account.valid_from->to_string());
    if (account.valid_to) data.string("valid_to", account.valid_to->to_string());
    if (!account.party().empty()) data.string("payer_party", account.party());
    if (!account.orders.empty()) data.string("order", *account.orders.begin());
    if (account.shared()) data.boolean("shared", true);
    if (account.since) data.string("since", account.since->to_string());
    if (account.first_sum) data.money("first_sum", *account.first_sum);
}

// Under which names the account is remembered (D1), so that a log tells it. Whose visits stay in
// the clinic is not named (X1).
constexpr std::size_t kNamesMax = 100;  // an event stays under 20 kB
std::string remembered_names(const Change& change, const Account& account) {
    const auto& remembered = change.drafts.after().account_of;
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) {
        const auto known = remembered.find(name);
        if (known != remembered.end() && known->second == account.id && names.size() < kNamesMax)
            names.push_back(name);
    };
    for (const LimitStatement& said : account.statements) {
        if (!change.gate.patient(said.patient).allowed()) continue;
        if (said.known_by.empty()) add(said.id);
        for (auto name = said.known_by.rbegin(); name != said.known_by.rend(); ++name) add(*name);
    }
    std::sort(names.begin(), names.end());
    return names.empty() ? std::string() : canonical_json(Json(names));
}

bool from_exchange(const Account& account) {
    return account.statements.front().strength == Strength::exchange;
}

// Of the MIS that the account stands in; of several the first.
std::string source_of(const Account& account, const Change& change) {
    for (const LimitStatement& said : account.statements)
        if (said.key.kind == "limit") return said.key.source;
    return change.typed.mis_source;
}

Draft& add(
    Change& change, const Account& account, const std::string& type, JsonText data,
    JsonText identity, int turn = 0
) {
    Draft& draft = change.drafts.add(type, change.now(), std::move(data), std::move(identity));
    draft.entity(account.id).about("limit/" + account.id).with(permission_of(change, account));
    draft.source_id = account.row();
    draft.turn = turn;
    if (account.shared())
        draft.event.partition_key = "limit/" + account.id;
    else
        draft.of_patient(account.patient);
    const bool by_exchange =
        (type == "limit.opened" || type == "limit.granted") && from_exchange(account);
    draft.event.source = by_exchange ? "" : source_of(account, change);
    if (const std::string& message = account.statements.front().granted_by;
        by_exchange && !message.empty())
        draft.event.data.set_string("request", message);
    if (type != "limit.rule_violated")
        if (std::string names = remembered_names(change, account); !names.empty())
            draft.event.data.set("stated_by", names);
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
        granted ? granted->minor : 0, consumed_when_told(change.before, account.id).minor,
        low_percent
    );
}

void announce_mismatch(
    Change& change, const Account& account, const char* field, Money ours, Money theirs,
    std::string lines, const std::string& message = {}
) {
    const std::string key =
        "mismatch/" + account.id + "/" + field + "/" + ours.to_string() + "/" + theirs.to_string();
    if (change.told(key, permission_of(change, account)) != nullptr) return;
    JsonFields identity, data = figures(account);
    for (JsonFields* fields : {&identity, &data})
        fields->string("field", field).money("ours", ours).money("theirs", theirs);
    data.raw("lines", std::move(lines));
    Draft& draft = add(change, account, "limit.mismatch", data.text(), identity.text());
    if (!message.empty()) draft.event.data.set_string("request", message);
    if (account.first_sum) draft.event.data.set("first_sum", json_money(*account.first_sum));
}

// L9: the one line that explains the difference, else all. Lines that stay in the clinic are named
// to nobody (X1).
std::string explaining_lines(
    const Change& change, const Account& account, std::int64_t difference
) {
    std::vector<const Line*> told;
    for (const Line* line : account.lines) {
        if (!change.gate.record(line->patient, line->performed_at).allowed()) continue;
        if (line->total.minor == std::abs(difference) && difference != 0)
            return "[" + json_string(line->id) + "]";
        told.push_back(line);
    }
    std::string lines = "[";
    const std::size_t first =
        told.size() > 200 ? told.size() - 200 : 0;  // an event stays under 20 kB
    for (std::size_t i = first; i < told.size(); ++i) {
        if (lines.size() > 1) lines += ',';
        append_json_string(lines, told[i]->id);
    }
    return lines += ']';
}

void announce_violation(
    Change& change, const std::vector<Account>& accounts, const Violation& violation
) {
    const Line& line = *violation.line;
    const bool stranger = violation.rule == "not_a_member";  // the account is others' business
    const auto account = std::find_if(accounts.begin(), accounts.end(), [&](const Account& a) {
        return a.id == violation.limit;
    });
    Permission permission = change.gate.record(line.patient, line.performed_at);
    if (!stranger && permission.allowed()) permission = permission_of(change, *account);
    const std::string key = "violation/" + line.id + "/" + violation.limit + "/" + violation.rule;
    const Standing* told =
        change.drafts.after().find(key);  // a corrected line's violations are new ones
    if (told != nullptr && !(told->leaves == Export::withheld && permission.allowed())) return;
    JsonFields identity, data;
    if (stranger)
        data.string("limit", violation.limit);
    else
        data = figures(*account);
    for (JsonFields* fields : {&identity, &data}) {
        fields->string("rule", violation.rule);
        fields->raw("lines", "[" + json_string(line.id) + "]");
    }
    const auto finish = [&](Draft& draft) {
        draft.at(line.performed_at, line.key.source_id).with(permission);
        draft.event.time = line.performed_at;
    };
    if (!stranger) {
        finish(add(change, *account, "limit.rule_violated", data.text(), identity.text()));
        return;
    }
    Draft& draft =
        change.drafts.add("limit.rule_violated", line.performed_at, data.text(), identity.text());
    draft.entity(violation.limit).about("limit/" + violation.limit).of_patient(line.patient);
    draft.event.source = line.key.source;
    draft.event.record_id = violation.limit;
    finish(draft);
}

void compare_with_sources(Change& change, const Account& account) {
    for (const Disagreement& one : disagreements_of(account, change.rules)) {
        const bool used = one.field == std::string_view("used");
        announce_mismatch(
            change, account, one.field, one.ours, one.theirs,
            used ? explaining_lines(change, account, (one.ours - one.theirs).minor) : "[]",
            used ? std::string() : one.said->granted_by
        );
    }
}

void compare_with_stops(
    Change& change, const Account& account, const std::map<std::string, Stop>& stops
) {  // L8
    for (const std::string& patient : account.patients) {
        const auto stop = stops.find(patient);
        if (stop == stops.end()) continue;
        if (!judges(stop->second, account, change.rules)) continue;
        if (!stop->second.has_come) {
            change.tick_at(stop->second.from);
        } else if (!account.exhausted()) {
            const Money nothing{0, account.granted.currency};
            announce_mismatch(
                change, account, "remaining", account.remaining(), nothing,
                explaining_lines(change, account, 0)
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
        const Standing* was = change.before.find("charge/" + key);
        if (was != nullptr && was->event_id == charge.event_id) return;
        for (const JsonView part : charge.data.find("overruns").elements())
            overflowed = overflowed || part.find("limit").string() == limit;
    });
    return overflowed;
}

}  // namespace

void announce_grants(Change& change, const std::vector<Account>& accounts) {
    for (const Account& account : accounts) {
        const Standing* told = change.told("limit/" + account.id, permission_of(change, account));
        const auto was = told == nullptr ? std::nullopt : told->data.find("granted").money();
        const bool same_currency = was && was->currency == account.granted.currency;
        const std::string owner =
            told == nullptr ? std::string() : told->data.find("patient").string();
        const bool moved = !owner.empty() && !account.shared() &&
                           owner != account.patient;  // no owner: it was shared
        if (told == nullptr || !same_currency || moved || is_reopened(account, told, change)) {
            const char* reason = told == nullptr ? "new" : moved ? "merged" : "reopened";
            JsonFields identity, data = figures(account);
            add_terms(data, account);
            data.string("reason", reason);
            identity.money("granted", account.granted).string("reason", reason);
            add(change, account, "limit.opened", data.text(), identity.text());
        }
        if (!same_currency || *was == account.granted) continue;
        const Money amount = account.granted - *was;
        JsonFields identity, data = figures(account);
        data.money("amount", amount);
        if (account.since) data.string("since", account.since->to_string());
        if (account.first_sum) data.money("first_sum", *account.first_sum);
        identity.money("granted", account.granted).money("amount", amount);
        add(change, account, "limit.granted", data.text(), identity.text());
    }
}

void announce_judgements(
    Change& change, const std::vector<Account>& accounts, const Ledger& ledger,
    const std::map<std::string, Stop>& stops
) {
    const int low_percent = change.rules.low_threshold_percent;
    for (const Violation& violation : ledger.violations)
        announce_violation(change, accounts, violation);
    for (const Account& account : accounts) {
        const Thresholds was = told_thresholds(change, account, low_percent);
        const Thresholds is = judge(account.granted.minor, account.consumed.minor, low_percent);
        const auto announce = [&](const char* type) {
            JsonFields identity;
            identity.money("granted", account.granted).money("consumed", account.consumed);
            add(change, account, type, figures(account).text(), identity.text());
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
    const auto identity_of = [](const Account& account, int revision) {
        JsonFields fields = figures(account);
        fields.money("write_off", account.consumed - account.overrun());
        return fields.integer("revision", revision).text();
    };
    const auto listed = [](const std::vector<std::string>& reasons) {
        return canonical_json(Json(reasons));
    };
    for (const Account& account : accounts) {
        const Standing* told = change.told("limit/" + account.id, permission_of(change, account));
        const auto reasons = closing_reasons(account, tracked, change);
        const JsonText nothing;
        const BodyFields was(told == nullptr ? nothing : told->data);
        const bool was_closed = was.flag("closed").value_or(false);
        const bool reopened = is_reopened(account, told, change);
        const auto known = was.texts("reasons");
        bool closes = false;
        if (was_closed && !reopened) {
            closes = account.consumed != was.money("consumed") ||
                     account.granted != was.money("granted") ||
                     account.overrun() != was.money("overrun") || was_booked_on(change, account.id);
        } else {
            closes = closes_now(reasons, known, change);
        }
        if (!closes) continue;
        JsonText identity = identity_of(account, was.integer("revision").value_or(0) + 1);
        JsonText data = identity;
        data.set("reasons", listed(reasons.empty() ? known : reasons));
        Draft& draft = add(change, account, "limit.closed", std::move(data), std::move(identity));
        if (!was_closed) draft.event.time = closed_since(account, reasons, known, change);
    }
    for_each_standing(change.before, "limit/", [&](const std::string& id, const Standing& told) {
        const bool present = std::any_of(accounts.begin(), accounts.end(), [&](const Account& a) {
            return a.id == id;
        });
        const BodyFields was(told.data);
        const auto reasons = was.texts("reasons");
        const bool known = std::find(reasons.begin(), reasons.end(), "removed") != reasons.end();
        if (present || (known && was.flag("closed").value_or(false))) return;
        Account gone;  // its every source is gone; its lines wait uncharged
        gone.id = id;
        gone.granted = was.money("granted").value_or(Money{});
        gone.consumed.currency = gone.granted.currency;
        JsonText identity = identity_of(gone, was.integer("revision").value_or(0) + 1);
        JsonText data = identity;
        data.set("reasons", listed({"removed"}));
        const std::string patient = was.text("patient");
        Draft& draft =
            change.drafts.add("limit.closed", change.now(), std::move(data), std::move(identity));
        draft.entity(id)
            .about("limit/" + id)
            .with(change.gate.fallen(told.leaves, patient))
            .of_patient(patient);
        draft.source_id = id;
        draft.event.source = change.source_of("limit", id);
        draft.event.record_id = id;
    });
}

}  // namespace mis::domain
