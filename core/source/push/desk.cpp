#include "source/push/desk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "source/http/template.hpp"
#include "source/sql_words.hpp"

namespace mis::source::push {
namespace {

constexpr std::size_t kBucketsMax = 1024;  // further addresses share one
constexpr std::size_t kOrdersMax = 500;    // of one answer
constexpr const char* kComeAgain = "it cannot be kept now: come again";

// So that neither a byte nor the length of what is right can be timed.
std::string hidden(std::string_view text) {
    const Digest digest = sha256(text);
    return to_hex(digest);
}

net::ServerAnswer answer_of(const AnswerText& text, const Named& values) {
    net::ServerAnswer answer;
    answer.status = text.status;
    if (text.body == AnswerText::Body::json) {
        answer.body = canonical_json(filled_json(text.json, values));
        answer.content_type = "application/json; charset=utf-8";
    } else {
        answer.content_type = "text/plain; charset=utf-8";
        if (text.body == AnswerText::Body::text) answer.body = filled(text.text, values);
    }
    if (!text.content_type.empty()) answer.content_type = text.content_type;
    return answer;
}

std::optional<std::size_t> length_of(const net::ServerRequest& head) {
    const auto text = net::find_header(head.headers, "Content-Length");
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
    if (text.empty() || error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return length;
}

// Whether a row has still what the route says of every one that it makes.
bool stands(const Said& row, const Route& route) {
    return std::all_of(route.set.begin(), route.set.end(), [&](const auto& one) {
        const auto found = row.find(one.first);
        return found != row.end() && found->second == one.second;
    });
}

// A time of a query: with an offset (whose "+" may have become a blank), or without, then the
// clinic's.
std::optional<std::int64_t> time_of(std::string text, const std::optional<Zone>& zone) {
    const std::size_t blank = text.rfind(' ');
    if (blank != std::string::npos && blank > 10) text[blank] = '+';
    if (text.size() > 5) {  // +0300
        const std::size_t sign = text.size() - 5;
        if ((text[sign] == '+' || text[sign] == '-') && text.find(':', sign) == std::string::npos &&
            text.find('T') != std::string::npos && sign > text.find('T'))
            text.insert(sign + 3, ":");
    }
    if (const auto instant = Timestamp::parse_rfc3339(text)) return instant->unix_us;
    const auto local = LocalTime::parse(text);
    if (!local || !zone) return std::nullopt;
    return zone->resolve(*local).time.unix_us;
}

}  // namespace

Desk::Desk(
    const Connector& connector, DeskSettings settings, Journal journal, std::string expected,
    std::optional<Zone> zone, const Clock& clock, IntakeHooks hooks
)
    : connector_(connector),
      push_(*connector_.push),
      settings_(std::move(settings)),
      expected_(std::move(expected)),
      zone_(zone),
      clock_(clock),
      hooks_(std::move(hooks)),
      journal_(std::move(journal)) {
    figures_.last_received_us = journal_.last_received_us();
    figures_.bytes = journal_.bytes();
}

Result<std::unique_ptr<Desk>> Desk::make(
    const Connector& connector, DeskSettings settings, Journal journal, std::optional<Zone> zone,
    const Clock& clock, IntakeHooks hooks
) {
    const auto expected =
        http::in_header(connector.push->auth_value, {{"secret", settings.secret}});
    if (!expected) return fail(expected.error());
    for (const auto& [name, target] : settings.hints)
        if (connector.push->find(name) == nullptr) {
            std::string known;
            for (const Route& route : connector.push->routes) known += " " + route.name;
            return fail(
                ErrorKind::misconfigured, fmt::format(
                                              "push.hints: connector {} has no route {}; it has{}",
                                              connector.name, name, known
                                          )
            );
        }
    return std::unique_ptr<Desk>(new Desk(
        connector, std::move(settings), std::move(journal), hidden(*expected), zone, clock,
        std::move(hooks)
    ));
}

const StreamDeclaration& Desk::stream_of(const Route& route) const {
    const auto found =
        std::find_if(connector_.streams.begin(), connector_.streams.end(), [&](const auto& stream) {
            return stream.name == route.stream;
        });
    MIS_ASSERT(found != connector_.streams.end());
    return *found;
}

void Desk::count(std::string_view outcome) {
    const std::lock_guard lock(mutex_);
    ++figures_.messages[std::string(outcome)];
}

IntakeFigures Desk::figures() {
    const std::lock_guard lock(mutex_);
    return figures_;
}

net::ServerAnswer Desk::refuse(Refusal refusal, const std::string& reason) {
    count(to_string(refusal));
    auto answer = answer_of(push_.refusals.at(refusal), {{"reason", reason}});
    if (refusal == Refusal::throttled) answer.headers.emplace_back("Retry-After", reason);
    if (refusal == Refusal::unavailable) answer.headers.emplace_back("Retry-After", "60");
    return answer;
}

net::ServerAnswer Desk::busy() {
    return refuse(Refusal::unavailable, "too many messages at once: come again");
}

net::ServerAnswer Desk::told(const Route& route, const AnswerText& text, const Named& values) {
    hint(route);
    return answer_of(text, values);
}

std::optional<int> Desk::seconds_to_wait(const std::string& peer) {
    const auto now = clock_.steady();
    const double per_second = settings_.requests_per_minute / 60.0;
    const bool known = buckets_.contains(peer);
    if (!known && buckets_.size() >= kBucketsMax)
        std::erase_if(buckets_, [&](const auto& one) {
            return now - one.second.at > std::chrono::minutes(1);
        });
    const std::string name = known || buckets_.size() < kBucketsMax ? peer : "";
    auto [bucket, fresh] = buckets_.try_emplace(name);
    Bucket& one = bucket->second;
    const double most = settings_.requests_per_minute;
    const double seconds = std::chrono::duration<double>(now - one.at).count();
    one.tokens = fresh ? most : std::min(most, one.tokens + seconds * per_second);
    one.at = now;
    if (one.tokens >= 1) {
        one.tokens -= 1;
        return std::nullopt;
    }
    return std::max(1, static_cast<int>(std::ceil((1 - one.tokens) / per_second)));
}

std::optional<net::ServerAnswer> Desk::admit(const net::ServerRequest& head) {
    if (const auto wait = seconds_to_wait(head.peer))
        return refuse(Refusal::throttled, std::to_string(*wait));
    const std::string given = hidden(net::find_header(head.headers, push_.auth_header));
    if (!equal_in_constant_time(given, expected_)) return refuse(Refusal::unauthorized);
    const auto found = find_route(push_, head.method, head.path);
    if (found.route == nullptr)
        return refuse(found.path_is_known ? Refusal::wrong_method : Refusal::unknown_route);
    if (const auto length = length_of(head); length && *length > settings_.body_bytes_max)
        return refuse(
            Refusal::too_large,
            fmt::format("more than {} bytes in one message", settings_.body_bytes_max)
        );
    return std::nullopt;
}

net::ServerAnswer Desk::take(const net::ServerRequest& request) {
    const Route& route = *find_route(push_, request.method, request.path).route;
    try {
        switch (route.means) {
            case Route::Means::snapshot:
                return take_snapshot(route, request.body);
            case Route::Means::change:
                return take_change(route, request.body);
            case Route::Means::question:
                return answer_question(route, request);
            case Route::Means::hint:
                break;
        }
        count("hint");
        return told(route, route.answer);
    } catch (const sqlite::StoreError& error) {
        {
            const std::lock_guard lock(mutex_);
            if (figures_.error != error.what())
                log::error("{}: what comes cannot be kept: {}", connector_.name, error.what());
            figures_.error = error.what();
        }
        return refuse(Refusal::unavailable, kComeAgain);
    }
}

std::optional<std::string> Desk::why_no_room(std::size_t bytes) {
    std::error_code unknown;
    const auto space = std::filesystem::space(settings_.folder, unknown);
    if (!unknown && static_cast<std::int64_t>(space.available) <
                        settings_.free_disk_bytes_min + static_cast<std::int64_t>(bytes))
        return "the disk is nearly full: make room (limits.free_disk_bytes_min)";
    if (journal_.bytes() + static_cast<std::int64_t>(bytes) > settings_.journal_bytes_max)
        return "what is kept has reached push.journal_bytes_max: raise it";
    return std::nullopt;
}

bool Desk::keep(std::size_t bytes, const std::function<Journal::Put(std::int64_t now_us)>& put) {
    const auto why = why_no_room(bytes);
    if (why) {
        const std::lock_guard lock(mutex_);
        figures_.error = *why;
        return false;
    }
    const std::int64_t now_us = clock_.unix_us();
    const bool is_fresh = put(now_us) == Journal::Put::fresh;
    {
        const std::lock_guard lock(mutex_);
        figures_.error.clear();
        figures_.last_received_us = now_us;
        figures_.bytes = journal_.bytes();
    }
    count(is_fresh ? "accepted" : "repeated");
    if (is_fresh && hooks_.arrived) hooks_.arrived();
    return true;
}

net::ServerAnswer Desk::take_snapshot(const Route& route, const std::string& body) {
    const auto rows = count_rows(connector_.streams, route, body);
    if (!rows) return refuse(Refusal::malformed, rows.error().text);
    const bool kept = keep(body.size(), [&](std::int64_t now_us) {
        return journal_.put_snapshot(route.name, body, now_us);
    });
    if (!kept) return refuse(Refusal::unavailable, kComeAgain);
    Named values;
    for (const auto& [stream, number] : *rows) values[stream] = std::to_string(number);
    return told(route, route.answer, values);
}

net::ServerAnswer Desk::take_change(const Route& route, const std::string& body) {
    const StreamDeclaration& stream = stream_of(route);
    auto change = read_change(route, stream, body, zone_);
    if (!change) return refuse(Refusal::malformed, change.error().text);
    const std::string id =
        route.id == Route::Id::made ? made_id(stream.name, change->said) : change->id;
    Said said;
    if (auto known = journal_.change(stream.name, id)) {
        if (route.id == Route::Id::made && stands(*known, route)) {
            count("repeated");  // told once more: what became of it since stays
            return told(route, route.answer, {{"id", id}});
        }
        said = *std::move(known);
    } else if (route.only_known) {
        count("unknown");
        return answer_of(route.unknown, {{"id", id}});
    }
    for (auto& [column, value] : change->said) said[column] = std::move(value);
    const std::string window = declared_name(stream.window->column);
    const auto when = said.find(window);
    if (when == said.end() || !when->second)
        return refuse(Refusal::malformed, fmt::format("{} is missing", window));
    const AnswerText* conflict = nullptr;
    if (!route.conflicts.empty())
        journal_.each_change(stream.name, [&](const std::string& key, const Said& other) {
            if (key == id) return true;
            for (const Conflict& one : route.conflicts)
                if (conflicts(one, said, other)) conflict = &one.answer;
            return conflict == nullptr;
        });
    if (conflict != nullptr) {
        count("conflict");
        return answer_of(*conflict, {{"id", id}});
    }
    forget_old(stream);
    const bool kept = keep(body.size(), [&](std::int64_t now_us) {
        return journal_.put_change(stream.name, id, said, when->second->substr(0, 10), now_us);
    });
    if (!kept) return refuse(Refusal::unavailable, kComeAgain);
    return told(route, route.answer, {{"id", id}});
}

// A day more than the stream's history reaches: what the pipeline may still ask for stays.
void Desk::forget_old(const StreamDeclaration& stream) {
    const std::int64_t now_us = clock_.unix_us();
    const Timestamp now = zone_ ? zone_->at(now_us) : Timestamp{now_us, 0};
    const Date oldest{now.local_date().days - stream.window->history_days - 1};
    journal_.forget(stream.name, oldest.to_string());
}

net::ServerAnswer Desk::answer_question(const Route& route, const net::ServerRequest& request) {
    if (route.orders && settings_.orders) return answer_orders(route, request);
    if (route.stream.empty()) {
        count("answered");
        return told(route, route.answer);
    }
    const auto id = read_id(route, push_.format, request.body);
    if (!id) return refuse(Refusal::malformed, id.error().text);
    const auto known = journal_.change(route.stream, *id);
    count(known ? "answered" : "unknown");
    if (!known) return answer_of(route.unknown, {{"id", *id}});
    Named values{{"id", *id}};
    for (const auto& [column, value] : *known) values[column] = value.value_or("");
    return told(route, route.answer, values);
}

// Oldest first; both bounds count, as callers of this protocol ask.
net::ServerAnswer Desk::answer_orders(const Route& route, const net::ServerRequest& request) {
    const auto asked = query_values(request.query);
    const auto number = [&](const char* name, std::size_t otherwise) {
        const auto found = asked.find(name);
        if (found == asked.end()) return otherwise;
        std::size_t value = 0;
        const std::string& text = found->second;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
    };
    const auto bound = [&](const char* name) -> Result<std::optional<std::int64_t>> {
        const auto found = asked.find(name);
        if (found == asked.end() || found->second.empty()) return std::optional<std::int64_t>();
        const auto time = time_of(found->second, zone_);
        if (!time) return fail(ErrorKind::malformed, fmt::format("{} is no time", name));
        return time;
    };
    const auto from = bound("datetimefrom"), to = bound("datetimeto");
    if (!from) return refuse(Refusal::malformed, from.error().text);
    if (!to) return refuse(Refusal::malformed, to.error().text);
    std::vector<std::pair<std::int64_t, Json>> found;
    for (const Json& order : hooks_.orders ? hooks_.orders() : Json::array()) {
        Named values;
        for (const auto& [name, value] : order.items())
            if (value.is_string()) values[name] = value.get<std::string>();
        const auto at = Timestamp::parse_rfc3339(values["placed_at"]);
        if (!at || (*from && at->unix_us < **from) || (*to && at->unix_us > **to)) continue;
        Json told_as = Json::object();
        for (const auto& [name, value] : route.orders->items()) {
            Json made = filled_json(value, values);
            if (!made.is_string() || !made.get_ref<const std::string&>().empty())
                told_as[name] = std::move(made);
        }
        found.emplace_back(at->unix_us, std::move(told_as));
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.first < b.first;
    });
    Json list = Json::array();
    const std::size_t limit = std::min(number("limit", kOrdersMax), kOrdersMax);
    for (std::size_t i = number("offset", 0); i < found.size() && list.size() < limit; ++i)
        list.push_back(std::move(found[i].second));
    count("answered");
    net::ServerAnswer answer;
    answer.content_type = "application/json; charset=utf-8";
    answer.body = canonical_json(list);
    return answer;
}

void Desk::hint(const Route& route) {
    const auto target = settings_.hints.find(route.name);
    if (target == settings_.hints.end() || !hooks_.hint) return;
    const std::size_t dot = std::min(target->second.find('.'), target->second.size());
    hooks_.hint(
        target->second.substr(0, dot),
        dot == target->second.size() ? std::string() : target->second.substr(dot + 1)
    );
}

}  // namespace mis::source::push
