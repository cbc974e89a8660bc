#include "sink/slots/aggregator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "base/ascii.hpp"
#include "config/yaml.hpp"
#include "platform/file.hpp"

namespace mis::sink {
namespace {

constexpr std::string_view kValue = "value:";

bool may_be_placeholder(std::string_view text) {
    if (text.empty()) return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
    });
}

class FormatReader {
  public:
    FormatReader(const config::YamlDocument& document, Aggregator& aggregator)
        : document_(document), aggregator_(aggregator) {}

    Result<void> read() {
        const Json& all = document_.value();
        if (!all.is_object()) return problem("", "has to be a map: write `key: value` lines");
        for (const auto& key : document_.keys_of(""))
            if (!kKnown.contains(key)) return problem("/" + key, "is no key here: take it out");
        text("title", aggregator_.title, Need::required);
        text("url", aggregator_.url, Need::required);
        number("every_minutes", aggregator_.every_minutes, 1440);
        number("days", aggregator_.days, 366);
        aggregator_.with_busy = one_of("intervals", "free", {"free", "all"}) == "all";
        if (one_of("requests", "one", {"one", "each_doctor"}) == "each_doctor")
            aggregator_.requests = Aggregator::Requests::each_doctor;
        aggregator_.method = one_of("method", "POST", {"POST", "PUT"});
        text("path", aggregator_.path, Need::optional);
        aggregator_.json_answer = one_of("answer", "any", {"any", "json"}) == "json";
        text("expects", aggregator_.expects, Need::optional);
        texts("failures", aggregator_.failures);
        if (!aggregator_.json_answer &&
            !(aggregator_.expects.empty() && aggregator_.failures.empty()))
            refuse("/answer", "has to be json where `expects` or `failures` names a field of it");
        read_headers(all);
        base_ = aggregator_.requests == Aggregator::Requests::one ? SlotLevel::snapshot
                                                                  : SlotLevel::doctor;
        if (!all.contains("body"))
            refuse("", "has no body: say what is sent");
        else {
            aggregator_.body = all["body"];
            read_body(aggregator_.body, "/body", base_);
            if (!has_interval_)
                refuse("/body", "sends no interval: `{each: interval, as: …}` belongs somewhere");
        }
        if (problem_) return fail(*problem_);
        return {};
    }

  private:
    static inline const std::set<std::string> kKnown = {
        "title", "url",     "every_minutes", "days",   "intervals", "requests", "method",
        "path",  "headers", "body",          "answer", "expects",   "failures"};
    enum class Need { optional, required };

    tl::unexpected<Error> problem(const std::string& pointer, std::string_view what) const {
        std::string name = pointer.empty() ? "the file" : pointer.substr(1);
        std::replace(name.begin(), name.end(), '/', '.');
        return fail(
            ErrorKind::misconfigured, fmt::format("{}: {} {}", document_.where(pointer), name, what)
        );
    }
    void refuse(const std::string& pointer, std::string_view what) {
        if (!problem_) problem_ = problem(pointer, what).value();
    }
    const Json* at(const char* key) const {
        const auto found = document_.value().find(key);
        return found == document_.value().end() || found->is_null() ? nullptr : &*found;
    }
    void text(const char* key, std::string& into, Need need) {
        const Json* value = at(key);
        if (value == nullptr) {
            if (need == Need::required) refuse("", fmt::format("has no {}: say it", key));
        } else if (value->is_string())
            into = value->get<std::string>();
        else
            refuse(fmt::format("/{}", key), "has to be text");
    }
    void number(const char* key, int& into, int most) {
        const Json* value = at(key);
        if (value == nullptr) return;
        const auto given = whole_number(*value);
        if (given && *given >= 1 && *given <= most)
            into = static_cast<int>(*given);
        else
            refuse(
                fmt::format("/{}", key), fmt::format("has to be a whole number from 1 to {}", most)
            );
    }
    std::string one_of(
        const char* key, std::string_view otherwise, std::vector<std::string> choices
    ) {
        const Json* value = at(key);
        if (value == nullptr) return std::string(otherwise);
        if (value->is_string() &&
            std::find(choices.begin(), choices.end(), value->get<std::string>()) != choices.end())
            return value->get<std::string>();
        refuse(
            fmt::format("/{}", key), fmt::format("has to be one of {}", fmt::join(choices, ", "))
        );
        return std::string(otherwise);
    }
    void texts(const char* key, std::vector<std::string>& into) {
        const Json* value = at(key);
        if (value == nullptr) return;
        if (!value->is_array()) return refuse(fmt::format("/{}", key), "has to be a list: [a, b]");
        for (const Json& one : *value) {
            if (!one.is_string())
                return refuse(fmt::format("/{}", key), "has to be a list of texts");
            into.push_back(one.get<std::string>());
        }
    }

    void read_headers(const Json& all) {
        const auto found = all.find("headers");
        if (found == all.end()) return;
        if (!found->is_object()) return refuse("/headers", "has to be a map of names and texts");
        for (const auto& [name, value] : found->items()) {
            const std::string here = config::pointer_to("/headers", name);
            if (!value.is_string()) return refuse(here, "has to be text");
            read_text(value.get<std::string>(), here, SlotLevel::snapshot, Where::header);
            aggregator_.headers.emplace_back(name, value.get<std::string>());
        }
    }

    enum class Where { header, body };
    void read_text(const std::string& text, const std::string& here, SlotLevel level, Where where) {
        const auto pieces = template_pieces(text);
        for (std::size_t i = 1; i < pieces.size(); i += 2) {
            const std::string& name = pieces[i];
            if (name.starts_with(kValue)) {
                aggregator_.values.insert(name.substr(kValue.size()));
                continue;
            }
            if (name == "token") {
                if (where == Where::body)
                    refuse(here, "has {token}, which belongs into headers alone");
                continue;
            }
            const auto known = level_of_placeholder(name);
            if (!known)
                return refuse(here, fmt::format("has {{{}}}, which there is none of", name));
            if (*known > level)
                return refuse(
                    here, fmt::format("has {{{}}} where no {} is meant", name, kLevels.at(*known))
                );
            if (name == "branch_name" || name == "doctor_name") aggregator_.names.insert(name);
        }
    }

    void read_body(const Json& value, const std::string& here, SlotLevel level) {
        if (value.is_string()) return read_text(value.get<std::string>(), here, level, Where::body);
        if (value.is_array()) {
            for (std::size_t i = 0; i < value.size(); ++i)
                read_body(value[i], config::pointer_to(here, i), level);
            return;
        }
        if (!value.is_object()) return;
        if (value.contains("each")) return read_each(value, here, level);
        for (const auto& [key, entry] : value.items()) {
            const std::string there = config::pointer_to(here, key);
            const auto pieces = template_pieces(key);
            if (pieces.size() == 1) {
                read_body(entry, there, level);
                continue;
            }
            const bool alone = pieces.size() == 3 && pieces[0].empty() && pieces[2].empty();
            const auto each = alone ? level_of_each(pieces[1]) : std::nullopt;
            if (!each || *each == SlotLevel::interval)
                return refuse(
                    there,
                    "is a key of placeholders: only {branch}, {doctor} or {day} alone can be one"
                );
            repeat(*each, entry, there, level);
        }
    }

    void read_each(const Json& value, const std::string& here, SlotLevel level) {
        const Json& name = value["each"];
        const auto each = name.is_string() ? level_of_each(name.get<std::string>()) : std::nullopt;
        if (!each)
            return refuse(
                config::pointer_to(here, "each"), "has to be one of branch, doctor, day, interval"
            );
        if (!value.contains("as") || value.size() != 2)
            return refuse(here, "has to be `{each: …, as: …}` and nothing else");
        repeat(*each, value["as"], config::pointer_to(here, "as"), level);
    }

    void repeat(SlotLevel each, const Json& value, const std::string& here, SlotLevel level) {
        const bool inside = each > level;
        // branches hold doctors, doctors days; the intervals of a doctor are those of all his days
        const bool follows = each == SlotLevel::interval
                                 ? level >= SlotLevel::doctor
                                 : static_cast<int>(each) == static_cast<int>(level) + 1;
        if (!inside || !follows)
            return refuse(
                here, fmt::format(
                          "repeats {} inside {}: branches hold doctors, doctors days, days "
                          "intervals",
                          kLevels.at(each), kLevels.at(level)
                      )
            );
        has_interval_ |= each == SlotLevel::interval;
        read_body(value, here, each);
    }

    static inline const std::map<SlotLevel, std::string_view> kLevels = {
        {SlotLevel::snapshot, "the snapshot"},
        {SlotLevel::branch, "branch"},
        {SlotLevel::doctor, "doctor"},
        {SlotLevel::day, "day"},
        {SlotLevel::interval, "interval"}};

    const config::YamlDocument& document_;
    Aggregator& aggregator_;
    std::optional<Error> problem_;
    SlotLevel base_ = SlotLevel::snapshot;
    bool has_interval_ = false;
};

}  // namespace

std::optional<SlotLevel> level_of_placeholder(std::string_view name) {
    static const std::map<std::string_view, SlotLevel> kPlaceholders = {
        {"number", SlotLevel::snapshot},
        {"first_day", SlotLevel::snapshot},
        {"last_day", SlotLevel::snapshot},
        {"branch", SlotLevel::branch},
        {"branch_name", SlotLevel::branch},
        {"doctor", SlotLevel::doctor},
        {"doctor_name", SlotLevel::doctor},
        {"specialty", SlotLevel::doctor},
        {"cell_minutes", SlotLevel::doctor},
        {"cell_minutes_text", SlotLevel::doctor},
        {"day", SlotLevel::day},
        {"from", SlotLevel::interval},
        {"to", SlotLevel::interval},
        {"free", SlotLevel::interval}};
    const auto found = kPlaceholders.find(name);
    return found == kPlaceholders.end() ? std::nullopt : std::optional(found->second);
}

std::optional<SlotLevel> level_of_each(std::string_view name) {
    if (name == "branch") return SlotLevel::branch;
    if (name == "doctor") return SlotLevel::doctor;
    if (name == "day") return SlotLevel::day;
    if (name == "interval") return SlotLevel::interval;
    return std::nullopt;
}

std::vector<std::string> template_pieces(std::string_view text) {
    std::vector<std::string> pieces(1);
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t open = text.find('{', at);
        const std::size_t close =
            open == std::string_view::npos ? open : text.find_first_of("{}", open + 1);
        const bool named = close != std::string_view::npos && text[close] == '}' &&
                           may_be_placeholder(text.substr(open + 1, close - open - 1));
        const std::size_t end = named                            ? open
                                : open == std::string_view::npos ? text.size()
                                                                 : open + 1;
        pieces.back().append(text.substr(at, end - at));
        at = end;
        if (!named) continue;
        pieces.emplace_back(text.substr(open + 1, close - open - 1));
        pieces.emplace_back();
        at = close + 1;
    }
    return pieces;
}

Result<Aggregator> parse_aggregator(std::string_view text, const std::filesystem::path& file) {
    const auto document = config::parse_yaml(text, file.string());
    if (!document) return fail(document.error());
    Aggregator aggregator;
    aggregator.name = file.stem().string();
    if (auto read = FormatReader(*document, aggregator).read(); !read) return fail(read.error());
    return aggregator;
}

Result<Aggregator> load_aggregator(const std::filesystem::path& file) {
    try {
        return parse_aggregator(platform::read_file(file), file);
    } catch (const std::system_error& error) {
        return fail(
            ErrorKind::misconfigured,
            fmt::format("reading {}: {}", file.string(), error.code().message())
        );
    }
}

}  // namespace mis::sink
