#include "source/http/caller.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/private_values.hpp"
#include "base/text.hpp"
#include "net/retry_after.hpp"

namespace mis::source::http {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kCodeBytesMax = 64;

std::string written(const Template& text) {
    std::string out;
    for (const auto& piece : text.pieces)
        out += piece.is_placeholder ? "{" + piece.text + "}" : piece.text;
    return out;
}

std::string origin_of(std::string_view url) {  // "https://host:port"
    const auto host = url.find("://") + 3;
    return std::string(url.substr(0, std::min(url.find_first_of("/?#", host), url.size())));
}

std::string with_slash(std::string url) {
    if (!url.ends_with('/')) url += '/';
    return url;
}

bool is_true(const Node& node) {  // says that something is there
    if (node.kind == Node::Kind::null) return false;
    if (node.kind == Node::Kind::object) return true;
    return !node.text.empty() && node.text != "false" && node.text != "0";
}

bool is_success(int status) { return status >= 200 && status < 300; }

std::string name_of(const RowsPlace& rows, Format format) {
    if (rows.list.empty()) return "its root";
    return fmt::format("`{}`", fmt::join(rows.list, format == Format::xml ? "/" : "."));
}

}  // namespace

Caller::Caller(
    HttpSettings settings, ServiceDeclaration declaration, Values site, const Clock& clock,
    SourceOptions options
)
    : settings_(std::move(settings)),
      limits_{
          settings_.service.per_second > 0 ? settings_.service.per_second
                                           : declaration.limits.per_second,
          settings_.service.per_minute > 0 ? settings_.service.per_minute
                                           : declaration.limits.per_minute},
      site_(site),
      clock_(clock),
      options_(std::move(options)),
      base_(with_slash(settings_.service.url)),
      host_(origin_of(base_).substr(base_.find("://") + 3)),
      authentication_(
          std::move(declaration.auth), {settings_.service.user, settings_.secret}, std::move(site),
          clock,
          TokenKeeper(
              options_.stage_folder, settings_.service.url + "\n" + settings_.service.user,
              settings_.refresh_token
          ),
          [this](const AuthDeclaration& auth, const Values& values) {
              return ask_token(auth, values);
          }
      ),
      client_(std::make_unique<net::HttpClient>()),
      body_(options_.stage_folder) {}

void Caller::cancel() {
    cancelled_ = true;
    {
        const std::lock_guard lock(client_mutex_);
        client_->interrupt();
    }
    const std::lock_guard lock(pause_mutex_);
    woken_.notify_all();
}

Result<void> Caller::pause(std::chrono::microseconds time) {
    if (options_.sleep && !cancelled_) {
        options_.sleep(time);
    } else {
        std::unique_lock lock(pause_mutex_);
        woken_.wait_for(lock, time, [this] { return cancelled_.load(); });
    }
    if (cancelled_) return fail(ErrorKind::cancelled, "stopped by us");
    return {};
}

Result<void> Caller::keep_pace() {
    const auto wait_for = [&](int most, std::chrono::nanoseconds span) -> Result<void> {
        if (most == 0) return {};
        const auto count = static_cast<std::size_t>(most);
        if (asked_.size() < count) return {};
        const auto free_at = asked_[asked_.size() - count] + span;
        const auto now = clock_.steady();
        if (free_at <= now) return {};
        return pause(std::chrono::duration_cast<std::chrono::microseconds>(free_at - now) + 1us);
    };
    if (auto waited = wait_for(limits_.per_minute, 60s); !waited) return waited;
    if (auto waited = wait_for(limits_.per_second, 1s); !waited) return waited;
    const auto now = clock_.steady();
    const int most = std::max(limits_.per_minute, limits_.per_second);
    if (most == 0) return {};
    asked_.push_back(now);
    while (asked_.size() > static_cast<std::size_t>(most)) asked_.pop_front();
    return {};
}

Result<net::HttpRequest> Caller::request_of(
    const RequestText& text, const Values& given, const Proof& proof, const std::string& link
) const {
    Values values = site_;
    for (const auto& [name, value] : given) values[name] = value;
    if (text.body == RequestText::Body::xml && !proof.body.empty())
        values["secret"] = proof.body.front().second;
    net::HttpRequest request;
    request.method = text.method;
    if (link.empty()) {
        auto path = in_path(text.path, values);
        if (!path) return fail(path.error());
        auto query = as_form(text.query, values);
        if (!query) return fail(query.error());
        request.url = base_ + proof.path_prefix +
                      (path->starts_with('/') ? path->substr(1) : *std::move(path));
        if (text.path.pieces.empty() && proof.path_prefix.empty()) request.url.pop_back();
        if (!query->empty())
            request.url += (request.url.find('?') == std::string::npos ? "?" : "&") + *query;
    } else {
        request.url = link;
    }
    for (const auto& [name, value] : proof.query)
        if (link.find(name + "=") == std::string::npos)
            request.url += (request.url.find('?') == std::string::npos ? "?" : "&") +
                           percent_encoded(name) + "=" + percent_encoded(value);
    request.headers = {{"User-Agent", "mis-gateway"}, {"Accept", "application/json, */*;q=0.5"}};
    if (text.body == RequestText::Body::xml) request.headers[1].second = "text/xml, */*;q=0.5";
    for (const auto& [name, value] : text.headers) {
        auto filled = in_header(value, values);
        if (!filled) return fail(filled.error());
        std::erase_if(request.headers, [&, &own = name](const auto& header) {
            return net::equal_ignoring_case(header.first, own);
        });
        request.headers.emplace_back(name, *std::move(filled));
    }
    for (const auto& header : proof.headers) request.headers.push_back(header);
    const auto type = [&](const char* otherwise) {
        if (net::find_header(request.headers, "Content-Type").empty())
            request.headers.emplace_back("Content-Type", otherwise);
    };
    if (text.body == RequestText::Body::json) {
        auto json = as_json(text.json, values);
        if (!json) return fail(json.error());
        for (const auto& [name, value] : proof.body) (*json)[name] = value;
        request.body = json->dump(-1, ' ', false, Json::error_handler_t::replace);
        type("application/json");
    } else if (text.body == RequestText::Body::form || (text.body == RequestText::Body::none && !proof.body.empty())) {
        auto form = as_form(text.form, values);
        if (!form) return fail(form.error());
        request.body = *std::move(form);
        for (const auto& [name, value] : proof.body)
            request.body += (request.body.empty() ? "" : "&") + percent_encoded(name) + "=" +
                            percent_encoded(value);
        type("application/x-www-form-urlencoded");
    } else if (text.body == RequestText::Body::xml) {
        auto xml = as_xml(text.text, values);
        if (!xml) return fail(xml.error());
        request.body = *std::move(xml);
        type("text/xml; charset=utf-8");
    }
    return request;
}

Result<std::string> Caller::text(const RequestText& text, const Values& values) const {
    const auto request = request_of(text, values, authentication_.masked(), "");
    if (!request) return fail(request.error());
    std::string out = request->method + " " + request->url;
    for (const auto& [name, value] : request->headers)
        if (name != "User-Agent" && name != "Accept") out += "\n" + name + ": " + value;
    if (!request->body.empty()) out += "\n\n" + request->body;
    return out;
}

Result<Caller::Reply> Caller::send(net::HttpRequest request) {
    if (auto paced = keep_pace(); !paced) return fail(paced.error());
    const config::HttpConfig& service = settings_.service;
    request.tls.authority_file = service.authority_file.string();
    request.proxy = {service.proxy, settings_.proxy_login};
    request.connect_timeout = std::chrono::seconds(service.connect_seconds_max);
    request.total_timeout = std::chrono::seconds(service.answer_seconds_max);
    body_.clear();
    std::optional<Error> refused;
    request.take_body = [&](std::string_view bytes) {
        if (body_.size() + static_cast<std::int64_t>(bytes.size()) > options_.stage_bytes_max) {
            refused = Error{
                ErrorKind::misconfigured,
                "the answer is larger than limits.stage_bytes_max lets it be"};
            return false;
        }
        try {
            body_.append(bytes);
        } catch (const std::exception& error) {  // not through libcurl
            refused = Error{ErrorKind::unavailable, error.what()};
            return false;
        }
        return true;
    };
    std::optional<net::HttpOutcome> outcome;
    client_->send(std::move(request), [&](net::HttpOutcome done) { outcome = std::move(done); });
    while (!outcome) {
        client_->work(1s);
        if (!cancelled_ || outcome) continue;
        auto fresh = std::make_unique<net::HttpClient>();
        const std::lock_guard lock(client_mutex_);
        client_.swap(fresh);
        fresh.reset();  // its request ends as cancelled, which fills in the outcome
    }
    if (cancelled_) return fail(ErrorKind::cancelled, "stopped by us");
    if (refused) return fail(*refused);
    if (!*outcome) return fail(outcome->error().error);
    Reply reply;
    reply.status = (*outcome)->status;
    reply.headers = std::move((*outcome)->headers);
    reply.refusal = std::move((*outcome)->body);
    return reply;
}

std::optional<std::chrono::seconds> Caller::wait_of(const net::Headers& headers) const {
    const auto asked = net::retry_after(headers, clock_.unix_us() / 1'000'000);
    if (!asked) return std::nullopt;
    return asked->wait;
}

Error Caller::refusal_of(const Reply& reply, const std::string& code) const {
    const int status = reply.status;
    std::string text = fmt::format("it answers HTTP {}", status);
    if (!code.empty()) text += " (" + code + ")";
    const auto made = [&](ErrorKind kind, std::string_view remedy) {
        return Error{
            kind, text + (remedy.empty() ? "" : ": ") + std::string(remedy),
            wait_of(reply.headers)};
    };
    if (status == 401 || status == 403)
        return made(
            ErrorKind::misconfigured,
            "it does not take us for who we say we are, or that one may not: check http.user, "
            "http.secret_file and what the service grants to them"
        );
    if (status >= 300 && status < 400)
        return made(
            ErrorKind::misconfigured, "it sends us elsewhere: name that address as http.url"
        );
    if (status == 404)
        return made(ErrorKind::misconfigured, "it has no such place: check http.url");
    if (status == 429) return made(ErrorKind::unavailable, "it is asked too often");
    if (status == 408 || status == 425 || status >= 500) return made(ErrorKind::unavailable, "");
    return made(
        ErrorKind::misconfigured,
        "it does not understand what the connector asks: its version may "
        "be another than the connector's README names"
    );
}

std::optional<Error> Caller::failure_of(
    const Question& question, int status, const Envelope& envelope, bool& no_rows
) const {
    for (const FailureSign& sign : *question.failures) {
        if (!sign.statuses.empty() &&
            std::find(sign.statuses.begin(), sign.statuses.end(), status) == sign.statuses.end())
            continue;
        if (!sign.field.empty()) {
            const auto found = envelope.find(sign.field);
            if (found == envelope.end()) continue;
            const bool matches =
                sign.is.empty() ? is_true(found->second)
                                : std::find(sign.is.begin(), sign.is.end(), found->second.text) !=
                                      sign.is.end();
            if (!matches) continue;
        }
        if (sign.means == FailureSign::Means::no_rows) {
            no_rows = true;
            return std::nullopt;
        }
        std::string text = "it says that it failed";
        if (const auto code = envelope.find(sign.code); code != envelope.end()) {
            std::string_view told = trim(code->second.text);
            if (question.plan.format == Format::xml)  // a fault's code is a name with a prefix
                told.remove_prefix(told.rfind(':') + 1);
            const bool plain = told.size() <= kCodeBytesMax && !told.empty() &&
                               std::all_of(told.begin(), told.end(), [](char c) {
                                   return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                                          (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
                                          c == '.';
                               });
            if (plain && !has_private_shape(told) && !authentication_.holds_secret(told))
                text += fmt::format(" ({})", told);
        }
        if (!is_success(status)) text += fmt::format(" with HTTP {}", status);
        const auto kind =
            sign.means == FailureSign::Means::misconfigured
                ? ErrorKind::misconfigured
                : (sign.means == FailureSign::Means::malformed ? ErrorKind::malformed
                                                               : ErrorKind::unavailable);
        return Error{kind, std::move(text)};
    }
    return std::nullopt;
}

Result<Answer> Caller::judge(const Question& question, Reply& reply, const TakeRow& row) {
    AnswerPlan plan = question.plan;
    for (const FailureSign& sign : *question.failures) {
        if (!sign.field.empty()) plan.watched.push_back(sign.field);
        if (!sign.code.empty()) plan.watched.push_back(sign.code);
    }
    bool no_rows = false;
    if (!is_success(reply.status)) {
        if (std::find(question.gone.begin(), question.gone.end(), reply.status) !=
            question.gone.end())
            return Answer{{}, true};
        std::string_view rest = reply.refusal;
        const auto pieces = [&]() -> Result<std::string_view> { return std::exchange(rest, {}); };
        const auto told = read_answer(plan, pieces, [](const auto&) -> Result<void> { return {}; });
        const Envelope nothing;
        auto failure = failure_of(question, reply.status, told ? told->envelope : nothing, no_rows);
        if (no_rows) return Answer{{}, true};
        if (!failure) return fail(refusal_of(reply, ""));
        failure->wait = wait_of(reply.headers);
        return fail(*std::move(failure));
    }
    body_.rewind();
    const auto pieces = [&]() -> Result<std::string_view> {
        if (cancelled_) return fail(ErrorKind::cancelled, "stopped by us");
        try {
            return body_.next();
        } catch (const std::exception& error) {
            return fail(ErrorKind::unavailable, error.what());
        }
    };
    auto answer = read_answer(plan, pieces, row);
    if (!answer) return answer;
    if (auto failure = failure_of(question, reply.status, answer->envelope, no_rows)) {
        failure->wait = wait_of(reply.headers);
        return fail(*std::move(failure));
    }
    if (no_rows) answer->has_rows = true;
    if (!answer->has_rows)
        return fail(
            ErrorKind::malformed,
            fmt::format(
                "the answer has no list of rows at {}: check `rows:` of the connector",
                name_of(plan.rows, plan.format)
            )
        );
    return answer;
}

Result<Answer> Caller::ask(const Question& question, const Values& values, const TakeRow& row) {
    const std::string doing =
        fmt::format("{} {} of {}", question.text->method, written(question.text->path), host_);
    bool renewed = false;
    for (int waits = 0;;) {
        auto proof = authentication_.proof();
        if (!proof) return fail(proof.error());
        std::string link = question.link;
        if (!link.empty()) {
            const std::string origin = origin_of(base_);
            if (link.starts_with('/') && !link.starts_with("//")) link = origin + link;
            if (!link.starts_with(origin + "/") && !link.starts_with(origin + "?"))
                return fail(
                    ErrorKind::malformed, doing +
                                              ": its next page lies at another address than "
                                              "http.url, where no key of ours goes"
                );
        }
        auto request = request_of(*question.text, values, *proof, link);
        if (!request) return fail(request.error().within(doing));
        auto reply = send(*std::move(request));
        if (!reply)
            return fail(
                reply.error().kind == ErrorKind::cancelled ? reply.error()
                                                           : reply.error().within(doing)
            );
        if (reply->status == 401 && !renewed && authentication_.renew()) {
            renewed = true;
            continue;
        }
        auto answer = judge(question, *reply, row);
        if (answer && question.validators != nullptr)
            *question.validators = {
                std::string(net::find_header(reply->headers, "ETag")),
                std::string(net::find_header(reply->headers, "Last-Modified"))};
        if (answer) return answer;
        const Error& error = answer.error();
        // Rows may have been taken of an answer that says only at its end that it failed.
        const bool busy = error.kind == ErrorKind::unavailable && !is_success(reply->status) &&
                          (error.wait || reply->status == 429);
        const auto wait = error.wait.value_or(std::chrono::seconds(2 << waits));
        if (!busy || ++waits > kPatienceTimesMax || wait.count() > kPatienceSecondsMax)
            return fail(error.kind == ErrorKind::cancelled ? error : error.within(doing));
        if (auto waited = pause(wait); !waited) return fail(waited.error());
    }
}

std::optional<std::string> Caller::page(const std::string& path) {
    using Kind = AuthDeclaration::Kind;
    constexpr std::size_t kPageBytesMax = 1024 * 1024;
    Proof proof;
    if (const Kind kind = authentication_.kind();
        kind == Kind::header || kind == Kind::query || kind == Kind::basic)
        if (auto made = authentication_.proof()) proof = *std::move(made);
    auto request = request_of({}, {}, proof, "");
    if (!request) return std::nullopt;
    const auto query = request->url.find('?');  // of the proof
    const std::string proven = query == std::string::npos ? "" : request->url.substr(query + 1);
    request->url = path.starts_with('?') ? settings_.service.url + path : base_ + path;
    if (!proven.empty())
        request->url += (request->url.find('?') == std::string::npos ? "?" : "&") + proven;
    const auto reply = send(*std::move(request));
    if (!reply || !is_success(reply->status)) return std::nullopt;
    std::string text;
    try {
        body_.rewind();
        for (auto piece = body_.next(); !piece.empty() && text.size() < kPageBytesMax;
             piece = body_.next())
            text += piece;
    } catch (const std::exception&) {  // the disk: a look that shows nothing
        return std::nullopt;
    }
    return text;
}

bool Caller::stands(const RequestText& text, const Values& values, const Validators& known) {
    const auto proof = authentication_.proof();
    if (!proof) return false;
    auto request = request_of(text, values, *proof, "");
    if (!request) return false;
    if (!known.etag.empty())
        request->headers.emplace_back("If-None-Match", known.etag);
    else
        request->headers.emplace_back("If-Modified-Since", known.last_modified);
    const auto reply = send(*std::move(request));
    return reply && reply->status == 304;
}

Result<Authentication::Issued> Caller::ask_token(
    const AuthDeclaration& auth, const Values& values
) {
    auto request = request_of(auth.login, values, {}, "");
    if (!request) return fail(request.error());
    auto reply = send(*std::move(request));
    if (!reply) return fail(reply.error());
    if (!is_success(reply->status)) {
        Error refused = refusal_of(*reply, "");
        if (reply->status == 400)
            refused = Error{
                ErrorKind::misconfigured,
                auth.kind == AuthDeclaration::Kind::oauth2_refresh
                    ? "it answers HTTP 400: it does not take http.user, http.secret_file and the "
                      "refresh token: if that was used up, put a new one into "
                      "http.refresh_token_file"
                    : "it answers HTTP 400: it does not take http.user and http.secret_file"};
        return fail(std::move(refused));
    }
    AnswerPlan plan;
    plan.rows.list = {"", ""};  // there are none
    plan.watched = {auth.token};
    for (const std::string* field : {&auth.expires, &auth.refresh})
        if (!field->empty()) plan.watched.push_back(*field);
    body_.rewind();
    const auto answer = read_json_answer(
        plan, [&]() -> Result<std::string_view> { return body_.next(); },
        [](const auto&) -> Result<void> { return {}; }
    );
    if (!answer) return fail(answer.error());
    const auto told = [&](const std::string& field) {
        const auto found = answer->envelope.find(field);
        return found == answer->envelope.end() ? std::string() : found->second.text;
    };
    return Authentication::Issued{told(auth.token), told(auth.expires), told(auth.refresh)};
}

}  // namespace mis::source::http
