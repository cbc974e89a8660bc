// codes.csv.
#include <fmt/format.h>

#include "base/csv_line.hpp"
#include "base/file_text.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "source/connector.hpp"
#include "source/declared_text.hpp"

namespace mis::source {
namespace {

// ; or a tab where they, and no commas, separate what may be columns; 0: they do not.
char separator_of(std::string_view line) {
    for (const char separator : {';', '\t'})
        if (line.find(separator) != std::string_view::npos &&
            (line.find(',') == std::string_view::npos || line.starts_with("list")))
            return separator;
    return 0;
}

}  // namespace

std::optional<std::string> declared_text(const std::filesystem::path& path) {
    if (!std::filesystem::is_regular_file(path)) return std::nullopt;
    std::string text = platform::read_file(path);
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    return text;
}

Result<CodeTable> load_codes(const std::filesystem::path& file) {
    CodeTable codes;
    const auto text = declared_text(file);
    if (!text) return codes;
    if (const auto fault = encoding_fault(*text))
        return fail(
            ErrorKind::misconfigured,
            fmt::format("{}:{}: {}", file.string(), fault->line, fault->text)
        );
    int number = 0;
    for (std::string_view line : split(*text, '\n')) {
        ++number;
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto problem = [&](std::string_view what) {
            return fail(
                ErrorKind::misconfigured, fmt::format("{}:{}: {}", file.string(), number, what)
            );
        };
        if (number == 1) {
            // Excel writes a ; between the columns wherever the comma belongs to numbers
            if (const char separator = separator_of(line); separator != 0)
                return problem(fmt::format(
                    "its columns are separated by {}, not by commas, as Excel saves them: save it "
                    "as \"CSV UTF-8\" with a comma as list separator, or replace {} by , "
                    "everywhere (a text with a comma goes into double quotes)",
                    separator == ';' ? "semicolons" : "tabs", separator == ';' ? ";" : "the tabs"
                ));
            if (trim(line) != "list,mis_code,canonical,comment")
                return problem("the first line has to be `list,mis_code,canonical,comment`");
            continue;
        }
        if (line.find_first_not_of(" \t,") == std::string_view::npos) continue;
        const auto fields = csv_fields(line);
        if (fields && fields->size() == 1 && separator_of(line) != 0)
            return problem(
                "its columns are not separated by commas, as those of the first line: replace the "
                "other separator by , (a text with a comma goes into double quotes)"
            );
        if (!fields || fields->size() < 3 || fields->size() > 4)
            return problem(
                "a row has the four fields list,mis_code,canonical,comment: put a field with a "
                "comma in double quotes"
            );
        const std::string list((*fields)[0]), code((*fields)[1]), canonical((*fields)[2]);
        if (list.empty() || canonical.empty())
            return problem("list and canonical must not be empty");
        if (!codes.lists[list].emplace(code, canonical).second)
            return problem(
                fmt::format("code `{}` of list `{}` stands there twice: keep one", code, list)
            );
    }
    return codes;
}

}  // namespace mis::source
