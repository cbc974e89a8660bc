// The feed's parts: what a cursor, a view, a reader's place and a question are. The whole through
// the real program: tests/system/feed_test.mjs.
#include <doctest/doctest.h>

#include "outbox/reader_place.hpp"
#include "sink/feed/request.hpp"
#include "sink/feed/view.hpp"
#include "unit/outbox/invented_events.hpp"

using namespace mis;
using namespace mis::sink::feed;
namespace outbox_of = mis::outbox::testing;

namespace {

void change(outbox_of::StoreFile& store, const std::function<void(sqlite::Transaction&)>& by) {
    sqlite::Transaction transaction(*store.writer);
    by(transaction);
    transaction.commit();
}

net::ServerRequest asked(std::string path, std::string query, net::Headers headers = {}) {
    net::ServerRequest request;
    request.method = "GET";
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers = std::move(headers);
    return request;
}

}  // namespace

TEST_CASE("a cursor is read by the store that wrote it, and by no other") {
    const CursorSeal ours("clinic-1", "instance"), theirs("clinic-1", "another");
    for (const std::int64_t position : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1} << 40}) {
        const Cursor cursor{position, "0123456789abcdef"};
        const std::string text = ours.text(cursor);
        CHECK(text.size() == 48);
        CHECK(ours.read(text) == cursor);
        CHECK(!theirs.read(text));
        for (std::size_t at = 0; at < text.size(); ++at) {
            std::string other = text;
            other[at] = other[at] == '0' ? '1' : '0';
            CHECK(!ours.read(other));
        }
        CHECK(!ours.read(text + "00"));
        CHECK(!ours.read(text.substr(2)));
    }
    CHECK(!ours.read(""));
    CHECK(!ours.read(std::string(48, 'x')));
}

TEST_CASE("a reader's place goes forward only, and what is beyond its limits is let go and told") {
    outbox_of::StoreFile store;
    change(store, [](sqlite::Transaction& t) { outbox::register_reader(t, "r"); });
    for (int i = 1; i <= 10; ++i) store.append({outbox_of::performed(1, i, i)}, i * 1'000'000);
    const auto figures = [&] { return outbox::reader_figures(*store.writer, "r"); };
    CHECK(figures().pending == 10);
    CHECK(figures().oldest_us == 1'000'000);
    change(store, [](sqlite::Transaction& t) { outbox::reader_took(t, "r", 3, 5); });
    change(store, [](sqlite::Transaction& t) { outbox::reader_took(t, "r", 2, 1); });
    CHECK(figures().taken == 3);
    CHECK(figures().handed_out == 6);

    outbox::ReaderLimits limits{3'600'000'000, 1000};
    const auto let_go = [&](std::int64_t now_us) {
        std::int64_t events = 0;
        change(store, [&](sqlite::Transaction& t) {
            events = outbox::let_go(t, "r", now_us, limits);
        });
        return events;
    };
    CHECK(let_go(11'000'000) == 0);
    SUBCASE("by age") {
        limits.keep_us = 4'000'000;
        CHECK(let_go(10'000'001) == 3);  // those of second 4, 5 and 6
        CHECK(figures().let_go_from == 4);
        CHECK(figures().let_go_to == 6);
    }
    SUBCASE("by number") {
        limits.events_max = 4;
        CHECK(let_go(11'000'000) == 3);
        CHECK(figures().let_go_to == 6);
        CHECK(figures().pending == 4);
        limits.events_max = 2;
        CHECK(let_go(11'000'000) == 2);
        CHECK(figures().let_go_from == 4);
        CHECK(figures().let_go_to == 8);
        // a reader that goes on behind the gap has been told
        change(store, [](sqlite::Transaction& t) { outbox::reader_took(t, "r", 7, 0); });
        CHECK(figures().let_go_to == 8);
        change(store, [](sqlite::Transaction& t) { outbox::reader_took(t, "r", 8, 0); });
        CHECK(figures().let_go_to == 0);
    }
    SUBCASE("nothing it has not taken is pruned, and a sink's row becomes the reader's") {
        store.register_sink("s");
        change(store, [](sqlite::Transaction& t) {
            outbox::Delivery::discard_sink(t, "s");
            CHECK(outbox::prune(t, 1'000'000'000, 0) == 3);
        });
        CHECK(outbox::first_position(*store.writer) == 4);
        change(store, [](sqlite::Transaction& t) {
            CHECK(
                outbox::replay(t, "r", 4, 5).error().text.find("reader of the feed") !=
                std::string::npos
            );
        });
    }
}

TEST_CASE("a view of some types says what each key had before in it, whatever the pages") {
    outbox_of::StoreFile store;
    for (int i = 1; i <= 30; ++i) {
        auto one = outbox_of::performed(i % 3, i, i), other = outbox_of::performed(i % 3, i, i);
        other.type = "procedure.reversed";
        other.data = Json{
            {"patient", outbox_of::pseudonym(i % 3)},
            {"procedure", outbox_of::pseudonym(i)},
            {"reason", "deleted"}};
        store.append({one, other});
    }
    const auto read = [&](View& view, Cursor after, std::size_t limit) {
        std::vector<outbox::OutboxEvent> all;
        for (;;) {
            auto page = view.read(*store.reader, after, limit, 1'000'000);
            after = page.next;
            for (auto& event : page.events) all.push_back(std::move(event));
            if (page.is_end) return all;
        }
    };
    const ViewFilter filter{"", {"procedure.*"}, "procedure.reversed"};
    View whole(filter), small(filter);
    const auto all = read(whole, {0, std::string(kNoEvent)}, 1000);
    CHECK(all.size() == 30);
    const auto pieces = read(small, {0, std::string(kNoEvent)}, 7);
    REQUIRE(pieces.size() == 30);
    std::map<std::string, std::string> last;
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].type == "procedure.reversed");
        CHECK(all[i].previous_sequence == pieces[i].previous_sequence);
        auto& before =
            last.try_emplace(all[i].partition_key, outbox::sequence_text(1, 0)).first->second;
        CHECK(all[i].previous_sequence == before);
        before = outbox::sequence_text(all[i].epoch, all[i].sequence);
    }
    SUBCASE("begun in the middle, backwards and forwards") {
        for (const std::int64_t from : {40, 20, 50}) {
            const auto part = read(small, {from, std::string(kNoEvent)}, 3);
            const std::size_t skipped = all.size() - part.size();
            for (std::size_t i = 0; i < part.size(); ++i)
                CHECK(part[i].previous_sequence == all[skipped + i].previous_sequence);
        }
    }
    SUBCASE("not known is not said") {
        change(store, [](sqlite::Transaction& t) {
            t.prepare("delete from outbox_segment where last_position <= 20").run();
        });
        View later(filter);
        const auto rest = read(later, {20, std::string(kNoEvent)}, 1000);
        REQUIRE(rest.size() == 20);
        CHECK(rest[0].previous_sequence.empty());
        CHECK(rest[3].previous_sequence == all[13].previous_sequence);
    }
}

TEST_CASE("questions are read, or turned away with what is wrong") {
    const auto good = read_question(asked(
        "/v1/events", "type=mis.billing.charge.v1&limit=1000&wait=60&after=ab%63",
        {{"Accept-Encoding", "deflate, *;q=0.5"}}
    ));
    const auto& question = std::get<Question>(good);
    CHECK(question.type == "billing.charge");
    CHECK(question.limit == 1000);
    CHECK(question.wait_seconds == 60);
    CHECK(question.after == "abc");
    CHECK(question.takes_gzip);
    for (const char* query :
         {"limit=1001", "limit=1e3", "limit=", "limit=+5", "wait=-1", "type=", "type=%00", "a=b",
          "limit=5&limit=5", "after=%zz", "after=%2"})
        CHECK_MESSAGE(
            std::holds_alternative<net::ServerAnswer>(read_question(asked("/v1/events", query))),
            query
        );
    const auto stream =
        read_question(asked("/v1/events/stream", "after=one", {{"last-event-id", "two"}}));
    CHECK(std::get<Question>(stream).after == "two");

    const std::vector<std::pair<Digest, int>> hashes{{sha256("alpha"), 0}, {sha256("beta"), 1}};
    CHECK(owner_of_token("beta", hashes) == 1);
    CHECK(owner_of_token("", hashes) == -1);
    CHECK(owner_of_token("gamma", hashes) == -1);
    CHECK(bearer_token(asked("/", "", {{"Authorization", "bearer  beta "}})) == "beta");
    CHECK(bearer_token(asked("/", "", {{"Authorization", "Basic beta"}})).empty());
    CHECK(bearer_token(asked("/", "", {{"Authorization", "Bearer"}})).empty());
}
