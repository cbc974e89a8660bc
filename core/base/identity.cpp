#include "base/identity.hpp"

#include "base/crypto.hpp"

namespace mis {
namespace {

// The parts as a canonical JSON array: no two different lists of parts have the same bytes.
// The buffer is the thread's own: it grows to the longest and is not freed again.
std::string_view joined(std::initializer_list<std::string_view> parts) {
    thread_local std::string out;
    out = '[';
    for (const auto part : parts) {
        if (out.size() > 1) out += ',';
        append_json_string(out, part);
    }
    out += ']';
    return out;
}

std::string short_hex(const Digest& digest) { return to_hex(std::span(digest).first(16)); }

}  // namespace

std::string Identity::public_id(
    std::string_view source, std::string_view kind, std::string_view source_id
) const {
    if (kind == "patient") return pseudonym(source, source_id);
    return short_hex(sha256(joined({clinic_id_, source, kind, source_id})));
}

std::string Identity::pseudonym(std::string_view source, std::string_view patient_source_id) const {
    return short_hex(hmac_sha256(pseudonym_key_, joined({clinic_id_, source, patient_source_id})));
}

std::string Identity::event_id(
    std::uint32_t epoch, std::string_view entity_id, std::string_view event_type,
    std::string_view content_canonical_json, std::uint64_t n
) const {
    return short_hex(sha256(joined(
        {clinic_id_, std::to_string(epoch), entity_id, event_type, content_canonical_json,
         std::to_string(n)}
    )));
}

}  // namespace mis
