#include "config/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

#include "base/file_text.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace mis::config {
namespace {

struct Refusal {  // thrown through yaml-cpp, caught in parse_yaml
    int line;
    std::string text;
};

bool is_plain_integer(std::string_view text) {
    std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
    if (digits.empty() || digits.size() > 18) return false;
    if (digits.size() > 1 && digits.front() == '0') return false;  // "007" is a code
    if (digits == "0" && text.size() == 2) return false;
    return digits.find_first_not_of("0123456789") == std::string_view::npos;
}

Json scalar(const std::string& text, const std::string& tag) {
    // yaml-cpp says "?" for a plain scalar and "!" for a quoted one; any other tag asks for a type
    // we do not have
    if (tag == "!" || (tag != "?" && !tag.empty())) return text;
    if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL")
        return nullptr;
    if (text == "true" || text == "True" || text == "TRUE") return true;
    if (text == "false" || text == "False" || text == "FALSE") return false;
    if (is_plain_integer(text)) {
        std::int64_t number = 0;
        std::from_chars(text.data(), text.data() + text.size(), number);
        return number;
    }
    return text;
}

std::size_t count_values(const Json& value) {
    std::size_t count = 1;
    if (value.is_structured())
        for (const Json& child : value) count += count_values(child);
    return count;
}

class Builder final : public YAML::EventHandler {
  public:
    Json document;
    std::map<std::string, int, std::less<>> lines;
    std::map<std::string, std::vector<std::string>, std::less<>> keys;

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        put(mark, nullptr, anchor, "");
    }
    void OnScalar(
        const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
        const std::string& text
    ) override {
        if (expects_key())
            begin_entry(mark, tag, text);
        else
            put(mark, scalar(text, tag), anchor, text);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto found = anchors_.find(anchor);
        if (found == anchors_.end())
            throw Refusal{
                mark.line + 1, "an alias inside the value that it names: write the value out"};
        values_ += count_values(found->second);
        put(mark, found->second, 0, "");
    }
    void OnSequenceStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value
    ) override {
        open(mark, Json::array(), anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(
        const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value
    ) override {
        open(mark, Json::object(), anchor);
    }
    void OnMapEnd() override { close(); }

  private:
    struct Frame {
        Json value;
        std::string pointer;
        YAML::anchor_t anchor;
        std::optional<std::string> key;  // of the entry being read
        int line = 0;
    };
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, Json> anchors_;
    std::size_t values_ = 0;

    bool expects_key() const {
        return !frames_.empty() && frames_.back().value.is_object() && !frames_.back().key;
    }

    void begin_entry(const YAML::Mark& mark, const std::string& tag, const std::string& key) {
        Frame& frame = frames_.back();
        const int line = mark.line + 1;
        if (key == "<<" && tag != "!")
            throw Refusal{line, "merge keys (<<) are not supported: write the keys out"};
        const std::string pointer = pointer_to(frame.pointer, key);
        if (frame.value.contains(key)) {
            throw Refusal{
                line,
                fmt::format(
                    "key \"{}\" is there twice, first in line {}: keep one", key, lines[pointer]
                )};
        }
        lines.emplace(pointer, line);
        keys[frame.pointer].push_back(key);
        frame.value[key] = nullptr;
        frame.key = key;
    }

    std::string next_pointer() const {
        if (frames_.empty()) return "";
        const Frame& frame = frames_.back();
        if (frame.value.is_array()) return pointer_to(frame.pointer, frame.value.size());
        return pointer_to(frame.pointer, *frame.key);
    }

    void put(const YAML::Mark& mark, Json value, YAML::anchor_t anchor, std::string_view) {
        if (expects_key()) throw Refusal{mark.line + 1, "a key must be plain text: give it a name"};
        if (++values_ > kYamlValuesMax)
            throw Refusal{mark.line + 1, "too many values in one file: split it"};
        lines.emplace(next_pointer(), mark.line + 1);  // a map's entry keeps the line of its key
        if (anchor != 0) anchors_[anchor] = value;
        place(std::move(value));
    }

    void place(Json value) {
        if (frames_.empty()) {
            document = std::move(value);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.value.is_array()) {
            frame.value.push_back(std::move(value));
        } else {
            frame.value[*frame.key] = std::move(value);
            frame.key.reset();
        }
    }

    void open(const YAML::Mark& mark, Json empty, YAML::anchor_t anchor) {
        const int line = mark.line + 1;
        if (expects_key()) throw Refusal{line, "a key must be plain text: give it a name"};
        if (frames_.size() >= kYamlDepthMax) throw Refusal{line, "nested too deeply: flatten it"};
        if (++values_ > kYamlValuesMax)
            throw Refusal{line, "too many values in one file: split it"};
        std::string pointer = next_pointer();
        lines.emplace(pointer, line);
        frames_.push_back(Frame{std::move(empty), std::move(pointer), anchor, std::nullopt, line});
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        if (frame.anchor != 0) anchors_[frame.anchor] = frame.value;
        place(std::move(frame.value));
    }
};

// yaml-cpp's texts are about its own states; what the writer of the file got wrong is this.
std::string explained(const std::string& said) {
    const auto has = [&](std::string_view part) { return said.find(part) != std::string::npos; };
    if (has("tab")) return said + ": indent with spaces, never with tabs";
    if (has("flow"))
        return said +
               ": a { or [ above is not closed, or a value with a comma or colon wants quotes";
    if (has("end of sequence") || has("end of map") || has("illegal map value"))
        return said +
               ": look at the indentation here and above (what belongs together begins in one "
               "column), and put a value with a colon in quotes";
    if (has("escape"))
        return said +
               ": in \"double quotes\" a \\ begins an escape; take 'single quotes' for "
               "Windows paths";
    return said + ": look at quotes and indentation here and above";
}

// Whoever wrote it meant JSON: by the file's name, or for what follows its first bracket.
bool looks_like_json(std::string_view text, std::string_view file) {
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    text = trim(text);
    if (!text.starts_with('{') && !text.starts_with('[')) return false;
    if (file.ends_with(".json") || file.ends_with(".jsonl")) return true;
    const std::string_view inside = trim(text.substr(1));
    return inside.empty() || inside.find_first_of("\"{}[]-0123456789") == 0;
}

Error refused(const std::string& file, int line, std::string_view text) {
    return Error{ErrorKind::misconfigured, fmt::format("{}:{}: {}", file, line, text)};
}

}  // namespace

int YamlDocument::line_of(std::string_view pointer) const {
    while (true) {
        if (const auto found = lines_.find(pointer); found != lines_.end()) return found->second;
        const std::size_t slash = pointer.rfind('/');
        if (slash == std::string_view::npos) return 1;
        pointer = pointer.substr(0, slash);
    }
}

std::string YamlDocument::where(std::string_view pointer) const {
    return fmt::format("{}:{}", file_, line_of(pointer));
}

std::vector<std::string> YamlDocument::keys_of(std::string_view pointer) const {
    const auto found = keys_.find(pointer);
    return found == keys_.end() ? std::vector<std::string>{} : found->second;
}

std::string pointer_to(std::string_view parent, std::string_view key) {
    std::string pointer(parent);
    pointer += '/';
    for (const char letter : key) {
        if (letter == '~')
            pointer += "~0";
        else if (letter == '/')
            pointer += "~1";
        else
            pointer += letter;
    }
    return pointer;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
    return fmt::format("{}/{}", parent, index);
}

Result<YamlDocument> parse_yaml(std::string_view text, std::string file) {
    if (text.size() > kYamlBytesMax) return fail(refused(file, 1, "larger than 64 MB: split it"));
    if (const auto fault = encoding_fault(text))
        return fail(refused(file, fault->line, fault->text));
    YamlDocument document;
    document.file_ = file;
    try {
        std::istringstream stream{std::string(text)};
        YAML::Parser parser(stream);
        Builder builder;
        if (!parser.HandleNextDocument(builder)) return document;  // nothing but comments: null
        Builder further;
        if (parser.HandleNextDocument(further))
            return fail(refused(file, 1, "several documents (---) in one file: keep one per file"));
        document.value_ = std::move(builder.document);
        document.lines_ = std::move(builder.lines);
        document.keys_ = std::move(builder.keys);
        return document;
    } catch (const Refusal& refusal) {
        if (looks_like_json(text, file))
            if (auto json = parse_json_file(text, file); !json)
                return fail(ErrorKind::misconfigured, json.error().text);
        return fail(refused(file, refusal.line, refusal.text));
    } catch (const YAML::Exception& exception) {
        // JSON's surrogate pairs are the one thing that yaml-cpp does not read; then lines are
        // lost, not the document
        if (looks_like_json(text, file)) {
            auto json = parse_json_file(text, file);
            if (!json) return fail(ErrorKind::misconfigured, json.error().text);
            document.value_ = std::move(*json);
            return document;
        }
        return fail(
            refused(file, exception.mark.line + 1, "not valid YAML: " + explained(exception.msg))
        );
    }
}

Result<YamlDocument> load_yaml(const std::filesystem::path& path) {
    try {
        return parse_yaml(platform::read_file(path), path.string());
    } catch (const std::system_error& exception) {
        return fail(
            ErrorKind::misconfigured,
            fmt::format("reading {}: {}", path.string(), exception.code().message())
        );
    }
}

}  // namespace mis::config
