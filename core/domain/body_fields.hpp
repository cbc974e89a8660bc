// Reading one checked canonical object, field by field: absent stays absent, a field of the wrong
// form counts as absent. The text must outlive it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/decimal.hpp"
#include "base/json_text.hpp"
#include "base/money.hpp"
#include "base/timestamp.hpp"

namespace mis::domain {

class BodyFields {
  public:
    explicit BodyFields(JsonView object) : members_(object) {}
    explicit BodyFields(const JsonText& object) : members_(object.view()) {}
    explicit BodyFields(JsonText&&) = delete;

    bool well_formed() const { return members_.well_formed(); }
    JsonView find(std::string_view name) const {  // null counts as absent
        const JsonView value = members_.find(name);
        return value.is_null() ? JsonView() : value;
    }
    bool has(std::string_view name) const { return !find(name).absent(); }
    std::string text(std::string_view name) const {
        const JsonView value = find(name);
        return value.is_integer() ? std::string(value.raw()) : value.string();
    }
    std::string id(std::string_view name) const {  // "limit": "ID" or "plan": {"id": "ID"}
        const JsonView value = find(name);
        return value.is_object() ? value.find("id").string() : text(name);
    }
    std::vector<std::string> texts(std::string_view name) const {
        std::vector<std::string> all;
        for (const JsonView item : find(name).elements()) {
            if (item.is_string()) all.push_back(item.string());
        }
        return all;
    }
    std::optional<Money> money(std::string_view name) const { return find(name).money(); }
    std::optional<bool> flag(std::string_view name) const { return find(name).boolean(); }
    std::optional<int> integer(std::string_view name) const {
        const auto value = find(name).integer();
        return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
    }
    std::optional<Timestamp> time(std::string_view name) const {
        const auto plain = find(name).plain_string();
        return plain ? Timestamp::parse_rfc3339(*plain) : std::nullopt;
    }
    std::optional<Date> date(std::string_view name) const {
        const auto plain = find(name).plain_string();
        return plain ? Date::parse_iso(*plain) : std::nullopt;
    }
    std::optional<Decimal> decimal(std::string_view name) const {
        return Decimal::parse(text(name));
    }

  private:
    JsonMembers members_;
};

}  // namespace mis::domain
