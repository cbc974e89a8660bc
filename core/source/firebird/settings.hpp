// A MIS's own Firebird base (native client, TCP or embedded), read by the connector's fetches.
//
// The attachment and the prepared statements are kept between reads (an idle poll costs five round
// trips), made anew after a lost connection, and dropped after anything unexpected. Gentle by
// construction: read-only snapshot transactions of at most kSnapshotSecondsMax, each call bounded
// by `statement_seconds_max` (watchdog: cancel, two seconds later abort), a duty cycle. A prepared
// statement holds the metadata of its tables: an MIS upgrade that DROPS one of them while we are
// attached is told "object in use"; stop the source for such an upgrade.
#pragma once

#include <string>
#include <vector>

#include "source/source.hpp"

namespace mis::source {

struct FirebirdSettings {
    std::string host;  // empty: embedded, `database` is a path on this machine
    int port = 3050;
    std::string database;  // path as the server knows it, or an alias
    std::string user, password, role;
    std::string
        charset;  // of columns without a set of their own (NONE); empty: the base's default set
    int dialect = 3;
    int connect_seconds_max = 10;
    int statement_seconds_max = 20;
    Effort effort;
    std::vector<std::string> client_library = {"libfbclient.so.2", "libfbclient.so"};
    std::string wire_crypt;  // "", "Disabled", "Enabled", "Required"; "Disabled" for servers
                             // before 3.0 (tried on 3.0, untested on 2.5)
    std::string auth;        // "", or the client's AuthClient list: "Legacy_Auth", "Srp256, Srp"
};

namespace firebird {

// misconfigured: wrong dialect, unknown charset, the client library is missing. Does not connect.
Result<std::unique_ptr<Source>> open(
    const Connector& connector, const FirebirdSettings& settings, const Clock& clock,
    SourceOptions options
);
Opener opener(FirebirdSettings settings);

}  // namespace firebird

}  // namespace mis::source
