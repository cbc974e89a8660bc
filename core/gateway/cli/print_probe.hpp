// What a source's probe found, for people and for machines.
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "gateway/pipeline/source_worker.hpp"
#include "source/source.hpp"

namespace mis::gateway::cli {

// Server, login, sufficient rights, and a table of the streams: rows, newest change, how each slice
// is read. What is wrong with it say the two functions below.
void print_probe(const SourceSetup& setup, const source::ProbeReport& report);
Json probe_json(const std::string& name, const source::ProbeReport& report);

// What works and should not stay so: a login that can write, clocks apart, tables read whole at
// every poll; each with its remedy.
std::vector<std::string> warnings_of(const source::ProbeReport& report);

// Streams that should be read and cannot be: "procedure: why". One that is off on purpose (declared
// optional, its table not on this base) is none of them.
std::vector<std::string> unreadable_streams(
    const SourceSetup& setup, const source::ProbeReport& report
);

}  // namespace mis::gateway::cli
