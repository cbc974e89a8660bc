// bench_fetch: the bare client loop that the backfill is compared with. Walks a stream's own fetch
// by its key on one connection in UTF8, page by page, and throws every value away. Nothing of the
// gateway runs but the rendering of the text.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstring>

#include "base/clock.hpp"
#include "source/firebird/api.hpp"
#include "source/firebird/settings.hpp"

using namespace mis;

namespace {

struct Options {
    std::string connector = "connectors/infoclinica", stream = "procedure", host = "127.0.0.1",
                database, user = "SYSDBA", password;
    int port = 3050;
    std::int32_t page = 5'000;
    std::map<std::string, std::string> site{{"tooth_column", "ZUB"}};
};

[[noreturn]] void die(const std::string& what) {
    fmt::print(stderr, "bench_fetch: {}\n", what);
    std::exit(1);
}

class Client {  // the client library and nothing else
  public:
    explicit Client(const Options& options) {
        auto api = source::firebird::Api::load({"libfbclient.so.2"});
        if (!api) die(api.error().text);
        api_ = *api;
        std::string parameters(1, static_cast<char>(isc_dpb_version1));
        const auto add = [&](char what, const std::string& text) {
            parameters += what;
            parameters += static_cast<char>(text.size());
            parameters += text;
        };
        add(isc_dpb_user_name, options.user);
        add(isc_dpb_password, options.password);
        add(isc_dpb_lc_ctype, "UTF8");
        const std::string target =
            options.host.empty()
                ? options.database
                : fmt::format("{}/{}:{}", options.host, options.port, options.database);
        api_->attach_database(
            status_, 0, target.c_str(), &base_, static_cast<short>(parameters.size()),
            parameters.data()
        );
        check("connecting");
    }

    void begin() {
        static const char kReadOnly[] = {
            isc_tpb_version3, isc_tpb_read, isc_tpb_concurrency, isc_tpb_nowait};
        struct {
            isc_db_handle* base;
            int length;
            const char* parameters;
        } block{&base_, static_cast<int>(sizeof kReadOnly), kReadOnly};
        api_->start_multiple(status_, &transaction_, 1, &block);
        check("beginning");
    }
    void end() {
        api_->commit_transaction(status_, &transaction_);
        check("ending");
    }

    // One page after `after`; returns the rows and moves `after` to the last key.
    std::int64_t page(const std::string& sql, bool first, ISC_INT64& after, ISC_INT64 limit) {
        Prepared& statement = prepared_[first ? 0 : 1];
        if (statement.handle == 0) prepare(statement, sql);
        const int count = inputs(statement)->sqld;
        ISC_INT64 values[2] = {after, limit};
        ISC_SHORT not_null = 0;
        for (int i = 0; i < count; ++i) {
            XSQLVAR& in = inputs(statement)->sqlvar[i];
            in.sqltype = SQL_INT64 + 1;
            in.sqlscale = 0;
            in.sqllen = sizeof(ISC_INT64);
            in.sqldata = reinterpret_cast<char*>(&values[count == 1 ? 1 : i]);
            in.sqlind = &not_null;
        }
        api_->execute(status_, &transaction_, &statement.handle, 3, inputs(statement));
        check("executing");
        std::int64_t rows = 0;
        const XSQLVAR& key = outputs(statement)->sqlvar[0];
        while (api_->fetch(status_, &statement.handle, 3, outputs(statement)) == 0) {
            ++rows;
            after = (key.sqltype & ~1) == SQL_INT64
                        ? *reinterpret_cast<const ISC_INT64*>(key.sqldata)
                        : *reinterpret_cast<const ISC_LONG*>(key.sqldata);
        }
        check("fetching");
        api_->free_statement(status_, &statement.handle, DSQL_close);
        return rows;
    }

  private:
    struct Prepared {
        isc_stmt_handle handle = 0;
        std::vector<char> in = std::vector<char>(XSQLDA_LENGTH(8)),
                          out = std::vector<char>(XSQLDA_LENGTH(128)), row;
        std::vector<ISC_SHORT> nulls;
    };
    static XSQLDA* inputs(Prepared& statement) {
        return reinterpret_cast<XSQLDA*>(statement.in.data());
    }
    static XSQLDA* outputs(Prepared& statement) {
        return reinterpret_cast<XSQLDA*>(statement.out.data());
    }

    void prepare(Prepared& statement, const std::string& sql) {
        inputs(statement)->version = outputs(statement)->version = SQLDA_VERSION1;
        inputs(statement)->sqln = 8;
        outputs(statement)->sqln = 128;
        api_->allocate_statement(status_, &base_, &statement.handle);
        check("allocating");
        api_->prepare(
            status_, &transaction_, &statement.handle, 0, sql.c_str(), 3, outputs(statement)
        );
        check("preparing");
        api_->describe_bind(status_, &statement.handle, 3, inputs(statement));
        check("describing");
        std::size_t size = 0;
        const int columns = outputs(statement)->sqld;
        for (int pass = 0; pass < 2; ++pass) {
            if (pass == 1)
                statement.row.resize(size),
                    statement.nulls.resize(static_cast<std::size_t>(columns));
            size = 0;
            for (int i = 0; i < columns; ++i) {
                XSQLVAR& out = outputs(statement)->sqlvar[i];
                if (pass == 1)
                    out.sqldata = statement.row.data() + size,
                    out.sqlind = &statement.nulls[static_cast<std::size_t>(i)];
                size += (static_cast<std::size_t>(out.sqllen) + 2 + 15) / 16 * 16;
            }
        }
    }

    void check(const char* doing) {
        if (status_[0] != 1 || status_[1] == 0) return;
        char text[512];
        const ISC_STATUS* at = status_;
        api_->interpret(text, sizeof text, &at);
        die(fmt::format("{}: {}", doing, text));
    }

    std::shared_ptr<const source::firebird::Api> api_;
    ISC_STATUS_ARRAY status_ = {};
    isc_db_handle base_ = 0;
    isc_tr_handle transaction_ = 0;
    Prepared prepared_[2];
};

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{"A bare client loop over a stream's fetch."};
    app.add_option("--connector", options.connector);
    app.add_option("--stream", options.stream);
    app.add_option("--host", options.host, "empty: embedded");
    app.add_option("--port", options.port);
    app.add_option("--database", options.database)->required();
    app.add_option("--password", options.password);
    app.add_option(
        "--page", options.page, "rows per page of the key walk; 0: one cursor over everything"
    );
    CLI11_PARSE(app, argc, argv);

    auto connector = source::load_connector(options.connector);
    if (!connector) die(connector.error().text);
    const SystemClock clock;
    source::FirebirdSettings settings;
    settings.host = options.host;
    settings.port = options.port;
    settings.database = options.database;
    settings.user = options.user;
    settings.password = options.password;
    source::SourceOptions site;
    site.site = options.site;
    auto renderer = source::firebird::open(*connector, settings, clock, site);
    if (!renderer) die(renderer.error().text);
    source::Slice slice;
    slice.by = source::Slice::By::key_walk;
    slice.limit = options.page == 0 ? 2'000'000'000 : options.page;
    const auto first = (*renderer)->fetch_text(options.stream, slice);
    if (!first) die(first.error().text);
    slice.after_id = "1";
    const auto next = (*renderer)->fetch_text(options.stream, slice);
    if (!next) die(next.error().text);
    renderer->reset();

    Client client(options);
    const auto began = std::chrono::steady_clock::now();
    std::int64_t rows = 0;
    ISC_INT64 after = 0;
    const ISC_INT64 limit = options.page == 0 ? 2'000'000'000 : options.page;
    for (bool is_first = true;; is_first = false) {
        client.begin();
        const auto got = client.page(is_first ? *first : *next, is_first, after, limit);
        client.end();
        rows += got;
        if (got < limit) break;
    }
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    fmt::print(
        "{{\"rows\":{},\"seconds\":{:.3f},\"rows_per_second\":{:.0f}}}\n", rows, seconds,
        static_cast<double>(rows) / seconds
    );
}
