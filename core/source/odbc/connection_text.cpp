#include "source/odbc/connection_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "source/odbc/verified_tls.hpp"

namespace mis::source::odbc {
namespace {

using Tls = config::OdbcConfig::Tls;
using System = config::OdbcConfig::System;
using Words = std::vector<std::pair<std::string, std::string>>;

std::string_view driver_of(const config::OdbcConfig& base) {
    if (!base.driver.empty()) return base.driver;
    switch (base.system) {
        case System::postgresql:
            return "PostgreSQL Unicode";
        case System::mariadb:
            return "MariaDB Unicode";
        case System::sql_server:
            break;
    }
    return "FreeTDS";
}

Result<Words> sql_server_words(const OdbcSettings& settings) {
    const auto& base = settings.base;
    Words words;
    if (base.tls == Tls::verified) {
        auto section = verified_section(base);
        if (!section) return fail(section.error());
        words.emplace_back("Servername", *section);
    } else {
        words.emplace_back(
            "Server", base.instance.empty() ? base.host : base.host + "\\" + base.instance
        );
        if (base.instance.empty())
            words.emplace_back("Port", std::to_string(base.port == 0 ? 1433 : base.port));
        const std::string_view encryption = base.tls == Tls::off       ? "off"
                                            : base.tls == Tls::offered ? "request"
                                                                       : "require";
        words.emplace_back("Encryption", encryption);
    }
    // An older server answers in its own older version. Left to itself the driver tries one after
    // the other, some of them without a time limit.
    words.emplace_back("TDS_Version", "7.4");
    words.emplace_back("ClientCharset", "UTF-8");
    words.emplace_back("ApplicationIntent", "ReadOnly");
    words.emplace_back("APP", "mis-gateway");
    words.emplace_back("UID", base.domain.empty() ? base.user : base.domain + "\\" + base.user);
    words.emplace_back("PWD", settings.password);
    return words;
}

Words postgresql_words(const OdbcSettings& settings) {
    const auto& base = settings.base;
    const std::string_view mode = base.tls == Tls::off        ? "disable"
                                  : base.tls == Tls::offered  ? "prefer"
                                  : base.tls == Tls::required ? "require"
                                                              : "verify-full";
    std::string options = fmt::format("connect_timeout={}", base.connect_seconds_max);
    if (!base.authority_file.empty()) options += " sslrootcert=" + base.authority_file.string();
    return {
        {"Server", base.host},
        {"Port", std::to_string(base.port == 0 ? 5432 : base.port)},
        {"Uid", base.user},
        {"Pwd", settings.password},
        {"SSLmode", std::string(mode)},
        {"UseDeclareFetch", "1"},  // else the driver holds a whole result
        {"Fetch", "500"},
        {"UseServerSidePrepare", "0"},  // parameters without a type take the column's
        {"BoolsAsChar", "0"},
        {"pqopt", options}};
}

Words mariadb_words(const OdbcSettings& settings) {
    const auto& base = settings.base;
    Words words{
        {"Server", base.host},
        {"Port", std::to_string(base.port == 0 ? 3306 : base.port)},
        {"Uid", base.user},
        {"Pwd", settings.password},
        {"Charset", "utf8mb4"},
        // else it waits for ever for a server that takes the connection and says nothing
        {"CONN_TIMEOUT", std::to_string(base.connect_seconds_max)},
        {"READ_TIMEOUT",
         std::to_string(std::max(base.connect_seconds_max, base.statement_seconds_max) + 2)}};
    if (base.tls == Tls::required || base.tls == Tls::verified) words.emplace_back("FORCETLS", "1");
    if (base.tls == Tls::verified) words.emplace_back("SSLVERIFY", "1");
    if (!base.authority_file.empty()) words.emplace_back("SSLCA", base.authority_file.string());
    return words;
}

}  // namespace

std::string server_name(const config::OdbcConfig& base) {
    if (!base.instance.empty()) return base.host + "\\" + base.instance;
    return base.port == 0 ? base.host : fmt::format("{}:{}", base.host, base.port);
}

Result<std::string> connection_text(const OdbcSettings& settings) {
    Words words;
    switch (settings.base.system) {
        case System::sql_server: {
            auto made = sql_server_words(settings);
            if (!made) return fail(made.error());
            words = std::move(*made);
            break;
        }
        case System::postgresql:
            words = postgresql_words(settings);
            break;
        case System::mariadb:
            words = mariadb_words(settings);
            break;
    }
    words.emplace_back("Database", settings.base.database);
    for (const auto& [key, value] : settings.base.keywords) words.emplace_back(key, value);
    const std::string_view driver = driver_of(settings.base);
    std::string text = driver.find('/') == std::string_view::npos
                           ? fmt::format("Driver={{{}}};", driver)
                           : fmt::format("Driver={};", driver);
    for (const auto& [key, value] : words) {
        const bool plain = value.find_first_of("{};=[]@? ") == std::string::npos;
        if (!plain && value.find('}') != std::string::npos)
            return fail(
                ErrorKind::misconfigured,
                fmt::format(
                    "{}: holds a }}, which ODBC drivers read in different ways: choose another "
                    "without it",
                    key
                )
            );
        text += key + "=" + (plain ? value : "{" + value + "}") + ";";
    }
    return text;
}

Error explain_connecting(Error error, const OdbcSettings& settings) {
    const auto& base = settings.base;
    const auto says = [&](std::string_view part) {
        return error.text.find(part) != std::string::npos;
    };
    if (says("IM002") || says("IM003") || says("open lib")) {
        error.kind = ErrorKind::misconfigured;
        const std::string_view package = base.system == System::postgresql ? "odbc-postgresql"
                                         : base.system == System::mariadb  ? "odbc-mariadb"
                                                                           : "tdsodbc";
        error.text += fmt::format(
            ": install the ODBC driver (Debian: {}), or name its file with driver", package
        );
    } else if (says("18456") || says("28000") || says("password authentication failed")) {
        error.kind = ErrorKind::misconfigured;
        error.text += ": check user and password; a Windows login needs domain as well";
    } else if (says("4060")) {
        error.kind = ErrorKind::misconfigured;
        error.text += ": check database, and that the login has a user in it";
    } else if (base.system == System::sql_server && !base.instance.empty()) {
        error.text +=
            ": is the instance's name right, and SQL Server Browser (UDP 1434) let through? Else "
            "give its port instead";
    }
    return error;
}

}  // namespace mis::source::odbc
