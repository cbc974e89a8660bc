// The function library of maps, each with good and bad values. A bad value is an issue on the row:
// it goes to quarantine, it never passes as absent.
#include <random>

#include "base/money.hpp"
#include "map_fixture.hpp"
#include "record/exact_arithmetic.hpp"

using map_fixture::value_of;
using namespace mis;
using namespace mis::record;

TEST_CASE("NULL and blank in, NULL out, in every function") {
    for (const char* expression :
         {"money(a)", "decimal(a)", "plus(a, '1')", "times(a, '2')", "local_ts(null, a)",
          "iso_date(a)", "fold(a)", "latin_code(a)", "phone(a)", "tooth(a)", "surfaces(a)",
          "json_get(a, 'x')", "xml_get(a, 'x')", "plus_minutes(a, 5)", "unix_ts(null, a)",
          "share(a, 0, 1, 1)"}) {
        CAPTURE(expression);
        CHECK(value_of(expression, {std::nullopt}) == "NULL");
        CHECK(value_of(expression, {"  "}) == "NULL");
    }
    CHECK(value_of("code('colour', a)") == "NULL");
    CHECK(value_of("teeth(a)") == "NULL");
}

TEST_CASE("I5: money is exact, rounding is said, binary fractions are refused") {
    CHECK(value_of("money(a)", {"4500.50"}) == R"({"currency":"RUB","minor":450050})");
    CHECK(value_of("money(a)", {"4.35"}) == R"({"currency":"RUB","minor":435})");
    CHECK(value_of("money(a)", {"-1 234,5"}) == R"({"currency":"RUB","minor":-123450})");
    CHECK(value_of("money(a, 'EUR')", {"1"}) == R"({"currency":"EUR","minor":100})");
    CHECK(
        value_of("money(a)", {"0.005"}) ==
        R"({"currency":"RUB","minor":1} | specialty: rounded to two decimals)"
    );
    CHECK(value_of("money(n)", {}, "12") == R"({"currency":"RUB","minor":1200})");
    CHECK(value_of("money(a)", {"free"}) == "issue: column specialty: money: not a sum of money");
    CHECK(
        value_of("money(a, b)", {"1", "roubles"}) ==
        "issue: column specialty: money: not an ISO 4217 currency"
    );
    CHECK(
        value_of("money(x * 2)", {}, nullptr, "4.35") ==
        "issue: column specialty: money: a binary fraction: use plus, minus, times instead of + - *"
    );
    CHECK(
        value_of("x * 2", {}, nullptr, "4.35") ==
        "issue: column specialty: a binary fraction; use plus, minus, times instead of + - *"
    );
}

TEST_CASE("I5: decimals are added and multiplied exactly") {
    CHECK(value_of("decimal(a)", {"12,50"}) == "12.5");
    CHECK(value_of("decimal(a)", {"1.000000000000"}) == "1");
    CHECK(value_of("plus(a, b, c)", {"0.1", "0.2", "-0.3"}) == "0");
    CHECK(value_of("minus(a, b)", {"1", "0.9"}) == "0.1");
    CHECK(value_of("times(a, b)", {"333.33", "1.5"}) == "499.995");
    CHECK(
        value_of("money(times(a, b))", {"333.33", "1.5"}) ==
        R"({"currency":"RUB","minor":50000} | specialty: rounded to two decimals)"
    );
    CHECK(value_of("times(a, a)", {"999999999999"})
              .starts_with("issue: column specialty: times: more than 18 digits"));
    CHECK(value_of("plus(a, a)", {"999999999999999999"})
              .starts_with("issue: column specialty: plus: more than 18 digits"));
    CHECK(value_of("decimal(a)", {"1/2"})
              .starts_with("issue: column specialty: decimal: not a decimal"));
    CHECK(value_of("x > 9", {}, nullptr, "12.50") == "1");  // a decimal column compares as a number
}

TEST_CASE("I5: a head discount is shared out to the kopeck") {
    CHECK(value_of("share(a, 0, 1, 3)", {"100"}) == "33.33");
    CHECK(value_of("share(a, 1, 2, 3)", {"100"}) == "33.34");
    CHECK(value_of("share(a, 2, 3, 3)", {"100"}) == "33.33");
    CHECK(value_of("share(a, '0', '0.5', '0.5')", {"-10.01"}) == "-10.01");
    CHECK(value_of("share('0', 0, 0, 0)") == "0");
    CHECK(value_of("share(a, 0, 1, 0)", {"100"})
              .starts_with("issue: column specialty: share: weights must be"));
    CHECK(
        value_of("share(a, b, 1)", {"100", "1;1;1"}) == "33.34"
    );  // largest remainder, ties to the earlier line
    CHECK(value_of("share(a, b, 2)", {"100", "1;1;1"}) == "33.33");
    CHECK(value_of("share(a, b, 4)", {"100", "1;1;1"}).starts_with("issue:"));
    CHECK(value_of("share(a, b, 1)", {"100", "1;-1;1"}).starts_with("issue:"));
    CHECK(value_of("share(a, b, 1)", {"100", "1;one"})
              .starts_with("issue: column specialty: share: the weights"));
}

TEST_CASE(
    "I6: local times get their zone's offset; hour 24, clock changes and other branches are handled"
) {
    CHECK(value_of("local_ts(null, a)", {"2026-03-02 10:00:00"}) == "2026-03-02T10:00:00+03:00");
    CHECK(value_of("local_ts('2', a)", {"02.03.2026 10:00"}) == "2026-03-02T10:00:00+10:00");
    CHECK(
        value_of("local_ts('77', a)", {"2026-03-02"}) == "2026-03-02T00:00:00+03:00"
    );  // a branch without a zone of its own
    CHECK(
        value_of("local_ts(null, a, 630)", {"2026-03-02 00:00:00"}) == "2026-03-02T10:30:00+03:00"
    );
    CHECK(value_of("local_ts(null, a, 1440)", {"2026-03-02"}) == "2026-03-03T00:00:00+03:00");
    CHECK(value_of("local_ts(null, a, 24, 0)", {"2026-03-02"}) == "2026-03-03T00:00:00+03:00");
    CHECK(value_of("local_ts(null, a, 9, n)", {"2026-03-02"}, "5") == "2026-03-02T09:05:00+03:00");
    CHECK(value_of("local_ts(null, a)", {"2026-03-02T07:00:00Z"}) == "2026-03-02T10:00:00+03:00");
    CHECK(
        value_of("local_ts(null, a)", {"2010-10-31 02:30:00"}) ==
        "2010-10-31T02:30:00+04:00 | specialty: ambiguous local time (clock change), earlier "
        "offset taken"
    );
    CHECK(
        value_of("local_ts(null, a)", {"2010-03-28 02:30:00"}).find("impossible local time") !=
        std::string::npos
    );
    CHECK(
        value_of("local_ts(null, a)", {"2026-02-30"}) ==
        "issue: column specialty: local_ts: not a time"
    );
    CHECK(value_of("local_ts(null, a, 1441)", {"2026-03-02"})
              .starts_with("issue: column specialty: local_ts: minutes outside"));
    CHECK(value_of("local_ts(null, a, 25, 0)", {"2026-03-02"})
              .starts_with("issue: column specialty: local_ts: no such hour"));
    CHECK(value_of("local_ts(null, a, 60)", {"2026-03-02 10:00"})
              .starts_with("issue: column specialty: local_ts: the day has"));
    CHECK(
        value_of("plus_minutes(local_ts(null, a), 45)", {"2026-03-02 23:30"}) ==
        "2026-03-03T00:15:00+03:00"
    );
    CHECK(value_of("plus_minutes(a, 45)", {"2026-03-02 23:30"})
              .starts_with("issue: column specialty: plus_minutes: not a time with offset"));
    CHECK(value_of("unix_ts('2', 0)") == "1970-01-01T10:00:00+10:00");
}

TEST_CASE("I6: empty dates and years outside 1900–2100 are absent, never another day") {
    for (const char* empty :
         {"1899-12-30", "0001-01-01", "9999-12-31", "30.12.1899 00:00:00",
          "9999-12-31T23:59:59Z"}) {
        CAPTURE(empty);
        CHECK(value_of("local_ts(null, a)", {empty}) == "NULL");
        CHECK(value_of("iso_date(a)", {empty}) == "NULL");
        CHECK(value_of("plus_minutes(local_ts(null, a), 1440)", {empty}) == "NULL");
    }
    CHECK(value_of("local_ts(null, a, 24, 0)", {"9999-12-31"}) == "NULL");
    const std::string noted = "NULL | a year outside 1900 to 2100 was left out";
    for (const char* odd : {"1858-11-17", "0226-03-02", "2101-01-01"}) {
        CHECK_MESSAGE(value_of("local_ts(null, a)", {odd}) == noted, odd);
        CHECK_MESSAGE(value_of("iso_date(a)", {odd}) == noted, odd);
    }
    CHECK(value_of("unix_ts(null, a)", {"9999999999"}) == noted);
    CHECK(value_of("iso_date(a)", {"1900-01-01"}) == "1900-01-01");
    CHECK(value_of("iso_date(a)", {"31.12.2100"}) == "2100-12-31");
    CHECK(value_of("local_ts(null, a)", {"1916-07-03"}).starts_with("1916-07-03T00:00:00+02:30"));
    CHECK(
        value_of("coalesce(local_ts(null, a), local_ts(null, b))", {"1899-12-30", "2026-03-02"}) ==
        "2026-03-02T00:00:00+03:00"
    );
    // where the field has to be there
    const map_fixture::Fixture work(
        "procedure",
        "select id as source_id, a as patient_source_id, local_ts(null, b) as performed_at, c as "
        "service_code, '1' as quantity, money('1') as total from rows"
    );
    const auto set_aside = work.map({"1", "77", "1899-12-30", "F"});
    REQUIRE(set_aside.issues.size() == 1);
    CHECK(
        set_aside.issues[0].reason ==
        "column performed_at: required, and NULL (an empty date, or a year outside 1900 to 2100)"
    );
}

TEST_CASE("I6: exactly midnight, as the source wrote it, is a day without a clock") {
    const auto notes_of = [](const char* time) {
        const map_fixture::Fixture work(
            "procedure",
            "select id as source_id, a as patient_source_id, local_ts('2', b) as performed_at, c "
            "as service_code, '1' as quantity, money('1') as total from rows"
        );
        const std::string body = work.map({"1", "77", time, "F"}).records.at(0).body;
        const auto at = body.find("performed_at\":\"") + 15;
        return body.substr(at, 25) +
               (body.find("\"notes\":[\"day_only\"]") != body.npos ? " day_only" : "");
    };
    CHECK(notes_of("2026-03-02") == "2026-03-02T00:00:00+10:00 day_only");
    CHECK(notes_of("02.03.2026 00:00:00") == "2026-03-02T00:00:00+10:00 day_only");
    CHECK(notes_of("2026-03-02T00:00:00Z") == "2026-03-02T00:00:00+10:00 day_only");
    CHECK(notes_of("2026-03-02T14:00:00Z") == "2026-03-03T00:00:00+10:00");
    CHECK(notes_of("2026-03-02 00:00:01") == "2026-03-02T00:00:01+10:00");
    CHECK(notes_of("2026-03-02 24:00") == "2026-03-03T00:00:00+10:00");
}

TEST_CASE("dates, names, codes, phones") {
    CHECK(value_of("iso_date(a)", {"01.02.1990"}) == "1990-02-01");
    CHECK(value_of("iso_date(a)", {"1990-02-01 00:00:00"}) == "1990-02-01");
    CHECK(
        value_of("iso_date(a)", {"31.02.1990"}) == "issue: column specialty: iso_date: not a date"
    );
    CHECK(value_of("fold(a)", {" ТЁСТОВА-Вторая "}) == "тестова вторая");
    CHECK(value_of("latin_code(a)", {"А16.07.002"}) == "A16.07.002");
    CHECK(value_of("phone(a)", {"8 (900) 000-00-01"}) == "+79000000001");
    CHECK(value_of("phone(a)", {"900 000 00 02"}) == "+79000000002");
    CHECK(
        value_of("phone(a)", {"8 (495) 000-00-01 доб. 123"}) ==
        "+74950000001 | specialty: a text that is no phone number was left out"
    );
    CHECK(value_of("phone(a)", {"89000000001 89000000002"})
              .starts_with("issue: column specialty: phone: several phone numbers"));
    CHECK(value_of("phone(a)", {"00-02"}).starts_with("issue: column specialty: phone: not a phone")
    );
    CHECK(
        value_of(
            "phones(a, b, c)", {"8 900 000-00-01, 8 900 000-00-02", "+79000000001", std::nullopt}
        ) == R"(["+79000000001","+79000000002"])"
    );
    CHECK(
        value_of("phones(a, b)", {"none", "8 900 000-00-01"}) ==
        R"(["+79000000001"] | specialty: a text that is no phone number was left out)"
    );
    CHECK(value_of("list(a, b, c)", {"x", std::nullopt, "y"}) == R"(["x","y"])");
}

TEST_CASE("I7: teeth are read as MISs write them, and never guessed") {
    CHECK(value_of("teeth(a)", {"1.6"}) == R"(["16"])");
    CHECK(value_of("teeth(a)", {"11-13"}) == R"(["11","12","13"])");
    CHECK(value_of("teeth(a)", {"в/ч"}) == R"(["upper"])");
    CHECK(value_of("teeth(a)", {""}) == "[]");
    CHECK(value_of("teeth(a)", {"99"}).starts_with("issue: column specialty: teeth: not teeth"));
    CHECK(value_of("tooth(a)", {"#16"}) == "16");
    CHECK(
        value_of("tooth(a)", {"16,17"}).starts_with("issue: column specialty: tooth: not one tooth")
    );
    CHECK(value_of("surfaces(a)", {"МОД"}) == "MOD");
    CHECK(value_of("surfaces(a)", {"Q"}).starts_with("issue: column specialty: surfaces:"));
}

TEST_CASE(
    "A1: an unknown code is an issue with the code in it, also in an optional column; a known one "
    "may mean nothing"
) {
    CHECK(value_of("code('colour', n)", {}, "1") == "red");
    CHECK(value_of("code('colour', n)", {}, "2") == "NULL");
    CHECK(
        value_of("code('colour', n)", {}, "7") ==
        "issue: column specialty: code: list 'colour' does not know '7'; add it to codes.csv"
    );
    CHECK(value_of("code('colour', a)", {" white "}) == "white");
    // over a list: each by itself, what means nothing is left out
    CHECK(value_of("code('colour', list(a, b))", {"1", "2"}) == R"(["red"])");
    CHECK(value_of("code('colour', list(a, b))", {"1", " white "}) == R"(["red","white"])");
    CHECK(value_of("code('colour', list(a, b))", {"1", "1"}) == R"(["red"])");
    CHECK(value_of("code('colour', list(a, b))") == "[]");
    CHECK(
        value_of("code('colour', list(a, b))", {"1", "7"}) ==
        "issue: column specialty: code: list 'colour' does not know '7'; add it to codes.csv"
    );
    CHECK(
        value_of("code('colour', a)", {"[x"}) ==
        "issue: column specialty: code: list 'colour' does not know '[x'; add it to codes.csv"
    );
    CHECK(value_of("teeth_universal(a)", {"3, 14"}) == R"(["16","26"])");
    CHECK(
        value_of("teeth_universal(a)", {"33"}) ==
        "issue: column specialty: teeth_universal: not teeth of the Universal system (1 to 32, A "
        "to T) nor an area"
    );
}

TEST_CASE("site values: the clinic's own before the connector's") {
    CHECK(value_of("site('own')") == "changed");
    CHECK(value_of("site('other')") == "default");
    CHECK(value_of("site('empty')") == "NULL");
}

TEST_CASE(
    "try takes the first argument without an issue and forgives the others; if all have one, they "
    "count"
) {
    CHECK(value_of("try(iso_date(a), iso_date(b))", {"soon", "02.03.2026"}) == "2026-03-02");
    CHECK(value_of("try(iso_date(a), iso_date(b))", {"02.03.2026", "soon"}) == "2026-03-02");
    CHECK(value_of("try(phone(a), null)", {"none"}) == "NULL");
    CHECK(value_of("try(iso_date(a), iso_date(b))", {"soon", "later"}).starts_with("issue:"));
    CHECK(value_of("try(money(fold(a)), b)", {"free", "nothing"}) == "nothing");
    CHECK(
        value_of("try(money(plus(a, '1')), money('5.001'), money('7'))", {"free"}) ==
        R"({"currency":"RUB","minor":500} | specialty: rounded to two decimals)"
    );
    CHECK(
        value_of("try(money(a), b)", {"0.005", "x"}) ==
        R"({"currency":"RUB","minor":1} | specialty: rounded to two decimals)"
    );
    CHECK(value_of("coalesce(iso_date(a), iso_date(b))", {"soon", "02.03.2026"})
              .starts_with("issue: iso_date: not a date"));  // coalesce forgives nothing
}

TEST_CASE("values inside JSON and XML keep every digit") {
    const char* json =
        R"({"sum":12345678901234567.89,"name":"a\"b","on":true,"none":null,"lines":[{"c":1},{"c":2}]})";
    CHECK(value_of("json_get(a, 'sum')", {json}) == "12345678901234567.89");
    CHECK(value_of("json_get(a, '$.name')", {json}) == "a\"b");
    CHECK(value_of("json_get(a, 'on')", {json}) == "1");
    CHECK(value_of("json_get(a, 'none')", {json}) == "NULL");
    CHECK(value_of("json_get(a, 'absent.deep')", {json}) == "NULL");
    CHECK(value_of("json_get(a, 'lines[1].c')", {json}) == "2");
    CHECK(value_of("json_get(a, 'lines[7].c')", {json}) == "NULL");
    CHECK(value_of("json_get(a, 'lines[1]')", {json}) == R"({"c":2})");
    CHECK(
        value_of("json_get(a, 'x')", {"{\"x\":"}) == "issue: column specialty: json_get: not JSON"
    );
    CHECK(
        value_of("json_get(a, 'x')", {"{\"x\":1} trailing"}) ==
        "issue: column specialty: json_get: not JSON"
    );
    CHECK(value_of("json_get(a, 'x[')", {"{}"})
              .starts_with("issue: column specialty: json_get: not a path"));
    CHECK(
        value_of("xml_get(a, 'Visit/Sum')", {"<Visit><Sum code='7'>10.50</Sum></Visit>"}) == "10.50"
    );
    CHECK(
        value_of("xml_get(a, 'Visit/Sum/@code')", {"<Visit><Sum code='7'>10.50</Sum></Visit>"}) ==
        "7"
    );
    CHECK(value_of("xml_get(a, 'Visit/None')", {"<Visit/>"}) == "NULL");
    CHECK(
        value_of("xml_get(a, 'Visit')", {"<Visit>"}) == "issue: column specialty: xml_get: not XML"
    );
}

TEST_CASE("shares of one line go to several payers") {
    CHECK(
        value_of(
            "shares('limit', a, money('10'), 'patient', null, money(b))", {"9", std::nullopt}
        ) == R"([{"limit_source_id":"9","payer":"limit","total":{"currency":"RUB","minor":1000}}])"
    );
    CHECK(value_of("shares('limit', a, '10')", {"9"})
              .starts_with("issue: column specialty: shares: a share needs"));
}

// The quick ways for what columns usually hold must say what the thorough ones say.
TEST_CASE("a plain number reads as the same number in an unusual spelling") {
    std::mt19937_64 random(20261122);
    const auto digits = [&](std::size_t count_max) {
        std::string text;
        for (std::size_t left = random() % (count_max + 1); left > 0; --left)
            text += static_cast<char>('0' + random() % (random() % 2 == 0 ? 1 : 10));
        return text;
    };
    int good = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string plain = random() % 3 == 0 ? "-" : "";
        plain += digits(random() % 4 == 0 ? 19 : 6);
        if (random() % 3 != 0) plain += "." + digits(random() % 4 == 0 ? 12 : 4);
        INFO(plain);
        const auto decimal = read_decimal(plain), spaced_decimal = read_decimal(" " + plain);
        REQUIRE(decimal.has_value() == spaced_decimal.has_value());
        if (decimal) {
            CHECK(*decimal == *spaced_decimal);
            std::string text;
            append_decimal(text, *decimal);
            CHECK(text == spaced_decimal->to_string());
        }
        const auto sum = parse_minor_units(plain), in_roubles = parse_minor_units(plain + "р");
        REQUIRE(sum.has_value() == in_roubles.has_value());
        if (!sum) continue;
        ++good;
        CHECK(sum->minor == in_roubles->minor);
        CHECK(sum->rounded == in_roubles->rounded);
    }
    CHECK(good > 10'000);
}

TEST_CASE("shares of small and of huge sums follow one formula") {
    const auto one = share_between(100'00, Decimal(1, 0), Decimal(2, 0), Decimal(3, 0));
    CHECK(one == 33'34);
    const std::int64_t huge = 9'000'000'000'000'000;  // its product with the weight needs 128 bits
    CHECK(
        share_between(
            huge, Decimal(100'000'000, 0), Decimal(200'000'000, 0), Decimal(300'000'000, 0)
        ) == huge / 3
    );
    CHECK(
        share_between(-huge, Decimal(0, 0), Decimal(300'000'000, 0), Decimal(300'000'000, 0)) ==
        -huge
    );
}
