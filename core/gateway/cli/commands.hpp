// The commands of schemas/README.md section 5, one function each. They print results to standard
// output, errors ("what, where, remedy") to standard error, and return the exit code: 0 done, 1 the
// thing asked for failed, 2 wrong usage or configuration.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace mis::gateway::cli {

enum class Output { table, json };
enum class Privacy { masked, unmasked };
enum class HoldAnswer { none, send, baseline };

struct Common {
    std::filesystem::path config;
    Output output = Output::table;
};

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kUsage = 2;

// Without a configuration
int version(Output output);
struct ScenarioCommand {
    std::filesystem::path file;
    std::string party;  // X3; empty: everything
    enum class Form { json, table } form = Form::json;
};
// 1: rows were quarantined or messages refused, unless the file expects it.
int scenario(const ScenarioCommand& command);
int connector_list(Output output);
int connector_new(const std::string& name, const std::filesystem::path& folder);
struct ConnectorTest {
    std::vector<std::string> folders;  // empty: all of the share directory
    std::filesystem::path overlay;     // a site's, over the one folder that is named
    enum class Golden { compare, update } golden = Golden::compare;
};
int connector_test(const ConnectorTest& what, Output output);

// The daemon
struct Run {
    bool discard_removed_sinks = false;  // --discard: events that a removed sink has not had may go
};
int run(const Common& common, const Run& options);
int sync_once(const Common& common);
int check(const Common& common);
struct Discover {
    std::string source;
    std::string pattern;           // not empty: only tables and columns that contain it are listed
    std::filesystem::path folder;  // not empty: an overlay to start from is written there
};
int discover(const Common& common, const Discover& what);
struct Calibrate {
    std::string source, name;          // empty name: the connector's only one
    std::vector<std::string> site;     // KEY=VALUE to try in the place of the configured one
    std::filesystem::path known_file;  // CSV row,value: what a human read in the MIS itself
    int limit = 20;
    Privacy privacy = Privacy::masked;
};
// 1: a known row is decoded otherwise, or a value occurs that the site's table does not know.
int calibrate(const Common& common, const Calibrate& what);
struct Preview {
    std::string source, stream;
    int limit = 10;
    Privacy privacy = Privacy::masked;
    enum class Rows { first, newest } rows = Rows::first;
};
int preview(const Common& common, const Preview& what);
struct SlotsPreview {
    std::string sink;
    bool bodies = false;  // the requests themselves
};
// What an aggregator would be sent now, of what the store holds. 1: nothing would be sent.
int slots_preview(const Common& common, const SlotsPreview& what);
// Lines for the sink's table of whoever has free times and is not in it: CSV, to be confirmed.
int slots_table(const Common& common, const std::string& sink);
int backfill(const Common& common, const std::string& source, const std::string& stream);
int reconcile(const Common& common, const std::string& source);

// What is there
struct Events {
    std::int64_t after = 0;
    int limit = 100;
    std::string type;
};
int events(const Common& common, const Events& what);
struct Quarantine {
    std::string source, stream;
    int limit = 100;
    std::int64_t show = 0;  // one row with its content
    Privacy privacy = Privacy::masked;
};
int quarantine(const Common& common, const Quarantine& what);
struct Dismissal {
    std::string source, stream, row;  // its key, or #NUMBER of the list
    std::string reason;
};
int quarantine_retry(const Common& common, const std::string& source, const std::string& stream);
int quarantine_dismiss(const Common& common, const Dismissal& what);
struct DeadLetters {
    std::string sink;
    int limit = 100;
    std::int64_t retry = 0;  // the position to send again
};
int dead_letters(const Common& common, const DeadLetters& what);
int plan(const Common& common, const std::string& id);
int limit(const Common& common, const std::string& id);
struct LimitComments {
    int limit = 100;
    Privacy privacy = Privacy::masked;
};
// L8: comments that speak of a limit or barter and were not understood, the latest visit first.
int limit_comments(const Common& common, const LimitComments& what);
int order_list(const Common& common);
int order_link(
    const Common& common, const std::string& order, const std::string& source,
    const std::string& patient_source_id
);
int order_unlink(const Common& common, const std::string& order);
// SOURCE/ID each; a file: CSV with the columns joins,stays
int patient_link(const Common& common, const std::string& joins, const std::string& stays);
int patient_unlink(const Common& common, const std::string& joins);
struct PatientList {
    bool history = false;  // also what was taken back
};
int patient_list(const Common& common, const PatientList& what);
int patient_import(const Common& common, const std::filesystem::path& file);
int hold_list(const Common& common);
int hold_release(
    const Common& common, const std::string& source, const std::string& stream, HoldAnswer answer
);
int map_code(
    const Common& common, const std::string& source, const std::string& service_code,
    const std::string& nomenclature
);
int map_code_list(const Common& common);
int feedback_list(const Common& common);
int feedback_answer(
    const Common& common, const std::string& feedback, const std::filesystem::path& text_file
);
int console_code(const Common& common);  // for the console's first user
struct Report {
    std::string name;  // "channels"
    std::string from, to;
    std::filesystem::path costs;  // CSV: channel,cost
};
int report(const Common& common, const Report& what);
int inbox_push(const Common& common, const std::filesystem::path& file);

// Keeping it
struct Backup {
    std::filesystem::path file, passphrase_file;
};
int backup(const Common& common, const Backup& what);
struct Restore {
    std::filesystem::path backup_file, passphrase_file;
    std::vector<std::filesystem::path> event_files;  // what was already sent, JSON Lines
    bool new_epoch = false;         // without the whole log: the operator's decision (I4)
    bool incomplete = false;        // events are missing, and nobody has them; with new_epoch
    bool without_messages = false;  // what the exchange sent will not come again
    std::vector<std::filesystem::path> message_files = {};  // all that it sent since the backup
    std::vector<std::string> last_events = {};              // ids: the last that each consumer has
};
int restore(const Common& common, const Restore& what);
struct Replay {
    std::string sink;
    std::int64_t from = 0, to = 0;  // positions
};
int replay(const Common& common, const Replay& what);
int audit_show(const Common& common, std::int64_t from, int limit);
// `file`: an exported copy, which needs no configuration; empty: the store's own.
int audit_verify(const Common& common, const std::filesystem::path& file);
int audit_export(const Common& common, const std::filesystem::path& file);
// Pseudonym, or SOURCE/ID.
int audit_patient(const Common& common, const std::string& patient);
int audit_erase(const Common& common, const std::string& patient, const std::string& reason);
int source_rename(const Common& common, const std::string& from, const std::string& to);

}  // namespace mis::gateway::cli
