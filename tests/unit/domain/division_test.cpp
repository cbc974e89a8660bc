#include "domain/division.hpp"

#include <doctest/doctest.h>

namespace mis::domain::division_test {
namespace {

const Identity kIdentity("clinic-1", std::string(32, 'k'));

PartMembers patient(const std::string& id, std::vector<std::string> orders = {}) {
    return {{{"mis", "patient", id}}, std::move(orders), {}};
}
std::string pseudonym(const std::string& id) { return kIdentity.pseudonym("mis", id); }

void stand(Announced& announced, std::string key, const Json& data) {
    announced.standing[std::move(key)] = {"event", "type", Export::leaves, JsonText(data)};
}
LedgerEntry booked(std::string charge, std::string order, std::string limit) {
    LedgerEntry entry;
    entry.charge_id = std::move(charge);
    entry.order = std::move(order);
    entry.limit = std::move(limit);
    entry.total = Money{100, *Currency::parse("RUB")};
    return entry;
}

}  // namespace

TEST_CASE("what was announced goes with whom it is about") {
    const std::vector<PartMembers> parts{patient("1"), patient("2", {"O1"}), {{}, {"O2"}, {}}};
    Announced whole;
    stand(whole, "procedure/line1", Json{{"patient", pseudonym("1")}});
    stand(whole, "charge/line1/limit/L", Json{{"patient", pseudonym("1")}, {"limit", "L"}});
    stand(whole, "limit/L", Json{{"limit", "L"}, {"patient", pseudonym("2")}});
    stand(whole, "mismatch/L/used/1/2", Json{{"limit", "L"}});
    stand(whole, "violation/line1/L/not_a_member", Json{{"limit", "L"}});
    stand(
        whole, "plan/P", Json{{"patient", pseudonym("1")}, {"plan", {{"id", "P"}, {"order", "O2"}}}}
    );
    stand(whole, "item/P/i1", Json{{"plan", "P"}, {"patient", pseudonym("1")}});
    stand(whole, "statement/O1/limit/RUB", Json{{"order", "O1"}, {"patient", pseudonym("2")}});
    whole.first_seen_us["white/" + pseudonym("2")] = 7;
    whole.rows.add("line1", "11");
    whole.rows.settle();
    whole.ledger = {booked("c1", "O1", "L"), booked("c2", "O2", "L")};

    const Division division(whole, parts, kIdentity);
    const auto divided = division.divide();
    REQUIRE(divided.has_value());
    const auto keys = [&](std::size_t part) {
        std::vector<std::string> all;
        for (const auto& [key, standing] : (*divided)[part].standing) all.push_back(key);
        return all;
    };
    using Keys = std::vector<std::string>;
    CHECK(
        keys(0) == Keys{"charge/line1/limit/L", "procedure/line1", "violation/line1/L/not_a_member"}
    );
    CHECK(keys(1) == Keys{"limit/L", "mismatch/L/used/1/2", "statement/O1/limit/RUB"});
    CHECK(keys(2) == Keys{"item/P/i1", "plan/P"});
    CHECK((*divided)[0].rows.find("line1") == "11");
    CHECK((*divided)[1].first_seen_us.size() == 1);
    // An order's charge against another's account is remembered by both, and counts once.
    CHECK((*divided)[1].ledger.size() == 2);
    CHECK((*divided)[2].ledger.size() == 1);
    CHECK(joined(*divided).ledger.size() == 2);
    CHECK(joined(*divided).standing.size() == whole.standing.size());
}

TEST_CASE("what has no home that can be told keeps the group whole") {
    const std::vector<PartMembers> parts{patient("1"), patient("2")};
    Announced whole;
    stand(whole, "limit/SHARED", Json{{"limit", "SHARED"}, {"shared", true}});
    CHECK_FALSE(Division(whole, parts, kIdentity).divide().has_value());
    // Unless it is known whose record it was.
    const RecordKey gone{"mis", "limit", "5"};
    Announced known;
    stand(known, "limit/" + kIdentity.public_id(gone), Json{{"shared", true}});
    auto with_former = parts;
    with_former[1].records.push_back(gone);
    const auto divided = Division(known, with_former, kIdentity).divide();
    REQUIRE(divided.has_value());
    CHECK((*divided)[1].standing.size() == 1);
}

TEST_CASE("a message goes to every part that it names") {
    const std::vector<PartMembers> parts{patient("1", {"O1"}), patient("2", {"O2"})};
    const Announced nothing;
    Division division(nothing, parts, kIdentity);
    const auto message = [](const Json& body) {
        return InboxFact{"m", "statement.requested", 0, 1, JsonText(body)};
    };
    using Parts = std::set<std::size_t>;
    CHECK(division.parts_of(message(Json{{"order", "O2"}})) == Parts{1});
    CHECK(division.parts_of(message(Json{{"patient", pseudonym("1")}})) == Parts{0});
    CHECK(
        division.parts_of(message(Json{{"order", "O1"}, {"patient", pseudonym("2")}})) ==
        Parts{0, 1}
    );
    CHECK(division.parts_of(message(Json{{"payer", "ООО Ромашка"}})).empty());
}

}  // namespace mis::domain::division_test
