#include "record/document_path.hpp"

#include <charconv>
#include <pugixml.hpp>
#include <sstream>

#include "base/json.hpp"
#include "base/text.hpp"

namespace mis::record {

namespace {

constexpr int kDepthMax = 64;

class JsonCursor {  // walks over tokens without building a document
  public:
    explicit JsonCursor(std::string_view json) : json_(json) {}

    void skip_space() {
        while (at_ < json_.size() &&
               std::string_view(" \t\r\n").find(json_[at_]) != std::string_view::npos)
            ++at_;
    }
    char peek() {
        skip_space();
        return at_ < json_.size() ? json_[at_] : '\0';
    }
    bool take(char c) {
        if (peek() != c) return false;
        ++at_;
        return true;
    }
    bool at_end() { return peek() == '\0' && at_ == json_.size(); }

    // The token text of the value here, strings with quotes; nullopt: malformed.
    std::optional<std::string_view> value(int depth = 0) {
        if (depth > kDepthMax) return std::nullopt;
        const char c = peek();
        const std::size_t begin = at_;
        if (c == '"') return string();
        if (c == '{' || c == '[') {
            const char close = c == '{' ? '}' : ']';
            ++at_;
            if (take(close)) return json_.substr(begin, at_ - begin);
            do {
                if (c == '{' && (!(peek() == '"' && string()) || !take(':'))) return std::nullopt;
                if (!value(depth + 1)) return std::nullopt;
            } while (take(','));
            if (!take(close)) return std::nullopt;
            return json_.substr(begin, at_ - begin);
        }
        while (at_ < json_.size() &&
               std::string_view(",]} \t\r\n").find(json_[at_]) == std::string_view::npos)
            ++at_;
        const auto token = json_.substr(begin, at_ - begin);
        if (token == "true" || token == "false" || token == "null") return token;
        const bool number = !token.empty() &&
                            token.find_first_not_of("+-.eE0123456789") == std::string_view::npos &&
                            (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'));
        if (!number) return std::nullopt;
        return token;
    }
    std::optional<std::string_view> string() {
        const std::size_t begin = at_++;
        for (; at_ < json_.size() && json_[at_] != '"'; ++at_)
            if (json_[at_] == '\\') ++at_;
        if (at_ >= json_.size()) return std::nullopt;
        ++at_;
        return json_.substr(begin, at_ - begin);
    }

  private:
    std::string_view json_;
    std::size_t at_ = 0;
};

std::optional<std::string> unquote(std::string_view token) {
    const auto inner = token.substr(1, token.size() - 2);
    if (inner.find('\\') == std::string_view::npos) return std::string(inner);
    const auto parsed = parse_json(token);
    if (!parsed || !parsed->is_string()) return std::nullopt;
    return parsed->get<std::string>();
}

struct Step {
    std::string name;       // of a member, or
    std::size_t index = 0;  // of an item
    bool is_index = false;
};

std::optional<std::vector<Step>> parse_path(std::string_view path) {
    std::vector<Step> steps;
    if (path.starts_with('$')) path.remove_prefix(1);
    while (!path.empty()) {
        if (path[0] == '[') {
            Step step;
            step.is_index = true;
            const std::size_t close = path.find(']');
            if (close == std::string_view::npos) return std::nullopt;
            const auto [stopped, error] =
                std::from_chars(path.data() + 1, path.data() + close, step.index);
            if (error != std::errc() || stopped != path.data() + close) return std::nullopt;
            path.remove_prefix(close + 1);
            steps.push_back(step);
            continue;
        }
        if (path[0] == '.') path.remove_prefix(1);
        const std::size_t end = std::min(path.find_first_of(".["), path.size());
        if (end == 0) return std::nullopt;
        steps.push_back({std::string(path.substr(0, end)), 0, false});
        path.remove_prefix(end);
    }
    return steps;
}

// The token at the path; an empty view: not there.
Result<std::string_view> find_token(std::string_view json, std::string_view path) {
    const auto steps = parse_path(path);
    if (!steps) return fail(ErrorKind::malformed, "not a path (a.b[0].c)");
    JsonCursor whole(json);
    auto token = whole.value();
    if (!token || !whole.at_end()) return fail(ErrorKind::malformed, "not JSON");
    for (const Step& step : *steps) {
        JsonCursor cursor(*token);
        const char open = step.is_index ? '[' : '{';
        if (!cursor.take(open) || cursor.peek() == ']' || cursor.peek() == '}')
            return std::string_view();
        token.reset();
        std::size_t index = 0;
        do {
            bool wanted = step.is_index && index++ == step.index;
            if (!step.is_index) {
                cursor.skip_space();
                const auto key = cursor.string();
                wanted = key && unquote(*key) == step.name;
                cursor.take(':');
            }
            const auto candidate = cursor.value();
            if (wanted) token = candidate;
        } while (!token && cursor.take(','));
        if (!token) return std::string_view();
    }
    return *token;
}

Result<MaybeText> text_of(std::string_view token) {
    if (token.empty() || token == "null") return MaybeText();
    if (token == "true") return MaybeText("1");
    if (token == "false") return MaybeText("0");
    if (token[0] != '"') return MaybeText(std::string(token));
    auto text = unquote(token);
    if (!text) return fail(ErrorKind::malformed, "not JSON");
    return MaybeText(std::move(text));
}

Result<void> load(pugi::xml_document& document, std::string_view xml) {
    if (document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8))
        return {};
    return fail(ErrorKind::malformed, "not XML");
}

Result<pugi::xpath_node_set> select(const pugi::xml_document& document, std::string_view path) {
    try {
        pugi::xpath_node_set found = document.select_nodes(std::string(path).c_str());
        found.sort();
        return found;
    } catch (const pugi::xpath_exception&) {
        return fail(ErrorKind::malformed, "not an XPath");
    }
}

}  // namespace

Result<MaybeText> json_get(std::string_view json, std::string_view path) {
    const auto token = find_token(json, path);
    if (!token) return fail(token.error());
    return text_of(*token);
}

Result<std::vector<MaybeText>> json_items(std::string_view json, std::string_view path) {
    std::vector<MaybeText> items;
    const auto token = find_token(json, path);
    if (!token) return fail(token.error());
    if (token->empty() || *token == "null") return items;
    JsonCursor cursor(*token);
    if (!cursor.take('[')) return fail(ErrorKind::malformed, "no list at the path");
    if (cursor.take(']')) return items;
    do {
        const auto item = cursor.value();
        if (!item) return fail(ErrorKind::malformed, "not JSON");
        auto text = text_of(*item);
        if (!text) return fail(text.error());
        items.push_back(std::move(*text));
    } while (cursor.take(','));
    return items;
}

Result<MaybeText> xml_get(std::string_view xml, std::string_view path) {
    pugi::xml_document document;
    if (auto loaded = load(document, xml); !loaded) return fail(loaded.error());
    const auto found = select(document, path);
    if (!found) return fail(found.error());
    if (found->empty()) return MaybeText();
    const pugi::xpath_node first = found->first();
    if (first.attribute()) return MaybeText(first.attribute().value());
    return MaybeText(first.node().text().get());
}

Result<std::vector<MaybeText>> xml_items(std::string_view xml, std::string_view path) {
    pugi::xml_document document;
    if (auto loaded = load(document, xml); !loaded) return fail(loaded.error());
    const auto found = select(document, path);
    if (!found) return fail(found.error());
    std::vector<MaybeText> items;
    for (const pugi::xpath_node& match : *found) {
        if (match.attribute()) {
            items.emplace_back(match.attribute().value());
            continue;
        }
        std::ostringstream text;
        match.node().print(text, "", pugi::format_raw, pugi::encoding_utf8);
        items.emplace_back(text.str());
    }
    return items;
}

}  // namespace mis::record
