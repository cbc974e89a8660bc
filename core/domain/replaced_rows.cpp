#include "domain/replaced_rows.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "domain/body_fields.hpp"
#include "domain/change.hpp"

namespace mis::domain {
namespace {

constexpr std::array<std::string_view, 11> kCorrectionFields{
    "patient", "performed_at", "teeth", "quantity", "list_total",  "discount",
    "total",   "payer",        "limit", "shares",   "service_code"};

bool same_field(const Json& a, const Json& b, std::string_view name) {
    const std::string key(name);
    const auto left = a.find(key), right = b.find(key);
    const bool no_left = left == a.end() || left->is_null() || (left->is_array() && left->empty());
    const bool no_right =
        right == b.end() || right->is_null() || (right->is_array() && right->empty());
    if (no_left || no_right) return no_left == no_right;
    if (name == "service_code")
        return fold_code(BodyFields(a).text("service_code")) ==
               fold_code(BodyFields(b).text("service_code"));
    if (name == "performed_at")
        return BodyFields(a).time("performed_at") == BodyFields(b).time("performed_at");
    if (name == "quantity")
        return BodyFields(a).decimal("quantity") == BodyFields(b).decimal("quantity");
    return *left == *right;
}

// Pairs announced records that are gone with new ones of the same content, each once, in their
// order.
template <typename Records, typename Same>
std::map<std::string, std::string> pair_up(
    Records& records, const Announced& before, const std::string& prefix, const char* field,
    const Same& same
) {
    std::set<std::string> present;
    for (const auto& record : records) present.insert(record.id);
    std::vector<std::pair<std::string, const Json*>> gone;
    for_each_standing(before, prefix, [&](const std::string& id, const Standing& standing) {
        const Json& told = field[0] == '\0' ? standing.data : standing.data.at(field);
        if (!present.contains(id)) gone.emplace_back(id, &told);
    });
    std::map<std::string, std::string> renamed;
    if (gone.empty()) return renamed;
    for (auto& record : records) {
        if (before.find(prefix + record.id) != nullptr) continue;
        auto old = std::find_if(
            gone.begin(), gone.end(),
            [&](const auto& g) {  // paired before, and corrected since
                const auto row = before.rows.find(g.first);
                return row != before.rows.end() && row->second == record.key.source_id;
            }
        );
        if (old == gone.end()) {
            old = std::find_if(gone.begin(), gone.end(), [&](const auto& g) {
                return same(*g.second, record);
            });
        }
        if (old == gone.end()) continue;
        renamed[record.id] = old->first;
        record.exported["id"] = old->first;
        record.id = old->first;
        gone.erase(old);
    }
    return renamed;
}

bool same_item(const Json& told, const PlanItemRecord& item) {
    const BodyFields was(told);
    return was.text("service_code") == item.work.service_code && was.texts("teeth") == item.teeth &&
           was.decimal("quantity") == item.quantity && was.money("total") == item.total &&
           was.integer("stage") == item.stage && was.integer("position") == item.position;
}

// MISs that write a plan anew on every save give its items other ids.
void keep_ids_of_items(TypedFacts& typed, const Announced& before) {
    for (const PlanRecord& plan : typed.plans) {
        const Standing* told = before.find("plan/" + plan.id);
        if (told == nullptr || !told->data.contains("plan")) continue;
        std::vector<PlanItemRecord*> present;
        std::set<std::string> ids;
        for (PlanItemRecord& item : typed.plan_items) {
            if (item.key.source != plan.key.source || item.plan_source_id != plan.key.source_id)
                continue;
            present.push_back(&item);
            ids.insert(item.id);
        }
        std::set<std::string> listed;
        const Json items = told->data.at("plan").value("items", Json::array());
        for (const Json& item : items) listed.insert(item.value("id", ""));
        for (const Json& old : items) {
            const std::string id = old.value("id", "");
            if (ids.contains(id)) continue;
            const auto fresh =
                std::find_if(present.begin(), present.end(), [&](const PlanItemRecord* item) {
                    return !listed.contains(item->id) && same_item(old, *item);
                });
            if (fresh == present.end()) continue;
            (*fresh)->id = id;
            present.erase(fresh);
        }
    }
}

}  // namespace

bool same_but(const Json& a, const Json& b, std::initializer_list<std::string_view> aside) {
    const auto left_out = [&](const std::string& name) {
        return std::find(aside.begin(), aside.end(), name) != aside.end();
    };
    for (const Json* side : {&a, &b}) {
        for (const auto& [name, value] : side->items()) {
            if (!left_out(name) && !same_field(a, b, name)) return false;
        }
    }
    return true;
}

Difference difference(const Json& announced, const Line& line) {
    for (const std::string_view name : kCorrectionFields) {
        if (!same_field(announced, line.exported, name)) return Difference::correction;
    }
    // What the clinic's table says is configuration: a new mapping announces no procedure anew (I2,
    // I8).
    const bool own_code = !line.work.nomenclature.empty() && !line.work.mapped;
    if (own_code && !same_field(announced, line.exported, "nomenclature"))
        return Difference::other_fields;
    return same_but(announced, line.exported, {"id", "nomenclature", "service_code"})
               ? Difference::none
               : Difference::other_fields;
}

void keep_ids_of_replaced_rows(
    TypedFacts& typed, const Announced& before, const Identity& identity
) {
    keep_ids_of_items(typed, before);
    const auto visits = pair_up(
        typed.appointments, before, "appointment/", "appointment",
        [](const Json& told, const Appointment& visit) {
            const bool same_status =
                told.value("status", "") == visit.status || told.value("status", "") == "no_show";
            return same_status && same_but(told, visit.exported, {"id", "status", "payer"});
        }
    );
    for (Line& line : typed.lines) {
        if (line.appointment_source_id.empty() || visits.empty()) continue;
        const auto renamed = visits.find(
            identity.public_id(line.key.source, "appointment", line.appointment_source_id)
        );
        if (renamed != visits.end()) line.exported["appointment"] = renamed->second;
    }
    pair_up(typed.lines, before, "procedure/", "procedure", [](const Json& told, const Line& line) {
        return !line.in_progress && difference(told, line) == Difference::none;
    });
    pair_up(typed.payments, before, "payment/", "", [](const Json& told, const Payment& payment) {
        return same_but(told, payment.exported, {"id", "payment", "payer", "booked_on"});
    });
}

}  // namespace mis::domain
