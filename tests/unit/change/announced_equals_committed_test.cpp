// What was announced is what was committed: random transactions against a model of a clinic's base,
// over every shape of stream, and over sources that lack the walk, its order, questions by keys, a
// clock, or several of them.
//
// It breaks: commits in any order and long after their stamps, edits and deletions without a trace,
// equal stamps, keys used again, rows moving in and out of the window, pages of one row,
// connections lost in mid-read, processes that die before, during and after a commit. It looks for:
// a change that the polls should find and do not (all but those that only a comparison of
// everything can see), an announcement that nothing in the base stands for, and any difference at
// all after the nightly reconciliation. MIS_SEED=n tries another seed beside the fixed ones.
#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/timestamp.hpp"
#include "change/stream_pass.hpp"
#include "sqlite/migration.hpp"
#include "unit/change/fake_mis.hpp"

using namespace mis;
using namespace mis::change;
using namespace mis::change::testing;

namespace {

enum class Trace { stamped, late, unstamped, deleted };
constexpr std::size_t kTraces = 4;
constexpr const char* kTraceNames[kTraces] = {
    "stamped", "stamped, committed late", "edited without a stamp", "deleted"};

struct Found {  // time from commit until announced
    std::int64_t count = 0, sum_us = 0, max_us = 0;
    void add(std::int64_t us) {
        ++count;
        sum_us += us;
        max_us = std::max(max_us, us);
    }
};

struct Shape {
    const char* name;
    bool stamps, window, parent;
    const char* key_prefix;     // of the MIS's keys: not integers then
    const char* record_prefix;  // of the records' ids: not the row's key then
    bool tokens = false;        // row versions instead of stamps
    bool listed = false;        // the base lists what is written and deleted, for a while
    bool noted = false;         // it notes what is deleted
};

constexpr Shape kShapes[] = {
    {"stamps and window", true, true, false, "", ""},
    {"window only", false, true, false, "", ""},
    {"stamps only", true, false, false, "", ""},
    {"neither: key tail", false, false, false, "", ""},
    {"fan-out by rows", true, true, true, "", ""},
    {"text keys, derived ids", true, true, false, "K-", "r-"},
    {"row versions", false, false, false, "", "", true},
    {"a list of changes", false, false, false, "", "", false, true},
    {"a list of changes, fan-out by rows", true, true, true, "", "", false, true},
    {"a list of changes, text keys", true, false, false, "K-", "r-", false, true},
    {"notes of deletions", true, false, false, "", "", false, false, true},
};

using Rows = source::Capabilities::Rows;

constexpr int kHistoryDays = 20;

std::string words_for(const source::Capabilities& can) {
    std::string lacks;
    if (can.rows == Rows::at_once) lacks += ", all rows in one answer";
    if (can.rows == Rows::by_period) lacks += ", only periods";
    if (!can.ids) lacks += ", no keys asked";
    if (!can.own_clock) lacks += ", no clock";
    return lacks;
}

class World {
  public:
    World(const Shape& shape, const source::Capabilities& can, std::uint64_t seed)
        : shape_(shape), random_(seed), mapper_(shape.record_prefix) {
        mis_.can = can;
        if (!can.own_clock) mis_.skew_us = roll(-72'000, 72'000) * kUsPerSecond;
        path_ = std::filesystem::temp_directory_path() /
                ("mis-change-" + std::to_string(std::random_device{}()) + "-" +
                 std::to_string(seed) + ".db");  // others test here too
        erase_store();
        // A page of one key is read again by that key, where keys can be asked.
        options_.walk_rows = std::max(roll(1, 7), can.ids ? 1 : 2);
        options_.batch_rows = roll(1, 5);
        options_.slice_rows = roll(1, 6);
        options_.small_stream_rows = 0;
        options_.tail_overlap_keys = roll(0, 3);
        options_.overlap_us_min = 30'000'000;
        options_.overlap_us_max = 240'000'000;
        options_.hold_count = 1'000'000;  // here everything may vanish
        mis_.rows_per_batch = static_cast<std::size_t>(roll(1, 4));
        mis_.before_read = [this] {
            if (busy_ && one_in(4)) work();
        };
        mis_.breaks = [this] { return busy_ && one_in(400); };
        stream_ = declaration(shape.stamps, shape.window, shape.parent);
        if (shape.tokens) {
            stream_.stamps = {"V.VERSION"};
            stream_.tokens = {0};
            mis_.lowest_open_version = [this] {
                std::uint64_t lowest = versions_ + 1;
                for (const auto& open : open_)
                    for (const auto& change : open.changes)
                        if (change.row) lowest = std::min(lowest, change.row->version);
                return lowest;
            };
        }
        if (shape.listed) mis_.listed.emplace();
        if (shape.noted) {
            auto noted = declaration(true, false, false);
            noted.name = "visit.deletes";
            stream_.deletes = std::make_shared<source::StreamDeclaration>(std::move(noted));
        }
        if (stream_.window) stream_.window->history_days = kHistoryDays;
        if (std::string_view(shape.key_prefix).empty())  // a reconciliation may be interrupted
            stream_.columns = {{"id", source::ColumnType::integer}};
        open();
    }
    ~World() {
        close();
        erase_store();
    }

    void play(int steps) {
        for (int step = 0; step < steps; ++step) {
            busy_ = true;
            for (int i = roll(0, 4); i > 0; --i) work();
            for (int i = roll(0, 12); i > 0; --i) {
                clock_.advance(std::chrono::seconds(5));
                commit_due();
            }
            if (one_in(300)) clock_.advance(std::chrono::hours(roll(1, 30)));
            if (one_in(2)) pass(PassMode::poll);
            if (one_in(40)) pass(PassMode::reconcile);
            if (one_in(25)) quiet_point();
        }
        quiet_point();
    }

    std::array<Found, kTraces> found{};
    std::int64_t announcements = 0, restarts = 0, left_to_the_night = 0;

  private:
    struct Change {
        std::string key;
        std::optional<FakeRow> row;  // nullopt: deleted
        Trace trace;
    };
    struct Open {
        std::int64_t commit_us;
        std::vector<Change> changes;
    };
    struct Announced {
        std::string patient, value;
        bool operator==(const Announced&) const = default;
    };

    int roll(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }
    bool one_in(int n) { return roll(1, n) == 1; }
    std::int64_t now_us() const { return clock_.unix_us(); }
    std::int64_t stamp_now_us() const { return mis_.now_us() / kUsPerSecond * kUsPerSecond; }
    std::string record_id(const std::string& key) const { return shape_.record_prefix + key; }

    // --- the clinic
    void work() {
        commit_due();
        if (one_in(3)) return;
        Open open;
        // Most commit within the overlap, some long after it.
        open.commit_us = now_us() + (one_in(8) ? roll(30, 900) : roll(0, 25)) * kUsPerSecond;
        for (int i = roll(1, 4); i > 0; --i) change_something(open);
        for (auto& change : open.changes)
            if (change.row) change.row->version = ++versions_;
        if (!open.changes.empty()) open_.push_back(std::move(open));
    }
    void change_something(Open& open) {
        const std::string key = shape_.key_prefix + std::to_string(roll(1, 60));
        for (const auto& other : open_)
            for (const auto& change : other.changes)
                if (change.key == key) return;  // locked
        for (const auto& change : open.changes)
            if (change.key == key) return;
        const auto standing = mis_.rows.find(key);
        if (standing == mis_.rows.end()) {
            FakeRow row = fresh_row(key);
            Trace trace = Trace::stamped;
            if (one_in(15)) {  // imported with an old stamp
                row.stamp_us -= 5 * 3'600 * kUsPerSecond;
                trace = Trace::late;
            }
            open.changes.push_back({key, row, trace});
        } else if (one_in(5)) {
            open.changes.push_back({key, std::nullopt, Trace::deleted});
            if (shape_.parent && one_in(2)) touch_siblings(open, key, standing->second.parent);
        } else {
            FakeRow row = one_in(6)
                              ? fresh_row(key)
                              : standing->second;  // sometimes another visit under the same key
            row.value = value();
            if (one_in(4)) row.window_us = some_day();
            if (one_in(5)) row.patient = std::to_string(roll(1, 6));
            const bool unstamped = one_in(4);
            row.stamp_us = unstamped ? standing->second.stamp_us : stamp_now_us();
            open.changes.push_back({key, row, unstamped ? Trace::unstamped : Trace::stamped});
        }
    }
    void touch_siblings(Open& open, const std::string& gone, const std::string& parent) {
        for (const auto& [key, row] : mis_.rows) {
            if (row.parent != parent || key == gone) continue;
            FakeRow touched = row;
            touched.stamp_us = stamp_now_us();
            open.changes.push_back({key, touched, Trace::stamped});
        }
    }
    FakeRow fresh_row(const std::string& key) {
        FakeRow row;
        row.stamp_us = stamp_now_us();  // whole seconds: equal stamps are common
        row.window_us = some_day();
        row.patient = std::to_string(roll(1, 6));
        row.value = value();
        if (shape_.parent) row.parent = "P" + std::to_string(key.size() > 1 ? key[0] - '0' : 0);
        return row;
    }
    std::string value() {
        if (one_in(20)) return "skip";
        if (one_in(20)) return "bad";
        return "v" + std::to_string(one_in(10) ? 0 : ++values_);
    }
    std::int64_t some_day() { return (now_us() / kUsPerDay + roll(-8, 10)) * kUsPerDay; }
    void commit_due() {
        std::shuffle(open_.begin(), open_.end(), random_);
        std::erase_if(open_, [&](const Open& open) {
            if (open.commit_us > now_us()) return false;
            ++mis_.version_now;
            if (mis_.listed && one_in(40)) {  // it is kept for a while only
                mis_.listed_from = mis_.version_now;
                mis_.listed->clear();
            }
            for (const auto& change : open.changes) {
                Trace trace = change.trace;
                if (change.row) {
                    mis_.rows[change.key] = *change.row;
                    if (trace == Trace::stamped &&
                        mis_.now_us() - change.row->stamp_us >= options_.overlap_us_min)
                        trace = Trace::late;
                } else {
                    mis_.rows.erase(change.key);
                    if (shape_.noted) mis_.noted_deletes.emplace(mis_.now_us(), change.key);
                }
                if (mis_.listed) mis_.listed->push_back({mis_.version_now, change.key});
                last_trace_[change.key] = trace;
                if (differs(change.key))
                    waiting_[change.key] = {now_us(), trace};
                else
                    waiting_.erase(change.key);
            }
            return true;
        });
    }

    // --- the gateway
    void open() {
        database_.emplace(sqlite::Database::open(path_));
        database_->execute("pragma synchronous = off");  // the test kills no machine
        sqlite::create_tables(*database_);
        records_.emplace(*database_);
        if (one_in(2)) {
            sqlite::Transaction transaction(*database_);
            RecordStore::create_indexes(transaction);
            transaction.commit();
        }
        pass_.emplace(StreamPass::create(
                          "demo", stream_, mis_, mapper_, *records_, *database_, clock_, options_
        )
                          .value());
    }
    void close() {
        pass_.reset();
        records_.reset();
        database_.reset();
    }
    void erase_store() {
        for (const char* suffix : {"", "-wal", "-shm"})
            std::filesystem::remove(path_.string() + suffix);
    }
    bool pass(PassMode mode) {
        const auto report = pass_->run(mode, [&](CaptureBatch&& batch) -> Result<CaptureCounts> {
            if (busy_ && one_in(30)) return fail(ErrorKind::cancelled, "died before the commit");
            CaptureCounts counts;
            {
                sqlite::Transaction transaction(*database_);
                counts = apply(transaction, *records_, batch, now_us());
                if (busy_ && one_in(30)) return fail(ErrorKind::cancelled, "died in the commit");
                transaction.commit();
            }
            if (busy_ && one_in(30)) return fail(ErrorKind::cancelled, "died after the commit");
            return counts;
        });
        if (!report) {
            if (one_in(2)) {  // else the same process tries again
                close();
                open();
                ++restarts;
            }
            return false;
        }
        if (busy_ && one_in(10)) return true;  // died before the meaning
        announce();
        return true;
    }
    // The second transaction: each pending patient's standing facts against what was announced of
    // him.
    void announce() {
        sqlite::Transaction transaction(*database_);
        const auto all_pending = records_->pending(1'000);
        std::set<std::string> told_now;
        for (const auto& pending : all_pending) told_now.insert(pending.group.source_id);
        for (const auto& pending : all_pending) {
            const std::string& patient = pending.group.source_id;
            std::map<std::string, Announced> standing;
            for (const auto& record : records_->standing_of_patient("demo", patient)) {
                const Json body = parse_json(record.body).value();
                CHECK(body["patient_source_id"] == patient);
                standing[record.key.source_id] = {patient, body["value"].get<std::string>()};
            }
            std::erase_if(announced_, [&](const auto& entry) {
                const bool gone =
                    entry.second.patient == patient && !standing.contains(entry.first);
                if (gone) ++announcements;
                return gone;
            });
            for (const auto& [key, fact] : standing) {
                if (const auto old = announced_.find(key); old != announced_.end()) {
                    if (old->second == fact) continue;
                    CHECK(told_now.contains(old->second.patient)
                    );  // the one who lost it must know too
                }
                announced_[key] = fact;
                ++announcements;
            }
            records_->clear_pending(transaction, pending.group, pending.mark);
        }
        transaction.commit();
        std::erase_if(waiting_, [&](const auto& entry) {
            if (differs(entry.first)) return false;
            found[static_cast<std::size_t>(entry.second.second)].add(now_us() - entry.second.first);
            return true;
        });
    }

    // --- the judgement
    bool differs(const std::string& key) const {
        const auto row = mis_.rows.find(key);
        const auto told = announced_.find(record_id(key));
        if (row == mis_.rows.end() || row->second.value == "skip") return told != announced_.end();
        if (row->second.value == "bad") return false;  // whatever stood before stands
        return told == announced_.end() ||
               told->second != Announced{row->second.patient, row->second.value};
    }
    std::vector<std::string> differences() const {
        std::set<std::string> keys;
        for (const auto& [key, row] : mis_.rows) keys.insert(key);
        for (const auto& [id, fact] : announced_)
            keys.insert(id.substr(std::string(shape_.record_prefix).size()));
        std::vector<std::string> found_keys;
        for (const auto& key : keys)
            if (differs(key)) found_keys.push_back(key);
        return found_keys;
    }
    // Of a source that gives periods, what lies outside the declared history is as it was, or gone.
    bool is_out_of_reach(const std::string& key) const {
        if (mis_.can.rows != Rows::by_period) return false;
        const std::int64_t today_us = now_us() / kUsPerDay * kUsPerDay;
        const std::int64_t from_us = today_us - kHistoryDays * kUsPerDay;
        const std::int64_t to_us = today_us + 6 * kUsPerDay;
        const auto row = mis_.rows.find(key);
        if (row != mis_.rows.end())
            return row->second.window_us < from_us || row->second.window_us >= to_us;
        bool held_in_reach = false;
        records_->known_in_window(
            {"demo", "visit", "procedure"}, from_us, to_us,
            [&](const KnownRecord& known) { held_in_reach |= known.row_key == key; }
        );
        return !held_in_reach;
    }
    // What only the comparison of everything may find where no keys can be asked: a row that is
    // gone, a child that its parent may have elsewhere.
    bool waits_for_everything(const std::string& key) const {
        if (mis_.can.ids) return false;
        const auto row = mis_.rows.find(key);
        return row == mis_.rows.end() || (shape_.parent && row->second.value == "skip");
    }
    void quiet_point() {
        busy_ = false;
        clock_.advance(std::chrono::seconds(901));
        commit_due();
        REQUIRE(open_.empty());
        REQUIRE(pass(PassMode::poll));
        REQUIRE(pass(PassMode::poll));  // the first may have been the backfill
        std::set<std::string> held_in_window;
        const std::int64_t today_us = now_us() / kUsPerDay * kUsPerDay;
        records_->known_in_window(
            {"demo", "visit", "procedure"}, today_us - 3 * kUsPerDay, today_us + 6 * kUsPerDay,
            [&](const KnownRecord& known) { held_in_window.insert(known.row_key); }
        );
        const auto left = differences();
        for (const auto& key : left) {
            CAPTURE(key);
            const auto row = mis_.rows.find(key);
            REQUIRE(last_trace_.contains(key));
            CAPTURE(kTraceNames[static_cast<std::size_t>(last_trace_.at(key))]);
            const bool row_in_window = row != mis_.rows.end() &&
                                       row->second.window_us >= today_us - 3 * kUsPerDay &&
                                       row->second.window_us < today_us + 6 * kUsPerDay;
            if (waits_for_everything(key)) continue;
            if (shape_.window) CHECK_FALSE(row_in_window);
            if (shape_.window && mis_.can.ids) CHECK_FALSE(held_in_window.contains(key));
            if (shape_.tokens) CHECK(last_trace_.at(key) == Trace::deleted);
            if (shape_.stamps) CHECK(last_trace_.at(key) != Trace::stamped);
            if (mis_.can.ids && shape_.noted) CHECK(last_trace_.at(key) != Trace::deleted);
            CHECK_FALSE((mis_.can.ids && shape_.listed));
        }
        left_to_the_night += static_cast<std::int64_t>(left.size());
        REQUIRE(pass(PassMode::reconcile));
        for (const auto& key : differences()) {
            CAPTURE(key);
            CHECK(is_out_of_reach(key));
        }
        for (const auto& waiting : waiting_) {
            CAPTURE(waiting.first);
            CHECK(is_out_of_reach(waiting.first));
        }
        if (mis_.can.rows != Rows::by_period)  // there also what left the history
            CHECK(pass_->state().drift.total() <= static_cast<std::int64_t>(left.size()));
        REQUIRE(pass(PassMode::reconcile));
        CHECK(pass_->state().drift == Drift{});
        CHECK(records_->pending_count() == 0);
        CHECK(holds(*database_).empty());
    }

    const Shape& shape_;
    std::mt19937_64 random_;
    FakeClock clock_;
    FakeMis mis_{clock_};
    IdentityMapper mapper_;
    source::StreamDeclaration stream_;
    PassOptions options_;
    std::filesystem::path path_;
    std::optional<sqlite::Database> database_;
    std::optional<RecordStore> records_;
    std::optional<StreamPass> pass_;
    bool busy_ = false;
    std::int64_t values_ = 0;
    std::uint64_t versions_ = 2'000;
    std::vector<Open> open_;
    std::map<std::string, Announced> announced_;  // record id → what the announcements add up to
    std::map<std::string, Trace> last_trace_;     // row key → how it changed last
    std::map<std::string, std::pair<std::int64_t, Trace>>
        waiting_;  // row key → committed, not yet announced
};

std::vector<std::uint64_t> seeds() {
    std::vector<std::uint64_t> chosen{1, 2};
    if (const char* seed = std::getenv("MIS_SEED"))
        chosen.push_back(std::strtoull(seed, nullptr, 10));
    return chosen;
}

}  // namespace

TEST_CASE(
    "what was announced is what was committed, and the nightly reconciliation leaves no difference"
) {
    for (const Shape& shape : kShapes) {
        std::array<Found, kTraces> found{};
        std::int64_t announcements = 0, restarts = 0, night = 0;
        for (const std::uint64_t seed : seeds()) {
            CAPTURE(shape.name);
            CAPTURE(seed);
            World world(shape, {}, seed);
            world.play(300);
            for (std::size_t i = 0; i < kTraces; ++i) {
                found[i].count += world.found[i].count;
                found[i].sum_us += world.found[i].sum_us;
                found[i].max_us = std::max(found[i].max_us, world.found[i].max_us);
            }
            announcements += world.announcements;
            restarts += world.restarts;
            night += world.left_to_the_night;
        }
        CHECK(announcements > 500);
        CHECK(restarts > 2);
        std::string report = std::string(shape.name) + ": " + std::to_string(announcements) +
                             " announcements, " + std::to_string(restarts) + " restarts, " +
                             std::to_string(night) +
                             " found by reconciliation only. Time until found, mean / longest:";
        for (std::size_t i = 0; i < kTraces; ++i)
            if (found[i].count > 0)
                report += "\n  " + std::string(kTraceNames[i]) + ": " +
                          std::to_string(found[i].sum_us / found[i].count / kUsPerSecond) +
                          " s / " + std::to_string(found[i].max_us / kUsPerSecond) + " s (" +
                          std::to_string(found[i].count) + ")";
        MESSAGE(report);
    }
}

TEST_CASE("what a source cannot do is left out, and what was announced is still what was committed"
) {
    for (const Rows rows : {Rows::by_pages, Rows::at_once, Rows::by_period})
        for (const bool ids : {true, false})
            for (const bool own_clock : {true, false}) {
                const source::Capabilities can{rows, ids, own_clock};
                if (can == source::Capabilities{}) continue;
                std::int64_t announcements = 0, restarts = 0;
                for (const Shape& shape : kShapes) {
                    if (rows == Rows::by_period && !shape.window) continue;
                    const std::uint64_t seed = seeds().back();
                    const std::string name = shape.name + words_for(can);
                    CAPTURE(name);
                    CAPTURE(seed);
                    World world(shape, can, seed);
                    world.play(60);
                    announcements += world.announcements;
                    restarts += world.restarts;
                }
                CHECK(announcements > 200);
                CHECK(restarts > 2);
            }
}
