// expected.events.jsonl: a case's records through the same meaning as in production.
#include <doctest/doctest.h>

#include "invented_connector.hpp"
#include "with_meaning.hpp"

using namespace mis;
using namespace mis::record;

namespace {

// Payments of an invented till, with a case whose events are expected.
class Till : public Connector {
  public:
    Till() {
        remove("cases").remove("branch.sql").remove("branch.fetch.sql").remove("codes.csv");
        write("connector.yaml", R"(title: Invented
streams:
  payment:
    key: P.ID
    columns: {id: integer, client: integer, day: timestamp, amount: decimal}
    absent: {branch_source_id: x, source_modified_at: x, method: x, payer: x, limit_source_id: x}
)");
        write("payment.fetch.sql", "select P.ID, P.CLIENT, P.DAY, P.AMOUNT from P where {slice}\n");
        write(
            "payment.sql",
            "select id as source_id, client as patient_source_id, local_ts(null, day) as paid_at, "
            "money(amount) as amount, 'payment' as kind from rows\n"
        );
        write(
            "README.md",
            "# x\n## Rights\nselect\n## Versions seen\nnone\n## Streams\n| stream | kind | how "
            "|\n|---|---|---|\n| `payment` | payment | nightly |\n## Traps\nnone\n## "
            "Confidence\nnone\n"
        );
        write(kCase + "1.rows.jsonl", row("100.50"));
        write(kCase + "2.rows.jsonl", row("70"));
        write(
            kCase + "expected.changes.jsonl",
            "{\"step\":1,\"kind\":\"payment\",\"source_id\":\"5\",\"change\":\"created\"}\n"
            "{\"step\":2,\"kind\":\"payment\",\"source_id\":\"5\",\"change\":\"updated\"}\n"
        );
        write(kCase + "context.json", R"({"scene": {"at": "2026-03-10T19:00:00+03:00"}})");
        write(kCase + "expected.events.jsonl", "{}");
    }

    static std::string row(const std::string& amount) {
        return R"({"id": 5, "client": 77, "day": "2026-03-10 11:00:00", "amount": ")" + amount +
               "\"}\n";
    }

    inline static const std::string kCase = "cases/payment/corrected/";
};

}  // namespace

TEST_CASE("events of a case: written by --update, readable, compared field by field") {
    Till till;
    auto update = with_meaning();
    update.expectations = Expectations::update;
    const auto written = test_connector(till.path(), update);
    INFO(to_text(written));
    REQUIRE(written.written.size() == 1);
    const std::string events = till.read(Till::kCase + "expected.events.jsonl");
    says(events, R"("step":1,"subject":"patient/77","type":"billing.payment")");
    says(events, R"("amount":{"currency":"RUB","minor":10050})");
    says(events, R"("step":2,"subject":"patient/77")");
    says(till.finding(with_meaning()), ": passed");

    till.write(Till::kCase + "2.rows.jsonl", till.row("71"));
    says(till.finding(with_meaning()), "expected.events.jsonl:");
    says(till.finding(with_meaning()), "minor: expected 7000, got 7100");
    says(till.finding(), ": passed");  // whoever knows no domain does not look at them
}

TEST_CASE("events of a case: of data only the named fields count, of the list every event") {
    Till till;
    till.write(Till::kCase + "2.rows.jsonl", till.row("100.50"));
    till.write(
        Till::kCase + "expected.changes.jsonl",
        "{\"step\":1,\"kind\":\"payment\",\"source_id\":\"5\",\"change\":\"created\"}\n"
    );
    const std::string one = R"({"step": 1, "type": "billing.payment", "subject": "patient/77")";
    till.write(
        Till::kCase + "expected.events.jsonl", one + R"(, "data": {"amount": {"minor": 10050}}})"
    );
    says(till.finding(with_meaning()), ": passed");
    till.write(Till::kCase + "expected.events.jsonl", one + "}\n" + one + "}\n");
    says(
        till.finding(with_meaning()),
        "expected.events.jsonl:2: expected step 1, billing.payment of patient/77, got no further"
    );
    till.write(Till::kCase + "expected.events.jsonl", "");
    says(
        till.finding(with_meaning()),
        "expected no further event, got step 1, billing.payment of patient/77"
    );
    till.write(Till::kCase + "expected.events.jsonl", "{\"type\": \"billing.payment\"}\n");
    says(till.finding(with_meaning()), "expected.events.jsonl:1: subject is missing");
}

TEST_CASE("events of a case: the scene says when, and what stood before") {
    Till till;
    till.write(Till::kCase + "context.json", "{}");
    says(till.finding(with_meaning()), "context.json: \"scene\": {\"at\":");
    till.write(Till::kCase + "context.json", R"({"scene": {"at": "yesterday"}})");
    says(till.finding(with_meaning()), "context.json: scene.at: a time with offset");
    till.write(
        Till::kCase + "context.json",
        R"({"scene": {"at": "2026-03-10T19:00:00+03:00", "upsert": {"payment": [{"source_id": "1"}]}}})"
    );
    says(till.finding(with_meaning()), "quarantined");
    till.write(
        Till::kCase + "context.json",
        R"({"scene": {"at": ["2026-03-10T19:00:00+03:00", "2026-03-11T19:00:00+03:00", "2026-03-12T19:00:00+03:00"]}})"
    );
    says(till.finding(with_meaning()), "scene.at lists 3 times for 2 steps");
}
