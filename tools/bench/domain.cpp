// bench_domain: how many procedures a second the domain derives on one core without any disk:
// evaluate() from stored bodies to events with ids.
//
// Two clinics of invented patients with --lines procedures each: one without accounts or plans, one
// where each has a limit and a plan whose items the procedures fulfil. "first" derives everything
// as news, "again" derives the same facts against what was announced. Two steps of either are told
// by themselves: "read" makes typed facts of the bodies, "derive" makes the state of those (plans,
// accounts, charges); the rest is the difference, as events with ids. A last figure is the share of
// reading the announced state and writing it, which the store asks for around each evaluation.
// Rates are per second of processor time, so a busy machine disturbs them little.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ctime>

#include "base/json.hpp"
#include "domain/evaluate.hpp"
#include "domain/state.hpp"

using namespace mis;

namespace {

std::string procedure_body(int patient, int line, bool with_limit) {
    Json body{
        {"source_id", fmt::format("{}", patient * 1000 + line)},
        {"patient_source_id", fmt::format("{}", patient)},
        {"branch_source_id", "1"},
        {"practitioner_source_id", "101"},
        {"performed_at", fmt::format("2026-03-{:02}T10:00:00+03:00", 1 + line % 28)},
        {"state", "done"},
        {"service_code", fmt::format("A16.07.{:03}", 1 + line)},
        {"service_name", "Лечение"},
        {"nomenclature", fmt::format("A16.07.{:03}", 1 + line)},
        {"quantity", "1"},
        {"teeth", {"36"}},
        {"list_total", {{"minor", 450'000}, {"currency", "RUB"}}},
        {"discount", {{"minor", 45'000}, {"currency", "RUB"}}},
        {"total", {{"minor", 405'000}, {"currency", "RUB"}}},
        {"payer", with_limit ? "limit" : "patient"}};
    if (with_limit) body["limit_source_id"] = fmt::format("{}", patient);
    return canonical_json(body);
}

domain::GroupFacts facts_of(int patient, int lines, bool with_plan, const Zone& zone) {
    domain::GroupFacts facts;
    facts.now = zone.at(1'775'000'000'000'000);
    const auto add = [&](const char* kind, std::string id, std::string body) {
        facts.records.push_back(
            {{"mis", kind, std::move(id)}, 1, 1'774'000'000'000'000, std::move(body)}
        );
    };
    const std::string id = fmt::format("{}", patient);
    add("patient", id,
        canonical_json(Json{
            {"source_id", id},
            {"last_name", "Тестова"},
            {"first_name", "Анна"},
            {"phones", {"+79000000001"}}}));
    for (int line = 0; line < lines; ++line)
        add("procedure", fmt::format("{}", patient * 1000 + line),
            procedure_body(patient, line, with_plan));
    if (!with_plan) return facts;
    add("limit", id,
        canonical_json(Json{
            {"source_id", id},
            {"patient_source_id", id},
            {"kind", "insurance"},
            {"valid_from", "2026-01-01"},
            {"valid_to", "2026-12-31"},
            {"granted", {{"minor", 10'000'000}, {"currency", "RUB"}}}}));
    add("plan", id,
        canonical_json(Json{
            {"source_id", id},
            {"patient_source_id", id},
            {"created_on", "2026-02-01"},
            {"active", true}}));
    for (int line = 0; line < lines; ++line)
        add("plan_item", fmt::format("{}", patient * 1000 + line),
            canonical_json(Json{
                {"source_id", fmt::format("{}", patient * 1000 + line)},
                {"plan_source_id", id},
                {"stage", 1},
                {"position", line},
                {"service_code", fmt::format("A16.07.{:03}", 1 + line)},
                {"nomenclature", fmt::format("A16.07.{:03}", 1 + line)},
                {"quantity", "1"},
                {"teeth", {"36"}},
                {"total", {{"minor", 405'000}, {"currency", "RUB"}}}}));
    return facts;
}

struct Rate {
    double first = 0, again = 0, read = 0, derive = 0, state = 0;  // procedures a second
    std::size_t events = 0;
};

Rate measure(int patients, int lines, bool with_plan) {
    const Zone zone = *Zone::find("Europe/Moscow");
    const Identity identity("bench-clinic", std::string(32, 'k'));
    domain::Rules rules(zone);
    rules.export_mode = domain::ExportMode::all;
    rules.export_ground = "invented data";
    rules.event_id_of = [&](std::string_view entity, std::string_view type,
                            std::string_view content, std::uint64_t nth) {
        return identity.event_id(1, entity, type, content, nth);
    };
    Rate rate;
    // One patient after the other, as the pipeline does: nothing of the others is kept.
    std::clock_t first = 0, again = 0, read = 0, derive = 0, state = 0;
    for (int patient = 1; patient <= patients; ++patient) {
        const auto facts = facts_of(patient, lines, with_plan, zone);
        const std::clock_t began = std::clock();
        const auto outcome = domain::evaluate(facts, {}, rules, identity);
        const std::clock_t derived = std::clock();
        if (!domain::evaluate(facts, outcome.after, rules, identity).events.empty())
            fmt::print(stderr, "bench_domain: events although nothing changed\n");
        const std::clock_t compared = std::clock();
        if (!domain::Announced::from_text(outcome.after.to_text()))
            fmt::print(stderr, "bench_domain: the state does not come back\n");
        const std::clock_t came_back = std::clock();
        const auto typed = domain::read_facts(facts, rules, identity);
        const std::clock_t were_read = std::clock();
        domain::Announced after;
        if (domain::derive(typed, facts, {}, after, rules, identity).ledger.charges.empty())
            fmt::print(stderr, "bench_domain: nothing is charged\n");
        derive += std::clock() - were_read;
        read += were_read - came_back;
        state += came_back - compared;
        again += compared - derived;
        first += derived - began;
        rate.events += outcome.events.size();
    }
    const auto per_second = [&](std::clock_t spent) {
        return static_cast<double>(patients) * lines * CLOCKS_PER_SEC / static_cast<double>(spent);
    };
    rate.first = per_second(first);
    rate.again = per_second(again);
    rate.read = per_second(read);
    rate.derive = per_second(derive);
    rate.state = per_second(state);
    return rate;
}

}  // namespace

int main(int argc, char** argv) {
    int patients = 5'000, lines = 20;
    CLI::App app{"Rate of the domain."};
    app.add_option("--patients", patients);
    app.add_option("--lines", lines)->check(CLI::Range(1, 999));
    std::string only;
    app.add_option("--only", only)->check(CLI::IsMember({"plain", "plan"}));
    CLI11_PARSE(app, argc, argv);
    for (const bool with_plan : {false, true}) {
        if (!only.empty() && (only == "plan") != with_plan) continue;
        const Rate rate = measure(patients, lines, with_plan);
        fmt::print(
            "{{\"patients\":\"{}\",\"procedures\":{},\"events\":{},\"first_per_second\":{:.0f},"
            "\"again_per_second\":{:.0f},\"read_per_second\":{:.0f},\"derive_per_second\":{:.0f},"
            "\"state_per_second\":{:.0f}}}\n",
            with_plan ? "with limit and plan" : "plain", patients * lines, rate.events, rate.first,
            rate.again, rate.read, rate.derive, rate.state
        );
    }
}
