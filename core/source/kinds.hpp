// The kinds of sources there are: what a connection section of gateway.yaml makes. A new kind is a
// section in core/config, an Opener of its own and a line here.
#pragma once

#include <string>

#include "config/connection_config.hpp"
#include "source/intake.hpp"
#include "source/source.hpp"

namespace mis::source {

// password: what the section's password_file or password_env holds; empty: none.
Opener opener_of(
    const config::ConnectionConfig& connection, const std::string& password, Effort effort
);

// Of a kind that is sent its rows; empty: it is not.
IntakeOpener intake_opener_of(
    const config::ConnectionConfig& connection, const std::string& password
);

}  // namespace mis::source
