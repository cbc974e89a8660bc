#include "source/stream_files.hpp"

#include <algorithm>
#include <iterator>

#include "base/crypto.hpp"
#include "base/file_text.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "source/declared_text.hpp"
#include "source/fetch_text.hpp"
#include "source/sql_words.hpp"

namespace mis::source {
namespace {

using config::pointer_to;
using config::YamlDocument;

constexpr const char* kDialects[] = {"firebird", "sql_server", "postgresql", "mariadb"};

bool names_column(const std::string& fetch_sql, std::string_view column) {
    const auto words = identifiers_in(fetch_sql);
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
        return to_lower(word) == column;
    });
}

// `document`: that declares the stream.
Result<void> check_fetch(const StreamDeclaration& stream, const YamlDocument& document) {
    auto pieces = parse_fetch(stream.fetch_sql, stream.fetch_file.string());
    if (!pieces) return fail(pieces.error());
    const auto slices = std::count_if(pieces->begin(), pieces->end(), [](const auto& piece) {
        return piece.kind == FetchPiece::Kind::slice;
    });
    if (slices != 1)
        return fail(
            ErrorKind::misconfigured, fmt::format(
                                          "{}:1: {{slice}} stands {} times: write it once, in the "
                                          "where clause: `where {{slice}}`",
                                          stream.fetch_file.string(), slices
                                      )
        );
    if (stream.window) {  // the rest of the columns the server tells when it prepares the fetch
        const std::string column = declared_name(stream.window->column);
        if (!names_column(stream.fetch_sql, column))
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "{}: streams.{}.window.column: {} selects no column {}: add `{}` to its "
                    "select list, without another name",
                    document.where("/streams/" + stream.name + "/window/column"), stream.name,
                    stream.fetch_file.filename().string(), column, stream.window->column
                )
            );
    }
    std::vector<std::string> names = stream.stamps;
    names.push_back(stream.key);
    if (stream.window) names.push_back(stream.window->column);
    for (const std::string& name : names) {
        auto name_pieces = parse_fetch(name, document.file());
        if (!name_pieces) return fail(name_pieces.error());
        for (const FetchPiece& piece : *name_pieces)
            if (piece.kind == FetchPiece::Kind::slice || piece.kind == FetchPiece::Kind::table ||
                piece.kind == FetchPiece::Kind::day)
                return fail(
                    ErrorKind::misconfigured, fmt::format(
                                                  "{}: `{}` in stream {} has to be a column",
                                                  document.file(), name, stream.name
                                              )
                );
    }
    return {};
}

// A new version means that the same row may mean something else: the map's text, and the rows of
// the lists that it asks for; of a site's own also which rows there are, and what they hold.
std::string version_of(const StreamDeclaration& stream, const CodeTable& codes) {
    Sha256 hash;
    hash.update(stream.map_sql);
    for (const auto& [list, values] : codes.lists) {
        if (stream.map_sql.find("'" + list + "'") == std::string::npos) continue;
        for (const auto& [code, canonical] : values)
            hash.update(fmt::format("\n{}\t{}\t{}", list, code, canonical));
    }
    if (stream.own.fetch) {
        hash.update("\nfetch\t" + stream.fetch_sql);
        for (const auto& [dialect, text] : stream.fetch_twins)
            hash.update("\n" + dialect + "\t" + text);
    }
    if (stream.own.declaration) {
        hash.update(fmt::format("\nstream\t{}\t{}\t{}", stream.kind, stream.key, stream.key_column)
        );
        for (const auto& column : stream.columns)
            hash.update(fmt::format(
                "\n{}\t{}\t{}", column.name, static_cast<int>(column.type), column.decimals
            ));
    }
    return to_hex(hash.finish()).substr(0, 12);
}

// The text of a stream's file; nullopt: there is none. misconfigured: no UTF-8.
Result<std::optional<std::string>> checked_text(const std::filesystem::path& file) {
    auto text = declared_text(file);
    if (text)
        if (const auto fault = encoding_fault(*text))
            return fail(
                ErrorKind::misconfigured,
                fmt::format("{}:{}: {}", file.string(), fault->line, fault->text)
            );
    if (text && trim(*text).empty()) text.reset();
    return text;
}

}  // namespace

Result<void> StreamFiles::read(StreamDeclaration& stream, const config::YamlDocument& declared_in) {
    const bool has_fetch = !stream.fetch_file.empty();  // only a base is asked by one
    for (const bool is_map : {false, true}) {
        if (!is_map && !has_fetch) continue;
        const std::string name = stream.name + (is_map ? ".sql" : ".fetch.sql");
        auto found = find(stream, name);
        if (!found) return fail(found.error());
        if (found->text.empty())
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "{}: stream {} has no file {}: write it",
                    declared_in.where(pointer_to("/streams", stream.name)), stream.name, name
                )
            );
        (is_map ? stream.map_sql : stream.fetch_sql) = std::move(found->text);
        (is_map ? stream.map_file : stream.fetch_file) = std::move(found->file);
        (is_map ? stream.own.map : stream.own.fetch) = found->own;
    }
    if (!has_fetch) {
        stream.mapping_version = version_of(stream, connector_.codes);
        return {};
    }
    if (auto checked = check_fetch(stream, declared_in); !checked) return checked;
    const bool own_fetch = stream.own.fetch;
    for (const char* dialect : kDialects) {
        StreamDeclaration twin = stream;
        auto found = find(stream, stream.name + ".fetch." + dialect + ".sql");
        if (!found) return fail(found.error());
        // one that was written beside the shipped fetch says what that said
        if (found->text.empty() || (own_fetch && !found->own)) continue;
        stream.own.fetch |= found->own;
        twin.fetch_file = found->file;
        twin.fetch_sql = stream.fetch_twins[dialect] = std::move(found->text);
        if (auto checked = check_fetch(twin, declared_in); !checked) return checked;
    }
    stream.mapping_version = version_of(stream, connector_.codes);
    return read_deletes(stream, declared_in);
}

Result<void> StreamFiles::read_deletes(
    StreamDeclaration& stream, const config::YamlDocument& declared_in
) {
    if (!stream.deletes) return {};
    StreamDeclaration deletes = *stream.deletes;
    const std::string name = deletes.name + ".sql";
    auto found = find(stream, name);
    if (!found) return fail(found.error());
    if (found->text.empty())
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "{}: stream {} declares `deletes` and has no file {}: write it: it selects the key "
                "of each row that was deleted, under the name of the stream's own",
                declared_in.where(pointer_to("/streams", stream.name)), stream.name, name
            )
        );
    deletes.fetch_sql = std::move(found->text);
    deletes.fetch_file = std::move(found->file);
    const bool is_own = found->own;
    if (auto checked = check_fetch(deletes, declared_in); !checked) return checked;
    for (const char* dialect : kDialects) {
        StreamDeclaration twin = deletes;
        auto other = find(stream, deletes.name + "." + dialect + ".sql");
        if (!other) return fail(other.error());
        if (other->text.empty() || (is_own && !other->own)) continue;
        twin.fetch_file = other->file;
        twin.fetch_sql = deletes.fetch_twins[dialect] = std::move(other->text);
        if (auto checked = check_fetch(twin, declared_in); !checked) return checked;
    }
    stream.deletes = std::make_shared<const StreamDeclaration>(std::move(deletes));
    return {};
}

Result<StreamFiles::Found> StreamFiles::find(
    const StreamDeclaration& stream, const std::string& name
) {
    Found found;
    found.file = connector_.folder / name;
    auto shipped = checked_text(found.file);
    if (!shipped) return fail(shipped.error());
    found.text = shipped->value_or("");
    if (overlay_ == nullptr) return found;
    const auto file = connector_.overlay.folder / name;
    auto text = checked_text(file);
    if (!text) return fail(text.error());
    if (!*text && std::filesystem::is_regular_file(file))
        return fail(
            ErrorKind::misconfigured,
            file.string() + ": is empty: write it, or remove it to use the shipped one"
        );
    if (!*text) return found;
    if (!found.text.empty())
        if (auto same = is_of_this_version(stream, name, found.file, file); !same)
            return fail(same.error());
    return Found{**std::move(text), file, true};
}

Result<void> StreamFiles::is_of_this_version(
    const StreamDeclaration& stream, const std::string& name, const std::filesystem::path& shipped,
    const std::filesystem::path& own
) {
    const std::string now = to_hex(sha256(platform::read_file(shipped)));
    const Json& versions = overlay_->value();
    const auto said = versions.find("shipped");
    const bool is_said = said != versions.end() && said->is_object() && said->contains(name);
    if (!is_said)
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "{}: shipped lacks {}, which {} replaces: once you have compared the two, add "
                "`{}: {}`",
                overlay_->where("/shipped"), name, own.string(), name, now
            )
        );
    if (said->at(name) != now)
        connector_.overlay.stopped[stream.name] = fmt::format(
            "{} replaces {} of another version (sha256 {} now): compare the two, take over "
            "what changed, then set {} under `shipped:` of overlay.yaml to that",
            own.string(), name, now, name
        );
    return {};
}

bool is_file_of(const StreamDeclaration& stream, std::string_view name) {
    const auto is = [&](const std::string& stem, bool has_twins) {
        return name == stem + ".sql" ||
               (has_twins &&
                std::any_of(std::begin(kDialects), std::end(kDialects), [&](const char* dialect) {
                    return name == stem + "." + dialect + ".sql";
                }));
    };
    return is(stream.name, false) || is(stream.name + ".fetch", true) ||
           (stream.deletes && is(stream.deletes->name, true));
}

Result<void> StreamFiles::no_stranger() const {
    for (const auto& entry : std::filesystem::directory_iterator(connector_.overlay.folder)) {
        const std::string name = entry.path().filename().string();
        if (!name.ends_with(".sql")) continue;
        if (std::none_of(
                connector_.streams.begin(), connector_.streams.end(),
                [&](const auto& stream) { return is_file_of(stream, name); }
            ))
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "{}: belongs to no stream of connector {}: rename it, declare the stream in "
                    "overlay.yaml, or move it into a folder of its own",
                    entry.path().string(), connector_.name
                )
            );
    }
    return {};
}

}  // namespace mis::source
