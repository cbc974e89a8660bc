// What a source is sent: who is let in, what a snapshot, a change and a question do, what the
// journal holds after it was closed, and what is read of it. Real journal, real desk, no sockets.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "source/push/desk.hpp"
#include "source/push/push_reader.hpp"
#include "source/staged/staged_source.hpp"
#include "support/temporary_folder.hpp"

using namespace mis;
using namespace mis::source;
using namespace mis::source::push;

namespace {

constexpr const char* kTop = R"(title: invented
kind: push
no_show: mis
auth: {name: X-Key, value: "Token {secret}"}
refusals: {unauthorized: {status: 403, text: "no: {reason}."}}
routes:
  times: {means: snapshot, answer: {text: "{slot} times"}}
  book:
    means: change
    stream: visit
    id: made
    set: {state: booked}
    conflicts:
      - same: [doctor]
        overlap: [begins, ends]
        of: {state: booked}
        answer: {status: 200, json: {code: 423}}
    answer: {json: {code: 204, claim: "{id}"}}
  move: {means: change, stream: visit, id: claim, only_known: true, unknown: {status: 404, json: {code: 404}}}
  cancel: {means: change, stream: visit, id: claim, only_known: true, set: {state: cancelled}}
  look: {means: question, stream: visit, id: claim, answer: {json: {state: "{state}", at: "{begins}"}}}
  poke: {means: hint, path: hooks/poke}
  tickets: {method: GET, means: question, answer: {json: []}, orders: {Id: "{order}", Phone: "{phone}", Name: "{last_name}"}}
streams:
  doctor:
    key: id
    columns: {id: text, name: text}
    push: {route: times, rows: Doctors, paths: {id: Id, name: Name}}
  slot:
    key: id
    columns: {id: text, at: timestamp, busy: boolean}
    push: {route: times, rows: Intervals, paths: {id: [Doctor, At], at: At, busy: Busy}}
  visit:
    key: claim
    window: {column: begins, past_days: 14, future_days: 30, history_days: 60}
    columns: {claim: text, doctor: text, begins: timestamp, ends: timestamp, state: text}
    push: {paths: {doctor: doctor.id, begins: visit.from, ends: visit.to}}
  person:
    key: claim
    window: {column: begins, past_days: 14, future_days: 30, history_days: 60}
    columns: {claim: text, begins: timestamp}
    push: {from: visit}
)";

class Office {
  public:
    explicit Office(std::string text = kTop) { write(std::move(text)); }

    void write(std::string text) {
        const auto connector_folder = folder.path / "invented";
        std::filesystem::create_directory(connector_folder);
        std::ofstream(connector_folder / "connector.yaml") << text;
        for (const char* stream : {"doctor", "slot", "visit", "person"})
            std::ofstream(connector_folder / (std::string(stream) + ".sql"))
                << "select 1 as source_id from rows\n";
        connector = load_connector(connector_folder);
    }
    std::filesystem::path file() const { return folder.path / "intake" / "mis.db"; }
    Desk& open() {
        REQUIRE_MESSAGE(connector, (connector ? "" : connector.error().text));
        desk.reset();
        IntakeHooks hooks;
        hooks.arrived = [this] { ++arrived; };
        hooks.hint = [this](const std::string& source, const std::string& stream) {
            hinted += source + "." + stream + " ";
        };
        hooks.orders = [this] { return orders; };
        settings.secret = "right";
        settings.folder = folder.path;
        auto made = Desk::make(
            *connector, settings, Journal::open_for_writing(file()), Zone::find("Europe/Moscow"),
            clock, std::move(hooks)
        );
        REQUIRE(made);
        desk = std::move(*made);
        return *desk;
    }
    net::ServerAnswer send(
        const std::string& method, const std::string& path, const std::string& body,
        const std::string& key = "Token right"
    ) {
        if (!desk) open();
        net::ServerRequest request;
        request.method = method;
        request.path = path.substr(0, path.find('?'));
        if (path.find('?') != std::string::npos) request.query = path.substr(path.find('?') + 1);
        request.headers = {{"x-key", key}, {"Content-Length", std::to_string(body.size())}};
        request.peer = "10.0.0.9";
        if (auto refused = desk->admit(request)) return *refused;
        request.body = body;
        return desk->take(request);
    }
    std::string post(const std::string& path, const std::string& body) {
        const auto answer = send("POST", path, body);
        return std::to_string(answer.status) + " " + answer.body;
    }
    std::unique_ptr<StagedSource> source() {
        SourceOptions options;
        options.zone = Zone::find("Europe/Moscow");
        options.stage_folder = folder.path;
        options.intake_file = file();
        return std::make_unique<StagedSource>(
            *connector,
            std::make_unique<PushReader>(*connector, config::PushConfig{}, "right", clock, options),
            clock, options
        );
    }
    // Rows as "a|b", sorted; or the error.
    std::string rows(Source& of, const std::string& stream) {
        Slice slice;
        slice.by = Slice::By::key_walk;
        if (of.capabilities(stream).rows == Capabilities::Rows::by_period) {
            slice.by = Slice::By::window;
            slice.from = "2026-01-01 00:00:00";
            slice.to = "2026-12-31 00:00:00";
        }
        std::vector<std::string> lines;
        const auto read = of.read(stream, slice, [&](RowBatch&& batch) -> Result<void> {
            for (std::size_t row = 0; row < batch.rows(); ++row) {
                std::string line;
                for (std::size_t i = 0; i < of.columns(stream).size(); ++i)
                    line += (i > 0 ? "|" : "") + std::string(batch.cell(row, i).value_or("-"));
                lines.push_back(line);
            }
            return {};
        });
        if (!read) return read.error().text;
        std::sort(lines.begin(), lines.end());
        std::string text;
        for (const auto& line : lines) text += line + "\n";
        return text;
    }

    test::TemporaryFolder folder;
    FakeClock clock;  // 2026-03-02
    Result<Connector> connector = fail(ErrorKind::misconfigured, "");
    DeskSettings settings;
    std::unique_ptr<Desk> desk;
    int arrived = 0;
    std::string hinted;
    Json orders = Json::array();
};

std::string times(const std::string& intervals) {
    return R"({"Doctors": [{"Id": 7, "Name": "Пробный Врач"}], "Intervals": [)" + intervals + "]}";
}
constexpr const char* kNine = R"({"Doctor": 7, "At": "2026-03-02T09:00:00+07:00", "Busy": false})";
constexpr const char* kTen = R"({"Doctor": 7, "At": "2026-03-02T10:00:00+07:00", "Busy": true})";

std::string booking(const std::string& doctor, const std::string& from, const std::string& to) {
    return R"({"doctor": {"id": ")" + doctor + R"("}, "visit": {"from": ")" + from +
           R"(", "to": ")" + to + R"("}})";
}
std::string claim_of(const std::string& answer) {
    const auto json = Json::parse(answer.substr(answer.find('{')));
    return json.value("claim", "");
}

}  // namespace

TEST_CASE("who has no right key, or means no route, is turned away by the head alone") {
    Office office;
    CHECK(office.send("POST", "/times", "{}", "").status == 403);
    CHECK(office.send("POST", "/times", "{}", "Token wrong").body == "no: .");
    CHECK(office.send("POST", "/nothing", "{}", "right").status == 403);
    CHECK(office.send("POST", "/nothing", "{}").status == 404);
    CHECK(office.send("GET", "/times", "").status == 405);
    CHECK(office.send("POST", "/times/more", "{}").status == 404);
    office.settings.body_bytes_max = 10;
    office.open();
    CHECK(office.send("POST", "/times", "{\"Doctors\": []}").status == 413);
    CHECK(office.desk->figures().messages["too_large"] == 1);
}

TEST_CASE("one address may ask so often and no oftener, whatever its key") {
    Office office;
    office.settings.requests_per_minute = 3;
    office.open();
    for (int i = 0; i < 3; ++i)
        CHECK(office.send("POST", "/hooks/poke", "", "wrong").status == 403);
    const auto refused = office.send("POST", "/hooks/poke", "");
    CHECK(refused.status == 429);
    CHECK(net::find_header(refused.headers, "Retry-After") == "20");
    office.clock.advance(std::chrono::seconds(20));
    CHECK(office.send("POST", "/hooks/poke", "").status == 200);
    CHECK(office.send("POST", "/hooks/poke", "").status == 429);
}

TEST_CASE("a snapshot takes the place of the last, whole or not at all") {
    Office office;
    CHECK(office.rows(*office.source(), "slot").find("nothing was sent yet") != std::string::npos);
    office.open();
    CHECK(
        office.rows(*office.source(), "slot").find("times was not sent yet") != std::string::npos
    );
    CHECK(office.post("/times", times(std::string(kNine) + "," + kTen)) == "200 2 times");
    const std::string both =
        "7-2026-03-02T09:00:00+07:00|2026-03-02 05:00:00|0\n"
        "7-2026-03-02T10:00:00+07:00|2026-03-02 06:00:00|1\n";
    auto source = office.source();
    CHECK(office.rows(*source, "slot") == both);
    CHECK(office.rows(*source, "doctor") == "7|Пробный Врач\n");
    CHECK(source->stands_as_read("slot"));
    CHECK(office.arrived == 1);

    CHECK(office.post("/times/", times(std::string(kNine) + "," + kTen)) == "200 2 times");
    CHECK(office.arrived == 1);
    CHECK(source->stands_as_read("slot"));
    CHECK(office.desk->figures().messages["repeated"] == 1);

    for (const std::string& bad :
         {std::string(""), std::string("[]"), std::string("{\"Doctors\": []}"),
          std::string("{\"Doctors\": {}, \"Intervals\": []}"), times(kNine).substr(0, 60),
          times(kNine) + "x", std::string("<xml/>"),
          std::string("{\"Intervals\": [{\"At\": \"\xff\"}]}"), std::string(200, '[')}) {
        const auto answer = office.send("POST", "/times", bad);
        CHECK_MESSAGE(answer.status == 400, bad);
        CHECK(answer.body.find("Врач") == std::string::npos);
    }
    CHECK(office.rows(*office.source(), "slot") == both);

    CHECK(office.post("/times", times(kTen)) == "200 1 times");
    CHECK_FALSE(source->stands_as_read("slot"));
    CHECK(
        office.rows(*office.source(), "slot") ==
        "7-2026-03-02T10:00:00+07:00|2026-03-02 06:00:00|1\n"
    );
    CHECK(office.post("/times", times("")) == "200 0 times");
    CHECK(office.rows(*office.source(), "slot").empty());
    office.open();  // as after a crash: the file is all there is
    CHECK(office.rows(*office.source(), "doctor") == "7|Пробный Врач\n");
}

TEST_CASE("a change makes one row, said again it is the same one, and what became of it stays") {
    Office office;
    const std::string first = booking("7", "2026-03-03 10:00", "2026-03-03 10:30");
    const std::string told = office.post("/book", first);
    const std::string claim = claim_of(told);
    CHECK(claim.size() == 24);
    CHECK(office.post("/book", first) == told);
    CHECK(office.arrived == 1);
    const std::string row = "|7|2026-03-03 10:00:00|2026-03-03 10:30:00|booked\n";
    CHECK(office.rows(*office.source(), "visit") == claim + row);
    CHECK(office.rows(*office.source(), "person") == claim + "|2026-03-03 10:00:00\n");

    SUBCASE("the time is taken, by so much as a minute") {
        CHECK(
            office.post("/book", booking("7", "2026-03-03 10:29:00", "2026-03-03 11:00")) ==
            R"(200 {"code":423})"
        );
        CHECK(office.post("/book", booking("7", "2026-03-03 10:30", "2026-03-03 11:00"))
                  .starts_with(R"(200 {"claim")"));
        CHECK(office.post("/book", booking("8", "2026-03-03T10:00:00+03:00", "2026-03-03 11:00"))
                  .starts_with(R"(200 {"claim")"));
    }
    SUBCASE("moved: what it does not name stays; told late once more, it stays moved") {
        const std::string moved =
            R"({"claim": ")" + claim +
            R"(", "visit": {"from": "2026-03-04 12:00", "to": "2026-03-04 12:30"}})";
        CHECK(office.post("/move", moved) == "200 ");
        CHECK(office.post("/book", first) == told);
        CHECK(
            office.rows(*office.source(), "visit") ==
            claim + "|7|2026-03-04 12:00:00|2026-03-04 12:30:00|booked\n"
        );
    }
    SUBCASE("cancelled, asked about, booked again") {
        const std::string id = R"({"claim": ")" + claim + "\"}";
        CHECK(office.post("/cancel", id) == "200 ");
        CHECK(office.post("/cancel", id) == "200 ");
        CHECK(
            office.post("/look", id) == R"(200 {"at":"2026-03-03 10:00:00","state":"cancelled"})"
        );
        CHECK(office.post("/book", first) == told);
        CHECK(office.rows(*office.source(), "visit") == claim + row);
    }
    SUBCASE("what nobody knows, and what is none") {
        CHECK(office.post("/cancel", R"({"claim": "x"})").starts_with("404"));
        CHECK(office.post("/move", R"({"claim": "x"})") == R"(404 {"code":404})");
        CHECK(office.post("/look", R"({"claim": "x"})").starts_with("404"));
        for (const char* bad :
             {"", "[]", "{}", "null", "7", "{\"claim\": {}}", "{\"claim\": \"\"}",
              "{\"claim\": [1]}"})
            CHECK_MESSAGE(office.post("/cancel", bad).starts_with("400"), bad);
        CHECK(office.post("/book", booking("7", "завтра", "")) == "400 begins is no date and time");
        CHECK(office.post("/book", R"({"doctor": {"id": 7}})") == "400 begins is missing");
        CHECK(office.rows(*office.source(), "visit") == claim + row);
    }
}

TEST_CASE("the journal is bounded: old days are forgotten, what has no room is refused") {
    Office office;
    office.post("/book", booking("7", "2026-03-03 10:00", "2026-03-03 10:30"));
    office.clock.advance(std::chrono::hours(24) * 63);
    office.post("/book", booking("7", "2026-05-10 10:00", "2026-05-10 10:30"));
    CHECK(office.rows(*office.source(), "visit").find("2026-03-03") == std::string::npos);
    CHECK(office.rows(*office.source(), "visit").find("2026-05-10") != std::string::npos);
    office.settings.journal_bytes_max = 1000;
    office.open();
    CHECK(office.post("/book", booking("8", "2026-05-11 10:00", "")).starts_with("503"));
    CHECK(office.desk->figures().error.find("push.journal_bytes_max") != std::string::npos);
    office.settings.journal_bytes_max = 256'000'000;
    office.settings.free_disk_bytes_min = std::int64_t{1} << 60;
    office.open();
    CHECK(office.post("/times", times("")).starts_with("503"));
    CHECK(office.rows(*office.source(), "visit").find("|8|") == std::string::npos);
}

TEST_CASE("a journal that was lost is another one; snapshots come again by themselves") {
    Office office;
    office.open();
    const std::string before = office.source()->fingerprint().value();
    office.desk.reset();
    CHECK(office.source()->fingerprint().value() == before);
    std::filesystem::remove_all(office.file().parent_path());
    office.open();
    CHECK(office.source()->fingerprint().value() != before);
    const auto mode = std::filesystem::status(office.file()).permissions();
    CHECK(
        (mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
        std::filesystem::perms::none
    );
}

TEST_CASE("hints name whom to read, and orders that wait are told within the asked bounds") {
    Office office;
    office.settings.hints = {{"poke", "base"}, {"cancel", "base.visit"}};
    CHECK(office.post("/hooks/poke", "whatever") == "200 ");
    CHECK(office.hinted == "base. ");
    CHECK(office.post("/cancel", R"({"claim": "x"})").starts_with("404"));
    CHECK(office.hinted == "base. ");
    CHECK(office.send("GET", "/tickets", "").body == "[]");
    office.settings.orders = true;
    office.open();
    office.orders = Json::parse(R"([
        {"order": "o2", "placed_at": "2026-03-02T09:00:00+00:00", "phone": "89000000002", "last_name": ""},
        {"order": "o1", "placed_at": "2026-03-01T09:00:00+00:00", "phone": "89000000001", "last_name": "Тестова"}])"
    );
    CHECK(
        office.send("GET", "/tickets?dateTimeTo=2200-01-01T00%3A00%3A00%2B03%3A00", "").body ==
        R"([{"Id":"o1","Name":"Тестова","Phone":"89000000001"},{"Id":"o2","Phone":"89000000002"}])"
    );
    CHECK(
        office.send("GET", "/tickets?DATETIMEFROM=2026-03-02T12:00:00+0300&offSet=0", "").body ==
        R"([{"Id":"o2","Phone":"89000000002"}])"
    );
    CHECK(office.send("GET", "/tickets?dateTimeFrom=2026-03-02T12:00:01", "").body == "[]");
    CHECK(
        office.send("GET", "/tickets?limit=1&offset=1", "").body ==
        R"([{"Id":"o2","Phone":"89000000002"}])"
    );
    CHECK(office.send("GET", "/tickets?dateTimeFrom=never", "").status == 400);
    office.settings.hints = {{"nobody", "base"}};
    const auto made = Desk::make(
        *office.connector, office.settings, Journal::open_for_writing(office.file()), std::nullopt,
        office.clock, {}
    );
    REQUIRE_FALSE(made);
    CHECK(made.error().text.find("has no route nobody") != std::string::npos);
}

TEST_CASE("XML is read as JSON is") {
    Office office(R"(title: invented
kind: push
no_show: mis
format: xml
auth: {name: X-Key, value: "Token {secret}"}
routes:
  times: {means: snapshot}
  visit: {means: change, stream: visit, id: "@id"}
streams:
  slot:
    key: id
    columns: {id: text, at: timestamp}
    push: {route: times, rows: Times/Time, paths: {id: "@id", at: At}}
  visit:
    key: id
    window: {column: at, past_days: 14, future_days: 30, history_days: 60}
    columns: {id: text, at: timestamp}
    push: {rows: Visit, paths: {at: At}}
)");
    CHECK(
        office.post("/times", R"(<Times><Time id="1"><At>02.03.2026 09:00</At></Time></Times>)") ==
        "200 "
    );
    CHECK(office.rows(*office.source(), "slot") == "1|2026-03-02 09:00:00\n");
    CHECK(office.post("/times", "<Times><Time>").starts_with("400"));
    CHECK(office.post("/times", "<!DOCTYPE a [<!ENTITY b 'c'>]><Times/>").starts_with("400"));
    CHECK(office.post("/times", "<Other/>").starts_with("400"));
    CHECK(office.rows(*office.source(), "slot") == "1|2026-03-02 09:00:00\n");
    CHECK(office.post("/visit", R"(<Visit id="v1"><At>2026-03-02 10:00</At></Visit>)") == "200 ");
    CHECK(office.rows(*office.source(), "visit") == "v1|2026-03-02 10:00:00\n");
    CHECK(office.post("/times", "<Times/>") == "200 ");
    CHECK(office.rows(*office.source(), "slot").empty());
}

TEST_CASE("what is declared wrong is told by file, line and key") {
    const auto finding = [](const std::string& from, const std::string& to) {
        std::string text = kTop;
        const auto at = text.find(from);
        REQUIRE(at != std::string::npos);
        text.replace(at, from.size(), to);
        Office office(text);
        return office.connector ? std::string() : office.connector.error().text;
    };
    const auto says = [](const std::string& text, const std::string& part) {
        CHECK_MESSAGE(text.find(part) != std::string::npos, text);
    };
    says(finding("auth: {name: X-Key, value: \"Token {secret}\"}\n", ""), "auth is missing");
    says(finding("Token {secret}", "Token"), "has to hold {secret}");
    says(finding("means: snapshot", "means: snap"), "is `snap`: one of");
    says(finding("stream: visit\n    id: made", "stream: visit"), "needs `stream:`, and `id:`");
    says(finding("set: {state: booked}", "set: {stat: booked}"), "names stat, which is no column");
    says(finding("path: hooks/poke", "path: \"hooks?\""), "has to be letters of a URL");
    says(finding("path: hooks/poke", "path: move"), "has the method and path of another");
    says(
        finding("route: times, rows: Doctors", "route: tims, rows: Doctors"), "is none of `routes:`"
    );
    says(
        finding("push: {from: visit}", "push: {from: slot}"), "has to be a stream before this one"
    );
    says(finding("    push: {from: visit}\n", "    push: {}\n"), "gets its rows from nowhere");
    says(finding("kind: push", "kind: files"), "belongs to kind");
}
