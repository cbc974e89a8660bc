#include "domain/limit_ledger/ledger.hpp"

#include <algorithm>
#include <tuple>

#include "domain/limit_ledger/comment.hpp"

namespace mis::domain {
namespace {

bool is_discounted(const Line& line) {
    const bool below_list = line.list_total && line.list_total->currency == line.total.currency &&
                            line.total < *line.list_total;
    return below_list || (line.discount && line.discount->minor > 0);
}

// A charge that the account's kind of payer would owe: "limit" names nobody.
std::string payer_outside(const std::string& payer, const Account& account) {
    return payer.empty() || payer == "limit" ? account.overrun_payer : payer;
}

void add(std::vector<LineCharge>& charges, LineCharge charge) {
    for (LineCharge& other : charges) {
        if (other.line != charge.line || other.payer != charge.payer || other.limit != charge.limit)
            continue;
        other.total += charge.total;
        if (other.party.empty()) other.party = charge.party;
        for (const auto& [account, part] : charge.overruns) {
            const auto [at, fresh] = other.overruns.try_emplace(account, part);
            if (!fresh) at->second += part;
        }
        return;
    }
    charges.push_back(std::move(charge));
}

}  // namespace

std::map<std::string, Stop> read_stops(
    const TypedFacts& typed, const GroupFacts& facts, Announced& after
) {
    std::map<std::string, Stop> stops;
    const auto stop = [&](const std::string& patient, const Timestamp& from) {
        const auto [at, fresh] = stops.try_emplace(patient, Stop{from, from <= facts.now});
        if (!fresh && from < at->second.from) at->second = Stop{from, from <= facts.now};
    };
    for (const Appointment& visit : typed.appointments) {
        if (visit.comment.empty() || visit.patient.empty()) continue;
        if (parse_limit_comment(visit.comment).closes) stop(visit.patient, visit.starts_at);
    }
    for (const auto& [own, patient] : typed.patients) {
        if (!patient.white_mark) {
            after.first_seen_us.erase("white/" + own);
            continue;
        }
        std::int64_t since = 0;
        if (patient.white_since_us) {
            since = *patient.white_since_us;
        } else {
            since = after.first_seen_us.try_emplace("white/" + own, patient.first_seen_us)
                        .first->second;
        }
        for (const Appointment& visit : typed.appointments) {
            if (visit.patient != patient.pseudonym || visit.starts_at.unix_us <= since) continue;
            stop(visit.patient, visit.starts_at);
            break;
        }
    }
    return stops;
}

std::vector<Account*> Assigner::accounts_of(std::string_view patient, std::optional<Date> day)
    const {
    std::vector<Account*> found;
    for (Account& account : accounts_) {
        if (!account.patients.contains(std::string(patient))) continue;
        if (!day || account.valid_on(*day)) found.push_back(&account);
    }
    std::sort(
        found.begin(), found.end(),
        [](const Account* a, const Account* b) {  // L0: earliest valid_to, then lowest id
            if (a->valid_to != b->valid_to)
                return a->valid_to && (!b->valid_to || *a->valid_to < *b->valid_to);
            return std::tie(a->statements.front().key.source_id, a->id) <
                   std::tie(b->statements.front().key.source_id, b->id);
        }
    );
    return found;
}

Account* Assigner::find(const Line& line, const std::string& limit_source_id) const {
    for (Account& account : accounts_) {
        if (account.id == limit_source_id) return &account;
        for (const LimitStatement& said : account.statements) {
            const bool recorded =
                said.key.source == line.key.source && said.key.source_id == limit_source_id;
            if (recorded || said.id == limit_source_id) return &account;
        }
    }
    return nullptr;
}

std::optional<Piece> Assigner::piece_of(
    const Line& line, const std::string& payer, const std::string& limit_source_id, Money total,
    std::vector<Violation>* violations
) const {
    Account* account = nullptr;
    if (!limit_source_id.empty()) {
        account = find(line, limit_source_id);
        if (account == nullptr) return std::nullopt;
    } else if (payer == "limit") {
        const auto valid = accounts_of(line.patient, line.day);
        const auto known = valid.empty() ? accounts_of(line.patient, std::nullopt) : valid;
        if (known.empty()) return std::nullopt;
        account = known.front();
    } else if (payer.empty()) {
        const auto known = accounts_of(line.patient, std::nullopt);
        if (known.size() == 1 && known.front()->weak() && known.front()->valid_on(line.day)) {
            Account* weak = known.front();
            const bool begun =
                weak->valid_from || !weak->counts_from || line.day >= *weak->counts_from;
            const auto stop = stops_.find(line.patient);
            const bool stopped = stop != stops_.end() && line.performed_at >= stop->second.from;
            if (begun && !stopped) account = weak;
        }
    }
    if (account == nullptr)
        return Piece{&line, nullptr, payer.empty() ? "patient" : payer, "", total};

    const auto violate = [&](const char* rule) {
        if (violations == nullptr) return;
        for (auto said = violations->rbegin(); said != violations->rend(); ++said) {
            if (said->line != &line) break;
            if (said->limit == account->id && said->rule == rule) return;  // of another share
        }
        violations->push_back(Violation{account->id, rule, &line});
    };
    const bool foreign = total.currency != account->granted.currency;
    if (foreign || !account->valid_on(line.day)) {
        violate(foreign ? "currency" : "outside_validity");
        const std::string owed_by =
            foreign ? payer_outside(payer, *account) : account->overrun_payer;
        return Piece{
            &line, nullptr, owed_by, owed_by == "organization" ? account->party() : "", total};
    }
    if (!account->discounts_allowed && is_discounted(line)) violate("discount");
    return Piece{&line, account, "limit", account->party(), total};
}

std::vector<Piece> Assigner::assign(
    const Line& line, std::vector<Violation>* violations, std::vector<Waiting>* waiting
) const {
    std::vector<Piece> pieces;
    if (line.shares.empty()) {
        auto whole = piece_of(line, line.payer, line.limit_source_id, line.total, violations);
        if (whole)
            pieces.push_back(std::move(*whole));
        else if (waiting != nullptr)
            waiting->push_back(Waiting{line.key, line.limit_source_id});
        return pieces;
    }
    for (const Share& share : line.shares) {
        auto piece = piece_of(line, share.payer, share.limit_source_id, share.total, violations);
        if (!piece) {
            if (waiting != nullptr) waiting->push_back(Waiting{line.key, share.limit_source_id});
            return {};
        }
        pieces.push_back(std::move(*piece));
    }
    return pieces;
}

bool Assigner::requires_approval(const Line& line) const {
    const bool any = std::any_of(accounts_.begin(), accounts_.end(), [](const Account& account) {
        return account.approval_required;
    });
    if (!any) return false;
    for (const Piece& piece : assign(line, nullptr, nullptr)) {
        if (piece.account != nullptr && piece.account->approval_required) return true;
    }
    return false;
}

Ledger keep_ledger(
    const TypedFacts& typed, std::vector<Account>& accounts, const Assigner& assigner
) {
    Ledger ledger;
    ledger.charges.reserve(typed.lines.size());
    for (Account& account : accounts) account.consumed = Money{0, account.granted.currency};
    std::vector<LineCharge> of_line;
    for (const Line& line : typed.lines) {
        if (line.in_progress) continue;
        of_line.clear();
        for (const Piece& piece : assigner.assign(line, &ledger.violations, &ledger.waiting)) {
            if (piece.account == nullptr) {
                add(of_line, LineCharge{&line, piece.payer, "", piece.party, piece.total, {}});
                continue;
            }
            Account& account = *piece.account;
            const std::int64_t room = account.remaining().minor;
            const std::int64_t inside = std::min(room, piece.total.minor);
            const std::int64_t outside = piece.total.minor - inside;
            account.consumed += piece.total;
            if (account.lines.empty() || account.lines.back() != &line)
                account.lines.push_back(&line);
            const Currency currency = piece.total.currency;
            if (inside > 0 || outside == 0) {
                add(of_line,
                    LineCharge{&line, "limit", account.id, piece.party, Money{inside, currency}, {}}
                );
            }
            if (outside > 0) {
                const std::string party =
                    account.overrun_payer == "organization" ? piece.party : "";
                const Money part{outside, currency};
                add(of_line,
                    LineCharge{&line, account.overrun_payer, "", party, part, {{account.id, part}}}
                );
            }
        }
        if (of_line.size() > 1) {
            std::stable_sort(
                of_line.begin(), of_line.end(),
                [](const LineCharge& a, const LineCharge& b) {
                    return std::make_tuple(a.payer != "limit", a.payer, a.limit) <
                           std::make_tuple(b.payer != "limit", b.payer, b.limit);
                }
            );
        }
        std::move(of_line.begin(), of_line.end(), std::back_inserter(ledger.charges));
    }
    return ledger;
}

}  // namespace mis::domain
