#include "domain/attribution/channel_report.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.hpp"

namespace mis::domain {
namespace {

using PatientKey = std::pair<std::string, std::string>;  // source, source_id

struct Patient {
    std::string channel;
    bool recommended = false;
    std::string merged_into;
    std::optional<Timestamp> first_visit, first_line;
};

struct Parsed {
    const RecordFact* fact;
    Json body;
};

std::string text_of(const Json& body, const char* field) {
    const auto found = body.find(field);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<Money> money_of(const Json& body, const char* field) {
    const auto found = body.find(field);
    return found == body.end() ? std::nullopt : money_from_json(*found);
}

void earlier(std::optional<Timestamp>& kept, const std::optional<Timestamp>& seen) {
    if (seen && (!kept || *seen < *kept)) kept = seen;
}

Money magnitude(Money money) { return money.minor < 0 ? -money : money; }

class Report {
  public:
    Report(
        std::span<const RecordFact> facts, std::span<const ChannelCost> costs,
        const std::optional<ChannelPeriod>& period
    )
        : period_(period) {
        for (const RecordFact& fact : facts) read(fact);
        for (const ChannelCost& cost : costs) {
            ChannelRow& row = row_of(ChannelRowKind::channel, cost.channel, cost.cost.currency);
            row.cost = row.cost ? *row.cost + cost.cost : cost.cost;
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
        for (auto& [key, row] : rows_) {
            if (row.cost && row.cost->minor > 0)
                row.roi_percent = Decimal(
                    multiply_ratio((row.income - *row.cost).minor, 10'000, row.cost->minor), 2
                );
            rows.push_back(row);
        }
        std::sort(rows.begin(), rows.end(), [](const ChannelRow& a, const ChannelRow& b) {
            return std::tuple(a.kind, a.income.currency, -a.income.minor, a.channel) <
                   std::tuple(b.kind, b.income.currency, -b.income.minor, b.channel);
        });
        return rows;
    }

  private:
    std::optional<ChannelPeriod> period_;
    std::map<PatientKey, Patient> patients_;
    std::map<std::pair<std::string, std::string>, std::string>
        account_kinds_;  // (source, limit) → kind
    std::vector<Parsed> visits_and_lines_, payments_;
    std::map<std::tuple<ChannelRowKind, std::string, Currency>, ChannelRow> rows_;

    void read(const RecordFact& fact) {
        Json body = Json::parse(fact.body, nullptr, false);
        if (!body.is_object()) return;
        const std::string& kind = fact.key.kind;
        if (kind == "patient") {
            Patient& patient = patients_[{fact.key.source, fact.key.source_id}];
            patient.channel = text_of(body, "channel");
            patient.recommended = body.value("referred", false);
            patient.merged_into = text_of(body, "merged_into");
        } else if (kind == "limit") {
            account_kinds_[{fact.key.source, fact.key.source_id}] = text_of(body, "kind");
        } else if (kind == "payment") {
            payments_.push_back({&fact, std::move(body)});
        } else if (kind == "appointment" || kind == "procedure") {
            visits_and_lines_.push_back({&fact, std::move(body)});
        }
    }

    Patient* patient_of(const Parsed& record) {
        PatientKey key{record.fact->key.source, text_of(record.body, "patient_source_id")};
        if (key.second.empty()) return nullptr;
        std::set<PatientKey> seen;  // a ring of merges ends where it began
        while (seen.insert(key).second) {
            const auto found = patients_.find(key);
            if (found == patients_.end() || found->second.merged_into.empty()) break;
            key.second = found->second.merged_into;
        }
        return &patients_[key];
    }

    bool in_period(const std::optional<Timestamp>& time) const {
        if (!period_) return true;
        if (!time) return false;
        const Date day = period_->zone.date_of(*time);
        return !(day < period_->from) && day < period_->to;
    }

    static bool is_done(const Json& line) { return text_of(line, "state") != "in_progress"; }

    void note_visit(const Parsed& record) {
        Patient* patient = patient_of(record);
        if (patient == nullptr) return;
        if (record.fact->key.kind == "procedure") {
            if (is_done(record.body))
                earlier(
                    patient->first_line,
                    Timestamp::parse_rfc3339(text_of(record.body, "performed_at"))
                );
            return;
        }
        const std::string status = text_of(record.body, "status");
        if (status == "arrived" || status == "in_progress" || status == "completed")
            earlier(
                patient->first_visit, Timestamp::parse_rfc3339(text_of(record.body, "starts_at"))
            );
    }

    static std::optional<Timestamp> came(const Patient& patient) {
        return patient.first_visit ? patient.first_visit : patient.first_line;
    }

    void count_first_visit(const PatientKey&, const Patient& patient) {
        if (!patient.merged_into.empty()) return;
        const auto first = came(patient);
        if (first && in_period(first)) ++row_for(patient, Currency{}).first_visits;
    }

    ChannelRow& row_of(ChannelRowKind kind, const std::string& channel, Currency currency) {
        auto [place, is_new] = rows_.try_emplace({kind, fold(channel), currency});
        if (is_new) {
            ChannelRow& row = place->second;
            row.kind = kind;
            row.channel = channel;
            row.income = row.barter = row.gift = Money{0, currency};
        }
        return place->second;
    }

    ChannelRow& row_for(const Patient& patient, Currency currency) {
        if (patient.recommended) return row_of(ChannelRowKind::recommended, "", currency);
        if (patient.channel.empty()) return row_of(ChannelRowKind::unknown_channel, "", currency);
        return row_of(ChannelRowKind::channel, patient.channel, currency);
    }

    std::string account_kind(const std::string& source, const Json& body) const {
        const auto found = account_kinds_.find({source, text_of(body, "limit_source_id")});
        return found == account_kinds_.end() ? "" : found->second;
    }

    void add_payment(const Parsed& record) {
        const Patient* patient = patient_of(record);
        const auto amount = money_of(record.body, "amount");
        if (patient == nullptr || !came(*patient) || !amount) return;
        if (!in_period(Timestamp::parse_rfc3339(text_of(record.body, "paid_at")))) return;
        const std::string kind = text_of(record.body, "kind");
        if (kind != "payment" && kind != "prepayment" && kind != "refund") return;
        const std::string account = account_kind(record.fact->key.source, record.body);
        if (account == "barter" || account == "gift") return;
        const Money signed_amount = kind == "refund" ? -magnitude(*amount) : *amount;
        ChannelRow& row = row_for(*patient, amount->currency);
        (text_of(record.body, "method") == "certificate" ? row.gift : row.income) += signed_amount;
    }

    void add_line(const Parsed& record) {
        const Patient* patient = patient_of(record);
        if (patient == nullptr || !is_done(record.body)) return;
        if (!in_period(Timestamp::parse_rfc3339(text_of(record.body, "performed_at")))) return;
        const auto shares = record.body.find("shares");
        if (shares != record.body.end() && shares->is_array()) {
            for (const Json& share : *shares) add_work(*patient, record.fact->key.source, share);
        } else {
            add_work(*patient, record.fact->key.source, record.body);
        }
    }

    void add_work(const Patient& patient, const std::string& source, const Json& line) {
        const auto total = money_of(line, "total");
        const std::string kind = account_kind(source, line);
        if (!total || (kind != "barter" && kind != "gift")) return;
        ChannelRow& row = row_for(patient, total->currency);
        (kind == "barter" ? row.barter : row.gift) += *total;
    }
};

}  // namespace

std::vector<ChannelRow> report_channels(
    std::span<const RecordFact> facts, std::span<const ChannelCost> costs,
    const std::optional<ChannelPeriod>& period
) {
    return Report(facts, costs, period).rows();
}

}  // namespace mis::domain
