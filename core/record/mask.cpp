#include "record/mask.hpp"

#include "base/json.hpp"
#include "record/schema.hpp"

namespace mis::record {

namespace {

Json masked(const Json& value) {
    if (value.is_string()) return mask_shape(value.get_ref<const std::string&>());
    if (value.is_number()) return mask_shape(value.dump());
    if (value.is_array() || value.is_object()) {
        Json copy = value;
        for (Json& item : copy) item = masked(item);
        return copy;
    }
    return value;  // null, true, false
}

}  // namespace

std::string mask_shape(std::string_view text) {
    constexpr std::size_t kCharactersMax = 60;
    std::string shape;
    std::size_t characters = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) == 0x80) continue;  // the rest of a character
        if (++characters > kCharactersMax) return shape + "…";
        const bool letter = byte >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        shape += letter ? 'x' : c >= '0' && c <= '9' ? '0' : c;
    }
    return shape;
}

std::string masked_body(std::string_view kind, std::string_view body) {
    auto document = parse_json(body);
    if (!document || !document->is_object()) return "{}";
    const Kind* known = find_kind(kind);
    for (auto& [name, value] : document->items()) {
        const Field* field = known ? known->find(name) : nullptr;
        // a payer's name may be a person's: the contract lets only organizations' leave
        if (!field || field->privacy != Privacy::open) value = masked(value);
    }
    return canonical_json(*document);
}

std::string masked_row(std::string_view raw_row) {
    const auto document = parse_json(raw_row);
    if (!document) return "{}";
    return canonical_json(masked(*document));
}

}  // namespace mis::record
