#include "base/csv_line.hpp"

namespace mis {

std::optional<std::vector<std::string>> csv_fields(std::string_view line, char separator) {
    std::vector<std::string> fields(1);
    bool in_quotes = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (in_quotes && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
            fields.back().push_back('"');
            ++i;
        } else if (c == '"')
            in_quotes = !in_quotes;
        else if (c == separator && !in_quotes)
            fields.emplace_back();
        else
            fields.back().push_back(c);
    }
    if (in_quotes) return std::nullopt;
    return fields;
}

std::string csv_field(std::string_view text) {
    if (text.find_first_of(",;\"\t") == std::string_view::npos) return std::string(text);
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"') quoted += '"';
        quoted += c;
    }
    return quoted + '"';
}

}  // namespace mis
