#include "source/http/template.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mis::source::http {
namespace {

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

std::string xml_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    return out;
}

Result<std::string> filled(
    const Template& text, const Values& values, std::string (*escape)(std::string_view)
) {
    std::string out;
    for (const auto& piece : text.pieces) {
        if (!piece.is_placeholder) {
            out += piece.text;
            continue;
        }
        const auto value = values.find(piece.text);
        if (value == values.end())
            return fail(
                ErrorKind::misconfigured,
                fmt::format("nothing is known for {{{}}} in this request", piece.text)
            );
        out += escape(value->second);
    }
    return out;
}

std::string as_is(std::string_view text) { return std::string(text); }

// A segment of its own: an id of ".." must not lead elsewhere.
std::string segment(std::string_view text) {
    if (text == "." || text == "..") return text == "." ? "%2E" : "%2E%2E";
    return percent_encoded(text);
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c))
            out += c;
        else
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
}

Template Template::parse(std::string_view text) {
    Template made;
    std::string plain;
    const auto is_name = [](std::string_view name) {
        if (name.starts_with("site:")) {
            name.remove_prefix(5);
            return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
                return is_unreserved(c) && c != '.' && c != '~';
            });
        }
        return !name.empty() &&
               std::all_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
    };
    while (!text.empty()) {
        const auto close = text.find('}');
        if (text.front() == '{' && close != std::string_view::npos &&
            is_name(text.substr(1, close - 1))) {
            if (!plain.empty()) made.pieces.push_back({std::move(plain), false});
            plain.clear();
            made.pieces.push_back({std::string(text.substr(1, close - 1)), true});
            text.remove_prefix(close + 1);
            continue;
        }
        plain += text.front();
        text.remove_prefix(1);
    }
    if (!plain.empty()) made.pieces.push_back({std::move(plain), false});
    return made;
}

bool Template::names(std::string_view placeholder) const {
    return std::any_of(pieces.begin(), pieces.end(), [&](const Piece& piece) {
        return piece.is_placeholder && piece.text == placeholder;
    });
}

bool RequestText::names(std::string_view placeholder) const {
    const auto among = [&](const Fields& fields) {
        return std::any_of(fields.begin(), fields.end(), [&](const auto& field) {
            return field.second.names(placeholder);
        });
    };
    const std::string written = "{" + std::string(placeholder) + "}";
    return path.names(placeholder) || among(query) || among(headers) || among(form) ||
           text.names(placeholder) ||
           (body == Body::json && json.dump().find(written) != std::string::npos);
}

Result<std::string> plain(const Template& text, const Values& values) {
    return filled(text, values, as_is);
}

Result<std::string> in_path(const Template& text, const Values& values) {
    return filled(text, values, segment);
}

Result<std::string> in_header(const Template& text, const Values& values) {
    auto made = filled(text, values, as_is);
    if (made && std::any_of(made->begin(), made->end(), [](char c) {
            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        }))
        return fail(ErrorKind::misconfigured, "a value for a header holds a control character");
    return made;
}

Result<std::string> as_form(const Fields& fields, const Values& values) {
    std::string out;
    for (const auto& [name, text] : fields) {
        const auto value = plain(text, values);
        if (!value) return fail(value.error());
        if (!out.empty()) out += '&';
        out += percent_encoded(name) + '=' + percent_encoded(*value);
    }
    return out;
}

Result<std::string> as_xml(const Template& text, const Values& values) {
    return filled(text, values, xml_escaped);
}

Result<Json> as_json(const Json& value, const Values& values) {
    if (value.is_string()) {
        const Template text = Template::parse(value.get_ref<const std::string&>());
        auto made = plain(text, values);
        if (!made) return fail(made.error());
        const bool alone = text.pieces.size() == 1 && text.pieces[0].is_placeholder;
        const std::string& name = alone ? text.pieces[0].text : *made;
        if (alone && (name == "page" || name == "offset" || name == "limit"))
            return Json(std::stoll(*made));
        return Json(*std::move(made));
    }
    if (!value.is_structured()) return value;
    Json out = value;
    for (Json& part : out) {
        auto made = as_json(part, values);
        if (!made) return made;
        part = *std::move(made);
    }
    return out;
}

}  // namespace mis::source::http
