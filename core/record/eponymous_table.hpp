// EponymousTable: what SQLite asks of a virtual table that is there without being created, said
// once. A Table says only what is its own:
//
//   struct Table : sqlite3_vtab {
//       Owner* owner;                                    // set when a connection first uses it
//       static std::string declaration(const Owner&);    // "create table x(…)"
//       static int best_index(sqlite3_index_info&);      // an SQLite result code
//       struct Cursor : sqlite3_vtab_cursor {
//           void filter(Table&, int count, sqlite3_value** values);
//           void next();
//           bool at_end() const;
//           sqlite3_int64 row_id() const;
//           void column(Table&, sqlite3_context*, int index);
//       };
//   };
#pragma once

#include <sqlite3.h>

#include <new>
#include <string>

namespace mis::record {

template <typename Table, typename Owner>
class EponymousTable {
  public:
    // `release` ends the owner together with the connection; null: it lives longer.
    static void add(sqlite3* database, const char* name, Owner* owner, void (*release)(void*)) {
        sqlite3_create_module_v2(database, name, &module(), owner, release);
    }

  private:
    using Cursor = typename Table::Cursor;

    static Table& table_of(sqlite3_vtab_cursor* cursor) {
        return *static_cast<Table*>(cursor->pVtab);
    }
    static Cursor& own(sqlite3_vtab_cursor* cursor) { return *static_cast<Cursor*>(cursor); }

    static int
    connect(sqlite3* database, void* owner, int, const char* const*, sqlite3_vtab** table, char**) {
        auto* const of = static_cast<Owner*>(owner);
        const int rc = sqlite3_declare_vtab(database, Table::declaration(*of).c_str());
        if (rc != SQLITE_OK) return rc;
        auto* made = new (std::nothrow) Table();
        if (!made) return SQLITE_NOMEM;
        made->owner = of;
        *table = made;
        return SQLITE_OK;
    }
    static int disconnect(sqlite3_vtab* table) {
        delete static_cast<Table*>(table);
        return SQLITE_OK;
    }
    static int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
        return Table::best_index(*info);
    }
    static int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
        *cursor = new (std::nothrow) Cursor();
        return *cursor ? SQLITE_OK : SQLITE_NOMEM;
    }
    static int close(sqlite3_vtab_cursor* cursor) {
        delete &own(cursor);
        return SQLITE_OK;
    }
    static int filter(
        sqlite3_vtab_cursor* cursor, int, const char*, int count, sqlite3_value** values
    ) {
        own(cursor).filter(table_of(cursor), count, values);
        return SQLITE_OK;
    }
    static int next(sqlite3_vtab_cursor* cursor) {
        own(cursor).next();
        return SQLITE_OK;
    }
    static int eof(sqlite3_vtab_cursor* cursor) { return own(cursor).at_end() ? 1 : 0; }
    static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* context, int index) {
        own(cursor).column(table_of(cursor), context, index);
        return SQLITE_OK;
    }
    static int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) {
        *id = own(cursor).row_id();
        return SQLITE_OK;
    }

    static const sqlite3_module& module() {
        static const sqlite3_module made = [] {
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
        }();
        return made;
    }
};

}  // namespace mis::record
