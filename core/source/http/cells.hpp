// The cells of one row of an answer, or of a message that was sent to us.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "source/http/request.hpp"

namespace mis::source::http {

using Cells = std::vector<std::optional<std::string>>;  // one per column, as the answer has them
using TakeCells = std::function<Result<void>(Cells&&)>;

// each: the parent's value, for columns that ask for it.
Cells cells_of(
    const Request& request, const std::vector<const Node*>& row,
    const std::optional<std::string>& each
);

}  // namespace mis::source::http
