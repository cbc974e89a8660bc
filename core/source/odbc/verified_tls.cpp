#include "source/odbc/verified_tls.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>

#include "base/crypto.hpp"
#include "platform/file.hpp"

namespace mis::source::odbc {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSystemAuthorities = "/etc/ssl/certs/ca-certificates.crt";

std::string private_name() {
    const std::string bytes = random_bytes(8);
    return to_hex(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

// Lives as long as the process; its folder goes with it.
class TdsConfiguration {
  public:
    Result<std::string> section(const config::OdbcConfig& base) {
        const std::lock_guard lock(mutex_);
        const std::string authority =
            base.authority_file.empty() ? kSystemAuthorities : base.authority_file.string();
        if (std::error_code ignored; !fs::is_regular_file(authority, ignored))
            return fail(
                ErrorKind::misconfigured, "authority_file: " + authority +
                                              ": no such file: name the PEM of who signs the "
                                              "server's certificate"
            );
        const std::string place = base.instance.empty()
                                      ? fmt::format("port = {}", base.port == 0 ? 1433 : base.port)
                                      : fmt::format("instance = {}", base.instance);
        const std::string text = fmt::format(
            "host = {}\n{}\ntds version = 7.4\nclient charset = UTF-8\nencryption = require\n"
            "ca file = {}\ncheck certificate hostname = yes\n",
            base.host, place, authority
        );
        for (const auto& [name, known] : sections_)
            if (known == text) return name;
        const std::string name = fmt::format("mis{}", sections_.size() + 1);
        sections_[name] = text;
        std::string whole;
        for (const auto& [one, body] : sections_) whole += fmt::format("[{}]\n{}", one, body);
        try {
            if (folder_.empty()) {
                folder_ = fs::temp_directory_path() / ("mis-gateway-tds-" + private_name());
                platform::make_private_directory(folder_);
                setenv("FREETDSCONF", (folder_ / "freetds.conf").c_str(), 1);
            }
            platform::write_file_atomically(folder_ / "freetds.conf", whole);
        } catch (const std::system_error& error) {
            return fail(ErrorKind::unavailable, error.what());
        }
        return name;
    }
    ~TdsConfiguration() {
        std::error_code ignored;
        if (!folder_.empty()) fs::remove_all(folder_, ignored);
    }

  private:
    std::mutex mutex_;
    fs::path folder_;
    std::map<std::string, std::string> sections_;
};

}  // namespace

Result<std::string> verified_section(const config::OdbcConfig& base) {
    static TdsConfiguration configuration;
    return configuration.section(base);
}

}  // namespace mis::source::odbc
