// Commands that show what is there: events, quarantine, dead letters.
#include "base/text.hpp"
#include "change/stream_state.hpp"
#include "disclosure/allow_list.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "outbox/delivery.hpp"
#include "outbox/outbox.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway::cli {
namespace {

std::string time_text(const Session& session, std::int64_t unix_us) {
    return session.config.clinic_zone.at(unix_us).to_string().substr(0, 19);
}

Json quarantine_json(const Session& session, const record::QuarantinedRow& row) {
    Json out{
        {"number", row.number},
        {"source", row.source},
        {"stream", row.stream},
        {"row_key", row.row_key},
        {"reason", row.reason},
        {"told", row.told},
        {"first_seen", session.config.clinic_zone.at(row.first_seen_us).to_string()},
        {"attempts", row.attempts},
    };
    if (!row.raw_row.empty())
        if (auto raw = parse_json(row.raw_row)) out["row"] = std::move(*raw);
    return out;
}

Result<void> check_event_type(const std::string& type) {
    if (type.empty()) return {};
    std::vector<std::string> known;
    for (const auto& shape : disclosure::event_shapes()) {
        if (shape.name == type) return {};
        known.emplace_back(shape.name);
    }
    return fail(
        ErrorKind::misconfigured, "events: no type '" + type + "'" + known_names(type, known)
    );
}

}  // namespace

int events(const Common& common, const Events& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        std::int64_t after = what.after;
        std::string type = what.type;
        if (type.starts_with("mis.")) type = type.substr(4);
        if (type.ends_with(".v1")) type.resize(type.size() - 3);
        if (const auto known = check_event_type(type); !known) return report_error(known.error());
        for (int left = what.limit; left > 0;) {
            const auto page = outbox::read_events(session.store->database(), after, 1000);
            if (page.empty()) break;
            for (const auto& event : page) {
                after = event.position;
                if (!type.empty() && event.type != type) continue;
                print_line(outbox::render_cloudevent(event, session.store->identity().clinic_id()));
                if (--left == 0) break;
            }
        }
        return kDone;
    });
}

int quarantine(const Common& common, const Quarantine& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto masking =
            what.privacy == Privacy::unmasked ? record::Masking::plain : record::Masking::masked;
        if (what.show > 0) {
            if (masking == record::Masking::plain)
                session.audit_look("quarantine " + std::to_string(what.show));
            const auto row =
                record::Quarantine::show(session.store->database(), what.show, masking);
            if (!row)
                return report_error(
                    "quarantine: no row " + std::to_string(what.show) +
                    ": `mis-gateway quarantine` lists the numbers; a row that was mended is gone"
                );
            print_line(quarantine_json(session, *row).dump(common.output == Output::json ? -1 : 2));
            return kDone;
        }
        if (const auto known = session.check_source(what.source, what.stream); !known)
            return report_error(known.error().within("quarantine"));
        if (masking == record::Masking::plain)
            session.audit_look("quarantine list " + what.source + " " + what.stream);
        record::QuarantineFilter filter;
        filter.source = what.source.empty() ? "" : session.identity_of(what.source);
        filter.stream = what.stream;
        filter.limit = what.limit;
        const auto rows = record::Quarantine::list(session.store->database(), filter, masking);
        Table table({"number", "source", "stream", "row", "since", "reason"}, {0});
        for (const auto& row : rows) {
            if (common.output == Output::json)
                print_json(quarantine_json(session, row));
            else
                table.add(
                    {std::to_string(row.number), row.source, row.stream,
                     row.row_key.empty() ? "(unreadable)" : row.row_key,
                     time_text(session, row.first_seen_us), row.told}
                );
        }
        if (common.output == Output::table) {
            if (table.size() == 0)
                print_line("nothing in quarantine");
            else
                table.print();
        }
        return kDone;
    });
}

int quarantine_dismiss(const Common& common, const Dismissal& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        if (const auto known = session.check_source(what.source, what.stream); !known)
            return report_error(known.error().within("quarantine dismiss"));
        if (trim(what.reason).empty())
            return report_error("quarantine dismiss: --reason is empty: say why, for the audit");
        const std::string source = session.identity_of(what.source);
        sqlite::Transaction transaction(session.store->database());
        const auto row = record::Quarantine::dismiss(
            transaction, source, what.stream, what.row, what.reason, session.clock.unix_us()
        );
        if (!row)
            return report_error(
                "quarantine dismiss: no row " + what.row + " of " + what.source + " " +
                what.stream +
                " is in quarantine: `mis-gateway quarantine` lists them; a row "
                "without a readable key is named by its number, as #17"
            );
        session.record(
            transaction,
            {"row_dismiss",
             "quarantine " + std::to_string(row->number),
             Json{
                 {"source", source},
                 {"stream", what.stream},
                 {"row", row->row_key.empty() ? what.row : row->row_key},
                 {"reason", row->reason}},
             {}},
            what.reason
        );
        transaction.commit();
        print_line(
            "row " + what.row + " of " + what.source + " " + what.stream +
            " is off the list; it comes back if its content or its reason is another"
        );
        return kDone;
    });
}

int quarantine_retry(const Common& common, const std::string& source, const std::string& stream) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        if (const auto known = session.check_source(source, stream); !known)
            return report_error(known.error().within("quarantine retry"));
        const std::string identity = session.identity_of(source);
        std::int64_t rows = 0;
        for (const auto& count : record::Quarantine::counts(session.store->database()))
            if (count.source == identity && count.stream == stream) rows = count.open;
        if (rows == 0)
            return report_error(
                "quarantine retry: no row of " + source + " " + stream +
                " is in quarantine: `mis-gateway quarantine` lists them"
            );
        const std::int64_t now_us = session.clock.unix_us();
        sqlite::Transaction transaction(session.store->database());
        change::ask_retry(transaction, identity, stream, now_us);
        session.record(
            transaction,
            {"row_retry", "source " + identity + " stream " + stream, Json{{"rows", rows}}, {}}
        );
        transaction.commit();
        print_line(
            std::to_string(rows) + " rows of " + source + " " + stream +
            " are read again at the next pass"
        );
        return kDone;
    });
}

int dead_letters(const Common& common, const DeadLetters& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        if (const auto known = session.check_sink(what.sink); !known)
            return report_error(known.error().within("dead-letters"));
        if (what.retry > 0) {
            sqlite::Transaction transaction(session.store->database());
            if (!outbox::retry_dead_letter(transaction, what.sink, what.retry))
                return report_error(
                    "dead-letters: sink " + what.sink + " has no dead letter at position " +
                    std::to_string(what.retry) + ": `mis-gateway dead-letters` lists them"
                );
            session.record(
                transaction, {"dead_letter_retry", "sink " + what.sink,
                              Json{{"position", what.retry}, {"state", "dead"}},
                              Json{{"position", what.retry}, {"state", "retry"}}}
            );
            transaction.commit();
            print_line(
                "position " + std::to_string(what.retry) + " will be sent again to " + what.sink
            );
            return kDone;
        }
        Table table({"sink", "position", "state", "since", "type", "id", "reason"}, {1});
        for (const auto& letter : outbox::dead_letters(
                 session.store->database(), what.sink, static_cast<std::size_t>(what.limit)
             )) {
            if (common.output == Output::json)
                print_json(
                    {{"sink", letter.sink},
                     {"position", letter.position},
                     {"state", letter.state},
                     {"type", letter.event.type},
                     {"id", letter.event.id},
                     {"reason", letter.reason},
                     {"at", session.config.clinic_zone.at(letter.at_us).to_string()}}
                );
            else
                table.add(
                    {letter.sink, std::to_string(letter.position), letter.state,
                     time_text(session, letter.at_us), letter.event.type, letter.event.id,
                     letter.reason}
                );
        }
        if (common.output == Output::table) {
            if (table.size() == 0)
                print_line("no dead letters");
            else
                table.print();
        }
        return kDone;
    });
}

}  // namespace mis::gateway::cli
