#include "domain_store/group_store.hpp"

#include <algorithm>
#include <utility>

#include "domain_store/now_store.hpp"
#include "sqlite/packed.hpp"

namespace mis::domain_store {
namespace {

// Parameters 1 and 2: the columns announced and packed, one of which is empty. Not copied.
void bind_held(sqlite::Statement& update, std::string_view announced, std::string_view packed) {
    update.bind_held(1, packed.empty() ? announced : std::string_view());
    if (packed.empty())
        update.bind_null(2);
    else
        update.bind_blob_held(2, packed);
}

}  // namespace

std::string packed_state(std::string_view announced) { return sqlite::packed(announced); }

std::string unpacked_state(std::string_view packed) {
    return sqlite::unpacked(packed, "what was announced");
}

std::optional<std::int64_t> GroupStore::group_of(const Party& party) const {
    auto found = database_.prepare(
        "select group_id from group_party where kind = ? and source = ? and key = ?"
    );
    found.with(static_cast<int>(party.kind), party.source, party.key);
    if (!found.step()) return std::nullopt;
    return found.integer(0);
}

Joined GroupStore::join(sqlite::Transaction& transaction, std::span<const Party> parties) {
    std::vector<std::int64_t> groups;
    std::vector<const Party*> strangers;
    for (const auto& party : parties) {
        if (const auto group = group_of(party))
            groups.push_back(*group);
        else
            strangers.push_back(&party);
    }
    Joined joined = join_groups(transaction, std::move(groups));
    for (const auto* party : strangers) adopt(transaction, *party, joined.group);
    return joined;
}

void GroupStore::adopt(sqlite::Transaction& transaction, const Party& party, std::int64_t group) {
    transaction
        .prepare(
            "insert or ignore into group_party (kind, source, key, group_id) values (?, ?, ?, ?)"
        )
        .with(static_cast<int>(party.kind), party.source, party.key, group)
        .run();
}

Joined GroupStore::join_groups(sqlite::Transaction& transaction, std::vector<std::int64_t> groups) {
    std::sort(groups.begin(), groups.end());
    groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
    if (groups.empty()) {
        transaction.prepare("insert into meaning_group default values").run();
        groups.push_back(database_.last_insert_id());
    }
    Joined joined{groups.front(), {}};
    for (const auto group : groups)
        if (auto text = announced(group); !text.empty())
            joined.announced.push_back(std::move(text));
    if (groups.size() > 1 && joined.announced.size() == 1) {  // the survivor may have said nothing
        const std::string packed = packed_state(joined.announced.front());
        auto update =
            transaction.prepare("update meaning_group set announced = ?, packed = ? where id = ?");
        bind_held(update, joined.announced.front(), packed);
        update.bind(3, joined.group).run();
    }
    for (std::size_t i = 1; i < groups.size(); ++i) {
        for (const char* sql :
             {"update group_party set group_id = ?1 where group_id = ?2",
              "update group_entity set group_id = ?1 where group_id = ?2",
              "update or ignore group_message set group_id = ?1 where group_id = ?2"})
            transaction.prepare(sql).with(joined.group, groups[i]).run();
        transaction.prepare("delete from group_message where group_id = ?").with(groups[i]).run();
        NowStore::move(transaction, groups[i], joined.group);
        transaction.prepare("delete from meaning_group where id = ?").with(groups[i]).run();
    }
    return joined;
}

std::int64_t GroupStore::part_off(
    sqlite::Transaction& transaction, std::int64_t group, const Part& part
) {
    transaction.prepare("insert into meaning_group default values").run();
    const std::int64_t made = database_.last_insert_id();
    auto move = transaction.prepare(
        "update group_party set group_id = ? where kind = ? and source = ? and key = ? and "
        "group_id = ?"
    );
    for (const Party& party : part.parties)
        move.with(made, static_cast<int>(party.kind), party.source, party.key, group).run();
    for (const std::int64_t position : part.messages) attach_message(transaction, made, position);
    auto name = transaction.prepare("update group_entity set group_id = ? where public_id = ?");
    for (const auto& entity : part.entities) name.with(made, entity).run();
    return made;
}

void GroupStore::keep_messages(
    sqlite::Transaction& transaction, std::int64_t group, std::span<const std::int64_t> positions
) {
    for (const std::int64_t position : messages(group)) {
        if (std::find(positions.begin(), positions.end(), position) != positions.end()) continue;
        transaction.prepare("delete from group_message where group_id = ? and position = ?")
            .with(group, position)
            .run();
    }
}

void GroupStore::forget_entities(
    sqlite::Transaction& transaction, std::span<const std::string> public_ids
) {
    auto erase = transaction.prepare("delete from group_entity where public_id = ?");
    for (const auto& id : public_ids) erase.with(id).run();
}

std::vector<std::string> GroupStore::entities(std::int64_t group) const {
    std::vector<std::string> found;
    auto rows = database_.prepare("select public_id from group_entity where group_id = ?");
    rows.with(group);
    while (rows.step()) found.push_back(rows.string(0));
    return found;
}

std::vector<Party> GroupStore::parties(std::int64_t group) const {
    std::vector<Party> found;
    auto rows = database_.prepare(
        "select kind, source, key from group_party where group_id = ? order by kind, source, key"
    );
    rows.with(group);
    while (rows.step())
        found.push_back({static_cast<PartyKind>(rows.integer(0)), rows.string(1), rows.string(2)});
    return found;
}

std::optional<std::int64_t> GroupStore::group_of_entity(std::string_view public_id) const {
    auto found = database_.prepare("select group_id from group_entity where public_id = ?");
    found.with(public_id);
    if (!found.step()) return std::nullopt;
    return found.integer(0);
}

void GroupStore::save(sqlite::Transaction& transaction, std::int64_t group, const State& state) {
    const std::string packed = state.packed.empty() ? packed_state(state.announced) : std::string();
    {
        auto update = transaction.prepare(
            "update meaning_group set announced = ?, packed = ?, next_tick_us = ? where id = ?"
        );
        bind_held(update, state.announced, state.packed.empty() ? packed : state.packed);
        if (state.next_tick_us) update.bind(3, *state.next_tick_us);
        update.bind(4, group).run();
    }
    for (const auto& entity : state.entities)
        transaction
            .prepare("insert or replace into group_entity (public_id, group_id) values (?, ?)")
            .with(entity, group)
            .run();
}

void GroupStore::make_due(sqlite::Transaction& transaction, std::int64_t group) {
    transaction.prepare("update meaning_group set next_tick_us = 0 where id = ?").with(group).run();
}

void GroupStore::attach_message(
    sqlite::Transaction& transaction, std::int64_t group, std::int64_t inbox_position
) {
    transaction.prepare("insert or ignore into group_message (group_id, position) values (?, ?)")
        .with(group, inbox_position)
        .run();
}

std::vector<std::int64_t> GroupStore::messages(std::int64_t group) const {
    std::vector<std::int64_t> positions;
    auto rows =
        database_.prepare("select position from group_message where group_id = ? order by position"
        );
    rows.with(group);
    while (rows.step()) positions.push_back(rows.integer(0));
    return positions;
}

std::string GroupStore::announced(std::int64_t group) const {
    auto found = database_.prepare("select announced, packed from meaning_group where id = ?");
    found.with(group);
    if (!found.step()) return {};
    if (found.is_null(1)) return found.string(0);
    return unpacked_state(found.text(1));
}

void GroupStore::forget_all_announced(sqlite::Transaction& transaction) {
    transaction.prepare("update meaning_group set announced = '', packed = null, next_tick_us = 0")
        .run();
    NowStore::forget_all(transaction);
}

std::vector<std::int64_t> GroupStore::due(std::int64_t now_us, int limit) const {
    std::vector<std::int64_t> groups;
    auto rows = database_.prepare(
        "select id from meaning_group where next_tick_us <= ? order by next_tick_us, id limit ?"
    );
    rows.with(now_us, limit);
    while (rows.step()) groups.push_back(rows.integer(0));
    return groups;
}

std::vector<std::int64_t> GroupStore::groups_after(std::int64_t after, int limit) const {
    std::vector<std::int64_t> groups;
    auto rows = database_.prepare("select id from meaning_group where id > ? order by id limit ?");
    rows.with(after, limit);
    while (rows.step()) groups.push_back(rows.integer(0));
    return groups;
}

}  // namespace mis::domain_store
