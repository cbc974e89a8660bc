// recognise, unknown and calibrate of connector.yaml, for load_connector().
#pragma once

#include "source/connector.hpp"
#include "source/map_reader.hpp"

namespace mis::source {

// After the streams, which they name.
void read_questions(MapReader& top, Connector& connector);

}  // namespace mis::source
