// `patient`: which cards of several sources are one person's (P11).
#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "domain_store/patient_links.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/cli/session.hpp"
#include "platform/file.hpp"

namespace mis::gateway::cli {
namespace {

constexpr std::size_t kErrorsShown = 20;

// "mis/77"; the id may have slashes of its own.
Result<RecordKey> card_of(const Session& session, std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size())
        return fail(
            ErrorKind::misconfigured, "\"" + std::string(text) +
                                          "\" names no patient: write SOURCE/ID, the source's name "
                                          "and the patient's id in that MIS"
        );
    const std::string source(text.substr(0, slash));
    if (const auto known = session.check_source(source, {}); !known) return fail(known.error());
    return RecordKey{session.identity_of(source), "patient", std::string(text.substr(slash + 1))};
}

std::string text_of(const RecordKey& card) { return card.source + "/" + card.source_id; }

// The two columns of one line, with either separator that a spreadsheet writes.
std::optional<std::pair<std::string, std::string>> two_cells(std::string_view line) {
    const auto cut = line.find_first_of(",;\t");
    if (cut == std::string_view::npos) return std::nullopt;
    const auto bare = [](std::string_view cell) {
        cell = trim(cell);
        if (cell.size() > 1 && cell.front() == '"' && cell.back() == '"')
            cell = cell.substr(1, cell.size() - 2);
        return std::string(trim(cell));
    };
    auto first = bare(line.substr(0, cut)), second = bare(line.substr(cut + 1));
    if (first.empty() || second.empty() || second.find_first_of(",;\t") != std::string::npos)
        return std::nullopt;
    return std::pair(std::move(first), std::move(second));
}

Result<void> link_in(
    Session& session, Meaning& meaning, sqlite::Transaction& transaction, std::string_view joins,
    std::string_view stays
) {
    auto one = card_of(session, joins), other = card_of(session, stays);
    if (!one) return fail(one.error());
    if (!other) return fail(other.error());
    return meaning.link_patients(
        transaction, {std::move(*one), std::move(*other)},
        {session.operator_login(), session.clock.unix_us()}
    );
}

}  // namespace

int patient_link(const Common& common, const std::string& joins, const std::string& stays) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto meaning = session.meaning();
        {
            sqlite::Transaction transaction(session.store->database());
            const auto linked = link_in(session, *meaning, transaction, joins, stays);
            if (!linked) return report_error(linked.error().within("patient link"));
            transaction.commit();
        }
        session.work_off();
        print_line(joins + " and " + stays + " are one person, known as " + stays);
        return kDone;
    });
}

int patient_unlink(const Common& common, const std::string& joins) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const auto card = card_of(session, joins);
        if (!card) return report_error(card.error().within("patient unlink"));
        const auto meaning = session.meaning();
        {
            sqlite::Transaction transaction(session.store->database());
            const auto undone = meaning->unlink_patient(
                transaction, *card, {session.operator_login(), session.clock.unix_us()}
            );
            if (!undone) return report_error(undone.error().within("patient unlink"));
            transaction.commit();
        }
        session.work_off();
        print_line(joins + " is a person of its own again");
        return kDone;
    });
}

int patient_list(const Common& common, const PatientList& what) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        using domain_store::PatientLinks;
        const PatientLinks links(session.store->database());
        const auto which = what.history ? PatientLinks::Which::all : PatientLinks::Which::standing;
        const auto time_text = [&](std::int64_t at_us) {
            return session.config.clinic_zone.at(at_us).to_string();
        };
        std::vector<std::string> columns{"joins", "stays", "linked", "by"};
        if (what.history) columns.insert(columns.end(), {"unlinked", "by"});
        Table table(columns);
        for (std::int64_t after = 0;;) {
            const auto page = links.page(which, after, PatientLinks::kPerPage);
            if (page.links.empty()) break;
            after = page.last;
            for (const auto& one : page.links) {
                if (common.output == Output::json) {
                    Json out{
                        {"joins", text_of(one.joins)},
                        {"stays", text_of(one.stays)},
                        {"linked", time_text(one.linked_us)},
                        {"by", one.linked_by}};
                    if (one.unlinked_us) {
                        out["unlinked"] = time_text(*one.unlinked_us);
                        out["unlinked_by"] = one.unlinked_by;
                    }
                    print_json(out);
                    continue;
                }
                std::vector<std::string> row{
                    text_of(one.joins), text_of(one.stays), time_text(one.linked_us),
                    one.linked_by};
                if (what.history) {
                    row.push_back(one.unlinked_us ? time_text(*one.unlinked_us) : "");
                    row.push_back(one.unlinked_by);
                }
                table.add(row);
            }
        }
        if (common.output == Output::table) {
            if (table.size() == 0)
                print_line(
                    what.history ? "no patients of several sources were ever linked"
                                 : "no patients of several sources are linked"
                );
            else
                table.print();
        }
        return kDone;
    });
}

int patient_import(const Common& common, const std::filesystem::path& file) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const std::string text = platform::read_file(file);
        std::string_view rest = text;
        if (rest.starts_with("\xef\xbb\xbf")) rest.remove_prefix(3);
        const auto meaning = session.meaning();
        const domain_store::PatientLinks links(session.store->database());
        sqlite::Transaction transaction(session.store->database());
        std::size_t number = 0, linked = 0, known = 0, wrong = 0;
        const auto refuse = [&](const std::string& why) {
            if (++wrong <= kErrorsShown)
                report_error(file.string() + ":" + std::to_string(number) + ": " + why);
        };
        while (!rest.empty()) {
            const auto end = rest.find('\n');
            const auto line = trim(rest.substr(0, end));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            ++number;
            if (line.empty()) continue;
            const auto cells = two_cells(line);
            if (number == 1) {
                if (!cells || cells->first != "joins" || cells->second != "stays")
                    return report_error(
                        file.string() + ":1: the first line names the columns: joins,stays"
                    );
                continue;
            }
            if (!cells) {
                refuse("two cells are expected, SOURCE/ID,SOURCE/ID");
                continue;
            }
            const auto joins = card_of(session, cells->first);
            const auto there = joins ? links.of(*joins) : std::nullopt;
            const auto stays = card_of(session, cells->second);
            if (there && stays && there->stays == *stays) {
                ++known;
                continue;
            }
            const auto done = link_in(session, *meaning, transaction, cells->first, cells->second);
            if (done)
                ++linked;
            else
                refuse(done.error().text);
        }
        if (wrong > 0)
            return report_error(
                "patient import: " + std::to_string(wrong) +
                " lines are wrong, and nothing was linked: mend them and import the file again"
            );
        transaction.commit();
        session.work_off();
        print_line(
            std::to_string(linked) + " patients linked, " + std::to_string(known) +
            " were linked already"
        );
        return kDone;
    });
}

}  // namespace mis::gateway::cli
