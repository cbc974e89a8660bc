#include "domain/replaced_rows.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"
#include "domain/body_fields.hpp"
#include "domain/change.hpp"

namespace mis::domain {
namespace {

constexpr std::array<std::string_view, 11> kCorrectionFields{
    "patient", "performed_at", "teeth", "quantity", "list_total",  "discount",
    "total",   "payer",        "limit", "shares",   "service_code"};

bool says_nothing(JsonView value) {
    return value.absent() || value.is_null() || value.raw() == "[]";
}

bool same_value(std::string_view name, JsonView left, JsonView right) {
    if (says_nothing(left) || says_nothing(right)) return says_nothing(left) == says_nothing(right);
    if (left.raw() == right.raw()) return true;
    if (name == "service_code") return fold_code(left.string()) == fold_code(right.string());
    if (name.ends_with("_at"))  // an offset is no part of an instant (I6)
        return Timestamp::parse_rfc3339(left.string()) == Timestamp::parse_rfc3339(right.string());
    if (name == "quantity") return Decimal::parse(left.string()) == Decimal::parse(right.string());
    return false;
}

bool same_field(const JsonMembers& a, const JsonMembers& b, std::string_view name) {
    return same_value(name, a.find(name), b.find(name));
}

// Of several sources none takes a row's place in another: a pass is one source's (D2).
class Origin {
  public:
    Origin(const TypedFacts& typed, const Announced& before, const Identity& identity)
        : sources_(typed.sources), before_(before), identity_(identity) {}

    bool may_be_of(const std::string& source, std::string_view kind, const std::string& announced)
        const {
        const auto name = before_.rows.find(announced);
        if (!name) return true;
        const auto row = row_and_source(*name);
        if (!row.second.empty()) return row.second == source;
        if (sources_.size() < 2) return true;
        return std::none_of(sources_.begin(), sources_.end(), [&](const std::string& other) {
            return other != source && identity_.public_id(other, kind, row.first) == announced;
        });
    }

  private:
    const std::set<std::string>& sources_;
    const Announced& before_;
    const Identity& identity_;
};

// Pairs announced records that are gone with new ones of the same content, each once, in their
// order.
template <typename Records, typename Same>
std::map<std::string, std::string> pair_up(
    Records& records, const Announced& before, const std::string& prefix, std::string_view field,
    const Origin& origin, const Same& same
) {
    std::map<std::string, std::string> renamed;
    if (before.standing.empty()) return renamed;
    std::vector<std::string_view> present;
    present.reserve(records.size());
    for (const auto& record : records) present.push_back(record.id);
    std::sort(present.begin(), present.end());
    std::vector<std::pair<std::string, JsonView>> gone;
    for_each_standing(before, prefix, [&](std::string_view id, const Standing& standing) {
        if (std::binary_search(present.begin(), present.end(), id)) return;
        gone.emplace_back(id, field.empty() ? standing.data.view() : standing.data.find(field));
    });
    if (gone.empty()) return renamed;
    const std::string_view kind = std::string_view(prefix).substr(0, prefix.size() - 1);
    for (auto& record : records) {
        if (before.find(prefix + record.id) != nullptr) continue;
        const auto of_source = [&](const auto& g) {
            return origin.may_be_of(record.key.source, kind, g.first);
        };
        auto old = std::find_if(
            gone.begin(), gone.end(),
            [&](const auto& g) {  // paired before, and corrected since
                const auto row = before.rows.find(g.first);
                return row && row_and_source(*row).first == record.key.source_id && of_source(g);
            }
        );
        if (old == gone.end()) {
            old = std::find_if(gone.begin(), gone.end(), [&](const auto& g) {
                return same(g.second, record) && of_source(g);
            });
        }
        if (old == gone.end()) continue;
        renamed[record.id] = old->first;
        record.exported.set_string("id", old->first);
        record.id = old->first;
        gone.erase(old);
    }
    return renamed;
}

bool same_item(JsonView told, const PlanItemRecord& item) {
    const BodyFields was(told);
    return was.text("service_code") == item.work.service_code && was.texts("teeth") == item.teeth &&
           was.decimal("quantity") == item.quantity && was.money("total") == item.total &&
           was.integer("stage") == item.stage && was.integer("position") == item.position;
}

// MISs that write a plan anew on every save give its items other ids.
void keep_ids_of_items(TypedFacts& typed, const Announced& before) {
    for (const PlanRecord& plan : typed.plans) {
        const Standing* told = before.find("plan/" + plan.id);
        if (told == nullptr) continue;
        std::vector<PlanItemRecord*> present;
        std::set<std::string> ids;
        for (PlanItemRecord& item : typed.plan_items) {
            if (item.key.source != plan.key.source || item.plan_source_id != plan.key.source_id)
                continue;
            present.push_back(&item);
            ids.insert(item.id);
        }
        std::set<std::string> listed;
        const auto items = told->data.find("plan").find("items").elements();
        for (const JsonView item : items) listed.insert(item.find("id").string());
        for (const JsonView old : items) {
            const std::string id = old.find("id").string();
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

bool same_but(JsonView a, JsonView b, std::initializer_list<std::string_view> aside) {
    if (a.raw() == b.raw()) return true;
    const JsonMembers left(a), right(b);
    const auto counts = [&](std::string_view name) {
        return std::find(aside.begin(), aside.end(), name) == aside.end();
    };
    // Both in the order of their names, so one walk sees every name once.
    const JsonMember *x = left.begin(), *y = right.begin();
    while (x != left.end() || y != right.end()) {
        const int order = x == left.end() ? 1 : y == right.end() ? -1 : x->name.compare(y->name);
        const std::string_view name = order <= 0 ? x->name : y->name;
        const JsonView was = order <= 0 ? x->value : JsonView();
        const JsonView is = order >= 0 ? y->value : JsonView();
        if (was.raw() != is.raw() && counts(name) && !same_value(name, was, is)) return false;
        if (order <= 0) ++x;
        if (order >= 0) ++y;
    }
    return true;
}

Difference difference(JsonView announced, const Line& line) {
    if (announced.raw() == line.exported.text()) return Difference::none;
    const JsonMembers was(announced), is(line.exported.view());
    for (const std::string_view name : kCorrectionFields) {
        if (!same_field(was, is, name)) return Difference::correction;
    }
    // What the clinic's table says is configuration: a new mapping announces no procedure anew (I2,
    // I8).
    const bool own_code = !line.work.nomenclature.empty() && !line.work.mapped;
    if (own_code && !same_field(was, is, "nomenclature")) return Difference::other_fields;
    return same_but(announced, line.exported.view(), {"id", "nomenclature", "service_code"})
               ? Difference::none
               : Difference::other_fields;
}

void keep_ids_of_replaced_rows(
    TypedFacts& typed, const Announced& before, const Identity& identity
) {
    keep_ids_of_items(typed, before);
    const Origin origin(typed, before, identity);
    const auto visits = pair_up(
        typed.appointments, before, "appointment/", "appointment", origin,
        [](JsonView told, const Appointment& visit) {
            const std::string status = told.find("status").string();
            const bool same_status = status == visit.status || status == "no_show";
            return same_status && same_but(told, visit.exported.view(), {"id", "status", "payer"});
        }
    );
    for (Line& line : typed.lines) {
        if (line.appointment_source_id.empty() || visits.empty()) continue;
        const auto renamed = visits.find(
            identity.public_id(line.key.source, "appointment", line.appointment_source_id)
        );
        if (renamed != visits.end()) line.exported.set_string("appointment", renamed->second);
    }
    pair_up(
        typed.lines, before, "procedure/", "procedure", origin,
        [](JsonView told, const Line& line) {
            return !line.in_progress && difference(told, line) == Difference::none;
        }
    );
    pair_up(
        typed.payments, before, "payment/", "", origin,
        [](JsonView told, const Payment& payment) {
            return same_but(told, payment.exported.view(), {"id", "payment", "payer", "booked_on"});
        }
    );
}

}  // namespace mis::domain
