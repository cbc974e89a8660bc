#include "config/settings.hpp"

#include <array>

namespace mis::config {
namespace {

using K = SettingKind;
constexpr auto kRestart = SettingEffect::restart;
constexpr auto kIdentity = SettingEffect::identity;

constexpr Setting section(std::string_view path, std::string_view about) {
    return {path, K::section, {}, {}, 0, 0, {}, {}, about};
}
constexpr Setting optional_section(std::string_view path, std::string_view about) {
    return {path, K::optional_section, {}, {}, 0, 0, {}, {}, about};
}
constexpr Setting sections(std::string_view path, std::string_view about) {
    return {path, K::sections, "[]", {}, 0, 0, {}, {}, about};
}
constexpr Setting required(
    std::string_view path, K kind, std::string_view example, std::string_view about,
    SettingEffect effect = {}
) {
    return {path, kind, {}, example, 0, 0, {}, effect, about};
}
constexpr Setting value(
    std::string_view path, K kind, std::string_view fallback, std::string_view about,
    SettingEffect effect = {}
) {
    return {path, kind, fallback, {}, 0, 0, {}, effect, about};
}
constexpr Setting number(
    std::string_view path, std::string_view fallback, std::int64_t least, std::int64_t most,
    std::string_view about, SettingEffect effect = {}
) {
    return {path, K::integer, fallback, {}, least, most, {}, effect, about};
}
constexpr Setting choice(
    std::string_view path, std::string_view fallback, std::string_view choices,
    std::string_view about, SettingEffect effect = {}
) {
    return {path, K::choice, fallback, {}, 0, 0, choices, effect, about};
}

constexpr std::int64_t kManyBytes = 1'000'000'000'000;

constexpr std::array kSettings{
    section("clinic", "Whose events these are."),
    required(
        "clinic.id", K::name, "\"clinic-1\"",
        "Stands in every event's source. Never change it: public ids and pseudonyms are made of "
        "it.",
        kIdentity
    ),
    required(
        "clinic.timezone", K::zone, "\"Europe/Moscow\"",
        "IANA zone of the clinic's clocks; the MIS writes local times without one.", kRestart
    ),
    value(
        "clinic.branches", K::zone_map, "{}",
        "Branches in another zone, by their id in the MIS: {\"2\": Asia/Yekaterinburg}.", kRestart
    ),
    value(
        "clinic.currency", K::text, "\"RUB\"",
        "ISO 4217 code of sums that the MIS writes without one.", kRestart
    ),

    section("store", "What must survive: the gateway's state and the pseudonym key. Back it up."),
    value(
        "store.folder", K::path, "\"/var/lib/mis-gateway\"",
        "Made at the first start, mode 0700. On a local disk, never on a network share.", kRestart
    ),

    section("export", "What may leave the clinic (152-ФЗ)."),
    choice(
        "export.mode", "\"ordered\"", "ordered|all",
        "ordered: only patients whose order the exchange sent, with their consent. all: everybody, "
        "under pseudonyms."
    ),
    value(
        "export.legal_ground", K::text, "\"\"",
        "Required under `all`: the contract or consent on which everybody's data may leave. It is "
        "written into the audit log."
    ),
    number(
        "export.days_before_receipt", "7", 0, 366,
        "How many days before it came an order may let its patient's records leave, from its "
        "placed_at and consent on (X1)."
    ),
    value(
        "export.practitioner_names", K::flag, "false",
        "Whether practitioners leave by name; else only by public id."
    ),

    sections("sources", "The clinic's systems, read and never written."),
    required(
        "sources[].name", K::name, "\"mis\"",
        "Stands in every event's source. Renaming needs `mis-gateway source rename`.", kIdentity
    ),
    required(
        "sources[].connector", K::text, "\"my-mis\"",
        "A folder of connectors/ by name (`mis-gateway connector list`), or the path of a folder "
        "of your own.",
        kRestart
    ),
    optional_section("sources[].firebird", "How to reach a Firebird base."),
    value(
        "sources[].firebird.host", K::text, "\"\"",
        "Name or address of the server; empty: embedded, the file on this machine.", kRestart
    ),
    number("sources[].firebird.port", "3050", 1, 65535, "The server's port.", kRestart),
    required(
        "sources[].firebird.database", K::text, "\"/var/lib/firebird/clinic.fdb\"",
        "Path as the server knows it, or an alias. Embedded (no host): a file of this machine, "
        "relative to this file's folder.",
        kRestart
    ),
    value(
        "sources[].firebird.user", K::text, "\"MIS_GATEWAY\"",
        "A login of its own that may only SELECT; `mis-gateway check` prints the GRANTs.", kRestart
    ),
    value(
        "sources[].firebird.password_file", K::path, "\"\"",
        "File with nothing but the password. Passwords never stand in this file.", kRestart
    ),
    value(
        "sources[].firebird.password_env", K::text, "\"\"",
        "Or the name of an environment variable that holds it.", kRestart
    ),
    value(
        "sources[].firebird.role", K::text, "\"\"", "Role of the login, if it has one.", kRestart
    ),
    value(
        "sources[].firebird.charset", K::text, "\"\"",
        "Set of columns without one of their own (NONE): WIN1251, CP866, … Empty: the base's "
        "default.",
        kRestart
    ),
    number(
        "sources[].firebird.dialect", "3", 1, 3,
        "SQL dialect of the base: 3, or 1 for bases of old.", kRestart
    ),
    number(
        "sources[].firebird.connect_seconds_max", "10", 1, 300,
        "Longer without a connection counts as unreachable.", kRestart
    ),
    number(
        "sources[].firebird.statement_seconds_max", "20", 1, 60,
        "A longer statement is cancelled, two seconds later cut off.", kRestart
    ),
    value(
        "sources[].firebird.wire_crypt", K::text, "\"\"",
        "\"\", Disabled, Enabled or Required; Disabled for servers before 3.0.", kRestart
    ),
    value(
        "sources[].firebird.auth", K::text, "\"\"",
        "Authentication plugins in order, such as \"Legacy_Auth\"; empty: the client's own.",
        kRestart
    ),
    value(
        "sources[].firebird.client_library", K::texts, "[]",
        "Files of the client library, tried in order; empty: the system's libfbclient.", kRestart
    ),
    optional_section("sources[].sql_server", "How to reach a base of Microsoft SQL Server."),
    required(
        "sources[].sql_server.host", K::text, "\"sql.clinic.local\"",
        "Name or address of the server, without instance and port.", kRestart
    ),
    value(
        "sources[].sql_server.instance", K::text, "\"\"",
        "Named instance; its SQL Server Browser (UDP 1434) tells the port.", kRestart
    ),
    number(
        "sources[].sql_server.port", "0", 0, 65535, "0: 1433, or what the Browser tells.", kRestart
    ),
    required("sources[].sql_server.database", K::text, "\"clinic\"", "Name of the base.", kRestart),
    value(
        "sources[].sql_server.user", K::text, "\"mis_gateway\"",
        "A login of its own that may only SELECT; `mis-gateway check` prints the GRANTs.", kRestart
    ),
    value(
        "sources[].sql_server.domain", K::text, "\"\"",
        "Windows domain of the login; empty: a login of SQL Server.", kRestart
    ),
    value(
        "sources[].sql_server.password_file", K::path, "\"\"",
        "File with nothing but the password. Passwords never stand in this file.", kRestart
    ),
    value(
        "sources[].sql_server.password_env", K::text, "\"\"",
        "Or the name of an environment variable that holds it.", kRestart
    ),
    choice(
        "sources[].sql_server.tls", "\"offered\"", "off|offered|required|verified",
        "offered: where the server can; required: never without; verified: and its certificate and "
        "name are checked.",
        kRestart
    ),
    value(
        "sources[].sql_server.authority_file", K::path, "\"\"",
        "PEM of who signs the server's certificate, under tls: verified; empty: the system's.",
        kRestart
    ),
    value(
        "sources[].sql_server.driver", K::text, "\"\"",
        "Name or file of the ODBC driver; empty: the usual one of Debian.", kRestart
    ),
    number(
        "sources[].sql_server.connect_seconds_max", "10", 1, 300,
        "Longer without a connection counts as unreachable.", kRestart
    ),
    number(
        "sources[].sql_server.statement_seconds_max", "20", 1, 60,
        "A longer statement is cancelled, two seconds later cut off.", kRestart
    ),
    optional_section("sources[].odbc", "How to reach a base by any other ODBC driver."),
    choice(
        "sources[].odbc.system", "\"postgresql\"", "postgresql|mariadb|sql_server",
        "Which server it is, and so which SQL it speaks.", kRestart
    ),
    required(
        "sources[].odbc.host", K::text, "\"db.clinic.local\"", "Name or address of the server.",
        kRestart
    ),
    number("sources[].odbc.port", "0", 0, 65535, "0: the system's own.", kRestart),
    required("sources[].odbc.database", K::text, "\"clinic\"", "Name of the base.", kRestart),
    value(
        "sources[].odbc.user", K::text, "\"mis_gateway\"",
        "A login of its own that may only SELECT.", kRestart
    ),
    value(
        "sources[].odbc.password_file", K::path, "\"\"",
        "File with nothing but the password. Passwords never stand in this file.", kRestart
    ),
    value(
        "sources[].odbc.password_env", K::text, "\"\"",
        "Or the name of an environment variable that holds it.", kRestart
    ),
    choice(
        "sources[].odbc.tls", "\"offered\"", "off|offered|required|verified",
        "offered: where the server can; required: never without; verified: and its certificate and "
        "name are checked.",
        kRestart
    ),
    value(
        "sources[].odbc.authority_file", K::path, "\"\"",
        "PEM of who signs the server's certificate, under tls: verified; empty: the system's.",
        kRestart
    ),
    value(
        "sources[].odbc.driver", K::text, "\"\"",
        "Name or file of the ODBC driver; empty: the usual one of Debian.", kRestart
    ),
    number(
        "sources[].odbc.connect_seconds_max", "10", 1, 300,
        "Longer without a connection counts as unreachable.", kRestart
    ),
    number(
        "sources[].odbc.statement_seconds_max", "20", 1, 60,
        "A longer statement is cancelled, two seconds later cut off.", kRestart
    ),
    value(
        "sources[].odbc.keywords", K::text_map, "{}",
        "Further words of the driver's connection string.", kRestart
    ),
    optional_section(
        "sources[].http", "How to reach a service that answers over HTTP (JSON, XML, SOAP)."
    ),
    required(
        "sources[].http.url", K::text, "\"https://mis.example/api/v5\"",
        "Address in front of every path of the connector; https, or http to this machine.", kRestart
    ),
    value(
        "sources[].http.user", K::text, "\"\"",
        "Login, Api Id or client id, where the service wants one: the connector's README says "
        "which.",
        kRestart
    ),
    value(
        "sources[].http.secret_file", K::path, "\"\"",
        "File with nothing but the password, key, Api Secret or client secret.", kRestart
    ),
    value(
        "sources[].http.secret_env", K::text, "\"\"",
        "Or the name of an environment variable that holds it.", kRestart
    ),
    value(
        "sources[].http.refresh_token_file", K::path, "\"\"",
        "File with the refresh token, of services with OAuth 2. If the service replaces it at each "
        "use, the latest is kept in store.folder; a new one in this file wins over it.",
        kRestart
    ),
    value(
        "sources[].http.auth", K::text_map, "{}",
        "In the place of the connector's: {kind: header, name: X-Key, value: \"{secret}\"}, kind "
        "none, header, query, body, path or basic; {user} and {secret} stand for the above.",
        kRestart
    ),
    value(
        "sources[].http.plain_http", K::flag, "false",
        "true: also http to another machine, where everything can be read on its way.", kRestart
    ),
    value(
        "sources[].http.authority_file", K::path, "\"\"",
        "PEM of who signs the service's certificate; empty: the system's. It is always verified.",
        kRestart
    ),
    value(
        "sources[].http.proxy", K::text, "\"\"",
        "http://, https:// or socks5h:// and host:port; nothing to this machine goes through it.",
        kRestart
    ),
    value(
        "sources[].http.proxy_login_file", K::path, "\"\"",
        "File with user:password, if the proxy wants them.", kRestart
    ),
    number(
        "sources[].http.per_second", "0", 0, 1000,
        "Requests in any second; 0: as the connector declares. There is never more than one at "
        "once.",
        kRestart
    ),
    number(
        "sources[].http.per_minute", "0", 0, 60000, "Requests in any minute; 0 as above.", kRestart
    ),
    number(
        "sources[].http.connect_seconds_max", "10", 1, 300,
        "Longer without a connection counts as unreachable.", kRestart
    ),
    number(
        "sources[].http.answer_seconds_max", "60", 1, 3600,
        "Longer until the last byte of an answer counts as cut off.", kRestart
    ),
    optional_section("sources[].files", "How to find exports that lie in a folder."),
    required(
        "sources[].files.folder", K::path, "\"/srv/exports\"",
        "Where they appear; read and never written. What lies in folders below is not looked at.",
        kRestart
    ),
    number(
        "sources[].files.settle_seconds", "30", 0, 86400,
        "A file counts when it has not changed for so long: until then somebody may be writing it.",
        kRestart
    ),
    value(
        "sources[].files.patterns", K::text_map, "{}",
        "Which files a stream is, where they are called otherwise than the connector says: {limit: "
        "\"Бартер*.xlsx\"}.",
        kRestart
    ),
    value(
        "sources[].files.columns", K::text_map, "{}",
        "Headings of this site over those that the connector knows: {limit.amount: \"Сумма "
        "договора\"}.",
        kRestart
    ),
    value(
        "sources[].files.encoding", K::text, "\"\"",
        "Of CSV, JSON Lines and DBF where it is another than the connector says: UTF8, WIN1251, "
        "CP866.",
        kRestart
    ),
    optional_section("sources[].push", "How a system reaches us that sends what it has."),
    value(
        "sources[].push.listen", K::listen, "\"127.0.0.1:8480\"",
        "Address and port on which its messages are taken; nothing but the connector's routes is "
        "answered there.",
        kRestart
    ),
    value(
        "sources[].push.secret_file", K::path, "\"\"",
        "File with nothing but the key that every message has to carry, in the header that the "
        "connector names.",
        kRestart
    ),
    value(
        "sources[].push.secret_env", K::text, "\"\"",
        "Or the name of an environment variable that holds it.", kRestart
    ),
    value(
        "sources[].push.certificate_file", K::path, "\"\"",
        "PEM of our certificate and its chain: with key_file, messages are taken by https alone.",
        kRestart
    ),
    value(
        "sources[].push.key_file", K::path, "\"\"", "PEM of the certificate's private key.",
        kRestart
    ),
    value(
        "sources[].push.plain_http", K::flag, "false",
        "true: also from other machines without TLS, where everything can be read on its way.",
        kRestart
    ),
    number(
        "sources[].push.requests_per_minute", "120", 1, 60000,
        "Of one address, right or wrong key; more are told to come again later.", kRestart
    ),
    number(
        "sources[].push.body_bytes_max", "16000000", 1000, 100'000'000,
        "A longer message is refused before it is read.", kRestart
    ),
    number(
        "sources[].push.journal_bytes_max", "256000000", 1'000'000, kManyBytes,
        "Of all that is kept of messages; what has no room is refused, and comes again.", kRestart
    ),
    number(
        "sources[].push.silent_minutes_max", "0", 0, 100'000,
        "Longer without a message counts as a failure of whoever should send; 0: silence is "
        "never told.",
        kRestart
    ),
    value(
        "sources[].push.hints", K::text_map, "{}",
        "Which source is read at once when a route of the connector was called: {booked: mis} or "
        "{booked: mis.appointment}.",
        kRestart
    ),
    value(
        "sources[].push.orders", K::flag, "false",
        "true: a system that asks for requests is given the exchange's orders that wait for their "
        "patient, with their phone and name. The connector's README says which can ask.",
        kRestart
    ),
    number(
        "sources[].poll_seconds", "0", 0, 86400,
        "Pause between two passes; 0: as the connector declares."
    ),
    number(
        "sources[].duty_cycle_percent", "10", 1, 100,
        "Share of the time that the base may work for us; 100: no limit."
    ),
    number(
        "sources[].backfill_duty_cycle_percent", "10", 1, 100,
        "The same while reading everything for the first time."
    ),
    number(
        "sources[].reconcile_hour", "3", 0, 23,
        "The clinic's local hour of the nightly comparison of everything."
    ),
    number(
        "sources[].hold_share_percent", "30", 1, 100,
        "A pass in which more than this share of a window vanished …"
    ),
    number(
        "sources[].hold_count_min", "20", 1, 1000000,
        "… and more than this many records waits for a human (`mis-gateway hold`)."
    ),
    value(
        "sources[].register", K::flag, "false",
        "A partner's register of limits: weaker than the MIS and the exchange (L1)."
    ),
    value(
        "sources[].counts_from", K::text, "\"\"",
        "A day, such as \"2026-05-01\", for a clinic that changes its MIS: work, payments and "
        "visits "
        "of earlier days are imported history, which another source has told (D5). Kept here, but "
        "nothing is announced or charged of them. Empty: all counts. `mis-gateway patient link` is "
        "for its patients.",
        kRestart
    ),
    value(
        "sources[].site", K::text_map, "{}",
        "Values of the connector's {site:NAME} placeholders: {tooth_column: TOOTHNUM}.", kRestart
    ),
    value(
        "sources[].overlay", K::path, "\"\"",
        "A folder of this site's own over the connector: overlay.yaml, NAME.fetch.sql, NAME.sql, "
        "codes.csv; what is in it wins. `mis-gateway discover SOURCE --write FOLDER` makes one.",
        kRestart
    ),
    value(
        "sources[].codes_file", K::path, "\"\"",
        "A codes.csv of this site's own; its rows win over the connector's.", kRestart
    ),
    sections(
        "sources[].overrides",
        "SQL files that this site replaces. Each names the shipped file it was made from, so that "
        "an upgrade is noticed."
    ),
    required(
        "sources[].overrides[].replaces", K::text, "\"procedure.sql\"", "Name of the shipped file.",
        kRestart
    ),
    required(
        "sources[].overrides[].file", K::path, "\"overrides/procedure.sql\"", "Your own.", kRestart
    ),
    required(
        "sources[].overrides[].shipped_sha256", K::text,
        "\"0000000000000000000000000000000000000000000000000000000000000000\"",
        "sha256 of the shipped file.", kRestart
    ),

    sections(
        "sinks",
        "Where events go; each sink has its own place in the outbox, a slow one holds nobody."
    ),
    required(
        "sinks[].name", K::name, "\"exchange\"",
        "The sink's place in the outbox hangs on it: a renamed sink is a new one."
    ),
    value(
        "sinks[].party", K::text, "\"\"",
        "Only the accounts of this payer's party (an insurer), spelt as payer_name of its "
        "records; its events carry previoussequence. Empty: everything."
    ),
    optional_section("sinks[].webhook", "Signed POSTs of CloudEvents."),
    required(
        "sinks[].webhook.url", K::url, "\"https://exchange.example/v1/clinic-events\"",
        "https, or http to this machine."
    ),
    value(
        "sinks[].webhook.secret_files", K::paths, "[]",
        "Files with a whsec_… secret each: one, or two while it is being replaced. SIGHUP reads "
        "these "
        "and all other files of secrets and certificates again (what a LoadCredential handed over "
        "is new after a restart only)."
    ),
    value(
        "sinks[].webhook.secret_env", K::text, "\"\"",
        "Or the name of an environment variable that holds one."
    ),
    value(
        "sinks[].webhook.bearer_token_file", K::path, "\"\"",
        "File with a token for the Authorization header, if the receiver wants one."
    ),
    value(
        "sinks[].webhook.authority_file", K::path, "\"\"",
        "PEM of certificate authorities; empty: the system's."
    ),
    value(
        "sinks[].webhook.certificate_file", K::path, "\"\"",
        "PEM of a client certificate, with key_file."
    ),
    value("sinks[].webhook.key_file", K::path, "\"\"", "PEM of its key."),
    value(
        "sinks[].webhook.proxy", K::text, "\"\"",
        "http://, https:// or socks5h:// and host:port; https goes through it end to end. Nothing "
        "to this machine does, and environment variables (https_proxy …) are not looked at."
    ),
    value(
        "sinks[].webhook.proxy_login_file", K::path, "\"\"",
        "File with user:password, if the proxy wants them."
    ),
    number(
        "sinks[].webhook.batch_events_max", "100", 1, 1000, "Events in one request; 1: each alone."
    ),
    number("sinks[].webhook.batch_bytes_max", "500000", 20000, 16000000, "And bytes of them."),
    number(
        "sinks[].webhook.parallel", "4", 1, 256, "Requests at once; per partition key always one."
    ),
    number(
        "sinks[].webhook.gzip_level", "1", 0, 9,
        "0: never compressed. A receiver that refuses what is compressed gets it plain by itself."
    ),
    number(
        "sinks[].webhook.connect_timeout_ms", "5000", 100, 120000,
        "Longer without a connection counts as not sent."
    ),
    number(
        "sinks[].webhook.answer_timeout_ms", "30000", 100, 600000,
        "Longer without an answer counts as unknown and is sent again, same ids."
    ),
    number(
        "sinks[].webhook.backoff_first_ms", "1000", 10, 3600000,
        "First pause after a failure; doubles, with jitter."
    ),
    number("sinks[].webhook.backoff_longest_ms", "300000", 10, 86400000, "And the longest."),
    optional_section("sinks[].file", "JSON Lines, rotated; also the log that `restore` reads."),
    required(
        "sinks[].file.folder", K::path, "\"/var/lib/mis-gateway/events\"",
        "Made if missing, mode 0700; no other sink's, nor inside or around one."
    ),
    number(
        "sinks[].file.file_bytes_max", "64000000", 100000, kManyBytes, "Then the next file begins."
    ),
    number(
        "sinks[].file.files_max", "0", 0, 1000000,
        "All older files are deleted; 0: all are kept (restore needs them)."
    ),
    number("sinks[].file.batch_events_max", "500", 1, 10000, "Events per fsync."),
    optional_section(
        "sinks[].slots",
        "Free times for an aggregator, as whole snapshots; no events and no patient's data."
    ),
    required(
        "sinks[].slots.aggregator", K::text, "\"napopravku\"",
        "A file of config/aggregators/ by name (its README lists them), or the path of one of your "
        "own."
    ),
    value(
        "sinks[].slots.url", K::text, "\"\"",
        "In the place of the aggregator's own address, such as its test stand; https, or http to "
        "this machine."
    ),
    value(
        "sinks[].slots.token_file", K::path, "\"\"",
        "File with nothing but the token that the aggregator gave."
    ),
    required(
        "sinks[].slots.table_file", K::path, "\"/etc/mis-gateway/napopravku.csv\"",
        "CSV: which doctors of which branches are sent, and what the aggregator calls them. "
        "`mis-gateway slots table SINK` writes one to begin with."
    ),
    value(
        "sinks[].slots.values", K::text_map, "{}",
        "What the aggregator wants to know of this clinic: {prefix: clinic7}."
    ),
    number(
        "sinks[].slots.every_minutes", "0", 0, 1440,
        "Pause between two snapshots; 0: as the aggregator declares."
    ),
    number(
        "sinks[].slots.days", "0", 0, 366,
        "How far ahead, today included; 0: as the aggregator declares."
    ),
    number(
        "sinks[].slots.age_minutes_max", "30", 1, 1440,
        "Nothing is sent while what was read of the MIS is older: old free times invite two "
        "patients to one chair."
    ),
    number(
        "sinks[].slots.cell_minutes", "30", 1, 480,
        "How long a visit is offered, where the table says nothing."
    ),
    value(
        "sinks[].slots.sole_feed", K::flag, "false",
        "true: the clinic has made sure that no other system sends this aggregator free times, "
        "though its MIS could."
    ),
    value(
        "sinks[].slots.authority_file", K::path, "\"\"",
        "PEM of certificate authorities; empty: the system's."
    ),
    value(
        "sinks[].slots.certificate_file", K::path, "\"\"",
        "PEM of a client certificate, with key_file."
    ),
    value("sinks[].slots.key_file", K::path, "\"\"", "PEM of its key."),
    value(
        "sinks[].slots.proxy", K::text, "\"\"",
        "http://, https:// or socks5h:// and host:port; nothing to this machine goes through it."
    ),
    value(
        "sinks[].slots.proxy_login_file", K::path, "\"\"",
        "File with user:password, if the proxy wants them."
    ),
    number(
        "sinks[].slots.connect_timeout_ms", "5000", 100, 120000,
        "Longer without a connection counts as not sent."
    ),
    number(
        "sinks[].slots.answer_timeout_ms", "30000", 100, 600000,
        "Longer without an answer counts as unknown: a new snapshot is sent."
    ),
    number(
        "sinks[].slots.backoff_first_ms", "1000", 10, 3600000,
        "First pause after a failure; doubles, with jitter."
    ),
    number("sinks[].slots.backoff_longest_ms", "300000", 10, 86400000, "And the longest."),

    optional_section(
        "sinks[].nats", "Messages of a NATS JetStream stream; needs the package libnats3.4."
    ),
    required(
        "sinks[].nats.servers", K::texts, "[\"tls://nats.exchange.example:4222\"]",
        "Tried in this order; tls://, or nats:// to this machine. Others of their cluster are not "
        "asked."
    ),
    value(
        "sinks[].nats.plain_nats", K::flag, "false",
        "true: also nats:// to another machine, where everything can be read on its way."
    ),
    value(
        "sinks[].nats.authority_file", K::path, "\"\"",
        "PEM of who signs the server's certificate; empty: the system's. It is always verified."
    ),
    value(
        "sinks[].nats.certificate_file", K::path, "\"\"",
        "PEM of a client certificate, with key_file."
    ),
    value("sinks[].nats.key_file", K::path, "\"\"", "PEM of its key."),
    value("sinks[].nats.user", K::text, "\"\"", "Login, with password_file."),
    value("sinks[].nats.password_file", K::path, "\"\"", "File with nothing but the password."),
    value("sinks[].nats.token_file", K::path, "\"\"", "Or a file with a token."),
    value(
        "sinks[].nats.credentials_file", K::path, "\"\"",
        "Or a .creds file (JWT and seed); read again at each connect."
    ),
    value(
        "sinks[].nats.domain", K::text, "\"\"",
        "JetStream domain, where the stream is behind a leaf node."
    ),
    number(
        "sinks[].nats.connect_timeout_ms", "5000", 100, 120000,
        "Longer without a connection counts as unreachable."
    ),
    number(
        "sinks[].nats.answer_timeout_ms", "5000", 100, 600000,
        "Longer without the stream's answer counts as unknown, and goes again with the same id."
    ),
    number(
        "sinks[].nats.backoff_first_ms", "1000", 10, 3600000,
        "First pause after a failure; doubles, with jitter."
    ),
    number("sinks[].nats.backoff_longest_ms", "60000", 10, 86400000, "And the longest."),
    number(
        "sinks[].nats.window_events", "1000", 1, 100000,
        "Publishes that wait for the stream's acknowledgement at once; per partition key always "
        "one."
    ),
    number(
        "sinks[].nats.look_seconds", "30", 1, 3600,
        "How often the stream is asked whether it still has what it acknowledged; if not, it is "
        "published again, as far back as limits.delivered_hours_kept."
    ),

    section(
        "inbox",
        "What the exchange sends: orders, limits, complaints. Without a section in it messages "
        "come "
        "by `mis-gateway inbox push` alone."
    ),
    optional_section("inbox.http", "Long poll of an address of the exchange's."),
    required(
        "inbox.http.url", K::url, "\"https://exchange.example/v1/clinics/clinic-1/inbox\"",
        "https, or http to this machine; without ? and #."
    ),
    value(
        "inbox.http.bearer_token_file", K::path, "\"\"",
        "File with the token that says which clinic asks."
    ),
    value(
        "inbox.http.bearer_token_env", K::text, "\"\"",
        "Or the name of an environment variable that holds it."
    ),
    value(
        "inbox.http.authority_file", K::path, "\"\"",
        "PEM of certificate authorities; empty: the system's."
    ),
    value(
        "inbox.http.certificate_file", K::path, "\"\"",
        "PEM of a client certificate, with key_file."
    ),
    value("inbox.http.key_file", K::path, "\"\"", "PEM of its key."),
    value(
        "inbox.http.proxy", K::text, "\"\"",
        "http://, https:// or socks5h:// and host:port; nothing to this machine goes through it."
    ),
    value(
        "inbox.http.proxy_login_file", K::path, "\"\"",
        "File with user:password, if the proxy wants them."
    ),
    number(
        "inbox.http.wait_seconds", "30", 0, 300,
        "How long the exchange is asked to wait for a message before it answers that there is none."
    ),
    number(
        "inbox.http.messages_max", "100", 1, 1000, "Messages of one answer, stored by one commit."
    ),
    number(
        "inbox.http.connect_timeout_ms", "5000", 100, 120000,
        "Longer without a connection counts as not asked."
    ),
    number(
        "inbox.http.answer_timeout_ms", "30000", 100, 600000,
        "Longer without an answer, beyond wait_seconds, counts as failed."
    ),
    number(
        "inbox.http.backoff_first_ms", "1000", 10, 3600000,
        "First pause after a failure; doubles, with jitter. Also the least pause after an empty "
        "answer that came at once."
    ),
    number("inbox.http.backoff_longest_ms", "300000", 10, 86400000, "And the longest."),
    optional_section(
        "inbox.nats",
        "A durable consumer of a JetStream stream of the exchange's, on the subject "
        "mis-inbox.CLINIC; needs the package libnats3.4."
    ),
    required(
        "inbox.nats.servers", K::texts, "[\"tls://nats.exchange.example:4222\"]",
        "Tried in this order; tls://, or nats:// to this machine. Others of their cluster are not "
        "asked."
    ),
    value(
        "inbox.nats.plain_nats", K::flag, "false",
        "true: also nats:// to another machine, where everything can be read on its way."
    ),
    value(
        "inbox.nats.authority_file", K::path, "\"\"",
        "PEM of who signs the server's certificate; empty: the system's. It is always verified."
    ),
    value(
        "inbox.nats.certificate_file", K::path, "\"\"",
        "PEM of a client certificate, with key_file."
    ),
    value("inbox.nats.key_file", K::path, "\"\"", "PEM of its key."),
    value("inbox.nats.user", K::text, "\"\"", "Login, with password_file."),
    value("inbox.nats.password_file", K::path, "\"\"", "File with nothing but the password."),
    value("inbox.nats.token_file", K::path, "\"\"", "Or a file with a token."),
    value(
        "inbox.nats.credentials_file", K::path, "\"\"",
        "Or a .creds file (JWT and seed); read again at each connect."
    ),
    value(
        "inbox.nats.domain", K::text, "\"\"",
        "JetStream domain, where the stream is behind a leaf node."
    ),
    number(
        "inbox.nats.connect_timeout_ms", "5000", 100, 120000,
        "Longer without a connection counts as unreachable."
    ),
    number(
        "inbox.nats.answer_timeout_ms", "5000", 100, 600000,
        "Longer without the stream's answer counts as failed."
    ),
    number(
        "inbox.nats.backoff_first_ms", "1000", 10, 3600000,
        "First pause after a failure; doubles, with jitter."
    ),
    number("inbox.nats.backoff_longest_ms", "60000", 10, 86400000, "And the longest."),
    number(
        "inbox.nats.wait_seconds", "30", 1, 300,
        "How long the stream is asked to wait for a message."
    ),
    number("inbox.nats.messages_max", "100", 1, 1000, "Messages that are stored by one commit."),

    optional_section(
        "feed",
        "Where those come for events who would rather fetch them than be sent them: GET /v1/events "
        "and /v1/events/stream. Each has a token and a place in the outbox."
    ),
    value(
        "feed.listen", K::listen, "\"127.0.0.1:9466\"",
        "Address and port; other machines are answered over TLS only.", kRestart
    ),
    value(
        "feed.certificate_file", K::path, "\"\"",
        "PEM of its certificate and chain, with key_file.", kRestart
    ),
    value("feed.key_file", K::path, "\"\"", "PEM of the certificate's key.", kRestart),
    value(
        "feed.client_authority_file", K::path, "\"\"",
        "PEM of who signs the readers' certificates: nobody else is let in; empty: the token alone "
        "counts.",
        kRestart
    ),
    number(
        "feed.stream_seconds_max", "900", 1, 86400,
        "A stream is ended after so long; its reader comes again with the id it had last, which "
        "says what it has."
    ),
    sections("feed.readers", "Who may read."),
    required(
        "feed.readers[].name", K::name, "\"partner\"",
        "The reader's place in the outbox hangs on it; no sink may have it."
    ),
    value(
        "feed.readers[].token_files", K::paths, "[]",
        "Files with a token each, 32 characters or more (`openssl rand -hex 32`): one, or two "
        "while "
        "it is being replaced. SIGHUP reads them again."
    ),
    value(
        "feed.readers[].token_env", K::text, "\"\"",
        "Or the name of an environment variable that holds one."
    ),
    value(
        "feed.readers[].party", K::text, "\"\"",
        "Only the accounts of this payer's party, as sinks[].party. Empty: everything."
    ),
    value(
        "feed.readers[].types", K::texts, "[]",
        "Only these types of events: billing.charge, or billing.* for all that begin so. Empty: "
        "all."
    ),
    number(
        "feed.readers[].kept_hours", "168", 1, 8760,
        "What the reader has not taken is kept so long for it. Then it may be gone: the reader is "
        "told what it lacks, and health complains."
    ),
    number(
        "feed.readers[].kept_events_max", "1000000", 1000, 1000000000,
        "Nor are more events than these kept for it."
    ),

    section("http", "The operator's own page: /livez /readyz /healthz /metrics."),
    value(
        "http.listen", K::listen, "\"127.0.0.1:9464\"",
        "Address and port; empty: none. Nothing here needs to be reachable from outside.", kRestart
    ),

    optional_section(
        "console",
        "The pages for the clinic's people, in a browser: limits, tasks, what left. Without this "
        "section there is no console."
    ),
    value(
        "console.listen", K::listen, "\"127.0.0.1:9465\"",
        "Address and port. Any other address than this machine's own wants a certificate.", kRestart
    ),
    value(
        "console.certificate_file", K::path, "\"\"",
        "PEM file with the console's certificate and its chain: browsers then come by https://.",
        kRestart
    ),
    value("console.key_file", K::path, "\"\"", "PEM file with the certificate's key.", kRestart),
    value(
        "console.hosts", K::texts, "[]",
        "Names by which browsers call it, besides the address: console.clinic.local. A request "
        "under any other name is turned away.",
        kRestart
    ),

    section("nomenclature", "What kind of work a code is."),
    value(
        "nomenclature.groups_file", K::path, "\"\"",
        "Empty: the shipped config/nomenclature_groups.yaml."
    ),
    value(
        "nomenclature.extend_file", K::path, "\"\"",
        "A file of the same form with the clinic's own codes and corrections."
    ),

    section("meaning", "What the rules of the domain leave open."),
    number(
        "meaning.low_threshold_percent", "80", 1, 100,
        "An account is `low` from this share of its limit on (L4)."
    ),
    number(
        "meaning.slot_days", "28", 1, 366, "For how many days ahead free times are announced (A3)."
    ),

    section("limits", "Full means that reading waits, never that something is lost."),
    number(
        "limits.outbox_events_max", "5000000", 1000, 1000000000,
        "More events waiting for every sink: reading waits."
    ),
    number(
        "limits.free_disk_bytes_min", "268435456", 0, kManyBytes,
        "Less free disk under store.folder: reading waits."
    ),
    number(
        "limits.stage_bytes_max", "8000000000", 1000000, kManyBytes,
        "What a source may lay aside under store.folder for the length of a pass, where its rows "
        "arrive whole (files, services): in a file without a name, gone with the pass.",
        kRestart
    ),
    number(
        "limits.groups_per_commit", "200", 1, 10000,
        "Patients whose meaning is worked out in one transaction."
    ),
    number(
        "limits.delivered_hours_kept", "72", 1, 8760,
        "Delivered events stay this long, for `replay` and receivers that lost their tail."
    ),
    number(
        "limits.quarantine_days_kept", "30", 1, 30,
        "Raw rows in quarantine are erased after this long at the latest (X4)."
    ),
    number(
        "limits.trace_days_kept", "0", 0, 36500,
        "What left about each patient, and what was withheld, is known this long; 0: for ever. Let "
        "the clinic's lawyer decide: the patient may ask to whom his data went (152-FZ, art. 14), "
        "medical secrecy has to be accounted for (323-FZ, art. 13), and what is no longer needed "
        "has to go (152-FZ, art. 21). The audit's own rows stay."
    ),

    section("backup", "`mis-gateway backup`: store and key, encrypted with a passphrase."),
    value(
        "backup.folder", K::path, "\"\"",
        "Where backups lie, so that health can tell the age of the newest; empty: not watched."
    ),
    value(
        "backup.passphrase_file", K::path, "\"\"",
        "File with the passphrase; keep a copy of it elsewhere."
    ),
    number("backup.age_hours_max", "48", 1, 8760, "Health complains when the newest is older."),

    section("log", "To standard error; state changes once each, never personal data."),
    choice("log.level", "\"info\"", "debug|info|warn|error", "debug tells of every pass."),
};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

bool is_setting_name(std::string_view text) {
    if (text.empty() || text.size() > 64 || text.front() < 'a' || text.front() > 'z') return false;
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") ==
           std::string_view::npos;
}

}  // namespace mis::config
