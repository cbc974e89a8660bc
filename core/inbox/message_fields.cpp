#include "inbox/message_fields.hpp"

namespace mis::inbox {
namespace {

constexpr Need kRequired = Need::required;

constexpr Field kIdentity[] = {
    {"phone", Form::phone}, {"last_name", Form::text}, {"birth_date", Form::birth_date}};
constexpr Field kConsent[] = {
    {"given_at", Form::time, kRequired}, {"ground", Form::text, kRequired}};
constexpr Field kItem[] = {
    {"id", Form::id, kRequired}, {"nomenclature", Form::id},   {"service_code", Form::id},
    {"teeth", Form::teeth},      {"quantity", Form::quantity}, {"total", Form::money, kRequired},
    {"stage", Form::count},      {"title", Form::text},
};
constexpr Field kAccount[] = {
    {"amount", Form::money, kRequired}, {"payer", Form::text, kRequired},
    {"kind", Form::kind, kRequired},    {"overrun_payer", Form::overrun_payer},
    {"discounts_allowed", Form::flag},  {"approval_required", Form::flag},
    {"valid_from", Form::day},          {"valid_to", Form::day},
};

constexpr Field kOrderPlaced[] = {
    {"order", Form::id, kRequired},
    {"patient", Form::identity, kRequired},
    {"items", Form::new_items, kRequired},
    {"placed_at", Form::time},
    {"consent", Form::consent},
    {"limit", Form::account},
};
constexpr Field kOrderAmended[] = {
    {"order", Form::id, kRequired}, {"items", Form::items, kRequired}};
constexpr Field kOrderCancelled[] = {{"order", Form::id, kRequired}, {"reason", Form::text}};
constexpr Field kLimitGranted[] = {
    {"order", Form::id},
    {"limit", Form::id},
    {"patient", Form::id},
    {"amount", Form::grant, kRequired},
    {"payer", Form::text},
    {"kind", Form::kind},
    {"overrun_payer", Form::overrun_payer},
    {"discounts_allowed", Form::flag},
    {"approval_required", Form::flag},
    {"valid_from", Form::day},
    {"valid_to", Form::day},
};
constexpr Field kLimitClosed[] = {{"order", Form::id}, {"limit", Form::id}};
constexpr Field kPlanAnswer[] = {
    {"plan", Form::id},     {"order", Form::id},           {"items", Form::ids},
    {"works", Form::codes}, {"by", Form::text, kRequired},
};
constexpr Field kConsentWithdrawn[] = {{"order", Form::id}, {"patient", Form::id}};
constexpr Field kFeedbackReceived[] = {
    {"feedback", Form::id, kRequired},
    {"order", Form::id, kRequired},
    {"text", Form::text},
    {"rating", Form::rating},
};
constexpr Field kFeedbackResolved[] = {
    {"feedback", Form::id, kRequired},
    {"order", Form::id},
    {"satisfied", Form::flag, kRequired},
};
constexpr Field kStatementRequested[] = {
    {"order", Form::id},          {"limit", Form::id},
    {"payer", Form::id},          {"from", Form::day, kRequired},
    {"to", Form::day, kRequired},
};

}  // namespace

const std::vector<MessageType>& all_message_types() {
    static const std::vector<MessageType> all{
        {"order.placed", kOrderPlaced, {}},
        {"order.amended", kOrderAmended, {}},
        {"order.cancelled", kOrderCancelled, {}},
        {"limit.granted", kLimitGranted, {"order", "limit", "patient"}},
        {"limit.closed", kLimitClosed, {"order", "limit"}},
        {"plan.approved", kPlanAnswer, {"plan", "order"}},
        {"plan.refused", kPlanAnswer, {"plan", "order"}},
        {"consent.withdrawn", kConsentWithdrawn, {"order", "patient"}},
        {"feedback.received", kFeedbackReceived, {}},
        {"feedback.resolved", kFeedbackResolved, {}},
        {"statement.requested", kStatementRequested, {"order", "limit", "payer"}},
    };
    return all;
}

const MessageType* message_type(std::string_view name) {
    for (const MessageType& type : all_message_types())
        if (type.name == name) return &type;
    return nullptr;
}

std::span<const Field> fields_within(Form form) {
    switch (form) {
        case Form::identity:
            return kIdentity;
        case Form::consent:
            return kConsent;
        case Form::account:
            return kAccount;
        case Form::items:
        case Form::new_items:
            return kItem;
        default:
            return {};
    }
}

}  // namespace mis::inbox
