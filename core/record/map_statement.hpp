// MapStatement: one connector's map, prepared once, in a private in-memory SQLite in which nothing
// but the current row exists.
//
// The authorizer allows a SELECT over `rows`, json_each and xml_each with the functions of
// map_functions.hpp, and nothing else. A step budget ends a map that runs away.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "record/map_row.hpp"

struct sqlite3;
struct sqlite3_context;
struct sqlite3_stmt;
struct sqlite3_value;

namespace mis::record {

inline constexpr int kMapStepsMax = 2'000'000;    // SQLite instructions per row
inline constexpr int kRecordsPerRowMax = 10'000;  // of a fan-out

class MapStatement {
  public:
    // misconfigured, naming the map's file and line: does not prepare, is no single select, uses
    // what the authorizer denies.
    static Result<std::unique_ptr<MapStatement>> prepare(
        const source::Connector& connector, const source::StreamDeclaration& stream,
        const MapContext& context
    );
    MapStatement(const MapStatement&) = delete;
    MapStatement& operator=(const MapStatement&) = delete;
    ~MapStatement();

    const std::vector<std::string>& columns() const {
        return columns_;
    }  // lower case, as the select names them

    // SQLite repeats an expression of an inner select wherever an outer one names its column, and
    // leaves out those that nobody names. `once` computes each a single time, several times faster
    // for a map in steps, but computes also what nobody names: the records are the same as long as
    // no function had anything to remark. When one had, only `as_written` says what of it counts.
    enum class Evaluation { once, as_written };
    void begin(const source::RowBatch& batch, std::size_t row, Evaluation evaluation);
    bool has_steps() const { return once_ != nullptr; }  // false: `once` would be the same
    bool step();  // true: a result row is there; false: the end, or an issue
    struct Value {
        enum class Kind { null, text, binary_fraction, blob } kind = Kind::null;
        std::string_view text;      // valid until the next value or step
        MapIssue* issue = nullptr;  // of a null: why
        unsigned note = 0;          // number of the note that came along, from 1
    };
    Value value(std::size_t column);
    MapRow& row() { return row_; }

  private:
    explicit MapStatement(const MapContext& context) : context_(context) {}
    friend struct RowsTable;

    struct Declared {
        std::string name;
        source::ColumnType type;
    };
    sqlite3* database_ = nullptr;
    sqlite3_stmt *as_written_ = nullptr, *once_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;  // of the two, the one begun
    std::vector<std::string> columns_;
    std::vector<Declared> declared_;
    MapContext context_;
    source::CodeTable codes_;
    std::map<std::string, std::string> site_defaults_;
    std::string denied_;  // what the authorizer refused last, for the message
    bool reads_rows_ = false;
    int selects_ = 0;  // inner ones included
    int budget_ = 0;
    std::array<char, 24> number_{};  // text of the value asked for last
    MapRow row_;

    void give_cell(sqlite3_context* context, std::size_t column);  // of the current row
    sqlite3_stmt* prepare(const std::string& sql);                 // null: the connection says why
    static int
    authorize(void* self, int action, const char* first, const char* second, const char*, const char*);
    static int spend(void* self);
};

}  // namespace mis::record
