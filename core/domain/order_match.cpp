#include "domain/order_match.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "domain/body_fields.hpp"

namespace mis::domain {
namespace {

struct Wanted {
    std::optional<std::string> phone, last_name, birth_date;
    bool unreadable = false;

    explicit Wanted(const Json& identifiers) {
        if (!identifiers.is_object()) {
            unreadable = true;
            return;
        }
        const BodyFields fields(identifiers);
        if (const std::string text = fields.text("phone"); !text.empty()) {
            phone = phone_last_ten(text);
            unreadable = unreadable || !phone;
        }
        if (const std::string text = fields.text("last_name"); !text.empty()) last_name = fold(text);
        if (const std::string text = fields.text("birth_date"); !text.empty()) {
            const auto date = Date::parse_iso(text);
            unreadable = unreadable || !date;
            if (date) birth_date = date->to_string();
        }
    }

    int count() const { return (phone ? 1 : 0) + (last_name ? 1 : 0) + (birth_date ? 1 : 0); }
};

bool agrees(const Wanted& wanted, const Json& patient) {
    const BodyFields fields(patient);
    if (wanted.phone) {
        const auto phones = fields.texts("phones");
        const bool has = std::any_of(phones.begin(), phones.end(), [&](const std::string& phone) {
            return phone_last_ten(phone) == wanted.phone;
        });
        if (!has) return false;
    }
    if (wanted.last_name && (fields.text("last_name").empty() || fold(fields.text("last_name")) != *wanted.last_name)) {
        return false;
    }
    return !wanted.birth_date || fields.text("birth_date") == *wanted.birth_date;
}

}  // namespace

OrderMatch match_order(const Json& identifiers, std::span<const Candidate> patients) {
    OrderMatch match;
    const Wanted wanted(identifiers);
    if (wanted.unreadable || wanted.count() < 2) return match;
    std::set<RecordKey> found;
    for (const Candidate& patient : patients) {
        if (patient.body == nullptr || !agrees(wanted, *patient.body)) continue;
        const std::string into = BodyFields(*patient.body).text("merged_into");
        found.insert(into.empty() ? patient.key : RecordKey{patient.key.source, patient.key.kind, into});
    }
    match.candidates = static_cast<std::uint32_t>(found.size());
    if (found.size() == 1) match.patient = *found.begin();
    if (wanted.birth_date) match.ground = "birth_date";
    if (wanted.last_name) match.ground += match.ground.empty() ? "last_name" : "+last_name";
    if (wanted.phone) match.ground += match.ground.empty() ? "phone" : "+phone";
    return match;
}

std::vector<std::string> match_keys_of_patient(const Json& body) {
    std::vector<std::string> keys;
    const BodyFields fields(body);
    for (const std::string& phone : fields.texts("phones")) {
        if (const auto last = phone_last_ten(phone)) keys.push_back("phone:" + *last);
    }
    if (const std::string name = fields.text("last_name"); !name.empty()) keys.push_back("last_name:" + fold(name));
    if (const std::string date = fields.text("birth_date"); !date.empty()) keys.push_back("birth_date:" + date);
    return keys;
}

std::vector<std::string> match_keys_of_order(const Json& identifiers) {
    std::vector<std::string> keys;
    const Wanted wanted(identifiers);
    if (wanted.phone) keys.push_back("phone:" + *wanted.phone);
    if (wanted.last_name) keys.push_back("last_name:" + *wanted.last_name);
    if (wanted.birth_date) keys.push_back("birth_date:" + *wanted.birth_date);
    return keys;
}

}  // namespace mis::domain
