// json_each and xml_each: eponymous virtual tables (value, position) over a list inside a value. A
// value that cannot be read is an issue on the row and yields nothing.
#include <sqlite3.h>

#include "record/document_path.hpp"
#include "record/eponymous_table.hpp"
#include "record/map_functions.hpp"

namespace mis::record {

namespace {

using Reader = Result<std::vector<MaybeText>> (*)(std::string_view, std::string_view);

struct Each {  // one of the two, of one connection
    MapRow* row;
    Reader read;
    const char* name;
};

std::string_view text_of(sqlite3_value* value) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
    if (!bytes) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

struct EachTable : sqlite3_vtab {
    Each* owner = nullptr;

    enum Column { value_column, position_column, document_column, path_column };
    static std::string declaration(const Each&) {
        return "create table x(value text, position integer, document hidden, path hidden)";
    }

    // The document is given, perhaps the path.
    static int best_index(sqlite3_index_info& info) {
        int arguments[2] = {-1, -1};
        for (int i = 0; i < info.nConstraint; ++i) {
            const auto& constraint = info.aConstraint[i];
            if (constraint.iColumn < document_column || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ)
                continue;
            if (!constraint.usable) return SQLITE_CONSTRAINT;
            arguments[constraint.iColumn - document_column] = i;
        }
        if (arguments[0] < 0) return SQLITE_CONSTRAINT;
        int given = 0;
        for (const int argument : arguments) {
            if (argument < 0) continue;
            info.aConstraintUsage[argument].argvIndex = ++given;
            info.aConstraintUsage[argument].omit = 1;
        }
        info.idxNum = given;
        info.estimatedCost = 10;
        return SQLITE_OK;
    }

    struct Cursor : sqlite3_vtab_cursor {
        std::vector<MaybeText> items;
        std::size_t at = 0;

        void filter(EachTable& table, int count, sqlite3_value** values) {
            const Each& each = *table.owner;
            items.clear();
            at = 0;
            if (sqlite3_value_type(values[0]) == SQLITE_NULL || text_of(values[0]).empty()) return;
            auto found =
                each.read(text_of(values[0]), count > 1 ? text_of(values[1]) : std::string_view());
            if (found)
                items = std::move(*found);
            else
                each.row->add_issue(std::string(each.name) + ": " + found.error().text);
        }
        void next() { ++at; }
        bool at_end() const { return at >= items.size(); }
        sqlite3_int64 row_id() const { return static_cast<sqlite3_int64>(at); }
        void column(EachTable&, sqlite3_context* context, int index) {
            const MaybeText& item = items[at];
            if (index == position_column)
                sqlite3_result_int64(context, static_cast<sqlite3_int64>(at) + 1);
            else if (index == value_column && item)
                sqlite3_result_text(
                    context, item->data(), static_cast<int>(item->size()), SQLITE_TRANSIENT
                );
            else
                sqlite3_result_null(context);
        }
    };
};

}  // namespace

void register_map_tables(sqlite3* database, MapRow* row) {
    using Table = EponymousTable<EachTable, Each>;
    const auto release = [](void* each) { delete static_cast<Each*>(each); };
    Table::add(database, "json_each", new Each{row, json_items, "json_each"}, release);
    Table::add(database, "xml_each", new Each{row, xml_items, "xml_each"}, release);
}

}  // namespace mis::record
