// The audit: what is in it, whether its chain holds, an exported copy, what left about one patient,
// and what the law orders erased.
#include "disclosure/audit.hpp"

#include <fstream>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "gateway/watching/disclosures.hpp"
#include "outbox/trace.hpp"
#include "platform/file.hpp"
#include "platform/private_file.hpp"

namespace mis::gateway::cli {
namespace {

constexpr std::size_t kPseudonymDigits = 32;
constexpr int kExportPage = 1'000;

std::string day_and_time(const Session& session, std::int64_t unix_us) {
    return session.config.clinic_zone.at(unix_us).to_string().substr(0, 19);
}

int report_verdict(const Common& common, const disclosure::AuditVerdict& verdict) {
    if (common.output == Output::json) {
        Json out{
            {"entries", verdict.entries},
            {"head", verdict.head},
            {"erased", verdict.erased},
            {"intact", !verdict.broken_at}};
        if (verdict.broken_at)
            out.update({{"broken_at", *verdict.broken_at}, {"reason", verdict.reason}});
        print_json(out);
    } else if (!verdict.broken_at) {
        print_line(
            "audit log intact: " + std::to_string(verdict.entries) + " entries, head " +
            verdict.head +
            (verdict.erased > 0
                 ? "; the content of " + std::to_string(verdict.erased) + " was erased by order"
                 : "")
        );
    }
    if (!verdict.broken_at) return kDone;
    return report_error(
        "audit log broken at entry " + std::to_string(*verdict.broken_at) + " (" + verdict.reason +
        "): compare with the last backup, which carries the head it had"
    );
}

// "mis/77" or a pseudonym.
Result<Patient> patient_named(Session& session, const std::string& text) {
    sqlite::Database& database = session.store->database();
    const Identity& identity = session.store->identity();
    if (text.size() == kPseudonymDigits && from_hex(text))
        return patient_of_pseudonym(database, identity, text);
    const auto slash = text.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == text.size())
        return fail(
            ErrorKind::misconfigured,
            "\"" + text +
                "\" names no patient: write his pseudonym (32 hex digits), or SOURCE/ID, the "
                "source's name and the patient's id in that MIS"
        );
    const std::string source = text.substr(0, slash);
    if (const auto known = session.check_source(source, {}); !known) return fail(known.error());
    return patient_of_card(
        database, identity, {session.identity_of(source), "patient", text.substr(slash + 1)}
    );
}

const char* word_of(Receipt::How how) {
    switch (how) {
        case Receipt::How::delivered:
            return "delivered";
        case Receipt::How::maybe_delivered:
            return "maybe_delivered";
        case Receipt::How::before_loss:
            return "before_loss";
    }
    return "";
}

Json entry_json(const Session& session, const outbox::TraceEntry& entry) {
    Json out{
        {"at", session.config.clinic_zone.at(entry.at_us).to_string()},
        {"type", entry.type},
        {"ground", entry.ground}};
    if (!entry.record_id.empty()) out["record"] = entry.record_id;
    if (!entry.id.empty()) out["id"] = entry.id;
    if (entry.position > 0) out["position"] = entry.position;
    return out;
}

void print_disclosures_json(const Session& session, const Disclosures& found) {
    for (const auto& one : found.left) {
        Json out = entry_json(session, one.entry);
        out["fate"] = "left";
        out["receipts"] = Json::array();
        for (const auto& receipt : one.receipts)
            out["receipts"].push_back(
                {{"sink", receipt.sink},
                 {"at", session.config.clinic_zone.at(receipt.at_us).to_string()},
                 {"how", word_of(receipt.how)}}
            );
        print_json(out);
    }
    for (const auto& entry : found.withheld) {
        Json out = entry_json(session, entry);
        out["fate"] = "withheld";
        print_json(out);
    }
    for (const auto* entries : {&found.looks, &found.decisions})
        for (const auto& entry : *entries)
            print_json(
                {{"at", session.config.clinic_zone.at(entry.at_us).to_string()},
                 {"fate", entry.action},
                 {"who", entry.who},
                 {"ground", entry.ground},
                 {"subject", entry.subject}}
            );
}

std::string receipts_text(const Session& session, const Disclosed& one) {
    std::string text;
    for (const auto& receipt : one.receipts)
        text += (text.empty() ? "" : "; ") +
                (receipt.sink.empty() ? "before the store was lost" : receipt.sink) + " " +
                day_and_time(session, receipt.at_us) +
                (receipt.how == Receipt::How::maybe_delivered ? " (whether it arrived is unknown)"
                                                              : "");
    return text.empty() ? "to nobody yet" : text;
}

void print_disclosures(
    const Session& session, const std::string& asked, const Patient& patient,
    const Disclosures& found
) {
    print_line("What left about patient " + asked);
    print_line("clinic " + session.config.clinic_id);
    for (const auto& pseudonym : patient.pseudonyms) print_line("known outside as " + pseudonym);
    print_line(
        "as of " + day_and_time(session, session.clock.unix_us()) +
        (found.since_us ? "; known since " + day_and_time(session, *found.since_us) : "")
    );
    print_line("");
    if (found.left.empty()) {
        print_line("nothing left");
    } else {
        Table table({"at", "event", "ground", "id", "received by"});
        for (const auto& one : found.left)
            table.add(
                {day_and_time(session, one.entry.at_us), one.entry.type, one.entry.ground,
                 one.entry.id, receipts_text(session, one)}
            );
        table.print();
    }
    if (!found.withheld.empty()) {
        print_line("");
        print_line("withheld:");
        Table table({"at", "event", "because"});
        for (const auto& entry : found.withheld)
            table.add({day_and_time(session, entry.at_us), entry.type, entry.ground});
        table.print();
    }
    if (!found.looks.empty() || !found.decisions.empty()) {
        print_line("");
        print_line("looked at and decided:");
        Table table({"at", "action", "who", "ground", "subject"});
        for (const auto* entries : {&found.looks, &found.decisions})
            for (const auto& entry : *entries)
                table.add(
                    {day_and_time(session, entry.at_us), entry.action, entry.who, entry.ground,
                     entry.subject}
                );
        table.print();
    }
}

}  // namespace

int audit_show(const Common& common, std::int64_t from, int limit) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        Table table({"number", "at", "action", "who", "ground", "subject", "ids"}, {0});
        for (const auto& entry : disclosure::Audit::show(session.store->database(), from, limit)) {
            if (common.output == Output::json) {
                Json out{{"number", entry.number},
                         {"at", session.config.clinic_zone.at(entry.at_us).to_string()},
                         {"action", entry.action},
                         {"who", entry.who},
                         {"ground", entry.ground},
                         {"subject", entry.subject},
                         {"ids", entry.ids},
                         {"hash", entry.hash}};
                if (entry.erased) out["erased"] = *entry.erased;
                print_json(out);
            } else {
                table.add(
                    {std::to_string(entry.number), day_and_time(session, entry.at_us), entry.action,
                     entry.who, entry.ground,
                     entry.erased ? "(erased by entry " + std::to_string(*entry.erased) + ")"
                                  : entry.subject,
                     entry.ids.empty() ? "" : std::to_string(entry.ids.size()) + " events"}
                );
            }
        }
        if (common.output == Output::table) table.print();
        return kDone;
    });
}

int audit_verify(const Common& common, const std::filesystem::path& file) {
    if (!file.empty()) {
        std::ifstream lines(file);
        if (!lines) return report_error("audit verify: " + file.string() + " cannot be read");
        const auto verdict = disclosure::verify_export(lines);
        if (!verdict) return report_error(verdict.error().within("audit verify: " + file.string()));
        return report_verdict(common, *verdict);
    }
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        return report_verdict(common, disclosure::Audit::verify(session.store->database()));
    });
}

int audit_export(const Common& common, const std::filesystem::path& file) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        if (!platform::make_private_file(file))
            return report_error(
                "audit export: " + file.string() +
                " exists or cannot be made: name a new file in a folder that may be written"
            );
        std::ofstream out(file);
        out << disclosure::export_head(session.config.clinic_id, session.clock.unix_us());
        disclosure::AuditChain chain;
        auto database = session.store->reader();
        for (std::int64_t from = 1;;) {
            const auto page = disclosure::Audit::show(database, from, kExportPage);
            if (page.empty()) break;
            for (const auto& entry : page) {
                chain.add(entry);
                out << disclosure::export_line(entry);
            }
            from = page.back().number + 1;
        }
        const auto verdict = chain.verdict();
        out << disclosure::export_end(verdict);
        out.close();
        if (!out) return report_error("audit export: writing " + file.string() + " failed");
        platform::sync_file(file);
        if (verdict.broken_at) return report_verdict(common, verdict);
        print_line(
            "audit log exported to " + file.string() + ": " + std::to_string(verdict.entries) +
            " entries, head " + verdict.head
        );
        return kDone;
    });
}

int audit_patient(const Common& common, const std::string& patient) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto who = patient_named(session, patient);
        if (!who) return report_error(who.error().within("audit patient"));
        const auto found = disclosures_of(session.store->database(), *who);
        if (common.output == Output::json)
            print_disclosures_json(session, found);
        else
            print_disclosures(session, patient, *who, found);
        return kDone;
    });
}

int audit_erase(const Common& common, const std::string& patient, const std::string& reason) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        if (trim(reason).empty())
            return report_error("audit erase: --reason is empty: name the order, for the audit");
        const auto who = patient_named(session, patient);
        if (!who) return report_error(who.error().within("audit erase"));
        sqlite::Transaction transaction(session.store->database());
        std::int64_t traced = 0;
        Json whom = Json::array();
        for (const auto& pseudonym : who->pseudonyms) {
            traced += outbox::erase_trace(transaction, pseudonym);
            whom.push_back(to_hex(sha256(pseudonym)));
        }
        const auto rows = disclosure::Audit::erase(
            transaction, who->names, session.operator_login(), reason, session.clock.unix_us()
        );
        session.record(
            transaction,
            {"audit_erase",
             "a patient",
             Json{{"trace", traced}, {"audit", rows}, {"whom", whom}},
             {}},
            reason
        );
        transaction.commit();
        print_line(
            std::to_string(traced) + " change sets of the trace and the content of " +
            std::to_string(rows) +
            " audit entries erased; the chain holds, `mis-gateway audit verify` proves it"
        );
        return kDone;
    });
}

}  // namespace mis::gateway::cli
