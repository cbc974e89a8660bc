#include "source/http/cells.hpp"

#include <utility>

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

}  // namespace mis::source::http
