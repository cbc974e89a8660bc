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
        if (other.line != charge.line || other.payer != charge.payer ||
            other.limit != charge.limit || other.party != charge.party)
            continue;  // B2
        other.total += charge.total;
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

Assigner::Assigner(
    std::vector<Account>& accounts, const std::map<std::string, Stop>& stops,
    const GroupFacts& facts, const Identity& identity
)
    : accounts_(accounts), stops_(stops), identity_(identity) {
    for (const RecordKey& limit : facts.foreign_limits)
        foreign_.insert({limit.source, limit.source_id});
}

std::vector<Account*> Assigner::accounts_of(std::string_view patient, std::optional<Date> day)
    const {
    std::vector<Account*> found;
    for (Account& account : accounts_) {
        if (!account.patients.contains(std::string(patient))) continue;
        if (!day || account.valid_on(*day)) found.push_back(&account);
    }
    std::sort(found.begin(), found.end(), [](const Account* a, const Account* b) {
        return comes_first(*a, *b);
    });
    return found;
}

Account* Assigner::find(const std::string& source, const std::string& limit_source_id) const {
    for (Account& account : accounts_) {
        if (account.id == limit_source_id) return &account;
        for (const LimitStatement& said : account.statements) {
            const bool recorded =
                said.key.source == source && said.key.source_id == limit_source_id;
            if (recorded || said.id == limit_source_id) return &account;
        }
    }
    return nullptr;
}

bool Assigner::is_foreign(const std::string& source, const std::string& limit_source_id) const {
    return !foreign_.empty() && foreign_.contains({source, limit_source_id});
}

bool Assigner::stopped(const Line& line) const {
    const auto stop = stops_.find(line.patient);
    return stop != stops_.end() && line.performed_at >= stop->second.from;
}

// The one valid that day; of several the settled order's, else by L0's order. What ended before
// gives way to what had not.
Account* Assigner::by_payer(const Claim& claim) const {
    auto known = accounts_of(claim.line.patient, claim.line.day);
    if (known.empty()) known = accounts_of(claim.line.patient, std::nullopt);
    if (known.empty()) return nullptr;
    const bool any_stands = std::any_of(known.begin(), known.end(), [&](const Account* account) {
        return !account->ended_before(claim.line.day);
    });
    if (any_stands) {
        std::erase_if(known, [&](const Account* account) {
            return account->ended_before(claim.line.day);
        });
    }
    for (Account* account : known) {
        if (!claim.order.empty() && account->orders.contains(claim.order)) return account;
    }
    return known.front();
}

// Where the MIS names neither account nor payer.
Account* Assigner::by_default(const Claim& claim) const {
    const Line& line = claim.line;
    if (accounts_.empty() || stopped(line)) return nullptr;
    Account* only = nullptr;
    std::size_t count = 0;
    for (Account& account : accounts_) {
        if (!account.in_force_on(line.day) || !account.patients.contains(line.patient)) continue;
        only = &account;
        ++count;
    }
    if (count == 1 && only->named_weakly_on(line.day)) return only;
    if (!line.payers_unknown || claim.order.empty()) return nullptr;
    for (Account& account : accounts_) {
        if (account.orders.contains(claim.order) && account.patients.contains(line.patient) &&
            account.valid_on(line.day) && !account.ended_before(line.day))
            return &account;
    }
    return nullptr;
}

// L0: charged to that patient, consumes nothing.
Piece Assigner::of_stranger(const Claim& claim, std::string limit, Ledger* into) {
    if (into != nullptr) {
        const bool said = !into->violations.empty() &&
                          into->violations.back().line == &claim.line &&
                          into->violations.back().limit == limit;  // of another share
        if (!said)
            into->violations.push_back(Violation{std::move(limit), "not_a_member", &claim.line});
    }
    return Piece{&claim.line, nullptr, "patient", "", claim.total};
}

std::optional<Piece> Assigner::piece_of(const Claim& claim, Ledger* into) const {
    const Line& line = claim.line;
    Account* account = nullptr;
    if (!claim.limit_source_id.empty()) {
        account = find(line.key.source, claim.limit_source_id);
        const bool foreign = is_foreign(line.key.source, claim.limit_source_id);
        if (account == nullptr && !foreign) return std::nullopt;
        if (foreign && into != nullptr)
            into->strangers.push_back(Waiting{line.key, claim.limit_source_id});
        // By the row's own id, so that it is the same whoever belongs to the group.
        if (account == nullptr || !account->patients.contains(line.patient))
            return of_stranger(
                claim, identity_.public_id(line.key.source, "limit", claim.limit_source_id), into
            );
    } else if (claim.payer == "limit") {
        account = by_payer(claim);
        if (account == nullptr) return std::nullopt;
    } else if (claim.payer.empty()) {
        account = by_default(claim);
    }
    if (account == nullptr)
        return Piece{
            &line, nullptr, claim.payer.empty() ? "patient" : claim.payer, "", claim.total};

    const auto violate = [&](const char* rule) {
        if (into == nullptr) return;
        auto& violations = into->violations;
        for (auto said = violations.rbegin(); said != violations.rend(); ++said) {
            if (said->line != &line) break;
            if (said->limit == account->id && said->rule == rule) return;  // of another share
        }
        violations.push_back(Violation{account->id, rule, &line});
    };
    const bool other_currency = claim.total.currency != account->granted.currency;
    if (other_currency || !account->valid_on(line.day)) {
        violate(other_currency ? "currency" : "outside_validity");
        const std::string owed_by =
            other_currency ? payer_outside(claim.payer, *account) : account->overrun_payer;
        return Piece{
            &line, nullptr, owed_by, owed_by == "organization" ? account->party() : "",
            claim.total};
    }
    if (!account->discounts_allowed && is_discounted(line)) violate("discount");
    return Piece{&line, account, "limit", account->party(), claim.total};
}

std::vector<Piece> Assigner::assign(const Line& line, const std::string& order, Ledger* into)
    const {
    std::vector<Piece> pieces;
    if (line.shares.empty()) {
        auto whole =
            piece_of(Claim{line, order, line.payer, line.limit_source_id, line.total}, into);
        if (whole)
            pieces.push_back(std::move(*whole));
        else if (into != nullptr)
            into->waiting.push_back(Waiting{line.key, line.limit_source_id});
        return pieces;
    }
    for (const Share& share : line.shares) {
        auto piece =
            piece_of(Claim{line, order, share.payer, share.limit_source_id, share.total}, into);
        if (!piece) {
            if (into != nullptr) into->waiting.push_back(Waiting{line.key, share.limit_source_id});
            return {};
        }
        pieces.push_back(std::move(*piece));
    }
    return pieces;
}

bool Assigner::requires_approval(const Line& line, const std::string& order) const {
    const bool any = std::any_of(accounts_.begin(), accounts_.end(), [](const Account& account) {
        return account.approval_required;
    });
    if (!any) return false;
    for (const Piece& piece : assign(line, order, nullptr)) {
        if (piece.account != nullptr && piece.account->approval_required) return true;
    }
    return false;
}

Ledger keep_ledger(
    const TypedFacts& typed, std::vector<Account>& accounts, const Tracked& tracked,
    const Assigner& assigner
) {
    Ledger ledger;
    ledger.charges.reserve(typed.lines.size());
    for (Account& account : accounts) account.consumed = Money{0, account.granted.currency};
    std::vector<LineCharge> of_line;
    for (const Line& line : typed.lines) {
        if (line.in_progress) continue;
        of_line.clear();
        const std::string order = accounts.empty() ? std::string() : tracked.settled_order(line.id);
        for (const Piece& piece : assigner.assign(line, order, &ledger)) {
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
                    return std::forward_as_tuple(a.payer != "limit", a.payer, a.limit, a.party) <
                           std::forward_as_tuple(b.payer != "limit", b.payer, b.limit, b.party);
                }
            );
        }
        if (line.total.is_zero() && of_line.size() > 1)
            of_line.erase(of_line.begin() + 1, of_line.end());  // P6: one charge of 0
        std::move(of_line.begin(), of_line.end(), std::back_inserter(ledger.charges));
    }
    return ledger;
}

}  // namespace mis::domain
