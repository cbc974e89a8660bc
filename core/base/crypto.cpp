#include "base/crypto.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace mis {
namespace {

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// OpenSSL fails here only when memory or its own configuration is broken.
void require(bool ok, const char* what) {
    if (!ok) throw std::runtime_error(std::string("OpenSSL: ") + what + " failed");
}

constexpr std::string_view kSealMagic = "misgwseal1";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

std::string derive_key(std::string_view passphrase, std::string_view salt) {
    std::string key(32, '\0');
    require(
        EVP_PBE_scrypt(
            passphrase.data(), passphrase.size(), bytes_of(salt), salt.size(), 1 << 15, 8, 1,
            64 << 20, bytes_of(key), key.size()
        ) == 1,
        "scrypt"
    );
    return key;
}

template <auto free_context>
struct FreeContext {
    void operator()(auto* context) const { free_context(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeContext<&EVP_CIPHER_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext<&EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeContext<&EVP_MAC_CTX_free>>;
CipherContext new_cipher_context() { return CipherContext(EVP_CIPHER_CTX_new()); }

MacContext new_hmac_sha256_context() {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr);
    MacContext context(EVP_MAC_CTX_new(algorithm));
    std::string digest = "SHA256";
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
        OSSL_PARAM_construct_end()};
    require(EVP_MAC_CTX_set_params(context.get(), parameters) == 1, "hmac");
    return context;
}

}  // namespace

// One context a thread: a new one costs more than a short message.
Digest sha256(std::string_view message) {
    static EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    thread_local const DigestContext context(EVP_MD_CTX_new());
    Digest digest;
    require(
        EVP_DigestInit_ex2(context.get(), algorithm, nullptr) == 1 &&
            EVP_DigestUpdate(context.get(), message.data(), message.size()) == 1 &&
            EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1,
        "sha256"
    );
    return digest;
}

// As above. An empty key wants a pointer that is not null: null would keep the key before.
Digest hmac_sha256(std::string_view key, std::string_view message) {
    thread_local const MacContext context = new_hmac_sha256_context();
    Digest digest;
    std::size_t length = 0;
    const auto* const key_bytes = bytes_of(key.data() ? key : std::string_view(""));
    require(
        EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1 &&
            EVP_MAC_update(context.get(), bytes_of(message), message.size()) == 1 &&
            EVP_MAC_final(context.get(), digest.data(), &length, digest.size()) == 1,
        "hmac"
    );
    return digest;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    require(
        EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) == 1, "sha256"
    );
}
Sha256::~Sha256() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void Sha256::update(std::string_view bytes) {
    require(
        EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) == 1,
        "sha256"
    );
}
Digest Sha256::finish() {
    Digest digest;
    require(
        EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), nullptr) == 1,
        "sha256"
    );
    return digest;
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out(bytes.size() * 2, '\0');
    char* at = out.data();
    for (const auto byte : bytes) {
        *at++ = kDigits[byte >> 4];
        *at++ = kDigits[byte & 15];
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view text) {
    const auto value = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    if (text.size() % 2 != 0) return std::nullopt;
    std::string out;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = value(text[i]);
        const int low = value(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
    }
    return out;
}

std::string to_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length =
        EVP_EncodeBlock(bytes_of(out), bytes_of(bytes), static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(length));
    return out;
}

std::optional<std::string> from_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    std::string out(text.size() / 4 * 3 + 1, '\0');
    const int length =
        EVP_DecodeBlock(bytes_of(out), bytes_of(text), static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    std::size_t padding = 0;
    while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=')
        ++padding;
    out.resize(static_cast<std::size_t>(length) - padding);
    return out;
}

std::string random_bytes(std::size_t count) {
    std::string out(count, '\0');
    require(RAND_bytes(bytes_of(out), static_cast<int>(count)) == 1, "random bytes");
    return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string seal_with_passphrase(std::string_view passphrase, std::string_view plain) {
    const std::string salt = random_bytes(kSaltBytes);
    const std::string nonce = random_bytes(kNonceBytes);
    const std::string key = derive_key(passphrase, salt);
    const auto context = new_cipher_context();
    std::string out = std::string(kSealMagic) + salt + nonce;
    const std::size_t head = out.size();
    out.resize(head + plain.size() + kTagBytes);
    int length = 0;
    require(
        EVP_EncryptInit_ex(
            context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)
        ) == 1,
        "encrypt"
    );
    require(
        EVP_EncryptUpdate(
            context.get(), nullptr, &length, bytes_of(kSealMagic),
            static_cast<int>(kSealMagic.size())
        ) == 1,
        "encrypt"
    );
    // In steps: the length is an int, a store may be larger.
    constexpr std::size_t kStep = 1 << 24;
    for (std::size_t at = 0; at < plain.size(); at += kStep) {
        const auto step = plain.substr(at, kStep);
        require(
            EVP_EncryptUpdate(
                context.get(), bytes_of(out) + head + at, &length, bytes_of(step),
                static_cast<int>(step.size())
            ) == 1,
            "encrypt"
        );
    }
    require(
        EVP_EncryptFinal_ex(context.get(), bytes_of(out) + head + plain.size(), &length) == 1,
        "encrypt"
    );
    require(
        EVP_CIPHER_CTX_ctrl(
            context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes_of(out) + head + plain.size()
        ) == 1,
        "encrypt"
    );
    return out;
}

Result<std::string> open_with_passphrase(std::string_view passphrase, std::string_view sealed) {
    constexpr std::size_t kHead = kSealMagic.size() + kSaltBytes + kNonceBytes;
    if (sealed.size() < kHead + kTagBytes || !sealed.starts_with(kSealMagic))
        return fail(ErrorKind::malformed, "not a sealed file of this program");
    const auto salt = sealed.substr(kSealMagic.size(), kSaltBytes);
    const auto nonce = sealed.substr(kSealMagic.size() + kSaltBytes, kNonceBytes);
    const auto body = sealed.substr(kHead, sealed.size() - kHead - kTagBytes);
    std::string tag(sealed.substr(sealed.size() - kTagBytes));
    const std::string key = derive_key(passphrase, salt);
    const auto context = new_cipher_context();
    std::string out(body.size(), '\0');
    int length = 0;
    require(
        EVP_DecryptInit_ex(
            context.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key), bytes_of(nonce)
        ) == 1,
        "decrypt"
    );
    require(
        EVP_DecryptUpdate(
            context.get(), nullptr, &length, bytes_of(kSealMagic),
            static_cast<int>(kSealMagic.size())
        ) == 1,
        "decrypt"
    );
    constexpr std::size_t kStep = 1 << 24;
    for (std::size_t at = 0; at < body.size(); at += kStep) {
        const auto step = body.substr(at, kStep);
        require(
            EVP_DecryptUpdate(
                context.get(), bytes_of(out) + at, &length, bytes_of(step),
                static_cast<int>(step.size())
            ) == 1,
            "decrypt"
        );
    }
    require(
        EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1,
        "decrypt"
    );
    if (EVP_DecryptFinal_ex(context.get(), bytes_of(out) + body.size(), &length) != 1)
        return fail(ErrorKind::malformed, "wrong passphrase, or the file is damaged");
    return out;
}

namespace {

constexpr std::string_view kPasswordForm = "scrypt$15$8$3$";
constexpr std::size_t kPasswordHashBytes = 32;

std::string stretched(std::string_view password, std::string_view salt) {
    std::string hash(kPasswordHashBytes, '\0');
    require(
        EVP_PBE_scrypt(
            password.data(), password.size(), bytes_of(salt), salt.size(), 1 << 15, 8, 3, 64 << 20,
            bytes_of(hash), hash.size()
        ) == 1,
        "scrypt"
    );
    return hash;
}

}  // namespace

std::string hash_password(std::string_view password) {
    const std::string salt = random_bytes(kSaltBytes);
    return std::string(kPasswordForm) + to_base64(salt) + "$" +
           to_base64(stretched(password, salt));
}

bool password_matches(std::string_view password, std::string_view stored) {
    if (!stored.starts_with(kPasswordForm)) return false;
    stored.remove_prefix(kPasswordForm.size());
    const auto cut = stored.find('$');
    if (cut == std::string_view::npos) return false;
    const auto salt = from_base64(stored.substr(0, cut));
    const auto hash = from_base64(stored.substr(cut + 1));
    return salt && hash && equal_in_constant_time(*hash, stretched(password, *salt));
}

}  // namespace mis
