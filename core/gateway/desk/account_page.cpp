#include "gateway/desk/account_page.hpp"

#include <algorithm>

#include "change/record_store.hpp"
#include "disclosure/canary.hpp"
#include "domain/limit_ledger/account_sheet.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/patient_links.hpp"
#include "gateway/desk/account_list.hpp"
#include "gateway/desk/masked.hpp"
#include "gateway/pipeline/derivation.hpp"
#include "gateway/pipeline/group_reader.hpp"
#include "inbox/inbox.hpp"

namespace mis::gateway {
namespace {

// A group as it stands: what was announced of it, and its books by the facts of now.
struct ReadGroup {
    GroupReader::Members members;
    domain::Announced announced;
    domain::GroupFacts facts;
};

ReadGroup read_group(const BooksAsked& asked, std::int64_t group) {
    const change::RecordStore records(asked.database);
    const domain_store::GroupStore groups(asked.database);
    const inbox::Inbox inbox(asked.database);
    const domain_store::PatientLinks links(asked.database);
    const GroupReader reader(records, groups, inbox, links);
    ReadGroup read;
    read.members = reader.members_of(group);
    read.facts = reader.facts_of(read.members, asked.rules.clinic_zone.at(asked.now_us));
    if (const std::string text = groups.announced(group); !text.empty())
        read.announced = parse_announced({text});
    return read;
}

std::string_view name_of(domain::Strength strength) {
    switch (strength) {
        case domain::Strength::mis_policy:
            return "mis_policy";
        case domain::Strength::exchange:
            return "exchange";
        case domain::Strength::partner_register:
            return "partner_register";
        case domain::Strength::comment:
            return "comment";
    }
    return "";
}

std::string state_of(const domain::Account& account, bool closed, int low_percent) {
    if (closed) return "closed";
    if (account.overrun().minor > 0) return "overrun";
    if (account.exhausted()) return "exhausted";
    const auto wide = [](std::int64_t a, std::int64_t b) { return static_cast<__int128_t>(a) * b; };
    const bool nothing = account.granted.is_zero() && account.consumed.is_zero();
    const bool low =
        !nothing && wide(account.consumed.minor, 100) >= wide(account.granted.minor, low_percent);
    return low ? "low" : "open";
}

void add_day(Json& to, const char* name, const std::optional<Date>& day) {
    if (day) to[name] = day->to_string();
}

Json disagreement_json(const domain::Disagreement& one, const domain::AccountSheet& sheet) {
    Json out{
        {"field", one.field},
        {"ours", to_json_value(one.ours)},
        {"theirs", to_json_value(one.theirs)},
        {"lines", Json::array()}};
    // L9: the one line that explains the difference.
    const std::int64_t difference = std::abs((one.ours - one.theirs).minor);
    for (const auto& row : sheet.lines)
        if (one.field == std::string_view("used") && row.total.minor == difference) {
            out["lines"].push_back(row.line->id);
            break;
        }
    return out;
}

Json disagreements_json(const domain::AccountSheet& sheet) {
    Json list = Json::array();
    for (const auto& one : sheet.disagreements) list.push_back(disagreement_json(one, sheet));
    if (sheet.stopped_early)
        list.push_back(
            {{"field", "remaining"},
             {"ours", to_json_value(sheet.account->remaining())},
             {"theirs", to_json_value(Money{0, sheet.account->granted.currency})},
             {"lines", Json::array()}}
        );
    return list;
}

class Page {
  public:
    Page(const BooksAsked& asked, const ReadGroup& read, const domain::AccountSheet& sheet)
        : asked_(asked),
          read_(read),
          sheet_(sheet),
          account_(*sheet.account),
          patients_(asked.database, asked.identity, read.members.parties),
          everybody_(asked.database) {
        for (const auto& record : read.facts.records)
            canary_.add_record(record.key.kind, record.body);
        everybody_.look_again();
        canary_.watch(&everybody_);
    }

    Json json() {
        Json page = head();
        Json lines = Json::array();
        Money to_limit{0, account_.granted.currency}, beyond = to_limit;
        std::int64_t number = 0;
        for (const auto& row : sheet_.lines) {
            lines.push_back(line(row, ++number));
            to_limit += row.to_limit;
            beyond += row.beyond;
        }
        page["lines"] = std::move(lines);
        page["totals"] = {
            {"lines", to_json_value(to_limit + beyond)},
            {"to_limit", to_json_value(to_limit)},
            {"beyond", to_json_value(beyond)}};
        page["sources"] = sources();
        page["mismatches"] = disagreements_json(sheet_);
        page["mismatch"] = !page["mismatches"].empty();
        page["visits"] = visits();
        page["waiting_lines"] = sheet_.waiting;
        return page;
    }

  private:
    const BooksAsked& asked_;
    const ReadGroup& read_;
    const domain::AccountSheet& sheet_;
    const domain::Account& account_;
    MaskedPatients patients_;
    disclosure::PrivateIndex everybody_;
    disclosure::Canary canary_;

    Json head() {
        const domain::Standing* told = read_.announced.find("limit/" + account_.id);
        const bool closed = told != nullptr && told->data.find("closed").boolean().value_or(false);
        Json page{
            {"id", account_.id},
            {"shared", account_.shared()},
            {"kind", account_.kind},
            {"overrun_payer", account_.overrun_payer},
            {"state", state_of(account_, closed, asked_.rules.low_threshold_percent)},
            {"granted", to_json_value(account_.granted)},
            {"consumed", to_json_value(account_.consumed)},
            {"remaining", to_json_value(account_.remaining())},
            {"overrun", to_json_value(account_.overrun())}};
        if (account_.granted.minor > 0)
            page["share_percent"] =
                multiply_ratio(account_.consumed.minor, 100, account_.granted.minor);
        if (auto payer = harmless(canary_, account_.party())) page["payer"] = std::move(*payer);
        if (!account_.orders.empty()) page["order"] = *account_.orders.begin();
        add_day(page, "valid_from", account_.valid_from);
        add_day(page, "valid_to", account_.valid_to);
        add_day(page, "since", account_.since);
        if (account_.shared()) {
            for (const auto& patient : account_.patients)
                page["people"].push_back(patients_.of(patient));
        } else if (!account_.patient.empty()) {
            page["patient"] = patients_.of(account_.patient);
        }
        if (closed) {
            page["closed"] = Json::object();
            if (const auto day = closing_day()) page["closed"]["on"] = day->to_string();
            if (const auto sum = told->data.find("write_off").money())
                page["closed"]["write_off"] = to_json_value(*sum);
            if (const Json reasons = told->data.find("reasons").tree(); reasons.is_array())
                page["closed"]["reasons"] = reasons;
        }
        // What was billed, where the facts have moved on since.
        const Money billed = read_.announced.consumed(account_.id);
        if (told == nullptr || billed.minor != account_.consumed.minor) page["settling"] = true;
        return page;
    }

    // L7, where a day says it; an order that was completed says none here.
    std::optional<Date> closing_day() const {
        std::optional<Date> day = account_.closed_on;
        const auto earlier = [&](Date other) {
            if (!day || other < *day) day = other;
        };
        if (account_.cancelled_at)
            earlier(asked_.rules.clinic_zone.date_of(*account_.cancelled_at));
        const Date today = asked_.rules.clinic_zone.at(asked_.now_us).local_date();
        if (account_.valid_to && *account_.valid_to < today)
            earlier(account_.valid_to->plus_days(1));
        return day;
    }

    Json line(const domain::SheetLine& row, std::int64_t number) {
        const domain::Line& line = *row.line;
        Json out{
            {"id", line.id},
            {"number", number},
            {"performed_at", line.performed_at.to_string()},
            {"day", line.day.to_string()},
            {"teeth", line.teeth},
            {"quantity", line.quantity.to_string()},
            {"total", to_json_value(row.total)},
            {"before", to_json_value(row.before)},
            {"to_limit", to_json_value(row.to_limit)},
            {"beyond", to_json_value(row.beyond)},
            {"after", to_json_value(row.after)},
            {"beyond_payers", Json::array()},
            {"splits", row.splits},
            {"ends", row.ends},
            {"stays", !row.leaves}};
        Json remarks = Json::array();
        if (auto code = harmless(canary_, line.work.service_code)) {
            out["code"] = std::move(*code);
        } else {  // as it leaves
            out["code"] = asked_.identity.pseudonym("service_code", line.work.service_code);
            remarks.push_back("code_withheld");
        }
        if (!line.work.nomenclature.empty()) out["nomenclature"] = line.work.nomenclature;
        if (auto name = harmless(canary_, line.exported.find("service_name").string()))
            out["name"] = std::move(*name);
        if (!row.order.empty()) out["order"] = row.order;
        if (account_.shared()) out["patient"] = patients_.of(line.patient);
        if (line.total != row.total) out["line_total"] = to_json_value(line.total);
        for (const auto& part : row.beyond_parts) {
            Json payer{{"payer", part.payer}, {"total", to_json_value(part.total)}};
            if (auto party = harmless(canary_, part.party)) payer["party"] = std::move(*party);
            out["beyond_payers"].push_back(std::move(payer));
        }
        for (const auto& rule : row.violations) remarks.push_back(rule);
        if (line.warranty) remarks.push_back("warranty");
        if (line.partly_returned) remarks.push_back("partly_returned");
        if (line.discount && !line.discount->is_zero())
            out["discount"] = to_json_value(*line.discount);
        out["remarks"] = std::move(remarks);
        return out;
    }

    Json sources() const {
        Json list = Json::array();
        for (const auto& said : account_.statements) {
            Json one{
                {"strength", name_of(said.strength)},
                {"granted", to_json_value(said.granted)},
                {"winner", &said == &account_.statements.front()}};
            if (!said.key.source.empty()) one["source"] = said.key.source;
            if (said.used) one["used"] = to_json_value(*said.used);
            if (!said.order.empty()) one["order"] = said.order;
            add_day(one, "valid_from", said.valid_from);
            add_day(one, "valid_to", said.valid_to);
            if (!said.valid_from && said.since != domain::kAlways)
                one["since"] = said.since.to_string();
            list.push_back(std::move(one));
        }
        return list;
    }

    // L6: coming visits of the account's patients that an account has something to do with.
    Json visits() const {
        std::vector<std::pair<Timestamp, Json>> coming;
        constexpr std::string_view kVisit = "appointment/";
        for (auto at = read_.announced.standing.lower_bound(kVisit);
             at != read_.announced.standing.end() && at->first.starts_with(kVisit); ++at) {
            const JsonText& told = at->second.data;
            const JsonView visit = told.find("appointment");
            const auto starts = Timestamp::parse_rfc3339(visit.find("starts_at").string());
            const std::string status = visit.find("status").string();
            if (!starts || starts->unix_us <= asked_.now_us) continue;
            if (status != "booked" && status != "confirmed") continue;
            if (!account_.patients.contains(told.find("patient").string())) continue;
            const std::string payer = told.find("payer").string();
            const std::string stated = visit.find("payer").string();
            const bool changes = payer == "patient" && stated != "patient";
            if (payer != "limit" && !changes) continue;
            coming.emplace_back(
                *starts,
                Json{
                    {"id", at->first.substr(kVisit.size())},
                    {"starts_at", starts->to_string()},
                    {"payer", payer},
                    {"changes", changes}}
            );
        }
        std::sort(coming.begin(), coming.end(), [](const auto& a, const auto& b) {
            return a.first < b.first;
        });
        Json list = Json::array();
        for (auto& [starts, visit] : coming) list.push_back(std::move(visit));
        return list;
    }
};

const domain::Account* find_account(const domain::Books& books, const std::string& id) {
    const auto& all = books.accounts();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.id == id; });
    return found == all.end() ? nullptr : &*found;
}

}  // namespace

std::optional<Json> account_page(const BooksAsked& asked, const std::string& id) {
    const auto group = domain_store::GroupStore(asked.database).group_of_entity(id);
    if (!group) return std::nullopt;
    const ReadGroup read = read_group(asked, *group);
    const domain::Books books(read.facts, read.announced, asked.rules, asked.identity);
    const domain::Account* account = find_account(books, id);
    if (account == nullptr) return std::nullopt;
    const auto sheet = books.sheet(*account);
    return Page(asked, read, sheet).json();
}

Json mismatches_of(const BooksAsked& asked, std::int64_t group, const std::string& id) {
    const ReadGroup read = read_group(asked, group);
    const domain::Books books(read.facts, read.announced, asked.rules, asked.identity);
    const domain::Account* account = find_account(books, id);
    if (account == nullptr) return Json::array();
    return disagreements_json(books.sheet(*account));
}

}  // namespace mis::gateway
