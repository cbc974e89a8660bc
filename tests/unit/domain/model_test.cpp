// A model test: random changes of a clinic's rows and of the exchange's messages against a
// reference that recomputes everything from the final rows, by simpler means than the domain's own:
// no plans of two kinds, no sources of several strengths, one account.
#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "domain/body_fields.hpp"
#include "support/scenario_world.hpp"

using namespace mis;
using namespace mis::domain;
using mis::test::ScenarioWorld;

namespace {

struct Row {  // a performed line of the invented clinic
    int minute = 0;
    int tooth = 16;
    std::int64_t total = 0;
    bool on_account = false;
};

struct Reference {
    std::int64_t consumed = 0, limit_charged = 0, overrun = 0, patient = 0;
    std::set<int> performed;  // teeth of performed items
};

constexpr int kTeeth[] = {16, 17, 26};

Reference recompute(const std::map<std::string, Row>& rows, std::int64_t granted, bool ordered) {
    std::vector<std::tuple<int, std::string, Row>> in_order;
    for (const auto& [id, row] : rows) in_order.emplace_back(row.minute, id, row);
    std::sort(in_order.begin(), in_order.end(), [](const auto& a, const auto& b) {
        return std::tie(std::get<0>(a), std::get<1>(a)) < std::tie(std::get<0>(b), std::get<1>(b));
    });
    Reference sums;
    for (const auto& [minute, id, row] : in_order) {
        if (ordered &&
            std::find(std::begin(kTeeth), std::end(kTeeth), row.tooth) != std::end(kTeeth)) {
            sums.performed.insert(row.tooth);
        }
        if (!row.on_account) {
            sums.patient += row.total;
            continue;
        }
        const std::int64_t room = std::max<std::int64_t>(0, granted - sums.consumed);
        const std::int64_t inside = std::min(room, row.total);
        sums.consumed += row.total;
        sums.limit_charged += inside;
        sums.overrun += row.total - inside;
    }
    return sums;
}

std::string two(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }

Json record_of(const std::string& id, const Row& row) {
    Json record{
        {"source_id", id},
        {"patient_source_id", "77"},
        {"performed_at",
         "2026-03-03T" + two(8 + row.minute / 60) + ":" + two(row.minute % 60) + ":00+03:00"},
        {"service_code", "T-1"},
        {"nomenclature", "A16.07.002"},
        {"quantity", "1"},
        {"teeth", Json::array({std::to_string(row.tooth)})},
        {"total", to_json_value(Money{row.total, Currency()})}};
    if (row.on_account) record["limit_source_id"] = "L1";
    return record;
}

Json order_message() {
    Json items = Json::array();
    for (const int tooth : kTeeth) {
        items.push_back(Json{
            {"id", "f" + std::to_string(tooth)},
            {"nomenclature", "A16.07.002"},
            {"quantity", "1"},
            {"teeth", Json::array({std::to_string(tooth)})},
            {"total", to_json_value(Money{400000, Currency()})}});
    }
    return Json{
        {"type", "order.placed"},
        {"id", "m1"},
        {"order", "O1"},
        {"items", items},
        {"placed_at", "2026-03-02T09:00:00+03:00"},
        {"patient", {{"last_name", "Тестова"}, {"birth_date", "1990-01-01"}}}};
}

class Clinic {
  public:
    explicit Clinic(std::uint32_t seed) : random_(seed) {
        world.at("2026-03-02T10:00:00+03:00");
        world.upsert(
            "patient",
            Json{{"source_id", "77"}, {"last_name", "Тестова"}, {"birth_date", "1990-01-01"}}
        );
        grant(1000000);
    }

    ScenarioWorld world;
    std::map<std::string, Row> rows;
    std::int64_t granted = 0;
    bool ordered = false;

    void grant(std::int64_t sum) {
        granted = sum;
        world.upsert(
            "limit",
            Json{
                {"source_id", "L1"},
                {"patient_source_id", "77"},
                {"kind", "barter"},
                {"granted", to_json_value(Money{sum, Currency()})}}
        );
    }

    void change_something() {
        switch (pick(10)) {
            case 0:
            case 1:
            case 2:
            case 3: {
                const std::string id = "p" + std::to_string(next_++);
                put(id, Row{pick(600), 16 + pick(3) * (pick(2) == 0 ? 1 : 10),
                            (pick(40) + 1) * 12345, pick(3) > 0});
                break;
            }
            case 4:
            case 5:
            case 6:
                if (!rows.empty()) {
                    Row& row = any()->second;
                    if (pick(3) == 0) row.minute = pick(600);
                    if (pick(3) == 0) row.total = pick(50) * 10000;
                    if (pick(3) == 0) row.tooth = 16 + pick(3);
                    if (pick(3) == 0) row.on_account = !row.on_account;
                    for (const auto& [id, changed] : rows)
                        world.upsert("procedure", record_of(id, changed));
                }
                break;
            case 7:
                if (!rows.empty()) {
                    const auto at = any();
                    world.remove("procedure", at->first);
                    rows.erase(at);
                }
                break;
            case 8:
                grant(pick(30) * 50000);
                break;
            default:
                if (!ordered) world.inbox(order_message());
                ordered = true;
        }
    }

    int pick(int below) { return static_cast<int>(random_() % static_cast<std::uint32_t>(below)); }

  private:
    std::mt19937 random_;
    int next_ = 0;

    std::map<std::string, Row>::iterator any() {
        return std::next(rows.begin(), pick(static_cast<int>(rows.size())));
    }
    void put(const std::string& id, const Row& row) {
        rows[id] = row;
        world.upsert("procedure", record_of(id, row));
    }
};

void require_equal(const Clinic& clinic, const Announced& folded) {
    const Reference wanted = recompute(clinic.rows, clinic.granted, clinic.ordered);
    std::map<std::string, std::int64_t> by_payer;
    std::map<std::string, std::int64_t> by_line;
    for (const auto& [key, standing] : folded.standing) {
        if (key.rfind("charge/", 0) != 0) continue;
        const BodyFields charge(standing.data);
        by_payer[charge.text("payer")] += charge.money("total")->minor;
        by_line[charge.text("procedure")] += charge.money("total")->minor;
    }
    CHECK(by_payer["limit"] == wanted.limit_charged);  // L2: consumed − overrun
    CHECK(by_payer["organization"] == wanted.overrun);
    CHECK(by_payer["patient"] == wanted.patient);
    CHECK(
        by_line.size() == clinic.rows.size()
    );  // no charge without its line, no line without its charge
    for (const auto& [id, row] : clinic.rows) {
        const auto charged =
            by_line.find(clinic.world.identity.public_id("scenario", "procedure", id));
        REQUIRE(charged != by_line.end());
        CHECK(charged->second == row.total);
    }
    std::map<std::string, std::int64_t> booked;  // B5: the ledger alone gives the same sums
    for (const LedgerEntry& entry : folded.ledger) booked[entry.payer] += entry.total.minor;
    for (const auto& [payer, sum] : by_payer) CHECK(booked[payer] == sum);
    for (const int tooth : kTeeth) {
        const std::string plan = clinic.world.identity.public_id("exchange", "plan", "O1");
        const Standing* item = folded.find("item/" + plan + "/f" + std::to_string(tooth));
        const bool performed = item != nullptr && item->data.find("after").string() == "performed";
        CHECK(performed == (wanted.performed.count(tooth) > 0));
    }
}

struct Crossings {  // thresholds by the reference, before and after each change set
    bool low = false, exhausted = false, overrun = false;

    Crossings(std::int64_t granted, std::int64_t consumed) {
        if (granted == 0 && consumed == 0) return;
        low = consumed * 100 >= granted * 80;
        exhausted = consumed >= granted;
        overrun = consumed > granted;
    }
};

int count_of(const std::vector<Event>& events, const std::string& type) {
    int count = 0;
    for (const Event& event : events) count += event.type == type ? 1 : 0;
    return count;
}

}  // namespace

TEST_CASE(
    "D1, D2, L2-L4, B2, B5: the folded log equals the sums of the final rows after every change set"
) {
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        CAPTURE(seed);
        Clinic clinic(seed);
        Crossings was(clinic.granted, 0);
        for (int step = 0; step < 40; ++step) {
            CAPTURE(step);
            const int changes = 1 + clinic.pick(3);
            for (int i = 0; i < changes; ++i) clinic.change_something();
            clinic.world.at(*Timestamp::parse_rfc3339("2026-03-04T10:00:00+03:00"));
            const auto events = clinic.world.evaluate();
            require_equal(clinic, fold(clinic.world.log()));
            const Crossings is(
                clinic.granted, recompute(clinic.rows, clinic.granted, clinic.ordered).consumed
            );
            CHECK(count_of(events, "limit.low") == (is.low && !was.low ? 1 : 0));
            CHECK(count_of(events, "limit.exhausted") == (is.exhausted && !was.exhausted ? 1 : 0));
            CHECK(count_of(events, "limit.overrun") == (is.overrun && !was.overrun ? 1 : 0));
            was = is;
        }
    }
}

TEST_CASE("D1: what is announced does not depend on the order in which the facts came") {
    // Ids, versions, revisions and booking days are history; what stands is not.
    const auto what_stands = [](const Announced& announced) {
        Json all = Json::object();
        for (const auto& [key, standing] : announced.standing) {
            Json content = standing.data.tree();
            const bool state = key.rfind("procedure/", 0) == 0 || key.rfind("charge/", 0) == 0 ||
                               key.rfind("deviation/", 0) == 0 || key.rfind("stage/", 0) == 0;
            if (key.rfind("item/", 0) == 0) {
                if (content["after"] != "planned") all[key] = content["after"];
                continue;
            }
            if (!state) continue;
            for (const char* history : {"charge_id", "booked_on", "progress", "item"})
                content.erase(history);
            all[key] = std::move(content);
        }
        return all;
    };
    for (std::uint32_t seed = 101; seed <= 104; ++seed) {
        CAPTURE(seed);
        Clinic clinic(seed);
        for (int step = 0; step < 30; ++step) {
            clinic.change_something();
            clinic.world.at(*Timestamp::parse_rfc3339("2026-03-04T10:00:00+03:00"));
            clinic.world.evaluate();
        }
        const Outcome at_once = clinic.world.from_nothing();
        CHECK(what_stands(clinic.world.announced()) == what_stands(at_once.after));
    }
}

TEST_CASE("I2: the same change sets give the same events, ids included") {
    const auto run = [] {
        Clinic clinic(7);
        std::string all;
        for (int step = 0; step < 60; ++step) {
            clinic.change_something();
            clinic.world.at(*Timestamp::parse_rfc3339("2026-03-04T10:00:00+03:00"));
            for (const Event& event : clinic.world.evaluate())
                all += event.id + event.type + event.data.text() + "\n";
        }
        return all;
    };
    const std::string first = run();
    CHECK(first == run());
    std::set<std::string> ids;
    Clinic clinic(7);
    for (int step = 0; step < 60; ++step) {
        clinic.change_something();
        clinic.world.at(*Timestamp::parse_rfc3339("2026-03-04T10:00:00+03:00"));
        for (const Event& event : clinic.world.evaluate()) CHECK(ids.insert(event.id).second);
    }
}
