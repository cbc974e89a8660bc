#include "console/console.hpp"

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"
#include "console/api.hpp"

namespace mis::console {
namespace {

constexpr std::size_t kWaitingMax = 64;
constexpr std::size_t kBodyBytesMax = 64 << 10;
constexpr double kRequestsPerSecond = 20, kRequestsAtOnce = 40;
constexpr double kSearchesPerMinute = 30;
constexpr std::string_view kRoot = "/console/";

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

Language language_asked(const net::ServerRequest& request) {
    return language_of(net::find_header(request.headers, "Accept-Language"));
}

net::ServerAnswer moved_to_root() {
    net::ServerAnswer answer;
    answer.status = 308;
    answer.content_type = "text/plain; charset=utf-8";
    answer.headers.emplace_back("Location", std::string(kRoot));
    return answer;
}

// As sent, without If-Match's strength marks and quotes.
std::string tag_of(std::string_view header) {
    header = trim(header);
    if (header.starts_with("W/")) header.remove_prefix(2);
    if (header.size() >= 2 && header.front() == '"' && header.back() == '"')
        header = header.substr(1, header.size() - 2);
    return std::string(header);
}

net::ServerAnswer answer_of(Reply reply, const net::ServerRequest& request) {
    net::ServerAnswer answer;
    answer.status = reply.status;
    answer.headers = std::move(reply.headers);
    if (!reply.text_type.empty()) {
        answer.content_type = reply.text_type;
        answer.body = std::move(reply.text);
    } else if (!reply.body.is_null()) {
        answer.body = reply.body.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    if (reply.cached && reply.etag.empty()) reply.etag = to_hex(sha256(answer.body)).substr(0, 32);
    if (reply.etag.empty()) return answer;
    answer.headers.emplace_back("ETag", '"' + reply.etag + '"');
    if (reply.cached && tag_of(net::find_header(request.headers, "If-None-Match")) == reply.etag) {
        answer.status = 304;
        answer.body.clear();
    }
    return answer;
}

}  // namespace

// --- a hand: a thread with a queue

Console::Hand::Hand(Console& console, std::string name)
    : console_(console), name_(std::move(name)), thread_([this] { work(); }) {}

Console::Hand::~Hand() {
    std::deque<Question> left;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        left.swap(waiting_);
    }
    asked_.notify_one();
    thread_.join();
    for (const auto& question : left)
        question.respond(console_.problem(ProblemName::busy, question.request, question.number));
}

bool Console::Hand::take(Question question) {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kWaitingMax) return false;
    waiting_.push_back(std::move(question));
    asked_.notify_one();
    return true;
}

void Console::Hand::work() {
    std::optional<sqlite::Database> database;
    for (;;) {
        Question question{{}, net::Responder(nullptr), {}};
        {
            std::unique_lock lock(mutex_);
            const auto is_asked = [this] { return stopping_ || !waiting_.empty(); };
            if (!asked_.wait_for(lock, std::chrono::seconds(30), is_asked)) {
                lock.unlock();
                if (database) database->give_back_cache();
                continue;
            }
            if (stopping_) return;
            question = std::move(waiting_.front());
            waiting_.pop_front();
        }
        net::ServerAnswer given;
        try {
            if (!database) database = console_.desk_.reader();
            given = console_.answer(*database, question);
        } catch (const sqlite::StoreError& error) {
            log::warn(
                "console: {} ({}): the store cannot be asked: {}", question.number, name_,
                error.what()
            );
            given = console_.problem(ProblemName::busy, question.request, question.number, 5);
            database.reset();
        } catch (const std::exception& error) {
            log::error("console: {} ({}): {}", question.number, name_, error.what());
            given = console_.problem(ProblemName::internal, question.request, question.number);
        }
        question.respond(std::move(given));
    }
}

// --- the console

Console::Console(Desk& desk, ConsoleOptions options, const Clock& clock)
    : desk_(desk),
      clock_(clock),
      tls_(!options.certificate_file.empty()),
      assets_(options.assets),
      number_prefix_([] {
          const std::string bytes = random_bytes(4);
          return to_hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
      }()),
      requests_(kRequestsPerSecond, kRequestsAtOnce),
      searches_(kSearchesPerMinute / 60, kSearchesPerMinute),
      reading_(std::make_unique<Hand>(*this, "reading")),
      changing_(std::make_unique<Hand>(*this, "changing")) {
    net::HttpServer::Options server;
    server.address = options.address;
    server.port = options.port;
    server.certificate_file = options.certificate_file.string();
    server.key_file = options.key_file.string();
    server.body_bytes_max = kBodyBytesMax;
    server.connections_max = 64;
    server.admit = [this](const net::ServerRequest& head) -> std::optional<net::ServerAnswer> {
        const auto length = net::find_header(head.headers, "Content-Length");
        const bool long_number = length.size() > 9;
        if (!long_number && std::atoll(std::string(length).c_str()) <= std::int64_t{kBodyBytesMax})
            return std::nullopt;
        const std::string number = next_number();
        return dressed(problem(ProblemName::too_large, head, number), number);
    };
    server_ = std::make_unique<net::HttpServer>(
        server,
        [this](net::ServerRequest request, net::Responder respond) {
            take(std::move(request), std::move(respond));
        }
    );
    auto gate =
        std::make_unique<Gate>(GateOptions{options.address, server_->port(), tls_, options.hosts});
    const std::lock_guard lock(gate_mutex_);
    gate_ = std::move(gate);
    log::info("console on {}://{}:{}{}", tls_ ? "https" : "http", options.address, port(), kRoot);
}

Console::~Console() {
    server_.reset();  // no further questions
    reading_.reset();
    changing_.reset();
}

std::string Console::next_number() { return number_prefix_ + "-" + std::to_string(++numbers_); }

net::ServerAnswer Console::problem(
    ProblemName name, const net::ServerRequest& request, const std::string& number,
    std::int64_t retry_seconds
) const {
    Problem found{name};
    found.retry_seconds = retry_seconds;
    return dressed(console::answer_of(found, language_asked(request), number), number);
}

// What every answer carries.
net::ServerAnswer Console::dressed(net::ServerAnswer answer, const std::string& number) const {
    const auto add = [&](const char* name, std::string_view value) {
        answer.headers.emplace_back(name, value);
    };
    if (net::find_header(answer.headers, "X-Request-Number").empty()) {
        if (net::find_header(answer.headers, "Cache-Control").empty())
            add("Cache-Control", "no-store");
        add("X-Request-Number", number);
        add("Content-Security-Policy", kPolicy);
        add("X-Content-Type-Options", "nosniff");
        add("X-Frame-Options", "DENY");
        add("Referrer-Policy", "no-referrer");
        add("Cross-Origin-Opener-Policy", "same-origin");
        add("Cross-Origin-Resource-Policy", "same-origin");
        add("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()");
    }
    return answer;
}

void Console::take(net::ServerRequest request, net::Responder respond) {
    const std::string number = next_number();
    const auto turn_away = [&](ProblemName name, std::int64_t retry_seconds = 0) {
        respond(problem(name, request, number, retry_seconds));
    };
    {
        const std::lock_guard lock(gate_mutex_);
        if (gate_ == nullptr) return turn_away(ProblemName::busy, 1);
    }
    if (!gate_->is_our_name(net::find_header(request.headers, "Host")))
        return turn_away(ProblemName::wrong_host);
    const bool reads = !changes_something(request.method);
    if (!request.path.starts_with(kApi)) {
        if (!reads) return turn_away(ProblemName::wrong_method);
        if (request.path == "/" || request.path == "/console")
            return respond(dressed(moved_to_root(), number));
        if (!request.path.starts_with(kRoot)) return turn_away(ProblemName::not_found);
        return respond(
            dressed(assets_.answer(request.path.substr(kRoot.size()), request.headers), number)
        );
    }
    const auto now = clock_.steady();
    if (!requests_.take(request.peer, now)) return turn_away(ProblemName::too_many, 1);
    if (Api::is_search(request.path) && !searches_.take(request.peer, now))
        return turn_away(ProblemName::too_many, 60);
    if (const auto refusal = gate_->refuse(request)) return turn_away(*refusal);
    Hand& hand = reads ? *reading_ : *changing_;
    if (!hand.take({request, respond, number})) turn_away(ProblemName::busy, 5);
}

net::ServerAnswer Console::answer(sqlite::Database& database, const Question& question) {
    const auto& request = question.request;
    Call call(request);
    call.language = language_asked(request);
    call.now_us = clock_.unix_us();
    call.query = query_of(request.query);
    const auto fail_with = [&](const Problem& found) {
        return dressed(console::answer_of(found, call.language, question.number), question.number);
    };
    std::string_view rest = request.path;
    rest.remove_prefix(kApi.size());
    if (!rest.empty() && rest.front() != '/') return fail_with({ProblemName::not_found});
    if (!rest.empty()) rest.remove_prefix(1);
    for (const auto part : split(rest, '/')) {
        auto decoded = percent_decoded(part);
        if (!decoded || decoded->size() > 200) return fail_with({ProblemName::not_found});
        call.path.push_back(std::move(*decoded));
    }
    if (!request.body.empty()) {
        auto body = parse_json(request.body);
        if (!body || !body->is_object()) return fail_with({ProblemName::malformed});
        call.body = std::move(*body);
    }
    Api api(desk_, sessions_, tls_);
    auto outcome = api.answer(database, call);
    if (!outcome) return fail_with(outcome.error());
    return dressed(answer_of(std::move(*outcome), request), question.number);
}

}  // namespace mis::console
