#include "gateway/cli/hand_in.hpp"

#include <iostream>
#include <iterator>

#include "gateway/cli/print.hpp"
#include "inbox/message.hpp"
#include "platform/crash_point.hpp"
#include "platform/file.hpp"

namespace mis::gateway::cli {
namespace {

void print_answer(Output output, const Json& message, const inbox::Acceptance& answer) {
    const std::string id =
        message.is_object() && message.contains("id") && message["id"].is_string()
            ? message["id"].get<std::string>()
            : "(no id)";
    const bool is_refused = answer.verdict == inbox::Verdict::refused;
    const std::string verdict = is_refused                                   ? "refused"
                                : answer.verdict == inbox::Verdict::repeated ? "repeated"
                                                                             : "accepted";
    if (output == Output::json) {
        Json out{{"id", id}, {"answer", verdict}};
        if (is_refused) out.update({{"code", answer.code}, {"reason", answer.reason}});
        if (!answer.ignored_fields.empty()) out["ignored_fields"] = answer.ignored_fields;
        print_json(out);
        return;
    }
    print_line(
        id + ": " + verdict + (is_refused ? " (" + answer.code + "): " + answer.reason : "")
    );
    for (const auto& field : answer.ignored_fields)
        print_line("  ignored: " + field + ", which this version does not know");
}

}  // namespace

Result<int> hand_in_messages(Session& session, Output output, const std::filesystem::path& file) {
    const std::string text = file == "-" ? std::string(std::istreambuf_iterator<char>(std::cin), {})
                                         : platform::read_file(file);
    const auto messages = inbox::read_messages(text, file.string());
    if (!messages) return fail(messages.error());
    const auto meaning = session.meaning();
    int refused = 0;
    for (const auto& message : *messages) {
        sqlite::Transaction transaction(session.store->database());
        const auto answer = meaning->accept(transaction, message, session.clock.unix_us());
        if (answer.verdict == inbox::Verdict::accepted)
            session.record(
                transaction,
                {"inbox_push",
                 "message " + answer.message,
                 {},
                 Json{{"position", answer.position}}},
                "handed in by a person"
            );
        platform::crash_point("inbox.before_commit");
        transaction.commit();
        platform::crash_point("inbox.after_commit");
        if (answer.verdict == inbox::Verdict::refused) ++refused;
        print_answer(output, message, answer);
    }
    return refused;
}

}  // namespace mis::gateway::cli
