#include "inbox/inbox.hpp"

#include <fmt/format.h>

#include <set>

#include "base/crypto.hpp"
#include "domain/feedback/feedback.hpp"

namespace mis::inbox {
namespace {

constexpr const char* kColumns = "select position, id, type, received_us, body from inbox_message ";

domain::InboxFact fact_at(const sqlite::Statement& row) {
    domain::InboxFact fact;
    fact.position = static_cast<std::uint64_t>(row.integer(0));
    fact.id = row.string(1);
    fact.type = row.string(2);
    fact.received_us = row.integer(3);
    fact.body = JsonText::of(row.string(4));
    if (!JsonMembers(fact.body.view()).well_formed())
        throw sqlite::StoreError(
            sqlite::StoreError::Kind::corrupt, "a stored message of the exchange is not JSON"
        );
    return fact;
}

domain::OrderLink link_at(const sqlite::Statement& row) {
    return {row.string(0), row.string(1), row.string(2), row.integer(3), row.string(4)};
}

std::vector<domain::InboxFact> facts_of(sqlite::Statement& rows) {
    std::vector<domain::InboxFact> found;
    while (rows.step()) found.push_back(fact_at(rows));
    return found;
}

constexpr const char* kLinkColumns =
    "select order_id, source, patient_source_id, linked_us, ground from order_link ";

constexpr std::string_view kWaitingOrders =
    "select o.order_id, o.position, o.candidates, m.body from inbox_order o join inbox_message m "
    "on m.position = o.position where not exists (select 1 from order_link l where l.order_id = "
    "o.order_id) ";

WaitingOrder waiting_order_at(const sqlite::Statement& row) {
    WaitingOrder order{
        row.string(0),
        static_cast<std::uint64_t>(row.integer(1)),
        {},
        static_cast<std::uint32_t>(row.integer(2))};
    const auto body = parse_json(row.text(3));
    if (body && body->contains("patient")) order.identity = order_identity((*body)["patient"]);
    return order;
}

std::optional<std::string> unless_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

// The whole message as it came, before anything is left out: what "same content" means.
std::string hash_of(const Json& message) { return to_hex(sha256(canonical_json(message))); }

}  // namespace

Acceptance Inbox::accept(
    sqlite::Transaction& transaction, const Json& message, const AcceptOptions& options
) {
    Acceptance answer;
    const auto refuse = [&](std::string code, std::string reason) {
        count_refusal(transaction, code, options.now_us);
        answer.verdict = Verdict::refused;
        answer.code = std::move(code);
        answer.reason = std::move(reason);
        return answer;
    };
    auto parsed = parse_message(message, options.consent, options.zone ? &*options.zone : nullptr);
    // A known id is answered before anything else: what was once accepted stays acknowledged, also
    // under a changed configuration.
    const std::string hash = hash_of(message);
    const std::string id =
        parsed ? parsed->id
        : message.is_object() && message.contains("id") && message["id"].is_string()
            ? message["id"].get<std::string>()
            : "";
    if (!id.empty()) {
        auto known =
            transaction.prepare("select position, content_hash from inbox_message where id = ?1");
        if (known.with(id).step()) {
            if (known.text(1) != hash)
                return refuse(
                    "id_reused", "a message of this id but other content was accepted before"
                );
            answer.verdict = Verdict::repeated;
            answer.position = static_cast<std::uint64_t>(known.integer(0));
            return answer;
        }
    }
    if (!parsed) return refuse("malformed", parsed.error().text);
    if (parsed->type == "order.placed" && knows_order(parsed->order))
        return refuse(
            "order_exists", "this order was placed before: send order.amended to change it"
        );
    if (const std::string unknown = unknown_entity(*parsed, options); !unknown.empty())
        return refuse(
            "unknown_" + unknown,
            fmt::format("no {} of this id is known here: send it again once it is", unknown)
        );
    if (auto refused = refusal(*parsed, options))
        return refuse(std::move(refused->code), std::move(refused->reason));
    if (parsed->type == "statement.requested" && options.missing_ground)
        if (const std::string missing = options.missing_ground(*parsed); !missing.empty())
            return refuse(
                missing, missing == "withdrawn"
                             ? "the patient withdrew his consent: nothing more of him is sent"
                             : "no order with a consent covers it: there is no ground to send it"
            );
    if (parsed->order.empty() && !parsed->feedback.empty())
        parsed->order = order_of_feedback(parsed->feedback).value_or("");

    answer.verdict = Verdict::accepted;
    answer.position = store(transaction, *parsed, hash, options.now_us);
    if (parsed->type == "order.placed") {
        transaction.prepare("insert into inbox_order (order_id, position) values (?1, ?2)")
            .with(parsed->order, answer.position)
            .run();
    }
    answer.order = parsed->order;
    answer.limit = parsed->limit;
    answer.plan = parsed->plan;
    answer.patient = parsed->patient;
    answer.feedback = parsed->feedback;
    answer.payer = parsed->payer;
    answer.message = parsed->id;
    answer.ignored_fields = std::move(parsed->ignored_fields);
    return answer;
}

std::string Inbox::unknown_entity(const InboxMessage& message, const AcceptOptions& options) const {
    if (message.type != "order.placed" && !message.order.empty() && !knows_order(message.order))
        return "order";
    if (message.type == "feedback.resolved" && messages_of_feedback(message.feedback).empty())
        return "feedback";
    if (!options.knows) return "";
    if (!message.limit.empty() && !options.knows(EntityKind::limit, message.limit)) return "limit";
    if (!message.plan.empty() && !options.knows(EntityKind::plan, message.plan)) return "plan";
    if (!message.patient.empty() && !options.knows(EntityKind::patient, message.patient))
        return "patient";
    if (!message.payer.empty() && !options.knows(EntityKind::payer, message.payer)) return "payer";
    return "";
}

// What only the history of an order and the books can tell (schemas/README.md section 4).
std::optional<Refusal> Inbox::refusal(const InboxMessage& message, const AcceptOptions& options)
    const {
    if (message.type == "order.amended" && is_cancelled(message.order))
        return Refusal{
            "order_cancelled", "this order was cancelled and takes no amendment: place a new one"};
    if (message.type == "plan.approved" || message.type == "plan.refused")
        if (const auto where = unknown_item(message, options))
            return Refusal{
                "unknown_item",
                *where +
                    ": the plan has no item of this id: name items by the ids that its order "
                    "or plan.opened gave them, or name works"};
    if (message.type == "limit.granted" && options.refuse_grant)
        return options.refuse_grant(message);
    return std::nullopt;
}

// "items/1", the first that stands in no version of the order or the plan.
std::optional<std::string> Inbox::unknown_item(
    const InboxMessage& message, const AcceptOptions& options
) const {
    const auto items = message.body.find("items");
    if (items == message.body.end()) return std::nullopt;
    std::set<std::string> agreed;
    if (!message.order.empty()) {
        for (const auto& fact : messages_of_order(message.order))
            for (const JsonView item : fact.body.find("items").elements())
                if (item.is_object()) agreed.insert(item.find("id").string());
    } else if (!options.knows_item) {
        return std::nullopt;
    }
    for (std::size_t index = 0; index < items->size(); ++index) {
        const auto& item = (*items)[index].get_ref<const std::string&>();
        const bool known =
            message.order.empty() ? options.knows_item(message.plan, item) : agreed.contains(item);
        if (!known) return fmt::format("items/{}", index);
    }
    return std::nullopt;
}

std::optional<std::string> Inbox::order_of_feedback(std::string_view feedback) const {
    auto row = database_.prepare(
        "select order_id from inbox_message where feedback = ?1 and order_id is not null order by "
        "position limit 1"
    );
    if (!row.with(feedback).step()) return std::nullopt;
    return row.string(0);
}

std::uint64_t Inbox::store(
    sqlite::Transaction& transaction, const InboxMessage& message, std::string_view content_hash,
    std::int64_t now_us
) {
    transaction
        .prepare(
            "insert into inbox_message (id, type, content_hash, body, received_us, order_id, "
            "limit_id, plan_id, patient, feedback) "
            "values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        )
        .with(
            message.id, message.type, content_hash, canonical_json(message.body), now_us,
            unless_empty(message.order), unless_empty(message.limit), unless_empty(message.plan),
            unless_empty(message.patient), unless_empty(message.feedback)
        )
        .run();
    return static_cast<std::uint64_t>(transaction.database().last_insert_id());
}

void Inbox::count_refusal(
    sqlite::Transaction& transaction, std::string_view code, std::int64_t now_us
) {
    transaction
        .prepare(
            "insert into inbox_refusal (code, count, last_us) values (?1, 1, ?2) "
            "on conflict (code) do update set count = count + 1, last_us = excluded.last_us"
        )
        .with(code, now_us)
        .run();
}

std::optional<domain::InboxFact> Inbox::answer(
    sqlite::Transaction& transaction, const FeedbackAnswer& answer, std::int64_t now_us
) {
    const auto history = messages_of_feedback(answer.feedback);
    if (history.empty()) return std::nullopt;
    InboxMessage message;
    message.type = "feedback.answered";
    message.id = fmt::format(
        "clinic/{}/{}", answer.feedback, history.size()
    );  // the slash keeps it apart from nobody's ids but ours
    message.feedback = answer.feedback;
    message.order = order_of_feedback(answer.feedback).value_or("");
    message.body = Json{
        {"id", message.id},
        {"type", message.type},
        {"feedback", message.feedback},
        {"order", message.order},
        {"text", answer.text}};
    return this->message(store(transaction, message, hash_of(message.body), now_us));
}

domain::InboxFact Inbox::message(std::uint64_t position) const {
    auto row = database_.prepare(std::string(kColumns) + "where position = ?1");
    MIS_ASSERT(row.with(position).step());
    return fact_at(row);
}

std::vector<domain::InboxFact> Inbox::messages_where(
    std::string_view column, std::string_view value
) const {
    auto rows =
        database_.prepare(fmt::format("{}where {} = ?1 order by position", kColumns, column));
    rows.with(value);
    return facts_of(rows);
}

std::vector<domain::InboxFact> Inbox::messages_of_order(std::string_view order) const {
    return messages_where("order_id", order);
}
std::vector<domain::InboxFact> Inbox::messages_of_feedback(std::string_view feedback) const {
    return messages_where("feedback", feedback);
}

std::vector<std::string> Inbox::feedbacks(int limit) const {
    std::vector<std::string> found;
    auto rows = database_.prepare(
        "select feedback from inbox_message where feedback is not null group by feedback order by "
        "min(position) desc limit ?1"
    );
    rows.with(limit);
    while (rows.step()) found.push_back(rows.string(0));
    return found;
}

domain::FeedbackCounts Inbox::feedback_counts() const {
    auto rows =
        database_.prepare(std::string(kColumns) + "where feedback is not null order by position");
    return domain::count_feedback(facts_of(rows));
}

bool Inbox::knows_message(std::string_view id) const {
    return database_.prepare("select 1 from inbox_message where id = ?1").with(id).step();
}

bool Inbox::knows_order(std::string_view order) const {
    return database_.prepare("select 1 from inbox_order where order_id = ?1").with(order).step();
}

bool Inbox::is_cancelled(std::string_view order) const {
    return database_
        .prepare("select 1 from inbox_message where order_id = ?1 and type = 'order.cancelled'")
        .with(order)
        .step();
}

std::optional<domain::OrderLink> Inbox::link_of(std::string_view order) const {
    auto row = database_.prepare(std::string(kLinkColumns) + "where order_id = ?1");
    if (!row.with(order).step()) return std::nullopt;
    return link_at(row);
}

std::vector<domain::OrderLink> Inbox::links(int limit) const {
    std::vector<domain::OrderLink> found;
    auto rows =
        database_.prepare(std::string(kLinkColumns) + "order by linked_us desc, order_id limit ?1");
    rows.with(limit);
    while (rows.step()) found.push_back(link_at(rows));
    return found;
}

void Inbox::link(sqlite::Transaction& transaction, const domain::OrderLink& link) {
    transaction
        .prepare(
            "insert into order_link (order_id, source, patient_source_id, linked_us, ground) "
            "values (?1, ?2, ?3, ?4, ?5) "
            "on conflict (order_id) do update set source = excluded.source, patient_source_id = "
            "excluded.patient_source_id, "
            "linked_us = excluded.linked_us, ground = excluded.ground"
        )
        .with(link.order, link.source, link.patient_source_id, link.linked_us, link.ground)
        .run();
    auto placed = transaction.prepare(
        "select m.position, m.body from inbox_order o join inbox_message m on m.position = "
        "o.position where o.order_id = ?1"
    );
    if (!placed.with(link.order).step()) return;
    const std::int64_t position = placed.integer(0);
    auto body = parse_json(placed.text(1));
    if (!body || !body->contains("patient")) return;
    body->erase("patient");
    transaction.prepare("update inbox_message set body = ?2 where position = ?1")
        .with(position, canonical_json(*body))
        .run();
    transaction.prepare("update inbox_order set candidates = 0 where order_id = ?1")
        .with(link.order)
        .run();
}

void Inbox::unlink(sqlite::Transaction& transaction, std::string_view order) {
    transaction.prepare("delete from order_link where order_id = ?1").with(order).run();
}

std::vector<WaitingOrder> Inbox::waiting_orders(std::string_view after_order, int limit) const {
    std::vector<WaitingOrder> waiting;
    auto rows = database_.prepare(
        std::string(kWaitingOrders) + "and o.order_id > ?1 order by o.order_id limit ?2"
    );
    rows.with(after_order, limit);
    while (rows.step()) waiting.push_back(waiting_order_at(rows));
    return waiting;
}

std::optional<WaitingOrder> Inbox::waiting_order(std::string_view order) const {
    auto row = database_.prepare(std::string(kWaitingOrders) + "and o.order_id = ?1");
    if (!row.with(order).step()) return std::nullopt;
    return waiting_order_at(row);
}

std::uint32_t Inbox::candidates_of(std::string_view order) const {
    auto row = database_.prepare("select candidates from inbox_order where order_id = ?1");
    return row.with(order).step() ? static_cast<std::uint32_t>(row.integer(0)) : 0;
}

void Inbox::set_candidates(
    sqlite::Transaction& transaction, std::string_view order, std::uint32_t candidates
) {
    transaction
        .prepare("update inbox_order set candidates = ?2 where order_id = ?1 and candidates <> ?2")
        .with(order, candidates)
        .run();
}

Inbox::Counts Inbox::counts() const {
    Counts counts;
    auto accepted = database_.prepare("select type, count(*) from inbox_message group by type");
    while (accepted.step()) counts.accepted[accepted.string(0)] = accepted.integer(1);
    auto refused = database_.prepare("select code, count from inbox_refusal");
    while (refused.step()) counts.refused[refused.string(0)] = refused.integer(1);
    return counts;
}

}  // namespace mis::inbox
