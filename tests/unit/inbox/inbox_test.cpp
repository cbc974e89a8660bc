#include "inbox/inbox.hpp"

#include <doctest/doctest.h>

#include "sqlite/migration.hpp"

using namespace mis;
using namespace mis::inbox;

namespace {

struct Store {
    sqlite::Database database = sqlite::Database::open(":memory:");
    Inbox inbox{database};
    AcceptOptions options{1'000'000, ConsentRule::optional, {}, {}};

    Store() { sqlite::create_tables(database); }
    Acceptance accept(const Json& message) {
        sqlite::Transaction transaction(database);
        auto answer = inbox.accept(transaction, message, options);
        transaction.commit();
        return answer;
    }
    void link(const std::string& order) {
        sqlite::Transaction transaction(database);
        inbox.link(transaction, {order, "mis", "77", 5, "phone+last_name"});
        transaction.commit();
    }
    bool holds(const std::string& text) {
        auto rows = database.prepare("select body from inbox_message");
        while (rows.step())
            if (rows.text(0).find(text) != std::string_view::npos) return true;
        return false;
    }
};

Json placed(const std::string& id = "m1", const std::string& order = "O1") {
    Json message = Json::parse(
        R"({"type":"order.placed","patient":{"phone":"+7 900 000-00-01","last_name":"Тестова","birth_date":"1990-01-01"},
        "items":[{"id":"i1","nomenclature":"A16.07.002","teeth":["16"],"quantity":"1","total":{"minor":400000,"currency":"RUB"}}]})"
    );
    message["id"] = id;
    message["order"] = order;
    return message;
}

}  // namespace

TEST_CASE(
    "inbox: a message is accepted once, acknowledged again with the same content, refused with "
    "other content"
) {
    Store store;
    const auto first = store.accept(placed());
    CHECK(first.verdict == Verdict::accepted);
    CHECK(first.order == "O1");
    const auto again = store.accept(placed());
    CHECK(again.verdict == Verdict::repeated);
    CHECK(again.position == first.position);
    Json other = placed();
    other["items"][0]["total"]["minor"] = 1;
    const auto reused = store.accept(other);
    CHECK(reused.verdict == Verdict::refused);
    CHECK(reused.code == "id_reused");
    CHECK(store.accept(placed("m2")).code == "order_exists");
    CHECK(store.inbox.messages_of_order("O1").size() == 1);
    CHECK(store.inbox.message(first.position).body.tree() == placed());
    CHECK(store.inbox.message(first.position).received_us == 1'000'000);
}

TEST_CASE(
    "inbox: a repeat is acknowledged also after the identifiers were erased or the consent rule "
    "changed"
) {
    Store store;
    store.accept(placed());
    store.link("O1");
    store.options.consent = ConsentRule::required;
    CHECK(store.accept(placed()).verdict == Verdict::repeated);
}

TEST_CASE("inbox: an unknown order is refused and may be repeated once it is known") {
    Store store;
    const Json cancelled{{"type", "order.cancelled"}, {"id", "m9"}, {"order", "O1"}};
    CHECK(store.accept(cancelled).code == "unknown_order");
    CHECK(store.accept(cancelled).code == "unknown_order");
    store.accept(placed());
    CHECK(store.accept(cancelled).verdict == Verdict::accepted);
    CHECK(store.inbox.messages_of_order("O1").size() == 2);
    CHECK(store.inbox.counts().refused.at("unknown_order") == 2);
}

TEST_CASE("inbox: unknown limits, plans, patients and feedbacks are refused") {
    Store store;
    store.options.knows = [](EntityKind kind, std::string_view id) {
        return kind == EntityKind::limit && id == "L1";
    };
    const Json money{{"minor", 100}, {"currency", "RUB"}};
    CHECK(
        store.accept({{"type", "limit.granted"}, {"id", "a"}, {"limit", "L1"}, {"amount", money}}
        ).verdict == Verdict::accepted
    );
    CHECK(
        store.accept({{"type", "limit.closed"}, {"id", "b"}, {"limit", "L2"}}).code ==
        "unknown_limit"
    );
    CHECK(
        store
            .accept(
                {{"type", "plan.refused"},
                 {"id", "c"},
                 {"plan", "P"},
                 {"works", {"A16"}},
                 {"by", "x"}}
            )
            .code == "unknown_plan"
    );
    CHECK(
        store.accept({{"type", "consent.withdrawn"}, {"id", "d"}, {"patient", "p"}}).code ==
        "unknown_patient"
    );
    CHECK(
        store
            .accept(
                {{"type", "feedback.resolved"}, {"id", "e"}, {"feedback", "F"}, {"satisfied", true}}
            )
            .code == "unknown_feedback"
    );
}

TEST_CASE("inbox: malformed messages are refused, counted, and leave nothing behind") {
    Store store;
    Json bad = placed();
    bad["items"][0].erase("total");
    const auto answer = store.accept(bad);
    CHECK(answer.code == "malformed");
    CHECK(answer.reason.starts_with("items/0/total: missing (what it may hold: "));
    CHECK(store.accept(Json("text")).code == "malformed");
    CHECK(store.inbox.counts().refused.at("malformed") == 2);
    CHECK(store.inbox.counts().accepted.empty());
    CHECK(!store.inbox.knows_order("O1"));
    CHECK(store.accept(placed()).verdict == Verdict::accepted);  // the id was not burnt
}

TEST_CASE("inbox: what was not committed was never accepted") {
    Store store;
    {
        sqlite::Transaction transaction(store.database);
        CHECK(
            store.inbox.accept(transaction, placed(), store.options).verdict == Verdict::accepted
        );
    }
    CHECK(!store.inbox.knows_order("O1"));
    CHECK(store.accept(placed()).verdict == Verdict::accepted);
}

TEST_CASE("P9: orders wait visibly until they are linked; X4: then their identifiers are erased") {
    Store store;
    store.accept(placed("m1", "O1"));
    store.accept(placed("m2", "O2"));
    auto waiting = store.inbox.waiting_orders();
    REQUIRE(waiting.size() == 2);
    CHECK(waiting[0].identity.phone_last_ten == "9000000001");
    CHECK(waiting[0].identity.ground() == "phone+last_name+birth_date");
    {
        sqlite::Transaction transaction(store.database);
        store.inbox.set_candidates(transaction, "O1", 2);
        transaction.commit();
    }
    CHECK(store.inbox.candidates_of("O1") == 2);

    store.link("O1");
    store.link("O2");
    CHECK(store.inbox.waiting_orders().empty());
    CHECK(store.inbox.link_of("O1")->patient_source_id == "77");
    CHECK(store.inbox.link_of("O2")->patient_source_id == "77");
    CHECK(!store.holds("Тестова"));
    CHECK(!store.holds("900 000"));
    CHECK(!store.holds("1990"));
    CHECK(store.holds("A16.07.002"));

    {
        sqlite::Transaction transaction(store.database);
        store.inbox.unlink(transaction, "O1");
        transaction.commit();
    }
    waiting = store.inbox.waiting_orders();
    REQUIRE(waiting.size() == 1);
    CHECK(waiting[0].identity.is_empty());  // only an operator can link it again
    CHECK(!store.inbox.link_of("O1"));
}

TEST_CASE("P9: every identifier sent must equal; an empty field in the MIS is no match") {
    const OrderIdentity identity = order_identity(placed()["patient"]);
    const Json patient{
        {"last_name", "ТЕСТОВА"},
        {"birth_date", "1990-01-01"},
        {"phones", {"8 (900) 000-00-02", "89000000001"}}};
    CHECK(matches(identity, patient));
    for (const char* field : {"last_name", "birth_date", "phones"}) {
        CAPTURE(field);
        Json other = patient;
        other.erase(field);
        CHECK(!matches(identity, other));
    }
    Json merged = patient;
    merged["merged_into"] = "78";
    CHECK(!matches(identity, merged));
    CHECK(!matches(OrderIdentity{}, patient));
    CHECK(matches(
        order_identity({{"last_name", "Ёлкина-Тестова"}}), {{"last_name", "елкина тестова"}}
    ));
}

TEST_CASE(
    "F1: a feedback, the clinic's answer and the patient's word hang together and find their order"
) {
    Store store;
    store.accept(placed());
    store.accept(
        {{"type", "feedback.received"},
         {"id", "f1"},
         {"feedback", "F"},
         {"order", "O1"},
         {"text", "больно"}}
    );
    {
        sqlite::Transaction transaction(store.database);
        const auto answer = store.inbox.answer(transaction, {"F", "приходите"}, 2'000'000);
        REQUIRE(answer);
        CHECK(answer->type == "feedback.answered");
        CHECK(answer->body.find("order").string() == "O1");
        CHECK(!store.inbox.answer(transaction, {"G", "?"}, 2'000'000));
        transaction.commit();
    }
    const auto resolved = store.accept(
        {{"type", "feedback.resolved"}, {"id", "f2"}, {"feedback", "F"}, {"satisfied", true}}
    );
    CHECK(resolved.verdict == Verdict::accepted);
    CHECK(resolved.order == "O1");
    CHECK(store.inbox.messages_of_feedback("F").size() == 3);
    CHECK(store.inbox.messages_of_order("O1").size() == 4);
    CHECK(store.inbox.feedbacks(10) == std::vector<std::string>{"F"});
    CHECK(store.inbox.feedback_counts() == domain::FeedbackCounts{1, 1, 1});
    store.accept(
        {{"type", "feedback.resolved"}, {"id", "f3"}, {"feedback", "F"}, {"satisfied", false}}
    );
    CHECK(store.inbox.feedback_counts() == domain::FeedbackCounts{1, 1, 0});  // his last word
}

TEST_CASE("inbox: a cancelled order takes no amendment") {
    Store store;
    store.accept(placed());
    store.accept({{"type", "order.cancelled"}, {"id", "m2"}, {"order", "O1"}});
    Json amended = placed("m3");
    amended["type"] = "order.amended";
    amended.erase("patient");
    const auto answer = store.accept(amended);
    CHECK(answer.verdict == Verdict::refused);
    CHECK(answer.code == "order_cancelled");
    CHECK(store.inbox.messages_of_order("O1").size() == 2);
}

TEST_CASE("inbox: an approval names items that some version of the order or plan has") {
    Store store;
    store.accept(placed());
    const auto approve = [&](const char* id, Json more) {
        Json message{{"type", "plan.approved"}, {"id", id}, {"by", "insurer"}};
        message.update(more);
        const auto answer = store.accept(message);
        return answer.verdict == Verdict::accepted ? std::string()
                                                   : answer.code + " " + answer.reason;
    };
    CHECK(approve("a1", {{"order", "O1"}, {"items", {"i1"}}}).empty());
    CHECK(approve(
              "a2", {{"order", "O1"}, {"items", {"i1", "i9"}}}
    ).starts_with("unknown_item items/1"));
    CHECK(approve("a3", {{"order", "O9"}, {"items", {"i1"}}}).starts_with("unknown_order"));
    CHECK(approve("a4", {{"order", "O1"}, {"works", {"A16.07.099"}}}).empty()
    );  // not yet performed
    Json amended = placed("m2");
    amended["type"] = "order.amended";
    amended.erase("patient");
    amended["items"][0]["id"] = "i2";
    store.accept(amended);
    CHECK(approve("a5", {{"order", "O1"}, {"items", {"i1", "i2"}}}).empty()
    );  // declined, yet known
    store.options.knows = [](EntityKind, std::string_view id) { return id == "p1"; };
    store.options.knows_item = [](std::string_view plan, std::string_view item) {
        return plan == "p1" && item == "x1";
    };
    CHECK(approve("a6", {{"plan", "p1"}, {"items", {"x1"}}}).empty());
    CHECK(approve("a7", {{"plan", "p1"}, {"items", {"x2"}}}).starts_with("unknown_item items/0"));
    CHECK(approve("a8", {{"plan", "p2"}, {"items", {"x1"}}}).starts_with("unknown_plan"));
    CHECK(store.inbox.counts().refused.at("unknown_item") == 2);
}

TEST_CASE("inbox: a grant that the books refuse is not stored, and may come again") {
    Store store;
    store.accept(placed());
    bool opens = true;
    store.options.refuse_grant = [&](const InboxMessage& grant) {
        return opens ? std::optional<Refusal>({"no_account", "missing: payer, " + grant.order})
                     : std::nullopt;
    };
    const Json grant{
        {"type", "limit.granted"},
        {"id", "g1"},
        {"order", "O1"},
        {"amount", {{"minor", 100}, {"currency", "RUB"}}}};
    const auto refused = store.accept(grant);
    CHECK(refused.code == "no_account");
    CHECK(refused.reason == "missing: payer, O1");
    opens = false;
    CHECK(store.accept(grant).verdict == Verdict::accepted);
}
