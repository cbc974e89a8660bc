#include "inbox/order_match.hpp"

#include "base/json_fields.hpp"
#include "base/phones.hpp"
#include "base/text.hpp"

namespace mis::inbox {
namespace {

bool has_phone(const Json& body, const std::string& last_ten) {
    const auto phones = body.find("phones");
    if (phones == body.end() || !phones->is_array()) return false;
    for (const Json& phone : *phones)
        if (phone.is_string())
            for (const std::string& one : phones_last_ten(phone.get_ref<const std::string&>()))
                if (one == last_ten) return true;
    return false;
}

}  // namespace

std::string OrderIdentity::ground() const {
    std::string text;
    const auto add = [&](bool given, const char* name) {
        if (!given) return;
        if (!text.empty()) text += '+';
        text += name;
    };
    add(phone_last_ten.has_value(), "phone");
    add(folded_last_name.has_value(), "last_name");
    add(birth_date.has_value(), "birth_date");
    return text;
}

OrderIdentity order_identity(const Json& patient) {
    OrderIdentity identity;
    if (!patient.is_object()) return identity;
    if (const std::string phone = text_in(patient, "phone"); !phone.empty())
        if (auto numbers = phones_last_ten(phone); !numbers.empty())
            identity.phone_last_ten = std::move(numbers.front());
    if (const std::string name = text_in(patient, "last_name"); !name.empty())
        identity.folded_last_name = fold(name);
    if (const std::string birth = text_in(patient, "birth_date"); !birth.empty())
        identity.birth_date = birth;
    return identity;
}

bool matches(const OrderIdentity& identity, const Json& body) {
    if (identity.is_empty() || !body.is_object() || !text_in(body, "merged_into").empty())
        return false;
    if (identity.phone_last_ten && !has_phone(body, *identity.phone_last_ten)) return false;
    if (identity.folded_last_name) {
        const std::string name = fold(text_in(body, "last_name"));
        if (name.empty() || name != *identity.folded_last_name) return false;
    }
    return !identity.birth_date || text_in(body, "birth_date") == *identity.birth_date;
}

}  // namespace mis::inbox
