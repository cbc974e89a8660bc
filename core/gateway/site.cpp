#include "gateway/site.hpp"

#include <algorithm>
#include <system_error>

#include "base/crypto.hpp"
#include "base/file_text.hpp"
#include "base/json.hpp"
#include "change/record_store.hpp"
#include "config/setting_check.hpp"
#include "platform/file.hpp"
#include "source/http/request.hpp"

namespace mis::gateway {
namespace {

std::string hex_of(std::string_view text) {
    const Digest digest = sha256(text);
    return to_hex(digest);
}

// The shipped files that a site may replace.
std::string replaceable(const source::Connector& connector) {
    std::string names;
    for (const auto& stream : connector.streams)
        for (const auto& file : {stream.fetch_file, stream.map_file})
            if (!file.empty()) names += (names.empty() ? "" : ", ") + file.filename().string();
    return names;
}

// The site's file in the place of the shipped one. `place`: the setting, for errors.
Result<void> replace_file(
    SourceSetup& setup, const config::OverrideConfig& replacement, const std::string& place
) {
    for (auto& stream : setup.connector.streams) {
        const bool is_map = stream.map_file.filename() == replacement.replaces;
        if (!is_map && stream.fetch_file.filename() != replacement.replaces) continue;
        if (is_map ? stream.own.map : stream.own.fetch)
            return fail(
                ErrorKind::misconfigured,
                place + ".replaces: the overlay " + setup.connector.overlay.folder.string() +
                    " replaces " + replacement.replaces + " too: keep one of the two"
            );
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
        try {
            text = platform::read_file(replacement.file);
            if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
            if (const auto fault = encoding_fault(text))
                return fail(
                    ErrorKind::misconfigured, place + ".file: " + replacement.file.string() + ":" +
                                                  std::to_string(fault->line) + ": " + fault->text
                );
        } catch (const std::system_error& error) {
            return fail(
                ErrorKind::misconfigured,
                place + ".file: reading " + replacement.file.string() + ": " +
                    error.code().message() +
                    ": put your file there, or take the entry out to use the shipped one"
            );
        }
        return {};
    }
    return fail(
        ErrorKind::misconfigured, place + ".replaces: connector " + setup.connector.name +
                                      " has no file " + replacement.replaces +
                                      "; there are: " + replaceable(setup.connector)
    );
}

// Whether a fetch or map of the connector, overrides included, asks for the site's value.
bool is_asked_for(const source::Connector& connector, const std::string& key) {
    const auto in = [&](const std::string& text) {
        return text.find("{site:" + key + ":") != std::string::npos ||
               text.find("site('" + key + "')") != std::string::npos;
    };
    if (connector.service && connector.service->site.contains(key)) return true;
    const auto asked = source::asked_of(connector);
    return std::any_of(asked.begin(), asked.end(), [&](const auto* stream) {
        return in(stream->fetch_sql) || in(stream->map_sql) || in(stream->key) ||
               (stream->request && stream->request->site.contains(key));
    });
}

}  // namespace

Result<void> apply_site(
    SourceSetup& setup, const config::SourceConfig& source, const config::GatewayConfig& config
) {
    setup.options.site = setup.connector.overlay.site;
    for (const auto& [key, value] : source.site) setup.options.site[key] = value;
    setup.stopped = setup.connector.overlay.stopped;
    Json said{{"site", setup.options.site}, {"zone", config.clinic_zone.name()}};
    if (!source.codes_file.empty()) {
        if (!std::filesystem::exists(source.codes_file))
            return fail(
                ErrorKind::misconfigured,
                config.at(source.pointer + "/codes_file") + ": " + source.codes_file.string() +
                    " is missing: put it there (first line list,mis_code,canonical,comment), or "
                    "take codes_file out"
            );
        auto codes = source::load_codes(source.codes_file);
        if (!codes) return fail(codes.error());
        for (const auto& [list, values] : codes->lists)
            for (const auto& [code, canonical] : values)
                setup.connector.codes.lists[list][code] = canonical;
        said["codes"] = platform::read_file(source.codes_file);
    }
    for (std::size_t index = 0; index < source.overrides.size(); ++index) {
        const std::string place = config.at(source.pointer + "/overrides/" + std::to_string(index));
        if (auto replaced = replace_file(setup, source.overrides[index], place); !replaced)
            return replaced;
    }
    const std::string common = canonical_json(said);
    for (auto& stream : setup.connector.streams) {
        const Digest digest = sha256(stream.mapping_version + common + stream.map_sql);
        stream.mapping_version = to_hex(std::span(digest).first(6));
        const std::string& kind = stream.kind.empty() ? stream.name : stream.kind;
        if (kind == "procedure" && setup.connector.payers == source::Connector::Payers::unknown)
            stream.mapping_version += change::kPayersUnknown;
    }
    return {};
}

std::vector<std::string> unknown_site_keys(
    const SourceSetup& setup, const config::SourceConfig& source,
    const config::GatewayConfig& config
) {
    std::vector<std::string> known, problems;
    for (const auto& [key, value] : setup.connector.site_defaults) known.push_back(key);
    std::vector<std::pair<std::string, std::string>> said;  // key, where
    for (const auto& [key, value] : setup.connector.overlay.site)
        said.emplace_back(
            key, (setup.connector.overlay.folder / "overlay.yaml").string() + ": site." + key
        );
    for (const auto& [key, value] : source.site)
        said.emplace_back(key, config.at(config::pointer_to(source.pointer + "/site", key)));
    for (const auto& [key, place] : said) {
        if (setup.connector.site_defaults.contains(key) || is_asked_for(setup.connector, key))
            continue;
        const std::string near = config::nearest(key, known);
        std::string text = place + ": connector " + setup.connector.name +
                           " asks for no such value, so it has no effect: ";
        if (!near.empty())
            text += "did you mean " + near + "?";
        else if (known.empty())
            text += "take it out; this connector has none";
        else {
            text += "it has";
            for (const auto& name : known) text += " " + name;
        }
        problems.push_back(std::move(text));
    }
    return problems;
}

}  // namespace mis::gateway
