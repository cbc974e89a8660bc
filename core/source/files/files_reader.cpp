#include "source/files/files_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <system_error>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "source/files/formats.hpp"
#include "source/staged/staged_source.hpp"

namespace mis::source::files {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kUnsettledUsMax = 600 * kUsPerSecond;  // then it is told as an error
constexpr std::size_t kFilesMax = 10'000;

// Of programs that write: locks of office suites, downloads, copies under way.
bool is_auxiliary(const std::string& name) {
    const std::string lower = to_lower(name);
    return name.starts_with('.') || name.starts_with("~$") || name.ends_with('~') ||
           lower.ends_with(".tmp") || lower.ends_with(".part") || lower.ends_with(".partial") ||
           lower.ends_with(".crdownload") || lower.ends_with(".filepart");
}

Result<std::string> digest_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::string chunk(256 * 1024, '\0');
    Sha256 hash;
    while (in) {
        in.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
        hash.update(std::string_view(chunk).substr(0, static_cast<std::size_t>(in.gcount())));
    }
    if (in.bad() || !in.eof())
        return fail(
            ErrorKind::unavailable,
            "cannot be read: see that the user that runs this may, and that its disk is there"
        );
    return to_hex(hash.finish());
}

}  // namespace

Opener opener(config::FilesConfig settings) {
    return [settings = std::move(settings)](
               const Connector& connector, const SourceOptions& options, const Clock& clock
           ) -> Result<std::unique_ptr<Source>> {
        if (connector.source_kind != "files")
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "connector {} is of kind {} and reads no files: name a connector that does",
                    connector.name, connector.source_kind
                )
            );
        for (const auto& [names, what] :
             {std::pair(&settings.patterns, "patterns"), std::pair(&settings.columns, "columns")})
            for (const auto& [name, value] : *names) {
                const std::string stream = name.substr(0, name.find('.'));
                const auto known = std::find_if(
                    connector.streams.begin(), connector.streams.end(),
                    [&](const auto& one) { return one.name == stream; }
                );
                const bool is_column =
                    known != connector.streams.end() && names == &settings.columns &&
                    std::any_of(
                        known->columns.begin(), known->columns.end(),
                        [&](const auto& column) { return stream + "." + column.name == name; }
                    );
                if (known == connector.streams.end() || (names == &settings.columns && !is_column))
                    return fail(
                        ErrorKind::misconfigured,
                        fmt::format(
                            "files.{}: connector {} has no {} {}: write {}", what, connector.name,
                            names == &settings.columns ? "column" : "stream", name,
                            names == &settings.columns ? "STREAM.COLUMN as its connector.yaml says"
                                                       : "a stream of its connector.yaml"
                        )
                    );
            }
        return std::make_unique<StagedSource>(
            connector, std::make_unique<FilesReader>(connector, settings, clock), clock, options
        );
    };
}

FilesReader::FilesReader(
    const Connector& connector, config::FilesConfig settings, const Clock& clock
)
    : connector_(connector), settings_(std::move(settings)), clock_(clock) {}

const std::string& FilesReader::pattern_of(const StreamDeclaration& stream) const {
    const auto own = settings_.patterns.find(stream.name);
    return own == settings_.patterns.end() ? stream.file->pattern : own->second;
}

Result<std::vector<FilesReader::Export>> FilesReader::files_of(std::string_view pattern) const {
    std::vector<Export> found;
    std::error_code problem;
    fs::directory_iterator entries(settings_.folder, problem);
    std::size_t looked_at = 0;
    for (; !problem && entries != fs::directory_iterator(); entries.increment(problem)) {
        const std::string name = entries->path().filename().string();
        if (++looked_at > kFilesMax)
            return fail(
                ErrorKind::misconfigured, fmt::format(
                                              "{} holds more than {} files: move old ones away",
                                              settings_.folder.string(), kFilesMax
                                          )
            );
        if (is_auxiliary(name) || !matches(pattern, name)) continue;
        if (const auto state = platform::state_of_file(entries->path()))
            found.push_back({entries->path(), *state});
    }
    if (problem)
        return fail(
            ErrorKind::unavailable,
            fmt::format(
                "looking into {}: {}: make it, or let the user that runs this read it "
                "(files.folder)",
                settings_.folder.string(), problem.message()
            )
        );
    return found;
}

Result<FilesReader::Export> FilesReader::newest(const StreamDeclaration& stream) const {
    auto found = files_of(pattern_of(stream));
    if (!found) return fail(found.error());
    if (const std::string& marker = stream.file->marker; !marker.empty())
        std::erase_if(*found, [&](const Export& file) {
            return file.path.string().ends_with(marker);
        });
    if (found->empty())
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "no file in {} is called {}: put the export there, or say under files.patterns how "
                "it is called",
                settings_.folder.string(), pattern_of(stream)
            )
        );
    return *std::max_element(found->begin(), found->end(), [](const Export& a, const Export& b) {
        return std::pair(a.state.modified_us, a.path) < std::pair(b.state.modified_us, b.path);
    });
}

std::optional<std::string> FilesReader::why_unsettled(
    const StreamDeclaration& stream, const Export& file
) {
    if (const std::string& marker = stream.file->marker; !marker.empty()) {
        const auto mark = platform::state_of_file(file.path.string() + marker);
        if (!mark) return fmt::format("waits for its marker {}", marker);
        if (mark->modified_us < file.state.modified_us)
            return fmt::format("is newer than its marker {}", marker);
        return std::nullopt;
    }
    const std::int64_t settle_us = settings_.settle_seconds * kUsPerSecond;
    const std::int64_t latest_us = std::max(file.state.modified_us, file.state.changed_us);
    const std::int64_t age_us = clock_.unix_us() - latest_us;
    if (age_us >= settle_us) {
        seen_.erase(file.path);
        return std::nullopt;
    }
    // a share's clock may run ahead of ours: then what counts is that we saw no change
    auto& seen = seen_.try_emplace(file.path, Seen{file.state, clock_.steady()}).first->second;
    if (seen.state != file.state) seen = {file.state, clock_.steady()};
    if (clock_.steady() - seen.since >= std::chrono::seconds(settings_.settle_seconds))
        return std::nullopt;
    return fmt::format(
        "may still be written: it changed less than {} s ago (files.settle_seconds)",
        settings_.settle_seconds
    );
}

Result<void> FilesReader::read(const StreamDeclaration& stream, const Wanted&, const Put& put) {
    const auto file = newest(stream);
    if (!file) return fail(file.error());
    const std::string name = file->path.filename().string();
    if (const auto why = why_unsettled(stream, *file))
        return fail(ErrorKind::unavailable, fmt::format("{} {}", name, *why));
    taken_.erase(stream.name);
    auto digest = digest_of(file->path);
    if (!digest) return fail(digest.error().within(name));
    if (auto done = read_file(stream, *file, put); !done)
        return fail(
            done.error().kind == ErrorKind::cancelled ? done.error() : done.error().within(name)
        );
    if (platform::state_of_file(file->path) != file->state)
        return fail(
            ErrorKind::unavailable, fmt::format("{} changed while it was read: read again", name)
        );
    taken_[stream.name] = {file->state, *std::move(digest)};
    return {};
}

Result<void> FilesReader::read_file(
    const StreamDeclaration& stream, const Export& file, const Put& put
) {
    const FileDeclaration& form = *stream.file;
    const auto format = form.format == Format::by_name ? format_by_name(file.path) : form.format;
    const auto width = format == Format::csv ? TableRows::Width::exact : TableRows::Width::any;
    TableRows rows(stream, settings_.columns, width, put);
    return read_rows(form, file, rows);
}

Result<void> FilesReader::read_rows(FileDeclaration form, const Export& file, RowSink& rows) const {
    if (!settings_.encoding.empty()) form.encoding = settings_.encoding;
    if (form.format == Format::by_name) form.format = format_by_name(file.path);
    switch (form.format) {
        case Format::csv:
            return read_csv(file.path, form, rows);
        case Format::json_lines:
            return read_json_lines(file.path, form, rows);
        case Format::json:
            return read_json(file.path, form, rows);
        case Format::xml:
            return read_xml(file.path, form, rows);
        case Format::xlsx:
            return read_xlsx(file.path, form, rows);
        case Format::dbf:
            return read_dbf(file.path, form, rows);
        case Format::by_name:
            break;
    }
    return fail(
        ErrorKind::misconfigured,
        "its name does not end as one of .csv .txt .jsonl .xml .xlsx .dbf: say the stream's "
        "file.format"
    );
}

bool FilesReader::stands_as_read(const StreamDeclaration& stream) {
    const auto taken = taken_.find(stream.name);
    if (taken == taken_.end()) return false;
    const auto file = newest(stream);
    if (!file) return false;
    if (file->state == taken->second.state) return true;
    if (why_unsettled(stream, *file))
        return clock_.unix_us() - file->state.changed_us < kUnsettledUsMax;
    const auto digest = digest_of(file->path);
    if (!digest || *digest != taken->second.digest) return false;
    taken->second.state = file->state;
    return true;
}

// The folder is what the site means by this source.
Result<std::string> FilesReader::fingerprint() {
    return fmt::format("files of {} in {}", connector_.name, settings_.folder.string());
}

Result<std::string> FilesReader::request_text(const StreamDeclaration& stream, const Wanted&) {
    const auto file = newest(stream);
    return fmt::format(
        "the newest of {} in {}: {}", pattern_of(stream), settings_.folder.string(),
        file ? file->path.filename().string() : "none"
    );
}

Result<void> FilesReader::probe(ProbeReport& report) {
    report.server = fmt::format("the folder {}", settings_.folder.string());
    if (auto found = files_of("*"); !found) return fail(found.error());
    return {};
}

Format format_by_name(const fs::path& file) {
    const std::string end = to_lower(file.extension().string());
    if (end == ".csv" || end == ".txt" || end == ".tsv") return Format::csv;
    if (end == ".jsonl" || end == ".ndjson" || end == ".json") return Format::json_lines;
    if (end == ".xml") return Format::xml;
    if (end == ".xlsx" || end == ".xlsm") return Format::xlsx;
    if (end == ".dbf") return Format::dbf;
    return Format::by_name;
}

}  // namespace mis::source::files
