// The cells of one row of an answer, or of a message that was sent to us.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.hpp"
#include "source/connector.hpp"
#include "source/http/request.hpp"
#include "source/row.hpp"

namespace mis::source::http {

using Cells = std::vector<std::optional<std::string>>;  // one per column, as the answer has them
using TakeCells = std::function<Result<void>(Cells&&)>;

// each: the parent's value, for columns that ask for it.
Cells cells_of(
    const Request& request, const std::vector<const Node*>& row,
    const std::optional<std::string>& each
);

// Cells as rows of a stream, handed on in batches.
class CellRows {
  public:
    // zone: of the clinic, for times with an offset. Outlived by what it is given.
    CellRows(
        const StreamDeclaration& stream, const std::optional<Zone>& zone,
        const std::function<Result<void>(RowBatch&&)>& put
    );
    Result<void> add(Cells&& cells);
    Result<void> flush();  // the rest, after the last row

  private:
    const StreamDeclaration& stream_;
    const std::optional<Zone>& zone_;
    const std::function<Result<void>(RowBatch&&)>& put_;
    RowBatch batch_;
};

}  // namespace mis::source::http
