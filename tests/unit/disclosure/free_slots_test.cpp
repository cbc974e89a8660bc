#include "disclosure/free_slots.hpp"

#include <doctest/doctest.h>

#include "base/log.hpp"

namespace free_slots_test {
using namespace mis;
using namespace mis::disclosure;

constexpr std::string_view kHead =
    "source,branch,doctor,their_branch,their_doctor,branch_name,doctor_name,specialty,cell_minutes,"
    "confirmed\n";

SlotTable table_of(const std::string& lines) {
    auto table = parse_slot_table(std::string(kHead) + lines, "table.csv");
    REQUIRE_MESSAGE(table, (table ? "" : table.error().text));
    return std::move(*table);
}
std::string refusal(const std::string& text) {
    const auto table = parse_slot_table(text, "table.csv");
    REQUIRE_FALSE(table);
    CHECK(table.error().kind == ErrorKind::misconfigured);
    return table.error().text;
}

Timestamp at(const char* text) { return *Timestamp::parse_rfc3339(text); }

domain::DaySlots day(
    const char* branch, const char* doctor, const char* date,
    std::vector<domain::Interval> intervals
) {
    return {"mis", branch, doctor, *Date::parse_iso(date), std::move(intervals)};
}
domain::Interval free(const char* from, const char* to) {
    return {at(from), at(to), domain::IntervalState::free};
}
domain::Interval busy(const char* from, const char* to) {
    return {at(from), at(to), domain::IntervalState::busy};
}

SlotTerms terms(const char* now, int days = 3) {
    SlotTerms terms;
    terms.now_us = at(now).unix_us;
    terms.days = days;
    terms.zone_of_branch = [](std::string_view, std::string_view branch) {
        return *Zone::find(branch == "2" ? "Asia/Yekaterinburg" : "Europe/Moscow");
    };
    return terms;
}

// "2026-03-02 09:00-09:30 free; …"
std::string shown(const FreeSlots::Doctor& doctor) {
    std::string text;
    for (const auto& one : doctor.days)
        for (const auto& cell : one.cells)
            text += one.day.to_string() + " " + cell.starts_at.to_string().substr(11, 5) + "-" +
                    cell.ends_at.to_string().substr(11, 5) + (cell.free ? " free; " : " busy; ");
    return text;
}

TEST_CASE("a free interval is cut into cells; what is left at its end is not offered") {
    const auto table = table_of("mis,1,d,A,77,,,,,yes\nmis,1,e,A,78,,,,45,yes\n");
    const std::vector days = {
        day("1", "d", "2026-03-02",
            {free("2026-03-02T09:00:00+03:00", "2026-03-02T10:20:00+03:00"),
             busy("2026-03-02T10:20:00+03:00", "2026-03-02T11:00:00+03:00"),
             free("2026-03-02T11:00:00+03:00", "2026-03-02T11:29:00+03:00")}),
        day("1", "e", "2026-03-02",
            {free("2026-03-02T09:00:30+03:00", "2026-03-02T10:31:00+03:00")}),
    };
    const auto disclosed = disclose_slots(days, table, terms("2026-03-02T08:00:00+03:00"));
    const auto& doctors = disclosed.leaving.doctors();
    REQUIRE(doctors.size() == 2);
    CHECK(shown(doctors[0]) == "2026-03-02 09:00-09:30 free; 2026-03-02 09:30-10:00 free; ");
    CHECK(shown(doctors[1]) == "2026-03-02 09:01-09:46 free; 2026-03-02 09:46-10:31 free; ");
    CHECK(disclosed.leaving.free_cells() == 4);

    auto with_busy = terms("2026-03-02T08:00:00+03:00");
    with_busy.with_busy = true;
    const auto both = disclose_slots(days, table, with_busy);
    CHECK(
        shown(both.leaving.doctors()[0]) ==
        "2026-03-02 09:00-09:30 free; 2026-03-02 09:30-10:00 free; 2026-03-02 10:20-11:00 busy; "
    );
}

TEST_CASE("what has begun is not offered, and the grid stays where it was") {
    const auto table = table_of("mis,1,d,A,77,,,,,yes\n");
    const std::vector days = {day(
        "1", "d", "2026-03-02", {free("2026-03-02T09:00:00+03:00", "2026-03-02T11:00:00+03:00")}
    )};
    const auto at_0931 = disclose_slots(days, table, terms("2026-03-02T09:31:00+03:00"));
    CHECK(
        shown(at_0931.leaving.doctors()[0]) ==
        "2026-03-02 10:00-10:30 free; 2026-03-02 10:30-11:00 free; "
    );
    const auto on_the_dot = disclose_slots(days, table, terms("2026-03-02T10:30:00+03:00"));
    CHECK(shown(on_the_dot.leaving.doctors()[0]) == "2026-03-02 10:30-11:00 free; ");
    CHECK(
        disclose_slots(days, table, terms("2026-03-02T10:31:00+03:00")).leaving.free_cells() == 0
    );
}

TEST_CASE("every day of the horizon is there, by the branch's own calendar") {
    const auto table = table_of("mis,1,d,A,77,,,,,yes\nmis,2,d,B,77,,,,,yes\n");
    // 23:30 in Moscow: in Yekaterinburg it is tomorrow already
    const auto disclosed = disclose_slots({}, table, terms("2026-03-02T23:30:00+03:00"));
    const auto& doctors = disclosed.leaving.doctors();
    REQUIRE(doctors.size() == 2);
    REQUIRE(doctors[0].days.size() == 3);
    CHECK(doctors[0].days.front().day.to_string() == "2026-03-02");
    CHECK(doctors[1].days.front().day.to_string() == "2026-03-03");
    CHECK(doctors[1].days.back().day.to_string() == "2026-03-05");
    CHECK(doctors[0].days[1].cells.empty());
    CHECK(disclosed.without_times.size() == 2);

    // Times are those of the branch's clock, whatever offset they came with.
    const std::vector days = {day(
        "2", "d", "2026-03-04", {free("2026-03-04T07:00:00+03:00", "2026-03-04T07:30:00+03:00")}
    )};
    const auto known = disclose_slots(days, table, terms("2026-03-02T23:30:00+03:00"));
    CHECK(shown(known.leaving.doctors()[1]) == "2026-03-04 09:00-09:30 free; ");
    // Neither before today nor behind the horizon.
    const std::vector others = {
        day("1", "d", "2026-03-01",
            {free("2026-03-01T09:00:00+03:00", "2026-03-01T10:00:00+03:00")}),
        day("1", "d", "2026-03-05",
            {free("2026-03-05T09:00:00+03:00", "2026-03-05T10:00:00+03:00")})};
    CHECK(
        disclose_slots(others, table, terms("2026-03-02T23:30:00+03:00")).leaving.free_cells() == 0
    );
}

TEST_CASE("a cell neither ends on another day nor goes back by the clock") {
    const auto table = table_of("mis,1,d,A,77,,,,,yes\n");
    auto terms_all = terms("2026-03-02T08:00:00+03:00");
    terms_all.with_busy = true;
    const std::vector days = {
        day("1", "d", "2026-03-02",
            {free("2026-03-02T23:00:00+03:00", "2026-03-03T00:00:00+03:00"),
             busy("2026-03-02T22:00:00+03:00", "2026-03-03T00:00:00+03:00")})};
    CHECK(
        shown(disclose_slots(days, table, terms_all).leaving.doctors()[0]) ==
        "2026-03-02 23:00-23:30 free; 2026-03-02 22:00-23:59 busy; "
    );
    auto berlin = terms("2026-10-25T00:00:00+02:00");
    berlin.zone_of_branch = [](std::string_view, std::string_view) {
        return *Zone::find("Europe/Berlin");
    };
    const std::vector set_back = {day(
        "1", "d", "2026-10-25", {free("2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00")}
    )};
    CHECK(
        shown(disclose_slots(set_back, table, berlin).leaving.doctors()[0]) ==
        "2026-10-25 02:00-02:30 free; 2026-10-25 02:30-03:00 free; "
    );
}

TEST_CASE("who is not confirmed stays, and is listed; who is declined stays without a word") {
    const auto table = table_of("mis,1,d,A,77,,,,,yes\nmis,1,e,,,,,,,\nmis,1,f,A,79,,,,,no\n");
    const auto hour = [](const char* doctor) {
        return day(
            "1", doctor, "2026-03-02",
            {free("2026-03-02T09:00:00+03:00", "2026-03-02T09:30:00+03:00")}
        );
    };
    const std::vector days = {
        hour("d"),
        hour("e"),
        hour("f"),
        hour("g"),
        day("1", "h", "2026-03-02",
            {busy("2026-03-02T09:00:00+03:00", "2026-03-02T09:30:00+03:00")}),
        day("3", "d", "2026-03-02",
            {free("2026-03-02T10:00:00+03:00", "2026-03-02T10:30:00+03:00")})};
    const auto disclosed = disclose_slots(days, table, terms("2026-03-02T08:00:00+03:00"));
    REQUIRE(disclosed.leaving.doctors().size() == 1);
    CHECK(disclosed.leaving.doctors()[0].id == "77");
    CHECK(disclosed.leaving.free_cells() == 1);
    std::string unmapped;
    for (const auto& one : disclosed.unmapped)
        unmapped += one.branch + "/" + one.doctor + (one.is_proposed ? "?" : "") + " ";
    CHECK(unmapped == "1/e? 1/g 3/d ");
}

TEST_CASE("doctors of one branch stand side by side, however the table mixes them") {
    const auto table =
        table_of("mis,1,d,A,77,,,,,yes\nmis,2,d,B,77,,,,,yes\nmis,1,e,A,78,,,,,yes\n");
    std::string order;
    const auto disclosed = disclose_slots({}, table, terms("2026-03-02T08:00:00+03:00"));
    for (const auto& doctor : disclosed.leaving.doctors()) order += doctor.branch + doctor.id + " ";
    CHECK(order == "A77 A78 B77 ");
}

TEST_CASE("a table is read as Excel saves it, and what is wrong in it is said with its line") {
    const auto table = parse_slot_table(
        "\xef\xbb\xbfsource;doctor;branch;their_doctor;their_branch;doctor_name;confirmed\r\n"
        "# a remark\r\n\r\nmis;d;;77;A;\"Тестова; Анна\";Да\r\n",
        "table.csv"
    );
    REQUIRE(table);
    REQUIRE(table->rows.size() == 1);
    CHECK(table->rows[0].doctor_name == "Тестова; Анна");
    CHECK(table->rows[0].branch == "");
    CHECK(table->rows[0].line == 4);

    const std::string head(kHead);
    const auto wrong = [&](const std::string& line) { return refusal(head + line + "\n"); };
    CHECK(wrong("mis,1,d,A,77,,,,,maybe").find("table.csv:2: confirmed has to be") == 0);
    CHECK(wrong("mis,1,d,,77,,,,,yes").find("what the aggregator calls") != std::string::npos);
    CHECK(wrong("mis,1,,A,77,,,,,yes").find("no doctor") != std::string::npos);
    CHECK(wrong("mis,1,d,A,77,,,,0,yes").find("cell_minutes") != std::string::npos);
    CHECK(wrong("mis,1,d,A,77,,,,30x,yes").find("cell_minutes") != std::string::npos);
    CHECK(wrong("mis,1,d,A,77,,,,yes").find("9 fields") != std::string::npos);
    CHECK(
        wrong("mis,1,d,A,77,,\"Тестова +7 900 000-00-01\",,,yes").find("phone") != std::string::npos
    );
    CHECK(
        wrong("mis,1,d,A,77,,,,,yes\nmis,1,d,A,78,,,,,yes").find("table.csv:3") != std::string::npos
    );
    CHECK(
        wrong("mis,1,d,A,77,,,,,yes\nmis,1,e,A,77,,,,,yes").find("their_doctor") !=
        std::string::npos
    );
    CHECK(wrong("mis,1,d\xff,A,77,,,,,yes").find("table.csv:2") != std::string::npos);
    CHECK(refusal("source,doctor\n").find("column branch is missing") != std::string::npos);
    CHECK(refusal("source,doktor\n").find("`doktor` is no column") != std::string::npos);
    CHECK(refusal("").find("no line of columns") != std::string::npos);
}

}  // namespace free_slots_test
