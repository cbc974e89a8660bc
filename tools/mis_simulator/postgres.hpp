// The write side of a PostgreSQL base, by libpq. One connection, one thread. Every failure throws
// std::runtime_error with the server's text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct pg_conn;

namespace mis::simulator {

class Postgres {
  public:
    // `url`: postgresql://user@host:port/base, or any connection string of libpq.
    explicit Postgres(const std::string& url);

    void begin() { execute("begin"); }
    void commit() { execute("commit"); }
    void execute(const std::string& sql);         // several statements are one transaction
    std::int64_t number(const std::string& sql);  // first column of the first row
    // Rows as text; nullopt: null.
    std::vector<std::vector<std::optional<std::string>>> rows(const std::string& sql);
    std::string quoted(const std::string& text) const;  // 'O''Neil'

  private:
    struct Close {
        void operator()(pg_conn* connection) const;
    };
    std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace mis::simulator
