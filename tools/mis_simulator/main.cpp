// mis-simulator: makes a base of a MIS's shape (Infoclinica on Firebird, Medialog and IDENT on
// PostgreSQL) and lets the clinic in it live. For the demo, tests and benches; no part of the
// product.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "infoclinica/seed.hpp"
#include "infoclinica/writer.hpp"
#include "live.hpp"
#include "sql_base.hpp"
#include "support/firebird_fixture.hpp"

namespace {

using namespace mis;
using namespace mis::simulator;

std::atomic<bool> stop{false};

// libfbclient installs handlers for these signals that shut the engine down behind our back (seen:
// the detach that follows spins for ever). Blocked signals run no handler: one thread waits for
// them. To be called before Firebird makes threads of its own.
void wait_for_signals_in_a_thread() {
    static sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::thread([] {
        int which = 0;
        while (sigwait(&signals, &which) == 0) stop = true;
    }).detach();
}

struct Options {
    support::FirebirdLogin login;
    std::string root, charset = "WIN1251", oracle, columns = "as-reported", mis = "infoclinica";
    SeedOptions seed;
    double rate = 2;
    std::uint64_t random_seed = 1;
    double seconds = 0;
    std::int64_t actions = 0;
    bool quiet = false;
    Dialect dialect() const { return login.dialect == 1 ? Dialect::one : Dialect::three; }
    bool on_postgres() const { return login.database.starts_with("postgresql://"); }
};

// Embedded bases need a root of our own with ServerMode = Classic, shared with the gateway; an
// environment that is set already is kept.
void prepare_firebird(const Options& options) {
    if (options.login.database.find(':') != std::string::npos) return;
    if (options.root.empty() && std::getenv("FIREBIRD")) return;
    const auto root =
        options.root.empty()
            ? std::filesystem::absolute(options.login.database).parent_path() / "firebird"
            : std::filesystem::path(options.root);
    support::make_firebird_root(root);
    support::use_firebird_root(root);
}

int create_sql(const Options& options) {
    const auto started = std::chrono::steady_clock::now();
    Postgres base(options.login.database);
    create_sql_base(
        base, options.mis,
        {options.seed.patients, options.seed.procedures, options.seed.history_days}
    );
    const auto took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    fmt::print(
        "{} created: {}, {} patients, {} procedures, {:.1f} s\n", options.login.database,
        options.mis, options.seed.patients, options.seed.procedures, took
    );
    return 0;
}

int create(Options& options) {
    options.seed.dialect = options.dialect();
    options.seed.columns = options.columns == "older" ? Columns::older : Columns::as_reported;
    const auto started = std::chrono::steady_clock::now();
    auto base = support::FirebirdWriter::create(options.login, options.charset);
    // few commits: each waits for the disk
    base.begin();
    for (const auto& sql : schema_statements(options.seed.dialect, options.seed.columns))
        base.execute(sql);
    base.commit();
    std::string last;
    base.begin();
    for (const auto& step : seed_steps(options.seed)) {
        base.execute(step.sql);
        const bool counted = step.title.find(" of ") != std::string::npos;
        if (counted) {
            base.commit();
            base.begin();
        }
        if (!options.quiet && (counted || step.title != last)) fmt::print("{}\n", step.title);
        if (!options.quiet) std::fflush(stdout);
        last = step.title;
    }
    base.commit();
    if (!options.quiet) fmt::print("indexes\n");
    base.begin();
    for (const auto& sql : index_statements()) base.execute(sql);
    base.commit();
    const auto took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    fmt::print(
        "{} created: {} patients, {} procedures, dialect {}, {:.1f} s\n", options.login.database,
        options.seed.patients, options.seed.procedures, options.login.dialect, took
    );
    return 0;
}

int live(const Options& options, Writer& writer) {
    Oracle oracle(options.oracle);
    Clinic clinic(writer, options.random_seed, oracle);
    using Clock = std::chrono::steady_clock;
    const auto pause =
        std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(1 / options.rate)
        );
    const auto started = Clock::now();
    auto next = started;
    while (!stop && (options.actions == 0 || oracle.commits() < options.actions)) {
        if (options.seconds > 0 &&
            Clock::now() - started > std::chrono::duration<double>(options.seconds))
            break;
        const std::string line = clinic.act(stop);
        if (!options.quiet) {
            fmt::print("MIS {}\n", line);
            std::fflush(stdout);
        }
        next = std::max(next + pause, Clock::now() - pause);
        while (!stop && Clock::now() < next)
            std::this_thread::sleep_for(
                std::min<Clock::duration>(next - Clock::now(), std::chrono::milliseconds(50))
            );
    }
    fmt::print("MIS simulator: {} transactions committed\n", oracle.commits());
    for (const auto& [what, count] : oracle.rows()) fmt::print("  {:<18} {:>7}\n", what, count);
    fmt::print("standing {}\n", to_json(writer.standing()));
    return 0;
}

int count(Writer& writer) {
    fmt::print("{}\n", to_json(writer.standing()));
    return 0;
}

int print_schema(const Options& options) {
    const auto columns = options.columns == "older" ? Columns::older : Columns::as_reported;
    for (const auto& sql : schema_statements(options.dialect(), columns)) fmt::print("{};\n", sql);
    for (const auto& sql : index_statements()) fmt::print("{};\n", sql);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    Options options;
    CLI::App app{
        "A simulated MIS: a base of Infoclinica's shape in Firebird, or of Medialog's or IDENT's "
        "in "
        "PostgreSQL, seeded with invented people, and a clinic that lives in it."};
    app.require_subcommand(1);
    const auto base_options = [&](CLI::App* command) {
        command
            ->add_option(
                "--database", options.login.database,
                "path (embedded Firebird), host/port:path, or postgresql://user@host:port/base"
            )
            ->required();
        command->add_option("--user", options.login.user);
        command->add_option("--password", options.login.password);
        command->add_option("--dialect", options.login.dialect, "1 or 3")
            ->check(CLI::IsMember({1, 3}));
        command->add_option(
            "--firebird-root", options.root,
            "embedded: folder for firebird.conf and locks (default: firebird/ beside the base, "
            "unless FIREBIRD is set)"
        );
        command->add_flag("--quiet", options.quiet, "only the summary");
    };
    auto* create_command = app.add_subcommand(
        "create", "make and seed a base; the file must not exist, a base on a server must be empty"
    );
    base_options(create_command);
    create_command
        ->add_option(
            "--mis", options.mis,
            "whose tables: infoclinica on Firebird; medialog or ident on PostgreSQL, in an empty "
            "base"
        )
        ->check(CLI::IsMember({"infoclinica", "medialog", "ident"}));
    create_command->add_option("--patients", options.seed.patients)
        ->check(CLI::Range(10, 5'000'000));
    create_command->add_option("--procedures", options.seed.procedures, "bill lines")
        ->check(CLI::Range(1, 20'000'000));
    create_command->add_option("--history-days", options.seed.history_days)
        ->check(CLI::Range(1, 20'000));
    create_command->add_option("--charset", options.charset);
    create_command
        ->add_option("--columns", options.columns, "as-reported, or older: without newer columns")
        ->check(CLI::IsMember({"as-reported", "older"}));
    auto* live_command =
        app.add_subcommand("live", "book, move, treat, correct, delete and pay until interrupted");
    base_options(live_command);
    live_command->add_option("--rate", options.rate, "actions a second")
        ->check(CLI::Range(0.01, 10'000.0));
    live_command->add_option("--seed", options.random_seed);
    live_command->add_option(
        "--oracle", options.oracle, "append what was committed here, JSON lines"
    );
    live_command->add_option("--seconds", options.seconds, "0: until SIGINT");
    live_command->add_option(
        "--actions", options.actions, "stop after so many transactions; 0: no limit"
    );
    auto* count_command = app.add_subcommand(
        "count", "rows that stand, per table and per stream of the connector, as JSON"
    );
    base_options(count_command);
    auto* schema_command = app.add_subcommand("schema", "print the tables");
    schema_command->add_option("--dialect", options.login.dialect)->check(CLI::IsMember({1, 3}));
    schema_command->add_option("--columns", options.columns)
        ->check(CLI::IsMember({"as-reported", "older"}));
    CLI11_PARSE(app, argc, argv);

    try {
        wait_for_signals_in_a_thread();
        if (schema_command->parsed()) return print_schema(options);
        const bool creates = create_command->parsed();
        if (creates && options.on_postgres() != (options.mis != "infoclinica"))
            throw std::runtime_error(
                options.on_postgres()
                    ? "infoclinica's base is a Firebird file, or host/port:path"
                    : "the base of " + options.mis + " is on PostgreSQL: --database postgresql://…"
            );
        if (options.on_postgres()) {
            if (creates) return create_sql(options);
            Postgres base(options.login.database);
            const auto writer = open_sql_base(base);
            return live_command->parsed() ? live(options, *writer) : count(*writer);
        }
        prepare_firebird(options);
        if (creates) return create(options);
        auto base = support::FirebirdWriter::open(options.login);
        InfoclinicaWriter writer(base, options.dialect());
        return live_command->parsed() ? live(options, writer) : count(writer);
    } catch (const std::exception& error) {
        fmt::print(stderr, "mis-simulator: {}\n", error.what());
        return 1;
    }
}
