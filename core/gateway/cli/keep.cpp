// Commands that keep the store: backup, restore, replay, source rename.
#include <algorithm>
#include <cstdlib>
#include <functional>
#include <optional>

#include "base/text.hpp"
#include "disclosure/audit.hpp"
#include "gateway/cli/hand_in.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/keeping/backup.hpp"
#include "gateway/keeping/new_epoch.hpp"
#include "gateway/keeping/sent_mark.hpp"
#include "gateway/keeping/store_upgrade.hpp"
#include "gateway/keeping/take_over.hpp"
#include "gateway/pipeline/restored.hpp"
#include "outbox/delivery.hpp"
#include "platform/file.hpp"

namespace mis::gateway::cli {
namespace {

constexpr std::size_t kPassphraseBytesMin = 12;

Result<std::string> passphrase(
    const std::filesystem::path& file, const config::SecretPlace& configured
) {
    std::string phrase;
    if (!file.empty()) {
        phrase = trim(platform::read_file(file));
    } else if (const char* from_environment = std::getenv("MIS_GATEWAY_PASSPHRASE")) {
        phrase = from_environment;
    } else if (!configured.is_empty()) {
        auto read = config::read_secret(configured);
        if (!read) return fail(read.error());
        phrase = *read;
    }
    if (phrase.size() < kPassphraseBytesMin)
        return fail(
            ErrorKind::misconfigured,
            "a passphrase of at least 12 characters is needed: --passphrase-file FILE, "
            "MIS_GATEWAY_PASSPHRASE, or backup.passphrase_file in the configuration"
        );
    return phrase;
}

}  // namespace

namespace {

Result<TakeOverReport> take_over(
    Session& session, const Restore& what, std::function<void(sqlite::Transaction&)> at_end
) {
    TakeOver asked;
    asked.at_end = std::move(at_end);
    asked.files = what.event_files;
    for (const auto& source : session.config.sources)
        asked.sources.push_back(session.identity_of(source.name));
    asked.who = session.operator_login();
    asked.now_us = session.clock.unix_us();
    asked.last_events = what.last_events;
    if (what.incomplete) asked.gaps = TakeOver::Gaps::accept;
    return take_over_sent_events(*session.store, asked);
}

void print_taken(const TakeOverReport& taken) {
    print_line(
        std::to_string(taken.events) + " events already sent read, " +
        std::to_string(taken.applied) + " of them new to this store, " +
        std::to_string(taken.groups) +
        " groups. The next pass compares everything with the MIS and sends only what differs."
    );
    if (taken.missing > 0)
        report_error(
            "restore: " + std::to_string(taken.missing) + " events are missing in the files"
        );
    if (taken.applied > 0)
        print_line("Sinks that may not have them get them again, with the same ids.");
    const auto& orders = taken.orders_without_message;
    const auto& messages = taken.messages_lost;
    if (orders.empty() && messages.empty()) return;
    report_error(
        "restore: events tell of " + std::to_string(orders.size()) + " orders and " +
        std::to_string(messages.size()) + " other messages (first: " +
        (orders.empty() ? messages.front() : "order " + orders.front()) +
        ") that this store does not have: the patients whom they concern wait until the exchange "
        "sends them again (`mis-gateway restore --messages FILE`), or until you say that it never "
        "will "
        "(`mis-gateway restore --without-messages`): then what only these messages explain is "
        "taken back"
    );
}

}  // namespace

int backup(const Common& common, const Backup& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto phrase = passphrase(what.passphrase_file, session.config.backup_passphrase);
        if (!phrase) return report_error(phrase.error());
        const bool to_output = what.file == kStandardOutput;
        if (!to_output)
            if (const auto fits = check_backup_target(
                    *session.store, what.file,
                    {session.config.file, what.passphrase_file,
                     session.config.backup_passphrase.file,
                     SentMark::file_beside(session.store->folder())}
                );
                !fits)
                return report_error(fits.error());
        const auto report =
            write_backup(*session.store, what.file, *phrase, session.clock.unix_us());
        if (!report) return report_error(report.error());
        sqlite::Transaction transaction(session.store->database());
        outbox::set_meta_value(
            transaction, "last_backup_us", std::to_string(session.clock.unix_us())
        );
        transaction.commit();
        if (to_output) return kDone;  // nothing but the backup stands there
        if (common.output == Output::json)
            print_json(
                {{"file", what.file.string()},
                 {"store_bytes", report->store_bytes},
                 {"file_bytes", report->file_bytes},
                 {"audit_head", report->audit_head}}
            );
        else
            print_line(
                "backup " + what.file.string() + ": store and key, " +
                std::to_string(report->file_bytes) + " bytes, encrypted; audit head " +
                report->audit_head +
                "\nKeep the passphrase elsewhere: without it nobody opens this file."
            );
        return kDone;
    });
}

namespace {

// Whether enough is said to begin with; else a usage error was reported.
bool is_asked_enough(const Restore& what) {
    if (what.backup_file.empty() && what.event_files.empty() && !what.new_epoch &&
        !what.without_messages && what.message_files.empty()) {
        report_error(
            "restore: give --backup FILE, --events FILE…, or, when neither exists, --new-epoch"
        );
        return false;
    }
    if (what.incomplete && !what.new_epoch) {
        report_error(
            "restore: --incomplete needs --new-epoch: what nobody has any more was sent under "
            "sequences that consumers know, and would be given out a second time; in a new epoch "
            "they discard what they know of these sources, and everything is announced anew"
        );
        return false;
    }
    return true;
}

bool brings_back(const Restore& what) {
    return !what.backup_file.empty() || !what.event_files.empty() || what.new_epoch;
}

// In a new epoch it does not matter what was told before. Otherwise somebody has to say where it
// ended: what was told and is not known here is never taken back, and its sequences are given out
// again.
Result<void> check_end_is_told(const Session& session, const Restore& what) {
    if (what.new_epoch || !what.last_events.empty() || SentMark::is_left(*session.store)) return {};
    return fail(
        ErrorKind::misconfigured,
        "nothing tells where what was sent ends: no mark of this store is left (" +
            SentMark::file_beside(session.store->folder()).string() +
            "). Ask each consumer for the id of the last event that it has of this clinic (of a "
            "file sink: the last line's) and say it: --last-event ID. An event that backup and "
            "files do not have would never be taken back, and what comes next would leave under "
            "its sequence. Where nobody can tell, --new-epoch (with --events also --incomplete)"
    );
}

// What the exchange sends again is part of the restore, or of a later one; until then nothing is
// given a meaning.
int hear_exchange(Session& session, const Common& common, const Restore& what) {
    int refused = 0;
    for (const auto& file : what.message_files) {
        const auto of_file = hand_in_messages(session, common.output, file);
        if (!of_file) return report_error(of_file.error());
        refused += *of_file;
    }
    auto& database = session.store->database();
    if (refused == 0 && (what.without_messages || !what.message_files.empty())) {
        sqlite::Transaction transaction(database);
        if (what.without_messages) {
            restored::give_up_messages(transaction);
            session.record(transaction, {"messages_given_up", "the exchange's messages"});
        } else {
            restored::exchange_sent_again(transaction);
        }
        transaction.commit();
    }
    if (refused > 0)
        return report_error(
            "restore: " + std::to_string(refused) +
            " messages were refused: mend the file and name it again, what was taken is known"
        );
    if (restored::exchange_awaited(database))
        print_line(
            "Nothing new leaves until the exchange has sent again what it sent since the backup: "
            "of a consent that was withdrawn no event may tell. `mis-gateway restore --messages "
            "FILE` takes it, what is known is only acknowledged; if there is nothing, say "
            "`mis-gateway restore --without-messages`."
        );
    return kDone;
}

// As if the backup had not been opened.
void take_away_again(
    const std::filesystem::path& folder, const std::vector<std::filesystem::path>& copies
) {
    for (const char* end : {"", "-wal", "-shm"})
        std::filesystem::remove(ClinicStore::store_file(folder).string() + end);
    std::filesystem::remove(ClinicStore::key_file(folder));
    for (const auto& copy : store_copies(folder))  // of its upgrade
        if (std::find(copies.begin(), copies.end(), copy) == copies.end())
            std::filesystem::remove(copy);
    report_error("restore: nothing was restored");
}

// The epoch that began, if one was asked for.
Result<std::optional<std::uint32_t>> bring_back(Session& session, const Restore& what) {
    if (const auto told = check_end_is_told(session, what); !told) return fail(told.error());
    std::optional<std::uint32_t> epoch;
    bool done = false;
    std::function<void(sqlite::Transaction&)> at_end = [](sqlite::Transaction& transaction) {
        restored::await_exchange(transaction);
    };
    if (what.new_epoch) {
        auto settings = session.meaning_settings();
        if (!settings) return fail(settings.error());
        NewEpoch begun{{}, session.operator_login(), session.clock.unix_us()};
        if (what.incomplete) begun.why = "the log of sent events is incomplete";
        for (const auto& source : session.config.sources)
            begun.sources.push_back(session.identity_of(source.name));
        at_end = [&session, &epoch, at_end, settings = std::move(*settings),
                  begun](sqlite::Transaction& transaction) {
            at_end(transaction);
            const auto before = session.store->meta().epoch;
            epoch = begin_new_epoch(transaction, *session.store, settings, begun);
            session.record(
                transaction,
                {"new_epoch", "the store", Json{{"epoch", before}}, Json{{"epoch", *epoch}}},
                begun.why
            );
        };
    }
    const auto finish = [&](sqlite::Transaction& transaction) {
        at_end(transaction);
        done = true;
    };
    if (!what.event_files.empty()) {
        const auto taken = take_over(session, what, finish);
        if (!taken) return fail(taken.error());
        print_taken(*taken);
    } else if (const auto whole = check_last_events(*session.store, what.last_events); !whole) {
        return fail(whole.error());
    }
    if (!done) {
        sqlite::Transaction transaction(session.store->database());
        finish(transaction);
        transaction.commit();
    }
    return epoch;
}

}  // namespace

int restore(const Common& common, const Restore& what) {
    const auto config = config::load_config(common.config);
    if (!config) return report_error(config.error());
    if (!is_asked_enough(what)) return kUsage;
    std::vector<std::filesystem::path> copies;  // that stores before it left
    if (!what.backup_file.empty()) {
        if (std::filesystem::exists(config->store_folder))
            copies = store_copies(config->store_folder);
        const auto phrase = passphrase(what.passphrase_file, config->backup_passphrase);
        if (!phrase) return report_error(phrase.error());
        if (const auto opened =
                open_backup(what.backup_file, *phrase, config->store_folder, config->clinic_id);
            !opened)
            return report_error(opened.error());
        print_line("store and key restored to " + config->store_folder.string());
    }
    bool refused = false;
    const bool rebuilds = what.backup_file.empty() && brings_back(what);
    const int code = with_session(
        common, rebuilds ? ClinicStore::Opening::rebuild : ClinicStore::Opening::existing,
        [&](Session& session) {
            if (!session.store->take_lock())
                return report_error("a running mis-gateway holds the store: stop it first");
            if (brings_back(what)) {
                const auto epoch = bring_back(session, what);
                if (!epoch) {
                    refused = true;
                    return report_error(epoch.error());
                }
                if (*epoch)
                    print_line(
                        "epoch " + std::to_string(**epoch) +
                        " begins: consumers are told to discard what they know of these sources"
                    );
            }
            return hear_exchange(session, common, what);
        }
    );
    // Without what was sent since, the backup would say it anew.
    if (refused && !what.backup_file.empty()) take_away_again(config->store_folder, copies);
    return code;
}

int replay(const Common& common, const Replay& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        if (const auto known = session.check_sink(what.sink); !known)
            return report_error(known.error().within("replay"));
        sqlite::Transaction transaction(session.store->database());
        const auto queued = outbox::replay(transaction, what.sink, what.from, what.to);
        if (!queued) return report_error(queued.error());
        session.record(
            transaction, {"replay",
                          "sink " + what.sink,
                          {},
                          Json{{"from", what.from}, {"to", what.to}, {"events", *queued}}}
        );
        transaction.commit();
        print_line(
            std::to_string(*queued) + " events will be sent again to " + what.sink +
            ", with the same ids"
        );
        return kDone;
    });
}

int source_rename(const Common& common, const std::string& from, const std::string& to) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const change::RecordStore records(session.store->database());
        const auto counts = records.counts();
        const auto has = [&](const std::string& name) {
            return std::any_of(counts.begin(), counts.end(), [&](const auto& count) {
                return count.source == name;
            });
        };
        if (!has(from))
            return report_error(
                "source rename: the store knows no source '" + from +
                "': `mis-gateway check` names those that are configured"
            );
        if (has(to))
            return report_error("source rename: the store knows a source '" + to + "' already");
        for (const auto& source : session.config.sources)
            if (source.name == from && session.identity_of(from) == from)
                return report_error(
                    "source rename: " + session.config.file.string() + " still names the source '" +
                    from + "': write '" + to + "' there first"
                );
        sqlite::Transaction transaction(session.store->database());
        outbox::set_meta_value(transaction, "source_identity/" + to, from);
        session.record(
            transaction,
            {"source_rename", "source " + from, Json{{"name", from}}, Json{{"name", to}}}
        );
        transaction.commit();
        print_line(
            "source '" + to + "' of the configuration is the one known as '" + from +
            "': ids and pseudonyms stay as they were"
        );
        return kDone;
    });
}

}  // namespace mis::gateway::cli
