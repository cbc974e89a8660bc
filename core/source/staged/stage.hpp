// Stage: a private place on disk for the rows of sources whose streams arrive whole (files,
// services that answer all or nothing, snapshots that others send), so that they can be asked in
// slices as a base is.
//
// Lives for one pass of one source: made when the first row comes, gone with erase(), with the
// object and with the process, for the file has no name (mode 0600, unlinked as soon as it is
// open). Rows of a stream count when all of them are there; an incomplete filling leaves nothing.
// One thread at a time. Errors: misconfigured, more bytes than allowed; unavailable, the disk.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/connector.hpp"
#include "source/row_reader.hpp"

namespace mis::source {

struct StageLimits {
    std::filesystem::path folder;            // where there is none: the system's /var/tmp
    std::int64_t bytes_max = 8'000'000'000;  // of all its streams
    std::int64_t free_disk_bytes_min = 0;    // that a filling must leave
};

class Stage {
  public:
    explicit Stage(StageLimits limits);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    // The rows of one stream, in the making. Destroyed before complete(): none of them is kept.
    class Filling {
      public:
        Filling(Stage& stage, int table, const StreamDeclaration& stream);
        ~Filling();
        Filling(const Filling&) = delete;
        Filling& operator=(const Filling&) = delete;

        // Rows in the order of `columns:`, with their issues and notes.
        Result<void> put(RowBatch&& rows);
        // They take the place of what the stream had.
        Result<void> complete();

      private:
        Stage& stage_;
        const int table_;
        const StreamDeclaration& stream_;
        std::string insert_;
        std::int64_t bytes_since_look_ = 0;
        bool complete_ = false;
    };
    Result<std::unique_ptr<Filling>> fill(const StreamDeclaration& stream);

    bool holds(const std::string& stream) const { return tables_.contains(stream); }
    void forget(const std::string& stream);
    void erase();

    // As RowReader::read() and keys(), of a stream that it holds: every kind of slice; a walk in
    // the order of the keys (numbers as such where the key column is an integer, else bytes),
    // with limit 0 to the end, rows without a key first. Times compare as times.
    Result<std::int64_t> read(
        const StreamDeclaration& stream, const Slice& slice,
        const std::function<Result<void>(RowBatch&&)>& take
    );
    Result<std::vector<std::string>> keys(
        const StreamDeclaration& stream, const Slice& slice, std::size_t most
    );

    Result<std::int64_t> rows(const StreamDeclaration& stream);
    // Each value once; nullopt: more than `most`.
    Result<std::optional<std::vector<std::string>>> values_of(
        const StreamDeclaration& stream, std::size_t column, std::size_t most
    );
    // The latest time in that stamp.
    Result<std::optional<std::string>> newest(const StreamDeclaration& stream, std::size_t stamp);

  private:
    class File;
    Result<void> open();
    Error explain(const std::exception& error) const;
    // Calls `visit` with the cells of each row of the slice until it fails.
    Result<void> scan(
        const StreamDeclaration& stream, const Slice& slice,
        const std::function<Result<void>(std::string_view cells)>& visit
    );

    const StageLimits limits_;
    std::unique_ptr<File> file_;         // once there is something to keep
    std::map<std::string, int> tables_;  // stream → number of its table
    int tables_made_ = 0;
};

}  // namespace mis::source
