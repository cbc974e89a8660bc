// The canonical schema, compiled: kinds, fields, types, what is required, what is private
// (schemas/README.md section 1).
//
// The hot path validates with this table; schemas/record/<kind>.json say the same for the world,
// and a unit test holds the two together. Fields of a kind are sorted by name, bytewise: the order
// of canonical JSON, so bodies are written front to back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis::record {

enum class FieldType {
    id,         // a source id: 1–128 characters
    text,       // trimmed, 1–max_length characters; empty counts as absent
    id_list,    // ["77","78"]
    text_list,  // ["+79000000001"]
    choice,     // one of `values`
    boolean,    // true / false
    integer,    // 0 … 1 000 000
    decimal,    // "1", "0.5": Decimal's shortest form, as a JSON string
    money,      // {"currency":"RUB","minor":450000}
    date,       // 2026-03-02
    time,       // 2026-03-02T10:00:00+03:00
    zone,       // an IANA zone
    teeth,      // ["16","17"], ["quadrant-1"], []
    surfaces,   // "MOD"
    shares,     // [{"limit_source_id":"9","payer":"limit","total":{…}}], adding up to `total`
};

enum class Presence { optional, required };
enum class Privacy {
    open,
    personal,     // stays in the clinic, never in an event
    conditional,  // leaves only where the contract says when (payer_name: organizations)
};

struct Field {
    std::string name;
    FieldType type = FieldType::text;
    Presence presence = Presence::optional;
    Privacy privacy = Privacy::open;
    std::vector<std::string_view> values;  // of a choice
    std::size_t max_length = 300;          // text and items of text_list, in characters
};

struct Kind {
    std::string name;
    std::vector<Field> fields;  // sorted by name, the fields of every kind included

    std::optional<std::size_t> index_of(std::string_view field) const;
    const Field* find(std::string_view field) const;
};

inline constexpr std::size_t kIdLengthMax = 128;
inline constexpr std::size_t kListItemsMax = 200;

const std::vector<Kind>& kinds();
const Kind* find_kind(std::string_view name);

// Whether a record says when something was or will be done: work, money, a visit.
bool has_business_time(const Kind& kind);

// "branch, practitioner, …": for error texts.
std::string kind_names();

}  // namespace mis::record
