#include "record/schema.hpp"

#include <algorithm>

namespace mis::record {

namespace {

Field of(std::string name, FieldType type) {
    Field field;
    field.name = std::move(name);
    field.type = type;
    return field;
}
Field required(Field field) {
    field.presence = Presence::required;
    return field;
}
Field personal(Field field) {
    field.privacy = Privacy::personal;
    return field;
}
Field conditional(Field field) {
    field.privacy = Privacy::conditional;
    return field;
}
Field longer(Field field, std::size_t max_length) {
    field.max_length = max_length;
    return field;
}
Field choice(std::string name, std::vector<std::string_view> values) {
    Field field = of(std::move(name), FieldType::choice);
    field.values = std::move(values);
    return field;
}
Field id(std::string name) { return of(std::move(name), FieldType::id); }
Field text(std::string name) { return of(std::move(name), FieldType::text); }
Field money(std::string name) { return of(std::move(name), FieldType::money); }
Field time(std::string name) { return of(std::move(name), FieldType::time); }
Field date(std::string name) { return of(std::move(name), FieldType::date); }
Field flag(std::string name) { return of(std::move(name), FieldType::boolean); }
Field payer() { return choice("payer", {"patient", "limit", "organization", "insurer", "clinic"}); }

Kind kind(std::string name, std::vector<Field> fields) {
    fields.push_back(required(id("source_id")));
    fields.push_back(time("source_modified_at"));
    fields.push_back(id("branch_source_id"));
    fields.push_back(of("notes", FieldType::text_list));
    std::sort(fields.begin(), fields.end(), [](const Field& a, const Field& b) {
        return a.name < b.name;
    });
    return Kind{std::move(name), std::move(fields)};
}

std::vector<Field> working_time() {
    return {
        required(id("practitioner_source_id")), text("room"), required(time("starts_at")),
        required(time("ends_at"))};
}

std::vector<Kind> make_kinds() {
    std::vector<Kind> all;
    all.push_back(kind(
        "branch", {required(text("name")), of("timezone", FieldType::zone), text("legal_entity")}
    ));
    all.push_back(kind("practitioner", {required(text("name")), text("specialty"), flag("active")})
    );
    all.push_back(kind(
        "service", {required(text("code")), required(longer(text("name"), 1000)),
                    text("nomenclature"), text("category"), money("price")}
    ));
    all.push_back(kind(
        "patient",
        {personal(text("last_name")), personal(text("first_name")), personal(text("middle_name")),
         personal(date("birth_date")), personal(of("phones", FieldType::text_list)),
         personal(text("email")), personal(of("marks", FieldType::text_list)), text("channel"),
         flag("referred"), id("merged_into")}
    ));
    all.push_back(kind(
        "appointment",
        {id("patient_source_id"), id("practitioner_source_id"), text("room"),
         required(time("starts_at")), required(time("ends_at")),
         required(choice(
             "status",
             {"booked", "confirmed", "arrived", "in_progress", "completed", "cancelled", "no_show"}
         )),
         choice("cancel_reason", {"patient", "clinic", "doctor", "other"}), flag("first_visit"),
         flag("online"), payer(), id("limit_source_id"),
         of("plan_item_source_ids", FieldType::id_list), personal(longer(text("comment"), 20'000))}
    ));
    auto shift = working_time();
    shift.push_back(of("step_min", FieldType::integer));
    all.push_back(kind("shift", shift));
    all.push_back(kind("busy", working_time()));
    auto slot = working_time();
    slot.push_back(required(flag("free")));
    all.push_back(kind("slot", slot));
    all.push_back(kind(
        "procedure", {required(id("patient_source_id")),
                      id("practitioner_source_id"),
                      id("appointment_source_id"),
                      required(time("performed_at")),
                      required(text("service_code")),
                      longer(text("service_name"), 1000),
                      text("nomenclature"),
                      text("category"),
                      text("legal_entity"),
                      required(of("quantity", FieldType::decimal)),
                      of("teeth", FieldType::teeth),
                      of("surfaces", FieldType::surfaces),
                      money("list_total"),
                      money("discount"),
                      required(money("total")),
                      payer(),
                      id("limit_source_id"),
                      of("shares", FieldType::shares),
                      id("plan_item_source_id"),
                      choice("state", {"done", "in_progress"}),
                      flag("warranty"),
                      id("reverses_source_id")}
    ));
    all.push_back(kind(
        "payment",
        {required(id("patient_source_id")), required(time("paid_at")), required(money("amount")),
         required(choice("kind", {"payment", "refund", "prepayment", "transfer", "write_off"})),
         choice("method", {"cash", "card", "transfer", "account", "certificate", "other"}), payer(),
         id("limit_source_id")}
    ));
    all.push_back(kind(
        "limit",
        {required(id("patient_source_id")), of("members", FieldType::id_list),
         required(choice("kind", {"barter", "insurance", "corporate", "gift"})),
         conditional(text("payer_name")), personal(text("policy_number")),
         required(money("granted")), money("used"), date("valid_from"), date("valid_to"),
         time("cancelled_at"), choice("overrun_payer", {"organization", "patient", "clinic"}),
         flag("discounts_allowed"), flag("approval_required")}
    ));
    all.push_back(kind(
        "plan", {required(id("patient_source_id")), id("practitioner_source_id"),
                 required(date("created_on")), personal(text("title")), flag("active")}
    ));
    all.push_back(kind(
        "plan_item",
        {required(id("plan_source_id")), of("stage", FieldType::integer),
         of("position", FieldType::integer), required(text("service_code")),
         longer(text("service_name"), 1000), text("nomenclature"), of("teeth", FieldType::teeth),
         of("quantity", FieldType::decimal), money("total")}
    ));
    return all;
}

}  // namespace

std::optional<std::size_t> Kind::index_of(std::string_view field) const {
    const auto found = std::lower_bound(
        fields.begin(), fields.end(), field,
        [](const Field& candidate, std::string_view wanted) { return candidate.name < wanted; }
    );
    if (found == fields.end() || found->name != field) return std::nullopt;
    return static_cast<std::size_t>(found - fields.begin());
}

const Field* Kind::find(std::string_view field) const {
    const auto index = index_of(field);
    return index ? &fields[*index] : nullptr;
}

const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all = make_kinds();
    return all;
}

const Kind* find_kind(std::string_view name) {
    for (const Kind& candidate : kinds())
        if (candidate.name == name) return &candidate;
    return nullptr;
}

bool has_business_time(const Kind& kind) {
    return kind.name == "procedure" || kind.name == "payment" || kind.name == "appointment";
}

std::string kind_names() {
    std::string names;
    for (const Kind& candidate : kinds()) names += (names.empty() ? "" : ", ") + candidate.name;
    return names;
}

}  // namespace mis::record
