#include "config/gateway_config.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>

#include "config/setting_tree.hpp"
#include "config/yaml.hpp"
#include "platform/file.hpp"

using namespace mis;
using namespace mis::config;
namespace fs = std::filesystem;

namespace {

const fs::path kRoot = MIS_SOURCE_DIR;

constexpr const char* kMinimal = R"(clinic: {id: demo, timezone: Europe/Moscow}
sources:
  - name: mis
    connector: demo-mis
    firebird:
      host: db
      database: clinic
      password_env: MIS_PASSWORD
sinks:
  - name: exchange
    webhook:
      url: https://exchange.example/events
      secret_files: [exchange.secret]
)";

GatewayConfig parsed(const std::string& text) {
    auto config = parse_config(text, "/etc/demo/gateway.yaml");
    if (!config) FAIL(config.error().text);
    return std::move(*config);
}

std::string problems(const std::string& text) {
    const auto config = parse_config(text, "gateway.yaml");
    if (config) return "accepted";
    CHECK(config.error().kind == ErrorKind::misconfigured);
    return config.error().text;
}

std::string changed(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

// Generated files: compared, and rewritten where somebody asks for it.
void check_generated(const fs::path& file, const std::string& wanted) {
    if (std::getenv("MIS_UPDATE_GENERATED") != nullptr)
        platform::write_file_atomically(file, wanted);
    const std::string found = fs::exists(file) ? platform::read_file(file) : "";
    INFO(
        file.string(),
        " is stale: run unit_config with MIS_UPDATE_GENERATED=1 and read the difference"
    );
    CHECK((found == wanted));
}

const FirebirdConfig& firebird_of(const GatewayConfig& config) {
    return std::get<FirebirdConfig>(config.sources[0].connection.settings);
}
}  // namespace

TEST_CASE("config: a minimal file has every default") {
    const GatewayConfig config = parsed(kMinimal);
    CHECK(config.clinic_id == "demo");
    CHECK(config.clinic_zone.name() == "Europe/Moscow");
    CHECK(config.export_mode == ExportMode::ordered);
    CHECK(config.store_folder == "/var/lib/mis-gateway");
    REQUIRE(config.sources.size() == 1);
    const SourceConfig& source = config.sources[0];
    CHECK(source.connector == "demo-mis");
    CHECK(source.connection.kind == "firebird");
    const auto& firebird = std::get<FirebirdConfig>(source.connection.settings);
    CHECK(firebird.port == 3050);
    CHECK(firebird.user == "MIS_GATEWAY");
    CHECK(source.connection.password.environment == "MIS_PASSWORD");
    CHECK(source.duty_cycle_percent == 10);
    REQUIRE(config.sinks.size() == 1);
    REQUIRE(config.sinks[0].webhook);
    CHECK(
        config.sinks[0].webhook->secrets[0].file == "/etc/demo/exchange.secret"
    );  // relative to the file's folder
    CHECK(config.sinks[0].webhook->batch_events_max == 100);
    CHECK(config.http_listen->address == "127.0.0.1");
    CHECK(config.http_listen->port == 9464);
    CHECK(config.log_level == log::Level::info);
}

TEST_CASE("D5: a source counts from a day of the calendar, or from the beginning") {
    CHECK_FALSE(parsed(kMinimal).sources[0].counts_from);
    const auto with = [](const std::string& day) {
        return changed(
            kMinimal, "connector: demo-mis", "connector: demo-mis\n    counts_from: " + day
        );
    };
    CHECK(parsed(with("2026-05-01")).sources[0].counts_from == Date::parse_iso("2026-05-01"));
    CHECK_FALSE(parsed(with("\"\"")).sources[0].counts_from);
    for (const char* wrong : {"2026-02-30", "01.05.2026", "tomorrow"})
        CHECK(
            problems(with(wrong)).find("counts_from: is no day: write it as") != std::string::npos
        );
}

TEST_CASE("config: config/gateway.yaml loads and shows every key at its default") {
    const auto document = load_yaml(kRoot / "config/gateway.yaml");
    REQUIRE(document);
    const auto config = load_config(kRoot / "config/gateway.yaml");
    REQUIRE_MESSAGE(config.has_value(), (config ? "" : config.error().text));
    std::ifstream file(kRoot / "config/gateway.yaml");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    for (const Setting& setting : settings()) {
        std::string pointer = "/" + std::string(setting.path);
        if (pointer.starts_with("/sinks[].file")) pointer.replace(0, 8, "/sinks/1");
        if (pointer.find("overrides[]") != std::string::npos) continue;
        if (pointer.starts_with("/feed")) {  // opens a port: behind a #
            const auto name = setting.path.substr(setting.path.rfind('.') + 1);
            const bool is_there =
                std::regex_search(text, std::regex("\n# +(- )?" + std::string(name) + ":"));
            CHECK_MESSAGE(is_there, setting.path);
            continue;
        }
        const std::string_view kind = setting.path.substr(0, setting.path.find('.', 10));
        if (kind == "sources[].sql_server" || kind == "sources[].odbc" ||
            kind == "sources[].http" || kind == "sources[].files" || kind == "sources[].push" ||
            kind == "sinks[].nats" || kind == "inbox.nats" ||
            kind == "sinks[].slots") {  // another way, behind a #
            const auto name = setting.path.substr(setting.path.rfind('.') + 1);
            const bool is_there =
                std::regex_search(text, std::regex("\n +# +" + std::string(name) + ":"));
            CHECK_MESSAGE(is_there, setting.path);
            continue;
        }
        for (std::size_t at = pointer.find("[]"); at != std::string::npos; at = pointer.find("[]"))
            pointer.replace(at, 2, "/0");
        for (char& letter : pointer)
            if (letter == '.') letter = '/';
        CAPTURE(pointer);
        const Json::json_pointer place(pointer);
        REQUIRE(document->value().contains(place));
        const bool example = setting.path == "sinks[].webhook.secret_files" ||
                             setting.path == "sources[].firebird.password_file";
        const bool value = setting.kind > SettingKind::sections;
        if (value && !example)
            CHECK(
                document->value()[place] ==
                Json::parse(setting.fallback.empty() ? setting.example : setting.fallback)
            );
    }
}

TEST_CASE("config: generated files are fresh") {
    check_generated(kRoot / "config/gateway.yaml", settings_annotated());
    check_generated(kRoot / "config/reference.md", settings_reference());
    check_generated(kRoot / "schemas/config/gateway.schema.json", settings_schema());
}

TEST_CASE("config: the examples load") {
    int examples = 0;
    for (const auto& entry : fs::directory_iterator(kRoot / "config/examples")) {
        if (entry.path().extension() != ".yaml") continue;
        const auto config = load_config(entry.path());
        CHECK_MESSAGE(config.has_value(), (config ? "" : config.error().text));
        ++examples;
    }
    CHECK(examples >= 3);
}

TEST_CASE("config: a mistake is named with file, line, key, what and remedy; all of them at once") {
    CHECK(
        problems(changed(kMinimal, "host: db", "hots: db"))
            .find("gateway.yaml:6: sources[0].firebird.hots: unknown key: did you mean host?") !=
        std::string::npos
    );
    CHECK(
        problems(std::string(kMinimal) + "elephant: 1\n")
            .find("unknown key: known here are clinic, store, export") != std::string::npos
    );
    CHECK(
        problems(changed(kMinimal, "id: demo, ", "")) ==
        "gateway.yaml:1: clinic.id: missing: add it, for example id: \"clinic-1\""
    );
    const std::string zone = problems(changed(kMinimal, "Europe/Moscow", "Asia/Ekaterinburg"));
    CHECK(zone.starts_with("gateway.yaml:1: clinic.timezone: is no time zone"));
    CHECK(zone.find("like Asia/Yekaterinburg") != std::string::npos);
    CHECK(
        problems(changed(kMinimal, "database: clinic", "database: clinic\n      port: 99999")) ==
        "gateway.yaml:8: sources[0].firebird.port: 99999 is out of range: from 1 to 65535"
    );
    const std::string many = problems("clinic: {id: Demo}\nlog: {level: loud}\nsinks: {}\n");
    CHECK(many.find("gateway.yaml:1: clinic.id: must be a name") != std::string::npos);
    CHECK(many.find("gateway.yaml:1: clinic.timezone: missing") != std::string::npos);
    CHECK(
        many.find("gateway.yaml:2: log.level: must be one of debug, info, warn, error") !=
        std::string::npos
    );
    CHECK(many.find("gateway.yaml:3: sinks: must be a list") != std::string::npos);
    CHECK(problems("- a\n").find("no settings in it") != std::string::npos);
    CHECK(
        load_config("/nonexistent/gateway.yaml").error().text.find("--config") != std::string::npos
    );
}

TEST_CASE("config: secrets never stand in the file") {
    CHECK(
        problems(changed(kMinimal, "password_env: MIS_PASSWORD", "password: masterkey"))
            .find("gateway.yaml:8: sources[0].firebird.password: secrets never stand in this file: "
                  "put it into a file of mode 0600 or an environment "
                  "variable and name that with password_file or password_env") != std::string::npos
    );
    CHECK(
        problems(changed(kMinimal, "secret_files: [exchange.secret]", "secret: whsec_x"))
            .find("name that with secret_files or secret_env") != std::string::npos
    );
    for (const std::string& text :
         {problems(changed(kMinimal, "password_env: MIS_PASSWORD", "password: masterkey"))})
        CHECK(text.find("masterkey") == std::string::npos);
    CHECK(
        problems(changed(kMinimal, "https://exchange", "https://user:pw@exchange"))
            .find("holds a login") != std::string::npos
    );
    CHECK(
        problems(changed(kMinimal, "https://exchange.example", "http://exchange.example"))
            .find("must begin with https://") != std::string::npos
    );
    CHECK(
        problems(changed(kMinimal, "https://exchange.example", "http://127.0.0.1:8080")) ==
        "accepted"
    );
}

TEST_CASE("X1: export: all needs its legal ground") {
    CHECK(
        problems(std::string(kMinimal) + "export: {mode: all}\n")
            .find("gateway.yaml:14: export.mode: `all` sends everybody's data") != std::string::npos
    );
    CHECK(
        parsed(std::string(kMinimal) + "export: {mode: all, legal_ground: invented data}\n")
            .export_mode == ExportMode::all
    );
}

TEST_CASE("config: what belongs together") {
    CHECK(
        problems(changed(kMinimal, "      password_env: MIS_PASSWORD\n", ""))
            .find("a server wants a password") != std::string::npos
    );
    CHECK(
        problems(changed(
            changed(kMinimal, "      password_env: MIS_PASSWORD\n", ""), "      host: db\n", ""
        )) == "accepted"
    );  // embedded
    CHECK(
        problems(changed(kMinimal, "      secret_files: [exchange.secret]\n", ""))
            .find("has no secret to sign with") != std::string::npos
    );
    CHECK(
        problems(std::string(kMinimal) + "  - {name: exchange, file: {folder: x}}\n")
            .find("sinks[1].name: is there twice") != std::string::npos
    );
    CHECK(
        problems(std::string(kMinimal) + "  - {name: other}\n")
            .find("exactly one of webhook, nats, file") != std::string::npos
    );
    CHECK(
        problems(changed(kMinimal, "sources:\n", "sources:\n  - {name: two, connector: x}\n"))
            .find("does not say how to reach") != std::string::npos
    );
}

TEST_CASE("config: secrets are read when they are needed, from files or the environment") {
    const fs::path file = fs::temp_directory_path() / "mis-gateway-secret-test";
    platform::write_file_atomically(file, "whsec_demo\n");
    CHECK(*read_secret({file, ""}) == "whsec_demo");
    platform::write_file_atomically(file, "\n");
    CHECK(read_secret({file, ""}).error().text.find("is empty") != std::string::npos);
    // systemd's LoadCredential: the file itself may be root's alone
    const fs::path handed = fs::temp_directory_path() / "mis-gateway-credentials-test";
    fs::create_directories(handed);
    platform::write_file_atomically(handed / file.filename(), "whsec_handed\n");
    ::setenv("CREDENTIALS_DIRECTORY", handed.c_str(), 1);
    CHECK(*read_secret({file, ""}) == "whsec_handed");
    fs::remove_all(handed);
    CHECK(read_secret({file, ""}).error().text.find(file.string()) != std::string::npos);
    ::unsetenv("CREDENTIALS_DIRECTORY");
    fs::remove(file);
    CHECK(read_secret({file, ""}).error().kind == ErrorKind::misconfigured);
    ::setenv("MIS_GATEWAY_TEST_SECRET", "x", 1);
    CHECK(*read_secret({{}, "MIS_GATEWAY_TEST_SECRET"}) == "x");
    const GatewayConfig config = parsed(kMinimal);
    CHECK(
        read_secret(config.sources[0].connection.password).error().text ==
        "/etc/demo/gateway.yaml:8: sources[0].firebird.password_env: environment variable "
        "MIS_PASSWORD: is not set: set it for this process, or name a file instead"
    );
    const std::string missing = read_secret(config.sinks[0].webhook->secrets[0]).error().text;
    CHECK(
        missing.starts_with("/etc/demo/gateway.yaml:13: sinks[0].webhook.secret_files: reading "
                            "/etc/demo/exchange.secret: No such file")
    );
    ::unsetenv("MIS_GATEWAY_TEST_SECRET");
    CHECK(!read_secret({{}, "MIS_GATEWAY_TEST_SECRET"}));
    CHECK(read_secret({})->empty());
}

TEST_CASE("config: a secret is the only line of its file, however an editor saved it") {
    const fs::path file = fs::temp_directory_path() / "mis-gateway-secret-form-test";
    const auto read = [&](const std::string& bytes) {
        std::ofstream(file, std::ios::binary) << bytes;
        auto secret = read_secret({file, "", "gateway.yaml:8: password_file"});
        fs::remove(file);
        return secret;
    };
    for (const std::string form :
         {"key", "key\n", "key\r\n", "\xef\xbb\xbfkey\r\n", "key \t\n\n", "\r\nkey"})
        CHECK(read(form).value_or("") == "key");
    CHECK(read("ключ с пробелом\n").value_or("") == "ключ с пробелом");
    const auto refusal = [&](const std::string& bytes) {
        const auto secret = read(bytes);
        REQUIRE(!secret);
        CHECK(secret.error().kind == ErrorKind::misconfigured);
        CHECK(secret.error().text.starts_with("gateway.yaml:8: password_file: reading "));
        CHECK(secret.error().text.find("hunter") == std::string::npos);
        return secret.error().text;
    };
    CHECK(
        refusal("hunter\nhunter2\n").find("has several lines: keep the one") != std::string::npos
    );
    CHECK(refusal("hunter\r\nX-Second: line").find("several lines") != std::string::npos);
    CHECK(refusal("hunter\rsecond").find("several lines") != std::string::npos);
    CHECK(refusal("").find("is empty") != std::string::npos);
    CHECK(refusal("\xef\xbb\xbf\r\n").find("is empty") != std::string::npos);
    CHECK(
        refusal(std::string("\xff\xfeh\0u\0n\0t\0", 10)).find("UTF-16: save it as UTF-8") !=
        std::string::npos
    );
    CHECK(refusal(std::string("hun\0ter", 7)).find("control characters") != std::string::npos);
    CHECK(refusal("hunter\x1b[0m").find("control characters") != std::string::npos);
}

TEST_CASE("config: a Windows path in double quotes is refused, for its \\ begins an escape") {
    const std::string text =
        problems(changed(kMinimal, "database: clinic", "database: \"C:\\new\\base.fdb\""));
    CHECK(
        text.find("sources[0].firebird.database: holds control characters (it reads "
                  "C:\\new\\base.fdb)") != std::string::npos
    );
    CHECK(text.find("take 'single quotes' for Windows paths") != std::string::npos);
    CHECK(
        firebird_of(parsed(changed(kMinimal, "database: clinic", "database: 'C:\\new\\base.fdb'")))
            .database == "C:\\new\\base.fdb"
    );
}

TEST_CASE("config: SIGHUP shows the difference, entries known by name") {
    const GatewayConfig before = parsed(kMinimal);
    CHECK(diff_configs(before, parsed(kMinimal)).empty());
    const auto changes = diff_configs(
        before, parsed(changed(
                    changed(
                        changed(kMinimal, "id: demo", "id: other"), "connector: demo-mis",
                        "connector: demo-mis\n    poll_seconds: 5"
                    ),
                    "  - name: exchange", "  - {name: log, file: {folder: x}}\n  - name: exchange"
                ))
    );
    REQUIRE(changes.size() == 3);
    CHECK(changes[0].key == "clinic.id");
    CHECK(changes[0].effect == SettingEffect::identity);
    CHECK(changes[1].key == "sources[mis].poll_seconds");
    CHECK(changes[1].before == "0");
    CHECK(changes[1].after == "5");
    CHECK(changes[1].effect == SettingEffect::reload);
    CHECK(changes[2].key == "sinks[log]");
    CHECK(changes[2].before.empty());
}

TEST_CASE("config: branches, sites and overrides") {
    const GatewayConfig config = parsed(changed(
        changed(
            kMinimal, "timezone: Europe/Moscow}",
            "timezone: Europe/Moscow, branches: {2: Asia/Omsk}}"
        ),
        "connector: demo-mis",
        "connector: ./mine\n    site: {tooth_column: TOOTH, days: 7}\n    overrides:\n"
        "      - {replaces: procedure.sql, file: my.sql, shipped_sha256: " +
            std::string(64, 'a') + "}"
    ));
    CHECK(config.branch_zones.at("2").name() == "Asia/Omsk");
    CHECK(config.sources[0].connector == "/etc/demo/mine");
    CHECK(config.sources[0].site.at("days") == "7");
    CHECK(config.sources[0].overrides[0].file == "/etc/demo/my.sql");
}

TEST_CASE("config: a source is reached in one way") {
    const auto with = [](const std::string& section) {
        return changed(kMinimal, "    firebird:", "    " + section + "\n    firebird:");
    };
    CHECK(
        problems(with("sql_server: {host: db, database: c, password_env: P}"))
            .find("sources[0]: is reached in one way only: keep one of firebird, sql_server") !=
        std::string::npos
    );
    const auto alone = [](const std::string& section) {
        std::string text(kMinimal);
        const std::size_t begin = text.find("    firebird:"), end = text.find("sinks:");
        return text.substr(0, begin) + "    " + section + "\n" + text.substr(end);
    };
    CHECK(
        problems(alone("poll_seconds: 5"))
            .find("does not say how to reach its base: add firebird: {host: …, database: …}, "
                  "sql_server:") != std::string::npos
    );
    const GatewayConfig config =
        parsed(alone("sql_server: {host: db, instance: SQLEXPRESS, database: c, password_env: P}"));
    const auto& odbc = std::get<OdbcConfig>(config.sources[0].connection.settings);
    CHECK(config.sources[0].connection.kind == "sql_server");
    CHECK(odbc.instance == "SQLEXPRESS");
    CHECK(odbc.tls == OdbcConfig::Tls::offered);
    CHECK(
        problems(
            alone("sql_server: {host: db, instance: X, port: 1433, database: c, password_env: P}")
        )
            .find("sources[0].sql_server.instance: port is given too") != std::string::npos
    );
    CHECK(
        problems(alone("sql_server: {host: db, database: c, password_env: P, authority_file: a}"))
            .find("sources[0].sql_server.authority_file: is only looked at under tls: verified") !=
        std::string::npos
    );
}

TEST_CASE("config: relative paths begin at the file's folder, an embedded base's too") {
    const auto database_of = [](const std::string& database, const std::string& host) {
        const GatewayConfig config = parsed(changed(
            changed(kMinimal, "database: clinic", "database: '" + database + "'"), "host: db",
            "host: " + host
        ));
        return firebird_of(config).database;
    };
    CHECK(database_of("clinic.fdb", "\"\"") == "/etc/demo/clinic.fdb");
    CHECK(database_of("../bases/clinic", "\"\"") == "/etc/bases/clinic");
    CHECK(database_of("/srv/clinic.fdb", "\"\"") == "/srv/clinic.fdb");
    CHECK(database_of("clinic", "\"\"") == "clinic");  // an alias
    CHECK(database_of("db:/srv/clinic.fdb", "\"\"") == "db:/srv/clinic.fdb");
    CHECK(database_of("bases/clinic.fdb", "db") == "bases/clinic.fdb");  // the server's own path
    const GatewayConfig config = parsed(changed(
        kMinimal, "database: clinic",
        "database: clinic\n      client_library: [libfbclient.so.2, lib/libfbclient.so]"
    ));
    CHECK(
        firebird_of(config).client_library ==
        std::vector<std::string>{"libfbclient.so.2", "/etc/demo/lib/libfbclient.so"}
    );
}

TEST_CASE("config: a setting's place is known after reading, for errors of whoever uses it") {
    const GatewayConfig config = parsed(kMinimal);
    CHECK(
        config.at(config.sources[0].pointer + "/connector") ==
        "/etc/demo/gateway.yaml:4: sources[0].connector"
    );
    CHECK(config.at("/http/listen") == "/etc/demo/gateway.yaml:1: http.listen");  // not written
    CHECK(config.at(config.sinks[0].pointer) == "/etc/demo/gateway.yaml:10: sinks[0]");
}
