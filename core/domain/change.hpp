// One evaluation in the making: what every part of the differ reads, and where it puts its drafts.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "domain/draft.hpp"
#include "domain/export_gate.hpp"
#include "domain/orders.hpp"
#include "domain/typed_facts.hpp"

namespace mis::domain {

struct Change {
    const GroupFacts& facts;
    const TypedFacts& typed;
    const Orders& orders;
    const Announced& before;
    const Rules& rules;
    const Identity& identity;
    const ExportGate& gate;
    Drafts& drafts;
    std::optional<Timestamp> next_tick = std::nullopt;

    const Timestamp& now() const { return facts.now; }

    void tick_at(const Timestamp& when) {
        if (when > facts.now && (!next_tick || when < *next_tick)) next_tick = when;
    }

    // D3's ties: the row behind a public id, which may be gone by now.
    std::string row_of(const std::string& id) const {
        return std::string(row_and_source(before.rows.find(id).value_or(id)).first);
    }

    // When a line was done, as it was announced; nullopt: it is announced no more.
    std::optional<Timestamp> told_performed_at(std::string_view line) const {
        const Standing* procedure = before.find("procedure/" + std::string(line));
        if (procedure == nullptr) return std::nullopt;
        return Timestamp::parse_rfc3339(
            procedure->data.find("procedure").find("performed_at").string()
        );
    }

    // Of a record that may be gone by now: its own source, where the group has several.
    std::string source_of(std::string_view kind, const std::string& id) const {
        const auto row = row_and_source(before.rows.find(id).value_or(id));
        if (!row.second.empty()) return std::string(row.second);
        if (typed.sources.size() > 1)
            for (const std::string& known : typed.sources)
                if (identity.public_id(known, kind, row.first) == id) return known;
        return typed.mis_source;
    }

    // What consumers were told under this key. What was withheld counts as never said once it may
    // leave (X1).
    const Standing* told(const std::string& key, const Permission& permission) const {
        const Standing* standing = before.find(key);
        if (standing != nullptr && standing->leaves == Export::withheld && permission.allowed())
            return nullptr;
        return standing;
    }
};

// Calls visit(key without prefix, standing) for every announcement under the prefix, in the order
// of keys. The key is a view where visit takes one.
template <typename Visit>
void for_each_standing(const Announced& announced, std::string_view prefix, const Visit& visit) {
    for (auto at = announced.standing.lower_bound(prefix); at != announced.standing.end(); ++at) {
        const std::string_view key = at->first;
        if (!key.starts_with(prefix)) return;
        const std::string_view rest = key.substr(prefix.size());
        if constexpr (std::is_invocable_v<Visit, std::string_view, const Standing&>)
            visit(rest, at->second);
        else
            visit(std::string(rest), at->second);
    }
}

}  // namespace mis::domain
