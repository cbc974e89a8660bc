// The kind `files`: exports that lie in a folder. A stream is the newest file of its pattern; a new
// export takes the place of the one before, a file is read again only when its content is another.
//
// A file that changed a moment ago, or whose marker is missing, is being written: the stream waits
// for it and never goes back to an older one. What changed while it was read does not count.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "config/connection_config.hpp"
#include "platform/file_state.hpp"
#include "source/files/declaration.hpp"
#include "source/source.hpp"
#include "source/staged/whole_reader.hpp"

namespace mis::source::files {

class HeadRows;
class RowSink;

Opener opener(config::FilesConfig settings);

class FilesReader final : public WholeReader {
  public:
    FilesReader(const Connector& connector, config::FilesConfig settings, const Clock& clock);

    Result<void> read(const StreamDeclaration& stream, const Wanted& wanted, const Put& put)
        override;
    bool stands_as_read(const StreamDeclaration& stream) override;
    Result<std::string> fingerprint() override;
    // discover_files.cpp
    Result<std::vector<TableDescription>> discover() override;
    Result<std::optional<std::string>> known_by() override;
    std::vector<Question> questions() override;
    Result<void> probe(ProbeReport& report) override;
    Result<std::string> request_text(const StreamDeclaration& stream, const Wanted& wanted)
        override;

  private:
    struct Export {
        std::filesystem::path path;
        platform::FileState state;
    };
    struct Taken {
        platform::FileState state;
        std::string digest;
    };
    const std::string& pattern_of(const StreamDeclaration& stream) const;
    Result<std::vector<Export>> files_of(std::string_view pattern) const;
    // misconfigured: there is none.
    Result<Export> newest(const StreamDeclaration& stream) const;
    // Why it may still be written; nullopt: it is not.
    std::optional<std::string> why_unsettled(const StreamDeclaration& stream, const Export& file);
    Result<void> read_rows(FileDeclaration form, const Export& file, RowSink& rows) const;
    bool is_known_heading(std::string_view name) const;
    // The beginning of a file of that stream, or of nobody's.
    Result<std::unique_ptr<HeadRows>> head_of(const StreamDeclaration* stream, const Export& file)
        const;
    Result<void> read_file(const StreamDeclaration& stream, const Export& file, const Put& put);

    const Connector connector_;
    const config::FilesConfig settings_;
    const Clock& clock_;
    std::map<std::string, Taken> taken_;  // stream → what was read last
    struct Seen {
        platform::FileState state;
        std::chrono::nanoseconds since;
    };
    std::map<std::filesystem::path, Seen> seen_;  // that looked as if being written
};

}  // namespace mis::source::files
