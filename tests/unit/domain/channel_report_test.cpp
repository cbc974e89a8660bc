#include "domain/attribution/channel_report.hpp"

#include <doctest/doctest.h>

#include "domain/history.hpp"

using namespace mis;
using namespace mis::domain;

namespace channel_report_test {
namespace {

RecordFact fact(const std::string& kind, const std::string& id, const Json& body) {
    RecordFact found;
    found.key = {"mis", kind, id};
    found.body = canonical_json(body);
    return found;
}

Json rub(std::int64_t roubles) { return to_json_value(Money{roubles * 100, Currency{}}); }

RecordFact patient(
    const std::string& id, const std::string& channel, bool referred = false,
    const std::string& merged = ""
) {
    Json body{{"source_id", id}, {"referred", referred}};
    if (!channel.empty()) body["channel"] = channel;
    if (!merged.empty()) body["merged_into"] = merged;
    return fact("patient", id, body);
}

RecordFact visit(
    const std::string& id, const std::string& who, const std::string& day,
    const std::string& status = "completed"
) {
    return fact(
        "appointment", id,
        {{"patient_source_id", who}, {"starts_at", day + "T10:00:00+03:00"}, {"status", status}}
    );
}

RecordFact payment(
    const std::string& id, const std::string& who, std::int64_t roubles,
    const std::string& kind = "payment", Json more = Json::object()
) {
    Json body{
        {"patient_source_id", who},
        {"paid_at", "2026-03-05T12:00:00+03:00"},
        {"amount", rub(roubles)},
        {"kind", kind}};
    body.update(more);
    return fact("payment", id, body);
}

std::string table(const std::vector<ChannelRow>& rows) {
    std::string text;
    for (const ChannelRow& row : rows) {
        text += row.kind == ChannelRowKind::channel       ? row.channel
                : row.kind == ChannelRowKind::recommended ? "(recommended)"
                                                          : "(unknown)";
        text += " first " + std::to_string(row.first_visits) + " income " +
                std::to_string(row.income.minor / 100) + " barter " +
                std::to_string(row.barter.minor / 100) + " gift " +
                std::to_string(row.gift.minor / 100);
        if (row.cost) text += " cost " + std::to_string(row.cost->minor / 100);
        if (row.roi_percent) text += " roi " + row.roi_percent->to_string();
        text += "\n";
    }
    return text;
}

}  // namespace

TEST_CASE(
    "A4: income is payments minus refunds of patients whose first visit came by the channel; ROI "
    "from the costs given"
) {
    const std::vector facts{
        patient("1", "Яндекс"),
        patient("2", "яндекс"),
        patient("3", "Вывеска"),
        patient("4", ""),
        patient("5", "Яндекс"),
        visit("v1", "1", "2026-03-02"),
        visit("v2", "2", "2026-03-03"),
        visit("v3", "3", "2026-03-03"),
        visit("v4", "4", "2026-03-04"),
        visit("v5", "5", "2026-03-04", "no_show"),
        payment("p1", "1", 10'000),
        payment("p2", "2", 5'000, "prepayment"),
        payment("p3", "1", 3'000, "refund"),
        payment("p4", "3", 700),
        payment("p5", "4", 900),
        payment("p6", "5", 100'000),
        payment("p7", "1", 8'000, "transfer"),
        payment("p8", "1", 8'000, "write_off"),
    };
    const std::vector<ChannelCost> costs{
        {"ЯНДЕКС", Money{8'000'00, {}}}, {"Радио", Money{1'000'00, {}}}, {"Вывеска", Money{0, {}}}};
    CHECK(
        table(report_channels(facts, costs, std::nullopt)) ==
        "ЯНДЕКС first 2 income 12000 barter 0 gift 0 cost 8000 roi 50\n"
        "Вывеска first 1 income 700 barter 0 gift 0 cost 0\n"
        "Радио first 0 income 0 barter 0 gift 0 cost 1000 roi -100\n"
        "(unknown) first 1 income 900 barter 0 gift 0\n"
    );
}

TEST_CASE("A4: recommended patients are left out of their channel, barter and gift shown apart") {
    const std::vector facts{
        patient("1", "Сайт"),
        patient("2", "Сайт", true),
        visit("v1", "1", "2026-03-02"),
        visit("v2", "2", "2026-03-02"),
        fact("limit", "L1", {{"kind", "barter"}}),
        fact("limit", "L2", {{"kind", "gift"}}),
        fact("limit", "L3", {{"kind", "insurance"}}),
        payment("p1", "1", 1'000),
        payment("p2", "2", 50'000),
        payment("p3", "1", 400, "payment", {{"method", "certificate"}}),
        payment("p4", "1", 4'500, "payment", {{"limit_source_id", "L1"}}),
        payment("p5", "1", 2'000, "payment", {{"limit_source_id", "L3"}}),
        fact(
            "procedure", "a",
            {{"patient_source_id", "1"},
             {"performed_at", "2026-03-02T11:00:00+03:00"},
             {"total", rub(4'500)},
             {"limit_source_id", "L1"}}
        ),
        fact(
            "procedure", "b",
            {{"patient_source_id", "1"},
             {"performed_at", "2026-03-02T11:00:00+03:00"},
             {"total", rub(999)},
             {"limit_source_id", "L1"},
             {"state", "in_progress"}}
        ),
        fact(
            "procedure", "c",
            {{"patient_source_id", "1"},
             {"performed_at", "2026-03-02T11:00:00+03:00"},
             {"total", rub(300)},
             {"shares", Json::array(
                            {{{"payer", "limit"}, {"limit_source_id", "L2"}, {"total", rub(200)}},
                             {{"payer", "patient"}, {"total", rub(100)}}}
                        )}}
        ),
    };
    CHECK(
        table(report_channels(facts, {}, std::nullopt)) ==
        "Сайт first 1 income 3000 barter 4500 gift 600\n"
        "(recommended) first 1 income 50000 barter 0 gift 0\n"
    );
}

TEST_CASE(
    "A4: a period bounds first visits, payments and lines; a merged patient counts as the one he "
    "became"
) {
    const std::vector facts{
        patient("1", "Сайт"),
        patient("9", "Радио", false, "1"),
        visit("v1", "1", "2026-02-27"),
        visit("v9", "9", "2026-02-20"),
        payment("p1", "1", 1'000),
        payment("p9", "9", 500),
        payment("p0", "1", 7'000, "payment", {{"paid_at", "2026-02-28T23:59:59+03:00"}}),
    };
    const ChannelPeriod march{
        *Date::parse_iso("2026-03-01"), *Date::parse_iso("2026-04-01"),
        *Zone::find("Europe/Moscow")};
    CHECK(table(report_channels(facts, {}, march)) == "Сайт first 0 income 1500 barter 0 gift 0\n");
    CHECK(
        table(report_channels(facts, {}, std::nullopt)) ==
        "Сайт first 1 income 8500 barter 0 gift 0\n"
    );
}

TEST_CASE("A4: a ring of merges ends") {
    const std::vector facts{
        patient("1", "Сайт", false, "2"), patient("2", "Сайт", false, "1"), payment("p", "1", 1)};
    CHECK(report_channels(facts, {}, std::nullopt).empty());
}

TEST_CASE(
    "D5, P11: who came before a source counts is no first visit of it, and linked cards are one"
) {
    const auto of = [](RecordFact found) {
        found.key.source = "new";
        return found;
    };
    const std::vector<RecordFact> facts{
        patient("1", "TV"),
        visit("v1", "1", "2026-03-02"),
        payment("z1", "1", 1000),
        of(patient("1", "site")),  // the same person, imported with visit and payment
        of(visit("v1", "1", "2026-03-02")),
        of(payment("z1", "1", 1000)),
        of(patient("2", "site")),  // another one, whom nobody linked: no new patient all the same
        of(visit("v2", "2", "2026-03-02")),
        of(visit("v3", "2", "2026-03-20")),
        of(payment("z2", "2", 500, "payment", {{"paid_at", "2026-03-20T12:00:00+03:00"}})),
        of(patient("3", "site")),
        of(visit("v4", "3", "2026-03-21")),
    };
    Rules rules(*Zone::find("Europe/Moscow"));
    rules.counts_from.emplace("new", *Date::parse_iso("2026-03-10"));
    const std::vector<PatientLink> links{{{"new", "patient", "1"}, {"mis", "patient", "1"}}};
    const SeveralSources sources{
        links, [&](const RecordFact& one) { return is_history(one.key, one.body, rules); }};
    CHECK(
        table(report_channels(facts, {}, std::nullopt, sources)) ==
        "TV first 1 income 1000 barter 0 gift 0\nsite first 1 income 500 barter 0 gift 0\n"
    );
}

}  // namespace channel_report_test
