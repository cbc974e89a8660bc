// A pass over a real Firebird base: one state of it, or no meaning (D2).
#include "gateway/pipeline/source_worker.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <thread>

#include "change/open_pass.hpp"
#include "outbox/outbox.hpp"
#include "source/firebird/settings.hpp"
#include "support/firebird_fixture.hpp"
#include "support/temporary_folder.hpp"

namespace mis::gateway {
namespace {

using support::FirebirdLogin;
using support::FirebirdServer;
using support::FirebirdWriter;

constexpr const char* kBase = R"(
create table LIM (ID integer not null primary key, PATIENT integer, GRANTED numeric(15,2));
create table LINE (ID integer not null primary key, PATIENT integer, AT_TIME timestamp, TOTAL numeric(15,2), LIM integer);
insert into LIM values (1, 7, 1000);
insert into LINE values (11, 7, '2026-03-02 10:00:00', 500, 1);
)";

source::StreamDeclaration stream(
    const char* name, const char* key, const char* fetch, const char* map,
    std::vector<source::ColumnDeclaration> columns
) {
    source::StreamDeclaration declared;
    declared.name = declared.kind = name;
    declared.key = key;
    declared.key_column = "id";
    declared.columns = std::move(columns);
    declared.fetch_sql = fetch;
    declared.fetch_file = declared.name + ".fetch.sql";
    declared.map_sql = map;
    declared.map_file = declared.name + ".sql";
    declared.mapping_version = "m1";
    return declared;
}

// Accounts first, then the lines that use them up.
source::Connector connector() {
    using source::ColumnType;
    source::Connector made;
    made.name = "invented";
    made.source_kind = "sql";
    made.dialect = "firebird";
    made.streams.push_back(stream(
        "limit", "L.ID", "select L.ID, L.PATIENT, L.GRANTED from LIM L where {slice}",
        "select id as source_id, patient as patient_source_id, 'barter' as kind, money(granted) as "
        "granted from rows",
        {{"id", ColumnType::integer},
         {"patient", ColumnType::integer},
         {"granted", ColumnType::decimal}}
    ));
    made.streams.push_back(stream(
        "procedure", "P.ID",
        "select P.ID, P.PATIENT, P.AT_TIME, P.TOTAL, P.LIM from LINE P where {slice}",
        "select id as source_id, patient as patient_source_id, local_ts(null, at_time) as "
        "performed_at, 'done' as state, 'T16' as service_code, '1' as quantity, money(total) as "
        "total, 'limit' as payer, lim as limit_source_id from rows",
        {{"id", ColumnType::integer},
         {"patient", ColumnType::integer},
         {"at_time", ColumnType::timestamp},
         {"total", ColumnType::decimal},
         {"lim", ColumnType::integer}}
    ));
    return made;
}

// The gateway's side of one source; `restart` is another process on the same store.
class Gateway {
  public:
    explicit Gateway(source::FirebirdSettings settings) : settings_(std::move(settings)) {
        settings_.user = "SYSDBA";
        settings_.effort = {100, 100};
        settings_.connect_seconds_max = 5;
        store_ = ClinicStore::open(folder_.path, "clinic-1", ClinicStore::Opening::create);
        start();
    }
    void restart() {
        worker.reset();
        meaning.reset();
        store_.reset();
        store_ = ClinicStore::open(folder_.path, "clinic-1", ClinicStore::Opening::existing);
        start();
    }
    SourceWorker::PassSummary pass() { return worker->pass(change::PassMode::poll); }
    int said(const std::string& type) {
        int count = 0;
        for (const auto& event : outbox::read_events(store_->database(), 0, 1000))
            count += event.type == type ? 1 : 0;
        return count;
    }
    bool knows(const char* kind, const char* id) {
        return change::RecordStore(store_->database()).find({"mis", kind, id}).has_value();
    }
    bool is_open() { return change::open_passes(store_->database()).contains("mis"); }
    std::int64_t now_us() const { return clock_.unix_us(); }

    std::function<void()> between = [] {};  // a stream was read and not yet captured
    std::unique_ptr<Meaning> meaning;
    std::unique_ptr<SourceWorker> worker;

  private:
    source::FirebirdSettings settings_;
    test::TemporaryFolder folder_;
    std::unique_ptr<ClinicStore> store_;
    SystemClock clock_;
    std::set<std::string> mid_pass_;

    void start() {
        MeaningSettings rules{domain::Rules(*Zone::find("Europe/Moscow")), {}};
        rules.rules.export_mode = domain::ExportMode::all;
        rules.rules.export_ground = "invented data";
        meaning = std::make_unique<Meaning>(
            store_->database(), store_->identity(), store_->meta().epoch, std::move(rules)
        );
        SourceSetup setup{
            "mis",
            connector(),
            source::firebird::opener(settings_),
            {},
            *Zone::find("Europe/Moscow"),
            "RUB",
            {},
            1,
            {}};
        SourceWorker::Hooks hooks;
        hooks.room = [this]() -> Result<void> {
            between();
            return {};
        };
        worker = std::make_unique<SourceWorker>(
            *store_, *meaning, mid_pass_, std::move(setup), clock_, std::move(hooks)
        );
    }
};

source::FirebirdSettings on(const FirebirdServer& server) {
    source::FirebirdSettings settings;
    settings.host = "127.0.0.1";
    settings.port = server.port();
    settings.database = server.file("mis.fdb");
    settings.password = "masterkey";
    return settings;
}

}  // namespace

TEST_CASE("D2: a transaction committed between two streams' readings is seen whole or not at all") {
    support::FirebirdFolder folder;
    auto mis = FirebirdWriter::create({folder.file("mis.fdb")}, "WIN1251");
    mis.execute_script(kBase);
    source::FirebirdSettings settings;
    settings.database = folder.file("mis.fdb");
    Gateway gateway(settings);
    REQUIRE(gateway.pass().degraded.empty());
    REQUIRE(gateway.said("procedure.performed") == 1);

    for (int line = 12; line < 17; ++line) {
        bool committed = false;
        gateway.between = [&] {
            if (std::exchange(committed, true)) return;
            mis.begin();
            mis.execute("update LIM set GRANTED = GRANTED + 5000 where ID = 1");
            mis.execute(
                "insert into LINE values (" + std::to_string(line) +
                ", 7, '2026-03-02 10:00:00', 5000, 1)"
            );
            mis.commit();
        };
        REQUIRE(gateway.pass().degraded.empty());
        REQUIRE(committed);
        CHECK_FALSE(gateway.knows("procedure", std::to_string(line).c_str()));
        CHECK(gateway.pass().meaning.groups == 1);
        CHECK(gateway.knows("procedure", std::to_string(line).c_str()));
    }
    CHECK(gateway.said("limit.granted") == 5);
    CHECK(gateway.said("procedure.performed") == 6);
    CHECK(gateway.said("limit.overrun") == 0);
    CHECK_FALSE(gateway.is_open());
}

TEST_CASE("D2: a first backfill gives meaning only after a reading in one state") {
    support::FirebirdFolder folder;
    auto mis = FirebirdWriter::create({folder.file("mis.fdb")}, "WIN1251");
    mis.execute_script(kBase);
    source::FirebirdSettings settings;
    settings.database = folder.file("mis.fdb");
    Gateway gateway(settings);
    bool committed = false;
    gateway.between = [&] {
        if (std::exchange(committed, true)) return;
        mis.begin();
        mis.execute("update LIM set GRANTED = 6000 where ID = 1");
        mis.execute("insert into LINE values (12, 7, '2026-03-02 10:00:00', 5000, 1)");
        mis.commit();
    };
    REQUIRE(gateway.pass().degraded.empty());
    CHECK(gateway.said("procedure.performed") == 2);
    CHECK(gateway.said("limit.overrun") == 0);
}

TEST_CASE("D2: a pass that lost its base has no meaning until a complete one, also after a restart"
) {
    FirebirdServer server;
    {
        auto mis = FirebirdWriter::create(server.login("mis.fdb"), "WIN1251");
        mis.execute_script(kBase);
    }
    Gateway gateway(on(server));
    REQUIRE(gateway.pass().degraded.empty());
    {
        auto mis = FirebirdWriter::open(server.login("mis.fdb"));
        mis.execute("update LIM set GRANTED = 300 where ID = 1");  // an overrun by itself
        mis.execute("update LINE set TOTAL = 200 where ID = 11");
    }
    bool killed = false;
    gateway.between = [&] {
        if (!std::exchange(killed, true)) server.kill();
    };
    const auto cut = gateway.pass();
    CHECK(cut.counts.updated == 1);  // the account was read, the line was not
    CHECK_FALSE(cut.degraded.empty());
    CHECK(cut.meaning.groups == 0);
    CHECK(gateway.is_open());
    gateway.restart();
    CHECK(gateway.meaning->work_off(gateway.now_us()).groups == 0);
    CHECK_FALSE(gateway.pass().degraded.empty());
    CHECK(gateway.is_open());
    server.start();
    CHECK(gateway.pass().meaning.groups == 1);
    CHECK_FALSE(gateway.is_open());
    CHECK(gateway.said("limit.overrun") == 0);
    CHECK(gateway.said("billing.reversal") == 1);
}

TEST_CASE("D2: a connection that dies and stands again: everything is read once more, in one state"
) {
    FirebirdServer server;
    {
        auto mis = FirebirdWriter::create(server.login("mis.fdb"), "WIN1251");
        mis.execute_script(kBase);
    }
    Gateway gateway(on(server));
    REQUIRE(gateway.pass().degraded.empty());
    bool restarted = false;
    gateway.between = [&] {
        if (std::exchange(restarted, true)) return;
        server.kill();
        server.start();
        auto mis = FirebirdWriter::open(server.login("mis.fdb"));
        mis.begin();
        mis.execute("update LIM set GRANTED = 6000 where ID = 1");
        mis.execute("insert into LINE values (12, 7, '2026-03-02 10:00:00', 5000, 1)");
        mis.commit();
    };
    const auto pass = gateway.pass();
    CHECK(pass.degraded.empty());
    CHECK(gateway.said("procedure.performed") == 2);
    CHECK(gateway.said("limit.overrun") == 0);
    CHECK_FALSE(gateway.is_open());
}

TEST_CASE("D2: a stream that is refused holds nobody") {
    support::FirebirdFolder folder;
    auto mis = FirebirdWriter::create({folder.file("mis.fdb")}, "WIN1251");
    mis.execute_script(kBase);
    source::FirebirdSettings settings;
    settings.database = folder.file("mis.fdb");
    Gateway gateway(settings);
    REQUIRE(gateway.pass().degraded.empty());
    gateway.restart();  // a statement that is prepared holds its table
    mis.execute("drop table LIM");
    mis.execute("update LINE set TOTAL = 200 where ID = 11");
    const auto pass = gateway.pass();
    CHECK(pass.degraded.size() == 1);
    CHECK(pass.degraded.contains("limit"));
    CHECK(pass.meaning.groups == 1);
    CHECK_FALSE(gateway.is_open());
}

TEST_CASE("a worker that was cancelled reads nothing more, whenever that was") {
    support::FirebirdFolder folder;
    auto mis = FirebirdWriter::create({folder.file("mis.fdb")}, "WIN1251");
    mis.execute_script(kBase);
    source::FirebirdSettings settings;
    settings.database = folder.file("mis.fdb");
    SUBCASE("just before the pass") {
        Gateway gateway(settings);
        gateway.worker->cancel();
        const auto pass = gateway.pass();
        CHECK(pass.rows == 0);
        REQUIRE(pass.degraded.contains(""));
        CHECK(pass.degraded.at("").kind == ErrorKind::cancelled);
    }
    SUBCASE("while its source is made and dropped") {
        settings.database = folder.file("none.fdb");
        for (int round = 0; round < 20; ++round) {
            Gateway gateway(settings);
            std::thread passes([&] {
                for (int i = 0; i < 3; ++i) gateway.pass();
            });
            gateway.worker->cancel();
            passes.join();
            CHECK(gateway.pass().degraded.at("").kind == ErrorKind::cancelled);
        }
    }
}

}  // namespace mis::gateway
