#include "gateway/cli/session.hpp"

#include <algorithm>
#include <set>
#include <system_error>

#include "change/stream_state.hpp"
#include "config/setting_check.hpp"
#include "disclosure/audit.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/site.hpp"
#include "platform/access.hpp"
#include "platform/file.hpp"
#include "source/kinds.hpp"

namespace mis::gateway::cli {
namespace {

Result<std::filesystem::path> connector_folder(
    const config::GatewayConfig& config, const config::SourceConfig& source
) {
    const std::string& name = source.connector;
    const bool is_path = name.find('/') != std::string::npos;
    const auto folder =
        is_path ? std::filesystem::path(name) : platform::share_directory() / "connectors" / name;
    if (std::filesystem::is_directory(folder)) return folder;
    const std::string place = config.at(source.pointer + "/connector");
    if (is_path)
        return fail(
            ErrorKind::misconfigured, place + ": " + folder.string() +
                                          " is no folder: name that of your connector, or a "
                                          "shipped one (`mis-gateway connector list`)"
        );
    std::vector<std::string> known;
    for (const auto& entry : std::filesystem::directory_iterator(folder.parent_path()))
        if (entry.is_directory() && !entry.path().filename().string().starts_with("_"))
            known.push_back(entry.path().filename().string());
    std::sort(known.begin(), known.end());
    return fail(
        ErrorKind::misconfigured, place + ": no connector '" + name + "'" +
                                      known_names(name, known) +
                                      "; or give the path of a folder of your own: ./" + name
    );
}

Result<sink::WebhookOptions> webhook_options(const config::WebhookConfig& config) {
    sink::WebhookOptions options;
    options.url = config.url;
    for (const auto& place : config.secrets) {
        const auto text = config::read_secret(place);
        if (!text) return fail(text.error());
        auto secret = net::WebhookSecret::parse(*text);
        if (!secret)
            return fail(
                ErrorKind::misconfigured,
                place.setting + ": " +
                    (place.file.empty() ? place.environment : place.file.string()) + ": " +
                    secret.error().text +
                    ": put the exchange's secret there as it gave it, or make one for both: "
                    "printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\""
            );
        options.secrets.push_back(std::move(*secret));
    }
    if (!config.bearer_token.is_empty()) {
        const auto token = config::read_secret(config.bearer_token);
        if (!token) return fail(token.error());
        options.headers.push_back({"Authorization", "Bearer " + *token});
    }
    options.proxy.url = config.proxy;
    if (!config.proxy_login.is_empty()) {
        const auto login = config::read_secret(config.proxy_login);
        if (!login) return fail(login.error());
        options.proxy.login = *login;
    }
    options.tls = {config.authority_file, config.certificate_file, config.key_file};
    options.batch_events_max = static_cast<std::size_t>(config.batch_events_max);
    options.batch_bytes_max = static_cast<std::size_t>(config.batch_bytes_max);
    options.parallel = config.parallel;
    options.gzip_level = config.gzip_level;
    options.connect_timeout = std::chrono::milliseconds(config.connect_timeout_ms);
    options.answer_timeout = std::chrono::milliseconds(config.answer_timeout_ms);
    options.backoff_first = std::chrono::milliseconds(config.backoff_first_ms);
    options.backoff_longest = std::chrono::milliseconds(config.backoff_longest_ms);
    return options;
}

}  // namespace

std::string known_names(const std::string& wrong, const std::vector<std::string>& known) {
    const std::string near = config::nearest(wrong, known);
    std::string text = near.empty() ? "; there are:" : " (did you mean " + near + "?); there are:";
    for (const auto& name : known) text += " " + name;
    return known.empty() ? "; there are none" : text;
}

Result<std::unique_ptr<Session>> Session::configure(const Common& common) {
    auto config = config::load_config(common.config);
    if (!config) return fail(config.error());
    auto session = std::unique_ptr<Session>(new Session{std::move(*config), nullptr, nullptr, {}});
    const auto& groups_file = session->config.groups_file;
    auto groups = domain::NomenclatureGroups::load(
        groups_file.empty() ? platform::share_directory() / "config" / "nomenclature_groups.yaml"
                            : groups_file
    );
    if (!groups)
        return fail(
            groups_file.empty()
                ? groups.error()
                : groups.error().within(session->config.at("/nomenclature/groups_file"))
        );
    if (const auto& extension = session->config.groups_extend_file; !extension.empty())
        if (auto extended = groups->extend(extension); !extended)
            return fail(extended.error().within(session->config.at("/nomenclature/extend_file")));
    session->groups = std::make_unique<domain::NomenclatureGroups>(std::move(*groups));
    return session;
}

Result<std::unique_ptr<Session>> Session::open(const Common& common, ClinicStore::Opening opening) {
    auto session = configure(common);
    if (!session) return session;
    const auto& config = (*session)->config;
    log::set_level(config.log_level);
    try {
        (*session)->store = ClinicStore::open(config.store_folder, config.clinic_id, opening);
    } catch (const std::system_error& error) {
        if (error.code() != std::errc::permission_denied &&
            error.code() != std::errc::read_only_file_system)
            throw;
        return fail(
            ErrorKind::misconfigured,
            config.at("/store/folder") + ": " + error.what() +
                ": run this as the user that owns the folder (root, or the service's), or name a "
                "folder that " +
                (*session)->operator_login() + " may write"
        );
    }
    return session;
}

Result<MeaningSettings> Session::meaning_settings() const {
    MeaningSettings settings{
        domain::Rules(config.clinic_zone),
        config.branch_zones,
        config.slot_days,
        config.groups_per_commit,
        {}};
    if (config.practitioner_names)
        settings.practitioner_names = MeaningSettings::PractitionerNames::leave;
    settings.rules.export_mode = config.export_mode == config::ExportMode::all
                                     ? domain::ExportMode::all
                                     : domain::ExportMode::ordered;
    settings.rules.export_ground = config.legal_ground;
    settings.rules.export_days_before_receipt = config.days_before_receipt;
    settings.rules.groups = groups.get();
    settings.rules.low_threshold_percent = config.low_threshold_percent;
    for (const auto& source : config.sources) {
        const auto setup = source_setup(source.name);
        if (!setup) return fail(setup.error());
        if (setup->connector.no_show == "end_of_day")
            settings.rules.no_show_sources.insert(setup->name);
        if (source.is_register) settings.rules.register_sources.insert(setup->name);
        if (source.counts_from)
            settings.rules.counts_from.emplace(setup->name, *source.counts_from);
    }
    return settings;
}

Result<const config::SourceConfig*> Session::find_source(const std::string& name) const {
    std::vector<std::string> known;
    for (const auto& source : config.sources) {
        if (source.name == name) return &source;
        known.push_back(source.name);
    }
    return fail(
        ErrorKind::misconfigured,
        config.file.string() + ": no source '" + name + "'" + known_names(name, known)
    );
}

Result<source::Opener> Session::opener_of(const config::SourceConfig& source) const {
    const auto password = config::read_secret(source.connection.password);
    if (!password) return fail(password.error());
    return source::opener_of(
        source.connection, *password,
        {source.duty_cycle_percent, source.backfill_duty_cycle_percent}
    );
}

Result<source::IntakeOpener> Session::intake_of(const config::SourceConfig& source) const {
    const auto secret = config::read_secret(source.connection.password);
    if (!secret) return fail(secret.error());
    return source::intake_opener_of(source.connection, *secret);
}

source::SourceOptions Session::source_options() const {
    source::SourceOptions options;
    options.zone = config.clinic_zone;
    options.stage_folder = config.store_folder;
    options.stage_bytes_max = config.stage_bytes_max;
    options.free_disk_bytes_min = config.free_disk_bytes_min;
    return options;
}

Result<SourceSetup> Session::source_setup(const std::string& name) const {
    const auto found = find_source(name);
    if (!found) return fail(found.error());
    const config::SourceConfig& source = **found;
    const auto folder = connector_folder(config, source);
    if (!folder) return fail(folder.error());
    if (!source.overlay.empty() && !std::filesystem::is_directory(source.overlay))
        return fail(
            ErrorKind::misconfigured,
            config.at(source.pointer + "/overlay") + ": " + source.overlay.string() +
                " is no folder: name the one that `mis-gateway discover " + name +
                " --write FOLDER` made, or take overlay out"
        );
    auto connector = source::load_connector(*folder, source.overlay);
    if (!connector) return fail(connector.error().within("source " + name));
    SourceSetup setup{identity_of(name),
                      std::move(*connector),
                      {},
                      {},
                      config.clinic_zone,
                      config.currency,
                      {},
                      0,
                      {}};
    auto opener = opener_of(source);
    if (!opener) return fail(opener.error());
    setup.open = std::move(*opener);
    auto intake = intake_of(source);
    if (!intake) return fail(intake.error());
    setup.intake = std::move(*intake);
    setup.options = source_options();
    setup.options.intake_file = config.store_folder / "intake" / (setup.name + ".db");
    if (auto applied = apply_site(setup, source, config); !applied) return fail(applied.error());
    setup.pass.hold_share_percent = source.hold_share_percent;
    setup.pass.hold_count = source.hold_count_min;
    setup.poll_seconds = source.poll_seconds;
    return setup;
}

Result<OpenedSource> Session::open_source(const std::string& name) const {
    auto setup = source_setup(name);
    if (!setup) return fail(setup.error());
    auto source = setup->open(setup->connector, setup->options, clock);
    if (!source) {
        const auto configured =
            std::find_if(config.sources.begin(), config.sources.end(), [&](const auto& one) {
                return one.name == name;
            });
        return fail(source.error().within(config.at(configured->connection.pointer)));
    }
    return OpenedSource{std::move(*setup), std::move(*source)};
}

Result<void> Session::check_source(const std::string& source, const std::string& stream) const {
    if (source.empty() && stream.empty()) return {};
    std::vector<std::string> sources, streams;
    for (const auto& configured : config.sources) {
        const bool meant =
            source.empty() || configured.name == source || identity_of(configured.name) == source;
        sources.push_back(configured.name);
        if (!meant) continue;
        if (stream.empty()) return {};
        const auto setup = source_setup(configured.name);
        if (!setup) return fail(setup.error());
        for (const auto& declared : setup->connector.streams) {
            if (declared.name == stream) return {};
            streams.push_back(declared.name);
        }
    }
    if (streams.empty())
        return fail(
            ErrorKind::misconfigured,
            config.file.string() + ": no source '" + source + "'" + known_names(source, sources)
        );
    return fail(
        ErrorKind::misconfigured, (source.empty() ? "" : "source " + source + ": ") +
                                      "no stream '" + stream + "'" + known_names(stream, streams)
    );
}

Result<void> Session::check_sink(const std::string& sink) const {
    if (sink.empty()) return {};
    std::vector<std::string> known;
    for (const auto& configured : config.sinks) known.push_back(configured.name);
    for (auto& earlier : outbox::registered_sinks(store->database()))
        if (std::find(known.begin(), known.end(), earlier) == known.end())
            known.push_back(std::move(earlier));  // what it had not had may still be looked at
    if (std::find(known.begin(), known.end(), sink) != known.end()) return {};
    return fail(ErrorKind::misconfigured, "no sink '" + sink + "'" + known_names(sink, known));
}

std::string Session::identity_of(const std::string& source) const {
    if (!store) return source;
    const std::string before = outbox::meta_value(store->database(), "source_identity/" + source);
    return before.empty() ? source : before;
}

std::string Session::held_text(const std::string& identity, const std::string& stream) const {
    for (const auto& hold : change::holds(store->database()))
        if (hold.source == identity && hold.stream == stream && !hold.released)
            return "held: " + hold.reason + "; see `hold list`";
    for (const auto& count : change::RecordStore(store->database()).counts())
        if (count.source == identity && count.stream == stream && count.held_by_mapping > 0)
            return "held: " + std::to_string(count.held_by_mapping) +
                   " changed by the mapping alone; see `hold list`";
    return "";
}

std::vector<std::string> Session::held_streams(const std::string& identity) const {
    std::set<std::string> streams;
    for (const auto& hold : change::holds(store->database()))
        if (hold.source == identity) streams.insert(hold.stream);
    for (const auto& count : change::RecordStore(store->database()).counts())
        if (count.source == identity) streams.insert(count.stream);
    std::vector<std::string> lines;
    for (const auto& stream : streams)
        if (const auto held = held_text(identity, stream); !held.empty())
            lines.push_back((stream.empty() ? "" : "stream " + stream + ": ") + held);
    return lines;
}

Result<void> Session::check_source_names() const {
    if (!store) return {};
    std::set<std::string> stored, configured;
    for (const auto& count : change::RecordStore(store->database()).counts())
        stored.insert(count.source);
    std::string fresh;
    for (const auto& source : config.sources) {
        configured.insert(identity_of(source.name));
        if (!stored.contains(identity_of(source.name))) fresh = source.name;
    }
    if (fresh.empty()) return {};
    for (const auto& name : stored)
        if (!configured.contains(name))
            return fail(
                ErrorKind::misconfigured,
                config.file.string() + ": source '" + name +
                    "' of the store is configured no more, and '" + fresh +
                    "' is new: if it is the same one, `mis-gateway source rename " + name + " " +
                    fresh +
                    "` (else its patients and sums would be announced a second time); if not, "
                    "configure both"
            );
    return {};
}

Result<DaemonSetup> Session::daemon_setup() const {
    if (auto names = check_source_names(); !names) return fail(names.error());
    auto meaning = meaning_settings();
    if (!meaning) return fail(meaning.error());
    DaemonSetup setup{std::move(*meaning), {}, {}, {}, config.outbox_events_max, 0, 0, 0};
    setup.free_bytes_min = static_cast<std::uint64_t>(config.free_disk_bytes_min);
    setup.quarantine_days_kept = config.quarantine_days_kept;
    setup.trace_days_kept = config.trace_days_kept;
    setup.keep_delivered_us = config.delivered_hours_kept * 3'600 * kUsPerSecond;
    for (const auto& source : config.sources) {
        auto made = source_setup(source.name);
        if (!made) return fail(made.error());
        int poll_seconds = source.poll_seconds;
        if (poll_seconds == 0) {  // as often as its most frequent stream
            poll_seconds = 3600;
            for (const auto& stream : made->connector.streams)
                poll_seconds = std::min(poll_seconds, stream.poll_seconds);
        }
        setup.sources.push_back({std::move(*made), poll_seconds, source.reconcile_hour, source.name}
        );
    }
    for (const auto& sink : config.sinks) {
        auto made = sink_setup(sink);
        if (!made) return fail(made.error());
        setup.sinks.push_back(std::move(*made));
    }
    auto inbox = inbox_setup();
    if (!inbox) return fail(inbox.error());
    setup.inbox = std::move(*inbox);
    for (const auto& sink : config.slot_sinks) {
        auto made = slot_setup(sink);
        if (!made) return fail(made.error());
        setup.slot_sinks.push_back(std::move(*made));
    }
    if (config.feed) {
        auto made = feed_setup(*config.feed);
        if (!made) return fail(made.error());
        setup.feed = std::move(*made);
    }
    return setup;
}

Result<SinkSetup> Session::sink_setup(const config::SinkConfig& sink) const {
    SinkSetup made;
    made.name = sink.name;
    made.delivery.sink = sink.name;
    made.delivery.party = sink.party;
    if (sink.webhook) {
        auto options = webhook_options(*sink.webhook);
        if (!options) return fail(options.error());
        made.webhook = std::move(*options);
        // An event that is set aside while others succeed comes again after the same pauses.
        made.delivery.backoff_first_us = sink.webhook->backoff_first_ms * 1'000;
        made.delivery.backoff_max_us = sink.webhook->backoff_longest_ms * 1'000;
    } else if (sink.nats) {
        auto options = nats_sink(*sink.nats);
        if (!options) return fail(options.error());
        made.nats = std::move(*options);
        made.delivery.backoff_first_us = sink.nats->server.backoff_first_ms * 1'000;
        made.delivery.backoff_max_us = sink.nats->server.backoff_longest_ms * 1'000;
    } else {
        made.file.emplace();
        made.file->folder = sink.file->folder;
        made.file->file_bytes_max = static_cast<std::uint64_t>(sink.file->file_bytes_max);
        made.file->files_max = static_cast<std::size_t>(sink.file->files_max);
        made.file->batch_events_max = static_cast<std::size_t>(sink.file->batch_events_max);
    }
    return made;
}

std::unique_ptr<Meaning> Session::meaning() const {
    auto settings = meaning_settings();
    if (!settings) throw Misconfigured(settings.error().text);
    return std::make_unique<Meaning>(
        store->database(), store->identity(), store->meta().epoch, std::move(*settings)
    );
}

void Session::work_off() {
    if (!store->take_lock()) return;  // the running daemon sees what is due
    if (const auto checked = SentMark(*store).check(); !checked)
        throw std::runtime_error(checked.error().text);
    meaning()->work_off(clock.unix_us());
}

std::string Session::operator_login() const { return platform::user_name(); }

void Session::record(
    sqlite::Transaction& transaction, const disclosure::Decision& decision, std::string_view reason
) const {
    disclosure::record_decision(transaction, decision, operator_login(), reason, clock.unix_us());
}

void Session::audit_look(const std::string& subject) {
    sqlite::Transaction transaction(store->database());
    disclosure::AuditEntry entry;
    entry.at_us = clock.unix_us();
    entry.action = "looked";
    entry.who = operator_login();
    entry.ground = "operator asked for unmasked data";
    entry.subject = subject;
    disclosure::Audit::append(transaction, entry);
    transaction.commit();
}

int with_session(
    const Common& common, ClinicStore::Opening opening, const std::function<int(Session&)>& action
) {
    auto session = Session::open(common, opening);
    if (!session) return report_error(session.error());
    return action(**session);
}

}  // namespace mis::gateway::cli
