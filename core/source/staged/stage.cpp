#include "source/staged/stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

#include "base/integer_key.hpp"
#include "base/timestamp.hpp"
#include "source/source.hpp"
#include "source/sql_words.hpp"
#include "source/staged/stage_row.hpp"
#include "sqlite/private_database.hpp"

namespace mis::source {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLookAtDiskEveryBytes = 16 * 1024 * 1024;

std::optional<std::size_t> column_index(const StreamDeclaration& stream, std::string_view name) {
    for (std::size_t index = 0; index < stream.columns.size(); ++index)
        if (stream.columns[index].name == name) return index;
    return std::nullopt;
}

bool has_number_keys(const StreamDeclaration& stream) {
    const auto index = column_index(stream, stream.key_column);
    return index && stream.columns[*index].type == ColumnType::integer;
}

std::string_view without_padding(std::string_view key) {
    return key.substr(0, key.find_last_not_of(' ') + 1);
}

void bind_key(
    sqlite::Statement& statement, int index, std::string_view key, bool keys_are_numbers
) {
    key = without_padding(key);
    if (const auto number = keys_are_numbers ? integer_key(key) : std::nullopt)
        statement.bind(index, *number);
    else
        statement.bind(index, key);
}

std::optional<std::int64_t> time_of(std::string_view text) {
    const auto time = LocalTime::parse(text);
    if (!time) return std::nullopt;
    return time->date.days * kUsPerDay + time->us_of_day;
}

// The columns whose times are kept beside the row: the stamps, then the window.
std::vector<std::optional<std::size_t>> time_columns(const StreamDeclaration& stream) {
    std::vector<std::optional<std::size_t>> columns;
    for (const std::string& stamp : stream.stamps)
        columns.push_back(column_index(stream, declared_name(stamp)));
    if (stream.window)
        columns.push_back(column_index(stream, declared_name(stream.window->column)));
    return columns;
}

}  // namespace

class Stage::File {
  public:
    explicit File(const StageLimits& limits)
        : bytes_max_(limits.bytes_max),
          folder_(fs::is_directory(limits.folder) ? limits.folder : fs::path("/var/tmp")),
          database_(sqlite::open_private_database(folder_, limits.bytes_max)) {}

    sqlite::Database& database() { return database_; }
    const fs::path& folder() const { return folder_; }
    bool is_at_limit() {
        try {
            auto pages = database_.prepare("pragma page_count");
            return pages.step() &&
                   (pages.integer(0) + kPagesOfSlack) * sqlite::kPrivatePageBytes >= bytes_max_;
        } catch (const sqlite::StoreError&) {
            return false;
        }
    }

  private:
    static constexpr std::int64_t kPagesOfSlack = 256;  // that a batch may want at once
    const std::int64_t bytes_max_;
    const fs::path folder_;
    sqlite::Database database_;
};

Stage::Stage(StageLimits limits) : limits_(std::move(limits)) {}
Stage::~Stage() = default;

Error Stage::explain(const std::exception& error) const {
    const auto* store = dynamic_cast<const sqlite::StoreError*>(&error);
    const bool full = store != nullptr && store->kind == sqlite::StoreError::Kind::full;
    if (full && file_ && file_->is_at_limit())
        return {
            ErrorKind::misconfigured,
            fmt::format(
                "what arrived takes more than {} MB of staging: raise limits.stage_bytes_max, or "
                "have less exported",
                limits_.bytes_max / 1'000'000
            )};
    return {ErrorKind::unavailable, fmt::format("staging: {}", error.what())};
}

Result<void> Stage::open() {
    if (file_) return {};
    try {
        file_ = std::make_unique<File>(limits_);
    } catch (const std::exception& error) {
        return fail(explain(error));
    }
    return {};
}

void Stage::erase() {
    tables_.clear();
    file_.reset();
}

void Stage::forget(const std::string& stream) {
    const auto table = tables_.find(stream);
    if (table == tables_.end()) return;
    try {
        file_->database().execute(fmt::format("drop table rows_{}", table->second));
    } catch (const sqlite::StoreError&) {
        // it stays until the whole is erased, under a number that nobody asks for
    }
    tables_.erase(table);
}

Result<std::unique_ptr<Stage::Filling>> Stage::fill(const StreamDeclaration& stream) {
    if (auto opened = open(); !opened) return fail(opened.error());
    const int table = ++tables_made_;
    std::string times;
    for (std::size_t index = 0; index < time_columns(stream).size(); ++index)
        times += fmt::format(", time_{} integer", index);
    try {
        file_->database().execute(
            fmt::format("create table rows_{} (id integer primary key, key{}, cells)", table, times)
        );
    } catch (const sqlite::StoreError& error) {
        return fail(explain(error));
    }
    return std::make_unique<Filling>(*this, table, stream);
}

Stage::Filling::Filling(Stage& stage, int table, const StreamDeclaration& stream)
    : stage_(stage), table_(table), stream_(stream) {
    const auto times = time_columns(stream_);
    insert_ = fmt::format("insert into rows_{} values (null, ?1", table_);
    for (std::size_t index = 0; index <= times.size(); ++index)
        insert_ += fmt::format(", ?{}", index + 2);
    insert_ += ")";
}

Stage::Filling::~Filling() {
    if (complete_ || !stage_.file_) return;
    try {
        stage_.file_->database().execute(fmt::format("drop table rows_{}", table_));
    } catch (const sqlite::StoreError&) {
        // it stays until the whole is erased, under a number that nobody asks for
    }
}

Result<void> Stage::Filling::put(RowBatch&& rows) {
    MIS_ASSERT(rows.columns() == stream_.columns.size());
    const auto key_column = column_index(stream_, stream_.key_column);
    MIS_ASSERT(key_column);
    const auto times = time_columns(stream_);
    const bool numbers = has_number_keys(stream_);
    try {
        sqlite::Transaction transaction(stage_.file_->database());
        auto insert = transaction.prepare(insert_);
        std::string cells;
        for (std::size_t row = 0; row < rows.rows(); ++row) {
            if (const auto key = rows.cell(row, *key_column); key && !without_padding(*key).empty())
                bind_key(insert, 1, *key, numbers);
            for (std::size_t index = 0; index < times.size(); ++index) {
                const auto cell = times[index] ? rows.cell(row, *times[index]) : std::nullopt;
                if (const auto time = cell ? time_of(*cell) : std::nullopt)
                    insert.bind(static_cast<int>(index) + 2, *time);
            }
            cells.clear();
            append_stage_row(cells, rows, row);
            insert.bind_blob_held(static_cast<int>(times.size()) + 2, cells);
            insert.run();
        }
        transaction.commit();
    } catch (const sqlite::StoreError& error) {
        return fail(stage_.explain(error));
    }
    bytes_since_look_ += static_cast<std::int64_t>(rows.bytes());
    if (stage_.limits_.free_disk_bytes_min == 0 || bytes_since_look_ < kLookAtDiskEveryBytes)
        return {};
    bytes_since_look_ = 0;
    std::error_code untold;
    const auto space = fs::space(stage_.file_->folder(), untold);
    const auto wanted = static_cast<std::uintmax_t>(stage_.limits_.free_disk_bytes_min);
    if (untold || space.available >= wanted) return {};
    return fail(
        ErrorKind::unavailable,
        fmt::format(
            "staging leaves less than {} MB free in {} (limits.free_disk_bytes_min): free some "
            "disk space there, or have less exported",
            wanted / 1'000'000, stage_.file_->folder().string()
        )
    );
}

Result<void> Stage::Filling::complete() {
    const std::size_t times = time_columns(stream_).size();
    try {
        auto& database = stage_.file_->database();
        database.execute(fmt::format("create index key_{0} on rows_{0} (key)", table_));
        for (std::size_t index = 0; index < times; ++index)
            database.execute(
                fmt::format("create index time_{0}_{1} on rows_{0} (time_{1})", table_, index)
            );
    } catch (const sqlite::StoreError& error) {
        return fail(stage_.explain(error));
    }
    complete_ = true;
    stage_.forget(stream_.name);
    stage_.tables_[stream_.name] = table_;
    return {};
}

Result<void> Stage::scan(
    const StreamDeclaration& stream, const Slice& slice,
    const std::function<Result<void>(std::string_view cells)>& visit
) {
    const auto table = tables_.find(stream.name);
    MIS_ASSERT(table != tables_.end());
    const bool numbers = has_number_keys(stream);
    const std::string from = fmt::format("select cells from rows_{} ", table->second);
    // what `visit` throws is of another store, and none of ours
    const auto step = [&](sqlite::Statement& rows) -> Result<bool> {
        try {
            return rows.step();
        } catch (const sqlite::StoreError& error) {
            return fail(explain(error));
        }
    };
    const auto all_of = [&](sqlite::Statement& rows) -> Result<void> {
        while (true) {
            const auto found = step(rows);
            if (!found) return fail(found.error());
            if (!*found) return {};
            if (auto visited = visit(rows.text(0)); !visited) return visited;
        }
    };
    auto& database = file_->database();
    switch (slice.by) {
        case Slice::By::stamp:
        case Slice::By::window: {
            const std::size_t index =
                slice.by == Slice::By::stamp ? slice.stamp_index : stream.stamps.size();
            const auto begin = time_of(slice.from), end = time_of(slice.to);
            if (index >= time_columns(stream).size() || !begin || !end)
                return fail(
                    ErrorKind::misconfigured,
                    fmt::format("stream {} has no such slice", stream.name)
                );
            auto rows = database.prepare(fmt::format(
                "{0}where time_{1} >= ?1 and time_{1} < ?2 order by time_{1}, id", from, index
            ));
            return all_of(rows.with(*begin, *end));
        }
        case Slice::By::key_walk: {
            const std::int64_t limit = slice.limit > 0 ? slice.limit : -1;
            auto rows = database.prepare(fmt::format(
                "{}{}order by key, id limit ?1", from,
                slice.after_id.empty() ? "" : "where key > ?2 "
            ));
            rows.bind(1, limit);
            if (!slice.after_id.empty()) bind_key(rows, 2, slice.after_id, numbers);
            return all_of(rows);
        }
        case Slice::By::deletes:
            return fail(
                ErrorKind::misconfigured, fmt::format("stream {} notes no deletions", stream.name)
            );
        case Slice::By::ids:
            break;
    }
    const std::set<std::string> once(slice.ids.begin(), slice.ids.end());
    auto rows = database.prepare(from + "where key = ?1 order by id");
    for (const std::string& id : once) {
        bind_key(rows, 1, id, numbers);
        if (auto done = all_of(rows); !done) return done;
        rows.reset();
    }
    return {};
}

Result<std::int64_t> Stage::read(
    const StreamDeclaration& stream, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take
) {
    std::int64_t rows = 0;
    RowBatch batch(stream.columns.size());
    const auto hand_over = [&]() -> Result<void> {
        if (batch.rows() == 0) return {};
        rows += static_cast<std::int64_t>(batch.rows());
        return take(std::exchange(batch, RowBatch(stream.columns.size())));
    };
    auto scanned = scan(stream, slice, [&](std::string_view cells) -> Result<void> {
        read_stage_row(cells, batch);
        if (batch.rows() < kBatchRowsMax / 2 && batch.bytes() < kBatchBytesMax / 2) return {};
        return hand_over();
    });
    if (!scanned) return fail(scanned.error());
    if (auto taken = hand_over(); !taken) return fail(taken.error());
    return rows;
}

Result<std::vector<std::string>> Stage::keys(
    const StreamDeclaration& stream, const Slice& slice, std::size_t most
) {
    const auto column = column_index(stream, stream.key_column);
    MIS_ASSERT(column);
    std::vector<std::string> found;
    auto read_all = read(stream, slice, [&](RowBatch&& rows) -> Result<void> {
        for (std::size_t row = 0; row < rows.rows(); ++row) {
            if (found.size() == most)
                return fail(ErrorKind::malformed, fmt::format("more than {} rows", most));
            found.emplace_back(rows.cell(row, *column).value_or(""));
        }
        return {};
    });
    if (!read_all) return fail(read_all.error());
    return found;
}

Result<std::int64_t> Stage::rows(const StreamDeclaration& stream) {
    const auto table = tables_.find(stream.name);
    MIS_ASSERT(table != tables_.end());
    try {
        auto count =
            file_->database().prepare(fmt::format("select count(*) from rows_{}", table->second));
        count.step();
        return count.integer(0);
    } catch (const sqlite::StoreError& error) {
        return fail(explain(error));
    }
}

Result<std::optional<std::vector<std::string>>> Stage::values_of(
    const StreamDeclaration& stream, std::size_t column, std::size_t most
) {
    std::set<std::string, std::less<>> found;
    Slice all;
    all.by = Slice::By::key_walk;
    auto read_all = read(stream, all, [&](RowBatch&& rows) -> Result<void> {
        for (std::size_t row = 0; row < rows.rows(); ++row)
            if (const auto cell = rows.cell(row, column); cell && found.size() <= most)
                found.emplace(*cell);
        return {};
    });
    if (!read_all) return fail(read_all.error());
    if (found.size() > most) return std::nullopt;
    return std::vector<std::string>(found.begin(), found.end());
}

Result<std::optional<std::string>> Stage::newest(
    const StreamDeclaration& stream, std::size_t stamp
) {
    const auto table = tables_.find(stream.name);
    MIS_ASSERT(table != tables_.end() && stamp < stream.stamps.size());
    const auto column = time_columns(stream)[stamp];
    if (!column) return std::nullopt;
    try {
        auto newest = file_->database().prepare(fmt::format(
            "select cells from rows_{0} where time_{1} = (select max(time_{1}) from rows_{0})",
            table->second, stamp
        ));
        if (!newest.step()) return std::nullopt;
        RowBatch row(stream.columns.size());
        read_stage_row(newest.text(0), row);
        return std::string(row.cell(0, *column).value_or(""));
    } catch (const sqlite::StoreError& error) {
        return fail(explain(error));
    }
}

}  // namespace mis::source
