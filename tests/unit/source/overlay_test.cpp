// A site's overlay over a connector: its files win, each names the version that it was made from,
// and what it holds is part of the mapping versions.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "base/crypto.hpp"
#include "source/connector.hpp"
#include "support/temporary_folder.hpp"

using namespace mis;
using namespace mis::source;
namespace fs = std::filesystem;

namespace {

const std::string kMap = "select id as source_id, code('status', st) as status from rows";

struct Folders {
    test::TemporaryFolder root;
    fs::path connector = root.path / "madeup", overlay = root.path / "site";

    Folders() {
        write(connector / "connector.yaml", R"(title: A made-up MIS
site: {tooth_column: "", minutes: "15"}
streams:
  visit:
    kind: appointment
    key: V.ID
    window: {column: V.DAY_AT, past_days: 1, future_days: 30}
    columns: {id: integer, st: text, day_at: timestamp}
    absent: {room: not kept}
  paid:
    kind: payment
    key: P.ID
    optional: true
    requires_table: PAID_VIEW
    columns: {id: integer}
)");
        write(
            connector / "visit.fetch.sql", "select V.ID, V.ST, V.DAY_AT from VISIT V where {slice}"
        );
        write(
            connector / "visit.fetch.postgresql.sql",
            "select V.ID, V.ST, V.DAY_AT from VISIT V where {slice}"
        );
        write(connector / "visit.sql", kMap);
        write(connector / "paid.fetch.sql", "select P.ID from PAID_VIEW P where {slice}");
        write(connector / "paid.sql", "select id as source_id from rows");
        write(connector / "codes.csv", "list,mis_code,canonical,comment\nstatus,1,arrived,\n");
        write(overlay / "overlay.yaml", "connector: madeup\nsite:\nshipped: {}\nstreams: {}\n");
    }
    static void write(const fs::path& file, const std::string& text) {
        fs::create_directories(file.parent_path());
        std::ofstream(file) << text;
    }
    Connector load() const {
        auto loaded = load_connector(connector, overlay);
        REQUIRE_MESSAGE(loaded.has_value(), (loaded ? "" : loaded.error().text));
        return *std::move(loaded);
    }
    std::string problem() const {
        const auto loaded = load_connector(connector, overlay);
        REQUIRE_FALSE(loaded.has_value());
        CHECK(loaded.error().kind == ErrorKind::misconfigured);
        return loaded.error().text;
    }
    std::string version(const std::string& stream) const {
        for (const auto& one : load().streams)
            if (one.name == stream) return one.mapping_version;
        return "";
    }
};

bool contains(const std::string& text, const std::string& part) {
    INFO(text);
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an overlay that says nothing changes nothing") {
    const Folders folders;
    const auto plain = load_connector(folders.connector);
    REQUIRE(plain.has_value());
    const Connector laid = folders.load();
    for (std::size_t at = 0; at < plain->streams.size(); ++at) {
        CHECK(laid.streams[at].mapping_version == plain->streams[at].mapping_version);
        CHECK_FALSE(laid.streams[at].own.any());
    }
    CHECK(laid.overlay.site.empty());
}

TEST_CASE("its files win and count for the mapping; each names what it was made from") {
    Folders folders;
    const std::string before = folders.version("visit"), paid = folders.version("paid");
    const std::string own = "select id as source_id, 'arrived' as status from rows";
    folders.write(folders.overlay / "visit.sql", own);
    const std::string sha = to_hex(sha256(kMap));
    CHECK(contains(folders.problem(), "overlay.yaml:3: shipped lacks visit.sql"));
    CHECK(contains(folders.problem(), "`visit.sql: " + sha + "`"));
    folders.write(
        folders.overlay / "overlay.yaml", "connector: madeup\nshipped: {visit.sql: " + sha + "}\n"
    );
    const Connector laid = folders.load();
    CHECK(laid.streams[0].map_sql == own);
    CHECK(laid.streams[0].own.map);
    CHECK(laid.overlay.stopped.empty());
    CHECK(laid.streams[0].mapping_version != before);
    CHECK(laid.streams[1].mapping_version == paid);

    folders.write(folders.connector / "visit.sql", kMap + " -- an upgrade");
    const Connector upgraded = folders.load();
    CHECK(upgraded.overlay.stopped.size() == 1);
    CHECK(contains(upgraded.overlay.stopped.at("visit"), "of another version"));
}

TEST_CASE(
    "a fetch of its own counts for the mapping, and the shipped twin goes with the shipped one"
) {
    Folders folders;
    const std::string before = folders.version("visit");
    CHECK(folders.load().streams[0].fetch_twins.size() == 1);
    const std::string shipped = "select V.ID, V.ST, V.DAY_AT from VISIT V where {slice}";
    folders.write(
        folders.overlay / "overlay.yaml",
        "connector: madeup\nshipped: {visit.fetch.sql: " + to_hex(sha256(shipped)) + "}\n"
    );
    folders.write(
        folders.overlay / "visit.fetch.sql",
        "select V.ID, V.ST, V.DAY_AT from OTHER V where {slice}"
    );
    CHECK(folders.version("visit") != before);
    CHECK(folders.load().streams[0].fetch_twins.empty());
    CHECK(folders.load().streams[0].fetch_file == folders.overlay / "visit.fetch.sql");
}

TEST_CASE("declarations over the connector's, key by key; a stream of its own; codes; values") {
    Folders folders;
    const std::string before = folders.version("paid");
    folders.write(
        folders.overlay / "overlay.yaml",
        R"(connector: madeup
site: {tooth_column: ZUB}
streams:
  paid: {key: P.NUM, requires_table: MONEY, columns: {num: integer, sum: decimal}}
  visit: {poll_seconds: 5}
  refund: {kind: payment, key: R.ID, columns: {id: integer}}
shipped: {paid.fetch.sql: )" +
            to_hex(sha256(std::string("select P.ID from PAID_VIEW P where {slice}"))) + "}\n"
    );
    folders.write(
        folders.overlay / "paid.fetch.sql", "select P.NUM, P.SUM from MONEY P where {slice}"
    );
    folders.write(folders.overlay / "refund.fetch.sql", "select R.ID from BACK R where {slice}");
    folders.write(folders.overlay / "refund.sql", "select id as source_id from rows");
    folders.write(
        folders.overlay / "codes.csv",
        "list,mis_code,canonical,comment\nstatus,1,booked,\nstatus,9,cancelled,\n"
    );
    const Connector laid = folders.load();
    REQUIRE(laid.streams.size() == 3);
    const StreamDeclaration &visit = laid.streams[0], &paid = laid.streams[1],
                            &refund = laid.streams[2];
    CHECK(visit.poll_seconds == 5);
    CHECK(visit.window->column == "V.DAY_AT");
    CHECK(visit.absent.at("room") == "not kept");
    CHECK_FALSE(visit.own.columns);
    CHECK(paid.key_column == "num");
    CHECK(paid.optional);
    CHECK(paid.requires_table == "MONEY");
    CHECK(paid.columns.size() == 2);
    CHECK(paid.own.columns);
    CHECK(paid.mapping_version != before);
    CHECK(refund.kind == "payment");
    CHECK(refund.own.stream);
    CHECK(laid.codes.lists.at("status").at("1") == "booked");
    CHECK(laid.codes.lists.at("status").at("9") == "cancelled");
    CHECK(laid.overlay.site.at("tooth_column") == "ZUB");
    CHECK(laid.site_defaults.at("tooth_column") == "");
}

TEST_CASE("what would be without effect is refused") {
    Folders folders;
    const auto yaml = [&](const std::string& text) {
        folders.write(folders.overlay / "overlay.yaml", text);
        return folders.problem();
    };
    CHECK(contains(yaml("connector: other\n"), "overlay.yaml:1: connector is `other`"));
    CHECK(contains(yaml("connector: madeup\nsites: {}\n"), "overlay.yaml:2: sites is no key here"));
    CHECK(contains(
        yaml("connector: madeup\nshipped: {visit.sql: 0}\n"), "is replaced by no file beside"
    ));
    CHECK(contains(yaml("connector: madeup\nshipped: {no.sql: 0}\n"), "is no file of the connector")
    );
    CHECK(contains(
        yaml("connector: madeup\nstreams: {vist: {poll_seconds: 3}}\n"),
        "streams.vist.key is missing"
    ));
    CHECK(contains(
        yaml("connector: madeup\nstreams: {visit: {columns: {id: integer}}}\n"), "overlay.yaml:2:"
    ));
    folders.write(folders.overlay / "overlay.yaml", "connector: madeup\n");
    folders.write(folders.overlay / "vist.sql", "select 1");
    CHECK(contains(folders.problem(), "vist.sql: belongs to no stream of connector madeup"));
    fs::remove(folders.overlay / "vist.sql");
    folders.write(folders.overlay / "draft" / "vist.sql", "select 1");  // nobody reads it
    CHECK(folders.load().streams.size() == 2);
    folders.write(folders.overlay / "visit.sql", "  \n");
    CHECK(contains(folders.problem(), "visit.sql: is empty"));
    fs::remove_all(folders.overlay);
    CHECK(contains(folders.problem(), "overlay.yaml: no such file"));
}

TEST_CASE("what a connector says of unknown bases is checked against what it has") {
    Folders folders;
    fs::remove_all(folders.overlay);
    const auto with = [&](const std::string& text) {
        std::ofstream(folders.connector / "connector.yaml", std::ios::app) << text;
        const auto loaded = load_connector(folders.connector);
        return loaded ? std::string() : loaded.error().text;
    };
    CHECK(
        with("recognise: {all: [VISIT]}\nunknown:\n  tooth: {about: which, words: [zub], site: "
             "[tooth_column]}\ncalibrate:\n  st: {about: states, stream: visit, raw: st, field: "
             "status}\n") == ""
    );
    CHECK(contains(
        with("  bad: {about: x, stream: visit, raw: nothing, field: status}\n"), "`nothing`"
    ));
}
