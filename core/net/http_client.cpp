#include "net/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <unordered_set>
#include <vector>

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

struct Transfer {  // one request under way; lives on the client's thread once adopted
    HttpRequest request;
    HttpClient::Completion completion;
    HttpResponse response;
    CURL* easy = nullptr;
    curl_slist* header_list = nullptr;
    char error_text[CURL_ERROR_SIZE] = {};

    ~Transfer() { curl_slist_free_all(header_list); }
};

std::size_t take_body(char* bytes, std::size_t, std::size_t count, void* transfer_pointer) {
    auto& transfer = *static_cast<Transfer*>(transfer_pointer);
    if (transfer.response.body.size() + count > transfer.request.response_bytes_max)
        return 0;  // CURLE_WRITE_ERROR
    transfer.response.body.append(bytes, count);
    return count;
}

std::size_t take_header(char* bytes, std::size_t, std::size_t count, void* transfer_pointer) {
    auto& transfer = *static_cast<Transfer*>(transfer_pointer);
    const std::string_view line(bytes, count);
    if (line.starts_with("HTTP/")) transfer.response.headers.clear();  // after a "100 Continue"
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && transfer.response.headers.size() < 100)
        transfer.response.headers.emplace_back(
            trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1))
        );
    return count;
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
        thread_ = std::thread([this] { run(); });
    }

    ~Engine() {
        stopping_ = true;
        curl_multi_wakeup(multi_);
        thread_.join();
        for (CURL* easy : spare_) curl_easy_cleanup(easy);
        curl_multi_cleanup(multi_);
    }

    void submit(std::unique_ptr<Transfer> transfer) {
        bool first;
        {
            const std::lock_guard lock(mutex_);
            first = submitted_.empty();
            submitted_.push_back(std::move(transfer));
        }
        if (first) curl_multi_wakeup(multi_);
    }

  private:
    void run() {
        while (!stopping_) {
            adopt();
            int running = 0;
            curl_multi_perform(multi_, &running);
            if (finish_done()) continue;  // completions usually submit the next ones
            curl_multi_poll(multi_, nullptr, 0, 60'000, nullptr);
        }
        cancel_all();
    }

    void adopt() {
        std::vector<std::unique_ptr<Transfer>> fresh;
        {
            const std::lock_guard lock(mutex_);
            fresh.swap(submitted_);
        }
        for (auto& transfer : fresh) {
            configure(*transfer);
            active_.insert(transfer.get());
            curl_multi_add_handle(multi_, transfer->easy);
            static_cast<void>(transfer.release());  // owned by active_ from here on
        }
    }

    void configure(Transfer& transfer) {
        if (spare_.empty()) {
            transfer.easy = curl_easy_init();
            if (transfer.easy == nullptr) throw std::bad_alloc();
        } else {
            transfer.easy = spare_.back();
            spare_.pop_back();
        }
        CURL* easy = transfer.easy;
        const HttpRequest& request = transfer.request;
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
            curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
            curl_easy_setopt(
                easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size())
            );
            curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
        }
        for (const auto& [name, value] : request.headers)
            transfer.header_list =
                curl_slist_append(transfer.header_list, (name + ": " + value).c_str());
        transfer.header_list = curl_slist_append(transfer.header_list, "Expect:");
        curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer.header_list);
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
            release(*transfer);
            any = true;
            transfer->completion(std::move(outcome));
        }
        return any;
    }

    static HttpOutcome outcome_of(Transfer& transfer, CURLcode code) {
        long status = 0;
        curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
        if (code == CURLE_OK && status >= 100) {
            transfer.response.status = static_cast<int>(status);
            return std::move(transfer.response);
        }
        long request_bytes = 0;  // of the request's head and body, written so far
        curl_easy_getinfo(transfer.easy, CURLINFO_REQUEST_SIZE, &request_bytes);
        const char* cause =
            transfer.error_text[0] != '\0' ? transfer.error_text : curl_easy_strerror(code);
        return tl::unexpected(HttpFailure{
            request_bytes > 0 ? Fate::unknown : Fate::not_sent,
            Error{kind_of(code), "asking " + host_of(transfer.request.url) + ": " + cause}});
    }

    void release(Transfer& transfer) {
        curl_multi_remove_handle(multi_, transfer.easy);
        if (spare_.size() < static_cast<std::size_t>(options_.idle_connections_max)) {
            curl_easy_reset(transfer.easy);
            spare_.push_back(transfer.easy);
        } else {
            curl_easy_cleanup(transfer.easy);
        }
        transfer.easy = nullptr;
    }

    void cancel_all() {
        adopt();
        while (!active_.empty()) {
            std::unique_ptr<Transfer> transfer(*active_.begin());
            active_.erase(active_.begin());
            long request_bytes = 0;
            curl_easy_getinfo(transfer->easy, CURLINFO_REQUEST_SIZE, &request_bytes);
            release(*transfer);
            transfer->completion(tl::unexpected(HttpFailure{
                request_bytes > 0 ? Fate::unknown : Fate::not_sent,
                Error{ErrorKind::cancelled, "stopped by us"}}));
        }
    }

    Options options_;
    CURLM* multi_ = nullptr;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Transfer>> submitted_;  // guarded by mutex_
    std::unordered_set<Transfer*> active_;              // the client's thread only, like all below
    std::vector<CURL*> spare_;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

HttpClient::HttpClient(Options options) : engine_(std::make_unique<Engine>(options)) {}
HttpClient::~HttpClient() = default;

void HttpClient::send(HttpRequest request, Completion completion) {
    auto transfer = std::make_unique<Transfer>();
    transfer->request = std::move(request);
    transfer->completion = std::move(completion);
    engine_->submit(std::move(transfer));
}

HttpOutcome HttpClient::send_and_wait(HttpRequest request) {
    std::promise<HttpOutcome> promise;
    auto answer = promise.get_future();
    send(std::move(request), [&promise](HttpOutcome outcome) {
        promise.set_value(std::move(outcome));
    });
    return answer.get();
}

}  // namespace mis::net
