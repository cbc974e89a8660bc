// Reading one checked canonical body, field by field: absent stays absent, a field of the wrong
// form counts as absent.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/decimal.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "base/timestamp.hpp"

namespace mis::domain {

class BodyFields {
  public:
    explicit BodyFields(const Json& body) : body_(body) {}

    const Json* find(const char* name) const {
        const auto found = body_.find(name);
        return found == body_.end() || found->is_null() ? nullptr : &*found;
    }
    std::string text(const char* name) const {
        const Json* value = find(name);
        if (value == nullptr) return {};
        if (value->is_string()) return value->get<std::string>();
        return value->is_number_integer() ? value->dump() : std::string();
    }
    std::vector<std::string> texts(const char* name) const {
        std::vector<std::string> all;
        const Json* value = find(name);
        if (value == nullptr || !value->is_array()) return all;
        for (const Json& item : *value) {
            if (item.is_string()) all.push_back(item.get<std::string>());
        }
        return all;
    }
    std::optional<Money> money(const char* name) const {
        const Json* value = find(name);
        return value == nullptr ? std::nullopt : money_from_json(*value);
    }
    std::optional<bool> flag(const char* name) const {
        const Json* value = find(name);
        return value == nullptr || !value->is_boolean() ? std::nullopt
                                                        : std::optional(value->get<bool>());
    }
    std::optional<int> integer(const char* name) const {
        const Json* value = find(name);
        return value == nullptr || !value->is_number_integer() ? std::nullopt
                                                               : std::optional(value->get<int>());
    }
    std::optional<Timestamp> time(const char* name) const {
        return Timestamp::parse_rfc3339(text(name));
    }
    std::optional<Date> date(const char* name) const { return Date::parse_iso(text(name)); }
    std::optional<Decimal> decimal(const char* name) const { return Decimal::parse(text(name)); }

  private:
    const Json& body_;
};

}  // namespace mis::domain
