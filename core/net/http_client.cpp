#include "net/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace mis::net {
namespace {

void start_curl_once() {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw std::runtime_error("libcurl cannot start");
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\r' || text.back() == '\n'))
        text.remove_suffix(1);
    return text;
}

std::string host_of(std::string_view url
) {  // a path or query may carry a token: it never enters an error
    const auto scheme = url.find("://");
    auto rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    return std::string(
        rest.substr(rest.rfind('@') == std::string_view::npos ? 0 : rest.rfind('@') + 1)
    );
}

constexpr std::size_t kRefusalBytesMax = 16 * 1024;  // enough to say why
constexpr const char* kThisMachine = "localhost,127.0.0.0/8,::1";

ErrorKind kind_of(CURLcode code) {
    switch (code) {
        case CURLE_URL_MALFORMAT:
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_PEER_FAILED_VERIFICATION:
            return ErrorKind::misconfigured;
        case CURLE_WRITE_ERROR:
        case CURLE_FILESIZE_EXCEEDED:
        case CURLE_WEIRD_SERVER_REPLY:
            return ErrorKind::malformed;
        default:
            return ErrorKind::unavailable;
    }
}

// The request's header as libcurl wants it: a list whose nodes and texts are used again by the next
// request.
class HeaderLines {
  public:
    curl_slist* assign(const Headers& headers) {
        lines_.resize(headers.size() + 1);
        nodes_.resize(lines_.size());
        for (std::size_t i = 0; i < headers.size(); ++i) {
            lines_[i].assign(headers[i].first).append(": ").append(headers[i].second);
            nodes_[i] = {lines_[i].data(), &nodes_[i + 1]};
        }
        lines_.back() = "Expect:";
        nodes_.back() = {lines_.back().data(), nullptr};
        return nodes_.data();
    }

  private:
    std::vector<std::string> lines_;
    std::vector<curl_slist> nodes_;
};

struct Order {  // one request, as it was handed in
    HttpRequest request;
    HttpClient::Completion completion;
};

// One request under way and the handle that carries it; used again.
struct Transfer {
    Order order;
    HttpResponse response;
    HeaderLines header_lines;
    CURL* easy = nullptr;
    std::optional<HttpRequest> set_up_for;  // without headers and body
    char error_text[CURL_ERROR_SIZE] = {};
    bool has_head = false;  // of the final answer, whole

    Transfer() : easy(curl_easy_init()) {
        if (easy == nullptr) throw std::bad_alloc();
    }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer() { curl_easy_cleanup(easy); }
};

bool same_setting(const HttpRequest& a, const HttpRequest& b) {
    return a.url == b.url && a.method == b.method && a.tls.authority_file == b.tls.authority_file &&
           a.tls.certificate_file == b.tls.certificate_file && a.tls.key_file == b.tls.key_file &&
           a.proxy.url == b.proxy.url && a.proxy.login == b.proxy.login &&
           a.connect_timeout == b.connect_timeout && a.total_timeout == b.total_timeout;
}

int status_of(CURL* easy) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
}

bool is_success(int status) { return status >= 200 && status < 300; }

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* transfer_pointer) {
    auto& transfer = *static_cast<Transfer*>(transfer_pointer);
    HttpResponse& response = transfer.response;
    if (const auto& take = transfer.order.request.take_body;
        take && is_success(status_of(transfer.easy))) {
        response.is_cut = !take({bytes, count});
        return response.is_cut ? 0 : count;
    }
    const std::size_t most = transfer.order.request.response_bytes_max;
    const std::size_t kept =
        is_success(status_of(transfer.easy)) ? most : std::min(most, kRefusalBytesMax);
    const std::size_t room = kept - std::min(kept, response.body.size());
    response.body.append(bytes, std::min(count, room));
    response.is_cut = count > room;
    return response.is_cut ? 0 : count;  // 0: the rest is not read, CURLE_WRITE_ERROR
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* transfer_pointer) {
    auto& transfer = *static_cast<Transfer*>(transfer_pointer);
    HttpResponse& response = transfer.response;
    const std::string_view line(bytes, count);
    if (line.starts_with("HTTP/")) response.headers.clear();  // after a "100 Continue"
    if (line == "\r\n" || line == "\n") transfer.has_head = status_of(transfer.easy) >= 200;
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && response.headers.size() < 100)
        response.headers.emplace_back(
            trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1))
        );
    return count;
}

// What an error is prefixed with: whom we asked, and through whom.
std::string asking(const HttpRequest& request) {
    std::string text = "asking " + host_of(request.url);
    if (!request.proxy.url.empty()) text += " through the proxy " + host_of(request.proxy.url);
    return text;
}

}  // namespace

struct HttpClient::Engine {
    explicit Engine(Options options) : options_(options) {
        start_curl_once();
        multi_ = curl_multi_init();
        if (multi_ == nullptr) throw std::runtime_error("libcurl cannot start: out of memory");
        curl_multi_setopt(
            multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.connections_max)
        );
        curl_multi_setopt(
            multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.idle_connections_max)
        );
        curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    }

    ~Engine() {
        cancel_all();
        spare_.clear();
        curl_multi_cleanup(multi_);
    }

    void submit(Order order) { submitted_.push_back(std::move(order)); }

    // Until something was completed, somebody interrupted, or the time is over.
    void work(std::chrono::nanoseconds at_most) {
        const auto until = steady_now() + at_most;
        for (;;) {
            adopt();
            int running = 0;
            curl_multi_perform(multi_, &running);
            if (finish_done() || interrupted_) break;
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_now());
            if (left.count() <= 0) break;
            const auto wait = std::min<std::chrono::milliseconds::rep>(left.count(), kWaitMsMax);
            curl_multi_poll(multi_, nullptr, 0, static_cast<int>(wait), nullptr);
        }
        interrupted_ = false;
    }

    void interrupt() {
        interrupted_ = true;
        curl_multi_wakeup(multi_);
    }

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    static constexpr int kWaitMsMax = 3'600'000;
    static SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

    void adopt() {
        for (auto& order : std::exchange(submitted_, {})) {
            if (spare_.empty()) spare_.push_back(std::make_unique<Transfer>());
            auto transfer = std::move(spare_.back());
            spare_.pop_back();
            transfer->order = std::move(order);
            configure(*transfer);
            curl_multi_add_handle(multi_, transfer->easy);
            active_.insert(transfer.release());  // owned by active_ from here on
        }
    }

    // What a handle was told for the last request holds for the next one to the same place.
    static void configure(Transfer& transfer) {
        const HttpRequest& request = transfer.order.request;
        CURL* easy = transfer.easy;
        if (!transfer.set_up_for || !same_setting(*transfer.set_up_for, request) ||
            request.body.empty()) {
            set_up(transfer);
            transfer.set_up_for = request;
            transfer.set_up_for->headers.clear();
            transfer.set_up_for->body.clear();
            transfer.set_up_for->take_body = nullptr;
        }
        if (request.method != "HEAD" && (request.method != "GET" || !request.body.empty())) {
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
            curl_easy_setopt(
                easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())
            );
        }
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.header_lines.assign(request.headers));
        transfer.error_text[0] = '\0';
        transfer.has_head = false;
    }

    static void set_up(Transfer& transfer) {
        const HttpRequest& request = transfer.order.request;
        CURL* easy = transfer.easy;
        curl_easy_reset(easy);
        curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
        curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error_text);
        curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
        curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16L * 1024);
        curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
        curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
        curl_easy_setopt(
            easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count())
        );
        curl_easy_setopt(
            easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count())
        );
        curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
        curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
        curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
        curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
        // named in any case: libcurl would take a proxy from the environment otherwise
        curl_easy_setopt(easy, CURLOPT_PROXY, request.proxy.url.c_str());
        curl_easy_setopt(easy, CURLOPT_NOPROXY, kThisMachine);
        curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        if (!request.proxy.login.empty()) {
            curl_easy_setopt(easy, CURLOPT_PROXYUSERPWD, request.proxy.login.c_str());
            curl_easy_setopt(easy, CURLOPT_PROXYAUTH, static_cast<long>(CURLAUTH_ANY));
        }
        if (!request.tls.authority_file.empty())
            curl_easy_setopt(easy, CURLOPT_CAINFO, request.tls.authority_file.c_str());
        if (!request.tls.certificate_file.empty()) {
            curl_easy_setopt(easy, CURLOPT_SSLCERT, request.tls.certificate_file.c_str());
            curl_easy_setopt(easy, CURLOPT_SSLKEY, request.tls.key_file.c_str());
        }
        if (request.method == "HEAD") {
            curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        } else if (request.method != "GET" || !request.body.empty()) {
            curl_easy_setopt(easy, CURLOPT_POST, 1L);
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
    }

    // true: something was finished
    bool finish_done() {
        bool any = false;
        int left = 0;
        while (CURLMsg* message = curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            char* pointer = nullptr;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &pointer);
            const CURLcode code = message->data.result;
            std::unique_ptr<Transfer> transfer(reinterpret_cast<Transfer*>(pointer));
            active_.erase(transfer.get());
            HttpOutcome outcome = outcome_of(*transfer, code);
            const auto completion = std::move(transfer->order.completion);
            release(std::move(transfer));
            any = true;
            completion(std::move(outcome));
        }
        return any;
    }

    static HttpOutcome outcome_of(Transfer& transfer, CURLcode code) {
        const int status = status_of(transfer.easy);
        transfer.response.status = status;
        if ((code == CURLE_OK && status >= 100) || transfer.response.is_cut)
            return std::move(transfer.response);
        HttpFailure failure{
            fate_of(transfer.easy), Error{kind_of(code), asking(transfer.order.request) + ": "}};
        long proxy_status = 0;
        curl_easy_getinfo(transfer.easy, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
        if (proxy_status >= 300) {
            failure.fate = Fate::not_sent;
            failure.proxy_status = static_cast<int>(proxy_status);
            failure.error.kind =
                proxy_status == 407 ? ErrorKind::misconfigured : ErrorKind::unavailable;
            failure.error.text += "the proxy itself answers HTTP " + std::to_string(proxy_status) +
                                  (proxy_status == 407 ? ": it wants a login"
                                                       : ": it lets us not through, or does not "
                                                         "reach the other side");
            return tl::unexpected(std::move(failure));
        }
        failure.error.text +=
            transfer.error_text[0] != '\0' ? transfer.error_text : curl_easy_strerror(code);
        if (code == CURLE_PEER_FAILED_VERIFICATION) {
            long verified = 0;
            curl_easy_getinfo(transfer.easy, CURLINFO_SSL_VERIFYRESULT, &verified);
            failure.certificate = certificate_fault(verified);
            failure.error.text += certificate_remedy(failure.certificate, SystemClock().unix_us());
        }
        failure.timed_out = code == CURLE_OPERATION_TIMEDOUT;
        if (transfer.has_head) failure.begun = std::move(transfer.response);
        return tl::unexpected(std::move(failure));
    }

    static Fate fate_of(CURL* easy) {
        curl_off_t ready_us = 0;  // when connection, tunnel and TLS stood
        long request_bytes = 0;   // of heads and bodies written so far, a proxy's CONNECT included
        curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
        curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_bytes);
        return ready_us > 0 && request_bytes > 0 ? Fate::unknown : Fate::not_sent;
    }

    void release(std::unique_ptr<Transfer> transfer) {
        curl_multi_remove_handle(multi_, transfer->easy);
        transfer->order = {};
        transfer->response = {};
        if (spare_.size() < static_cast<std::size_t>(options_.idle_connections_max))
            spare_.push_back(std::move(transfer));
    }

    void cancel_all() {
        adopt();
        while (!active_.empty()) {
            std::unique_ptr<Transfer> transfer(*active_.begin());
            active_.erase(active_.begin());
            const Fate fate = fate_of(transfer->easy);
            const auto completion = std::move(transfer->order.completion);
            release(std::move(transfer));
            completion(tl::unexpected(HttpFailure{
                fate, Error{ErrorKind::cancelled, "stopped by us"}}));
        }
    }

    Options options_;
    CURLM* multi_ = nullptr;
    std::vector<Order> submitted_;  // since the last work()
    std::atomic<bool> interrupted_ = false;
    std::unordered_set<Transfer*> active_;
    std::vector<std::unique_ptr<Transfer>> spare_;
};

HttpClient::HttpClient(Options options) : engine_(std::make_unique<Engine>(options)) {}

HttpClient::~HttpClient() = default;

void HttpClient::send(HttpRequest request, Completion completion) {
    engine_->submit({std::move(request), std::move(completion)});
}

void HttpClient::work(std::chrono::nanoseconds at_most) { engine_->work(at_most); }

void HttpClient::interrupt() { engine_->interrupt(); }

}  // namespace mis::net
