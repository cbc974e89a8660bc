#include "sink/webhook_answer.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "base/charset.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "net/gzip.hpp"

namespace mis::sink {
namespace {

constexpr std::string_view kWord = "rejected";
constexpr std::string_view kPart =
    "lists some of the events and does not say what became of the others";
constexpr int kDepthMax = 64;
constexpr std::size_t kPlainBytesMax = 4'000'000;  // of an answer that came packed

std::string lower_ascii(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

bool names_rejected(std::string_view text) {
    return lower_ascii(text).find(kWord) != std::string::npos;
}

std::string_view without_space(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin);
}

// The answer as UTF-8. nullopt: packed or coded in a way that hides what it says.
struct Plain {
    std::string text;
    bool is_cut = false;
};
std::optional<Plain> plain_of(const net::HttpResponse& response) {
    const std::string& body = response.body;
    Plain plain{body, response.is_cut};
    const auto coding = lower_ascii(trim(net::find_header(response.headers, "Content-Encoding")));
    const bool looks_packed = body.starts_with("\x1f\x8b");
    const bool is_text = is_valid_utf8(body) && body.find('\0') == std::string_view::npos;
    if (looks_packed || (!is_text && coding.find("deflate") != std::string::npos)) {
        if (response.is_cut) return std::nullopt;
        auto unpacked = net::unpack(body, kPlainBytesMax);
        if (!unpacked) return std::nullopt;
        plain = {std::move(unpacked->plain), unpacked->is_cut};
    } else if (!is_text && !coding.empty() && coding != "identity" && coding != "utf-8") {
        return std::nullopt;
    }
    std::string& text = plain.text;
    if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff")) {
        auto utf8 = CharsetConverter::to_utf8("UTF-16")->convert(text);
        if (!utf8) return std::nullopt;
        text = std::move(*utf8);
    }
    if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
    std::erase(text, '\0');  // UTF-16 without its mark: what is ASCII in it stays readable
    if (!is_valid_utf8(text))
        for (char& c : text)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return plain;
}

struct Document {
    Json json;
    int named = 0;  // members called `rejected`; the tree keeps one of two in the same place
};

std::optional<Document> parse_leniently(std::string_view text) {
    Document document;
    bool too_deep = false;
    const auto look = [&](int depth, Json::parse_event_t event, Json& parsed) {
        too_deep = too_deep || depth > kDepthMax;
        if (event == Json::parse_event_t::key && names_rejected(parsed.get_ref<std::string&>()))
            ++document.named;
        return !too_deep;
    };
    document.json = Json::parse(text, look, false);
    if (document.json.is_discarded() || too_deep) return std::nullopt;
    return document;
}

// Reads one answer; what it collects is whole only if nothing is wrong in the end.
class AnswerReader {
  public:
    explicit AnswerReader(std::span<const QueuedEvent> events) {
        for (const auto& event : events) ours_.emplace(lower_ascii(event.id), event.id);
    }

    Verdict read(const Document& document) {
        if (!document.json.is_array() || !read_bare_list(document.json)) look_into(document.json);
        if (document.named == 0) look_for_a_part(document.json);
        if (found_ != document.named) wrong("names `rejected` twice in one place");
        for (const std::int64_t count : counts_)
            if (count != static_cast<std::int64_t>(verdict_.rejected.size()))
                wrong("counts other rejected events than it names");
        return std::move(verdict_);
    }

  private:
    void wrong(std::string_view what) {
        if (verdict_.unreadable.empty()) verdict_.unreadable = what;
    }

    const std::string* our_id(const Json& value) const {
        if (!value.is_string()) return nullptr;
        const auto found = ours_.find(lower_ascii(trim(value.get_ref<const std::string&>())));
        return found == ours_.end() ? nullptr : &found->second;
    }

    void reject(const std::string& id, const Json* reason) {
        const bool has_reason = reason != nullptr && reason->is_string();
        verdict_.rejected[id] =
            short_reason(has_reason ? reason->get_ref<const std::string&>() : std::string(kWord));
    }

    static const Json* member(const Json& object, std::string_view name) {
        for (const auto& [key, value] : object.items())
            if (lower_ascii(key) == name) return &value;
        return nullptr;
    }

    // The one event of ours that an entry is about.
    const std::string* subject_of(const Json& entry) const {
        if (const Json* id = member(entry, "id")) return our_id(*id);
        const std::string* subject = nullptr;
        for (const auto& [key, value] : entry.items())
            if (const auto* id = our_id(value)) {
                if (subject != nullptr) return nullptr;
                subject = id;
            }
        return subject;
    }

    // {"rejected": …}: a list of entries or ids, one entry, or a map of ids to reasons.
    void read_list(const Json& list) {
        std::size_t known = 0, strange = 0;
        const auto read_entry = [&](const Json& entry) {
            const std::string* id = entry.is_object() ? subject_of(entry) : our_id(entry);
            if (id != nullptr) {
                reject(*id, entry.is_object() ? member(entry, "reason") : nullptr);
                ++known;
                return;
            }
            const Json* named = entry.is_object() ? member(entry, "id") : &entry;
            if (named == nullptr || !named->is_string())
                wrong("names `rejected` and does not say which by their ids");
            ++strange;
        };
        if (list.is_array()) {
            for (const Json& entry : list) read_entry(entry);
        } else if (member(list, "id") != nullptr) {
            read_entry(list);
        } else {
            for (const auto& [key, value] : list.items()) {
                const auto* id = our_id(Json(key));
                if (id != nullptr) reject(*id, &value);
                ++(id != nullptr ? known : strange);
            }
        }
        // events of another request may stand beside ours, but a list without any of ours is
        // written in ids that we don't know
        if (strange > 0 && known == 0) wrong("names `rejected` and none of the events sent");
    }

    void read_named(const Json& value) {
        ++found_;
        if (value.is_structured()) {
            found_ += count_named(value);
            return read_list(value);
        }
        if (value.is_null() || value == Json(false) || value == Json("")) return;
        if (value.is_number_integer()) {
            counts_.push_back(value.get<std::int64_t>());
            return;
        }
        if (const auto* id = our_id(value)) return reject(*id, nullptr);
        const bool is_none = value == Json(0.0) || value == Json("0");
        if (!is_none) wrong("names `rejected` and does not say which");
    }

    void look_into(const Json& value) {
        if (value.is_string() && names_rejected(value.get_ref<const std::string&>()))
            return wrong("speaks of `rejected` in a text");
        if (value.is_array())
            for (const Json& entry : value) look_into(entry);
        if (!value.is_object()) return;
        if (value.contains("specversion")) {  // one of our events, sent back
            found_ += count_named(value);
            return;
        }
        if (const std::string* subject = subject_of(value); subject != nullptr && says_so(value)) {
            found_ += count_named(value);
            return reject(*subject, member(value, "reason"));
        }
        for (const auto& [key, entry] : value.items())
            names_rejected(key) ? read_named(entry) : look_into(entry);
    }

    static bool says_so(const Json& entry) {  // {"id": …, "status": "rejected"}
        return std::any_of(entry.begin(), entry.end(), [](const Json& value) {
            return value.is_string() &&
                   lower_ascii(trim(value.get_ref<const std::string&>())) == kWord;
        });
    }

    static int count_named(const Json& value) {
        int count = 0;
        for (const auto& [key, entry] : value.items()) {
            if (value.is_object() && names_rejected(key)) ++count;
            if (entry.is_structured()) count += count_named(entry);
        }
        return count;
    }

    // A list without a name: entries with a reason are rejected events; a part of our ids could be
    // what was taken as well as what was not. False: there is more to look for in it.
    bool read_bare_list(const Json& list) {
        std::set<std::string> named;
        bool with_reasons = !list.empty();
        for (const Json& entry : list) {
            if (entry.is_object() && entry.contains("specversion"))
                return false;  // ours, sent back
            const std::string* id = entry.is_object() ? subject_of(entry) : our_id(entry);
            if (id != nullptr) named.insert(*id);
            with_reasons = with_reasons && id != nullptr && entry.is_object() &&
                           member(entry, "reason") != nullptr;
        }
        if (with_reasons) {
            read_list(list);
            found_ += count_named(list);
            return true;
        }
        const bool says_which = std::any_of(list.begin(), list.end(), [](const Json& entry) {
            return entry.is_object() && says_so(entry);
        });
        if (!named.empty() && named.size() < ours_.size() && !says_which) wrong(kPart);
        return false;
    }

    // {"accepted": […]}, {"errors": […]}: a list of some of our events and not of all tells the two
    // apart, in words that nobody agreed upon.
    void look_for_a_part(const Json& value) {
        if (!value.is_structured() || (value.is_object() && value.contains("specversion"))) return;
        std::set<std::string> named;
        for (const auto& [key, entry] : value.items()) {
            look_for_a_part(entry);
            if (!value.is_array() || (entry.is_object() && entry.contains("specversion"))) continue;
            const std::string* id = entry.is_object() ? subject_of(entry) : our_id(entry);
            if (id != nullptr) named.insert(*id);
        }
        if (!named.empty() && named.size() < ours_.size() && verdict_.rejected.empty())
            wrong(kPart);
    }

    std::map<std::string, std::string> ours_;  // in lower case → as it is
    Verdict verdict_;
    int found_ = 0;
    std::vector<std::int64_t> counts_;
};

bool names_any(std::string_view text, std::span<const QueuedEvent> events) {
    const std::string lower = lower_ascii(text);
    return std::any_of(events.begin(), events.end(), [&](const QueuedEvent& event) {
        return lower.find(lower_ascii(event.id)) != std::string::npos;
    });
}

}  // namespace

Verdict read_answer(const net::HttpResponse& response, std::span<const QueuedEvent> events) {
    Verdict verdict;
    if (response.body.empty()) return verdict;
    const auto plain = plain_of(response);
    if (!plain) {
        verdict.unreadable = "is packed or coded in a way that cannot be read";
        return verdict;
    }
    const std::string_view text = without_space(plain->text);
    const bool is_list = text.starts_with('[');
    const bool is_named = names_rejected(text);
    const bool may_list = text.starts_with('{') && names_any(text, events);
    if (!is_named && !is_list && !may_list) return verdict;
    if (plain->is_cut) {
        if (is_named) verdict.unreadable = "names `rejected` and is too long to be read whole";
        return verdict;
    }
    auto document = parse_leniently(text);
    if (document && document->json.is_string())  // JSON as a text in JSON
        document = parse_leniently(document->json.get<std::string>());
    if (document) return AnswerReader(events).read(*document);
    if (is_named) verdict.unreadable = "names `rejected` and is no JSON that can be read";
    return verdict;
}

bool is_whole_document(std::string_view body) {
    const auto text = without_space(body);
    if (!text.starts_with('{') && !text.starts_with('[')) return false;
    return parse_leniently(text).has_value();
}

bool speaks_to_everybody(int status) {
    constexpr std::array kStatuses = {401, 402, 403, 404, 405, 406, 407, 411,
                                      415, 417, 421, 426, 428, 431, 451};
    return std::find(kStatuses.begin(), kStatuses.end(), status) != kStatuses.end();
}

std::string refusal_text(int status, const net::Headers& headers, std::string_view body) {
    std::string text = "HTTP " + std::to_string(status);
    const auto remedy = [status]() -> std::string_view {
        switch (status) {
            case 401:
                return "it does not know us: compare secret_files and bearer_token_file with what "
                       "the exchange gave";
            case 403:
                return "it does not let us in: ask the exchange, and compare secret_files and "
                       "bearer_token_file";
            case 404:
                return "nothing is at that address: compare url with what the exchange gave";
            case 405:
                return "it takes no POST at that address: compare url with what the exchange gave";
            case 407:
                return "a proxy on the way wants a login: see proxy and proxy_login_file";
            case 413:
                return "it takes no request of this size: lower batch_events_max";
            default:
                return "";
        }
    }();
    if (!remedy.empty()) text.append(", ").append(remedy);
    if (status >= 300 && status < 400) {
        // a path may carry a token: only the place is named
        const auto target = net::find_header(headers, "Location");
        const auto scheme = target.find("://");
        const auto place =
            scheme == std::string_view::npos
                ? std::string("another path")
                : std::string(target.substr(0, target.find_first_of("/?#", scheme + 3)));
        text += ", sends us to " + short_reason(place) +
                ", where a signed body does not go by itself: put the new address into url";
        return text;
    }
    const auto said = body.starts_with("\x1f\x8b") ? std::string() : short_reason(body);
    if (!said.empty()) text += ": " + said;
    return text;
}

std::string short_reason(std::string_view text) {
    constexpr std::size_t kBytesMax = 200;
    std::string out;
    for (const char c : text.substr(0, kBytesMax))
        out += static_cast<unsigned char>(c) < 0x20 || c == '\x7f' ? ' ' : c;
    const bool was_cut = text.size() > kBytesMax;
    for (int i = 0; was_cut && i < 3 && !is_valid_utf8(out); ++i)
        out.pop_back();  // the cut may have gone through a letter
    if (!is_valid_utf8(out))
        for (char& c : out)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
    return out;
}

}  // namespace mis::sink
