#include "config/gateway_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <system_error>

#include "base/money.hpp"
#include "base/text.hpp"
#include "config/exchange_config.hpp"
#include "config/section.hpp"
#include "config/setting_check.hpp"
#include "config/slots_config.hpp"
#include "platform/file.hpp"

namespace mis::config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPushListen = "127.0.0.1:8480";

// An embedded base is a file of this machine; a bare word without dot or slash is an alias, and
// "host:path" names a server in Firebird's own way.
std::string embedded_database(const Section& from) {
    const std::string text = from.text("database");
    const bool is_path = text.find_first_of("./") != std::string::npos;
    return is_path && text.find(':') == std::string::npos ? from.resolve(text).string() : text;
}

FirebirdConfig read_firebird(const Section& from) {
    FirebirdConfig firebird;
    firebird.host = from.text("host");
    firebird.port = from.number("port");
    firebird.database = firebird.host.empty() ? embedded_database(from) : from.text("database");
    firebird.user = from.text("user");
    firebird.role = from.text("role");
    firebird.charset = from.text("charset");
    firebird.wire_crypt = from.text("wire_crypt");
    firebird.auth = from.text("auth");
    firebird.dialect = from.number("dialect");
    firebird.connect_seconds_max = from.number("connect_seconds_max");
    firebird.statement_seconds_max = from.number("statement_seconds_max");
    for (const Json& library : from["client_library"]) {
        const auto text = library.get<std::string>();  // a bare name is looked for by the system
        const bool is_path = text.find('/') != std::string::npos;
        firebird.client_library.push_back(is_path ? from.resolve(text).string() : text);
    }
    return firebird;
}

OdbcConfig::System system_of(std::string_view text) {
    if (text == "postgresql") return OdbcConfig::System::postgresql;
    if (text == "mariadb") return OdbcConfig::System::mariadb;
    return OdbcConfig::System::sql_server;
}

OdbcConfig::Tls tls_of(std::string_view text) {
    if (text == "off") return OdbcConfig::Tls::off;
    if (text == "required") return OdbcConfig::Tls::required;
    if (text == "verified") return OdbcConfig::Tls::verified;
    return OdbcConfig::Tls::offered;
}

// A bare name is one of odbcinst.ini or of the system's libraries.
std::string driver_of(const Section& from) {
    const std::string text = from.text("driver");
    return text.find('/') == std::string::npos ? text : from.resolve(text).string();
}

OdbcConfig read_odbc(const Section& from) {
    OdbcConfig odbc;
    odbc.host = from.text("host");
    odbc.port = from.number("port");
    odbc.database = from.text("database");
    odbc.user = from.text("user");
    odbc.tls = tls_of(from.text("tls"));
    odbc.authority_file = from.path("authority_file");
    odbc.driver = driver_of(from);
    odbc.connect_seconds_max = from.number("connect_seconds_max");
    odbc.statement_seconds_max = from.number("statement_seconds_max");
    return odbc;
}

OdbcConfig read_sql_server(const Section& from) {
    OdbcConfig odbc = read_odbc(from);
    odbc.instance = from.text("instance");
    odbc.domain = from.text("domain");
    return odbc;
}

OdbcConfig read_other_odbc(const Section& from) {
    OdbcConfig odbc = read_odbc(from);
    odbc.system = system_of(from.text("system"));
    odbc.keywords = from["keywords"].get<std::map<std::string, std::string>>();
    return odbc;
}

HttpConfig read_http(const Section& from) {
    HttpConfig http;
    http.url = from.text("url");
    http.user = from.text("user");
    http.auth = from["auth"].get<std::map<std::string, std::string>>();
    http.refresh_token = from.secret("refresh_token_file", nullptr);
    http.proxy = from.text("proxy");
    http.proxy_login = from.secret("proxy_login_file", nullptr);
    http.authority_file = from.path("authority_file");
    http.plain_http = from.flag("plain_http");
    http.per_second = from.number("per_second");
    http.per_minute = from.number("per_minute");
    http.connect_seconds_max = from.number("connect_seconds_max");
    http.answer_seconds_max = from.number("answer_seconds_max");
    return http;
}

FilesConfig read_files(const Section& from) {
    FilesConfig files;
    files.folder = from.path("folder");
    files.settle_seconds = from.number("settle_seconds");
    files.patterns = from["patterns"].get<std::map<std::string, std::string>>();
    files.columns = from["columns"].get<std::map<std::string, std::string>>();
    files.encoding = from.text("encoding");
    return files;
}

std::optional<Listen> read_listen(const std::string& text);

PushConfig read_push(const Section& from) {
    PushConfig push;
    const auto listen = read_listen(from.text("listen"));
    push.address = listen->address;
    push.port = listen->port;
    push.certificate_file = from.path("certificate_file");
    push.key_file = from.path("key_file");
    push.plain_http = from.flag("plain_http");
    push.requests_per_minute = from.number("requests_per_minute");
    push.body_bytes_max = from.big_number("body_bytes_max");
    push.journal_bytes_max = from.big_number("journal_bytes_max");
    push.silent_minutes_max = from.number("silent_minutes_max");
    push.hints = from["hints"].get<std::map<std::string, std::string>>();
    push.orders = from.flag("orders");
    return push;
}

constexpr const char* kConnectionKinds[] = {"firebird", "sql_server", "odbc",
                                            "http",     "files",      "push"};

ConnectionConfig read_connection(const Section& source) {
    ConnectionConfig connection;
    for (const char* kind : kConnectionKinds) {
        if (!source.has(kind)) continue;
        const Section from = source.at(kind);
        connection.kind = kind;
        connection.pointer = from.pointer();
        if (connection.kind == "files") {
            connection.settings = read_files(from);
            continue;
        }
        if (connection.kind == "http" || connection.kind == "push") {
            connection.password = from.secret("secret_file", "secret_env");
            if (connection.kind == "http")
                connection.settings = read_http(from);
            else
                connection.settings = read_push(from);
            continue;
        }
        connection.password = from.secret("password_file", "password_env");
        if (connection.kind == "firebird")
            connection.settings = read_firebird(from);
        else if (connection.kind == "sql_server")
            connection.settings = read_sql_server(from);
        else
            connection.settings = read_other_odbc(from);
    }
    return connection;
}

SourceConfig read_source(const Section& from) {
    SourceConfig source;
    source.pointer = from.pointer();
    source.name = from.text("name");
    source.connector = from.text("connector");
    if (source.connector.find('/') != std::string::npos)
        source.connector = from.resolve(source.connector).string();
    source.connection = read_connection(from);
    source.poll_seconds = from.number("poll_seconds");
    source.duty_cycle_percent = from.number("duty_cycle_percent");
    source.backfill_duty_cycle_percent = from.number("backfill_duty_cycle_percent");
    source.reconcile_hour = from.number("reconcile_hour");
    source.hold_share_percent = from.number("hold_share_percent");
    source.hold_count_min = from.number("hold_count_min");
    source.is_register = from.flag("register");
    source.counts_from = Date::parse_iso(from.text("counts_from"));
    source.site = from["site"].get<std::map<std::string, std::string>>();
    source.overlay = from.path("overlay");
    source.codes_file = from.path("codes_file");
    for (const Section& one : from.list("overrides"))
        source.overrides.push_back(
            {one.text("replaces"), one.text("shipped_sha256"), one.path("file")}
        );
    return source;
}

SinkConfig read_sink(const Section& from) {
    SinkConfig sink;
    sink.pointer = from.pointer();
    sink.name = from.text("name");
    sink.party = from.text("party");
    if (from.has("webhook")) {
        const Section part = from.at("webhook");
        WebhookConfig& webhook = sink.webhook.emplace();
        webhook.url = part.text("url");
        for (const Json& file : part["secret_files"])
            webhook.secrets.push_back(
                {part.resolve(file.get<std::string>()), "", part.setting("secret_files")}
            );
        if (!part.text("secret_env").empty())
            webhook.secrets.push_back({{}, part.text("secret_env"), part.setting("secret_env")});
        webhook.bearer_token = part.secret("bearer_token_file", nullptr);
        webhook.authority_file = part.path("authority_file");
        webhook.certificate_file = part.path("certificate_file");
        webhook.key_file = part.path("key_file");
        webhook.proxy = part.text("proxy");
        webhook.proxy_login = part.secret("proxy_login_file", nullptr);
        webhook.batch_events_max = part.number("batch_events_max");
        webhook.batch_bytes_max = part.big_number("batch_bytes_max");
        webhook.parallel = part.number("parallel");
        webhook.gzip_level = part.number("gzip_level");
        webhook.connect_timeout_ms = part.number("connect_timeout_ms");
        webhook.answer_timeout_ms = part.number("answer_timeout_ms");
        webhook.backoff_first_ms = part.number("backoff_first_ms");
        webhook.backoff_longest_ms = part.number("backoff_longest_ms");
    }
    if (from.has("nats")) sink.nats = read_nats_sink(from.at("nats"));
    if (from.has("file")) {
        const Section part = from.at("file");
        sink.file = FileSinkConfig{
            part.path("folder"), part.big_number("file_bytes_max"), part.number("files_max"),
            part.number("batch_events_max")};
    }
    return sink;
}

std::optional<Listen> read_listen(const std::string& text) {
    if (text.empty()) return std::nullopt;
    const std::size_t colon = text.rfind(':');
    return Listen{text.substr(0, colon), std::atoi(text.c_str() + colon + 1)};
}

ConsoleConfig read_console(const Section& from) {
    ConsoleConfig console;
    const auto listen = read_listen(from.text("listen"));
    console.address = listen->address;
    console.port = listen->port;
    console.certificate_file = from.path("certificate_file");
    console.key_file = from.path("key_file");
    console.hosts = from["hosts"].get<std::vector<std::string>>();
    return console;
}

log::Level read_level(std::string_view text) {
    if (text == "debug") return log::Level::debug;
    if (text == "warn") return log::Level::warn;
    if (text == "error") return log::Level::error;
    return log::Level::info;
}

void check_http(SettingCheck& check, const Json& part, const std::string& pointer) {
    if (!text_at(part, "secret_file").empty() && !text_at(part, "secret_env").empty())
        check.problem(pointer + "/secret_env", "secret_file is given too: keep one");
    const std::string url = text_at(part, "url");
    const bool plain = url.starts_with("http://");
    const std::size_t host = url.find("://") + 3;
    if ((!plain && !url.starts_with("https://")) || host == url.size() || url[host] == '/')
        check.problem(pointer + "/url", "must be https:// or http:// and the service's address");
    else if (url.find('@') != std::string::npos)
        check.problem(
            pointer + "/url", "holds a login: say it with user and put the rest into secret_file"
        );
    else if (url.find_first_of("?# ") != std::string::npos)
        check.problem(pointer + "/url", "has to end before any ?, # or blank");
    else if (plain && !is_http_to_this_machine(url) && !part.value("plain_http", false))
        check.problem(
            pointer + "/url",
            "would send patients' data and the key in the clear: take https, or say plain_http: "
            "true where the way there stays inside the clinic"
        );
    check_proxy(check, part, pointer);
}

void check_push(SettingCheck& check, const Json& part, const std::string& pointer) {
    const bool file = !text_at(part, "secret_file").empty(),
               environment = !text_at(part, "secret_env").empty();
    if (file && environment)
        check.problem(pointer + "/secret_env", "secret_file is given too: keep one");
    if (!file && !environment)
        check.problem(
            pointer, "has no key by which callers are known: add secret_file or secret_env"
        );
    const std::string listen = part.value("listen", std::string(kPushListen));
    if (listen.empty())
        return check.problem(
            pointer + "/listen", "has to be an address and a port: \"127.0.0.1:8480\""
        );
    const bool certificate = !text_at(part, "certificate_file").empty(),
               key = !text_at(part, "key_file").empty();
    if (certificate != key)
        check.problem(
            pointer + (certificate ? "/key_file" : "/certificate_file"),
            "belongs to the other of the two: give both, or none"
        );
    const bool loopback = listen.starts_with("127.") || listen.starts_with("[::1]") ||
                          listen.starts_with("::1") || listen.starts_with("localhost");
    if (!loopback && !certificate && !part.value("plain_http", false))
        check.problem(
            pointer + "/listen",
            "would take patients' data and the key in the clear from other machines: give "
            "certificate_file and key_file, or say plain_http: true where the way there stays "
            "inside the clinic"
        );
}

void check_connection(
    SettingCheck& check, const std::string& kind, const Json& part, const std::string& pointer
) {
    if (kind == "http") return check_http(check, part, pointer);
    if (kind == "push") return check_push(check, part, pointer);
    const bool file = !text_at(part, "password_file").empty(),
               environment = !text_at(part, "password_env").empty();
    if (file && environment)
        check.problem(pointer + "/password_env", "password_file is given too: keep one");
    if (!file && !environment && !text_at(part, "host").empty())
        check.problem(pointer, "a server wants a password: add password_file or password_env");
    if (kind == "firebird") {
        if (part.value("dialect", 3) == 2)
            check.problem(pointer + "/dialect", "2 is only Firebird's own diagnosis: 1 or 3");
        return;
    }
    const bool verified = text_at(part, "tls") == "verified",
               authority = !text_at(part, "authority_file").empty();
    if (authority && !verified)
        check.problem(pointer + "/authority_file", "is only looked at under tls: verified");
    if (!text_at(part, "instance").empty() && part.value("port", 0) != 0)
        check.problem(
            pointer + "/instance",
            "port is given too: keep the instance, whose port its server tells, or the port"
        );
}

void check_source(SettingCheck& check, const Json& source, const std::string& here) {
    if (const std::string day = text_at(source, "counts_from");
        !day.empty() && !Date::parse_iso(day))
        check.problem(here + "/counts_from", "is no day: write it as \"2026-05-01\"");
    std::vector<std::string> kinds;
    for (const char* kind : kConnectionKinds)
        if (source.contains(kind)) kinds.emplace_back(kind);
    if (kinds.empty())
        return check.problem(
            here,
            "does not say how to reach its base: add firebird: {host: …, database: …}, sql_server: "
            "{host: …, database: …}, odbc: {system: …, host: …, database: …}, files: {folder: …}, "
            "for "
            "a service http: {url: …}, or, for one that calls us, push: {secret_file: …}"
        );
    if (kinds.size() > 1)
        return check.problem(
            here, fmt::format("is reached in one way only: keep one of {}", fmt::join(kinds, ", "))
        );
    check_connection(check, kinds[0], source[kinds[0]], here + "/" + kinds[0]);
    const Json overrides = source.value("overrides", Json::array());
    for (std::size_t index = 0; index < overrides.size(); ++index) {
        const std::string sha = text_at(overrides[index], "shipped_sha256");
        if (sha.size() != 64 || sha.find_first_not_of("0123456789abcdef") != std::string::npos)
            check.problem(
                fmt::format("{}/overrides/{}/shipped_sha256", here, index),
                "must be 64 small hex digits: `sha256sum` of the shipped file"
            );
    }
}

// Two sinks in one folder would each write every event there.
void check_folders(SettingCheck& check, const GatewayConfig& config) {
    std::vector<std::pair<std::string, fs::path>> earlier;
    for (const SinkConfig& sink : config.sinks) {
        if (!sink.file) continue;
        std::error_code ignored;  // what cannot be looked at is told when it is opened
        fs::path folder = fs::weakly_canonical(sink.file->folder, ignored);
        if (ignored) folder = sink.file->folder;
        if (!folder.has_filename()) folder = folder.parent_path();  // "events/"
        for (const auto& [name, other] : earlier) {
            const auto inside = [](const fs::path& a, const fs::path& b) {
                return std::mismatch(a.begin(), a.end(), b.begin(), b.end()).second == b.end();
            };
            if (inside(folder, other) || inside(other, folder))
                check.problem(
                    sink.pointer + "/file/folder",
                    fmt::format("is that of sink {}, or inside or around it: take another", name)
                );
        }
        earlier.emplace_back(sink.name, folder);
    }
}

// A hint to a source that is not there would read nothing, and nobody the wiser. Two listeners
// cannot have one port.
void check_intakes(SettingCheck& check, const GatewayConfig& config) {
    std::map<std::string, std::string> listens;
    for (const SourceConfig& source : config.sources) {
        const auto* push = std::get_if<PushConfig>(&source.connection.settings);
        if (push == nullptr) continue;
        const std::string& here = source.connection.pointer;
        const auto [other, is_first] =
            listens.emplace(fmt::format("{}:{}", push->address, push->port), source.name);
        if (!is_first && push->port != 0)
            check.problem(
                here + "/listen",
                fmt::format("is that of source {}: take another port", other->second)
            );
        for (const auto& [route, target] : push->hints) {
            const std::string name = target.substr(0, target.find('.'));
            const bool known =
                std::any_of(config.sources.begin(), config.sources.end(), [&](const auto& one) {
                    return one.name == name;
                });
            if (!known)
                check.problem(
                    pointer_to(here + "/hints", route),
                    fmt::format(
                        "means source {}, which there is none of: SOURCE or SOURCE.STREAM", name
                    )
                );
        }
    }
}

void check_sink(SettingCheck& check, const Json& sink, const std::string& here) {
    const bool webhook = sink.contains("webhook"), nats = sink.contains("nats"),
               slots = sink.contains("slots");
    if (webhook + nats + sink.contains("file") + slots != 1)
        return check.problem(here, "must have exactly one of webhook, nats, file, slots");
    if (slots) return check_slot_sink(check, sink, here);
    if (nats) check_nats(check, sink["nats"], here + "/nats");
    if (!webhook) return;
    const Json& part = sink["webhook"];
    const std::string pointer = here + "/webhook";
    const std::size_t secrets = part.value("secret_files", Json::array()).size() +
                                (text_at(part, "secret_env").empty() ? 0 : 1);
    if (secrets == 0)
        check.problem(pointer, "has no secret to sign with: add secret_files: [FILE]");
    if (secrets > 2)
        check.problem(
            pointer + "/secret_files",
            "more than two secrets: one, or two while it is being replaced"
        );
    check_caller(check, part, pointer);
}

void check_names(SettingCheck& check, const Json& list, const std::string& pointer) {
    std::set<std::string> seen;
    for (std::size_t index = 0; index < list.size(); ++index) {
        const std::string name = text_at(list[index], "name");
        if (!name.empty() && !seen.insert(name).second)
            check.problem(
                fmt::format("{}/{}/name", pointer, index),
                "is there twice: each needs a name of its own"
            );
    }
}

void check_together(SettingCheck& check, const Json& all) {
    if (all["export"]["mode"] == "all" && trim(text_at(all["export"], "legal_ground")).empty())
        check.problem(
            "/export/mode",
            "`all` sends everybody's data: name the contract or consent in export.legal_ground, or "
            "take ordered"
        );
    if (!Currency::parse(text_at(all["clinic"], "currency")))
        check.problem("/clinic/currency", "must be an ISO 4217 code like RUB");
    for (std::size_t index = 0; index < all["sources"].size(); ++index)
        check_source(check, all["sources"][index], fmt::format("/sources/{}", index));
    for (std::size_t index = 0; index < all["sinks"].size(); ++index)
        check_sink(check, all["sinks"][index], fmt::format("/sinks/{}", index));
    check_inbox(check, all["inbox"], "/inbox");
    if (all.contains("console")) check_console(check, all["console"], "/console");
    check_names(check, all["sources"], "/sources");
    check_names(check, all["sinks"], "/sinks");
    check_feed(check, all);
}

GatewayConfig typed(const Json& effective, const fs::path& file, const YamlDocument& document) {
    const Section root(effective, fs::absolute(file).parent_path(), document);
    GatewayConfig config(*Zone::find(root.at("clinic").text("timezone")));
    config.file = file;
    config.clinic_id = root.at("clinic").text("id");
    config.currency = root.at("clinic").text("currency");
    for (const auto& [branch, zone] : root.at("clinic")["branches"].items())
        config.branch_zones.emplace(branch, *Zone::find(zone.get<std::string>()));
    config.store_folder = root.at("store").path("folder");
    config.export_mode =
        root.at("export").text("mode") == "all" ? ExportMode::all : ExportMode::ordered;
    config.legal_ground = root.at("export").text("legal_ground");
    config.days_before_receipt = root.at("export").number("days_before_receipt");
    config.practitioner_names = root.at("export").flag("practitioner_names");
    for (const Section& source : root.list("sources"))
        config.sources.push_back(read_source(source));
    for (const Section& sink : root.list("sinks")) {
        if (sink.has("slots"))
            config.slot_sinks.push_back(read_slot_sink(sink));
        else
            config.sinks.push_back(read_sink(sink));
    }
    config.inbox = read_inbox(root.at("inbox"));
    config.http_listen = read_listen(root.at("http").text("listen"));
    if (root.has("console")) config.console = read_console(root.at("console"));
    if (root.has("feed"))
        config.feed = read_feed(
            root["feed"], fs::absolute(file).parent_path(),
            [&](std::string_view pointer) { return setting_place(document, pointer); }
        );
    config.groups_file = root.at("nomenclature").path("groups_file");
    config.groups_extend_file = root.at("nomenclature").path("extend_file");
    config.low_threshold_percent = root.at("meaning").number("low_threshold_percent");
    config.slot_days = root.at("meaning").number("slot_days");
    const Section limits = root.at("limits");
    config.outbox_events_max = limits.big_number("outbox_events_max");
    config.free_disk_bytes_min = limits.big_number("free_disk_bytes_min");
    config.stage_bytes_max = limits.big_number("stage_bytes_max");
    config.groups_per_commit = limits.number("groups_per_commit");
    config.delivered_hours_kept = limits.number("delivered_hours_kept");
    config.quarantine_days_kept = limits.number("quarantine_days_kept");
    config.trace_days_kept = limits.number("trace_days_kept");
    config.backup_folder = root.at("backup").path("folder");
    config.backup_passphrase = root.at("backup").secret("passphrase_file", nullptr);
    config.backup_age_hours_max = root.at("backup").number("age_hours_max");
    config.log_level = read_level(root.at("log").text("level"));
    return config;
}

}  // namespace

Result<GatewayConfig> parse_config(std::string_view text, const fs::path& file) {
    auto document = parse_yaml(text, file.string());
    if (!document) return fail(document.error());
    SettingCheck check(*document);
    Json effective = check.fill();
    // what belongs together is only judged where the parts are right
    if (check.problems().empty()) check_together(check, effective);
    if (!check.problems().empty())
        return fail(ErrorKind::misconfigured, fmt::format("{}", fmt::join(check.problems(), "\n")));
    GatewayConfig config = typed(effective, file, *document);
    check_folders(check, config);
    check_intakes(check, config);
    if (!check.problems().empty())
        return fail(ErrorKind::misconfigured, fmt::format("{}", fmt::join(check.problems(), "\n")));
    config.effective = std::move(effective);
    config.document = std::make_shared<const YamlDocument>(std::move(*document));
    return config;
}

std::string GatewayConfig::at(std::string_view pointer) const {
    return setting_place(*document, pointer);
}

Result<GatewayConfig> load_config(const fs::path& file) {
    try {
        return parse_config(platform::read_file(file), file);
    } catch (const std::system_error& error) {
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "reading {}: {}: {}", file.string(), error.code().message(),
                error.code() == std::errc::permission_denied
                    ? "run this as root or as the service's user, or name another with --config"
                    : "name it with --config FILE; config/examples/ of the installation has some "
                      "to "
                      "begin with"
            )
        );
    }
}

fs::path secret_file(const SecretPlace& place) {
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr || place.file.empty()) return place.file;
    const fs::path credential = fs::path(folder) / place.file.filename();
    std::error_code denied;
    return fs::exists(credential, denied) ? credential : place.file;
}

Result<std::string> read_secret(const SecretPlace& place) {
    std::string secret;
    const fs::path file = secret_file(place);
    const std::string where =
        file.empty() ? "environment variable " + place.environment : "reading " + file.string();
    const auto wrong = [&](std::string_view what) {
        return fail(
            ErrorKind::misconfigured,
            fmt::format("{}{}{}: {}", place.setting, place.setting.empty() ? "" : ": ", where, what)
        );
    };
    if (!place.file.empty()) {
        try {
            secret = platform::read_file(file);
        } catch (const std::system_error& error) {
            const std::string cause = error.code().message();
            if (error.code() == std::errc::no_such_file_or_directory)
                return wrong(
                    cause +
                    ": make it, mode 0600, with the secret as its only line (a relative "
                    "path begins at the configuration's folder)"
                );
            if (error.code() == std::errc::permission_denied)
                return wrong(
                    cause +
                    ": give it to the user that runs this (chown, mode 0600), or hand it "
                    "over by a LoadCredential of the same name in the unit"
                );
            return wrong(cause + ": name a file that holds nothing but the secret");
        }
    } else if (!place.environment.empty()) {
        const char* value = std::getenv(place.environment.c_str());
        if (value == nullptr)
            return wrong("is not set: set it for this process, or name a file instead");
        secret = value;
    } else {
        return std::string();
    }
    const bool is_file = !place.file.empty();
    if (secret.starts_with("\xff\xfe") || secret.starts_with("\xfe\xff"))
        return wrong("is written in UTF-16: save it as UTF-8 or plain text");
    if (secret.starts_with("\xef\xbb\xbf")) secret.erase(0, 3);  // as Windows' editors begin a file
    secret.erase(secret.find_last_not_of("\r\n\t ") + 1);
    secret.erase(0, secret.find_first_not_of("\r\n"));
    if (secret.empty()) return wrong("is empty: it must hold the secret as its only line");
    if (secret.find_first_of("\r\n") != std::string::npos)
        return wrong(
            is_file ? "has several lines: keep the one with the secret; a second secret belongs "
                      "into a file of its own"
                    : "has several lines: set it to the secret alone"
        );
    if (std::any_of(secret.begin(), secret.end(), [](char c) {
            return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
        }))
        return wrong("has control characters in it: it must hold the secret as its only line");
    return secret;
}

}  // namespace mis::config
