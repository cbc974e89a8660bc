// `check`: everything that can be known before the gateway runs. It goes on after each finding, so
// that one run shows them all: problems (what will not work; exit 1) on standard error, warnings
// among the rest. It makes nothing, also no store.
#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "change/key_ranges.hpp"
#include "change/references.hpp"
#include "config/setting_check.hpp"
#include "gateway/cli/check_history.hpp"
#include "gateway/cli/check_keys.hpp"
#include "gateway/cli/check_slots.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/print_probe.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/keeping/start_check.hpp"
#include "gateway/keeping/store_upgrade.hpp"
#include "gateway/site.hpp"
#include "net/http_server.hpp"
#include "platform/access.hpp"
#include "platform/file.hpp"
#include "platform/instance_lock.hpp"
#include "record/code_check.hpp"
#include "record/mapper.hpp"
#include "record/quarantine.hpp"
#include "record/site_uses.hpp"
#include "sqlite/migration.hpp"

namespace mis::gateway::cli {
namespace {

namespace fs = std::filesystem;

class Checkup {
  public:
    Checkup(Session& session, Output output) : session_(session), output_(output) {}

    int run() {
        folders();
        store();
        exports();
        names();
        listen();
        if (config().sources.empty())
            warning(
                config().at("/sources") +
                ": no source: nothing is read; messages of the inbox are all that makes events"
            );
        for (const auto& source : config().sources) check_source(source);
        branches();
        if (config().sinks.empty() && !config().feed)
            problem(
                config().at("/sinks") +
                ": no sink: events are kept and reach nobody; add one with webhook: or file:"
            );
        for (const auto& sink : config().sinks) check_sink(sink);
        for (const auto& sink : config().slot_sinks) check_slot_sink(sink);
        check_inbox();
        if (config().feed) check_feed(*config().feed);
        start();
        backup();
        summary();
        return problems_ == 0 ? kDone : kFailed;
    }

  private:
    const config::GatewayConfig& config() const { return session_.config; }

    void say(const std::string& text) {
        if (output_ == Output::table) print_line(text);
    }
    void problem(const std::string& text) {
        ++problems_;
        report_error(text);
        if (output_ == Output::json) print_json({{"problem", text}});
    }
    void warning(const std::string& text) {
        ++warnings_;
        if (output_ == Output::json)
            print_json({{"warning", text}});
        else
            print_line("WARNING " + text);
    }

    void folders() {
        const auto share = platform::share_directory();
        say("configuration " + fs::absolute(config().file).string() + ": valid");
        say("connectors " + (share / "connectors").string());
        say("schemas    " + (share / "schemas").string());
        say("groups     " + (config().groups_file.empty()
                                 ? share / "config" / "nomenclature_groups.yaml"
                                 : config().groups_file)
                                .string());
        if (output_ == Output::json)
            print_json(
                {{"configuration", fs::absolute(config().file).string()},
                 {"share", share.string()},
                 {"store", config().store_folder.string()}}
            );
    }

    void store() {
        const auto& folder = config().store_folder;
        const auto file = ClinicStore::store_file(folder), key = ClinicStore::key_file(folder);
        std::error_code denied;
        const bool exists = fs::exists(file, denied), had_one = fs::exists(key, denied);
        if (const auto why = platform::why_not_writable(folder); !why.empty())
            problem(
                config().at("/store/folder") + ": " + folder.string() + " cannot be written (" +
                why + "): run this as root or as the service's user, or name a folder that " +
                session_.operator_login() + " may write"
            );
        else if (!exists && !had_one) {
            say("store      " + folder.string() + " (none yet: the first run makes it)");
        } else {
            try {
                session_.store = ClinicStore::open(
                    folder, config().clinic_id,
                    exists ? ClinicStore::Opening::existing : ClinicStore::Opening::create
                );
                runs_ = !platform::InstanceLock::try_take(folder / "lock");
                say("store      " + folder.string() + " (clinic " + config().clinic_id +
                    ", epoch " + std::to_string(session_.store->meta().epoch) + ", layout " +
                    std::to_string(sqlite::newest_layout()) +
                    (runs_ ? ", a gateway runs on it)" : ")"));
                for (const auto& copy : store_copies(folder))
                    say("           as it was before an upgrade: " + copy.string());
            } catch (const std::exception& error) {
                problem(error.what());
            }
        }
        for (const auto& kept : {file, key})
            if (const auto mode = platform::open_to_others(kept); !mode.empty())
                problem(
                    kept.string() + " may be read by others (mode " + mode + "): chmod 600 " +
                    kept.string()
                );
        std::error_code unknown;
        const auto there = fs::exists(folder, unknown) ? folder : folder.parent_path();
        const auto space = fs::space(there, unknown);
        const auto least = static_cast<std::uint64_t>(config().free_disk_bytes_min);
        if (!unknown && space.available < least)
            problem(
                there.string() + " has " + std::to_string(space.available / 1'000'000) +
                " MB free, and reading waits below " + std::to_string(least / 1'000'000) +
                " MB (limits.free_disk_bytes_min): make room"
            );
    }

    void exports() {
        say(config().export_mode == config::ExportMode::all
                ? "export     all patients, pseudonymous; ground: " + config().legal_ground
                : std::string(
                      "export     ordered: only patients with an order and consent leave, from the "
                      "order on"
                  ));
    }

    void names() {
        if (const auto names = session_.check_source_names(); !names) problem(names.error().text);
    }

    // Our own daemon holds the port while it runs; any other owner keeps us from starting.
    void listen() {
        const auto& listen = config().http_listen;
        if (!listen) return say("http       off");
        const std::string place = listen->address + ":" + std::to_string(listen->port);
        say("http       " + place + " (/livez /readyz /healthz /metrics)");
        if (runs_ || listen->port == 0) return;
        try {
            net::HttpServer::Options options;
            options.address = listen->address;
            options.port = static_cast<std::uint16_t>(listen->port);
            const net::HttpServer server(options, [](net::ServerRequest, net::Responder) {});
        } catch (const std::exception& error) {
            problem(
                config().at("/http/listen") + ": " + error.what() +
                ": another program listens there, or the address is none of this machine's; take "
                "another port, or \"\" for none"
            );
        }
    }

    // As listen(), of a source that is sent its rows.
    void intake(const config::SourceConfig& source) {
        const auto* push = std::get_if<config::PushConfig>(&source.connection.settings);
        if (push == nullptr || runs_ || push->port == 0) return;
        try {
            net::HttpServer::Options options;
            options.address = push->address;
            options.port = static_cast<std::uint16_t>(push->port);
            const net::HttpServer server(options, [](net::ServerRequest, net::Responder) {});
        } catch (const std::exception& error) {
            problem(
                config().at(source.connection.pointer + "/listen") + ": " + error.what() +
                ": another program listens there, or the address is none of this machine's; take "
                "another"
            );
        }
    }

    void secret(const config::SecretPlace& place) {
        if (place.is_empty()) return;
        const auto mode = place.file.empty() ? "" : platform::open_to_others(place.file);
        if (!mode.empty())
            warning(
                place.setting + ": " + place.file.string() + " may be read by others (mode " +
                mode + "): chmod 600 " + place.file.string()
            );
    }
    void file_is_there(const std::string& setting, const fs::path& file) {
        if (file.empty()) return;
        try {
            platform::read_file(file);
        } catch (const std::system_error& error) {
            problem(
                config().at(setting) + ": " + error.what() +
                ": put the PEM file there, or take "
                "the line out"
            );
        }
    }

    // What `run` and `sync` would refuse to start on.
    void start() {
        if (!session_.store) return;
        std::vector<ConfiguredSink> sinks;
        for (const auto& sink : config().sinks)
            sinks.push_back({sink.name, sink.file ? sink.file->folder : fs::path()});
        if (config().feed)
            for (const auto& reader : config().feed->readers) sinks.push_back({reader.name, {}});
        for (const auto& reason : reasons_not_to_start(*session_.store, sinks)) problem(reason);
        for (const auto& reason : removed_sinks_with_events(*session_.store, sinks))
            problem(config().at("/sinks") + ": " + reason);
    }

    // The base under a source's name is the one that was read so far. Looked at without deciding
    // anything: what a pass would write is rolled back.
    void base_is_the_same(
        const config::SourceConfig& source, source::Source& reader, const SourceSetup& setup
    ) {
        if (!session_.store) return;
        const std::string identity = session_.identity_of(source.name);
        const auto fingerprint = reader.fingerprint();
        if (!fingerprint) return;  // said by the probe
        std::vector<std::string> streams;
        if (const auto off = reader.streams_off())
            for (const auto& stream : setup.connector.streams)
                if (!off->contains(stream.name)) streams.push_back(stream.name);
        const auto keys =
            change::compare_key_ranges(session_.store->database(), reader, identity, streams);
        sqlite::Transaction transaction(session_.store->database());  // never committed
        const auto verdict = change::check_fingerprint(
            transaction, identity, *fingerprint, keys.value_or(change::KeyRanges::reached),
            session_.clock.unix_us()
        );
        if (verdict == change::FingerprintVerdict::held)
            problem(
                config().at(source.connection.pointer + "/database") + ": source " + source.name +
                ": this is another base than the one read so far, or an older copy of it: if it is "
                "meant, `mis-gateway hold release " +
                identity + "` after the first pass has held it; else mend the connection"
            );
    }

    // Ids that somebody has written into the configuration, against those that the base has.
    void branches() {
        if (config().branch_zones.empty() || !branches_known_) return;
        for (const auto& [id, zone] : config().branch_zones) {
            if (branch_ids_.contains(id)) continue;
            const std::vector<std::string> known(branch_ids_.begin(), branch_ids_.end());
            warning(
                config().at(config::pointer_to("/clinic/branches", id)) +
                ": no branch of the MIS has the id '" + id + "', so its zone has no effect" +
                nearest_id(id, known)
            );
        }
    }
    static std::string nearest_id(const std::string& id, const std::vector<std::string>& known) {
        const auto number = [](std::string text) {
            return text.erase(0, std::min(text.find_first_not_of("0"), text.size() - 1));
        };
        std::string near;
        for (const auto& one : known)
            if (number(one) == number(id) || to_lower(trim(one)) == to_lower(trim(id))) near = one;
        if (near.empty()) near = config::nearest(id, known);
        std::string text =
            near.empty() ? "; there are" : ": did you mean '" + near + "'? There are";
        for (std::size_t i = 0; i < known.size() && i < 20; ++i) text += " '" + known[i] + "'";
        return known.empty() ? ": there are none" : text + (known.size() > 20 ? " …" : "");
    }

    void read_branches(OpenedSource& opened) {
        for (const auto& stream : opened.setup.connector.streams) {
            if (stream.kind != "branch") continue;
            record::MapContext context{
                config().clinic_zone, config().branch_zones, opened.setup.options.site,
                config().currency};
            const auto mapper = record::Mapper::create(opened.setup.connector, stream, context);
            if (!mapper) return;  // said by the codes or the pass
            source::Slice all;
            all.by = source::Slice::By::key_walk;
            const auto can = opened.source->capabilities(stream.name);
            if (can.rows == source::Capabilities::Rows::by_period) return;
            if (can.rows == source::Capabilities::Rows::by_pages) all.limit = kBranchesMax;
            const auto read = opened.source->read(
                stream.name, all,
                [&](source::RowBatch&& batch) -> Result<void> {
                    for (std::size_t row = 0; row < batch.rows(); ++row)
                        for (const auto& record : (*mapper)->map(batch, row).records)
                            branch_ids_.insert(record.source_id);
                    return {};
                }
            );
            branches_known_ |= read.has_value();
        }
    }

    // site: lists of ids that the maps compare with a column of the rows.
    void site_ids(const config::SourceConfig& source, OpenedSource& opened) {
        for (const auto& [key, list] : source.site) {
            if (list.empty()) continue;
            std::set<std::string> known;
            std::string columns;
            bool all_told = true;
            for (const auto& stream : opened.setup.connector.streams)
                for (const auto& use : record::site_uses(stream)) {
                    if (use.key != key) continue;
                    const auto values = opened.source->values_of(stream.name, use.column);
                    all_told &= values && *values;
                    if (!values || !*values) continue;
                    known.insert((*values)->begin(), (*values)->end());
                    const std::string name = stream.name + "." + use.column;
                    columns += (columns.empty() ? "" : ", ") + name;
                }
            if (columns.empty() || !all_told) continue;
            for (const auto part : split(list, ',')) {
                const std::string id(part);
                if (known.contains(id) || id.empty()) continue;
                warning(
                    config().at(config::pointer_to(source.pointer + "/site", key)) +
                    ": no row has '" + id + "' in " + columns + ", so it has no effect" +
                    nearest_id(id, {known.begin(), known.end()}) +
                    (trim(id) == id ? "" : ": write the ids without spaces between")
                );
            }
        }
    }

    void codes(const config::SourceConfig& source, const OpenedSource& opened) {
        const auto& connector = opened.setup.connector;
        std::vector<record::Finding> findings =
            record::code_findings(connector, connector.folder / "codes.csv");
        if (const auto& overlay = connector.overlay.folder; !overlay.empty())
            for (auto& finding : record::code_findings(connector, overlay / "codes.csv"))
                findings.push_back(std::move(finding));
        if (!source.codes_file.empty())
            for (auto& finding : record::code_findings(connector, source.codes_file))
                findings.push_back(std::move(finding));
        for (const auto& finding : findings)
            problem(
                "source " + source.name + ": " + finding.place() + ": " + finding.what + ": " +
                finding.remedy
            );
    }

    void check_source(const config::SourceConfig& source) {
        secret(source.connection.password);
        if (const auto* http = std::get_if<config::HttpConfig>(&source.connection.settings)) {
            secret(http->refresh_token);
            secret(http->proxy_login);
        }
        intake(source);
        auto opened = session_.open_source(source.name);
        if (!opened) return problem(opened.error().text);
        for (const auto& key : unknown_site_keys(opened->setup, source, config())) problem(key);
        codes(source, *opened);
        const auto report = opened->source->probe();
        if (!report)
            return problem(
                config().at(source.connection.pointer) + ": source " + source.name + ": " +
                report.error().text
            );
        if (output_ == Output::json)
            print_json(probe_json(source.name, *report));
        else
            print_probe(opened->setup, *report);
        for (const auto& text : warnings_of(*report))
            warning("source " + source.name + ": " + text);
        overlay(source, opened->setup);
        site(source);
        for (const auto& remark : report->setting_remarks) {
            const std::string text =
                config().at(source.connection.pointer + "/" + remark.setting) + ": " + remark.text;
            if (remark.is_problem)
                problem(text);
            else
                warning(text);
        }
        columns(source, *report);
        base_is_the_same(source, *opened->source, opened->setup);
        read_branches(*opened);
        site_ids(source, *opened);
        for (const auto& unreadable : unreadable_streams(opened->setup, *report))
            problem("source " + source.name + ", stream " + unreadable);
        for (const auto& finding : key_findings(opened->setup, *opened->source, *report)) {
            const std::string text = "source " + source.name + ", stream " + finding.text;
            if (finding.is_problem)
                problem(text);
            else
                warning(text);
        }
    }

    void columns(const config::SourceConfig& source, const source::ProbeReport& report) {
        for (const auto& stream : report.streams)
            for (const auto& remark : stream.column_remarks)
                warning("source " + source.name + ", stream " + stream.name + ", column " + remark);
    }

    // What the site's folder has in the place of the connector's.
    void overlay(const config::SourceConfig& source, const SourceSetup& setup) {
        const auto& overlay = setup.connector.overlay;
        if (overlay.folder.empty()) return;
        say("  overlay: " + overlay.folder.string());
        for (const auto& stream : setup.connector.streams) {
            std::string what;
            for (const auto& [is_own, name] :
                 {std::pair(stream.own.declaration, "declaration"),
                  std::pair(stream.own.fetch, "fetch"), std::pair(stream.own.map, "map")})
                if (is_own) what += (what.empty() ? "" : ", ") + std::string(name);
            if (!what.empty()) say("  overlay of stream " + stream.name + ": " + what);
        }
        for (const auto& [key, value] : overlay.site)
            if (!source.site.contains(key))
                say("  overlay's site: " + key + " = " + (value.empty() ? "(empty)" : value));
    }

    // What this clinic has changed of the shipped connector, and what waits for a decision.
    void site(const config::SourceConfig& source) {
        for (const auto& [key, value] : source.site)
            say("  site: " + key + " = " + (value.empty() ? "(empty)" : value));
        if (!source.codes_file.empty()) say("  codes of this site: " + source.codes_file.string());
        for (const auto& override_of : source.overrides)
            say("  override: " + override_of.file.string() + " replaces " + override_of.replaces);
        if (!session_.store) return;
        const std::string identity = session_.identity_of(source.name);
        quarantine(source.name, identity);
        if (const auto remark =
                history_remark(session_.store->database(), identity, source.counts_from))
            warning("source " + source.name + ": " + *remark);
        for (const auto& dangling :
             change::dangling_references(session_.store->database(), identity))
            warning("source " + source.name + ": " + change::describe(dangling));
        for (const auto& held : session_.held_streams(session_.identity_of(source.name)))
            if (held.starts_with("stream "))
                warning("source " + source.name + ", " + held);
            else  // the whole base: nothing of it is read
                problem("source " + source.name + ": " + held);
    }

    void quarantine(const std::string& name, const std::string& identity) {
        auto& database = session_.store->database();
        for (const auto& count : record::Quarantine::counts(database)) {
            if (count.source != identity) continue;
            const std::string text = "source " + name + ", stream " + count.stream + ": " +
                                     std::to_string(count.open) +
                                     (count.open == 1 ? " row" : " rows") +
                                     " in quarantine: see `mis-gateway quarantine`";
            if (count.ambiguous == 0)
                warning(text);
            else
                problem(
                    text + "; of " + std::to_string(count.ambiguous) +
                    " the key names several rows: choose a key that names one, or mend the join"
                );
        }
    }

    void nats_files(const config::NatsConfig& nats, const std::string& here) {
        secret(nats.password);
        secret(nats.token);
        secret({nats.credentials_file, "", config().at(here + "/credentials_file")});
        secret({nats.key_file, "", config().at(here + "/key_file")});
        file_is_there(here + "/credentials_file", nats.credentials_file);
        file_is_there(here + "/authority_file", nats.authority_file);
        file_is_there(here + "/certificate_file", nats.certificate_file);
        file_is_there(here + "/key_file", nats.key_file);
    }

    void check_sink(const config::SinkConfig& sink) {
        const std::string& here = sink.pointer;
        say("sink " + sink.name + ": " +
            (sink.webhook ? "webhook " + sink.webhook->url
             : sink.nats  ? "NATS " + sink.nats->server.servers.front()
                          : "files in " + sink.file->folder.string()));
        const auto setup = session_.sink_setup(sink);
        if (!setup) problem(setup.error().text);
        if (sink.nats) {
            nats_files(sink.nats->server, here + "/nats");
            if (!setup) return;
            const auto stream = sink::NatsSink::probe(*setup->nats);
            if (!stream)
                problem(config().at(here + "/nats") + ": " + stream.error().text);
            else
                say("           stream " + *stream + " takes its events");
            return;
        }
        if (sink.webhook) {
            for (const auto& place : sink.webhook->secrets) secret(place);
            secret(sink.webhook->bearer_token);
            secret(sink.webhook->proxy_login);
            file_is_there(here + "/webhook/authority_file", sink.webhook->authority_file);
            file_is_there(here + "/webhook/certificate_file", sink.webhook->certificate_file);
            file_is_there(here + "/webhook/key_file", sink.webhook->key_file);
            secret({sink.webhook->key_file, "", config().at(here + "/webhook/key_file")});
        } else if (const auto why = platform::why_not_writable(sink.file->folder); !why.empty()) {
            problem(
                config().at(here + "/file/folder") + ": " + sink.file->folder.string() +
                " cannot be written (" + why +
                "): let the service's user write there, or name another folder"
            );
        }
    }

    // Asked as the daemon asks, and nothing is taken.
    void check_inbox() {
        if (const auto& nats = config().inbox.nats) {
            say("inbox      JetStream of " + nats->server.servers.front());
            nats_files(nats->server, "/inbox/nats");
            const auto setup = session_.inbox_setup();
            if (!setup) return problem(setup.error().text);
            if (const auto found = inbox::NatsInbox(*setup->nats, {}, session_.clock).probe();
                !found)
                problem(config().at("/inbox/nats") + ": " + found.error().text);
        }
        const auto& http = config().inbox.http;
        if (!http) return;
        say("inbox      long poll of " + http->url);
        secret(http->bearer_token);
        secret(http->proxy_login);
        file_is_there("/inbox/http/authority_file", http->authority_file);
        file_is_there("/inbox/http/certificate_file", http->certificate_file);
        file_is_there("/inbox/http/key_file", http->key_file);
        secret({http->key_file, "", config().at("/inbox/http/key_file")});
        const auto setup = session_.inbox_setup();
        if (!setup) return problem(setup.error().text);
        inbox::Keeper keeper;
        keeper.cursor = [this] {
            return session_.store ? outbox::meta_value(session_.store->database(), kInboxCursor)
                                  : std::string();
        };
        inbox::HttpInbox asked(*setup->http, std::move(keeper), session_.clock);
        if (const auto answered = asked.probe(); !answered)
            problem(config().at("/inbox/http/url") + ": " + answered.error().text);
    }

    void check_slot_sink(const config::SlotSinkConfig& sink) {
        const std::string& here = sink.pointer;
        const auto setup = session_.slot_setup(sink);
        if (!setup) return problem(setup.error().text);
        say("sink " + sink.name + ": free times for " + setup->options.aggregator.title + ", " +
            setup->options.url + setup->options.aggregator.path + ", every " +
            std::to_string(setup->options.every.count()) + " minutes, " +
            std::to_string(setup->days) + " days");
        secret(sink.token);
        secret(sink.proxy_login);
        file_is_there(here + "/slots/authority_file", sink.authority_file);
        file_is_there(here + "/slots/certificate_file", sink.certificate_file);
        file_is_there(here + "/slots/key_file", sink.key_file);
        secret({sink.key_file, "", config().at(here + "/slots/key_file")});
        for (const auto& finding : slot_findings(session_, sink, *setup)) {
            const std::string text = "sink " + sink.name + ": " + finding.text;
            if (finding.is_problem)
                problem(text);
            else
                warning(text);
        }
    }

    // Listens for a moment, certificate, key and authority included, unless our daemon does.
    void check_feed(const config::FeedConfig& feed) {
        say("feed       " + feed.address + ":" + std::to_string(feed.port) +
            (feed.certificate_file.empty() ? "" : ", TLS") +
            (feed.client_authority_file.empty() ? "" : " with readers' certificates"));
        for (const auto& reader : feed.readers) {
            say("  reader " + reader.name +
                (reader.party.empty() ? "" : ", the accounts of " + reader.party));
            for (const auto& place : reader.tokens) secret(place);
        }
        secret({feed.key_file, "", config().at("/feed/key_file")});
        const auto setup = session_.feed_setup(feed);
        if (!setup) return problem(setup.error().text);
        auto options = setup->options.server;
        if (runs_) options.port = 0;
        try {
            const net::HttpServer server(options, [](net::ServerRequest, net::Responder) {});
        } catch (const std::exception& error) {
            problem(
                config().at("/feed/listen") + ": " + error.what() +
                ": mend the file that is named, or take an address of this machine and a port on "
                "which no other program listens"
            );
        }
    }

    void backup() {
        secret(config().backup_passphrase);
        if (config().backup_folder.empty()) return;
        say("backups    " + config().backup_folder.string());
        std::error_code denied;
        if (!fs::is_directory(config().backup_folder, denied))
            warning(
                config().at("/backup/folder") + ": " + config().backup_folder.string() +
                " is no folder: make it and run `mis-gateway backup FILE` regularly, health "
                "complains until then"
            );
    }

    void summary() {
        const auto count = [](int number, const std::string& what) {
            return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
        };
        if (output_ == Output::json)
            print_json({{"problems", problems_}, {"warnings", warnings_}});
        else if (problems_ + warnings_ == 0)
            print_line("check: all is well");
        else
            print_line(
                "check: " + count(problems_, "problem") + ", " + count(warnings_, "warning") +
                (problems_ == 0 ? "; it can run" : "; mend the problems first")
            );
    }

    static constexpr int kBranchesMax = 100'000;

    Session& session_;
    Output output_;
    std::set<std::string> branch_ids_;
    bool branches_known_ = false;
    bool runs_ = false;  // a gateway, on this store
    int problems_ = 0, warnings_ = 0;
};

}  // namespace

int check(const Common& common) {
    auto session = Session::configure(common);
    if (!session) return report_error(session.error());
    log::set_level((*session)->config.log_level);
    return Checkup(**session, common.output).run();
}

}  // namespace mis::gateway::cli
