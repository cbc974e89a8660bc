// The Infoclinica connector on a real base of its shape: every fetch prepares, every row is read
// and mapped, and the sums are the heads' sums.
#include <doctest/doctest.h>

#include <map>

#include "../infoclinica/seed.hpp"
#include "../infoclinica/writer.hpp"
#include "../live.hpp"
#include "base/clock.hpp"
#include "base/json.hpp"
#include "record/mapper.hpp"
#include "source/fetch_variants.hpp"
#include "source/firebird/settings.hpp"
#include "source/firebird/statement.hpp"
#include "support/firebird_fixture.hpp"

namespace {

using namespace mis;
using namespace mis::simulator;

const std::filesystem::path kFolder =
    std::filesystem::path(MIS_SOURCE_DIR) / "connectors/infoclinica";

support::FirebirdFolder& folder() {
    static support::FirebirdFolder made;
    return made;
}

std::vector<std::string> seed_sql(const SeedOptions& options) {
    std::vector<std::string> statements;
    for (auto& step : seed_steps(options)) statements.push_back(std::move(step.sql));
    return statements;
}

support::FirebirdWriter make_base(const support::FirebirdLogin& login, Columns columns) {
    SeedOptions options;
    options.dialect = login.dialect == 1 ? Dialect::one : Dialect::three;
    options.columns = columns;
    auto base = support::FirebirdWriter::create(login, "WIN1251");
    for (const auto& part :
         {schema_statements(options.dialect, columns), seed_sql(options), index_statements()}) {
        base.begin();
        for (const auto& sql : part) base.execute(sql);
        base.commit();
    }
    return base;
}

struct Read {
    std::int64_t records = 0, skipped = 0;
    std::vector<std::string> issues;
    std::int64_t total = 0;                        // kopecks of field `total`
    std::map<std::string, std::int64_t> by_payer;  // the same, shares taken apart
};

Read read_all(
    source::Source& reader, const source::Connector& connector,
    const source::StreamDeclaration& stream, const std::map<std::string, std::string>& site
) {
    const record::MapContext context{
        Zone::find("Europe/Moscow").value(),
        {{"2", Zone::find("Asia/Yekaterinburg").value()}},
        site,
        "RUB"};
    auto mapper = record::Mapper::create(connector, stream, context);
    REQUIRE_MESSAGE(mapper, mapper.error().text);
    Read read;
    source::Slice slice;
    slice.by = source::Slice::By::key_walk;
    slice.limit = 70;  // several pages
    for (std::int64_t rows = slice.limit; rows == slice.limit;) {
        auto report =
            reader.read(stream.name, slice, [&](source::RowBatch&& batch) -> Result<void> {
                for (std::size_t row = 0; row < batch.rows(); ++row) {
                    auto mapped = (*mapper)->map(batch, row);
                    slice.after_id = mapped.row_key;
                    if (!mapped.skip_reason.empty()) ++read.skipped;
                    for (const auto& issue : mapped.issues)
                        read.issues.push_back(stream.name + ": " + issue.reason);
                    for (const auto& made : mapped.records) {
                        ++read.records;
                        const Json body = parse_json(made.body).value();
                        if (!body.contains("total")) continue;
                        read.total += body["total"]["minor"].get<std::int64_t>();
                        if (body.contains("shares"))
                            for (const auto& share : body["shares"])
                                read.by_payer[share["payer"]] +=
                                    share["total"]["minor"].get<std::int64_t>();
                        else
                            read.by_payer[body["payer"]] +=
                                body["total"]["minor"].get<std::int64_t>();
                    }
                }
                return {};
            });
        REQUIRE_MESSAGE(report, stream.name << ": " << (report ? "" : report.error().text));
        rows = report->rows;
    }
    return read;
}

void check_base(int dialect, Columns columns, const std::string& name) {
    support::FirebirdLogin login;
    login.database = folder().file(name);
    login.dialect = dialect;
    auto base = make_base(login, columns);
    InfoclinicaWriter writer(base, dialect == 1 ? Dialect::one : Dialect::three);
    if (columns == Columns::as_reported) {
        Oracle oracle{std::filesystem::path()};
        Clinic clinic(writer, 5, oracle);
        const std::atomic<bool> hurry{true};  // late commits don't wait
        for (int action = 0; action < 300; ++action) clinic.act(hurry);
    }
    const auto connector = source::load_connector(kFolder);
    REQUIRE_MESSAGE(connector, connector.error().text);
    auto site = connector->site_defaults;
    site["tooth_column"] = "ZUB";
    site["limit_amount"] = "amountrub";
    site["goods_wtypes"] = "9";
    source::FirebirdSettings settings;
    settings.database = login.database;
    settings.dialect = dialect;
    settings.effort = {100, 100};
    SystemClock clock;
    source::SourceOptions options;
    options.site = site;
    auto reader = source::firebird::open(*connector, settings, clock, options);
    REQUIRE_MESSAGE(reader, reader.error().text);
    const Standing standing = writer.standing();
    for (const auto& stream : connector->streams) {
        INFO(stream.name);
        const Read read = read_all(**reader, *connector, stream, site);
        CHECK(read.issues == std::vector<std::string>{});
        CHECK(read.records == standing.streams.at(stream.name));
        if (stream.name != "procedure") continue;
        // the lines of all bills owe exactly what the heads say, in all and per payer
        const auto kopecks = [&](const std::string& column) {
            std::int64_t sum = 0;
            for (const auto& row : base.rows(
                     "select T." + column +
                     " from TREAT T where exists (select * from ORDERDET L where L.ORDERNO = "
                     "T.ORDERNO)"
                 ))
                sum += parse_minor_units(row[0])->minor;
            return sum;
        };
        const std::int64_t client = kopecks("AMOUNTCL_DISC"),
                           organization = kopecks("AMOUNTJP_DISC");
        // dialect 1 keeps heads as doubles with tenths of a kopeck: each is rounded by itself, so a
        // bill may differ by one
        const std::int64_t tolerance = dialect == 1 ? standing.tables.at("TREAT") : 0;
        CHECK(std::llabs(read.total - client - organization) <= tolerance);
        auto by_payer = read.by_payer;
        CHECK(std::llabs(by_payer["patient"] - client) <= tolerance);
        CHECK(std::llabs(by_payer["limit"] - organization) <= tolerance);
    }
}

}  // namespace

TEST_CASE(
    "I5: on a dialect 3 base every row that stands becomes a record, and the lines owe what the "
    "heads say"
) {
    check_base(3, Columns::as_reported, "three.fdb");
}

TEST_CASE("on a dialect 1 base too, with sums that are doubles") {
    check_base(1, Columns::as_reported, "one.fdb");
}

TEST_CASE("an older base without the newer columns is read as well") {
    check_base(3, Columns::older, "older.fdb");
}

TEST_CASE("every variant of every fetch prepares on the base, in both dialects") {
    for (const int dialect : {3, 1}) {
        support::FirebirdLogin login;
        login.database = folder().file(dialect == 3 ? "fetch3.fdb" : "fetch1.fdb");
        login.dialect = dialect;
        auto base = support::FirebirdWriter::create(login, "WIN1251");
        base.begin();
        for (const auto& sql :
             schema_statements(dialect == 1 ? Dialect::one : Dialect::three, Columns::as_reported))
            base.execute(sql);
        base.commit();
        base.execute("alter table CLIENTS add MODIFYDATE timestamp");
        base.execute("alter table TREAT add MODIFYDATE timestamp");
        const auto connector = source::load_connector(kFolder);
        REQUIRE(connector);
        auto site = connector->site_defaults;
        site["tooth_column"] = "ZUB";
        site["appointment_comment_column"] = "COMMENT";
        site["nomenclature_column"] = "KODOPER";
        auto api = source::firebird::Api::load({"libfbclient.so.2"});
        REQUIRE(api);
        source::firebird::AttachTarget target;
        target.database = login.database;
        target.user = "SYSDBA";
        target.dialect = dialect;
        auto attachment = source::firebird::Attachment::open(*api, target);
        REQUIRE(attachment);
        int prepared = 0;
        for (const auto& stream : connector->streams) {
            const auto variants = source::all_fetch_variants(stream, site);
            REQUIRE(variants);
            for (const auto& variant : *variants) {
                if (variant.sql.empty()) continue;
                INFO(stream.name << ", " << variant.choices << ": " << variant.sql);
                auto transaction = source::firebird::Transaction::begin(
                    **attachment, source::firebird::Access::read_only_snapshot
                );
                REQUIRE(transaction);
                const auto statement =
                    source::firebird::Statement::prepare(*transaction, variant.sql, dialect);
                CHECK_MESSAGE(statement, (statement ? "" : statement.error().text));
                ++prepared;
            }
        }
        CHECK(prepared > 100);
    }
}
