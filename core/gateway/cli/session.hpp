// What a command works with: the configuration, checked, and the clinic's store.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/gateway_config.hpp"
#include "disclosure/decision.hpp"
#include "domain/nomenclature_groups.hpp"
#include "gateway/cli/commands.hpp"
#include "gateway/daemon.hpp"
#include "gateway/keeping/clinic_store.hpp"

namespace mis::gateway::cli {

// Start-up found the configuration wrong where only an exception gets out: exit code 2, so that the
// supervisor does not try again and again.
struct Misconfigured : std::runtime_error {
    using std::runtime_error::runtime_error;
};

struct OpenedSource {
    SourceSetup setup;
    std::unique_ptr<source::Source> source;  // not connected yet
};

struct Session {
    config::GatewayConfig config;
    std::unique_ptr<domain::NomenclatureGroups> groups;  // the rules point at it
    std::unique_ptr<ClinicStore> store;                  // null after configure()
    SystemClock clock;

    // The configuration alone, for `check`, which goes on where a store cannot be opened. Without
    // a store a source's identity is its name.
    static Result<std::unique_ptr<Session>> configure(const Common& common);
    // misconfigured with file, line, key and remedy; or the store's own error.
    static Result<std::unique_ptr<Session>> open(
        const Common& common, ClinicStore::Opening opening
    );

    Result<MeaningSettings> meaning_settings() const;
    Result<DaemonSetup> daemon_setup() const;
    Result<SlotSetup> slot_setup(const config::SlotSinkConfig& sink) const;
    // Its sources by the names that the store knows them by.
    Result<disclosure::SlotTable> slot_table(const config::SlotSinkConfig& sink) const;
    // misconfigured: no such sink of free times; the known ones are named
    Result<const config::SlotSinkConfig*> find_slot_sink(const std::string& name) const;
    Result<SinkSetup> sink_setup(const config::SinkConfig& sink) const;
    Result<InboxSetup> inbox_setup() const;
    Result<sink::NatsSinkOptions> nats_sink(const config::NatsSinkConfig& sink) const;
    Result<net::NatsOptions> nats_options(const config::NatsConfig& server) const;
    Result<FeedSetup> feed_setup(const config::FeedConfig& feed) const;
    // misconfigured: no such source; the known ones are named
    Result<SourceSetup> source_setup(const std::string& source) const;
    Result<OpenedSource> open_source(const std::string& source) const;
    // How the source's base is reached, whatever its connector.
    Result<source::Opener> opener_of(const config::SourceConfig& source) const;
    Result<source::IntakeOpener> intake_of(const config::SourceConfig& source) const;
    source::SourceOptions source_options() const;  // of all sources; a site's values are not in it
    // misconfigured: no such source; the known ones are named
    Result<const config::SourceConfig*> find_source(const std::string& source) const;
    // misconfigured: a misspelt source, stream or sink is an error, not an empty answer. Empty
    // names ask nothing. Sources may be named as configured or as the store knows them.
    Result<void> check_source(const std::string& source, const std::string& stream) const;
    Result<void> check_sink(const std::string& sink) const;
    // The name under which the store knows a configured source: its own, or the one it had before
    // `source rename`.
    std::string identity_of(const std::string& source) const;
    // What waits for a human at a source of the store, a line each: "stream S: held: reason; see
    // `hold list`".
    std::vector<std::string> held_streams(const std::string& identity) const;
    std::string held_text(const std::string& identity, const std::string& stream) const;
    // misconfigured, naming the remedy: a source of the store is configured no more while another
    // one is new.
    Result<void> check_source_names() const;
    std::unique_ptr<Meaning> meaning() const;  // throws std::runtime_error with the remedy

    // Gives meaning to what a command has put in, unless a running daemon will.
    void work_off();
    std::string operator_login() const;  // for the audit
    // Inside the transaction that carries it out; `reason` may be empty.
    void record(
        sqlite::Transaction& transaction, const disclosure::Decision& decision,
        std::string_view reason = {}
    ) const;
    void audit_look(const std::string& subject);  // X4: who looked at unmasked data, at what
};

// For errors about a name: " (did you mean X?); there are: A B".
std::string known_names(const std::string& wrong, const std::vector<std::string>& known);

// Runs `action` with an open session; errors become texts and exit codes.
int with_session(
    const Common& common, ClinicStore::Opening opening, const std::function<int(Session&)>& action
);

}  // namespace mis::gateway::cli
