#include "gateway/desk/task_list.hpp"

#include <algorithm>
#include <map>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "change/stream_state.hpp"
#include "domain_store/code_map.hpp"
#include "gateway/desk/masked.hpp"
#include "inbox/inbox.hpp"
#include "outbox/delivery.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway {
namespace {

constexpr int kRowsRead = 5'000, kRowsShown = 200, kOrdersMax = 1'000, kFeedbackMax = 1'000;
constexpr std::size_t kLettersMax = 1'000;

using Tasks = std::vector<ListedTask>;

void read_holds(const TasksRead& read, Tasks& tasks) {
    for (const auto& hold : change::holds(read.database)) {
        if (hold.released) continue;
        ListedTask task;
        task.kind = hold.stream.empty() ? "source_hold" : "hold";
        task.id = task_id(task.kind, {hold.source, hold.stream, hold.comparison});
        task.since_us = hold.since_us;
        task.count = std::max<std::int64_t>(1, hold.missing);
        task.source = hold.source;
        task.stream = hold.stream;
        task.key = hold.comparison;
        task.reason = hold.reason;
        task.params = {{"source", hold.source}};
        if (!hold.stream.empty())
            task.params.update(
                {{"stream", hold.stream}, {"missing", hold.missing}, {"known", hold.known}}
            );
        task.answers = {"release"};
        tasks.push_back(std::move(task));
    }
    for (const auto& count : change::RecordStore(read.database).counts()) {
        if (count.held_by_mapping == 0) continue;
        ListedTask task;
        task.kind = "mapping_hold";
        task.id = task_id(task.kind, {count.source, count.stream});
        task.count = count.held_by_mapping;
        task.source = count.source;
        task.stream = count.stream;
        task.params = {
            {"source", count.source}, {"stream", count.stream}, {"records", count.held_by_mapping}};
        task.answers = {"send", "baseline"};
        tasks.push_back(std::move(task));
    }
}

void read_sinks(const TasksRead& read, Tasks& tasks) {
    for (const auto& sink : read.figures.sinks) {
        if (sink.condition != SinkCondition::stopped) continue;
        ListedTask task;
        task.kind = "sink";
        task.id = task_id(task.kind, {sink.sink});
        task.since_us = sink.oldest_us;
        task.count = std::max<std::int64_t>(1, sink.pending);
        task.key = sink.sink;
        task.reason = sink.reason;
        task.params = {{"sink", sink.sink}, {"waiting", sink.pending}};
        task.answers = {"resume"};
        tasks.push_back(std::move(task));
    }
}

void read_complaints(const TasksRead& read, Tasks& tasks) {
    const inbox::Inbox inbox(read.database);
    for (const auto& feedback : inbox.feedbacks(kFeedbackMax)) {
        ListedTask task;
        bool is_open = false;
        for (const auto& message : inbox.messages_of_feedback(feedback)) {
            if (task.since_us == 0) task.since_us = message.received_us;
            if (task.reason.empty()) task.reason = message.body.find("order").string();
            is_open = message.type == "feedback.received";
        }
        if (!is_open) continue;
        task.kind = "complaint";
        task.id = task_id(task.kind, {feedback});
        task.key = feedback;
        task.params = {{"order", task.reason}};
        task.answers = {"answer"};
        tasks.push_back(std::move(task));
    }
}

void read_orders(const TasksRead& read, Tasks& tasks) {
    const inbox::Inbox inbox(read.database);
    for (const auto& waiting : inbox.waiting_orders({}, kOrdersMax)) {
        if (inbox.is_cancelled(waiting.order)) continue;
        ListedTask task;
        task.kind = "order";
        task.id = task_id(task.kind, {waiting.order});
        task.since_us = inbox.message(waiting.position).received_us;
        task.key = waiting.order;
        task.params = {{"order", waiting.order}, {"candidates", waiting.candidates}};
        task.answers = {"link"};
        tasks.push_back(std::move(task));
    }
}

void read_letters(const TasksRead& read, Tasks& tasks) {
    for (const auto& letter : outbox::dead_letters(read.database, "", kLettersMax)) {
        if (letter.state != "dead") continue;
        ListedTask task;
        task.kind = "dead_letter";
        task.id = task_id(task.kind, {letter.sink, std::to_string(letter.position)});
        task.since_us = letter.at_us;
        task.key = letter.sink;
        task.position = letter.position;
        task.reason = letter.reason;
        task.params = {{"sink", letter.sink}, {"type", letter.event.type}};
        task.answers = {"retry"};
        tasks.push_back(std::move(task));
    }
}

std::vector<record::QuarantinedRow> quarantined(
    sqlite::Database& database, const std::string& source, const std::string& stream
) {
    record::QuarantineFilter filter;
    filter.source = source;
    filter.stream = stream;
    filter.limit = kRowsRead;
    return record::Quarantine::list(database, filter);
}

void read_rows(const TasksRead& read, Tasks& tasks) {
    std::map<std::string, ListedTask> groups;
    for (const auto& row : quarantined(read.database, "", "")) {
        const std::string id = task_id("rows", {row.source, row.stream, row.told});
        auto [at, is_new] = groups.try_emplace(id);
        ListedTask& task = at->second;
        if (!is_new) {
            ++task.count;
            task.params["rows"] = task.count;
            task.since_us = std::min(task.since_us, row.first_seen_us);
            continue;
        }
        task.kind = "rows";
        task.id = id;
        task.since_us = row.first_seen_us;
        task.source = row.source;
        task.stream = row.stream;
        task.reason = row.told;
        task.params = {{"source", row.source}, {"stream", row.stream}, {"rows", 1}};
        task.answers = {"dismiss"};
    }
    for (auto& [id, task] : groups) tasks.push_back(std::move(task));
}

void read_codes(const TasksRead& read, Tasks& tasks) {
    for (const auto& code : domain_store::CodeMap(read.database).unmapped()) {
        ListedTask task;
        task.kind = "code";
        task.id = task_id(task.kind, {code.code});
        task.since_us = code.first_seen_us;
        task.count = code.times;
        task.key = code.code;
        task.params = {{"times", code.times}};
        task.answers = {"map"};
        tasks.push_back(std::move(task));
    }
}

void read_backup(const TasksRead& read, Tasks& tasks) {
    const Figures& figures = read.figures;
    if (!figures.backup_watched) return;
    const std::int64_t most = std::int64_t{figures.backup_age_hours_max} * 3'600 * kUsPerSecond;
    if (figures.backup_us != 0 && figures.now_us - figures.backup_us <= most) return;
    ListedTask task;
    task.kind = "backup";
    task.id = task_id(task.kind, {});
    task.since_us = figures.backup_us;
    tasks.push_back(std::move(task));
}

Json order_details(const TasksRead& read, const ListedTask& task, const CandidatesOf& candidates) {
    const inbox::Inbox inbox(read.database);
    Json details{
        {"order", task.key},
        {"received_at", read.zone.at(task.since_us).to_string()},
        {"cancelled", false},
        {"candidates", Json::array()}};
    const auto waiting = inbox.waiting_order(task.key);
    if (!waiting) return details;
    if (!waiting->identity.is_empty()) details["ground"] = waiting->identity.ground();
    const change::RecordStore records(read.database);
    for (const auto& match : candidates(task.key))
        details["candidates"].push_back(
            masked_patient(records, read.identity, match.source, match.source_id)
        );
    return details;
}

Json rows_details(const TasksRead& read, const ListedTask& task) {
    Json rows = Json::array();
    for (const auto& row : quarantined(read.database, task.source, task.stream)) {
        if (row.told != task.reason || rows.size() == kRowsShown) continue;
        Json one{
            {"number", row.number},
            {"told", row.told},
            {"first_seen_at", read.zone.at(row.first_seen_us).to_string()},
            {"attempts", row.attempts}};
        if (!row.row_key.empty()) one["key"] = row.row_key;
        rows.push_back(std::move(one));
    }
    return {
        {"source", task.source},
        {"stream", task.stream},
        {"reason", task.reason},
        {"rows", std::move(rows)}};
}

// Texts of the patient's and of the management: names in them are not shown here.
Json complaint_details(const TasksRead& read, const ListedTask& task) {
    const inbox::Inbox inbox(read.database);
    disclosure::PrivateIndex everybody(read.database);
    everybody.look_again();
    disclosure::Canary canary;
    canary.watch(&everybody);
    Json details{{"feedback", task.key}, {"order", task.reason}, {"answers", Json::array()}};
    for (const auto& message : inbox.messages_of_feedback(task.key)) {
        details["state"] = message.type.substr(message.type.find('.') + 1);
        const std::string at = read.zone.at(message.received_us).to_string();
        auto text = harmless(canary, message.body.find("text").string());
        if (message.type == "feedback.answered") {
            details["answers"].push_back({{"at", at}, {"text", text.value_or("")}});
            continue;
        }
        if (!details.contains("received_at")) details["received_at"] = at;
        if (text)
            details["text"] = std::move(*text);
        else
            details["text_withheld"] = true;
        if (const auto rating = message.body.find("rating").integer()) details["rating"] = *rating;
    }
    return details;
}

Json letter_details(const TasksRead& read, const ListedTask& task) {
    Json details{
        {"sink", task.key},
        {"position", task.position},
        {"reason", task.reason},
        {"at", read.zone.at(task.since_us).to_string()},
        {"type", task.params.value("type", "")}};
    for (const auto& letter : outbox::dead_letters(read.database, task.key, kLettersMax))
        if (letter.position == task.position) {
            const auto event =
                parse_json(outbox::render_cloudevent(letter.event, read.identity.clinic_id()));
            if (event) details["event"] = *event;
        }
    return details;
}

}  // namespace

std::string task_id(const std::string& kind, const std::vector<std::string>& about) {
    return kind + "." + to_hex(sha256(canonical_json(Json(about)))).substr(0, 24);
}

std::vector<ListedTask> read_tasks(const TasksRead& read) {
    Tasks tasks;
    for (const auto part :
         {read_sinks, read_holds, read_complaints, read_orders, read_letters, read_rows, read_codes,
          read_backup}) {
        Tasks found;
        part(read, found);
        std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
            return a.since_us < b.since_us;
        });
        std::move(found.begin(), found.end(), std::back_inserter(tasks));
    }
    return tasks;
}

ListedTask mismatch_task(const AccountRow& row, const Json& mismatch) {
    ListedTask task;
    task.kind = "mismatch";
    const std::string field = mismatch.value("field", "");
    task.id =
        task_id(task.kind, {row.id, field, mismatch["ours"].dump(), mismatch["theirs"].dump()});
    task.key = row.id;
    task.params = {
        {"limit", row.id},
        {"field", field},
        {"ours", mismatch["ours"]},
        {"theirs", mismatch["theirs"]}};
    if (!row.patient.empty()) task.params["patient"] = row.patient;
    for (const Json& line : mismatch["lines"]) task.lines.push_back(line.get<std::string>());
    return task;
}

Json task_json(const ListedTask& task, const Zone& zone) {
    Json out{{"id", task.id},     {"kind", task.kind},     {"count", task.count},
             {"code", task.kind}, {"params", task.params}, {"answers", task.answers}};
    if (task.since_us != 0) out["since"] = zone.at(task.since_us).to_string();
    return out;
}

Json details_of(const TasksRead& read, const ListedTask& task, const CandidatesOf& candidates) {
    if (task.kind == "order") return order_details(read, task, candidates);
    if (task.kind == "rows") return rows_details(read, task);
    if (task.kind == "complaint") return complaint_details(read, task);
    if (task.kind == "dead_letter") return letter_details(read, task);
    Json details = task.params;
    if (task.kind == "code") {
        disclosure::PrivateIndex everybody(read.database);
        everybody.look_again();
        disclosure::Canary canary;
        canary.watch(&everybody);
        if (auto code = harmless(canary, task.key)) details["code"] = std::move(*code);
    }
    if (task.kind == "mismatch") details["lines"] = task.lines;
    if (task.kind == "backup" && task.since_us != 0)
        details["newest_at"] = read.zone.at(task.since_us).to_string();
    if (!task.reason.empty()) details["reason"] = task.reason;
    return details;
}

std::vector<std::int64_t> rows_of(sqlite::Database& database, const ListedTask& task) {
    std::vector<std::int64_t> numbers;
    for (const auto& row : quarantined(database, task.source, task.stream))
        if (row.told == task.reason) numbers.push_back(row.number);
    return numbers;
}

}  // namespace mis::gateway
