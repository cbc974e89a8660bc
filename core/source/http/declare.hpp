// A stream of a connector of kind http: its request, and what that asks of the rest of the stream.
#pragma once

#include "source/connector.hpp"
#include "source/map_reader.hpp"

namespace mis::source::http {

// connector: with its service and the streams before this one. What is wrong is kept by the reader.
void declare_request(MapReader& map, const Connector& connector, StreamDeclaration& stream);

}  // namespace mis::source::http
