#include "source/http/cells.hpp"

#include <utility>

#include "source/source.hpp"
#include "source/staged/declared_cell.hpp"

namespace mis::source::http {

Cells cells_of(
    const Request& request, const std::vector<const Node*>& row,
    const std::optional<std::string>& each
) {
    Cells cells;
    cells.reserve(request.columns.size());
    for (const Request::ColumnPath& column : request.columns) {
        std::optional<std::string> cell;
        for (std::size_t i = 0; i < column.parts.size(); ++i) {
            std::optional<std::string> part;
            if (column.is_each[i])
                part = each;
            else if (const Node* node = find(row, column.parts[i]))
                part = text_of(*node);
            if (!part) {  // a key of which a part is missing is none
                cell.reset();
                break;
            }
            cell = i == 0 ? std::move(*part) : *cell + "-" + *part;
        }
        cells.push_back(std::move(cell));
    }
    return cells;
}

CellRows::CellRows(
    const StreamDeclaration& stream, const std::optional<Zone>& zone,
    const std::function<Result<void>(RowBatch&&)>& put
)
    : stream_(stream), zone_(zone), put_(put), batch_(stream.columns.size()) {}

Result<void> CellRows::add(Cells&& cells) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const ColumnDeclaration& column = stream_.columns[i];
        if (!cells[i])
            batch_.add_null();
        else
            add_declared(batch_, column, as_local(column, *std::move(cells[i]), zone_));
    }
    if (batch_.rows() < kBatchRowsMax && batch_.bytes() < kBatchBytesMax) return {};
    return flush();
}

Result<void> CellRows::flush() {
    if (batch_.rows() == 0) return {};
    RowBatch full(stream_.columns.size());
    std::swap(full, batch_);
    return put_(std::move(full));
}

}  // namespace mis::source::http
