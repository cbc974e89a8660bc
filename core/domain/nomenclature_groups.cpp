#include "domain/nomenclature_groups.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/text.hpp"
#include "config/yaml.hpp"

namespace mis::domain {
namespace {

using config::YamlDocument;

constexpr std::array<std::string_view, 9> kGroupNames{
    "consultation", "therapy",      "surgery",     "prosthetics",  "implant",
    "hygiene",      "orthodontics", "diagnostics", "accompanying",
};

std::optional<WorkGroup> group_named(std::string_view name) {
    for (std::size_t index = 0; index < kGroupNames.size(); ++index)
        if (kGroupNames[index] == name) return static_cast<WorkGroup>(index);
    return std::nullopt;
}

Error at(const YamlDocument& document, std::string_view pointer, std::string_view text) {
    return Error{ErrorKind::misconfigured, fmt::format("{}: {}", document.where(pointer), text)};
}

Result<std::string> checked_code(
    const YamlDocument& document, std::string_view pointer, const Json& value
) {
    const std::string code = value.is_string() ? fold_code(value.get<std::string>()) : "";
    if (code.empty() || code.front() == '.' || code.back() == '.' ||
        code.find("..") != std::string::npos)
        return fail(
            at(document, pointer,
               "not a service code: write it like A16.07.002, in quotes if it is only digits")
        );
    return code;
}

Result<NomenclatureEntry> read_entry(
    const YamlDocument& document, const std::string& pointer, const std::string& code,
    const Json& body
) {
    NomenclatureEntry entry;
    auto folded = checked_code(document, pointer, Json(code));
    if (!folded) return fail(folded.error());
    entry.code = *folded;
    if (!body.is_object())
        return fail(at(
            document, pointer, fmt::format("{} needs at least a group: {{group: therapy}}", code)
        ));
    bool grouped = false;
    for (const auto& [key, value] : body.items()) {
        const std::string here = config::pointer_to(pointer, key);
        if (key == "group") {
            const auto group =
                value.is_string() ? group_named(value.get<std::string>()) : std::nullopt;
            if (!group)
                return fail(
                    at(document, here,
                       fmt::format("unknown group: one of {}", fmt::join(kGroupNames, ", ")))
                );
            entry.group = *group;
            grouped = true;
        } else if (key == "name") {
            if (!value.is_string()) return fail(at(document, here, "name must be text"));
            entry.name = value.get<std::string>();
        } else if (key == "is_extraction" || key == "survives_extraction" || key == "starts_only") {
            if (!value.is_boolean())
                return fail(at(document, here, fmt::format("{} must be true or false", key)));
            bool& flag = key == "is_extraction" ? entry.is_extraction
                         : key == "starts_only" ? entry.starts_only
                                                : entry.survives_extraction;
            flag = value.get<bool>();
        } else if (key == "components") {
            if (!value.is_array())
                return fail(at(document, here, "components must be a list of codes"));
            for (const Json& part : value) {
                auto component = checked_code(document, here, part);
                if (!component) return fail(component.error());
                entry.components.push_back(std::move(*component));
            }
        } else {
            return fail(
                at(document, here,
                   fmt::format(
                       "unknown key {}: known are group, name, is_extraction, survives_extraction, "
                       "starts_only, components",
                       key
                   ))
            );
        }
    }
    if (!grouped) return fail(at(document, pointer, fmt::format("{} has no group: add one", code)));
    return entry;
}

Result<void> read_into(
    std::unordered_map<std::string, NomenclatureEntry>& entries, const YamlDocument& document
) {
    const Json& root = document.value();
    if (!root.is_object() || !root.contains("codes") || !root["codes"].is_object())
        return fail(at(document, "", "no map `codes`: write codes: {A16.07.002: {group: therapy}}")
        );
    for (const auto& [key, value] : root.items()) {
        if (key != "codes" && key != "sources")
            return fail(
                at(document, config::pointer_to("", key),
                   fmt::format("unknown key {}: known are sources, codes", key))
            );
    }
    std::unordered_map<std::string, NomenclatureEntry> read;
    for (const auto& [code, body] : root["codes"].items()) {
        const std::string pointer = config::pointer_to("/codes", code);
        auto entry = read_entry(document, pointer, code, body);
        if (!entry) return fail(entry.error());
        std::string folded = entry->code;
        if (!read.emplace(std::move(folded), std::move(*entry)).second)
            return fail(at(
                document, pointer, fmt::format("{} is there twice in other letters: keep one", code)
            ));
    }
    for (auto& [code, entry] : read) entries.insert_or_assign(code, std::move(entry));
    return {};
}

}  // namespace

std::string_view to_string(WorkGroup group) { return kGroupNames[static_cast<std::size_t>(group)]; }

bool is_code_prefix(std::string_view prefix, std::string_view code) {
    return code.starts_with(prefix) && (code.size() == prefix.size() || code[prefix.size()] == '.');
}

Result<NomenclatureGroups> NomenclatureGroups::load(const std::filesystem::path& path) {
    NomenclatureGroups groups;
    if (auto read = groups.extend(path); !read) return fail(read.error());
    return groups;
}

Result<NomenclatureGroups> NomenclatureGroups::from_text(std::string_view yaml, std::string name) {
    NomenclatureGroups groups;
    if (auto read = groups.extend_from_text(yaml, std::move(name)); !read)
        return fail(read.error());
    return groups;
}

Result<void> NomenclatureGroups::extend(const std::filesystem::path& path) {
    auto document = config::load_yaml(path);
    if (!document) return fail(document.error());
    return read_into(entries_, *document);
}

Result<void> NomenclatureGroups::extend_from_text(std::string_view yaml, std::string name) {
    auto document = config::parse_yaml(yaml, std::move(name));
    if (!document) return fail(document.error());
    return read_into(entries_, *document);
}

const NomenclatureEntry* NomenclatureGroups::find(std::string_view code) const {
    std::string prefix = fold_code(code);
    while (!prefix.empty()) {
        if (const auto found = entries_.find(prefix); found != entries_.end())
            return &found->second;
        const std::size_t dot = prefix.rfind('.');
        prefix.resize(dot == std::string::npos ? 0 : dot);
    }
    return nullptr;
}

bool NomenclatureGroups::is_component(std::string_view part, std::string_view whole) const {
    const NomenclatureEntry* entry = find(whole);
    if (entry == nullptr) return false;
    const std::string folded = fold_code(part);
    for (const std::string& component : entry->components)
        if (is_code_prefix(component, folded)) return true;
    return false;
}

}  // namespace mis::domain
