// What a source's probe found, for people and for machines.
#pragma once

#include "base/json.hpp"
#include "gateway/source_worker.hpp"
#include "source/sql_source.hpp"

namespace mis::gateway::cli {

// Server, login, rights, and a table of the streams: rows, newest change, how each slice is read.
void print_probe(const SourceSetup& setup, const source::ProbeReport& report);
Json probe_json(const std::string& name, const source::ProbeReport& report);

// Whether every stream that should be read can be: one that is off on purpose (declared optional,
// its table not on this base) need not.
bool all_readable(const SourceSetup& setup, const source::ProbeReport& report);

}  // namespace mis::gateway::cli
