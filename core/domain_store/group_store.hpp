// GroupStore: what was last announced about each group, and which patients, practitioners and
// orders hang together.
//
// Written in the meaning transaction only. A group's announced state is one canonical JSON text,
// opaque here (core/domain knows its shape). A group is who hangs together now: several become one
// (join), and one falls into parts when what tied them is gone (part_off), with what was announced
// divided by the caller (core/decisions/0003).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sqlite/database.hpp"

namespace mis::domain_store {

// request: an organization's statement over all its accounts, a group of its own.
enum class PartyKind { patient = 1, practitioner = 2, order = 3, request = 4 };

struct Party {
    PartyKind kind = PartyKind::patient;
    std::string source;  // empty for orders and requests
    std::string key;     // source id of the patient or practitioner, id of the order or request
    friend auto operator<=>(const Party&, const Party&) = default;
};

struct Joined {
    std::int64_t group = 0;
    std::vector<std::string> announced;  // of each group that was joined into one, the surviving
                                         // one's first; empty texts left out. A single one is
                                         // stored already; of several the caller makes one
};

class GroupStore {
  public:
    explicit GroupStore(sqlite::Database& database) : database_(database) {}

    // The one group of all these parties: found, made, or several joined into the oldest.
    Joined join(sqlite::Transaction& transaction, std::span<const Party> parties);
    // The same for groups known by number; none: a new one.
    Joined join_groups(sqlite::Transaction& transaction, std::vector<std::int64_t> groups);
    // A new group of these parties of `group`, with these of its messages and public ids; the
    // caller saves its state, and tells which messages `group` keeps.
    struct Part {
        std::vector<Party> parties;
        std::vector<std::int64_t> messages;
        std::vector<std::string> entities;
    };
    std::int64_t part_off(sqlite::Transaction& transaction, std::int64_t group, const Part& part);
    // What a group that was divided has left of its messages and of the names under which it waits.
    void keep_messages(
        sqlite::Transaction& transaction, std::int64_t group,
        std::span<const std::int64_t> positions
    );
    void forget_entities(sqlite::Transaction& transaction, std::span<const std::string> public_ids);
    std::vector<std::string> entities(std::int64_t group) const;
    // The party is found under this group from now on; nothing happens when it has one already.
    void adopt(sqlite::Transaction& transaction, const Party& party, std::int64_t group);
    std::optional<std::int64_t> group_of(const Party& party) const;
    std::vector<Party> parties(std::int64_t group) const;

    // Public ids (pseudonyms, limits, plans, orders) lead back to their group, for messages of the
    // exchange that name them.
    std::optional<std::int64_t> group_of_entity(std::string_view public_id) const;

    struct State {
        std::string announced;                     // canonical JSON
        std::optional<std::int64_t> next_tick_us;  // when time alone changes something
        std::vector<std::string> entities;         // public ids, added to those known
        std::string packed = {};  // what packed_state() made of `announced`, which is empty then
    };
    void save(sqlite::Transaction& transaction, std::int64_t group, const State& state);
    // The group's meaning is to be worked out again although no record of it changed: a message
    // came, an order was linked.
    void make_due(sqlite::Transaction& transaction, std::int64_t group);

    // Positions of the exchange's messages that concern the group.
    void attach_message(
        sqlite::Transaction& transaction, std::int64_t group, std::int64_t inbox_position
    );
    std::vector<std::int64_t> messages(std::int64_t group) const;

    std::string announced(std::int64_t group) const;
    // Of all groups: a new epoch, in which consumers know nothing (I4). Everybody is due.
    void forget_all_announced(sqlite::Transaction& transaction);

    // Groups whose next_tick_us has come, soonest first.
    std::vector<std::int64_t> due(std::int64_t now_us, int limit) const;
    // Groups in order of their id, for reports: those after `after`.
    static constexpr int kPerPage = 500;
    std::vector<std::int64_t> groups_after(std::int64_t after, int limit) const;

  private:
    sqlite::Database& database_;
};

// The form in which a state is kept; empty: one so short that it is kept as it is. It may be made
// on another thread than the one that writes.
std::string packed_state(std::string_view announced);
std::string unpacked_state(std::string_view packed);  // Throws StoreError (corrupt)

}  // namespace mis::domain_store
