// What a person answers to a task, done by the hands that the commands use, in the transaction that
// also keeps who said it. What concerns a patient's meaning is worked out by the daemon's next
// turn.
#include <algorithm>

#include "base/json_fields.hpp"
#include "base/text.hpp"
#include "change/stream_state.hpp"
#include "gateway/desk/console_desk.hpp"
#include "gateway/desk/task_list.hpp"
#include "outbox/delivery.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway {
namespace {

using console::Decided;
using console::NotDecided;
using console::Undecided;
using Decision = tl::expected<Decided, Undecided>;

constexpr std::size_t kAnswerCharactersMax = 2'000;

struct Deciding {
    sqlite::Transaction& transaction;
    Meaning& meaning;
    Daemon& daemon;
    const ListedTask& task;
    const console::TaskAnswer& answer;
    const domain::NomenclatureGroups* groups;
    std::int64_t now_us;
};

Decision invalid(std::string pointer, std::string detail) {
    return tl::unexpected(Undecided{NotDecided::invalid, std::move(detail), std::move(pointer)});
}

Decision refused(std::string detail) {
    return tl::unexpected(Undecided{NotDecided::refused, std::move(detail)});
}

Decided done(std::string subject, std::string ground) {
    Decided decided;
    decided.subject = std::move(subject);
    decided.ground = std::move(ground);
    return decided;
}

std::string stream_text(const ListedTask& task) {
    return task.source + (task.stream.empty() ? "" : " " + task.stream);
}

// Irreversible, or many at once: the person types how many.
bool confirms(const Deciding& deciding) {
    const auto typed = deciding.answer.body.find("confirm");
    return typed != deciding.answer.body.end() && typed->is_number_integer() &&
           *typed == deciding.task.count;
}

Decision not_confirmed(const Deciding& deciding) {
    return invalid(
        "/confirm", "has to be " + std::to_string(deciding.task.count) + ", the number of records"
    );
}

Decision release(const Deciding& deciding) {
    const ListedTask& task = deciding.task;
    if (task.kind == "hold" && !confirms(deciding)) return not_confirmed(deciding);
    if (!change::release_hold(deciding.transaction, task.source, task.stream))
        return refused("nothing is held at " + stream_text(task) + " any more");
    return done("hold " + stream_text(task), "release: " + task.reason);
}

Decision answer_mapping(const Deciding& deciding) {
    const ListedTask& task = deciding.task;
    if (!confirms(deciding)) return not_confirmed(deciding);
    const bool send = deciding.answer.answer == "send";
    const auto answered = deciding.meaning.answer_mapping_hold(
        deciding.transaction, task.source, task.stream,
        send ? change::RecordStore::Answer::send : change::RecordStore::Answer::baseline,
        deciding.now_us
    );
    if (!answered) return refused(answered.error().text);
    return done(
        "mapping of " + stream_text(task),
        deciding.answer.answer + ": " + std::to_string(task.count) + " records"
    );
}

Decision link(const Deciding& deciding) {
    const std::string source = text_in(deciding.answer.body, "source"),
                      card = text_in(deciding.answer.body, "card");
    if (source.empty()) return invalid("/source", "the name of the source that has the card");
    if (card.empty()) return invalid("/card", "the patient's number in the MIS");
    const auto linked = deciding.meaning.link_order(
        deciding.transaction, {deciding.task.key, source, card, deciding.now_us, "operator"}
    );
    if (!linked) return refused(linked.error().text);
    return done(
        "order " + deciding.task.key,
        "link to " + deciding.daemon.store().identity().pseudonym(source, card)
    );
}

Decision dismiss(const Deciding& deciding) {
    const ListedTask& task = deciding.task;
    const std::string reason(trim(text_in(deciding.answer.body, "reason")));
    if (reason.empty()) return invalid("/reason", "why, for the audit");
    const auto numbers = rows_of(deciding.transaction.database(), task);
    const auto one = deciding.answer.body.find("number");
    std::int64_t dismissed = 0;
    for (const auto number : numbers) {
        if (one != deciding.answer.body.end() && *one != number) continue;
        const auto shown = record::Quarantine::show(deciding.transaction.database(), number);
        if (!shown) continue;
        const std::string row =
            shown->row_key.empty() ? "#" + std::to_string(number) : shown->row_key;
        if (record::Quarantine::dismiss(
                deciding.transaction, task.source, task.stream, row, reason, deciding.now_us
            ))
            ++dismissed;
    }
    if (dismissed == 0) return refused("no such row is in quarantine any more");
    auto decided = done(
        "quarantine of " + stream_text(task),
        "dismiss " + std::to_string(dismissed) + " rows: " + reason
    );
    decided.result = {{"rows", dismissed}};
    return decided;
}

Decision retry(const Deciding& deciding) {
    const ListedTask& task = deciding.task;
    if (!outbox::retry_dead_letter(deciding.transaction, task.key, task.position))
        return refused("sink " + task.key + " has no such dead letter any more");
    return done("dead letter " + std::to_string(task.position) + " of sink " + task.key, "retry");
}

Decision answer_complaint(const Deciding& deciding) {
    const std::string text(trim(text_in(deciding.answer.body, "text")));
    const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    });
    if (text.empty() || characters > std::int64_t{kAnswerCharactersMax} || !is_valid_utf8(text))
        return invalid("/text", "1 to 2000 characters");
    disclosure::PrivateIndex everybody(deciding.transaction.database());
    everybody.look_again();
    disclosure::Canary canary;
    canary.watch(&everybody);
    if (canary.is_private(text))
        return invalid(
            "/text",
            "names somebody, or has a phone, policy number or e-mail of a patient: it leaves the "
            "clinic, so write it without"
        );
    const auto answered = deciding.meaning.answer_feedback(
        deciding.transaction, deciding.task.key, text, deciding.now_us
    );
    if (!answered) return refused(answered.error().text);
    return done("feedback " + deciding.task.key, "answer");
}

Decision map(const Deciding& deciding) {
    const std::string code = fold_code(text_in(deciding.answer.body, "nomenclature"));
    if (code.empty() || deciding.groups == nullptr || deciding.groups->find(code) == nullptr)
        return invalid(
            "/nomenclature",
            "is no code of order 804n that is known here: like A16.07.002 or B01.065.001; one of "
            "the clinic's own has to stand in nomenclature.extend_file first"
        );
    deciding.meaning.map_code(deciding.transaction, deciding.task.key, code);
    return done("code", "map to " + code);
}

Decision resume(const Deciding& deciding) {
    auto decided = done("sink " + deciding.task.key, "resume: " + deciding.task.reason);
    decided.then = [&daemon = deciding.daemon, sink = deciding.task.key] {
        daemon.resume_sink(sink);
    };
    return decided;
}

Decision decide_task(const Deciding& deciding) {
    const std::string& kind = deciding.task.kind;
    if (kind == "hold" || kind == "source_hold") return release(deciding);
    if (kind == "mapping_hold") return answer_mapping(deciding);
    if (kind == "order") return link(deciding);
    if (kind == "rows") return dismiss(deciding);
    if (kind == "dead_letter") return retry(deciding);
    if (kind == "complaint") return answer_complaint(deciding);
    if (kind == "code") return map(deciding);
    if (kind == "sink") return resume(deciding);
    return refused("it closes itself, once what it is about is mended");
}

}  // namespace

Decision ConsoleDesk::decide(sqlite::Transaction& transaction, const console::TaskAnswer& answer) {
    auto& database = transaction.database();
    const Figures seen = figures_seen();  // taken before; the store's mutex is ours now
    const TasksRead read{database, daemon_.store().identity(), settings_.zone, seen};
    for (const ListedTask& task : read_tasks(read)) {
        if (task.id != answer.task) continue;
        if (version_of(task) != answer.version)
            return tl::unexpected(Undecided{NotDecided::changed});
        const auto& answers = task.answers;
        if (std::find(answers.begin(), answers.end(), answer.answer) == answers.end())
            return invalid("/answer", "is none of this task's answers");
        return decide_task(
            {transaction, daemon_.meaning(), daemon_, task, answer, settings_.groups,
             clock_.unix_us()}
        );
    }
    return tl::unexpected(Undecided{NotDecided::gone});
}

}  // namespace mis::gateway
