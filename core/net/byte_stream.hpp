// The server's connection as a type-erased byte stream: the protocol code is compiled once, plain
// and TLS differ only here. Internal to core/net: this header shows Asio.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

namespace mis::net {

namespace asio = boost::asio;

class ByteStream {  // one coroutine at a time; a closed or broken connection is an ordinary result,
                    // never an exception
  public:
    virtual ~ByteStream() = default;
    virtual asio::ip::tcp::socket& socket() = 0;
    virtual asio::awaitable<bool> open() = 0;                                  // TLS handshake
    virtual asio::awaitable<std::size_t> read(asio::mutable_buffer into) = 0;  // 0: ended
    virtual asio::awaitable<bool> write(asio::const_buffer bytes) = 0;  // all of it, or false
    virtual asio::awaitable<void> finish() = 0;                         // says goodbye
};

std::unique_ptr<ByteStream> plain_stream(asio::ip::tcp::socket socket);

class TlsAcceptor {
  public:
    // TLS 1.2 and newer. client_authority_file not empty: nobody is let in without a certificate
    // that it signed. Throws std::runtime_error naming the file.
    TlsAcceptor(
        const std::string& certificate_file, const std::string& key_file,
        const std::string& client_authority_file
    );
    ~TlsAcceptor();
    std::unique_ptr<ByteStream> accept(asio::ip::tcp::socket socket);

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

}  // namespace mis::net
