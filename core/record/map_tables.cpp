// json_each and xml_each: eponymous virtual tables (value, position) over a list inside a value. A
// value that cannot be read is an issue on the row and yields nothing.
#include <sqlite3.h>

#include <new>

#include "record/document_path.hpp"
#include "record/map_functions.hpp"

namespace mis::record {

namespace {

using Reader = Result<std::vector<MaybeText>> (*)(std::string_view, std::string_view);

struct EachModule {
    MapRow* row;
    Reader read;
    const char* name;
};

struct EachTable : sqlite3_vtab {
    EachModule* module;
};

struct EachCursor : sqlite3_vtab_cursor {
    std::vector<MaybeText> items;
    std::size_t at = 0;
};

enum Column { value_column, position_column, document_column, path_column };

EachCursor& cursor_of(sqlite3_vtab_cursor* cursor) { return *static_cast<EachCursor*>(cursor); }

int connect(sqlite3* database, void* module, int, const char* const*, sqlite3_vtab** table, char**) {
    const int rc = sqlite3_declare_vtab(
        database, "create table x(value text, position integer, document hidden, path hidden)"
    );
    if (rc != SQLITE_OK) return rc;
    auto* made = new (std::nothrow) EachTable();
    if (!made) return SQLITE_NOMEM;
    made->module = static_cast<EachModule*>(module);
    *table = made;
    return SQLITE_OK;
}
int disconnect(sqlite3_vtab* table) {
    delete static_cast<EachTable*>(table);
    return SQLITE_OK;
}

// idxNum: bit 0 the document is given, bit 1 the path.
int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
    int arguments[2] = {-1, -1};
    for (int i = 0; i < info->nConstraint; ++i) {
        const auto& constraint = info->aConstraint[i];
        if (constraint.iColumn < document_column || constraint.op != SQLITE_INDEX_CONSTRAINT_EQ)
            continue;
        if (!constraint.usable) return SQLITE_CONSTRAINT;
        arguments[constraint.iColumn - document_column] = i;
    }
    if (arguments[0] < 0) return SQLITE_CONSTRAINT;
    int given = 0;
    for (int i = 0; i < 2; ++i) {
        if (arguments[i] < 0) continue;
        info->aConstraintUsage[arguments[i]].argvIndex = ++given;
        info->aConstraintUsage[arguments[i]].omit = 1;
    }
    info->idxNum = given;
    info->estimatedCost = 10;
    return SQLITE_OK;
}
int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
    *cursor = new (std::nothrow) EachCursor();
    return *cursor ? SQLITE_OK : SQLITE_NOMEM;
}
int close(sqlite3_vtab_cursor* cursor) {
    delete &cursor_of(cursor);
    return SQLITE_OK;
}
std::string_view text_of(sqlite3_value* value) {
    const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
    if (!bytes) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}
int filter(sqlite3_vtab_cursor* base, int, const char*, int count, sqlite3_value** values) {
    EachCursor& cursor = cursor_of(base);
    const EachModule& module = *static_cast<EachTable*>(base->pVtab)->module;
    cursor.items.clear();
    cursor.at = 0;
    if (sqlite3_value_type(values[0]) == SQLITE_NULL || text_of(values[0]).empty())
        return SQLITE_OK;
    auto items =
        module.read(text_of(values[0]), count > 1 ? text_of(values[1]) : std::string_view());
    if (items)
        cursor.items = std::move(*items);
    else
        module.row->add_issue(std::string(module.name) + ": " + items.error().text);
    return SQLITE_OK;
}
int next(sqlite3_vtab_cursor* cursor) {
    ++cursor_of(cursor).at;
    return SQLITE_OK;
}
int eof(sqlite3_vtab_cursor* cursor) {
    return cursor_of(cursor).at >= cursor_of(cursor).items.size() ? 1 : 0;
}
int column(sqlite3_vtab_cursor* base, sqlite3_context* context, int index) {
    const EachCursor& cursor = cursor_of(base);
    const MaybeText& item = cursor.items[cursor.at];
    if (index == position_column)
        sqlite3_result_int64(context, static_cast<sqlite3_int64>(cursor.at) + 1);
    else if (index == value_column && item)
        sqlite3_result_text(
            context, item->data(), static_cast<int>(item->size()), SQLITE_TRANSIENT
        );
    else
        sqlite3_result_null(context);
    return SQLITE_OK;
}
int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
    *id = static_cast<sqlite3_int64>(cursor_of(cursor).at);
    return SQLITE_OK;
}

sqlite3_module make_module() {
    sqlite3_module module{};  // xCreate stays null: eponymous only
    module.xConnect = connect;
    module.xBestIndex = best_index;
    module.xDisconnect = disconnect;
    module.xDestroy = disconnect;
    module.xOpen = open;
    module.xClose = close;
    module.xFilter = filter;
    module.xNext = next;
    module.xEof = eof;
    module.xColumn = column;
    module.xRowid = row_id;
    return module;
}

}  // namespace

void register_map_tables(sqlite3* database, MapRow* row) {
    static const sqlite3_module module = make_module();
    const auto release = [](void* each) { delete static_cast<EachModule*>(each); };
    sqlite3_create_module_v2(
        database, "json_each", &module, new EachModule{row, json_items, "json_each"}, release
    );
    sqlite3_create_module_v2(
        database, "xml_each", &module, new EachModule{row, xml_items, "xml_each"}, release
    );
}

}  // namespace mis::record
