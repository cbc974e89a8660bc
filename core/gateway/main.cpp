// mis-gateway: the command line. Arguments only; what a command does is in cli/.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <functional>
#include <iostream>

#include "gateway/cli/commands.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/cli/usage.hpp"
#include "platform/memory.hpp"

namespace cli = mis::gateway::cli;

namespace {

constexpr const char* kPassphraseFile =
    "file with the passphrase (else MIS_GATEWAY_PASSPHRASE, else backup.passphrase_file of the "
    "configuration)";

// Fills the parser with every command; `chosen` is what the parsed line asks for.
class CommandLine {
  public:
    CommandLine()
        : app_(
              "MIS Gateway: a clinic's information system as a stream of canonical, signed events",
              "mis-gateway"
          ) {
        app_.require_subcommand(1);
        app_.footer(
            "Start with: mis-gateway check --config FILE. Exit codes: 0 done, 1 failed, 2 wrong "
            "usage or configuration."
        );
        daemon();
        look();
        operate();
        keep();
        integrate();
    }

    int run(int argc, char** argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::ParseError& error) {
            if (error.get_exit_code() == 0) {  // --help
                app_.exit(error, std::cout, std::cerr);
                return cli::kDone;
            }
            const std::vector<std::string> words(argv + 1, argv + argc);
            std::cerr << "mis-gateway: " << cli::usage_problem(app_, words, error.what()) << "\n";
            return cli::kUsage;
        }
        return chosen_();
    }

  private:
    CLI::App app_;
    std::string heading_;  // under which the help shows the commands that are added next
    cli::Common common_;
    std::function<int()> chosen_;
    // Options' storage, shared by the commands: one command runs per process.
    std::string source_, stream_, name_, text_, from_, to_, party_;
    std::filesystem::path file_, folder_;
    std::vector<std::string> names_;
    std::vector<std::filesystem::path> paths_, message_files_;
    std::vector<std::string> last_events_;
    std::int64_t number_ = 0, until_ = 0;
    int limit_ = 100;
    bool unmasked_ = false, flag_ = false, send_ = false, baseline_ = false;

    CLI::App* limit_comments_ = nullptr;

    CLI::App* command(
        CLI::App& parent, const std::string& name, const std::string& about,
        std::function<int()> action
    ) {
        auto* made = parent.add_subcommand(name, about);
        if (&parent == &app_) made->group(heading_);
        made->callback([this, action = std::move(action)] { chosen_ = action; });
        return made;
    }
    CLI::App* configured(
        CLI::App& parent, const std::string& name, const std::string& about,
        std::function<int()> action
    ) {
        auto* made = command(parent, name, about, std::move(action));
        made->add_option("-c,--config", common_.config, "configuration file")
            ->default_val("/etc/mis-gateway/gateway.yaml")
            ->envname("MIS_GATEWAY_CONFIG");
        json(made);
        return made;
    }
    void json(CLI::App* made) {
        made->add_flag_callback(
            "--json", [this] { common_.output = cli::Output::json; },
            "machine-readable output (JSON Lines)"
        );
    }
    CLI::App* family(const std::string& name, const std::string& about) {
        auto* made = app_.add_subcommand(name, about);
        made->group(heading_);
        made->require_subcommand(1);
        return made;
    }
    cli::Privacy privacy() const {
        return unmasked_ ? cli::Privacy::unmasked : cli::Privacy::masked;
    }
    void with_privacy(CLI::App* made) {
        made->add_flag(
            "--unmasked", unmasked_, "show private fields; the look is written to the audit log"
        );
    }
    void with_limit(CLI::App* made) {
        made->add_option("--limit", limit_, "at most so many")
            ->check(CLI::Range(1, 1'000'000))
            ->capture_default_str();
    }

    void daemon() {
        heading_ = "Running it";
        auto* run = configured(
            app_, "run",
            "run the gateway in the foreground (SIGTERM drains, SIGHUP reloads the configuration)",
            [this] { return cli::run(common_, {flag_}); }
        );
        run->add_flag(
            "--discard", flag_, "forget the pending events of sinks that are no longer configured"
        );
        auto* sync = configured(
            app_, "sync", "read every source once, give it meaning, deliver, end",
            [this] { return cli::sync_once(common_); }
        );
        sync->add_flag("--once", flag_, "one pass (the only mode; `run` is the daemon)")
            ->required();
        configured(
            app_, "check",
            "check configuration, connections, rights, query plans, clocks and folders",
            [this] { return cli::check(common_); }
        );
        auto* discover = configured(
            app_, "discover",
            "what a source's base has, which MIS it is, which streams it can serve, and where it "
            "may "
            "keep what the connector does not know; shapes of values, never values",
            [this] {
                return cli::discover(common_, {source_, text_, folder_});
            }
        );
        discover->add_option("source", source_, "source name")->required();
        auto* like = discover->add_option(
            "--like", text_, "only list tables and columns whose names contain this"
        );
        discover
            ->add_option("--write", folder_, "a new folder: write a site's overlay to start from")
            ->excludes(like);
        auto* calibrate = configured(
            app_, "calibrate",
            "show decoded fields beside the raw column that they come from, to compare with the "
            "MIS's own screens",
            [this] {
                return cli::calibrate(common_, {source_, name_, names_, file_, limit_, privacy()});
            }
        );
        calibrate->add_option("source", source_, "source name")->required();
        calibrate->add_option(
            "name", name_, "which of the connector's calibrations; its only one when left out"
        );
        calibrate
            ->add_option(
                "--site", names_, "KEY=VALUE: try this in the place of the configured value"
            )
            ->allow_extra_args(false);
        calibrate
            ->add_option(
                "--known", file_,
                "CSV row,value: rows as the MIS shows them, compared with what is decoded"
            )
            ->check(CLI::ExistingFile);
        with_limit(calibrate);
        with_privacy(calibrate);
        auto* backfill = configured(
            app_, "backfill", "read a stream from its beginning again (nothing is announced twice)",
            [this] { return cli::backfill(common_, source_, stream_); }
        );
        backfill->add_option("source", source_, "source name")->required();
        backfill->add_option("stream", stream_, "stream name; all when left out");
        auto* reconcile = configured(
            app_, "reconcile",
            "compare every record and every sum with the source now; exit 1 when something differs",
            [this] { return cli::reconcile(common_, source_); }
        );
        reconcile->add_option("source", source_, "source name; all when left out");
    }

    void look() {
        heading_ = "What is there";
        auto* preview = configured(
            app_, "preview",
            "map some rows of a stream and show the records, private fields masked",
            [this] {
                return cli::preview(
                    common_, {source_, stream_, limit_, privacy(),
                              flag_ ? cli::Preview::Rows::newest : cli::Preview::Rows::first}
                );
            }
        );
        preview->add_option("source", source_, "source name")->required();
        preview->add_option("stream", stream_, "stream name")->required();
        preview->add_flag(
            "--newest", flag_,
            "the rows changed last (by stamp, else by the window's date); else the lowest keys"
        );
        with_limit(preview);
        with_privacy(preview);
        auto* slots = family(
            "slots",
            "free times for aggregators: preview (what would be sent), table (who is which)"
        );
        auto* shown = configured(
            *slots, "preview",
            "what an aggregator would be sent now, who is left out, and why nothing would be sent",
            [this] {
                return cli::slots_preview(common_, {name_, flag_});
            }
        );
        shown->add_option("sink", name_, "sink of free times")->required();
        shown->add_flag("--bodies", flag_, "the requests themselves, without the token");
        auto* table = configured(
            *slots, "table",
            "lines for the sink's table of doctors with free times who are not in it, as CSV to "
            "confirm",
            [this] { return cli::slots_table(common_, name_); }
        );
        table->add_option("sink", name_, "sink of free times")->required();
        auto* events =
            configured(app_, "events", "show events of the outbox, one JSON per line", [this] {
                return cli::events(common_, {number_, limit_, text_});
            });
        events->add_option("--after", number_, "only those after this position")
            ->capture_default_str();
        events->add_option("--type", text_, "only this type, such as billing.charge");
        with_limit(events);
        auto* quarantine = configured(
            app_, "quarantine", "show rows that could not be read, with the reason",
            [this] {
                const auto* asked = app_.get_subcommand("quarantine");
                if (asked->got_subcommand("dismiss"))
                    return cli::quarantine_dismiss(common_, {source_, stream_, name_, text_});
                if (asked->got_subcommand("retry"))
                    return cli::quarantine_retry(common_, source_, stream_);
                return cli::quarantine(common_, {source_, stream_, limit_, number_, privacy()});
            }
        );
        quarantine->add_option("--source", source_, "only this source");
        quarantine->add_option("--stream", stream_, "only this stream");
        quarantine->add_option(
            "--show", number_, "one row with its content, by the number that the list gives"
        );
        with_limit(quarantine);
        with_privacy(quarantine);
        auto* dismiss = command(
            *quarantine, "dismiss",
            "take a row off the list, with a reason for the audit; it comes back if its content or "
            "its reason is another",
            {}
        );
        dismiss->fallthrough();
        dismiss->add_option("source", source_, "source name")->required();
        dismiss->add_option("stream", stream_, "stream name")->required();
        dismiss->add_option("row", name_, "the row's key; #NUMBER where it has none")->required();
        dismiss->add_option("--reason", text_, "why, for the audit")->required();
        auto* retry =
            command(*quarantine, "retry", "read the rows of a stream again at the next pass", {});
        retry->fallthrough();
        retry->add_option("source", source_, "source name")->required();
        retry->add_option("stream", stream_, "stream name")->required();
        auto* dead = configured(
            app_, "dead-letters",
            "show events that a sink refused for good; --retry sends one again",
            [this] {
                return cli::dead_letters(common_, {name_, limit_, number_});
            }
        );
        dead->add_option("--sink", name_, "only this sink");
        dead->add_option("--retry", number_, "position of the event to send again")
            ->needs("--sink");
        with_limit(dead);
        auto* plan = configured(app_, "plan", "show plans and the state of their items", [this] {
            return cli::plan(common_, name_);
        });
        plan->add_option(
            "id", name_,
            "plan (its first 12 characters will do), order or pseudonym; all when left out"
        );
        auto* limit = configured(
            app_, "limit", "show accounts: granted, consumed, remaining, overrun",
            [this] {
                return limit_comments_->parsed() ? cli::limit_comments(common_, {limit_, privacy()})
                                                 : cli::limit(common_, name_);
            }
        );
        limit->add_option("id", name_, "account or pseudonym; all when left out");
        limit_comments_ = configured(
            *limit, "comments", "comments of visits with «лимит» or «бартер» that were not read",
            [] { return cli::kDone; }  // its parent runs last, and decides
        );
        with_privacy(limit_comments_);
        with_limit(limit_comments_);
        auto* report = configured(
            app_, "report", "reports: channels (income and ROI per advertising channel)",
            [this] {
                return cli::report(common_, {name_, from_, to_, file_});
            }
        );
        report->add_option("name", name_, "channels")
            ->required()
            ->check(CLI::IsMember({"channels"}));
        report->add_option("--from", from_, "first day, YYYY-MM-DD");
        report->add_option("--to", to_, "last day, YYYY-MM-DD");
        report->add_option("--costs", file_, "CSV file channel,cost")->check(CLI::ExistingFile);
    }

    void operate() {
        heading_ = "What the clinic decides";
        auto* order =
            family("order", "orders of the exchange and their patients: list, link, unlink");
        configured(*order, "list", "orders, linked and waiting", [this] {
            return cli::order_list(common_);
        });
        auto* link = configured(*order, "link", "link an order to a patient by hand", [this] {
            return cli::order_link(common_, name_, source_, text_);
        });
        link->add_option("order", name_, "order id")->required();
        link->add_option("source", source_, "source name")->required();
        link->add_option("patient", text_, "the patient's id in the source")->required();
        auto* unlink = configured(
            *order, "unlink", "undo a link: the order waits for `order link` again",
            [this] { return cli::order_unlink(common_, name_); }
        );
        unlink->add_option("order", name_, "order id")->required();

        auto* patient =
            family("patient", "patients with cards in several sources: link, unlink, list, import");
        auto* joined = configured(
            *patient, "link",
            "two cards in two sources are one person's, who is known by the second from then on",
            [this] { return cli::patient_link(common_, from_, to_); }
        );
        joined->add_option("joins", from_, "SOURCE/ID of the card that joins: new/1234")
            ->required();
        joined
            ->add_option(
                "stays", to_, "SOURCE/ID of the card that the exchange knows the person by: old/77"
            )
            ->required();
        auto* parted = configured(
            *patient, "unlink", "undo a link: each card stands for itself again",
            [this] { return cli::patient_unlink(common_, from_); }
        );
        parted->add_option("joins", from_, "SOURCE/ID of the card that joined")->required();
        auto* linked = configured(*patient, "list", "what is linked, by whom and when", [this] {
            return cli::patient_list(common_, {flag_});
        });
        linked->add_flag("--history", flag_, "also the links that were undone");
        auto* imported = configured(
            *patient, "import",
            "link all pairs of a CSV file with the columns joins,stays; of a file with one wrong "
            "line nothing is linked",
            [this] { return cli::patient_import(common_, file_); }
        );
        imported->add_option("file", file_, "CSV file")->required()->check(CLI::ExistingFile);

        auto* hold = family("hold", "what waits for a human's decision: list, release");
        configured(*hold, "list", "held windows, sources and mapping changes", [this] {
            return cli::hold_list(common_);
        });
        auto* release = configured(*hold, "release", "let a held stream go on", [this] {
            return cli::hold_release(
                common_, source_, stream_,
                send_       ? cli::HoldAnswer::send
                : baseline_ ? cli::HoldAnswer::baseline
                            : cli::HoldAnswer::none
            );
        });
        release->add_option("source", source_, "source name")->required();
        release->add_option(
            "stream", stream_,
            "stream name; left out: the source itself, held because its base looks like another"
        );
        auto* send =
            release->add_flag("--send", send_, "announce the changes that a new mapping made");
        release->add_flag("--baseline", baseline_, "take them as they are and announce nothing")
            ->excludes(send);

        auto* map_code = configured(
            app_, "map-code",
            "give a price-list code its national nomenclature code, or list what is unmapped",
            [this] {
                return source_.empty() ? cli::map_code_list(common_)
                                       : cli::map_code(common_, source_, name_, text_);
            }
        );
        map_code->add_option("source", source_, "source name");
        map_code->add_option("code", name_, "price-list code");
        map_code->add_option("nomenclature", text_, "code of order 804n, such as A16.07.002");

        auto* feedback = family("feedback", "complaints and reviews: list, answer");
        configured(*feedback, "list", "what came and what was answered", [this] {
            return cli::feedback_list(common_);
        });
        auto* answer = configured(*feedback, "answer", "answer one", [this] {
            return cli::feedback_answer(common_, name_, file_);
        });
        answer->add_option("feedback", name_, "feedback id")->required();
        answer->add_option("file", file_, "text file with the answer")
            ->required()
            ->check(CLI::ExistingFile);

        auto* pages = family("console", "the pages for the clinic's people: code");
        configured(
            *pages, "code",
            "a code, valid once and for 15 minutes, that makes the console's first user",
            [this] { return cli::console_code(common_); }
        );

        auto* inbox = family("inbox", "messages of the exchange: push");
        auto* push = configured(
            *inbox, "push", "hand in messages from a file: JSON, JSON Lines or YAML, one or a list",
            [this] { return cli::inbox_push(common_, file_); }
        );
        push->add_option("file", file_, "file, or - for standard input")->required();

        auto* source = family("source", "a source's name: rename");
        auto* rename = configured(
            *source, "rename",
            "a source's new name, once the configuration has it: ids and pseudonyms stay",
            [this] { return cli::source_rename(common_, from_, to_); }
        );
        rename->add_option("from", from_, "old name")->required();
        rename->add_option("to", to_, "new name")->required();
    }

    void keep() {
        heading_ = "Keeping it";
        auto* backup = configured(app_, "backup", "write store and key, encrypted", [this] {
            return cli::backup(common_, {file_, folder_});
        });
        backup->add_option("file", file_, "file to write, or - for standard output")->required();
        backup->add_option("--passphrase-file", folder_, kPassphraseFile);
        auto* restore = configured(
            app_, "restore", "bring a store back from a backup and from the events already sent",
            [this] {
                return cli::restore(
                    common_,
                    {file_, folder_, paths_, flag_, send_, baseline_, message_files_, last_events_}
                );
            }
        );
        restore->add_option("--backup", file_, "backup file")->check(CLI::ExistingFile);
        restore->add_option("--passphrase-file", folder_, kPassphraseFile);
        restore
            ->add_option(
                "--events", paths_, "JSON Lines files of events already sent (a file sink's)"
            )
            ->check(CLI::ExistingFile);
        restore->add_flag(
            "--new-epoch", flag_,
            "no log exists, or not all of it: start a new epoch, consumers discard what they know "
            "of the sources"
        );
        restore->add_flag(
            "--incomplete", send_,
            "with --new-epoch: events are missing in the log, and nobody has them any more"
        );
        restore->add_flag(
            "--without-messages", baseline_,
            "the exchange has nothing to send again: work out what its lost messages explained "
            "without them"
        );
        restore
            ->add_option(
                "--messages", message_files_,
                "all messages that the exchange sent since the backup, as `inbox push` takes them"
            )
            ->check(CLI::ExistingFile);
        restore->add_option(
            "--last-event", last_events_,
            "id of the last event that a consumer has, once for each consumer: refused where more "
            "was sent than backup and files tell of"
        );
        auto* replay =
            configured(app_, "replay", "send stored events once more to a sink, same ids", [this] {
                return cli::replay(common_, {name_, number_, until_});
            });
        replay->add_option("--sink", name_, "sink name")->required();
        replay->add_option("--from", number_, "first position")->required();
        replay->add_option("--to", until_, "last position")->required();
        auto* audit = family(
            "audit",
            "the hash-chained log of what left and was decided: show, verify, export, patient, "
            "erase"
        );
        auto* show = configured(*audit, "show", "entries", [this] {
            return cli::audit_show(common_, number_, limit_);
        });
        show->add_option("--from", number_, "first entry");
        with_limit(show);
        auto* verify =
            configured(*audit, "verify", "walk the chain; exit 1 where it is broken", [this] {
                return cli::audit_verify(common_, file_);
            });
        verify->add_option("--file", file_, "an exported copy in the place of the store's own log")
            ->check(CLI::ExistingFile);
        auto* exported = configured(
            *audit, "export", "write a copy that `audit verify --file` proves anywhere",
            [this] { return cli::audit_export(common_, file_); }
        );
        exported->add_option("file", file_, "a new file")->required();
        auto* about = configured(
            *audit, "patient",
            "what left about a patient, who received it, and what was withheld and why",
            [this] { return cli::audit_patient(common_, name_); }
        );
        about->add_option("patient", name_, "pseudonym, or SOURCE/ID")->required();
        auto* erase = configured(
            *audit, "erase",
            "erase what the trace and the audit tell of a patient, where the law orders it; the "
            "chain stays provable",
            [this] { return cli::audit_erase(common_, name_, text_); }
        );
        erase->add_option("patient", name_, "pseudonym, or SOURCE/ID")->required();
        erase->add_option("--reason", text_, "which order, for the audit")->required();
    }

    void integrate() {
        heading_ = "For integrators";
        auto* version = command(app_, "version", "version, library versions, folders", [this] {
            return cli::version(common_.output);
        });
        json(version);
        auto* scenario = command(
            app_, "scenario",
            "play a scenario file and print the events it would send, one JSON per line",
            [this] {
                using Form = cli::ScenarioCommand::Form;
                return cli::scenario({file_, party_, flag_ ? Form::table : Form::json});
            }
        );
        scenario->add_flag("--table", flag_, "a bookkeeper's table in the place of JSON");
        scenario->add_option("file", file_, "scenario file (YAML or JSON)")->required();
        scenario->add_option(
            "--party", party_, "only what a sink bound to this payer's party would get"
        );
        auto* connector =
            family("connector", "folders that say what one MIS looks like: list, new, test");
        json(command(*connector, "list", "shipped connectors and their streams", [this] {
            return cli::connector_list(common_.output);
        }));
        auto* fresh = command(*connector, "new", "a new connector folder to fill in", [this] {
            return cli::connector_new(
                name_, folder_.empty() ? std::filesystem::path(name_) : folder_
            );
        });
        fresh->add_option("name", name_, "name, small letters")->required();
        fresh->add_option("folder", folder_, "where to make it (default: ./NAME)");
        auto* test = command(
            *connector, "test", "run the conformance checks and the cases of connectors",
            [this] {
                cli::ConnectorTest what;
                what.folders = names_;
                what.overlay = folder_;
                what.golden = flag_ ? cli::ConnectorTest::Golden::update
                                    : cli::ConnectorTest::Golden::compare;
                return cli::connector_test(what, common_.output);
            }
        );
        test->add_option("folders", names_, "connector folders (default: all shipped)");
        test->add_option(
            "--overlay", folder_, "a site's overlay, laid over the one connector that is named"
        );
        test->add_flag(
            "--update", flag_,
            "write what came out as the expected output; read the diff afterwards"
        );
        json(test);
    }
};

}  // namespace

int main(int argc, char** argv) {
    mis::platform::keep_memory_small();
    try {
        CommandLine line;
        return cli::with_output_written(line.run(argc, argv));
    } catch (const cli::Misconfigured& error) {
        std::cerr << "mis-gateway: " << error.what() << "\n";
        return cli::kUsage;
    } catch (const std::exception& error) {
        std::cerr << "mis-gateway: " << error.what() << "\n";
        return cli::kFailed;
    }
}
