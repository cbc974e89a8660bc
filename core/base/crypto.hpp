// Hashes, keyed hashes, random bytes, authenticated encryption and their text forms. OpenSSL stays
// behind this header.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mis {

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(std::string_view message);
Digest hmac_sha256(std::string_view key, std::string_view message);

class Sha256 {  // incremental; one owner, one thread
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    void update(std::string_view bytes);
    Digest finish();

  private:
    void* context_;
};

std::string to_hex(std::span<const std::uint8_t> bytes);
std::optional<std::string> from_hex(std::string_view text);
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string random_bytes(std::size_t count);
bool equal_in_constant_time(std::string_view a, std::string_view b);

// Passphrase encryption for backups: scrypt (N=2^15, r=8, p=1) and AES-256-GCM; salt and nonce are
// inside the result.
std::string seal_with_passphrase(std::string_view passphrase, std::string_view plain);
Result<std::string> open_with_passphrase(
    std::string_view passphrase, std::string_view sealed
);  // malformed: wrong phrase or damaged

// Passwords of people: scrypt (N=2^15, r=8, p=3; 32 MB and a quarter of a second for the while)
// under a salt of its own, "scrypt$15$8$3$SALT$HASH". A stored text of another form matches
// nothing.
std::string hash_password(std::string_view password);
bool password_matches(std::string_view password, std::string_view stored);

}  // namespace mis
