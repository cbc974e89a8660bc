// `discover`: what a base has, which MIS it is, what a connector can serve of it, and where it may
// keep what the connector does not know. Of rows it says how many there are and what values look
// like, never a value.
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/print_tables.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/overlay_start.hpp"
#include "platform/file.hpp"
#include "record/connector_kit.hpp"
#include "source/recognition.hpp"

namespace mis::gateway::cli {
namespace fs = std::filesystem;
namespace {

using source::TableDescription;

// Bytes have no shape that tells anything.
bool is_binary(const std::string& type) {
    const std::string lower = to_lower(type);
    for (const char* word : {"binary", "image", "bytea", "rowversion", "blob"})
        if (lower.find(word) != std::string::npos && lower.find("text") == std::string::npos)
            return true;
    return lower == "timestamp(8)";
}

struct Looked {  // a connector that may be the base's
    source::Connector connector;
    std::map<std::string, std::string> site;
    bool configured = false;
    std::unique_ptr<source::Source> source;
    source::Recognised recognised;
    std::string known_by;  // where it is not by its tables
};

class Discovery {
  public:
    Discovery(
        Session& session, const config::SourceConfig& config, const Discover& what, Output output
    )
        : session_(session), config_(config), what_(what), output_(output) {}

    int run() {
        if (auto made = collect(); !made) return report_error(made.error());
        auto tables = read_tables();
        if (!tables) return report_error(tables.error().within("source " + config_.name));
        tables_ = std::move(*tables);
        list();
        if (!what_.pattern.empty()) return kDone;
        for (auto& look : looks_) look.recognised = recognise(look.connector, tables_);
        for (auto& look : looks_)
            if (!look.recognised.is_it && open(look)) ask_what_it_is(look);
        tell_which();
        std::vector<Looked*> examined;
        for (auto& look : looks_)
            if (look.recognised.is_it || look.configured) examined.push_back(&look);
        for (Looked* look : examined) {
            if (const auto opened = open(*look); !opened) {  // of another kind of base
                report_error(opened.error().within("connector " + look->connector.name));
                continue;
            }
            if (auto told = examine(*look); !told) return report_error(told.error());
        }
        return what_.folder.empty() ? kDone : write(examined);
    }

  private:
    // The configured connector, if it loads, and the shipped ones.
    Result<void> collect() {
        auto opener = session_.opener_of(config_);
        if (!opener) return fail(opener.error());
        opener_ = std::move(*opener);
        fs::path own;
        auto setup = session_.source_setup(config_.name);
        if (setup) {
            own = setup->connector.folder;
            looks_.push_back(
                {std::move(setup->connector), std::move(setup->options.site), true, nullptr, {}, {}}
            );
        } else {
            report_error(setup.error().within("discover goes on with the shipped connectors"));
        }
        for (const auto& listed :
             record::connector_list(platform::share_directory() / "connectors")) {
            std::error_code none;
            if (!own.empty() && fs::equivalent(listed.folder, own, none)) continue;
            if (auto connector = source::load_connector(listed.folder))
                looks_.push_back({std::move(*connector), {}, false, nullptr, {}, {}});
        }
        return {};
    }

    Result<void> open(Looked& look) {
        if (look.source) return {};
        source::SourceOptions options = session_.source_options();
        options.site = look.site;
        auto opened = opener_(look.connector, options, session_.clock);
        if (!opened) return fail(opened.error());
        look.source = std::move(*opened);
        return {};
    }

    // Of kinds that have more to tell than tables.
    static void ask_what_it_is(Looked& look) {
        const auto by = look.source->known_by();
        if (!by || !*by) return;
        look.recognised.is_it = true;
        look.known_by = **by;
    }

    // By the first connector that speaks the base's language.
    Result<std::vector<TableDescription>> read_tables() {
        Error last{ErrorKind::misconfigured, "no connector can be opened on it"};
        for (auto& look : looks_) {
            if (const auto opened = open(look); !opened) {
                last = opened.error();
                continue;
            }
            reader_ = look.source.get();
            return reader_->discover();
        }
        return fail(last);
    }

    void list() const {
        const std::string wanted = to_lower(what_.pattern);
        const auto matches = [&](const std::string& name) {
            return to_lower(name).find(wanted) != std::string::npos;
        };
        for (TableDescription table : tables_) {
            if (!matches(table.name))
                std::erase_if(table.columns, [&](const auto& column) {
                    return !matches(column.name);
                });
            if (table.columns.empty() && table.remark.empty()) continue;
            if (output_ == Output::json)
                print_json(table_json(*reader_, table));
            else
                print_table(*reader_, table);
        }
    }

    void tell_which() const {
        bool known = false;
        for (const auto& look : looks_) known |= look.recognised.is_it;
        if (output_ == Output::table && !known)
            print_line(
                "\nno connector knows this base by its tables, or by what it answers or holds"
            );
    }

    static std::string joined(const std::vector<std::string>& names) {
        std::string text;
        for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
        return text;
    }

    std::string version_of(Looked& look) const {
        std::string text = joined(look.recognised.versions);
        if (look.connector.recognition.version_sql.empty()) return text;
        const auto said = look.source->first_value(look.connector.recognition.version_sql);
        if (said && *said) text += (text.empty() ? "" : ", ") + (*said)->substr(0, 60);
        return text;
    }

    Result<void> examine(Looked& look) {
        say_what_it_is(look);
        if (auto told = streams(look); !told) return told;
        answers_[&look] = ask(look);
        for (const Answer& answer : answers_[&look]) say_answer(answer);
        return {};
    }

    void say_what_it_is(Looked& look) const {
        const auto& [is_it, found, missing, versions] = look.recognised;
        const std::string version = version_of(look);
        if (output_ == Output::json)
            return print_json(
                {{"connector", look.connector.name},
                 {"title", look.connector.title},
                 {"recognised", is_it},
                 {"configured", look.configured},
                 {"known_by", look.known_by},
                 {"found", found},
                 {"missing", missing},
                 {"version", version}}
            );
        const std::string name = look.connector.name + " (" + look.connector.title + ")";
        std::string text = "\n";
        if (!look.known_by.empty())
            text += "it is " + name + ", by " + look.known_by;
        else if (is_it)
            text += "it is " + name + ", by its tables " + joined(found);
        else if (look.connector.recognition.is_empty())
            text += name + " is configured, and does not say by what it is known";
        else
            text += name +
                    " is configured, but this base is not known by its tables: " + joined(missing) +
                    " are missing";
        if (!version.empty()) text += "; version: " + version;
        if (is_it && !look.configured)
            text += "\n  to read it, configure connector: " + look.connector.name;
        print_line(text);
    }

    // The server's own judgement: the first row of each stream's fetch is read and forgotten.
    Result<std::string> why_not(Looked& look, const source::StreamDeclaration& stream) const {
        if (const auto stopped = look.connector.overlay.stopped.find(stream.name);
            stopped != look.connector.overlay.stopped.end())
            return stopped->second;
        using Rows = source::Capabilities::Rows;
        const Rows rows = look.source->capabilities(stream.name).rows;
        source::Slice one;
        one.by = rows == Rows::by_period ? source::Slice::By::window : source::Slice::By::key_walk;
        one.limit = rows == Rows::by_pages ? 1 : 0;
        if (rows == Rows::by_period) {
            const auto now = look.source->source_now();
            if (!now) return now.error().text;
            one.from = one.to = now->substr(0, 10) + " 00:00:00";
        }
        const auto read =
            look.source->read(stream.name, one, [](source::RowBatch&&) { return Result<void>(); });
        // a row that cannot be read is one of a stream that can
        if (read || read.error().kind == ErrorKind::malformed) return std::string();
        if (read.error().kind == ErrorKind::cancelled) return fail(read.error());
        return read.error().text;
    }

    Result<void> streams(Looked& look) const {
        const auto off = look.source->streams_off();
        if (!off) return fail(off.error().within("source " + config_.name));
        Table table({"  stream", "served"});
        std::set<std::string> present, absent;
        for (const auto& stream : look.connector.streams) {
            std::string why;
            if (const auto known = off->find(stream.name); known != off->end()) {
                why = known->second;
            } else {
                auto told = why_not(look, stream);
                if (!told) return fail(told.error());
                why = std::move(*told);
            }
            Json optional = Json::array();
            for (const auto& thing : optional_things(stream, tables_)) {
                (thing.present ? present : absent)
                    .insert(thing.table + (thing.column.empty() ? "" : "." + thing.column));
                optional.push_back(
                    {{"table", thing.table}, {"column", thing.column}, {"present", thing.present}}
                );
            }
            if (output_ == Output::json)
                print_json(
                    {{"connector", look.connector.name},
                     {"stream", stream.name},
                     {"served", why.empty()},
                     {"why_not", why},
                     {"optional", optional}}
                );
            else
                table.add({"  " + stream.name, why.empty() ? "yes" : "no: " + why});
        }
        if (output_ == Output::json) return {};
        table.print();
        const auto list = [](const char* what, const std::set<std::string>& names) {
            if (!names.empty())
                print_line(std::string("  ") + what + joined({names.begin(), names.end()}));
        };
        list("optional, and here: ", present);
        list("optional, and not here: ", absent);
        return {};
    }

    std::vector<Answer> ask(Looked& look) const {
        std::vector<Answer> answers;
        auto questions = look.connector.questions;
        for (auto& more : look.source->questions()) questions.push_back(std::move(more));
        for (const auto& question : questions) {
            Answer answer{question, {}};
            const auto found = candidates(question, tables_);
            // one look at each table, for all of its columns that are asked about
            std::map<const TableDescription*, std::vector<std::string>> columns;
            for (const auto& candidate : found) {
                auto& names = columns[candidate.table];
                if (candidate.column != nullptr && !is_binary(candidate.column->type))
                    names.push_back(candidate.column->name);
                if (candidate.column == nullptr)
                    for (const auto& column : candidate.table->columns)
                        if (!is_binary(column.type)) names.push_back(column.name);
            }
            std::map<const TableDescription*, FoundCandidate> samples;
            for (const auto& [table, names] : columns) {
                FoundCandidate& sample = samples[table];
                if (table->rows_looked_at > 0) {
                    sample.sample.rows = table->rows_looked_at;
                    for (const auto& column : table->columns)
                        sample.sample.shapes[column.name] = column.shapes;
                } else if (table->kind == TableDescription::Kind::procedure) {
                    sample.unread = "a procedure: not looked at";
                } else if (auto looked = look.source->sample(table->name, names)) {
                    sample.sample = std::move(*looked);
                } else {
                    sample.unread = looked.error().text;
                }
            }
            for (const auto& candidate : found) {
                FoundCandidate one = samples[candidate.table];
                one.candidate = candidate;
                answer.found.push_back(std::move(one));
            }
            answers.push_back(std::move(answer));
        }
        return answers;
    }

    void say_answer(const Answer& answer) const {
        const auto& [question, found] = answer;
        if (output_ == Output::json) return print_json(answer_json(answer));
        std::string head = "  unknown: " + question.name + ": " + question.about;
        if (!question.site.empty()) head += " (site: " + joined(question.site) + ")";
        if (!question.setting.empty()) head += " (" + question.setting + ")";
        if (!question.streams.empty()) head += " (streams: " + joined(question.streams) + ")";
        print_line(head);
        if (found.empty()) print_line("    nothing looks like it");
        for (const auto& one : found) {
            const auto& [table, column, in_key, indexed] = one.candidate;
            print_line(
                "    " + reader_->written(table->name) +
                (column ? "." + reader_->written(column->name) : "") + ": " + candidate_text(one)
            );
            if (column != nullptr) continue;
            for (const auto& each : table->columns) {
                const auto shapes = one.sample.shapes.find(each.name);
                print_line(
                    "      " + reader_->written(each.name) + " " + each.type +
                    (shapes == one.sample.shapes.end() || shapes->second.empty()
                         ? ""
                         : "; " + shapes_text(shapes->second))
                );
            }
        }
        if (found.size() == source::kCandidatesMax) print_line("    and perhaps more");
    }

    static Json answer_json(const Answer& answer) {
        Json found = Json::array();
        for (const auto& one : answer.found) {
            Json shapes = Json::object();
            for (const auto& [column, list] : one.sample.shapes)
                if (one.candidate.column == nullptr || one.candidate.column->name == column)
                    shapes[column] = list;
            found.push_back(
                {{"table", one.candidate.table->name},
                 {"column", one.candidate.column ? Json(one.candidate.column->name) : Json()},
                 {"type", one.candidate.column ? Json(one.candidate.column->type) : Json()},
                 {"key", one.candidate.in_key},
                 {"indexed", one.candidate.indexed},
                 {"rows", one.sample.rows},
                 {"rows_are_more", one.sample.rows >= source::kSampleCountMax},
                 {"shapes", shapes},
                 {"unread", one.unread}}
            );
        }
        return {{"question", answer.question.name},   {"about", answer.question.about},
                {"site", answer.question.site},       {"setting", answer.question.setting},
                {"streams", answer.question.streams}, {"candidates", found}};
    }

    // For the base's own connector: the one that knows it, else the configured one.
    int write(const std::vector<Looked*>& examined) const {
        const Looked* chosen = nullptr;
        for (const Looked* look : examined) {
            const bool is_better = !chosen || (look->recognised.is_it && !chosen->recognised.is_it);
            if (answers_.contains(look) && is_better) chosen = look;
        }
        if (chosen == nullptr)
            return report_error(
                "discover --write: no connector knows this base, and the configured one does not "
                "load: there is nothing to lay an overlay over"
            );
        std::error_code problem;
        if (fs::exists(what_.folder) && !fs::is_empty(what_.folder, problem))
            return report_error(
                "discover --write: " + what_.folder.string() +
                " is not empty: name a new folder, so that nothing of yours is lost"
            );
        for (const auto& [name, text] : overlay_start(chosen->connector, answers_.at(chosen))) {
            const fs::path file = what_.folder / name;
            fs::create_directories(file.parent_path());
            platform::write_file_atomically(file, text);
            fs::permissions(  // no secret in it, and the service's user has to read it
                file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read |
                          fs::perms::others_read
            );
        }
        if (output_ == Output::json)
            print_json({{"overlay", what_.folder.string()}, {"connector", chosen->connector.name}});
        else
            print_line(
                "\n" + what_.folder.string() +
                "/ made. Go through its overlay.yaml, then\n  "
                "mis-gateway connector test " +
                chosen->connector.name + " --overlay " + what_.folder.string() +
                "\nand name it in the configuration: overlay: " + what_.folder.string()
            );
        return kDone;
    }

    Session& session_;
    const config::SourceConfig& config_;
    const Discover& what_;
    const Output output_;
    source::Opener opener_;
    std::vector<Looked> looks_;
    source::Source* reader_ = nullptr;  // that read the tables
    std::vector<TableDescription> tables_;
    std::map<const Looked*, std::vector<Answer>> answers_;
};

}  // namespace

int discover(const Common& common, const Discover& what) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        const auto source = session.find_source(what.source);
        if (!source) return report_error(source.error());
        return Discovery(session, **source, what, common.output).run();
    });
}

}  // namespace mis::gateway::cli
