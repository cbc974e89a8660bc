#include "domain/plan_tracker/plan_text.hpp"

#include <map>

#include "domain/replaced_rows.hpp"

namespace mis::domain {
namespace {

// A new mapping changes what a code means, not what was agreed; in an order the place is only where
// the list has the item.
bool same_item(JsonView a, JsonView b, const Plan& plan) {
    const std::string_view place = plan.is_order() ? "position" : "";
    return a.find("service_code").absent() ? same_but(a, b, {place})
                                           : same_but(a, b, {"nomenclature", place});
}

}  // namespace

JsonText text_of(const PlanItem& item) {
    JsonFields out(280);
    out.string("id", item.id);
    if (item.work.nomenclature.empty())
        out.null("nomenclature");
    else
        out.string("nomenclature", item.work.nomenclature);
    out.integer("position", item.position).string("quantity", item.quantity.to_string());
    if (!item.work.service_code.empty()) out.string("service_code", item.work.service_code);
    out.integer("stage", item.stage);
    std::string teeth = "[";
    for (const std::string& tooth : item.teeth) {
        if (teeth.size() > 1) teeth += ',';
        append_json_string(teeth, tooth);
    }
    out.raw("teeth", teeth += ']');
    if (item.total) out.money("total", *item.total);
    return std::move(out).text();
}

std::string list_of(const std::vector<std::string>& raw, std::size_t from, std::size_t to) {
    std::size_t bytes = 2;
    for (std::size_t i = from; i < to; ++i) bytes += raw[i].size() + 1;
    std::string list;
    list.reserve(bytes);
    list = '[';
    for (std::size_t i = from; i < to; ++i) {
        if (i > from) list += ',';
        list += raw[i];
    }
    return list += ']';
}

std::vector<JsonText> texts_of_items(const Plan& plan) {
    std::vector<JsonText> texts;
    texts.reserve(plan.items.size());
    for (const PlanItem& item : plan.items) texts.push_back(text_of(item));
    return texts;
}

std::vector<std::string> listed_items(const Plan& plan, const std::vector<JsonText>& texts) {
    std::vector<std::string> items;
    items.reserve(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (!plan.items[i].declined) items.push_back(texts[i].text());
    }
    return items;
}

JsonText head_of(const Plan& plan) {
    JsonFields out;
    out.string("id", plan.id);
    if (plan.is_order()) out.string("order", plan.order);
    for (const std::string_view field : {"practitioner", "created_on"}) {
        const JsonView value = plan.header.find(field);
        if (!value.absent()) out.raw(field, std::string(value.raw()));
    }
    return out.text();
}

std::vector<std::string> changed_items(
    const std::vector<JsonView>& before, const std::vector<std::string>& after, const Plan& plan
) {
    std::map<std::string, JsonView> old;
    for (const JsonView item : before) old[item.find("id").string()] = item;
    std::vector<std::string> changed;
    for (const std::string& text : after) {
        const JsonView item(text);
        std::string id = item.find("id").string();
        const auto was = old.find(id);
        const bool same = was != old.end() && same_item(was->second, item, plan);
        if (was != old.end()) old.erase(was);
        if (!same) changed.push_back(std::move(id));
    }
    for (const auto& [id, item] : old) changed.push_back(id);
    return changed;
}

int version_of(const Standing& told) {
    return static_cast<int>(told.data.find("plan").find("version").integer().value_or(1));
}

std::string progress_json(const Progress& progress) {
    JsonFields all, items, money;
    items.integer("performed", progress.items_performed).integer("total", progress.items_total);
    money.money("performed", progress.money_performed).money("total", progress.money_total);
    all.raw("items", items.text().text()).raw("money", money.text().text());
    all.money("charged", progress.charged);
    if (!progress.charged_apart.empty()) {
        std::string apart = "[";
        for (const Money& sum : progress.charged_apart) {
            if (apart.size() > 1) apart += ',';
            apart += json_money(sum);
        }
        all.raw("charged_apart", apart + "]");
    }
    return all.text().text();
}

}  // namespace mis::domain
