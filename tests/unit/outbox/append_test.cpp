#include <doctest/doctest.h>

#include <map>

#include "invented_events.hpp"
#include "outbox/sent_events.hpp"
#include "outbox/used_ids.hpp"

using namespace mis;
using namespace mis::outbox;
using namespace mis::outbox::testing;

TEST_CASE("I2: a value that goes A, B, A is announced twice with two ids, and n counts") {
    StoreFile store;
    const auto a = store.append({performed(1, 10, 450000)}).ids[0];
    const auto b = store.append({performed(1, 10, 400000)}).ids[0];
    const auto a_again = store.append({performed(1, 10, 450000)}).ids[0];
    CHECK(a != b);
    CHECK(a != a_again);
    const auto event = performed(1, 10, 450000);
    CHECK(a == store.identity.event_id(1, event.entity_id, event.type, event.identity, 0));
    CHECK(a_again == store.identity.event_id(1, event.entity_id, event.type, event.identity, 1));
    store.reopen();
    sqlite::Transaction transaction(*store.writer);
    Outbox::Appender appender(*store.outbox, transaction);
    CHECK(appender.next_n(event.entity_id, event.type, event.identity) == 2);
    CHECK(
        appender.next_id(event.entity_id, event.type, event.identity, 1) ==
        store.identity.event_id(1, event.entity_id, event.type, event.identity, 3)
    );
}

TEST_CASE(
    "I2: a crash before the commit and the same pass again give the same ids, positions and "
    "sequences"
) {
    StoreFile store;
    store.append({performed(1, 10, 100)});
    std::vector<std::string> first;
    {
        sqlite::Transaction transaction(*store.writer);
        Outbox::Appender appender(*store.outbox, transaction);
        first = appender.append(disclosed({performed(1, 11, 100), performed(1, 10, 100)}), {5}).ids;
        appender.finish();  // never committed
    }
    const auto same_process = [&] {
        sqlite::Transaction transaction(*store.writer);
        Outbox::Appender appender(*store.outbox, transaction);
        return appender.append(disclosed({performed(1, 11, 100), performed(1, 10, 100)}), {5})
            .ids;  // not even finished
    }();
    CHECK(same_process == first);
    store.reopen();
    const auto report = store.append({performed(1, 11, 100), performed(1, 10, 100)}, 5);
    CHECK(report.ids == first);
    CHECK(report.first_position == 2);
    const auto events = read_events(*store.reader, 0, 100);
    REQUIRE(events.size() == 3);
    CHECK(events[2].sequence == 3);
    CHECK(events[1].change_set == events[2].change_set);
    CHECK(events[2].change_set_index == 1);
    CHECK(events[2].change_set_size == 2);
    CHECK(events[0].change_set != events[1].change_set);
}

TEST_CASE("I4: sequences are counted per partition key from 1 without gaps, whatever the batches") {
    StoreFile store;
    int procedure = 0;
    for (int batch = 0; batch < 20; ++batch) {
        sqlite::Transaction transaction(*store.writer);
        Outbox::Appender appender(*store.outbox, transaction);
        for (int set = 0; set < 30; ++set) {
            std::vector<domain::Event> events;
            for (int i = 0; i <= set % 3; ++i) events.push_back(performed(set % 7, ++procedure, 1));
            appender.append(disclosed(events), {batch});
        }
        appender.finish();
        if (batch % 5 != 4) transaction.commit();  // the others are rolled back
        if (batch % 4 == 0) store.outbox.emplace(store.identity, 1U);
    }
    std::map<std::string, std::uint64_t> last;
    std::int64_t position = 0;
    for (const auto& event : read_events(*store.reader, 0, 10'000)) {
        CHECK(event.position == ++position);
        CHECK(event.sequence == ++last[event.partition_key]);
    }
    CHECK(last.size() == 7);
    CHECK(position == last_position(*store.reader));
    CHECK(position == 16 * 60);
}

TEST_CASE("I4: a new epoch begins at 1 and is the first six digits and part of every id") {
    StoreFile store;
    const auto before = store.append({performed(1, 10, 100)}).ids[0];
    store.reopen(2);
    const auto after = store.append({performed(1, 10, 100)}).ids[0];
    CHECK(before != after);
    const auto events = read_events(*store.reader, 1, 1);
    CHECK(sequence_text(events.at(0).epoch, events.at(0).sequence) == "00000200000000000001");
}

TEST_CASE("X1: a withheld event takes no position, no sequence and no count") {
    StoreFile store;
    auto withheld = performed(1, 10, 100);
    withheld.leaves = domain::Export::withheld;
    CHECK(store.append({withheld}).first_position == 0);
    CHECK(last_position(*store.reader) == 0);
    const auto leaves = performed(1, 10, 100);
    CHECK(
        store.append({leaves}).ids[0] ==
        store.identity.event_id(1, leaves.entity_id, leaves.type, leaves.identity, 0)
    );
    CHECK(read_events(*store.reader, 0, 1).at(0).sequence == 1);
}

TEST_CASE(
    "I4: a sink that is ahead of the store is noticed, and restore makes what was sent known again"
) {
    StoreFile sent;
    sent.append({performed(1, 10, 100), performed(1, 11, 100)});
    sent.append({performed(1, 10, 200)});
    const auto log = read_events(*sent.reader, 0, 10);

    StoreFile older;  // it only saw the first
    older.append({performed(1, 10, 100)});
    CHECK(check_not_behind(*older.reader, log[0].partition_key, sequence_text(1, 1)));
    const auto behind = check_not_behind(
        *older.reader, log[2].partition_key, sequence_text(log[2].epoch, log[2].sequence)
    );
    REQUIRE_FALSE(behind);
    CHECK(behind.error().kind == ErrorKind::misconfigured);
    CHECK(behind.error().text.find("mis-gateway restore") != std::string::npos);
    CHECK_FALSE(check_not_behind(*older.reader, "patient/unknown", sequence_text(1, 1)));

    {
        sqlite::Transaction transaction(*older.writer);
        SentEvents sent_events(*older.writer);
        CHECK(sent_events.knows(log[0].id));
        CHECK_FALSE(sent_events.knows(log[1].id));
        CHECK(sent_events.last_sequence(log[2].partition_key, 1) == 1);
        CHECK(sent_events.put_back(transaction, std::span(log).subspan(1), 7) == 2);
        transaction.commit();
    }
    CHECK(check_not_behind(
        *older.reader, log[2].partition_key, sequence_text(log[2].epoch, log[2].sequence)
    ));
    CHECK(read_events(*older.reader, 0, 10).size() == 3);
    CHECK(read_events(*older.reader, 0, 10)[2].id == log[2].id);
    const auto known = performed(1, 11, 100);
    CHECK(
        older.append({known}).ids[0] ==
        older.identity.event_id(1, known.entity_id, known.type, known.identity, 1)
    );
    CHECK(read_events(*older.reader, 3, 1).at(0).sequence == 4);
}

TEST_CASE("I2: ids stay known when the log of new ones is merged into the table") {
    StoreFile store;
    constexpr std::uint64_t kIds = 350'000;
    const auto prefix = [](std::uint64_t number) {
        return number * 0x9e3779b97f4a7c15;
    };  // 0 among them
    UsedIds ids;
    for (std::uint64_t number = 0; number < kIds;) {
        sqlite::Transaction transaction(*store.writer);
        for (int i = 0; i < 10'000; ++i) ids.add(prefix(number++));
        ids.write(transaction);
        transaction.commit();
    }
    for (const bool reopened : {false, true}) {
        if (reopened) ids.load(*store.reader);
        int unknown = 0;
        for (std::uint64_t number = 0; number < kIds; number += 7)
            if (!ids.contains(*store.reader, prefix(number))) ++unknown;
        CHECK(unknown == 0);
        int known = 0;
        for (std::uint64_t number = kIds; number < 2 * kIds; number += 7)
            if (ids.contains(*store.reader, prefix(number))) ++known;
        CHECK(known == 0);
    }
}

TEST_CASE(
    "an event comes out of its segment as it went in, and its envelope has the contract's "
    "attributes"
) {
    StoreFile store;
    auto event = performed(1, 10, 450000);
    event.subject = "plan/" + pseudonym(77);
    event.party = "partner-1";
    store.append({event}, 42);
    auto exchange = performed(2, 11, 1);
    exchange.source.clear();
    exchange.record_id.clear();
    store.append({exchange}, 43);
    const auto events = read_events(*store.reader, 0, 10);
    REQUIRE(events.size() == 2);
    CHECK(events[0].ground == event.ground);
    CHECK(events[0].party == "partner-1");
    CHECK(events[0].appended_us == 42);
    const auto rendered = parse_json(render_cloudevent(events[0], "clinic-1"));
    REQUIRE(rendered);
    const Json expected{
        {"specversion", "1.0"},
        {"id", events[0].id},
        {"source", "/clinics/clinic-1/sources/demo"},
        {"type", "mis.procedure.performed.v1"},
        {"subject", "plan/" + pseudonym(77)},
        {"time", "2026-03-02T10:00:00+03:00"},
        {"partitionkey", "patient/" + pseudonym(1)},
        {"sequence", "00000100000000000001"},
        {"changeset", events[0].change_set},
        {"changesetindex", 0},
        {"changesetsize", 1},
        {"clinicid", "clinic-1"},
        {"recordid", pseudonym(10)},
        {"dataschema", "urn:mis-gateway:event:procedure.performed.v1#/properties/data"},
        {"datacontenttype", "application/json"},
        {"dataclassification", "pseudonymous-medical"},
        {"dataregulation", "152-FZ"},
        {"data", event.data.tree()},
    };
    CHECK(*rendered == expected);
    const auto from_exchange = parse_json(render_cloudevent(events[1], "clinic-1"));
    CHECK((*from_exchange)["source"] == "/clinics/clinic-1/exchange");
    CHECK_FALSE(from_exchange->contains("recordid"));
}
