#include "outbox/trace.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "invented_events.hpp"

using namespace mis;
using namespace mis::outbox;
using namespace mis::outbox::testing;

namespace {

constexpr std::int64_t kAtUs = 1'775'000'000'000'000;

// Two works of patient 1, a third that patient 2 shares with him, one of patient 2 withheld.
AppendReport append_traced(StoreFile& store, std::int64_t at_us = kAtUs) {
    const auto leaving =
        disclosed({performed(1, 10, 100), performed(1, 11, 200), performed(2, 12, 300)});
    TraceNotes notes;
    const auto first = notes.place_of(pseudonym(1)), second = notes.place_of(pseudonym(2));
    notes.withheld.push_back({"procedure.performed", pseudonym(13), "", "before_consent"});
    notes.marks = {{first, 0}, {first, 1}, {first, 2}, {second, 2}, {second, -1}};
    sqlite::Transaction transaction(*store.writer);
    Outbox::Appender appender(*store.outbox, transaction);
    const auto report = appender.append(leaving, {at_us});
    write_trace(transaction, appender, notes, leaving, report, at_us);
    appender.finish();
    transaction.commit();
    return report;
}

}  // namespace

TEST_CASE("X2: the trace tells each patient what left about him, and what stayed, with its ground"
) {
    StoreFile store;
    store.append({performed(9, 90, 1)});
    const auto report = append_traced(store);
    const auto first = trace_of(*store.reader, pseudonym(1));
    REQUIRE(first.entries.size() == 3);
    CHECK(first.next == 0);
    for (std::size_t i = 0; i < 3; ++i) {
        CAPTURE(i);
        const auto& entry = first.entries[i];
        CHECK(entry.id == report.ids[i]);
        CHECK(entry.position == report.first_position + static_cast<std::int64_t>(i));
        CHECK(entry.fate == Fate::left);
        CHECK(entry.at_us == kAtUs);
        CHECK(entry.type == "procedure.performed");
        CHECK(entry.ground == "export all: invented data");
        CHECK(entry.record_id == pseudonym(10 + static_cast<int>(i)));
    }
    const auto second = trace_of(*store.reader, pseudonym(2)).entries;
    REQUIRE(second.size() == 2);
    CHECK(second[0].id == report.ids[2]);
    CHECK(second[1].fate == Fate::withheld);
    CHECK(second[1].ground == "before_consent");
    CHECK(second[1].record_id == pseudonym(13));
    CHECK(second[1].position == 0);
    CHECK(second[1].id.empty());
    CHECK(trace_of(*store.reader, pseudonym(9)).entries.empty());
    CHECK(trace_of(*store.reader, "no pseudonym at all").entries.empty());
    CHECK(trace_since(*store.reader));
}

TEST_CASE("a record named again and again is written once, and read back each time") {
    StoreFile store;
    TraceNotes notes;
    const auto patient = notes.place_of(pseudonym(1));
    for (int i = 0; i < 300; ++i) {
        notes.withheld.push_back(
            {"billing.charge", pseudonym(i % 3), pseudonym(500 + i), "withdrawn"}
        );
        notes.marks.push_back({patient, -1 - i});
    }
    notes.withheld.push_back({"patient.withdrawn", "", "", "no_ground"});
    notes.marks.push_back({patient, -301});
    {
        sqlite::Transaction transaction(*store.writer);
        Outbox::Appender appender(*store.outbox, transaction);
        write_trace(transaction, appender, notes, {}, {}, kAtUs);
        appender.finish();
        transaction.commit();
    }
    const auto entries = trace_of(*store.reader, pseudonym(1)).entries;
    REQUIRE(entries.size() == 301);
    for (std::size_t i = 0; i < 300; ++i) {
        CHECK(entries[i].record_id == pseudonym(static_cast<int>(i) % 3));
        CHECK(entries[i].id == pseudonym(500 + static_cast<int>(i)));
    }
    CHECK(entries[300].record_id.empty());
    auto bytes = store.reader->prepare("select length(entries) from trace");
    REQUIRE(bytes.step());
    CHECK(bytes.integer(0) < 300 * 25);
}

TEST_CASE("a crash before the commit leaves no trace, and what the names were learns nothing") {
    StoreFile store;
    const auto leaving = disclosed({performed(1, 10, 100)});
    TraceNotes notes;
    notes.marks = {{notes.place_of(pseudonym(1)), 0}};
    {
        sqlite::Transaction transaction(*store.writer);
        Outbox::Appender appender(*store.outbox, transaction);
        const auto report = appender.append(leaving, {kAtUs});
        write_trace(transaction, appender, notes, leaving, report, kAtUs);
        appender.finish();  // never committed
    }
    CHECK(trace_of(*store.reader, pseudonym(1)).entries.empty());
    append_traced(store);  // the same outbox, whose names would now point nowhere
    CHECK(trace_of(*store.reader, pseudonym(1)).entries.at(0).type == "procedure.performed");
}

TEST_CASE("the trace is paged, pruned from its oldest row on, and erased by patient") {
    StoreFile store;
    for (int i = 0; i < 5; ++i) append_traced(store, kAtUs + i);
    std::size_t met = 0;
    std::int64_t after = 0;
    int pages = 0;
    do {
        const auto page = trace_of(*store.reader, pseudonym(1), after, 2);
        met += page.entries.size();
        after = page.next;
        ++pages;
    } while (after != 0);
    CHECK(met == 15);
    CHECK(pages == 3);

    sqlite::Transaction transaction(*store.writer);
    CHECK(prune_trace(transaction, kAtUs) == 0);
    CHECK(prune_trace(transaction, kAtUs + 2) == 4);
    CHECK(prune_trace(transaction, kAtUs + 5, 1) == 1);  // in pieces
    CHECK(erase_trace(transaction, pseudonym(2)) == 3);
    CHECK(erase_trace(transaction, pseudonym(2)) == 0);
    transaction.commit();
    CHECK(trace_of(*store.reader, pseudonym(2)).entries.empty());
    CHECK(trace_of(*store.reader, pseudonym(1)).entries.size() == 6);
}
