#include "domain/attribution/channel_report.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/json_fields.hpp"
#include "base/text.hpp"

namespace mis::domain {
namespace {

using PatientKey = std::pair<std::string, std::string>;  // source, source_id

struct Came {
    Timestamp at;
    std::string source;
};

struct ReportedPatient {
    std::string channel;
    bool recommended = false;
    std::optional<PatientKey> merged_into;
    std::optional<Came> first_visit, first_line;
    std::set<std::string> history_in;  // D5: sources that tell of a time before they count

    const std::optional<Came>& first() const { return first_visit ? first_visit : first_line; }
    bool ever_came() const { return first() || !history_in.empty(); }
    // Who came before a source counts was counted then, by another.
    bool is_new() const { return first() && !history_in.contains(first()->source); }
};

struct Parsed {
    const RecordFact* fact;
    Json body;
};

std::optional<Money> money_of(const Json& body, const char* field) {
    const auto found = body.find(field);
    return found == body.end() ? std::nullopt : money_from_json(*found);
}

void earlier(
    std::optional<Came>& kept, const std::optional<Timestamp>& seen, const std::string& source
) {
    if (seen && (!kept || *seen < kept->at)) kept = Came{*seen, source};
}

ChannelRow& row_of(
    ChannelRows& rows, ChannelRowKind kind, const std::string& channel, Currency currency
) {
    auto [place, is_new] = rows.try_emplace({kind, mis::fold(channel), currency});
    if (is_new) {
        ChannelRow& row = place->second;
        row.kind = kind;
        row.channel = channel;
        row.income = row.barter = row.gift = Money{0, currency};
    }
    return place->second;
}

Money magnitude(Money money) { return money.minor < 0 ? -money : money; }

class Report {
  public:
    Report(
        std::span<const RecordFact> facts, const std::optional<ChannelPeriod>& period,
        const SeveralSources& sources
    )
        : period_(period), sources_(sources) {
        for (const RecordFact& fact : facts) read(fact);
        for (const PatientLink& link : sources.links) {
            const PatientKey joins = person({link.joins.source, link.joins.source_id});
            PatientKey stays{link.stays.source, link.stays.source_id};
            if (person(stays) != joins) patients_[joins].merged_into = std::move(stays);
        }
    }

    std::vector<ChannelRow> rows() {
        // visits first: whether a payment counts depends on whether its patient ever came
        for (const Parsed& record : visits_and_lines_) note_visit(record);
        for (auto& [key, patient] : patients_) count_first_visit(key, patient);
        for (const Parsed& record : payments_) add_payment(record);
        for (const Parsed& record : visits_and_lines_)
            if (record.fact->key.kind == "procedure") add_line(record);

        std::vector<ChannelRow> rows;
        for (auto& [key, row] : rows_) rows.push_back(std::move(row));
        return rows;
    }

  private:
    std::optional<ChannelPeriod> period_;
    const SeveralSources& sources_;
    std::map<PatientKey, ReportedPatient> patients_;
    std::map<std::pair<std::string, std::string>, std::string>
        account_kinds_;  // (source, limit) → kind
    std::vector<Parsed> visits_and_lines_, payments_;
    ChannelRows rows_;

    void read(const RecordFact& fact) {
        Json body = Json::parse(fact.body, nullptr, false);
        if (!body.is_object()) return;
        const std::string& kind = fact.key.kind;
        if (kind == "patient") {
            ReportedPatient& patient = patients_[{fact.key.source, fact.key.source_id}];
            patient.channel = text_in(body, "channel");
            patient.recommended = body.value("referred", false);
            if (std::string into = text_in(body, "merged_into"); !into.empty())
                patient.merged_into = PatientKey{fact.key.source, std::move(into)};
        } else if (kind == "limit") {
            account_kinds_[{fact.key.source, fact.key.source_id}] = text_in(body, "kind");
        } else if (kind == "payment") {
            payments_.push_back({&fact, std::move(body)});
        } else if (kind == "appointment" || kind == "procedure") {
            visits_and_lines_.push_back({&fact, std::move(body)});
        }
    }

    ReportedPatient* patient_of(const Parsed& record) {
        PatientKey key{record.fact->key.source, text_in(record.body, "patient_source_id")};
        if (key.second.empty()) return nullptr;
        return &patients_[person(std::move(key))];
    }

    PatientKey person(PatientKey key) const {
        std::set<PatientKey> seen;  // a ring of merges ends where it began
        while (seen.insert(key).second) {
            const auto found = patients_.find(key);
            if (found == patients_.end() || !found->second.merged_into) break;
            key = *found->second.merged_into;
        }
        return key;
    }

    bool is_history(const Parsed& record) const {
        return sources_.is_history && sources_.is_history(*record.fact);
    }

    bool in_period(const std::optional<Timestamp>& time) const {
        if (!period_) return true;
        if (!time) return false;
        const Date day = period_->zone.date_of(*time);
        return !(day < period_->from) && day < period_->to;
    }

    static bool is_done(const Json& line) { return text_in(line, "state") != "in_progress"; }

    void note_visit(const Parsed& record) {
        ReportedPatient* patient = patient_of(record);
        if (patient == nullptr) return;
        const bool line = record.fact->key.kind == "procedure";
        if (line && !is_done(record.body)) return;
        const std::string status = line ? "" : text_in(record.body, "status");
        if (!line && status != "arrived" && status != "in_progress" && status != "completed")
            return;
        const std::string& source = record.fact->key.source;
        if (is_history(record)) {
            patient->history_in.insert(source);
            return;
        }
        earlier(
            line ? patient->first_line : patient->first_visit,
            Timestamp::parse_rfc3339(text_in(record.body, line ? "performed_at" : "starts_at")),
            source
        );
    }

    void count_first_visit(const PatientKey&, const ReportedPatient& patient) {
        if (patient.merged_into || !patient.is_new()) return;
        if (in_period(patient.first()->at)) ++row_for(patient, Currency{}).first_visits;
    }

    ChannelRow& row_for(const ReportedPatient& patient, Currency currency) {
        if (patient.recommended) return row_of(rows_, ChannelRowKind::recommended, "", currency);
        if (patient.channel.empty())
            return row_of(rows_, ChannelRowKind::unknown_channel, "", currency);
        return row_of(rows_, ChannelRowKind::channel, patient.channel, currency);
    }

    std::string account_kind(const std::string& source, const Json& body) const {
        const std::string id = text_in(body, "limit_source_id");
        const auto found = account_kinds_.find({source, id});
        if (found != account_kinds_.end()) return found->second;
        return id.empty() || !sources_.account_kind ? "" : sources_.account_kind(source, id);
    }

    void add_payment(const Parsed& record) {
        const ReportedPatient* patient = patient_of(record);
        const auto amount = money_of(record.body, "amount");
        if (patient == nullptr || !patient->ever_came() || !amount || is_history(record)) return;
        if (!in_period(Timestamp::parse_rfc3339(text_in(record.body, "paid_at")))) return;
        const std::string kind = text_in(record.body, "kind");
        if (kind != "payment" && kind != "prepayment" && kind != "refund") return;
        const std::string account = account_kind(record.fact->key.source, record.body);
        if (account == "barter" || account == "gift") return;
        const Money signed_amount = kind == "refund" ? -magnitude(*amount) : *amount;
        ChannelRow& row = row_for(*patient, amount->currency);
        (text_in(record.body, "method") == "certificate" ? row.gift : row.income) += signed_amount;
    }

    void add_line(const Parsed& record) {
        const ReportedPatient* patient = patient_of(record);
        if (patient == nullptr || !is_done(record.body) || is_history(record)) return;
        if (!in_period(Timestamp::parse_rfc3339(text_in(record.body, "performed_at")))) return;
        const auto shares = record.body.find("shares");
        if (shares != record.body.end() && shares->is_array()) {
            for (const Json& share : *shares) add_work(*patient, record.fact->key.source, share);
        } else {
            add_work(*patient, record.fact->key.source, record.body);
        }
    }

    void add_work(const ReportedPatient& patient, const std::string& source, const Json& line) {
        const auto total = money_of(line, "total");
        const std::string kind = account_kind(source, line);
        if (!total || (kind != "barter" && kind != "gift")) return;
        ChannelRow& row = row_for(patient, total->currency);
        (kind == "barter" ? row.barter : row.gift) += *total;
    }
};

}  // namespace

void ChannelReport::add(std::span<const RecordFact> facts, const SeveralSources& sources) {
    for (const ChannelRow& piece : Report(facts, period_, sources).rows()) {
        ChannelRow& row = row_of(rows_, piece.kind, piece.channel, piece.income.currency);
        row.first_visits += piece.first_visits;
        row.income += piece.income;
        row.barter += piece.barter;
        row.gift += piece.gift;
    }
}

std::vector<ChannelRow> ChannelReport::rows(std::span<const ChannelCost> costs) const {
    auto all = rows_;
    for (const ChannelCost& cost : costs) {
        ChannelRow& row = row_of(all, ChannelRowKind::channel, cost.channel, cost.cost.currency);
        if (!row.cost) row.channel = cost.channel;  // spelt as its costs are
        row.cost = row.cost ? *row.cost + cost.cost : cost.cost;
    }
    std::vector<ChannelRow> rows;
    for (auto& [key, row] : all) {
        if (row.cost && row.cost->minor > 0)
            row.roi_percent =
                Decimal(multiply_ratio((row.income - *row.cost).minor, 10'000, row.cost->minor), 2);
        rows.push_back(std::move(row));
    }
    std::sort(rows.begin(), rows.end(), [](const ChannelRow& a, const ChannelRow& b) {
        return std::tuple(a.kind, a.income.currency, -a.income.minor, a.channel) <
               std::tuple(b.kind, b.income.currency, -b.income.minor, b.channel);
    });
    return rows;
}

std::vector<ChannelRow> report_channels(
    std::span<const RecordFact> facts, std::span<const ChannelCost> costs,
    const std::optional<ChannelPeriod>& period, const SeveralSources& sources
) {
    ChannelReport report(period);
    report.add(facts, sources);
    return report.rows(costs);
}

}  // namespace mis::domain
