#include <doctest/doctest.h>

#include "record/mapper.hpp"

using namespace mis;
using namespace mis::record;

namespace {

std::string why_not(const std::string& kind, const char* json) {
    const auto record = record_from_json(kind, json);
    return record ? "accepted" : record.error().text;
}

constexpr const char* kProcedure =
    R"({"source_id":"p1","patient_source_id":"77","performed_at":"2026-03-03T11:30:00+03:00",
    "service_code":"T-16","nomenclature":"А16.07.002","quantity":"1","teeth":["16"],"total":{"minor":450000,"currency":"RUB"}})";

}  // namespace

TEST_CASE("a complete procedure becomes canonical JSON, keys sorted, with its references") {
    const auto record = record_from_json("procedure", kProcedure);
    REQUIRE(record.has_value());
    CHECK(record->source_id == "p1");
    CHECK(record->patient_source_id == "77");
    CHECK(
        record->body ==
        R"({"nomenclature":"A16.07.002","patient_source_id":"77","performed_at":"2026-03-03T11:30:00+03:00","quantity":"1",)"
        R"("service_code":"T-16","source_id":"p1","teeth":["16"],"total":{"currency":"RUB","minor":450000}})"
    );
}

TEST_CASE("B3: a payment's kind says which way the money went, its amount is above zero") {
    const auto payment = [](const std::string& kind, const std::string& minor) {
        return R"({"source_id":"1","patient_source_id":"77","paid_at":"2026-03-03T11:30:00+03:00",
            "amount":{"minor":)" +
               minor + R"(,"currency":"RUB"},"kind":")" + kind + R"(","branch_source_id":"2",
            "source_modified_at":"2026-03-03T11:31:00+03:00"})";
    };
    const auto plus = record_from_json("payment", payment("refund", "50000"));
    const auto minus = record_from_json("payment", payment("refund", "-50000"));
    REQUIRE(minus.has_value());
    CHECK(minus->body == plus->body);
    CHECK(minus->content_hash == plus->content_hash);
    CHECK(minus->body.starts_with(R"({"amount":{"currency":"RUB","minor":50000},"branch_source_id")"
    ));
    for (const std::string kind : {"payment", "prepayment"})
        CHECK(
            why_not("payment", payment(kind, "-50000").c_str())
                .find("amount: below zero, and kind says that money came in: map what went back as "
                      "kind refund") != std::string::npos
        );
    for (const std::string kind : {"transfer", "write_off"})
        CHECK(why_not("payment", payment(kind, "-50000").c_str()) == "accepted");
    CHECK(why_not("payment", payment("payment", "0").c_str()) == "accepted");
}

TEST_CASE("I2: source_modified_at is no part of the content hash, everything else is") {
    const auto hash = [](const char* json) {
        return record_from_json("branch", json).value().content_hash;
    };
    const auto plain = hash(R"({"source_id":"1","name":"Branch"})");
    CHECK(
        plain ==
        hash(R"({"source_id":"1","name":"Branch","source_modified_at":"2026-03-03T11:30:00+03:00"})"
        )
    );
    CHECK(
        hash(
            R"({"source_id":"1","name":"B","timezone":"Asia/Omsk","source_modified_at":"2026-03-03T11:30:00+03:00"})"
        ) == hash(R"({"source_id":"1","name":"B","timezone":"Asia/Omsk"})")
    );
    CHECK(plain != hash(R"({"source_id":"1","name":"Branch 2"})"));
}

TEST_CASE(
    "YAML without quotes is understood: whole numbers for texts, one text for a list, teeth as "
    "numbers"
) {
    const auto record = record_from_json(
        "procedure",
        R"({"source_id":7,"patient_source_id":77,"performed_at":"2026-03-03T11:30:00+03:00","service_code":16,"quantity":1,
            "teeth":[16,15],"total":{"minor":-5,"currency":"RUB"},"notes":"said so"})"
    );
    REQUIRE(record.has_value());
    CHECK(record->body.find(R"("notes":["said so"])") != std::string::npos);
    CHECK(record->body.find(R"("teeth":["15","16"])") != std::string::npos);
    CHECK(record->body.find(R"("quantity":"1")") != std::string::npos);
    CHECK(record->source_id == "7");
    const auto patient = record_from_json(
        "patient",
        R"({"source_id":"77","phones":["89000000001"],"birth_date":"1990-01-01","email":null})"
    );
    REQUIRE(patient.has_value());
    CHECK(patient->patient_source_id == "77");
    CHECK(
        patient->body == R"({"birth_date":"1990-01-01","phones":["89000000001"],"source_id":"77"})"
    );
}

TEST_CASE("each wrong field is named") {
    CHECK(why_not("procedur", "{}").find("no kind \"procedur\"") == 0);
    CHECK(why_not("branch", "[]") == "branch: not an object");
    CHECK(why_not("branch", R"({"source_id":"1"})") == "branch: field name: required");
    CHECK(why_not("branch", R"({"source_id":"1","name":"  "})") == "branch: field name: required");
    CHECK(
        why_not("branch", R"({"source_id":"1","name":"B","colour":"red"})") ==
        "branch: field colour: no field of this kind"
    );
    CHECK(
        why_not("branch", R"({"source_id":"1","name":"B","timezone":"Moscow"})")
            .find("field timezone: not an IANA") != std::string::npos
    );
    CHECK(
        why_not("patient", R"({"source_id":"1","birth_date":"01.02.1990"})")
            .find("field birth_date: not a date") != std::string::npos
    );
    CHECK(
        why_not("patient", R"({"source_id":"1","referred":"maybe"})")
            .find("field referred: not a boolean") != std::string::npos
    );
    CHECK(
        why_not(
            "plan_item", R"({"source_id":"1","plan_source_id":"2","service_code":"x","stage":-1})"
        )
            .find("field stage") != std::string::npos
    );
    CHECK(
        why_not(
            "plan_item",
            R"({"source_id":"1","plan_source_id":"2","service_code":"x","teeth":["99"]})"
        )
            .find("field teeth: not teeth") != std::string::npos
    );
    CHECK(
        why_not(
            "plan_item", R"({"source_id":"1","plan_source_id":"2","service_code":"x","total":4500})"
        )
            .find("field total: not a sum") != std::string::npos
    );
    CHECK(
        why_not(
            "plan_item",
            R"({"source_id":"1","plan_source_id":"2","service_code":"x","quantity":"one"})"
        )
            .find("field quantity: not a decimal") != std::string::npos
    );
    CHECK(
        why_not(
            "plan_item",
            R"({"source_id":"1","plan_source_id":"2","service_code":"x","quantity":1.5})"
        ) != "accepted"
    );  // a binary fraction
    const std::string long_name = R"({"source_id":"1","name":")" + std::string(301, 'x') + "\"}";
    CHECK(
        why_not("branch", long_name.c_str()).find("field name: longer than 300") !=
        std::string::npos
    );
}

TEST_CASE("A1: an appointment's status is one of seven, its times carry offsets and are in order") {
    const auto appointment = [](const std::string& status, const std::string& ends) {
        return why_not(
            "appointment",
            (R"({"source_id":"1","starts_at":"2026-03-03T11:30:00+03:00","status":")" + status +
             R"(","ends_at":")" + ends + "\"}")
                .c_str()
        );
    };
    CHECK(appointment("booked", "2026-03-03T12:00:00+03:00") == "accepted");
    CHECK(
        appointment("came", "2026-03-03T12:00:00+03:00").find("field status: not one of booked") !=
        std::string::npos
    );
    CHECK(appointment("came", "2026-03-03T12:00:00+03:00").ends_with("no_show: 'came'"));  // A1
    CHECK(
        appointment("booked", "2026-03-03 12:00").find("field ends_at: not a time with offset") !=
        std::string::npos
    );
    CHECK(
        appointment("booked", "2026-03-03T11:00:00+03:00")
            .find("field ends_at: before starts_at") != std::string::npos
    );
}

TEST_CASE("L1: an account ends on the day that it begins on, or later") {
    const auto valid = [](const char* from, const char* to) {
        return why_not(
            "limit",
            (std::string(
                 R"({"source_id":"l","patient_source_id":"7","kind":"barter","granted":{"minor":300,"currency":"RUB"},"valid_from":")"
             ) +
             from + R"(","valid_to":")" + to + "\"}")
                .c_str()
        );
    };
    CHECK(valid("2026-03-03", "2026-03-03") == "accepted");
    CHECK(
        valid("2026-03-03", "2026-03-02").find("field valid_to: before valid_from") !=
        std::string::npos
    );
}

TEST_CASE("B2: shares add up to the line's total, in its currency") {
    const auto with = [](const char* shares) {
        return why_not(
            "procedure",
            (std::string(
                 R"({"source_id":"p","patient_source_id":"7","performed_at":"2026-03-03T11:30:00+03:00","service_code":"x",
            "quantity":"1","total":{"minor":300,"currency":"RUB"},"shares":)"
             ) +
             shares + "}")
                .c_str()
        );
    };
    CHECK(
        with(
            R"([{"payer":"limit","limit_source_id":9,"total":{"minor":100,"currency":"RUB"}},{"payer":"patient","total":{"minor":200,"currency":"RUB"}}])"
        ) == "accepted"
    );
    CHECK(
        with(R"([{"payer":"limit","total":{"minor":100,"currency":"RUB"}}])")
            .find("shares: do not add up") != std::string::npos
    );
    CHECK(
        with(R"([{"payer":"limit","total":{"minor":300,"currency":"EUR"}}])")
            .find("shares: in another currency") != std::string::npos
    );
    CHECK(
        with(R"([{"payer":"nobody","total":{"minor":300,"currency":"RUB"}}])")
            .find("field shares") != std::string::npos
    );
}

TEST_CASE(
    "a shared limit names its members, a merged patient the one it went into, a plan item its plan"
) {
    const auto limit = record_from_json(
        "limit",
        R"({"source_id":"1","patient_source_id":"7","members":["8",9],"kind":"barter","granted":{"minor":1,"currency":"RUB"}})"
    );
    REQUIRE(limit.has_value());
    CHECK(limit->related_patients == std::vector<std::string>{"8", "9"});
    CHECK(
        record_from_json("patient", R"({"source_id":"1","merged_into":"2"})")
            .value()
            .related_patients == std::vector<std::string>{"2"}
    );
    CHECK(
        record_from_json(
            "plan_item", R"({"source_id":"1","plan_source_id":"5","service_code":"x"})"
        )
            .value()
            .plan_source_id == "5"
    );
    CHECK(
        record_from_json(
            "shift",
            R"({"source_id":"1","practitioner_source_id":"5","starts_at":"2026-03-03T11:30:00+03:00","ends_at":"2026-03-03T12:30:00+03:00","step_min":"30"})"
        )
            .value()
            .practitioner_source_id == "5"
    );
}

TEST_CASE("I3: what nobody sees is dropped from texts and noted, and refused in ids") {
    const auto service = record_from_json(
        "service", R"({"source_id":"1","code":"T-1","name":"П\u0000ломба \u001b[31m\u202eсвет"})"
    );
    REQUIRE(service.has_value());
    CHECK(
        service->body ==
        R"({"code":"T-1","name":"Пломба [31mсвет","notes":["name: characters that nobody sees were dropped"],"source_id":"1"})"
    );
    const auto again = record_from_json("service", service->body);
    CHECK(again->content_hash == service->content_hash);
    const auto lines = record_from_json("branch", R"({"source_id":"1","name":"a\nb\tc"})");
    CHECK(lines->body == R"({"name":"a b c","source_id":"1"})");
    CHECK(
        why_not("branch", R"({"source_id":"1\u001b[31m","name":"B"})") ==
        "branch: field source_id: an id with a character that nobody sees"
    );
    CHECK(
        why_not(
            "limit",
            R"({"source_id":"1","members":["7\u200b"],"granted":{"minor":1,"currency":"RUB"},"kind":"barter"})"
        )
            .find("members: an id with a character that nobody sees") != std::string::npos
    );
}

TEST_CASE(
    "I5, I6: sums, quantities and dates that cannot be are refused, or absent where they may be"
) {
    CHECK(why_not("patient", R"({"source_id":"1","birth_date":"1899-12-30"})") == "accepted");
    CHECK(
        record_from_json("patient", R"({"source_id":"1","birth_date":"1899-12-30"})")->body ==
        R"({"source_id":"1"})"
    );
    CHECK(
        record_from_json("patient", R"({"source_id":"1","birth_date":"0199-12-30"})")->body ==
        R"({"notes":["birth_date: a year outside 1900 to 2100 was left out"],"source_id":"1"})"
    );
    const auto with = [](std::string from, const std::string& to) {
        std::string json = kProcedure;
        json.replace(json.find(from), from.size(), to);
        return why_not("procedure", json.c_str());
    };
    CHECK(
        with("2026-03-03T11", "9999-12-31T11").find("performed_at: an empty date") !=
        std::string::npos
    );
    CHECK(with("450000", "999999999999999") == "accepted");
    CHECK(with("450000", "1000000000000000").find("field total: not a sum") != std::string::npos);
    CHECK(with("450000", "9223372036854775808").find("field total: not a") != std::string::npos);
    CHECK(with("450000", "18446744073709551617").find("beyond 64 bits") != std::string::npos);
    CHECK(
        with(R"("quantity":"1")", R"("quantity":"1000001")").find("quantity: beyond 1000000") !=
        std::string::npos
    );
}
