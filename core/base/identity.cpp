#include "base/identity.hpp"

#include "base/crypto.hpp"
#include "base/json_text.hpp"

namespace mis {
namespace {

// The parts as a canonical JSON array: no two different lists of parts have the same bytes.
// The buffer is the thread's own: it grows to the longest and is not freed again.
class Parts {
  public:
    Parts() { text_.clear(); }
    Parts& add(std::string_view text) {
        append_json_string(next(), text);
        return *this;
    }
    Parts& add(std::uint64_t number) {
        append_json_integer(next(), static_cast<std::int64_t>(number));
        return *this;
    }
    Parts& add_json(std::string_view canonical) {
        next() += canonical;
        return *this;
    }
    std::string_view text() { return text_ += ']'; }

  private:
    inline static thread_local std::string text_;

    std::string& next() { return text_ += text_.empty() ? '[' : ','; }
};

std::string short_hex(const Digest& digest) { return to_hex(std::span(digest).first(16)); }

}  // namespace

std::string Identity::public_id(
    std::string_view source, std::string_view kind, std::string_view source_id
) const {
    if (kind == "patient") return pseudonym(source, source_id);
    return short_hex(sha256(Parts().add(clinic_id_).add(source).add(kind).add(source_id).text()));
}

std::string Identity::pseudonym(std::string_view source, std::string_view patient_source_id) const {
    return short_hex(hmac_sha256(
        pseudonym_key_, Parts().add(clinic_id_).add(source).add(patient_source_id).text()
    ));
}

std::string Identity::event_id(
    std::uint32_t epoch, std::string_view entity_id, std::string_view event_type,
    std::string_view content_canonical_json, std::uint64_t n
) const {
    return short_hex(sha256(Parts()
                                .add(clinic_id_)
                                .add(epoch)
                                .add(entity_id)
                                .add(event_type)
                                .add_json(content_canonical_json)
                                .add(n)
                                .text()));
}

}  // namespace mis
