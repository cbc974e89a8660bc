#include "record/map_statement.hpp"

#include <sqlite3.h>

#include <charconv>

#include "base/text.hpp"
#include "record/eponymous_table.hpp"
#include "record/map_functions.hpp"
#include "record/map_sql.hpp"
#include "sqlite/library.hpp"

namespace mis::record {

// `rows`: eponymous virtual table of one row, the current one. Its columns are those that
// connector.yaml declares.
struct RowsTable : sqlite3_vtab {
    MapStatement* owner = nullptr;

    static std::string_view affinity(source::ColumnType type) {
        switch (type) {
            case source::ColumnType::integer:
            case source::ColumnType::boolean:
                return "integer";
            case source::ColumnType::decimal:
                return "numeric";  // compares as a number, stays the exact text
            default:
                return "text";
        }
    }
    static std::string declaration(const MapStatement& statement) {
        std::string sql = "create table rows(";
        for (const auto& column : statement.declared_) {
            if (sql.back() != '(') sql += ',';
            sql.append("\"").append(column.name).append("\" ").append(affinity(column.type));
        }
        return sql + ")";
    }
    static int best_index(sqlite3_index_info& info) {
        info.estimatedCost = 1;
        info.estimatedRows = 1;
        return SQLITE_OK;
    }

    struct Cursor : sqlite3_vtab_cursor {
        bool passed = false;

        void filter(RowsTable&, int, sqlite3_value**) { passed = false; }
        void next() { passed = true; }
        bool at_end() const { return passed; }
        sqlite3_int64 row_id() const { return 1; }
        void column(RowsTable& table, sqlite3_context* context, int index) {
            table.owner->give_cell(context, static_cast<std::size_t>(index));
        }
    };
};

void MapStatement::give_cell(sqlite3_context* context, std::size_t column) {
    const auto cell = row_.batch->cell(row_.row, column);
    if (!cell) return sqlite3_result_null(context);
    const Declared& declared = declared_[column];
    if (declared.type != source::ColumnType::integer &&
        declared.type != source::ColumnType::boolean)
        return sqlite3_result_text(
            context, cell->data(), static_cast<int>(cell->size()), SQLITE_STATIC
        );
    std::int64_t number = 0;
    const char* const end = cell->data() + cell->size();
    const auto [stopped, error] = std::from_chars(cell->data(), end, number);
    if (error == std::errc() && stopped == end) return sqlite3_result_int64(context, number);
    if (trim(*cell).empty()) return sqlite3_result_null(context);
    MapIssue* issue = row_.add_issue(
        "column " + declared.name + " of the row: declared as a whole number, and is none"
    );
    sqlite3_result_pointer(context, issue, kIssuePointer, nullptr);
}

namespace {

// Of SQLite's optimizations, the one that dissolves an inner select into the outer one. Switching
// it off is an interface of SQLite's own tests; where a build lacks it, both statements are alike.
constexpr unsigned kQueryFlattener = 0x1;

void limit(sqlite3* database) {
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 16 * 1024 * 1024);
    sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, 200'000);
    sqlite3_limit(database, SQLITE_LIMIT_COLUMN, 500);
    sqlite3_limit(database, SQLITE_LIMIT_EXPR_DEPTH, 200);
    sqlite3_limit(database, SQLITE_LIMIT_COMPOUND_SELECT, 20);
    sqlite3_limit(database, SQLITE_LIMIT_VDBE_OP, 50'000);
    sqlite3_limit(database, SQLITE_LIMIT_FUNCTION_ARG, 32);
    sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(database, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 500);
    sqlite3_limit(database, SQLITE_LIMIT_VARIABLE_NUMBER, 0);
    sqlite3_limit(database, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
    sqlite3_limit(database, SQLITE_LIMIT_WORKER_THREADS, 0);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
}

}  // namespace

Result<std::unique_ptr<MapStatement>> MapStatement::prepare(
    const source::Connector& connector, const source::StreamDeclaration& stream,
    const MapContext& context
) {
    const std::string file =
        stream.map_file.empty() ? stream.name + ".sql" : stream.map_file.string();
    const auto wrong = [&](const std::string& text) {
        return fail(ErrorKind::misconfigured, file + ": " + text);
    };
    const std::string& sql = stream.map_sql;
    if (const auto form = check_map_form(sql); !form) return wrong(form.error().text);
    if (stream.columns.empty()) return wrong("connector.yaml declares no columns for this stream");

    std::unique_ptr<MapStatement> made(new MapStatement(context));
    made->codes_ = connector.codes;
    made->site_defaults_ = connector.site_defaults;
    made->row_.context = &made->context_;
    made->row_.codes = &made->codes_;
    made->row_.site_defaults = &made->site_defaults_;
    for (const auto& column : stream.columns)
        made->declared_.push_back({to_lower(column.name), column.type});
    for (const auto& call : literal_calls(sql, {"code", "site"})) {
        const std::string at = "line " + std::to_string(call.line) + ": ";
        if (call.function == "code" && !made->codes_.lists.contains(call.literal))
            return wrong(
                at + "code('" + call.literal + "', …): codes.csv has no list of that name"
            );
        if (call.function == "site" && !made->site_defaults_.contains(call.literal) &&
            !context.site.contains(call.literal))
            return wrong(
                at + "site('" + call.literal +
                "'): connector.yaml's site: has no value of that name"
            );
    }

    sqlite::set_up_library();
    if (sqlite3_open_v2(
            ":memory:", &made->database_,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr
        ) != SQLITE_OK)
        throw std::bad_alloc();
    sqlite3* database = made->database_;
    limit(database);
    register_map_functions(database, &made->row_);
    register_map_tables(database, &made->row_);
    EponymousTable<RowsTable, MapStatement>::add(database, "rows", made.get(), nullptr);
    // Before the authorizer: SQLite reads its own schema table, and the tables declare their
    // columns, at first use.
    for (const char* first_use :
         {"select 1 from rows", "select 1 from json_each('[]')",
          "select 1 from xml_each('<x/>')"}) {
        sqlite3_stmt* once = nullptr;
        sqlite3_prepare_v2(database, first_use, -1, &once, nullptr);
        sqlite3_finalize(once);
    }
    sqlite3_set_authorizer(database, authorize, made.get());
    made->as_written_ = made->statement_ = made->prepare(sql);
    if (!made->as_written_) {
        const int offset = sqlite3_error_offset(database);
        const std::string at =
            offset < 0
                ? ""
                : "line " + std::to_string(line_of(sql, static_cast<std::size_t>(offset))) + ": ";
        std::string text = made->denied_.empty() ? sqlite3_errmsg(database) : made->denied_;
        if (text.find("no such column") != std::string::npos) {
            text += "; rows has";
            for (const auto& column : made->declared_) text += " " + column.name;
        }
        return wrong(at + text);
    }
    if (!made->reads_rows_) return wrong("does not select from rows");
    for (int i = 0; i < sqlite3_column_count(made->statement_); ++i)
        made->columns_.push_back(to_lower(sqlite3_column_name(made->statement_, i)));
    if (made->selects_ > 1) {
        sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, database, kQueryFlattener);
        made->once_ = made->prepare(sql);
        sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, database, 0);
    }
    sqlite3_progress_handler(database, 1000, spend, made.get());
    return made;
}

MapStatement::~MapStatement() {
    sqlite3_finalize(as_written_);
    sqlite3_finalize(once_);
    sqlite3_close_v2(database_);
}

int MapStatement::
    authorize(void* self, int action, const char* first, const char* second, const char*, const char*) {
    auto& map = *static_cast<MapStatement*>(self);
    const std::string_view name = first ? first : "", detail = second ? second : "";
    switch (action) {
        case SQLITE_SELECT:
            ++map.selects_;
            return SQLITE_OK;
        case SQLITE_READ:
            if (name == "rows") map.reads_rows_ = true;
            if (is_map_table(name) || name.empty()) return SQLITE_OK;
            // a subquery's or CTE's own name: only real tables of the schema could do harm, and
            // there are none but SQLite's
            if (!name.starts_with("sqlite_") && !name.starts_with("pragma_")) return SQLITE_OK;
            map.denied_ = "table " + std::string(name) +
                          " is not for maps; there are rows, json_each and xml_each";
            return SQLITE_DENY;
        case SQLITE_FUNCTION:
            if (is_map_function(detail)) return SQLITE_OK;
            map.denied_ = "function " + std::string(detail) +
                          " is not for maps; connectors/README.md lists those that are";
            return SQLITE_DENY;
        default:
            map.denied_ = "only a select is allowed in a map";
            return SQLITE_DENY;
    }
}

int MapStatement::spend(void* self) {
    return --static_cast<MapStatement*>(self)->budget_ < 0 ? 1 : 0;
}

sqlite3_stmt* MapStatement::prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v3(
        database_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
        nullptr
    );
    return statement;
}

void MapStatement::begin(const source::RowBatch& batch, std::size_t row, Evaluation evaluation) {
    sqlite3_reset(statement_);
    statement_ = evaluation == Evaluation::once && once_ ? once_ : as_written_;
    row_.begin(batch, row);
    budget_ = kMapStepsMax / 1000;
}

bool MapStatement::step() {
    const int rc = sqlite3_step(statement_);
    if (rc == SQLITE_ROW) return true;
    if (rc == SQLITE_INTERRUPT)
        row_.add_issue("the map ran too long");
    else if (rc != SQLITE_DONE)
        row_.add_issue(std::string("the map failed: ") + sqlite3_errstr(rc));
    return false;
}

MapStatement::Value MapStatement::value(std::size_t column) {
    // this connection is ours alone, so its values need no protection
    sqlite3_value* const held = sqlite3_column_value(statement_, static_cast<int>(column));
    Value value;
    switch (sqlite3_value_type(held)) {
        case SQLITE_NULL:
            value.issue = static_cast<MapIssue*>(sqlite3_value_pointer(held, kIssuePointer));
            return value;
        case SQLITE_FLOAT:
            value.kind = Value::Kind::binary_fraction;
            return value;
        case SQLITE_BLOB:
            value.kind = Value::Kind::blob;
            return value;
        case SQLITE_INTEGER: {
            value.kind = Value::Kind::text;
            const auto end = std::to_chars(
                number_.data(), number_.data() + number_.size(), sqlite3_value_int64(held)
            );
            value.text = {number_.data(), static_cast<std::size_t>(end.ptr - number_.data())};
            break;
        }
        default: {
            value.kind = Value::Kind::text;
            // as a blob it need not end with a zero, for which SQLite would copy it
            const auto* text = static_cast<const char*>(sqlite3_value_blob(held));
            value.text = {text ? text : "", static_cast<std::size_t>(sqlite3_value_bytes(held))};
            break;
        }
    }
    if (!row_.notes.empty()) value.note = sqlite3_value_subtype(held);
    return value;
}

}  // namespace mis::record
