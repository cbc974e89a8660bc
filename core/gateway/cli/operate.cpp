// Commands by which the clinic decides: orders, holds, codes, feedback, messages handed in.
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "change/stream_state.hpp"
#include "domain_store/code_map.hpp"
#include "gateway/cli/hand_in.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "platform/file.hpp"

namespace mis::gateway::cli {
namespace {

using Decided = Result<disclosure::Decision>;

// A change to the store by a meaning's hand, with its row in the audit, then its consequences.
int change_store(
    const Common& common,
    const std::function<Decided(Session&, Meaning&, sqlite::Transaction&)>& change
) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto meaning = session.meaning();
        {
            sqlite::Transaction transaction(session.store->database());
            const auto decided = change(session, *meaning, transaction);
            if (!decided) return report_error(decided.error());
            session.record(transaction, *decided);
            transaction.commit();
        }
        session.work_off();
        return kDone;
    });
}

// Whose an order is, for the audit; null: it waits.
Json link_state(Session& session, const std::string& order) {
    const auto link = inbox::Inbox(session.store->database()).link_of(order);
    if (!link) return {};
    return Json{
        {"patient", session.store->identity().pseudonym(link->source, link->patient_source_id)},
        {"ground", link->ground}};
}

// Section A or B, then groups of digits: A16.07.002, B01.065.001, A16.07.002.010.
bool is_order_804_code(std::string_view text) {
    const std::string code = fold_code(text);
    const auto parts = split(code, '.');
    if (parts.size() < 3 || parts.size() > 4 || parts[0].size() != 3) return false;
    const auto digits = [](std::string_view part, std::size_t least, std::size_t most) {
        return part.size() >= least && part.size() <= most &&
               part.find_first_not_of("0123456789") == std::string_view::npos;
    };
    return (code[0] == 'A' || code[0] == 'B') && digits(parts[0].substr(1), 2, 2) &&
           digits(parts[1], 2, 3) && digits(parts[2], 3, 3) &&
           (parts.size() == 3 || digits(parts[3], 2, 3));
}

constexpr int kHeldRecordsShown = 2'000;

// What --send would change; nothing of it stays.
std::vector<Meaning::HeldChange> held_changes(Session& session, const change::StreamCounts& held) {
    const auto meaning = session.meaning();
    sqlite::Transaction transaction(session.store->database());
    return meaning->preview_mapping_hold(
        transaction, held.source, held.stream, session.clock.unix_us(), kHeldRecordsShown
    );
}

std::vector<std::string> changes_text(
    const change::StreamCounts& held, const std::vector<Meaning::HeldChange>& changes
) {
    std::vector<std::string> lines;
    const auto side = [](std::int64_t count, const std::optional<Money>& total) {
        return std::to_string(count) +
               (total ? " (" + total->to_string() + " in all)" : std::string());
    };
    lines.push_back(
        held.source + " " + held.stream +
        (changes.empty() ? ": --send would announce nothing"
                         : ": what stands announced, before and after --send") +
        (held.held_by_mapping > kHeldRecordsShown
             ? ", of the first " + std::to_string(kHeldRecordsShown) + " records"
             : "")
    );
    for (const auto& change : changes)
        lines.push_back(
            "  " + change.type + ": " + side(change.before, change.total_before) + " -> " +
            side(change.after, change.total_after) + ", " + std::to_string(change.changed) +
            " differ"
        );
    return lines;
}

}  // namespace

int order_link(
    const Common& common, const std::string& order, const std::string& source,
    const std::string& patient_source_id
) {
    return change_store(
        common,
        [&](Session& session, Meaning& meaning, sqlite::Transaction& transaction) -> Decided {
            if (auto known = session.check_source(source, {}); !known) return fail(known.error());
            const auto linked = meaning.link_order(
                transaction, {order, session.identity_of(source), patient_source_id,
                              session.clock.unix_us(), "operator"}
            );
            if (!linked) return fail(linked.error());
            return disclosure::Decision{
                "order_link", "order " + order, {}, link_state(session, order)};
        }
    );
}

int order_unlink(const Common& common, const std::string& order) {
    return change_store(
        common,
        [&](Session& session, Meaning& meaning, sqlite::Transaction& transaction) -> Decided {
            Json before = link_state(session, order);
            const auto undone = meaning.unlink_order(transaction, order);
            if (!undone) return fail(undone.error());
            return disclosure::Decision{"order_unlink", "order " + order, std::move(before), {}};
        }
    );
}

int hold_list(const Common& common) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        Table table({"source", "stream", "since", "missing", "known", "reason"}, {3, 4});
        for (const auto& hold : change::holds(session.store->database())) {
            const auto since = session.config.clinic_zone.at(hold.since_us).to_string();
            if (common.output == Output::json)
                print_json(
                    {{"source", hold.source},
                     {"stream", hold.stream},
                     {"since", since},
                     {"missing", hold.missing},
                     {"known", hold.known},
                     {"reason", hold.reason},
                     {"code", hold.code},
                     {"released", hold.released}}
                );
            else
                table.add(
                    {hold.source, hold.stream, since, std::to_string(hold.missing),
                     std::to_string(hold.known),
                     hold.released ? hold.reason + " (released)" : hold.reason}
                );
        }
        std::vector<std::string> consequences;
        for (const auto& count : change::RecordStore(session.store->database()).counts()) {
            if (count.held_by_mapping == 0) continue;
            const auto changes = held_changes(session, count);
            const std::string reason =
                std::to_string(count.held_by_mapping) +
                " records differ by the mapping alone: release with --send or --baseline";
            if (common.output == Output::json)
                print_json(
                    {{"source", count.source},
                     {"stream", count.stream},
                     {"held_by_mapping", count.held_by_mapping},
                     {"reason", reason},
                     {"changes", changes_json(changes)}}
                );
            else
                table.add({count.source, count.stream, "", "", "", reason});
            for (const auto& line : changes_text(count, changes)) consequences.push_back(line);
        }
        if (common.output == Output::table) {
            if (table.size() == 0)
                print_line("nothing is held");
            else
                table.print();
            for (const auto& line : consequences) print_line(line);
        }
        return kDone;
    });
}

namespace {

Decided release_plain(
    Session& session, sqlite::Transaction& transaction, const std::string& source,
    const std::string& stream
) {
    const std::string identity = session.identity_of(source);
    Json before = Json::array();
    for (const auto& hold : change::holds(session.store->database()))
        if (hold.source == identity && hold.stream == stream && !hold.released)
            before.push_back({{"missing", hold.missing}, {"known", hold.known}});
    if (change::release_hold(transaction, identity, stream))
        return disclosure::Decision{
            stream.empty() ? "source_hold_release" : "hold_release",
            "source " + identity + (stream.empty() ? "" : " stream " + stream),
            Json{{"holds", std::move(before)}},
            {}};
    for (const auto& count : change::RecordStore(session.store->database()).counts())
        if (count.source == identity && (stream.empty() || count.stream == stream) &&
            count.held_by_mapping > 0)
            return fail(
                ErrorKind::rejected, source + " " + count.stream +
                                         ": a changed mapping waits there: name the "
                                         "stream and add --send or --baseline"
            );
    return fail(
        ErrorKind::rejected, "nothing is held at " + source + (stream.empty() ? "" : " " + stream) +
                                 ": see `mis-gateway hold list`"
    );
}

}  // namespace

int hold_release(
    const Common& common, const std::string& source, const std::string& stream, HoldAnswer answer
) {
    return change_store(
        common,
        [&](Session& session, Meaning& meaning, sqlite::Transaction& transaction) -> Decided {
            if (auto known = session.check_source(source, stream); !known)
                return fail(known.error());
            if (answer == HoldAnswer::none)
                return release_plain(session, transaction, source, stream);
            if (stream.empty())
                return fail(
                    ErrorKind::misconfigured,
                    "hold release: --send and --baseline answer for one stream: name it behind " +
                        source
                );
            const std::string identity = session.identity_of(source);
            std::int64_t held = 0;
            for (const auto& count : change::RecordStore(session.store->database()).counts())
                if (count.source == identity && count.stream == stream)
                    held = count.held_by_mapping;
            const bool send = answer == HoldAnswer::send;
            const auto answered = meaning.answer_mapping_hold(
                transaction, identity, stream,
                send ? change::RecordStore::Answer::send : change::RecordStore::Answer::baseline,
                session.clock.unix_us()
            );
            if (!answered) return fail(answered.error());
            return disclosure::Decision{
                send ? "mapping_hold_send" : "mapping_hold_baseline",
                "source " + identity + " stream " + stream,
                Json{{"records", held}},
                {}};
        }
    );
}

int map_code(
    const Common& common, const std::string& source, const std::string& service_code,
    const std::string& nomenclature
) {
    if (nomenclature.empty()) {
        report_error(
            "map-code: three words are needed: SOURCE CODE NOMENCLATURE; without any it lists what "
            "is unmapped"
        );
        return kUsage;
    }
    return change_store(
        common,
        [&](Session& session, Meaning& meaning, sqlite::Transaction& transaction) -> Decided {
            if (auto known = session.source_setup(source); !known && source != "scenario")
                return fail(known.error());
            if (!is_order_804_code(nomenclature) && session.groups->find(nomenclature) == nullptr)
                return fail(
                    ErrorKind::misconfigured,
                    "map-code: '" + nomenclature +
                        "' is no code of order 804n: write one like A16.07.002 or B01.065.001; a "
                        "code of the clinic's own has to stand in nomenclature.extend_file first"
                );
            const auto all = domain_store::CodeMap(session.store->database()).all();
            const auto was = all.find(fold_code(service_code));
            Json before;
            if (was != all.end()) before = Json{{"nomenclature", was->second}};
            meaning.map_code(transaction, service_code, nomenclature);
            print_line(
                service_code + " is " + fold_code(nomenclature) +
                " from now on; plans are matched again"
            );
            return disclosure::Decision{
                "map_code", "code " + service_code, std::move(before),
                Json{{"nomenclature", fold_code(nomenclature)}}};
        }
    );
}

int map_code_list(const Common& common) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const domain_store::CodeMap codes(session.store->database());
        Table table({"code", "seen in change sets", "nomenclature"}, {1});
        for (const auto& code : codes.unmapped()) {
            if (common.output == Output::json)
                print_json({{"code", code.code}, {"times", code.times}, {"nomenclature", nullptr}});
            else
                table.add({code.code, std::to_string(code.times), "(unmapped)"});
        }
        for (const auto& [code, nomenclature] : codes.all()) {
            if (common.output == Output::json)
                print_json({{"code", code}, {"nomenclature", nomenclature}});
            else
                table.add({code, "", nomenclature});
        }
        if (common.output == Output::table) {
            if (table.size() == 0)
                print_line("every code that was seen has a national code");
            else
                table.print();
        }
        return kDone;
    });
}

int feedback_list(const Common& common) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const inbox::Inbox inbox(session.store->database());
        Table table({"feedback", "order", "state", "since"});
        for (const auto& feedback : inbox.feedbacks(1000)) {
            std::string order, state, since;
            for (const auto& message : inbox.messages_of_feedback(feedback)) {
                if (message.body.contains("order")) order = message.body.find("order").string();
                if (since.empty())
                    since = session.config.clinic_zone.at(message.received_us).to_string();
                state = message.type.substr(message.type.find('.') + 1);
            }
            if (common.output == Output::json)
                print_json(
                    {{"feedback", feedback}, {"order", order}, {"state", state}, {"since", since}}
                );
            else
                table.add({feedback, order, state, since});
        }
        if (common.output == Output::table) {
            if (table.size() == 0)
                print_line("no feedback yet");
            else
                table.print();
        }
        return kDone;
    });
}

int feedback_answer(
    const Common& common, const std::string& feedback, const std::filesystem::path& text_file
) {
    return change_store(
        common,
        [&](Session& session, Meaning& meaning, sqlite::Transaction& transaction) -> Decided {
            const std::string text(trim(platform::read_file(text_file)));
            const auto answered =
                meaning.answer_feedback(transaction, feedback, text, session.clock.unix_us());
            if (!answered) return fail(answered.error());
            return disclosure::Decision{
                "feedback_answer",
                "feedback " + feedback,
                {},
                Json{{"bytes", text.size()}, {"sha256", to_hex(sha256(text))}}};
        }
    );
}

int inbox_push(const Common& common, const std::filesystem::path& file) {
    return with_session(common, ClinicStore::Opening::create, [&](Session& session) {
        const auto refused = hand_in_messages(session, common.output, file);
        if (!refused) return report_error(refused.error());
        session.work_off();
        return *refused == 0 ? kDone : kFailed;
    });
}

}  // namespace mis::gateway::cli
