#include "net/nats_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "net/nats_api.hpp"

namespace mis::net {
namespace {

// What a server said to one publish holds for those that time out soon after.
constexpr std::chrono::seconds kComplaintFresh{30};

}  // namespace

// What libnats's threads reach us by: a number, looked up at each call, so that one that comes late
// finds nobody.
struct NatsConnection::Shared {
    std::mutex mutex;
    const NatsApi* api = nullptr;
    std::shared_ptr<NatsMailbox> mailbox;  // guarded by mutex; null: its connection is gone
    std::string prefix;                    // of its subscription's subject
    std::string complaint;                 // guarded by mutex
    std::chrono::steady_clock::time_point complained;  // guarded by mutex

    // Never destroyed: libnats's threads live to the end of the process.
    static std::mutex& everybody() {
        static auto& one = *new std::mutex;
        return one;
    }
    static std::map<std::uintptr_t, std::shared_ptr<Shared>>& all() {
        static auto& shared = *new std::map<std::uintptr_t, std::shared_ptr<Shared>>;
        return shared;
    }
    static std::uintptr_t enter(std::shared_ptr<Shared> shared) {
        static std::uintptr_t last = 0;
        const std::lock_guard lock(everybody());
        all().emplace(++last, std::move(shared));
        return last;
    }
    static void leave(std::uintptr_t number) {
        const std::lock_guard lock(everybody());
        all().erase(number);
    }
    static std::shared_ptr<Shared> find(void* closure) {
        const std::lock_guard lock(everybody());
        const auto found = all().find(reinterpret_cast<std::uintptr_t>(closure));
        return found == all().end() ? nullptr : found->second;
    }
};

struct NatsConnection::Native {
    std::shared_ptr<const NatsApi> api;
    natsConnection* connection = nullptr;
    natsSubscription* subscription = nullptr;
    std::shared_ptr<Shared> shared;
    std::uintptr_t number = 0;

    void* closure() const { return reinterpret_cast<void*>(number); }
    ~Native() {
        if (shared) {
            const std::lock_guard lock(shared->mutex);
            shared->mailbox = nullptr;
        }
        if (number != 0) Shared::leave(number);
        if (subscription != nullptr) api->subscription_destroy(subscription);
        if (connection != nullptr) {
            api->close(connection);
            api->connection_destroy(connection);
        }
    }
    static void take_message(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
        const auto to = Shared::find(closure);
        if (!to) {  // its connection is gone
            if (const auto loaded = NatsApi::load()) (*loaded)->message_destroy(message);
            return;
        }
        const NatsApi& api = *to->api;
        NatsAnswer answer;
        answer.subject = api.message_subject(message);
        if (answer.subject.starts_with(to->prefix))
            answer.tail = answer.subject.substr(to->prefix.size());
        if (const char* reply = api.message_reply(message)) answer.reply = reply;
        answer.body.assign(
            api.message_data(message), static_cast<std::size_t>(api.message_length(message))
        );
        const char* header = nullptr;
        if (answer.body.empty() && api.header_get(message, "Status", &header) == NATS_OK) {
            answer.status = header;
            if (api.header_get(message, "Description", &header) == NATS_OK)
                answer.status_text = header;
        }
        api.message_destroy(message);
        const std::lock_guard lock(to->mutex);
        if (to->mailbox) to->mailbox->put(std::move(answer));
    }
    static void take_error(
        natsConnection* connection, natsSubscription*, natsStatus status, void* closure
    ) {
        const auto to = Shared::find(closure);
        if (!to) return;
        const char* text = nullptr;
        to->api->connection_error(connection, &text);
        const std::lock_guard lock(to->mutex);
        to->complaint = text != nullptr && *text != '\0' ? text : to->api->status_text(status);
        to->complained = std::chrono::steady_clock::now();
    }
    static void take_closed(natsConnection* connection, void* closure) {
        const auto to = Shared::find(closure);
        if (!to) return;
        const char* text = nullptr;
        to->api->connection_error(connection, &text);
        const std::lock_guard lock(to->mutex);
        if (text != nullptr && *text != '\0') {
            to->complaint = text;
            to->complained = std::chrono::steady_clock::now();
        }
        if (to->mailbox) to->mailbox->close();
    }
};

namespace {

struct OptionsEnd {
    const NatsApi* api;
    void operator()(natsOptions* options) const { api->options_destroy(options); }
};

bool is_tls(std::string_view server) { return server.starts_with("tls://"); }

std::string said(const NatsApi& api, natsStatus status) {
    natsStatus last = NATS_OK;
    const char* text = api.last_error(&last);
    const std::string kind = api.status_text(status);
    return text != nullptr && *text != '\0' && last == status ? fmt::format("{} ({})", text, kind)
                                                              : kind;
}

Error connect_error(const NatsApi& api, natsStatus status) {
    const std::string text = "connecting to NATS: " + said(api, status);
    switch (status) {
        case NATS_CONNECTION_AUTH_FAILED:
        case NATS_NOT_PERMITTED:
            return {
                ErrorKind::misconfigured,
                text +
                    ": see that user and password_file, token_file or credentials_file are "
                    "what the exchange gave"};
        case NATS_SSL_ERROR:
            return {
                ErrorKind::misconfigured,
                text +
                    ": see authority_file, certificate_file and key_file, that the name in "
                    "servers is the certificate's, and that this machine's clock is right"};
        case NATS_SECURE_CONNECTION_REQUIRED:
            return {ErrorKind::misconfigured, text + ": write tls:// in the place of nats://"};
        case NATS_SECURE_CONNECTION_WANTED:
            return {ErrorKind::misconfigured, text + ": the server has no TLS"};
        default:
            // a certificate that the server wants and we lack ends the connection in the handshake
            return {ErrorKind::unavailable, text};
    }
}

}  // namespace

void NatsMailbox::put(NatsAnswer answer) {
    bool is_first = false;
    {
        const std::lock_guard lock(mutex_);
        is_first = answers_.empty();
        answers_.push_back(std::move(answer));
    }
    if (is_first) rings_.notify_all();
}

void NatsMailbox::close() {
    {
        const std::lock_guard lock(mutex_);
        is_closed_ = true;
    }
    rings_.notify_all();
}

void NatsMailbox::wake() {
    {
        const std::lock_guard lock(mutex_);
        is_woken_ = true;
    }
    rings_.notify_all();
}

void NatsMailbox::begin() {
    const std::lock_guard lock(mutex_);
    answers_.clear();
    is_closed_ = false;
}

void NatsMailbox::wait(std::chrono::nanoseconds at_most) {
    std::unique_lock lock(mutex_);
    rings_.wait_for(lock, at_most, [this] { return is_woken_ || is_closed_ || !answers_.empty(); });
    is_woken_ = false;
}

NatsMailbox::Taken NatsMailbox::take() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(answers_, {}), is_closed_};
}

NatsConnection::NatsConnection(std::unique_ptr<Native> native) : native_(std::move(native)) {}

NatsConnection::~NatsConnection() = default;

Result<std::unique_ptr<NatsConnection>> NatsConnection::connect(
    const NatsOptions& from, const std::shared_ptr<NatsMailbox>& mailbox
) {
    const auto loaded = NatsApi::load();
    if (!loaded) return fail(loaded.error());
    const NatsApi& api = **loaded;
    natsOptions* made = nullptr;
    if (api.options_create(&made) != NATS_OK) throw std::bad_alloc();
    const std::unique_ptr<natsOptions, OptionsEnd> options(made, OptionsEnd{&api});

    auto native = std::make_unique<Native>();
    native->api = *loaded;
    native->shared = std::make_shared<Shared>();
    native->shared->api = &api;
    native->number = Shared::enter(native->shared);

    std::vector<std::string> servers;
    bool secure = false;
    for (const auto& server : from.servers) {
        secure |= is_tls(server);
        servers.push_back(is_tls(server) ? "nats://" + server.substr(6) : server);
    }
    std::vector<const char*> names;
    for (const auto& server : servers) names.push_back(server.c_str());
    natsStatus status = NATS_OK;
    std::string what;
    const auto set = [&](const char* setting, natsStatus outcome) {
        if (status != NATS_OK || outcome == NATS_OK) return;
        status = outcome;
        what = fmt::format("{}: {}", setting, said(api, outcome));
    };
    set("servers", api.set_servers(made, names.data(), static_cast<int>(names.size())));
    set("servers", api.set_no_randomize(made, true));
    set("connect_timeout_ms", api.set_timeout(made, from.connect_timeout.count()));
    set("name", api.set_name(made, from.name.c_str()));
    set("reconnect", api.set_allow_reconnect(made, false));
    set("ping", api.set_ping_interval(made, 10'000));
    set("ping", api.set_max_pings_out(made, 2));
    set("write", api.set_write_deadline(made, 10'000));
    if (secure) set("servers", api.set_secure(made, true));
    if (!from.authority_file.empty())
        set("authority_file", api.load_authorities(made, from.authority_file.c_str()));
    if (!from.certificate_file.empty())
        set("certificate_file",
            api.load_certificate(made, from.certificate_file.c_str(), from.key_file.c_str()));
    if (!from.user.empty())
        set("user", api.set_user(made, from.user.c_str(), from.password.c_str()));
    if (!from.token.empty()) set("token_file", api.set_token(made, from.token.c_str()));
    if (!from.credentials_file.empty())
        set("credentials_file", api.set_credentials(made, from.credentials_file.c_str(), nullptr));
    set("handler", api.set_error_handler(made, &Native::take_error, native->closure()));
    set("handler", api.set_closed(made, &Native::take_closed, native->closure()));
    if (status != NATS_OK) return fail(ErrorKind::misconfigured, "nats: " + what);

    status = api.connect(&native->connection, made);
    if (status != NATS_OK) return fail(connect_error(api, status));
    if (api.has_headers(native->connection) != NATS_OK)
        return fail(
            ErrorKind::misconfigured,
            "connecting to NATS: the server is too old: it has no headers, in which an event's id "
            "stands; 2.2 or later with JetStream is needed"
        );
    natsInbox* inbox = nullptr;
    if (api.inbox_create(&inbox) != NATS_OK) throw std::bad_alloc();
    std::string prefix = std::string(inbox) + ".";
    api.inbox_destroy(inbox);
    native->shared->prefix = prefix;
    {
        const std::lock_guard lock(native->shared->mutex);
        native->shared->mailbox = mailbox;
    }
    // lost before anybody could be told
    if (api.is_closed(native->connection)) mailbox->close();
    status = api.subscribe(
        &native->subscription, native->connection, (prefix + "*").c_str(), &Native::take_message,
        native->closure()
    );
    if (status == NATS_OK) status = api.set_pending_limits(native->subscription, -1, -1);
    if (status == NATS_OK) status = api.flush(native->connection, from.connect_timeout.count());
    if (status != NATS_OK) return fail(connect_error(api, status));
    auto connection = std::unique_ptr<NatsConnection>(new NatsConnection(std::move(native)));
    connection->reply_prefix_ = std::move(prefix);
    return connection;
}

Result<void> NatsConnection::publish(const Publication& one) {
    const NatsApi& api = *native_->api;
    const std::string subject(one.subject);
    const std::string reply =
        one.reply_tail.empty() ? std::string() : reply_prefix_ + std::string(one.reply_tail);
    natsMsg* message = nullptr;
    if (api.message_create(
            &message, subject.c_str(), reply.empty() ? nullptr : reply.c_str(), one.body.data(),
            static_cast<int>(one.body.size())
        ) != NATS_OK)
        throw std::bad_alloc();
    natsStatus status = NATS_OK;
    if (!one.id.empty())
        status = api.header_set(message, "Nats-Msg-Id", std::string(one.id).c_str());
    if (status == NATS_OK && !one.content_type.empty())
        status = api.header_set(message, "Content-Type", std::string(one.content_type).c_str());
    if (status == NATS_OK) status = api.publish(native_->connection, message);
    api.message_destroy(message);
    if (status == NATS_OK) return {};
    return fail(
        status == NATS_MAX_PAYLOAD ? ErrorKind::rejected : ErrorKind::unavailable,
        "publishing to " + subject + ": " + said(api, status)
    );
}

Result<std::string> NatsConnection::request(
    const std::string& subject, const std::string& body, std::chrono::milliseconds at_most
) {
    const NatsApi& api = *native_->api;
    natsMsg* answer = nullptr;
    const natsStatus status =
        api.request(&answer, native_->connection, subject.c_str(), body.c_str(), at_most.count());
    if (status != NATS_OK)
        return fail(
            ErrorKind::unavailable, fmt::format("asking {}: {}", subject, api.status_text(status))
        );
    std::string text(
        api.message_data(answer), static_cast<std::size_t>(api.message_length(answer))
    );
    api.message_destroy(answer);
    return text;
}

std::int64_t NatsConnection::max_payload() const {
    return native_->api->max_payload(native_->connection);
}

bool NatsConnection::is_closed() const { return native_->api->is_closed(native_->connection); }

std::string NatsConnection::take_complaint() {
    const std::lock_guard lock(native_->shared->mutex);
    const bool is_fresh =
        std::chrono::steady_clock::now() - native_->shared->complained < kComplaintFresh;
    return is_fresh ? native_->shared->complaint : std::string();
}

}  // namespace mis::net
