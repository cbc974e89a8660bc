#include "source/files/headings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace mis::source::files {
namespace {

constexpr std::size_t kNamesShownMax = 60;

}  // namespace

std::string folded_heading(std::string_view name) {
    std::string folded = fold(name);
    std::erase_if(folded, [](char c) {
        return c == ' ' || c == '.' || c == ',' || c == ':' || c == '_' || c == '*' || c == '"';
    });
    return folded;
}

Headings::Headings(const StreamDeclaration& stream, const std::map<std::string, std::string>& site)
    : stream_(stream), looked_for_(stream.columns.size()) {
    for (std::size_t index = 0; index < stream.columns.size(); ++index) {
        const std::string& column = stream.columns[index].name;
        auto& names = looked_for_[index];
        if (const auto own = site.find(stream.name + "." + column); own != site.end()) {
            names = {own->second};
        } else {
            if (const auto known = stream.file->headings.find(column);
                known != stream.file->headings.end())
                names = known->second;
            names.push_back(column);
        }
    }
    // a heading that the site gives to one column is no other's
    for (const bool of_site : {true, false})
        for (std::size_t index = 0; index < stream.columns.size(); ++index)
            if (site.contains(stream.name + "." + stream.columns[index].name) == of_site)
                for (const std::string& name : looked_for_[index])
                    column_of_.emplace(folded_heading(name), index);
}

std::optional<std::size_t> Headings::column_of(std::string_view heading) const {
    const auto found = column_of_.find(folded_heading(heading));
    if (found == column_of_.end()) return std::nullopt;
    return found->second;
}

bool Headings::is_required(std::size_t column) const {
    return !stream_.file->may_lack.contains(stream_.columns[column].name);
}

Headings::Met Headings::met(const std::vector<std::string>& names) const {
    std::vector<bool> there(stream_.columns.size());
    for (const std::string& name : names)
        if (const auto column = column_of(name)) there[*column] = true;
    Met met;
    met.all = true;
    for (std::size_t column = 0; column < there.size(); ++column) {
        if (there[column]) ++met.columns;
        if (!there[column] && is_required(column)) met.all = false;
    }
    met.most = met.columns >= 2;
    return met;
}

Result<Headings::Places> Headings::places(const std::vector<std::string>& names) const {
    Places places(stream_.columns.size());
    for (std::size_t field = 0; field < names.size(); ++field) {
        const auto column = column_of(names[field]);
        if (!column) continue;
        if (places[*column])
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "its columns `{0}` and `{1}` are both {2}: say which is meant under "
                    "files.columns ({3}.{2}: \"{0}\")",
                    names[*places[*column]], names[field], stream_.columns[*column].name,
                    stream_.name
                )
            );
        places[*column] = field;
    }
    std::string missing;
    for (std::size_t column = 0; column < places.size(); ++column)
        if (!places[column] && is_required(column))
            missing += fmt::format(
                "{}{} (looked for: {})", missing.empty() ? "" : "; ", stream_.columns[column].name,
                fmt::join(looked_for_[column], ", ")
            );
    if (missing.empty()) return places;
    std::vector<std::string> shown;
    for (const std::string& name : names)
        if (!trim(name).empty() && shown.size() < kNamesShownMax)
            shown.push_back(escape_invisible(trim(name)));
    return fail(
        ErrorKind::misconfigured, fmt::format(
                                      "it has no column for {}; it has: {}: name the right ones "
                                      "under files.columns ({}.COLUMN: "
                                      "\"…\")",
                                      missing, fmt::join(shown, ", "), stream_.name
                                  )
    );
}

}  // namespace mis::source::files
