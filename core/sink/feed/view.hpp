// View: what one reader of the feed sees of the outbox: everything, one party's events, some types.
//
// A party's view is the one that a party's sink has (outbox::narrow_to_party). Where types are left
// out, each event carries the sequence that its key had before within this view; the view finds it
// by having met it, and goes over what is kept once to learn it. Where that is not known (older
// than what is kept, or too many keys), the event carries none. One owner, one thread; at most
// kKeysMax keys are remembered.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "outbox/outbox_event.hpp"
#include "sink/feed/cursor.hpp"
#include "sqlite/database.hpp"

namespace mis::sink::feed {

// "billing.charge", or "billing.*" for all that begin so.
bool is_of_types(std::string_view type, const std::vector<std::string>& patterns);

struct ViewFilter {
    std::string party;               // X3; empty: all
    std::vector<std::string> types;  // patterns, each of these lists has to allow it; empty: all
    std::string type;                // this one only; empty: all
    bool passes(std::string_view event_type) const;
    bool leaves_out_types() const { return !types.empty() || !type.empty(); }
};

struct Page {
    std::vector<outbox::OutboxEvent> events;  // as this view has them
    Cursor next;          // behind the last event that was looked at, in the view or not
    bool is_end = false;  // there is nothing behind it yet
};

class View {
  public:
    explicit View(ViewFilter filter) : filter_(std::move(filter)) {}

    // Events after the cursor, at most `limit` and about bytes_max of data. Fewer, even none, also
    // where many had to be left out: one goes on from `next` until is_end.
    Page read(
        sqlite::Database& database, const Cursor& after, std::size_t limit, std::size_t bytes_max
    );

    static constexpr std::size_t kKeysMax = 65'536;
    static constexpr std::size_t kLookedAtMax = 20'000;      // events, in one read
    static constexpr std::int64_t kLearntFromMax = 500'000;  // events, before a read

  private:
    struct Sequence {
        std::uint32_t epoch = 0;
        std::uint64_t value = 0;
    };
    bool takes_all() const { return filter_.party.empty() && !filter_.leaves_out_types(); }
    bool fits(outbox::OutboxEvent& event) const;
    void learn(sqlite::Database& database, std::int64_t up_to);
    void say_previous(outbox::OutboxEvent& event);
    void remember(const outbox::OutboxEvent& event);

    const ViewFilter filter_;
    std::unordered_map<std::size_t, Sequence> last_;  // by the key's hash, as of position_
    std::int64_t position_ = -1;                      // -1: nothing was learnt
    bool knows_all_ = false;                          // of the keys' events up to position_
};

}  // namespace mis::sink::feed
