#include "net/byte_stream.hpp"

#include <openssl/ssl.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>

namespace mis::net {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

// Reading and writing are the same on both kinds of Asio stream.
template <typename Stream>
class StreamOf : public ByteStream {
  public:
    asio::awaitable<std::size_t> read(asio::mutable_buffer into) override {
        error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        const std::size_t count = co_await stream_.async_read_some(into, token);
        co_return error ? 0 : count;
    }
    asio::awaitable<bool> write(asio::const_buffer bytes) override {
        error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        co_await asio::async_write(stream_, bytes, token);
        co_return !error;
    }

  protected:
    explicit StreamOf(Stream stream) : stream_(std::move(stream)) {}
    Stream stream_;
};

class PlainStream final : public StreamOf<tcp::socket> {
  public:
    explicit PlainStream(tcp::socket socket) : StreamOf(std::move(socket)) {}

    tcp::socket& socket() override { return stream_; }
    asio::awaitable<bool> open() override { co_return true; }
    asio::awaitable<void> finish() override {
        error_code ignored;
        stream_.shutdown(tcp::socket::shutdown_send, ignored);
        co_return;
    }
};

class TlsStream final : public StreamOf<asio::ssl::stream<tcp::socket>> {
  public:
    TlsStream(tcp::socket socket, asio::ssl::context& context)
        : StreamOf(asio::ssl::stream<tcp::socket>(std::move(socket), context)) {}

    tcp::socket& socket() override { return stream_.next_layer(); }
    asio::awaitable<bool> open() override {
        error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        co_await stream_.async_handshake(asio::ssl::stream_base::server, token);
        co_return !error;
    }
    asio::awaitable<void> finish() override {
        error_code error;
        auto token = asio::redirect_error(asio::use_awaitable, error);
        co_await stream_.async_shutdown(token);
    }
};

}  // namespace

std::unique_ptr<ByteStream> plain_stream(tcp::socket socket) {
    return std::make_unique<PlainStream>(std::move(socket));
}

struct TlsAcceptor::Context {
    asio::ssl::context ssl{asio::ssl::context::tls_server};
};

TlsAcceptor::TlsAcceptor(
    const std::string& certificate_file, const std::string& key_file,
    const std::string& client_authority_file
)
    : context_(std::make_unique<Context>()) {
    auto& ssl = context_->ssl;
    ssl.set_options(
        asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1 |
        asio::ssl::context::no_compression | SSL_OP_NO_RENEGOTIATION
    );
    SSL_CTX_set_min_proto_version(ssl.native_handle(), TLS1_2_VERSION);
    error_code error;
    ssl.use_certificate_chain_file(certificate_file, error);
    if (error)
        throw std::runtime_error(
            "reading the certificate " + certificate_file + ": " + error.message()
        );
    ssl.use_private_key_file(key_file, asio::ssl::context::pem, error);
    if (error) throw std::runtime_error("reading the key " + key_file + ": " + error.message());
    if (client_authority_file.empty()) return;
    ssl.load_verify_file(client_authority_file, error);
    if (error)
        throw std::runtime_error(
            "reading the authority of callers " + client_authority_file + ": " + error.message()
        );
    SSL_CTX_set_client_CA_list(
        ssl.native_handle(), SSL_load_client_CA_file(client_authority_file.c_str())
    );
    ssl.set_verify_mode(
        asio::ssl::context::verify_peer | asio::ssl::context::verify_fail_if_no_peer_cert
    );
    // each caller shows its certificate anew: nothing is resumed under another's
    SSL_CTX_set_session_cache_mode(ssl.native_handle(), SSL_SESS_CACHE_OFF);
    ssl.set_options(SSL_OP_NO_TICKET);
}

TlsAcceptor::~TlsAcceptor() = default;

std::unique_ptr<ByteStream> TlsAcceptor::accept(tcp::socket socket) {
    return std::make_unique<TlsStream>(std::move(socket), context_->ssl);
}

}  // namespace mis::net
