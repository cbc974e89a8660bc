// What a command works with: the configuration, checked, and the clinic's store.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "config/gateway_config.hpp"
#include "domain/nomenclature_groups.hpp"
#include "gateway/cli/commands.hpp"
#include "gateway/clinic_store.hpp"
#include "gateway/daemon.hpp"

namespace mis::gateway::cli {

struct Session {
    config::GatewayConfig config;
    std::unique_ptr<domain::NomenclatureGroups> groups;  // the rules point at it
    std::unique_ptr<ClinicStore> store;
    SystemClock clock;

    // misconfigured with file, line, key and remedy; or the store's own error.
    static Result<std::unique_ptr<Session>> open(
        const Common& common, ClinicStore::Opening opening
    );

    Result<MeaningSettings> meaning_settings() const;
    Result<DaemonSetup> daemon_setup() const;
    Result<SourceSetup> source_setup(const std::string& source
    ) const;  // misconfigured: no such source; the known ones are named
    // The name under which the store knows a configured source: its own, or the one it had before
    // `source rename`.
    std::string identity_of(const std::string& source) const;
    // misconfigured, naming the remedy: a source of the store is configured no more while another
    // one is new.
    Result<void> check_source_names() const;
    std::unique_ptr<Meaning> meaning() const;  // throws std::runtime_error with the remedy

    // Gives meaning to what a command has put in, unless a running daemon will.
    void work_off();
    std::string operator_login() const;           // for the audit
    void audit_look(const std::string& subject);  // X4: who looked at unmasked data, at what
};

// Runs `action` with an open session; errors become texts and exit codes.
int with_session(
    const Common& common, ClinicStore::Opening opening, const std::function<int(Session&)>& action
);

}  // namespace mis::gateway::cli
