#include "domain/event_rows.hpp"

#include <algorithm>
#include <sstream>

#include "base/money.hpp"
#include "domain/body_fields.hpp"

namespace mis::domain {

std::string EventRows::name(const std::string& kind, const std::string& id) {
    if (id.empty()) return {};
    const auto known = names_.find(kind + id);
    if (known != names_.end()) return known->second;
    auto& names = withheld_ ? hidden_names_ : names_;
    const auto [at, fresh] = names.try_emplace(kind + id, "");
    if (fresh)
        at->second = kind + (withheld_ ? " h" : " ") +
                     std::to_string(++counts_[kind + (withheld_ ? " h" : "")]);
    return at->second;
}

std::string EventRows::row(const std::string& type, const Json& data, bool withheld) {
    withheld_ = withheld;
    std::ostringstream out;
    const JsonText told(data);
    const BodyFields fields(told);
    const auto sum = [](const Json& of, const char* field) -> std::string {
        const auto money = money_from_json(of.value(field, Json()));
        if (!money) return {};
        std::string text = money->to_string();
        if (const auto rub = text.find(".00 RUB"); rub != std::string::npos)
            return text.substr(0, rub);
        if (const auto rub = text.find(" RUB"); rub != std::string::npos)
            return text.substr(0, rub);
        return text;
    };
    const auto work = [](const Json& of) {
        const JsonText text_of_work(of);
        const BodyFields f(text_of_work);
        std::string text =
            f.text("nomenclature").empty() ? f.text("service_code") : f.text("nomenclature");
        for (const std::string& tooth : f.texts("teeth")) text += " " + tooth;
        return text;
    };
    const auto line = [&](const Json& of) {
        return name("line", of.is_object() ? of.value("id", "") : of.get<std::string>());
    };
    const auto plan = [&](const Json& of) {
        const std::string id = of.is_object() ? of.value("id", "") : of.get<std::string>();
        if (of.is_object() && of.contains("order"))
            names_["plan" + id] = "plan of " + of.value("order", "");
        return name("plan", id);
    };
    std::string label = type;
    label.resize(std::max<std::size_t>(24, label.size()), ' ');
    out << (withheld ? "- " : "  ") << label;
    const auto cell = [&](const std::string& text) {
        if (!text.empty()) out << "  " << text;
    };
    const auto named = [&](const char* title, const std::string& text) {
        if (!text.empty()) out << "  " << title << " " << text;
    };
    if (type.rfind("appointment.", 0) == 0) {
        cell(name("visit", data["appointment"].value("id", "")));
        cell(data["appointment"].value("starts_at", ""));
        named("payer", fields.text("payer"));
        if (data.contains("previous")) named("was", data["previous"].dump());
    } else if (type.rfind("procedure.", 0) == 0) {
        cell(line(data["procedure"]));
        cell(work(data["procedure"]));
        cell(sum(data["procedure"], "total"));
        named("reason", fields.text("reason"));
    } else if (type == "billing.charge" || type == "billing.reversal") {
        if (data.contains("procedure")) cell(line(data["procedure"]));
        cell(fields.text("payer"));
        if (!data.contains("limit")) named("party", fields.text("payer_party"));
        cell(sum(data, "total"));
        if (data.contains("line_total") && data["line_total"] != data["total"])
            named("of", sum(data, "line_total"));
        named("order", fields.text("order"));
        named("item", fields.text("item"));
        if (data.contains("tax_deductible") && data["tax_deductible"] == Json(true))
            cell("deductible");
        if (data.contains("remarks") && !data["remarks"].empty())
            named("remarks", data["remarks"].dump());
        named("reason", fields.text("reason"));
    } else if (type == "billing.statement") {
        named("order", fields.text("order"));
        if (data.contains("limit")) cell(name("limit", fields.text("limit")));
        named("payer", fields.text("payer"));
        named("party", fields.text("payer_party"));
        named("charges", std::to_string(data["charges"].size()));
        named("total", sum(data, "total"));
        named("since", sum(data, "since_previous"));
        named("paid", sum(data, "paid"));
        if (data.contains("written_off") && data["written_off"]["minor"] != 0)
            named("written-off", sum(data, "written_off"));
        named("due", sum(data, "due"));
        if (data.contains("request"))
            named(
                "period", data["period"].value("from", "") + ".." + data["period"].value("to", "")
            );
    } else if (type == "billing.payment" || type == "billing.refund" ||
               type == "billing.payment_reversal") {
        cell(fields.text("kind"));
        cell(sum(data, "amount"));
        named("method", fields.text("method"));
        named("payer", fields.text("payer"));
        named("reason", fields.text("reason"));
    } else if (type.rfind("plan.item.", 0) == 0) {
        named(
            "item", data["item"].value("id", "").size() == 32 ? work(data["item"])
                                                              : data["item"].value("id", "")
        );
        cell(work(data["item"]));
        cell(fields.text("before") + " -> " + fields.text("after"));
        named("reason", fields.text("reason"));
        if (data.contains("procedure")) named("by", line(data["procedure"]));
        const Json& progress = data["progress"];
        named(
            "progress",
            progress["items"]["performed"].dump() + "/" + progress["items"]["total"].dump() + " " +
                sum(progress["money"], "performed") + "/" + sum(progress["money"], "total")
        );
    } else if (type.rfind("plan.stage.", 0) == 0) {
        cell(plan(data["plan"]));
        cell(fields.text("stage"));
        named("charged", sum(data["progress"], "charged"));
    } else if (type.rfind("plan.deviation.", 0) == 0) {
        cell(plan(data["plan"]));
        cell(fields.text("kind"));
        cell(line(data["procedure"]));
        named("agreed", sum(data, "agreed"));
        named("charged", sum(data, "charged"));
    } else if (type.rfind("plan.", 0) == 0) {
        cell(plan(data["plan"]));
        named("version", data["plan"].value("version", Json()).dump());
        named("reason", fields.text("reason"));
        if (data.contains("plan") && data["plan"].contains("items")) {
            std::string items;
            for (const Json& item : data["plan"]["items"])
                items += (items.empty() ? "" : ", ") + work(item);
            cell("[" + items + "]");
        }
    } else if (type.rfind("limit.", 0) == 0) {
        cell(name("limit", fields.text("limit")));
        named("amount", sum(data, "amount"));
        named("granted", sum(data, "granted"));
        named("consumed", sum(data, "consumed"));
        named("remaining", sum(data, "remaining"));
        named("overrun", sum(data, "overrun"));
        named("write-off", sum(data, "write_off"));
        if (data.contains("revision")) named("revision", data["revision"].dump());
        named("rule", fields.text("rule"));
        named("field", fields.text("field"));
        named("ours", sum(data, "ours"));
        named("theirs", sum(data, "theirs"));
        named("reason", fields.text("reason"));
    } else {
        named("order", fields.text("order"));
        named("feedback", fields.text("feedback"));
        named("ground", fields.text("ground"));
        named("reason", fields.text("reason"));
        if (data.contains("candidates")) named("candidates", data["candidates"].dump());
        if (data.contains("counts")) named("counts", data["counts"].dump());
    }
    if (data.contains("patient")) cell(name("patient", fields.text("patient")));
    return out.str() + "\n";
}

}  // namespace mis::domain
