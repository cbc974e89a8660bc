#include "gateway/desk/console_desk.hpp"

#include <set>

#include "base/phones.hpp"
#include "base/text.hpp"
#include "domain_store/group_store.hpp"
#include "gateway/desk/account_page.hpp"
#include "gateway/desk/masked.hpp"
#include "gateway/desk/patient_page.hpp"
#include "platform/crash_point.hpp"

namespace mis::gateway {
namespace {

constexpr std::chrono::seconds kFiguresFresh{1}, kAccountsFresh{5}, kRulesFresh{10};
constexpr std::size_t kPatientsMax = 20;

bool is_of(const AccountRow& row, std::int64_t group, const Json& pseudonym) {
    return row.group == group && (row.shared || row.patient == pseudonym);
}

}  // namespace

ConsoleDesk::ConsoleDesk(Daemon& daemon, DeskSettings settings, const Clock& clock)
    : daemon_(daemon), settings_(std::move(settings)), clock_(clock) {}

std::string ConsoleDesk::clinic_id() const { return daemon_.store().identity().clinic_id(); }
std::string ConsoleDesk::version() const { return MIS_VERSION; }

std::string ConsoleDesk::time_text(std::int64_t unix_us) const {
    return settings_.zone.at(unix_us - unix_us % kUsPerSecond).to_string();
}

void ConsoleDesk::write(const std::function<bool(sqlite::Transaction&)>& change) {
    auto& store = daemon_.store();
    const std::lock_guard lock(store.mutex());
    sqlite::Transaction transaction(store.database());
    if (!change(transaction)) return;
    platform::crash_point("console.before_commit");
    transaction.commit();
    platform::crash_point("console.after_commit");
}

Figures ConsoleDesk::figures() {
    {
        const std::lock_guard lock(mutex_);
        if (figures_ && clock_.steady() - figures_at_ < kFiguresFresh) return *figures_;
    }
    Figures taken = daemon_.figures();
    taken.backup_watched = settings_.backups_watched;
    taken.backup_age_hours_max = settings_.backup_age_hours_max;
    const std::lock_guard lock(mutex_);
    figures_ = taken;
    figures_at_ = clock_.steady();
    return taken;
}

void ConsoleDesk::note() {
    {
        const std::lock_guard lock(mutex_);
        const auto now = clock_.steady();
        if (now - noted_ < std::chrono::seconds(kHistoryStepSeconds)) return;
        noted_ = now;
    }
    const HistoryPoint point = history_point(figures());
    const std::lock_guard lock(mutex_);
    history_.push_back(point);
    if (history_.size() > kHistoryPoints) history_.pop_front();
}

domain::Rules ConsoleDesk::rules() {
    {
        const std::lock_guard lock(mutex_);
        if (rules_ && clock_.steady() - rules_at_ < kRulesFresh) return *rules_;
    }
    std::optional<domain::Rules> taken;
    {
        const std::lock_guard lock(daemon_.store().mutex());
        taken = daemon_.meaning().rules();
    }
    // A sheet announces nothing; and the writer's numbering is the writer's.
    taken->event_id_of = [](auto, auto, auto, auto) { return std::string(); };
    const std::lock_guard lock(mutex_);
    rules_ = taken;
    rules_at_ = clock_.steady();
    return *taken;
}

ConsoleDesk::Accounts ConsoleDesk::accounts(sqlite::Database& database) {
    {
        const std::lock_guard lock(mutex_);
        if (accounts_ && clock_.steady() - accounts_at_ < kAccountsFresh) return accounts_;
    }
    const int low_percent = rules().low_threshold_percent;
    auto read =
        std::make_shared<const std::vector<AccountRow>>(all_accounts(database, low_percent));
    const std::lock_guard lock(mutex_);
    accounts_ = read;
    accounts_at_ = clock_.steady();
    return read;
}

Json ConsoleDesk::overview(sqlite::Database& database) {
    const Figures taken = figures();
    std::deque<HistoryPoint> history;
    {
        const std::lock_guard lock(mutex_);
        history = history_;
    }
    Json out = overview_json(taken, settings_.zone, history);
    out["clinic"] = {{"id", clinic_id()}, {"timezone", zone_name()}};
    out["version"] = version();
    out["tasks"] = tasks(database, {{{}, 1}, {}})["counts"];
    return out;
}

Json ConsoleDesk::row_json(sqlite::Database& database, const AccountRow& row) const {
    Json out{
        {"id", row.id},
        {"shared", row.shared},
        {"kind", row.kind},
        {"overrun_payer", row.overrun_payer},
        {"state", row.state},
        {"granted", to_json_value(row.granted)},
        {"consumed", to_json_value(row.consumed)},
        {"remaining", to_json_value(row.remaining())},
        {"overrun", to_json_value(row.overrun())},
        {"mismatch", row.told_mismatch}};
    if (row.granted.minor > 0)
        out["share_percent"] = multiply_ratio(row.consumed.minor, 100, row.granted.minor);
    if (!row.payer.empty()) out["payer"] = row.payer;
    if (!row.order.empty()) out["order"] = row.order;
    if (!row.valid_from.empty()) out["valid_from"] = row.valid_from;
    if (!row.valid_to.empty()) out["valid_to"] = row.valid_to;
    if (!row.patient.empty()) {
        const auto parties = domain_store::GroupStore(database).parties(row.group);
        MaskedPatients patients(database, daemon_.store().identity(), parties);
        out["patient"] = patients.of(row.patient);
    }
    return out;
}

Json ConsoleDesk::limits(sqlite::Database& database, const console::LimitsAsked& asked) {
    const auto all = accounts(database);
    const auto page = page_of(*all, asked);
    Json out{{"items", Json::array()}, {"payers", Json::array()}};
    for (const AccountRow* row : page.rows) out["items"].push_back(row_json(database, *row));
    if (!page.next.empty()) out["next"] = page.next;
    struct Count {
        std::int64_t accounts = 0, near = 0, over = 0;
    };
    std::map<std::string, Count> payers;
    for (const AccountRow& row : *all) {
        if (row.payer.empty()) continue;
        Count& count = payers[row.payer];
        ++count.accounts;
        if (row.state == "low" || row.state == "exhausted") ++count.near;
        if (row.state == "overrun") ++count.over;
    }
    for (const auto& [name, count] : payers)
        out["payers"].push_back(
            {{"name", name},
             {"accounts", count.accounts},
             {"near", count.near},
             {"over", count.over}}
        );
    return out;
}

std::optional<Json> ConsoleDesk::limit(sqlite::Database& database, const std::string& id) {
    const domain::Rules now = rules();
    return account_page({database, daemon_.store().identity(), now, clock_.unix_us()}, id);
}

Json ConsoleDesk::search(sqlite::Database& database, const console::PatientAsked& asked) {
    const change::RecordStore records(database);
    const domain_store::GroupStore groups(database);
    const auto& identity = daemon_.store().identity();
    std::set<std::pair<std::string, std::string>> found;  // source, card
    if (!asked.card.empty()) {
        for (const auto& [source, streams] : daemon_.streams())
            if (records.find({source, "patient", asked.card})) found.emplace(source, asked.card);
    } else if (!asked.phone.empty()) {
        for (const auto& phone : phones_last_ten(asked.phone))
            for (const auto& match : records.patients_by_phone(phone))
                found.emplace(match.source, match.patient_source_id);
    } else if (!asked.last_name.empty()) {
        for (const auto& match :
             records.patients_by_last_name(fold(asked.last_name), asked.birth_date))
            if (match.birth_date == asked.birth_date)
                found.emplace(match.source, match.patient_source_id);
    } else if (!asked.order.empty()) {
        if (const auto link = inbox::Inbox(database).link_of(asked.order))
            found.emplace(link->source, link->patient_source_id);
    } else if (const auto group = groups.group_of_entity(asked.pseudonym)) {
        for (const auto& party : groups.parties(*group))
            if (party.kind == domain_store::PartyKind::patient &&
                identity.pseudonym(party.source, party.key) == asked.pseudonym)
                found.emplace(party.source, party.key);
    }
    const auto all = accounts(database);
    Json items = Json::array();
    for (const auto& [source, card] : found) {
        if (items.size() == kPatientsMax) break;
        Json item = masked_patient(records, identity, source, card);
        item["limits"] = Json::array();
        const auto group = groups.group_of({domain_store::PartyKind::patient, source, card});
        for (const AccountRow& row : *all)
            if (group && is_of(row, *group, item["id"]))
                item["limits"].push_back({{"id", row.id}, {"state", row.state}});
        items.push_back(std::move(item));
    }
    return items;
}

std::optional<Json> ConsoleDesk::patient(sqlite::Database& database, const std::string& id) {
    auto page = patient_page({database, daemon_.store().identity(), settings_.zone}, id);
    if (!page) return std::nullopt;
    (*page)["limits"] = Json::array();
    const auto group = domain_store::GroupStore(database).group_of_entity(id);
    const auto all = accounts(database);
    for (const AccountRow& row : *all)
        if (group && is_of(row, *group, id)) (*page)["limits"].push_back(row_json(database, row));
    return page;
}

std::optional<Json> ConsoleDesk::timeline(
    sqlite::Database& database, const std::string& id, const console::PageAsked& page
) {
    return patient_timeline({database, daemon_.store().identity(), settings_.zone}, id, page);
}

std::optional<Json> ConsoleDesk::unmasked(sqlite::Database& database, const std::string& id) {
    return patient_unmasked({database, daemon_.store().identity(), settings_.zone}, id);
}

}  // namespace mis::gateway
