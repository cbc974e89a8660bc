// I4, as a property: random histories with moves between patients, merges, corrections, shared
// accounts, payments and orders; a backup at a random moment; then the store is lost, restored from
// the backup and the log, and life goes on. Nothing leaves that had left, what the exchange
// believes is what the MIS says, the books tell the truth, and from then on the store says the same
// as one that was never lost.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "disclosure/audit.hpp"
#include "domain/announced.hpp"
#include "gateway/keeping/conservation.hpp"
#include "gateway/keeping/take_over.hpp"
#include "restored_clinic.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway {
namespace {

using outbox::OutboxEvent;
using test::ClinicCopy;
using test::ClinicLife;
using test::write_log;

constexpr int kStepsBefore = 12, kStepsAfterBackup = 8, kStepsAfterRestore = 6;

TakeOver of(std::vector<std::filesystem::path> files, const ClinicLife& life) {
    TakeOver what;
    what.files = std::move(files);
    what.sources = {"mis"};
    what.who = "operator";
    what.now_us = life.now_us();
    return what;
}

// (key, sequence) → what it says
std::map<std::pair<std::string, std::uint64_t>, std::string> by_sequence(
    const std::vector<OutboxEvent>& events
) {
    std::map<std::pair<std::string, std::uint64_t>, std::string> found;
    for (const auto& event : events)
        CHECK_MESSAGE(
            found
                .emplace(
                    std::pair(event.partition_key, event.sequence),
                    event.id + " " + event.type + " " + event.data
                )
                .second,
            "a sequence was given out twice: ", event.partition_key, " ", event.sequence
        );
    return found;
}

void require_same_log(const ClinicCopy& lost, const ClinicCopy& undisturbed) {
    const auto ours = by_sequence(lost.log()), theirs = by_sequence(undisturbed.log());
    for (const auto& [place, said] : theirs) {
        const auto found = ours.find(place);
        REQUIRE_MESSAGE(found != ours.end(), place.first, " ", place.second, " is missing: ", said);
        REQUIRE(found->second == said);
    }
    for (const auto& [place, said] : ours)
        REQUIRE_MESSAGE(theirs.contains(place), place.first, " ", place.second, " is new: ", said);
}

std::string without_booking(const JsonText& data) {
    JsonText rest = data;
    rest.erase("booked_on");
    return rest.text();
}

// What a consumer believes who has had everything, each id once.
std::map<std::string, std::string> believed(const std::vector<OutboxEvent>& events) {
    domain::Announced fold;
    std::set<std::string> seen;
    for (const auto& sent : events) {
        if (!seen.insert(sent.id).second || sent.type == "slots.changed") continue;
        domain::Event event;
        event.id = sent.id;
        event.type = sent.type;
        event.data = JsonText::of(sent.data);
        domain::apply(fold, event);
    }
    std::map<std::string, std::string> found;
    for (const auto& [key, standing] : fold.standing)
        // Texts of a moment stay as they were said: statements, and which version a plan has.
        if (key.starts_with("charge/") || key.starts_with("procedure/") ||
            key.starts_with("payment/") || key.starts_with("appointment/"))
            found.emplace(key, without_booking(standing.data));
    return found;
}

void require_books(ClinicCopy& copy, const ClinicLife& life) {
    const auto books = check_conservation(*copy.store, *copy.meaning, life.now_us());
    REQUIRE_MESSAGE(books.differences.empty(), books.differences.front());
    REQUIRE(books.events_folded > 0);
    REQUIRE_FALSE(disclosure::Audit::verify(copy.store->database()).broken_at);
}

struct History {
    test::TemporaryFolder folder;
    ClinicLife life;
    ClinicCopy undisturbed;
    std::size_t at_backup = 0;

    explicit History(std::uint32_t seed)
        : life(seed), undisturbed(folder.path / "one", ClinicStore::Opening::create) {
        std::mt19937 dice(seed * 7 + 1);
        for (int i = static_cast<int>(dice() % kStepsBefore); i >= 0; --i) step();
        undisturbed.copy_to(folder.path / "two");
        at_backup = undisturbed.log().size();
        for (int i = static_cast<int>(dice() % kStepsAfterBackup); i >= 0; --i) step();
    }
    void step() {
        life.step();
        undisturbed.read(life);
    }
    ClinicCopy restored() { return {folder.path / "two", ClinicStore::Opening::existing}; }
};

}  // namespace

TEST_CASE("I4: a store restored from its backup and the whole log goes on as if never lost") {
    for (std::uint32_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        History history(seed);
        const auto log = history.undisturbed.log();
        const auto first = history.folder.path / "b.jsonl",
                   second = history.folder.path / "a.jsonl";
        // Rotated where it pleases, named and given in the wrong order, and overlapping the backup.
        const std::size_t from = history.at_backup / 2, middle = (from + log.size()) / 2;
        write_log(first, log, from, middle);
        write_log(second, log, middle, log.size());
        auto lost = history.restored();
        const auto taken = take_over_sent_events(*lost.store, of({second, first}, history.life));
        REQUIRE_MESSAGE(taken, taken.error().text);
        CHECK(taken->applied == static_cast<std::int64_t>(log.size() - history.at_backup));
        CHECK(lost.meaning->work_off(history.life.now_us()).events == 0);

        lost.read(history.life);
        require_same_log(lost, history.undisturbed);
        require_books(lost, history.life);
        const auto again = take_over_sent_events(*lost.store, of({first, second}, history.life));
        REQUIRE(again);
        CHECK(again->applied == 0);
        for (int i = 0; i < kStepsAfterRestore; ++i) {
            history.step();
            lost.read(history.life);
            require_same_log(lost, history.undisturbed);
        }
        require_books(lost, history.life);
    }
}

TEST_CASE("I4: events lost behind the log's end are said again, and nothing twice") {
    for (std::uint32_t seed = 101; seed <= 140; ++seed) {
        CAPTURE(seed);
        History history(seed);
        const auto log = history.undisturbed.log();
        const auto file = history.folder.path / "log.jsonl";
        std::mt19937 dice(seed);
        // Cut anywhere, also inside of a change set; sometimes the last line is torn.
        const std::size_t cut = history.at_backup + dice() % (log.size() - history.at_backup + 1);
        write_log(file, log, 0, cut);
        if (cut < log.size() && dice() % 2 == 0)
            std::ofstream(file, std::ios::app)
                << outbox::render_cloudevent(log[cut], "clinic-1").substr(0, 200);
        auto lost = history.restored();
        const auto taken = take_over_sent_events(*lost.store, of({file}, history.life));
        REQUIRE_MESSAGE(taken, taken.error().text);
        lost.read(history.life);
        require_books(lost, history.life);
        REQUIRE(believed(lost.log()) == believed(history.undisturbed.log()));
        // Who had the lost tail too believes the same: its ids are the same, or taken back.
        std::set<std::string> ids;
        for (const auto& event : lost.log()) CHECK(ids.insert(event.id).second);
        for (int i = 0; i < kStepsAfterRestore; ++i) {
            history.step();
            lost.read(history.life);
            REQUIRE(believed(lost.log()) == believed(history.undisturbed.log()));
        }
        require_books(lost, history.life);
    }
}

TEST_CASE("I4: a store rebuilt from the log alone announces nothing anew") {
    for (std::uint32_t seed = 201; seed <= 220; ++seed) {
        CAPTURE(seed);
        History history(seed);
        const auto log = history.undisturbed.log();
        const auto file = history.folder.path / "log.jsonl";
        write_log(file, log, 0, log.size());
        const auto folder = history.folder.path / "three";
        std::filesystem::create_directory(folder);
        std::filesystem::copy_file(
            ClinicStore::key_file(history.folder.path / "one"), ClinicStore::key_file(folder)
        );
        ClinicCopy lost(folder, ClinicStore::Opening::rebuild);
        REQUIRE(take_over_sent_events(*lost.store, of({file}, history.life)));
        lost.read(history.life);
        require_same_log(lost, history.undisturbed);
        require_books(lost, history.life);
        history.step();
        lost.read(history.life);
        require_books(lost, history.life);
        REQUIRE(believed(lost.log()) == believed(history.undisturbed.log()));
    }
}

TEST_CASE("I4: a log with a hole is refused, and the books say what they miss") {
    History history(7);
    const auto log = history.undisturbed.log();
    REQUIRE(log.size() > history.at_backup + 4);
    const auto file = history.folder.path / "log.jsonl";
    // Without a charge in the middle, whose partition key goes on behind it.
    std::size_t hole = history.at_backup;
    const auto goes_on = [&](std::size_t at) {
        return std::any_of(
            log.begin() + static_cast<std::ptrdiff_t>(at) + 1, log.end(),
            [&](const OutboxEvent& later) { return later.partition_key == log[at].partition_key; }
        );
    };
    while (hole < log.size() && !goes_on(hole)) ++hole;
    REQUIRE(hole < log.size());
    write_log(file, log, 0, hole);
    write_log(file, log, hole + 1, log.size());
    auto lost = history.restored();
    auto what = of({file}, history.life);
    const auto refused = take_over_sent_events(*lost.store, what);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::misconfigured);
    CHECK(refused.error().text.find("lack 1 events") != std::string::npos);
    CHECK(refused.error().text.find("--incomplete") != std::string::npos);
    CHECK(lost.log().size() == history.at_backup);

    what.gaps = TakeOver::Gaps::accept;
    const auto taken = take_over_sent_events(*lost.store, what);
    REQUIRE(taken);
    CHECK(taken->missing == 1);
    lost.read(history.life);
    require_books(lost, history.life);
}

TEST_CASE("reconcile says different where an announced charge is not in the log, or the reverse") {
    History history(3);
    while (history.undisturbed.log().size() < 30) history.step();
    auto& copy = history.undisturbed;
    require_books(copy, history.life);
    domain_store::GroupStore groups(copy.store->database());
    std::string tampered;
    std::int64_t group = 0;
    for (const auto id : groups.groups_after(0, 1000)) {
        auto announced = domain::Announced::from_text(groups.announced(id));
        if (!announced) continue;
        const auto charge = announced->standing.lower_bound("charge/");
        if (charge == announced->standing.end() || !charge->first.starts_with("charge/")) continue;
        charge->second.event_id = std::string(32, 'a');  // the sums are the same
        tampered = announced->to_text();
        group = id;
    }
    REQUIRE(group != 0);
    sqlite::Transaction transaction(copy.store->database());
    groups.save(transaction, group, {tampered, std::nullopt, {}});
    transaction.commit();
    const auto books = check_conservation(*copy.store, *copy.meaning, history.life.now_us());
    CHECK(books.differences.size() >= 2);
}

}  // namespace mis::gateway
