#include "restored_clinic.hpp"

#include <doctest/doctest.h>

#include <fstream>

#include "change/open_pass.hpp"
#include "change/record_store.hpp"
#include "change/stream_state.hpp"
#include "gateway/pipeline/restored.hpp"
#include "record/mapper.hpp"

namespace mis::test {
namespace {

using gateway::ClinicStore;
using outbox::OutboxEvent;

constexpr std::int64_t kMinuteUs = 60'000'000, kDayUs = 86'400'000'000;
constexpr const char* kSource = "mis";
constexpr const char* kKinds[] = {"practitioner", "patient",   "shift",     "appointment", "limit",
                                  "plan",         "plan_item", "procedure", "payment"};
constexpr const char* kPayer = "ООО Ромашка";

Json rubles(std::int64_t minor) { return Json{{"currency", "RUB"}, {"minor", minor}}; }

std::string two_digits(int number) { return (number < 10 ? "0" : "") + std::to_string(number); }
std::string day_of(int day) { return "2026-04-" + two_digits(day); }
std::string hour_of(int day, int hour) {
    return day_of(day) + "T" + two_digits(hour) + ":00:00+03:00";
}

Json card(const std::string& id) {
    return Json{
        {"source_id", id},
        {"last_name", "Тестова" + std::string(1, static_cast<char>('a' + std::stoi(id)))},
        {"birth_date", "1990-01-0" + id},
        {"phones", Json::array({"8900000000" + id})}};
}

const Identity& identity() {
    static const Identity same("clinic-1", std::string(32, '\x07'));
    return same;
}

const domain::NomenclatureGroups& groups() {
    static const auto shipped = domain::NomenclatureGroups::load(
        std::filesystem::path(MIS_SOURCE_DIR) / "config" / "nomenclature_groups.yaml"
    );
    REQUIRE(shipped);
    return *shipped;
}

// What is only true of the moment at which it was said, or counts how often it was said.
JsonText lasting(const std::string& key, const domain::Standing& standing) {
    JsonText data = standing.data;
    for (const char* name : {"booked_on", "charge_id", "performed_event", "payment_event"})
        data.erase(name);
    const auto only = [&](std::initializer_list<const char*> names) {
        JsonText kept = JsonText::of("{}");
        for (const char* name : names)
            if (data.contains(name)) kept.set(name, std::string(data.find(name).raw()));
        data = std::move(kept);
    };
    if (key.starts_with("limit/")) only({"granted", "closed", "payer_party", "kind", "patient"});
    if (key.starts_with("item/")) only({"after", "reason", "procedure"});
    if (key.starts_with("stage/") || key.starts_with("violation/")) only({});
    if (key.starts_with("deviation/")) only({"kind", "plan"});
    if (key.starts_with("order/")) only({"patient"});
    if (key.starts_with("plan/")) {
        JsonText plan = JsonText::of(data.find("plan"));
        plan.erase("version");
        const std::string text = plan.text();
        only({"closed", "patient"});
        data.set("plan", text);
    }
    return data;
}

bool is_of_a_moment(const std::string& key) {
    return key.starts_with("statement/") || key.starts_with("request/") ||
           key.starts_with("mismatch/") || key.starts_with("feedback.");
}

}  // namespace

ClinicLife::ClinicLife(std::uint32_t seed, domain::ExportMode mode)
    : dice_(seed),
      mode_(mode),
      now_us_(Timestamp::parse_rfc3339("2026-04-20T08:00:00+03:00")->unix_us) {
    upsert("practitioner", Json{{"source_id", "d1"}, {"name", "Врачев"}});
    for (int i = 1; i <= 5; ++i) upsert("patient", card(std::to_string(i)));
    for (int i = 1; i <= 3; ++i)
        upsert(
            "shift",
            Json{
                {"source_id", "s" + std::to_string(i)},
                {"practitioner_source_id", "d1"},
                {"starts_at", hour_of(20 + i, 9)},
                {"ends_at", hour_of(20 + i, 18)}}
        );
}

std::string ClinicLife::today(int days_ago) const {
    return Zone::find("Europe/Moscow")->at(now_us_ - days_ago * kDayUs).local_date().to_string();
}

void ClinicLife::upsert(const std::string& kind, Json record) {
    const std::string id = record["source_id"].get<std::string>();
    records_[{kind, id}] = std::move(record);
}

void ClinicLife::remove(const std::string& kind, const std::string& id) {
    records_.erase({kind, id});
}

Json* ClinicLife::any(const std::string& kind) {
    std::vector<Json*> found;
    for (auto& [key, record] : records_)
        if (key.first == kind) found.push_back(&record);
    return found.empty() ? nullptr
                         : found[static_cast<std::size_t>(below(static_cast<int>(found.size())))];
}

const Json* ClinicLife::any_order() {
    std::vector<const Json*> found;
    for (const auto& message : messages_)
        if (message.body["type"] == "order.placed") found.push_back(&message.body);
    return found.empty() ? nullptr
                         : found[static_cast<std::size_t>(below(static_cast<int>(found.size())))];
}

void ClinicLife::line(Json* corrected) {
    Json made = corrected != nullptr
                    ? *corrected
                    : Json{
                          {"source_id", next_id()},
                          {"patient_source_id", patient()},
                          {"practitioner_source_id", "d1"},
                          {"performed_at",
                           today(below(6)) + "T" + two_digits(9 + below(8)) + ":00:00+03:00"},
                          {"service_code", "T-" + std::to_string(below(4))},
                          {"nomenclature", below(3) == 0 ? "A16.07.001" : "A16.07.002"},
                          {"teeth", Json::array({std::to_string(11 + below(4))})},
                          {"quantity", "1"}};
    made["total"] = rubles(100'00 * (1 + below(40)));
    // The canary takes a name out of what leaves: what was said is less than what is known.
    made["service_name"] = below(4) == 0 ? "Пломба Тестоваb" : "Пломба";
    made.erase("limit_source_id");
    made.erase("payer");
    const int payer = below(6);
    if (payer < 2) made["payer"] = "limit";
    if (payer == 2)
        if (Json* limit = any("limit")) {
            made["payer"] = "limit";
            made["limit_source_id"] = (*limit)["source_id"];
        }
    upsert("procedure", std::move(made));
}

// An account, shared or not; or its sum raised and lowered.
void ClinicLife::account() {
    Json* old = below(2) == 0 ? any("limit") : nullptr;
    if (old != nullptr) {
        (*old)["granted"] = rubles(1'000'00 * (1 + below(9)));
        if (below(4) == 0) (*old)["cancelled_at"] = hour_of(19, 10);
        return;
    }
    Json made{
        {"source_id", next_id()},
        {"patient_source_id", patient()},
        {"kind", below(2) == 0 ? "barter" : "gift"},
        {"payer_name", kPayer},
        {"granted", rubles(1'000'00 * (1 + below(9)))},
        {"valid_to", "2026-12-" + std::to_string(10 + below(20))}};
    if (below(3) > 0) made["valid_from"] = "2026-01-01";
    if (below(4) == 0) made["approval_required"] = true;
    if (below(2) == 0) made["members"] = Json::array({patient()});
    upsert("limit", std::move(made));
}

void ClinicLife::visit() {
    const int day = 21 + below(3), hour = 9 + below(8);
    Json* old = below(2) == 0 ? any("appointment") : nullptr;
    Json made{
        {"source_id", old != nullptr ? (*old)["source_id"] : Json(next_id())},
        {"patient_source_id", patient()},
        {"practitioner_source_id", "d1"},
        {"status", below(4) == 0 ? "cancelled" : "booked"},
        {"starts_at", hour_of(day, hour)},
        {"ends_at", hour_of(day, hour + 1)}};
    if (below(3) == 0) made["payer"] = "limit";
    if (below(6) == 0) made["comment"] = below(2) == 0 ? "Бартер. Лимит 20.000" : "Лимит 5 000";
    upsert("appointment", std::move(made));
}

void ClinicLife::plan() {
    Json* old = below(2) == 0 ? any("plan") : nullptr;
    std::string id = old != nullptr ? (*old)["source_id"].get<std::string>() : next_id();
    if (old == nullptr)
        upsert(
            "plan",
            Json{
                {"source_id", id},
                {"patient_source_id", patient()},
                {"created_on", today(below(8))}}
        );
    upsert(
        "plan_item",
        Json{
            {"source_id", next_id()},
            {"plan_source_id", id},
            {"service_code", "T-" + std::to_string(below(4))},
            {"nomenclature", below(3) == 0 ? "A16.07.001" : "A16.07.002"},
            {"teeth", Json::array({std::to_string(11 + below(4))})},
            {"total", rubles(1'500'00)}}
    );
}

Json ClinicLife::order_items() {
    Json items = Json::array();
    for (int i = 1; i <= 3; ++i) {
        if (i > 1 && below(3) == 0) continue;
        items.push_back(Json{
            {"id", "i" + std::to_string(i)},
            {"nomenclature", i == 2 ? "A16.07.001" : "A16.07.002"},
            {"teeth", Json::array({std::to_string(11 + below(4))})},
            {"total", rubles(1'000'00 * (1 + below(2)))}});
    }
    return items;
}

void ClinicLife::order() {
    if (exchange_is_silent_) return line(nullptr);
    const std::string name = "O" + next_id(), who = std::to_string(1 + below(3));
    Json placed{
        {"type", "order.placed"},
        {"id", "m" + name},
        {"order", name},
        {"patient", {{"phone", "+7 900 000-00-0" + who}, {"birth_date", "1990-01-0" + who}}},
        {"items", order_items()}};
    if (below(3) > 0) placed["placed_at"] = today(below(9)) + "T08:00:00+03:00";
    if (mode_ == domain::ExportMode::ordered || below(2) == 0)
        placed["consent"] =
            Json{{"given_at", today(below(9)) + "T09:00:00+03:00"}, {"ground", "contract"}};
    if (below(3) == 0) {
        placed["limit"] = Json{{"amount", rubles(3'000'00)}, {"payer", kPayer}, {"kind", "barter"}};
        if (below(3) == 0) placed["limit"]["approval_required"] = true;
    }
    say(std::move(placed));
}

void ClinicLife::message() {
    if (exchange_is_silent_) return line(nullptr);
    const Json* placed = any_order();
    if (placed == nullptr) return order();
    const std::string order = (*placed)["order"].get<std::string>();
    Json made{{"id", "m" + next_id()}};
    Json* limit = any("limit");
    const std::string account =
        limit == nullptr
            ? ""
            : identity().public_id(kSource, "limit", (*limit)["source_id"].get<std::string>());
    const auto about = [&](bool may_be_account) {
        if (may_be_account && !account.empty() && below(2) == 0)
            made["limit"] = account;
        else
            made["order"] = order;
    };
    switch (below(11)) {
        case 0:
        case 1:
            made["type"] = "order.amended";
            made["order"] = order;
            made["items"] = order_items();
            break;
        case 2:
            made["type"] = "order.cancelled";
            made["order"] = order;
            break;
        case 3:
        case 4:
            made["type"] = "limit.granted";
            about(true);
            made["amount"] = rubles((1 + below(3)) * (below(4) == 0 ? -500'00 : 1'000'00));
            if (below(2) == 0) made["payer"] = kPayer;
            if (made.contains("payer")) made["kind"] = "barter";
            break;
        case 5:
            made["type"] = "limit.closed";
            about(true);
            break;
        case 6:
        case 7:
            made["type"] = below(3) == 0 ? "plan.refused" : "plan.approved";
            made["order"] = order;
            made["by"] = "insurer";
            if (below(2) == 0)
                made["items"] = Json::array({"i1"});
            else
                made["works"] = Json::array({"A16.07.001"});
            break;
        case 8:
            made["type"] = "consent.withdrawn";
            if (below(2) == 0)
                made["order"] = order;
            else
                made["patient"] = identity().pseudonym(kSource, std::to_string(1 + below(3)));
            break;
        case 9:
            made["type"] = "feedback.received";
            made["feedback"] = "f" + next_id();
            made["order"] = order;
            made["text"] = "Спасибо";
            break;
        default:
            made["type"] = "statement.requested";
            about(true);
            made["from"] = "2026-04-01";
            made["to"] = "2026-04-30";
    }
    say(std::move(made));
}

// The MIS forgets a patient whole. He may be entered anew, under another id.
void ClinicLife::erase_patient() {
    const std::string id = std::to_string(1 + below(5));
    if (!records_.contains({"patient", id})) return upsert("patient", card(id));
    std::erase_if(records_, [&](const auto& entry) {
        const auto& [key, record] = entry;
        return (key.first == "patient" && key.second == id) ||
               record.value("patient_source_id", "") == id;
    });
}

void ClinicLife::one_change() {
    switch (below(22)) {
        case 0:
        case 1:
        case 2:
        case 3:
            return line(nullptr);
        case 4:
        case 5:
            if (Json* old = any("procedure")) line(old);
            return;
        case 6:
        case 7:  // moved to another patient, perhaps back again
            if (Json* old = any(below(3) == 0 ? "payment" : "procedure"))
                (*old)["patient_source_id"] = patient();
            return;
        case 8: {
            const std::string kind = below(2) == 0 ? "procedure" : "payment";
            if (const Json* old = any(kind)) remove(kind, (*old)["source_id"].get<std::string>());
            return;
        }
        case 9:
        case 10: {
            const int kind = below(4);
            return upsert(
                "payment",
                Json{
                    {"source_id", next_id()},
                    {"patient_source_id", patient()},
                    {"paid_at", today(below(6)) + "T12:00:00+03:00"},
                    {"amount", rubles(100'00 * (1 + below(30)))},
                    {"kind", kind == 0   ? "refund"
                             : kind == 1 ? "prepayment"
                                         : "payment"},
                    {"method", "card"}}
            );
        }
        case 11:
            return account();
        case 12:  // a shared account ends, or begins to be shared
            if (Json* limit = any("limit")) {
                if (limit->contains("members"))
                    limit->erase("members");
                else
                    (*limit)["members"] = Json::array({patient()});
            }
            return;
        case 13: {  // a merge, or its undoing
            const auto found = records_.find({"patient", std::to_string(4 + below(2))});
            if (found == records_.end()) return;
            if (found->second.contains("merged_into"))
                found->second.erase("merged_into");
            else
                found->second["merged_into"] = std::to_string(1 + below(3));
            return;
        }
        case 14:
        case 15:
            return visit();
        case 16:
            return plan();
        case 17:
            return order();
        case 18:
            if (below(4) == 0) return erase_patient();
            if (const Json* old = below(2) == 0 ? any("limit") : any("plan_item"); old != nullptr)
                remove(
                    old->contains("granted") ? "limit" : "plan_item",
                    (*old)["source_id"].get<std::string>()
                );
            return;
        default:
            return message();
    }
}

void ClinicLife::step() {
    now_us_ += below(4) == 0 ? kDayUs : 6 * kMinuteUs;
    for (int changes = 1 + below(6); changes > 0; --changes) one_change();
}

ClinicCopy::ClinicCopy(
    const std::filesystem::path& folder, ClinicStore::Opening opening, domain::ExportMode mode
)
    : mode_(mode) {
    if (opening == ClinicStore::Opening::create) {  // patients' pseudonyms decide the ties
        std::filesystem::create_directories(folder);
        std::ofstream(ClinicStore::first_key_file(folder)) << [] {
            std::string hex;
            for (int i = 0; i < 32; ++i) hex += "07";
            return hex;
        }() << '\n';
    }
    store = ClinicStore::open(folder, "clinic-1", opening);
    begin(store->meta().epoch);
}

gateway::MeaningSettings ClinicCopy::settings() const {
    gateway::MeaningSettings settings{domain::Rules(*Zone::find("Europe/Moscow")), {}};
    settings.rules.export_mode = mode_;
    settings.rules.export_ground = "invented data";
    settings.rules.no_show_sources.insert(kSource);
    settings.rules.groups = &groups();
    return settings;
}

void ClinicCopy::begin(std::uint32_t epoch) {
    meaning =
        std::make_unique<gateway::Meaning>(store->database(), store->identity(), epoch, settings());
}

std::string ClinicCopy::pseudonym(const std::string& patient) {
    return identity().pseudonym(kSource, patient);
}

void ClinicCopy::read(ClinicLife& life) {
    {
        sqlite::Transaction transaction(store->database());
        auto& messages = life.messages();
        for (; messages_taken < messages.size(); ++messages_taken) {
            auto& message = messages[messages_taken];
            message.accepted = meaning->accept(transaction, message.body, life.now_us()).verdict ==
                               inbox::Verdict::accepted;
        }
        transaction.commit();
    }
    read_mis(life);
}

void ClinicCopy::read_again(const ClinicLife& life) {
    {
        sqlite::Transaction transaction(store->database());
        std::size_t refused = SIZE_MAX;
        for (; messages_taken < life.messages().size(); ++messages_taken) {
            const auto& message = life.messages()[messages_taken];
            if (!message.accepted) continue;
            const auto answer = meaning->accept(transaction, message.body, life.now_us());
            if (answer.verdict == inbox::Verdict::accepted) ++messages_accepted;
            // What is refused may be repeated.
            if (answer.verdict == inbox::Verdict::refused && refused == SIZE_MAX)
                refused = messages_taken;
        }
        if (refused != SIZE_MAX) messages_taken = refused;
        transaction.commit();
    }
    read_mis(life);
}

void ClinicCopy::read_mis(const ClinicLife& life) {
    capture(life);
    meaning->work_off(life.now_us());
}

void ClinicCopy::capture(const ClinicLife& life, std::size_t records_max, Pass pass) {
    sqlite::Transaction transaction(store->database());
    change::open_pass(transaction, kSource, life.now_us());
    change::RecordStore records(store->database());
    std::map<std::string, std::vector<record::Record>> now;
    for (const auto& [key, body] : life.records()) {
        if (records_max-- == 0) break;
        auto made = record::record_from_json(key.first, body.dump());
        REQUIRE_MESSAGE(made, made.error().text);
        now[key.first].push_back(std::move(*made));
    }
    for (const char* kind : kKinds) {
        const change::StreamRef stream{kSource, kind, kind};
        change::CaptureOptions options;
        options.mapping_version = "m1";
        options.now_us = life.now_us();
        records.capture(transaction, stream, now[kind], options);
        std::vector<std::string> gone;
        records.by_kind(kSource, kind, [&](const change::StandingRecord& record) {
            if (!life.records().contains({kind, record.key.source_id}))
                gone.push_back(record.key.source_id);
        });
        records.remove(transaction, stream, gone, life.now_us());
    }
    // What a first reading found stood there before; what came later has a day (L0).
    const change::StreamRef limits{kSource, "limit", "limit"};
    if (auto state = change::load_state(store->database(), limits); state.first_poll_us == 0) {
        state.first_poll_us = life.now_us();
        change::save_state(transaction, limits, state);
    }
    if (pass == Pass::complete) {
        change::close_pass(transaction, kSource);
        gateway::restored::source_was_compared(transaction, kSource);
    }
    transaction.commit();
}

std::vector<OutboxEvent> ClinicCopy::log() const {
    std::vector<OutboxEvent> all;
    for (;;) {
        auto page =
            outbox::read_events(store->database(), all.empty() ? 0 : all.back().position, 1000);
        if (page.empty()) return all;
        for (auto& event : page) all.push_back(std::move(event));
    }
}

void Receiver::take(const std::vector<OutboxEvent>& events) {
    for (const auto& sent : events) {
        const std::string says = sent.partition_key + " " + std::to_string(sent.epoch) + " " +
                                 std::to_string(sent.sequence) + " " + sent.type + " " + sent.data;
        const auto [told, is_new] = told_.emplace(sent.id, says);
        REQUIRE_MESSAGE(told->second == says, "one id says two things: ", told->second, "\n", says);
        if (!is_new) continue;
        REQUIRE(sent.epoch >= epoch_);
        if (epoch_ == 0) epoch_ = sent.epoch;
        if (sent.epoch > epoch_) {  // of the only source: all that was folded is discarded
            REQUIRE_MESSAGE(sent.type == "source.rebuilt", "an epoch begins with ", sent.type);
            epoch_ = sent.epoch;
            fold_ = {};
            charges_.clear();
            payments_.clear();
            lines_.clear();
            free_times_.clear();
        }
        auto& last = last_sequence_[{sent.partition_key, sent.epoch}];
        REQUIRE_MESSAGE(sent.sequence == last + 1, "after ", last, " of its key: ", says);
        last = sent.sequence;
        apply(sent);
    }
}

void Receiver::apply(const OutboxEvent& sent) {
    const JsonMembers data{JsonView(sent.data)};
    const auto ends = [&](std::map<std::string, std::string>& standing, const char* name) {
        REQUIRE_MESSAGE(
            standing.erase(data.find(name).string()) == 1, sent.type,
            " of what does not stand: ", sent.data
        );
    };
    if (sent.type == "billing.charge") charges_.emplace(sent.id, sent.data);
    if (sent.type == "billing.payment" || sent.type == "billing.refund")
        payments_.emplace(sent.id, sent.data);
    if (sent.type == "procedure.performed") lines_.emplace(sent.id, sent.data);
    if (sent.type == "billing.reversal") ends(charges_, "charge_id");
    if (sent.type == "billing.payment_reversal") ends(payments_, "payment_event");
    if (sent.type == "procedure.reversed") ends(lines_, "performed_event");
    if (sent.type == "slots.changed") {
        const std::string day = sent.subject + " " + data.find("day").string();
        free_times_[day] = std::string(data.find("intervals").raw());
        if (free_times_[day] == "[]") free_times_.erase(day);
        return;
    }
    if (sent.type == "source.rebuilt") return;
    domain::Event event;
    event.id = sent.id;
    event.type = sent.type;
    event.data = JsonText::of(sent.data);
    domain::apply(fold_, event);
}

std::map<std::string, std::string> Receiver::believes() const {
    std::map<std::string, std::string> found = free_times_;
    std::size_t charges = 0, payments = 0;
    for (const auto& [key, standing] : fold_.standing) {
        if (key.starts_with("charge/")) ++charges;
        if (key.starts_with("payment/")) ++payments;
        if (!is_of_a_moment(key)) found.emplace(key, lasting(key, standing).text());
    }
    // Two charges of one line, payer and account would stand under one name (B2).
    REQUIRE(charges == charges_.size());
    REQUIRE(payments == payments_.size());
    return found;
}

void write_log(
    const std::filesystem::path& file, const std::vector<OutboxEvent>& events, std::size_t from,
    std::size_t to
) {
    std::ofstream lines(file, std::ios::app);
    for (std::size_t i = from; i < to; ++i)
        lines << outbox::render_cloudevent(events[i], "clinic-1") << '\n';
}

}  // namespace mis::test
