#include "net/http_server.hpp"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/log.hpp"
#include "net/byte_stream.hpp"
#include "net/gzip.hpp"
#include "platform/peer_left.hpp"

namespace mis::net {

namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

namespace {

constexpr std::uint32_t kHeadBytesMax = 16 * 1024;
constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kWriteBytes = 64 * 1024;
constexpr int kSendBufferBytes = 256 * 1024;  // else a taker who reads nothing holds megabytes
constexpr std::chrono::milliseconds kSweepInterval(250);
constexpr unsigned kVersion11 = 11;
// What is still coming when a request was turned away is read and dropped, for so long and so much:
// closed at once, the answer would be lost with it.
constexpr std::chrono::milliseconds kDrainTimeout(3'000);
constexpr std::size_t kDrainBytesMax = 64 << 20;

// `method` and `version` of the request: a stream is chunked where the caller understands that.
std::string head_of(
    const ServerAnswer& answer, std::string_view method, unsigned version, bool keep_alive
) {
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + ' ';
    head += http::obsolete_reason(http::int_to_status(static_cast<unsigned>(answer.status)));
    if (answer.status != 204 && answer.status != 304) {
        head += "\r\nContent-Type: " + answer.content_type;
        if (answer.stream == nullptr)
            head += "\r\nContent-Length: " + std::to_string(answer.body.size());
        else if (version >= kVersion11)
            head += "\r\nTransfer-Encoding: chunked";
    }
    for (const auto& [name, value] : answer.headers) head += "\r\n" + name + ": " + value;
    if (!keep_alive) head += "\r\nConnection: close";
    head += "\r\n\r\n";
    if (method != "HEAD" && answer.status != 204 && answer.status != 304) head += answer.body;
    return head;
}

ServerAnswer plain_answer(int status, std::string text) {
    ServerAnswer answer;
    answer.status = status;
    answer.content_type = "text/plain; charset=utf-8";
    answer.body = std::move(text) + "\n";
    return answer;
}

ServerRequest request_head(const http::request<http::string_body>& message, std::string peer) {
    ServerRequest request;
    request.method = std::string(message.method_string());
    std::string_view target(message.target().data(), message.target().size());
    if (target.starts_with("http://") || target.starts_with("https://")) {  // as proxies write it
        const auto path = target.find_first_of("/?", target.find("://") + 3);
        target = path == std::string_view::npos ? "/" : target.substr(path);
    }
    const auto question = std::min(target.find('?'), target.size());
    request.path = target.substr(0, question);
    request.query = target.substr(std::min(question + 1, target.size()));
    for (const auto& field : message)
        request.headers.emplace_back(field.name_string(), field.value());
    request.peer = std::move(peer);
    return request;
}

// Of a head that goes on: of what came of it.
std::size_t head_bytes_of(const http::request<http::string_body>& request) {
    std::size_t bytes = request.target().size();
    for (const auto& field : request)
        bytes += field.name_string().size() + field.value().size() + 4;
    return bytes;
}

// RFC 9112, 3.2: exactly one Host from HTTP/1.1 on.
bool names_its_host(const http::request<http::string_body>& message) {
    const auto hosts = std::distance(
        message.equal_range(http::field::host).first, message.equal_range(http::field::host).second
    );
    return hosts == 1 || (hosts == 0 && message.version() < kVersion11);
}

std::string bare_address(const std::string& address) {
    const bool in_brackets = address.starts_with('[') && address.ends_with(']');
    return in_brackets ? address.substr(1, address.size() - 2) : address;
}

ServerRequest request_of(http::request<http::string_body>& message, std::string peer) {
    ServerRequest request = request_head(message, std::move(peer));
    request.body = std::move(message.body());
    return request;
}

}  // namespace

struct Connection {
    std::unique_ptr<ByteStream> stream;
    SteadyTime deadline;  // past it the sweep closes the socket, which wakes whoever waits on it
    SteadyTime silent_since = std::chrono::steady_clock::now();  // while it waits for a request
    bool is_waiting = true;  // for a request, or the rest of its head
    bool is_closing = false;
    asio::steady_timer* parts_wait = nullptr;  // while a stream has nothing to send
    bool has_asked = false;                    // before
};

// The coroutines refer to it by plain reference: they live in its context and end with it.
struct ServerState : std::enable_shared_from_this<ServerState> {
    ServerState(HttpServer::Options server_options, Handler server_handler)
        : options(std::move(server_options)), handler(std::move(server_handler)) {
        if (!options.certificate_file.empty())
            tls = std::make_unique<TlsAcceptor>(
                options.certificate_file, options.key_file, options.client_authority_file
            );
        const std::string place = options.address + ":" + std::to_string(options.port);
        error_code error;
        const auto address = asio::ip::make_address(bare_address(options.address), error);
        if (error) throw std::runtime_error("listening on " + place + ": not an IP address");
        const tcp::endpoint endpoint(address, options.port);
        acceptor.open(endpoint.protocol(), error);
        if (error) throw std::runtime_error("listening on " + place + ": " + error.message());
        acceptor.set_option(asio::socket_base::reuse_address(true));
        if (address.is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);  // [::]: both
        acceptor.bind(endpoint, error);
        if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
        if (error) throw std::runtime_error("listening on " + place + ": " + error.message());
        port = acceptor.local_endpoint().port();
    }

    void start() {
        asio::co_spawn(context, accept_all(), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);  // nothing ordinary throws there
        });
        thread = std::thread([this] { context.run(); });
    }

    void stop() {
        context.stop();
        if (thread.joinable()) thread.join();
    }

    asio::awaitable<void> accept_all();
    asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
    asio::awaitable<bool> read_request(
        Connection& connection, boost::beast::flat_buffer& buffer,
        http::request_parser<http::string_body>& parser, error_code& error, std::string peer,
        std::optional<ServerAnswer>& refusal
    );
    asio::awaitable<void> drain(Connection& connection);
    asio::awaitable<bool> send(Connection& connection, std::string_view bytes);
    asio::awaitable<bool> send_parts(
        Connection& connection, std::shared_ptr<BodyStream> body, bool chunked
    );
    bool make_room();
    asio::awaitable<ServerAnswer> answer_of(ServerRequest request);
    asio::awaitable<void> sweep();
    void expire(Connection& connection, std::chrono::milliseconds after) {
        connection.deadline = std::chrono::steady_clock::now() + after;
    }

    const HttpServer::Options options;
    const Handler handler;
    std::unique_ptr<TlsAcceptor> tls;
    std::set<Connection*>
        connections;  // before the context: its coroutines unregister while it is destroyed
    bool sweeping = false;
    asio::io_context context{1};
    tcp::acceptor acceptor{context};
    std::uint16_t port = 0;
    std::thread thread;
};

// One request's answer on its way from any thread to the connection's coroutine.
struct Responder::Exchange {
    struct Slot {  // the server's thread only; owned by the waiting coroutine
        explicit Slot(asio::io_context& context) : ready(context) {}
        std::optional<ServerAnswer> answer;
        asio::steady_timer ready;  // cancelled when the answer is there
    };

    Exchange(std::weak_ptr<ServerState> server, std::weak_ptr<Slot> waiting)
        : state(std::move(server)), slot(std::move(waiting)) {}
    ~Exchange() { deliver(plain_answer(500, "no answer")); }

    void deliver(ServerAnswer answer) {
        if (delivered.exchange(true)) return;
        const auto server = state.lock();
        if (!server) {
            if (answer.stream) answer.stream->leave();
            return;
        }
        auto apply = [waiting = slot, given = std::move(answer)]() mutable {
            const auto place = waiting.lock();
            if (!place) {  // given up meanwhile
                if (given.stream) given.stream->leave();
                return;
            }
            place->answer = std::move(given);
            place->ready.cancel();
        };
        asio::dispatch(
            server->context, std::move(apply)
        );  // at once when already on the server's thread
    }

    const std::weak_ptr<ServerState> state;
    const std::weak_ptr<Slot> slot;
    std::atomic<bool> delivered = false;
};

void Responder::operator()(ServerAnswer answer) const { exchange_->deliver(std::move(answer)); }

asio::awaitable<void> ServerState::accept_all() {
    for (;;) {
        tcp::socket socket(context);
        error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        co_await acceptor.async_accept(socket, token);
        if (error) {  // out of file descriptors, most likely: let some be closed
            asio::steady_timer pause(context, kSweepInterval);
            co_await pause.async_wait(token);
            continue;
        }
        if (connections.size() >= options.connections_max && !make_room()) continue;
        socket.set_option(tcp::no_delay(true), error);
        socket.set_option(asio::socket_base::send_buffer_size(kSendBufferBytes), error);
        auto connection = std::make_shared<Connection>();
        connection->stream = tls ? tls->accept(std::move(socket)) : plain_stream(std::move(socket));
        asio::co_spawn(context, serve(connection), [](std::exception_ptr failure) {
            if (!failure) return;
            try {
                std::rethrow_exception(failure);
            } catch (const std::exception& exception
            ) {  // a handler's: its connection is lost, the server stays
                log::error("answering an HTTP request: {}", exception.what());
            }
        });
        if (sweeping) continue;
        sweeping = true;
        asio::co_spawn(context, sweep(), [](std::exception_ptr failure) {
            if (failure) std::rethrow_exception(failure);
        });
    }
}

// Closes the connection that has said nothing for longest; false: all are being answered.
bool ServerState::make_room() {
    Connection* oldest = nullptr;
    for (Connection* connection : connections)
        if (connection->is_waiting && !connection->is_closing &&
            (oldest == nullptr || connection->silent_since < oldest->silent_since))
            oldest = connection;
    if (oldest == nullptr) return false;
    oldest->is_closing = true;
    error_code ignored;
    oldest->stream->socket().close(ignored);
    return true;
}

// In slices, each with its time: a slow line is not a dead one, and who takes a byte now and then
// does not hold us.
asio::awaitable<bool> ServerState::send(Connection& connection, std::string_view bytes) {
    while (!bytes.empty()) {
        expire(connection, options.request_timeout);
        const auto slice = asio::buffer(bytes.data(), std::min(bytes.size(), kWriteBytes));
        const bool written = co_await connection.stream->write(slice);
        if (!written) co_return false;
        bytes.remove_prefix(slice.size());
    }
    co_return true;
}

asio::awaitable<bool> ServerState::send_parts(
    Connection& connection, std::shared_ptr<BodyStream> body, bool chunked
) {
    struct Leaving {
        explicit Leaving(BodyStream& stream) : left(stream) {}
        ~Leaving() { left.leave(); }
        BodyStream& left;
    };
    const Leaving leaving(*body);
    const auto more = std::make_shared<asio::steady_timer>(context);
    body->wake_by([server = weak_from_this(), waiting = std::weak_ptr(more)] {
        const auto alive = server.lock();
        if (!alive) return;
        asio::post(alive->context, [waiting] {
            if (const auto timer = waiting.lock()) timer->cancel();
        });
    });
    std::string part;
    for (;;) {
        const auto next = body->take(part);
        if (next == BodyStream::Next::ended) break;
        if (next == BodyStream::Next::wait) {
            connection.deadline = SteadyTime::max();
            more->expires_at(SteadyTime::max());
            error_code ignored;
            auto token = asio::redirect_error(asio::use_awaitable, ignored);
            connection.parts_wait = more.get();
            co_await more->async_wait(token);
            connection.parts_wait = nullptr;
            if (connection.is_closing) co_return false;
            continue;
        }
        if (chunked) {
            std::ostringstream size;
            size << std::hex << part.size() << "\r\n";
            part.insert(0, size.str());
            part += "\r\n";
        }
        const std::string_view wire = part;
        const bool written = co_await send(connection, wire);
        if (!written) co_return false;
    }
    const std::string_view last = chunked ? "0\r\n\r\n" : "";
    const bool written = co_await send(connection, last);
    co_return written;
}

asio::awaitable<void> ServerState::sweep() {
    asio::steady_timer timer(context);
    do {
        timer.expires_after(kSweepInterval);
        co_await timer.async_wait(asio::use_awaitable);
        const auto now = std::chrono::steady_clock::now();
        for (Connection* connection : connections) {
            if (connection->parts_wait != nullptr && !connection->is_closing &&
                platform::has_peer_left(connection->stream->socket().native_handle())) {
                connection->is_closing = true;
                connection->parts_wait->cancel();
            }
            if (connection->deadline > now) continue;
            error_code ignored;
            connection->stream->socket().close(ignored);
        }
    } while (!connections.empty());
    sweeping = false;
}

asio::awaitable<void> ServerState::drain(Connection& connection) {
    expire(connection, kDrainTimeout);
    std::vector<char> dropped(kReadBytes);
    const auto space = asio::buffer(dropped);
    for (std::size_t bytes = 0; bytes < kDrainBytesMax;) {
        const std::size_t count = co_await connection.stream->read(space);
        if (count == 0) co_return;
        bytes += count;
    }
}

// Reads one request's head and body. False: the connection ended, it was turned away, or error says
// what is wrong with the request.
asio::awaitable<bool> ServerState::read_request(
    Connection& connection, boost::beast::flat_buffer& buffer,
    http::request_parser<http::string_body>& parser, error_code& error, std::string peer,
    std::optional<ServerAnswer>& refusal
) {
    bool begun = false;
    bool continued = false;
    bool admitted = false;
    expire(connection, connection.has_asked ? options.idle_timeout : options.request_timeout);
    connection.silent_since = std::chrono::steady_clock::now();
    connection.is_waiting = true;
    for (;;) {
        if (buffer.size() > 0) {
            if (!begun) expire(connection, options.request_timeout);
            begun = true;
            const std::size_t used = parser.put(buffer.data(), error);
            buffer.consume(used);
            if (error == http::error::need_more) error = error_code();
            const bool has_head = parser.is_header_done() || error == http::error::body_limit;
            // the parser's own limit is that of what it is given at once: many short lines pass it
            if (!admitted && !error && head_bytes_of(parser.get()) > kHeadBytesMax)
                error = http::error::header_limit;
            if (has_head && !admitted && error != http::error::header_limit) {
                admitted = true;
                connection.is_waiting = false;
                connection.has_asked = true;
                if (!names_its_host(parser.get()))
                    refusal = plain_answer(400, "one Host header, no more and no less");
                if (!refusal && options.admit)
                    refusal = options.admit(request_head(parser.get(), peer));
                if (refusal) co_return false;
                if (options.body_timeout.count() > 0) expire(connection, options.body_timeout);
            }
            if (error) co_return false;
            if (parser.is_done()) co_return true;
            if (used > 0 && buffer.size() > 0) continue;
        }
        if (parser.is_header_done() && !continued) {
            continued = true;
            const auto expects = parser.get()[http::field::expect];
            if (equal_ignoring_case({expects.data(), expects.size()}, "100-continue")) {
                const auto go_on = asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25);
                co_await connection.stream->write(go_on);
            }
        }
        const auto space = buffer.prepare(kReadBytes);
        const std::size_t count = co_await connection.stream->read(space);
        if (count == 0) co_return false;
        buffer.commit(count);
    }
}

asio::awaitable<ServerAnswer> ServerState::answer_of(ServerRequest request) {
    if (equal_ignoring_case(find_header(request.headers, "Content-Encoding"), "gzip")) {
        auto plain = gunzip(request.body, options.body_bytes_max);
        if (!plain) co_return plain_answer(400, plain.error().text);
        request.body = std::move(*plain);
    }
    auto slot = std::make_shared<Responder::Exchange::Slot>(context);
    handler(
        std::move(request), Responder(std::make_shared<Responder::Exchange>(weak_from_this(), slot))
    );
    if (!slot->answer) {
        slot->ready.expires_after(options.answer_timeout);
        error_code ignored;
        auto token = asio::redirect_error(asio::use_awaitable, ignored);
        co_await slot->ready.async_wait(token);
    }
    if (!slot->answer) co_return plain_answer(503, "no answer in time");
    co_return std::move(*slot->answer);
}

asio::awaitable<void> ServerState::serve(std::shared_ptr<Connection> connection) {
    struct Registration {
        Registration(std::set<Connection*>& all, Connection* one) : set(all), member(one) {
            set.insert(member);
        }
        ~Registration() { set.erase(member); }
        std::set<Connection*>& set;
        Connection* member;
    };
    const Registration registration(connections, connection.get());
    ByteStream& stream = *connection->stream;
    error_code error;
    const std::string peer = stream.socket().remote_endpoint(error).address().to_string();
    expire(*connection, options.request_timeout);
    const bool opened = co_await stream.open();
    if (!opened) co_return;
    boost::beast::flat_buffer buffer(kHeadBytesMax + kReadBytes + options.body_bytes_max);
    bool keep_alive = true;
    while (keep_alive) {
        http::request_parser<http::string_body> parser;
        parser.eager(true);
        parser.header_limit(kHeadBytesMax);
        parser.body_limit(options.body_bytes_max);
        std::optional<ServerAnswer> refusal;
        const bool whole = co_await read_request(*connection, buffer, parser, error, peer, refusal);
        if (!whole && !error && !refusal) co_return;
        ServerAnswer answer;
        std::string method;
        const unsigned version = parser.get().version();
        if (whole) {
            keep_alive = parser.get().keep_alive();
            connection->deadline = SteadyTime::max();  // answer_timeout watches over the handler
            ServerRequest request = request_of(parser.get(), peer);
            method = request.method;
            answer = co_await answer_of(std::move(request));
        } else if (refusal) {
            keep_alive = false;
            answer = std::move(*refusal);
        } else {
            keep_alive = false;
            const int status = error == http::error::body_limit     ? 413
                               : error == http::error::header_limit ? 431
                                                                    : 400;
            answer = plain_answer(status, error.message());
        }
        if (answer.delay.count() > 0) {
            asio::steady_timer timer(context, answer.delay);
            co_await timer.async_wait(asio::use_awaitable);
        }
        connection->is_waiting = false;
        if (answer.stream != nullptr && version < kVersion11) keep_alive = false;
        std::string bytes = head_of(answer, method, version, keep_alive);
        if (answer.cut_after_bytes) bytes.resize(std::min(bytes.size(), *answer.cut_after_bytes));
        const std::string_view wire = bytes;
        bool written = co_await send(*connection, wire);
        if (answer.stream != nullptr && !written) answer.stream->leave();
        if (answer.stream != nullptr && written) {
            const bool chunked = version >= kVersion11;
            auto body = answer.stream;
            written = co_await send_parts(*connection, body, chunked);
        }
        if (answer.cut_after_bytes) {  // with unread or lingering bytes dropped, closing sends a
                                       // reset
            stream.socket().set_option(asio::socket_base::linger(true, 0), error);
            stream.socket().close(error);
            co_return;
        }
        if (!written) co_return;
        if (!whole) co_await drain(*connection);
        if (buffer.size() == 0)
            buffer.shrink_to_fit();  // a large body's memory is not kept by an idle connection
    }
    co_await stream.finish();
}

HttpServer::HttpServer(Options options, Handler handler)
    : state_(std::make_shared<ServerState>(std::move(options), std::move(handler))) {
    state_->start();
}

HttpServer::~HttpServer() { state_->stop(); }

std::uint16_t HttpServer::port() const { return state_->port; }

}  // namespace mis::net
