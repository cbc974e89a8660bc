#include "gateway/desk/masked.hpp"

#include "base/json_text.hpp"
#include "base/text.hpp"

namespace mis::gateway {
namespace {

// The first letter of a name, whole, with a full stop.
std::string initial_of(std::string_view name) {
    name = trim(name);
    if (name.empty()) return "";
    std::size_t bytes = 1;
    while (bytes < name.size() && (static_cast<unsigned char>(name[bytes]) & 0xc0) == 0x80) ++bytes;
    return std::string(name.substr(0, bytes)) + ".";
}

}  // namespace

Json masked_patient(
    const change::RecordStore& records, const Identity& identity, const std::string& source,
    const std::string& source_id
) {
    Json shown{
        {"id", identity.pseudonym(source, source_id)}, {"source", source}, {"card", source_id}};
    if (const auto record = records.find({source, "patient", source_id})) {
        const std::string initial = initial_of(JsonView(record->body).find("last_name").string());
        if (!initial.empty()) shown["initial"] = initial;
    }
    return shown;
}

MaskedPatients::MaskedPatients(
    sqlite::Database& database, const Identity& identity,
    const std::vector<domain_store::Party>& parties
)
    : records_(database), identity_(identity) {
    for (const auto& party : parties)
        if (party.kind == domain_store::PartyKind::patient)
            parties_.emplace(identity.pseudonym(party.source, party.key), party);
}

const Json& MaskedPatients::of(const std::string& pseudonym) {
    const auto known = shown_.find(pseudonym);
    if (known != shown_.end()) return known->second;
    const auto party = parties_.find(pseudonym);
    Json shown = party == parties_.end()
                     ? Json{{"id", pseudonym}}
                     : masked_patient(records_, identity_, party->second.source, party->second.key);
    return shown_.emplace(pseudonym, std::move(shown)).first->second;
}

std::optional<std::string> harmless(const disclosure::Canary& canary, std::string text) {
    if (text.empty() || canary.is_private(text)) return std::nullopt;
    return text;
}

}  // namespace mis::gateway
