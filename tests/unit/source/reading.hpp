// A connector made for one test, a source on a base, and its rows as lines of text.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "base/clock.hpp"
#include "source/firebird/settings.hpp"
#include "support/firebird_fixture.hpp"

namespace mis::source::testing {

inline StreamDeclaration stream_of(
    std::string name, std::string key, std::string fetch, std::vector<ColumnDeclaration> columns
) {
    StreamDeclaration stream;
    stream.name = std::move(name);
    stream.kind = stream.name;
    stream.key = std::move(key);
    stream.fetch_sql = std::move(fetch);
    stream.fetch_file = stream.name + ".fetch.sql";
    stream.columns = std::move(columns);
    return stream;
}

inline Connector connector_of(std::vector<StreamDeclaration> streams) {
    Connector connector;
    connector.name = "test";
    connector.source_kind = "sql";
    connector.dialect = "firebird";
    connector.streams = std::move(streams);
    return connector;
}

inline FirebirdSettings embedded(const std::string& file) {
    FirebirdSettings settings;
    settings.database = file;
    settings.user = "SYSDBA";
    settings.effort = {100, 100};
    return settings;
}

inline FirebirdSettings remote(const support::FirebirdServer& server, const std::string& name) {
    FirebirdSettings settings = embedded(server.file(name));
    settings.host = "127.0.0.1";
    settings.port = server.port();
    settings.password = "masterkey";
    settings.connect_seconds_max = 5;
    return settings;
}

inline std::unique_ptr<Source> source_on(
    const Connector& connector, const FirebirdSettings& settings, SourceOptions options = {}
) {
    static SystemClock clock;
    auto source = firebird::open(connector, settings, clock, std::move(options));
    REQUIRE_MESSAGE(source.has_value(), (source ? "" : source.error().text));
    return *std::move(source);
}

// "1|Тестова|<null>" per row; issues and notes behind it as " !…" and " ~…".
inline Result<std::vector<std::string>> lines(
    Source& source, const std::string& stream, const Slice& slice
) {
    std::vector<std::string> found;
    auto report = source.read(stream, slice, [&](RowBatch&& batch) -> Result<void> {
        CHECK(batch.rows() <= kBatchRowsMax);
        for (std::size_t row = 0; row < batch.rows(); ++row) {
            std::string line;
            for (std::size_t column = 0; column < batch.columns(); ++column)
                line += (column == 0 ? "" : "|") +
                        std::string(batch.cell(row, column).value_or("<null>"));
            for (const std::string& issue : batch.issues_of(row)) line += " !" + issue;
            for (const std::string& note : batch.notes_of(row)) line += " ~" + note;
            found.push_back(std::move(line));
        }
        return {};
    });
    if (!report) return fail(report.error());
    CHECK(report->rows == static_cast<std::int64_t>(found.size()));
    return found;
}

inline std::vector<std::string> must_read(
    Source& source, const std::string& stream, const Slice& slice
) {
    auto found = lines(source, stream, slice);
    REQUIRE_MESSAGE(found.has_value(), (found ? "" : found.error().text));
    return *std::move(found);
}

inline Slice key_walk(std::string after, int limit) {
    Slice slice;
    slice.by = Slice::By::key_walk;
    slice.after_id = std::move(after);
    slice.limit = limit;
    return slice;
}

inline Slice by_ids(std::vector<std::string> ids) {
    Slice slice;
    slice.by = Slice::By::ids;
    slice.ids = std::move(ids);
    return slice;
}

inline Slice between(Slice::By by, std::string from, std::string to) {
    Slice slice;
    slice.by = by;
    slice.from = std::move(from);
    slice.to = std::move(to);
    return slice;
}

using Lines = std::vector<std::string>;

}  // namespace mis::source::testing
