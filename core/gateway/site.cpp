#include "gateway/site.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "platform/file.hpp"

namespace mis::gateway {
namespace {

std::string hex_of(std::string_view text) {
    const Digest digest = sha256(text);
    return to_hex(digest);
}

// The site's file in the place of the shipped one.
Result<void> replace_file(SourceSetup& setup, const config::OverrideConfig& replacement) {
    for (auto& stream : setup.connector.streams) {
        const bool is_map = stream.map_file.filename() == replacement.replaces;
        if (!is_map && stream.fetch_file.filename() != replacement.replaces) continue;
        std::string& text = is_map ? stream.map_sql : stream.fetch_sql;
        const std::string shipped =
            hex_of(platform::read_file(is_map ? stream.map_file : stream.fetch_file));
        if (shipped != replacement.shipped_sha256) {
            setup.stopped[stream.name] =
                replacement.file.string() + " replaces " + replacement.replaces +
                " of another version (sha256 " + shipped +
                " now): compare the two, take over what changed, then set shipped_sha256 to that";
            return {};
        }
        text = platform::read_file(replacement.file);
        return {};
    }
    return fail(
        ErrorKind::misconfigured,
        "overrides: connector " + setup.connector.name + " has no file " + replacement.replaces
    );
}

}  // namespace

Result<void> apply_site(SourceSetup& setup, const config::SourceConfig& source, Zone clinic_zone) {
    setup.options.site = source.site;
    Json said{{"site", source.site}, {"zone", clinic_zone.name()}};
    if (!source.codes_file.empty()) {
        if (!std::filesystem::exists(source.codes_file))
            return fail(
                ErrorKind::misconfigured, "codes_file " + source.codes_file.string() + " is missing"
            );
        auto codes = source::load_codes(source.codes_file);
        if (!codes) return fail(codes.error());
        for (const auto& [list, values] : codes->lists)
            for (const auto& [code, canonical] : values)
                setup.connector.codes.lists[list][code] = canonical;
        said["codes"] = platform::read_file(source.codes_file);
    }
    for (const auto& replacement : source.overrides)
        if (auto replaced = replace_file(setup, replacement); !replaced) return replaced;
    const std::string common = canonical_json(said);
    for (auto& stream : setup.connector.streams) {
        const Digest digest = sha256(stream.mapping_version + common + stream.map_sql);
        stream.mapping_version = to_hex(std::span(digest).first(6));
    }
    return {};
}

}  // namespace mis::gateway
