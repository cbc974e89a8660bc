#include "domain/typed_facts.hpp"

#include <algorithm>
#include <tuple>

#include "base/text.hpp"
#include "domain/body_fields.hpp"
#include "domain/persons.hpp"
#include "domain/returns.hpp"

namespace mis::domain {
namespace {

class FactReader {
  public:
    FactReader(const GroupFacts& facts, const Rules& rules, const Identity& identity)
        : facts_(facts), rules_(rules), identity_(identity) {}

    TypedFacts read() {
        all_.lines.reserve(count_of("procedure"));
        all_.plan_items.reserve(count_of("plan_item"));
        for (const RecordFact& record : facts_.records) {
            if (record.key.kind == "patient") read_patient(record);
        }
        link_patients();
        resolve_merges();
        for (const RecordFact& record : facts_.records) {
            if (record.key.kind != "patient") read_record(record);
        }
        for (const RecordFact& record : facts_.records) all_.sources.insert(record.key.source);
        if (all_.mis_source.empty() && !facts_.records.empty())
            all_.mis_source = facts_.records.front().key.source;
        sort_by_fact_order();
        take_returns_off(all_, returns_);
        return std::move(all_);
    }

  private:
    const GroupFacts& facts_;
    const Rules& rules_;
    const Identity& identity_;
    TypedFacts all_;
    std::vector<Return> returns_;
    Persons persons_;  // of pseudonyms
    mutable std::string last_source_, last_source_id_, last_pseudonym_;
    struct NamedId {
        std::string_view kind;
        std::string source, source_id, public_id;
    };
    mutable std::vector<NamedId> last_named_;  // one a kind

    std::size_t count_of(std::string_view kind) const {
        return static_cast<std::size_t>(std::count_if(
            facts_.records.begin(), facts_.records.end(),
            [&](const RecordFact& record) { return record.key.kind == kind; }
        ));
    }

    // What an older version may have stored (I5).
    static constexpr const char* kTooLarge = "a sum or quantity that is too large";
    static bool is_sane(const Decimal& quantity) {
        return quantity <= kQuantityMax && quantity >= -kQuantityMax;
    }
    static bool within_bound(
        const BodyFields& fields, std::initializer_list<std::string_view> names
    ) {
        return std::all_of(names.begin(), names.end(), [&](std::string_view name) {
            const auto sum = fields.money(name);
            return !sum || sum->within_bound();
        });
    }

    void problem(const RecordFact& record, std::string reason) {
        all_.problems.push_back(Problem{record.key, std::move(reason)});
    }

    void read_patient(const RecordFact& record) {
        const BodyFields fields{JsonView(record.body)};
        if (!fields.well_formed()) return problem(record, "the stored body is not JSON");
        Patient patient;
        patient.key = record.key;
        patient.own_pseudonym = pseudonym(record.key.source, record.key.source_id);
        patient.pseudonym = patient.own_pseudonym;
        patient.first_seen_us = record.first_seen_us;
        const auto marks = fields.texts("marks");
        patient.white_mark = std::find(marks.begin(), marks.end(), "white") != marks.end();
        if (const auto stamp = fields.time("source_modified_at"))
            patient.white_since_us = stamp->unix_us;
        if (const std::string into = fields.text("merged_into"); !into.empty()) {
            persons_.merge(patient.own_pseudonym, identity_.pseudonym(record.key.source, into));
        }
        if (all_.mis_source.empty()) all_.mis_source = record.key.source;
        all_.patients[patient.own_pseudonym] = std::move(patient);
    }

    void link_patients() {
        std::vector<Persons::Link> links;
        for (const PatientLink& link : facts_.patient_links)
            links.emplace_back(
                identity_.pseudonym(link.joins.source, link.joins.source_id),
                identity_.pseudonym(link.stays.source, link.stays.source_id)
            );
        persons_.link(std::move(links));
    }

    // Whom the clinic's links keep is the group's, so that his source speaks for it.
    void resolve_merges() {
        const Patient* kept = nullptr;
        for (auto& [own, patient] : all_.patients) {
            patient.pseudonym = persons_.of(own);
            patient.merged = patient.pseudonym != own;
            if (!patient.merged && (kept == nullptr || patient.key < kept->key)) kept = &patient;
        }
        if (kept != nullptr && !facts_.patient_links.empty()) all_.mis_source = kept->key.source;
    }

    std::string patient_of(const RecordFact& record, const BodyFields& fields) const {
        const std::string source_id = fields.text("patient_source_id");
        return source_id.empty() ? std::string()
                                 : persons_.of(pseudonym(record.key.source, source_id));
    }

    const std::string& own_pseudonym(const RecordFact& record, const BodyFields& fields) const {
        return pseudonym(record.key.source, fields.text("patient_source_id"));
    }

    // A group's records name the same few patients, and a pseudonym costs a keyed hash.
    const std::string& pseudonym(const std::string& source, const std::string& source_id) const {
        if (last_pseudonym_.empty() || source != last_source_ || source_id != last_source_id_) {
            last_pseudonym_ = identity_.pseudonym(source, source_id);
            last_source_ = source;
            last_source_id_ = source_id;
        }
        return last_pseudonym_;
    }

    // Of a practitioner, a branch …: the lines of a day name the same ones, and an id costs a hash.
    const std::string& public_id(
        std::string_view kind, const std::string& source, const std::string& source_id
    ) const {
        auto last = std::find_if(last_named_.begin(), last_named_.end(), [&](const NamedId& known) {
            return known.kind == kind;
        });
        if (last == last_named_.end()) last = last_named_.insert(last, NamedId{kind, {}, {}, {}});
        if (last->public_id.empty() || last->source_id != source_id || last->source != source) {
            last->public_id = identity_.public_id(source, kind, source_id);
            last->source = source;
            last->source_id = source_id;
        }
        return last->public_id;
    }

    Zone zone_of(const RecordFact& record, const BodyFields& fields) const {
        if (rules_.branch_zones.empty()) return rules_.clinic_zone;
        return rules_.zone_of_branch(record.key.source, fields.text("branch_source_id"));
    }

    struct Clocked {
        Timestamp time;          // by the branch's clock (I6)
        bool as_written = true;  // with the very offset that the body has
    };
    static std::optional<Clocked> local(
        const BodyFields& fields, std::string_view name, const Zone& zone
    ) {
        const auto written = fields.time(name);
        if (!written) return std::nullopt;
        const Timestamp here = zone.of(*written);
        return Clocked{here, here == *written && here.offset_min == written->offset_min};
    }

    // D5: what a source has from before it counts, the clinic's earlier MIS has told.
    bool is_history(const RecordFact& record, const Timestamp& at) {
        if (!rules_.is_history(record.key.source, at.local_date())) return false;
        all_.history.insert(identity_.public_id(record.key));
        return true;
    }

    // The fields of a body that may leave: those named, as they are, and ids under their natural
    // name as public ids. Told in the order of their names they are gathered without a copy.
    class Exported {
      public:
        Exported(const FactReader& reader, const RecordFact& record, const BodyFields& fields)
            : reader_(reader), source_(record.key.source), fields_(fields), out_(kBytes) {}

        Exported& plain(std::initializer_list<std::string_view> names) {
            for (const std::string_view name : names) {
                const JsonView value = fields_.find(name);
                if (!value.absent()) out_.raw(name, value.raw());
            }
            return *this;
        }
        // `field` names the record of that kind in the body.
        Exported& id(std::string_view kind, std::string_view field) {
            return id_of(kind, fields_.text(field));
        }
        Exported& id_of(std::string_view kind, const std::string& source_id) {
            if (!source_id.empty()) out_.string(kind, reader_.public_id(kind, source_, source_id));
            return *this;
        }
        Exported& time(std::string_view name, const Clocked& when) {
            if (when.as_written) return plain({name});
            out_.string(name, when.time.to_string());
            return *this;
        }
        Exported& string(std::string_view name, std::string_view value) {
            if (!value.empty()) out_.string(name, value);
            return *this;
        }
        Exported& raw(std::string_view name, std::string_view value) {
            out_.raw(name, value);
            return *this;
        }
        JsonText text() && { return std::move(out_).text(); }

      private:
        static constexpr std::size_t kBytes = 700;  // room for most procedures

        const FactReader& reader_;
        const std::string& source_;
        const BodyFields& fields_;
        JsonFields out_;
    };

    void read_record(const RecordFact& record) {
        const std::string& kind = record.key.kind;
        const bool known = kind == "procedure" || kind == "payment" || kind == "appointment" ||
                           kind == "limit" || kind == "plan" || kind == "plan_item";
        if (!known) return;
        const BodyFields fields{JsonView(record.body)};
        if (!fields.well_formed()) return problem(record, "the stored body is not JSON");
        if (kind == "procedure") return read_procedure(record, fields);
        if (kind == "payment") return read_payment(record, fields);
        if (kind == "appointment") return read_appointment(record, fields);
        if (kind == "limit") return read_limit(record, fields);
        if (kind == "plan") return read_plan(record, fields);
        return read_plan_item(record, fields);
    }

    void read_procedure(const RecordFact& record, const BodyFields& fields) {
        const Zone zone = zone_of(record, fields);
        const auto performed_at = local(fields, "performed_at", zone);
        const auto total = fields.money("total");
        const auto quantity = fields.decimal("quantity");
        if (!performed_at || !total)
            return problem(record, "a procedure without performed_at or total");
        if (!total->within_bound() || (quantity && !is_sane(*quantity)) ||
            !within_bound(fields, {"list_total", "discount"}))
            return problem(record, kTooLarge);
        if (is_history(record, performed_at->time)) return;
        Line& line = all_.lines.emplace_back();
        line.key = record.key;
        line.id = identity_.public_id(record.key);
        line.patient = patient_of(record, fields);
        line.patient_merged = line.patient.empty() ||
                              (!persons_.empty() && line.patient != own_pseudonym(record, fields));
        line.performed_at = performed_at->time;
        line.day = line.performed_at.local_date();
        line.work = read_work(
            fields.text("service_code"), fields.text("nomenclature"), rules_, record.key.source
        );
        if (line.work.nomenclature.empty()) all_.unmapped_codes.insert(line.work.service_code);
        line.teeth = fields.texts("teeth");
        line.quantity = quantity.value_or(Decimal(1, 0));
        line.total = *total;
        line.list_total = fields.money("list_total");
        line.discount = fields.money("discount");
        line.payer = fields.text("payer");
        line.limit_source_id = fields.text("limit_source_id");
        line.category = fields.text("category");
        line.legal_entity = legal_entity_of(record.key.source, fields);
        line.plan_item_source_id = fields.text("plan_item_source_id");
        line.appointment_source_id = fields.text("appointment_source_id");
        line.in_progress = fields.text("state") == "in_progress";
        line.payers_unknown = record.payers_unknown;
        line.warranty = fields.flag("warranty").value_or(false);
        line.remarks = fields.texts("notes");
        read_shares(line, fields);
        Exported out(*this, record, fields);
        out.id_of("appointment", line.appointment_source_id);
        if (const std::string branch = fields.text("branch_source_id"); !branch.empty()) {
            line.branch = public_id("branch", record.key.source, branch);
            out.string("branch", line.branch);
        }
        out.plain({"category", "discount"}).string("id", line.id);
        out.id_of("limit", line.limit_source_id).plain({"list_total"});
        if (line.work.nomenclature.empty())
            out.raw("nomenclature", "null");
        else
            out.string("nomenclature", line.work.nomenclature);
        out.string("patient", line.patient).plain({"payer"}).time("performed_at", *performed_at);
        out.id_of("plan_item", line.plan_item_source_id);
        out.id("practitioner", "practitioner_source_id");
        out.plain({"quantity", "service_code", "service_name"});
        if (!line.shares.empty()) out.raw("shares", exported_shares(record, line));
        out.plain({"state", "surfaces", "teeth", "total", "warranty"});
        line.exported = std::move(out).text();
        const bool minus = line.quantity.is_negative(), plus = line.quantity > Decimal(0, 0);
        if ((minus && line.total.minor > 0) || (plus && line.total.minor < 0)) {
            all_.lines.pop_back();
            return problem(
                record,
                "quantity and total have opposite signs: a line has none below zero, a return both"
            );
        }
        if (line.total.minor < 0 || minus) {
            returns_.push_back(Return{std::move(line), fields.text("reverses_source_id")});
            all_.lines.pop_back();
        }
    }

    // The line's own, else its branch's.
    std::string legal_entity_of(const std::string& source, const BodyFields& fields) const {
        std::string own = fields.text("legal_entity");
        if (!own.empty() || rules_.legal_entities.empty()) return own;
        const auto found = rules_.legal_entities.find({source, fields.text("branch_source_id")});
        return found == rules_.legal_entities.end() ? std::string() : found->second;
    }

    std::string exported_shares(const RecordFact& record, const Line& line) const {
        std::string out = "[";
        for (const Share& share : line.shares) {
            JsonFields one;
            one.string("payer", share.payer).money("total", share.total);
            if (!share.limit_source_id.empty()) {
                one.string(
                    "limit", identity_.public_id(record.key.source, "limit", share.limit_source_id)
                );
            }
            if (out.size() > 1) out += ',';
            out += one.text().text();
        }
        return out += ']';
    }

    void read_shares(Line& line, const BodyFields& fields) {
        if (!fields.find("shares").is_array()) return;
        Money sum{0, line.total.currency};
        for (const JsonView item : fields.find("shares").elements()) {
            const BodyFields share(item);
            const auto total = share.money("total");
            if (!total || total->currency != line.total.currency) continue;
            sum += *total;
            line.shares.push_back(Share{share.text("payer"), share.text("limit_source_id"), *total}
            );
        }
        if (sum != line.total) {  // the record schema refuses such a row; never charge a sum
                                  // that nobody stated
            line.shares.clear();
            line.remarks.push_back("shares_do_not_add_up");
        }
    }

    void read_payment(const RecordFact& record, const BodyFields& fields) {
        const auto paid_at = local(fields, "paid_at", zone_of(record, fields));
        const auto amount = fields.money("amount");
        if (!paid_at || !amount) return problem(record, "a payment without paid_at or amount");
        if (!amount->within_bound()) return problem(record, kTooLarge);
        if (is_history(record, paid_at->time)) return;
        Payment payment;
        payment.key = record.key;
        payment.id = identity_.public_id(record.key);
        payment.patient = patient_of(record, fields);
        payment.kind = fields.text("kind");
        payment.payer = fields.text("payer");
        payment.limit_source_id = fields.text("limit_source_id");
        payment.paid_at = paid_at->time;
        payment.amount = *amount;
        Exported out(*this, record, fields);
        out.plain({"amount"}).id("branch", "branch_source_id").string("id", payment.id);
        out.plain({"kind"}).id_of("limit", payment.limit_source_id).plain({"method"});
        out.time("paid_at", *paid_at);
        out.string("patient", payment.patient).plain({"payer"});
        payment.exported = std::move(out).text();
        all_.payments.push_back(std::move(payment));
    }

    void read_appointment(const RecordFact& record, const BodyFields& fields) {
        Appointment visit(zone_of(record, fields));
        const auto starts_at = local(fields, "starts_at", visit.zone);
        const auto ends_at = local(fields, "ends_at", visit.zone);
        if (!starts_at || !ends_at)
            return problem(record, "an appointment without starts_at or ends_at");
        if (is_history(record, starts_at->time)) return;
        visit.key = record.key;
        visit.id = identity_.public_id(record.key);
        visit.patient = patient_of(record, fields);
        visit.starts_at = starts_at->time;
        visit.ends_at = ends_at->time;
        if (const auto stamp = fields.time("source_modified_at"))
            visit.modified_at = visit.zone.of(*stamp);
        visit.day = visit.starts_at.local_date();
        visit.status = fields.text("status");
        visit.payer = fields.text("payer");
        visit.limit_source_id = fields.text("limit_source_id");
        visit.comment = fields.text("comment");
        visit.plan_item_source_ids = fields.texts("plan_item_source_ids");
        Exported out(*this, record, fields);
        out.id("branch", "branch_source_id").plain({"cancel_reason"}).time("ends_at", *ends_at);
        out.plain({"first_visit"});
        out.string("id", visit.id).id_of("limit", visit.limit_source_id).plain({"online"});
        out.string("patient", visit.patient);
        if (!visit.plan_item_source_ids.empty()) {
            std::string items = "[";
            for (const std::string& id : visit.plan_item_source_ids) {
                if (items.size() > 1) items += ',';
                items += json_string(identity_.public_id(record.key.source, "plan_item", id));
            }
            out.raw("plan_items", items + "]");
        }
        out.id("practitioner", "practitioner_source_id").plain({"room"});
        out.time("starts_at", *starts_at).plain({"status"});
        visit.exported = std::move(out).text();
        all_.appointments.push_back(std::move(visit));
    }

    void read_limit(const RecordFact& record, const BodyFields& fields) {
        const auto granted = fields.money("granted");
        if (!granted) return problem(record, "a limit without granted");
        if (!granted->within_bound() || !within_bound(fields, {"used"}))
            return problem(record, kTooLarge);
        LimitRecord limit;
        limit.key = record.key;
        limit.id = identity_.public_id(record.key);
        limit.patient = patient_of(record, fields);
        for (const std::string& member : fields.texts("members")) {
            std::string pseudonym = persons_.of(identity_.pseudonym(record.key.source, member));
            if (pseudonym != limit.patient) limit.members.push_back(std::move(pseudonym));
        }
        limit.kind = fields.text("kind");
        limit.payer_name = fields.text("payer_name");
        limit.policy_number = fields.text("policy_number");
        limit.overrun_payer = fields.text("overrun_payer");
        limit.granted = *granted;
        limit.used = fields.money("used");
        limit.valid_from = fields.date("valid_from");
        limit.valid_to = fields.date("valid_to");
        if (const auto cancelled = fields.time("cancelled_at"))
            limit.cancelled_at = rules_.clinic_zone.of(*cancelled);
        limit.discounts_allowed = fields.flag("discounts_allowed");
        limit.approval_required = fields.flag("approval_required");
        limit.first_seen_us = record.first_seen_us;
        all_.limits.push_back(std::move(limit));
    }

    void read_plan(const RecordFact& record, const BodyFields& fields) {
        const auto created_on = fields.date("created_on");
        if (!created_on) return problem(record, "a plan without created_on");
        PlanRecord plan;
        plan.key = record.key;
        plan.id = identity_.public_id(record.key);
        plan.patient = patient_of(record, fields);
        plan.created_on = *created_on;
        plan.active = fields.flag("active").value_or(true);
        plan.changed_at = rules_.clinic_zone.of(
            fields.time("source_modified_at").value_or(rules_.clinic_zone.at(record.first_seen_us))
        );
        Exported out(*this, record, fields);
        out.plain({"active", "created_on"}).string("id", plan.id).string("patient", plan.patient);
        out.id("practitioner", "practitioner_source_id");
        plan.exported = std::move(out).text();
        all_.plans.push_back(std::move(plan));
    }

    void read_plan_item(const RecordFact& record, const BodyFields& fields) {
        PlanItemRecord& item = all_.plan_items.emplace_back();
        item.key = record.key;
        item.id = identity_.public_id(record.key);
        item.plan_source_id = fields.text("plan_source_id");
        item.stage = fields.integer("stage").value_or(1);
        item.position = fields.integer("position").value_or(0);
        item.work = read_work(
            fields.text("service_code"), fields.text("nomenclature"), rules_, record.key.source
        );
        item.teeth = fields.texts("teeth");
        item.quantity = fields.decimal("quantity").value_or(Decimal(1, 0));
        if (!is_sane(item.quantity)) item.quantity = kQuantityMax;
        item.total = fields.money("total");
        item.service_name = fields.text("service_name");
    }

    void sort_by_fact_order() {  // D1
        sort(all_.lines, [](const Line& line) {
            return std::tie(line.performed_at.unix_us, line.key);
        });
        sort(returns_, [](const Return& taken_back) {
            return std::tie(taken_back.line.performed_at.unix_us, taken_back.line.key);
        });
        sort(all_.payments, [](const Payment& payment) {
            return std::tie(payment.paid_at.unix_us, payment.key);
        });
        sort(all_.appointments, [](const Appointment& visit) {
            return std::tie(visit.starts_at.unix_us, visit.key);
        });
        sort(all_.limits, [](const LimitRecord& limit) {
            return std::tie(limit.first_seen_us, limit.key);
        });
        sort(all_.plans, [](const PlanRecord& plan) {
            return std::tie(plan.created_on, plan.key);
        });
        sort(all_.plan_items, [](const PlanItemRecord& item) {
            return std::tie(item.stage, item.position, item.key);
        });
    }

    // Moves each record once, if at all: they are large.
    template <typename Record, typename KeyOf>
    static void sort(std::vector<Record>& records, const KeyOf& key_of) {
        const auto earlier = [&](const Record& a, const Record& b) {
            return key_of(a) < key_of(b);
        };
        if (std::is_sorted(records.begin(), records.end(), earlier)) return;
        std::vector<Record*> order;
        order.reserve(records.size());
        for (Record& record : records) order.push_back(&record);
        std::sort(order.begin(), order.end(), [&](const Record* a, const Record* b) {
            return earlier(*a, *b);
        });
        std::vector<Record> sorted;
        sorted.reserve(records.size());
        for (Record* record : order) sorted.push_back(std::move(*record));
        records = std::move(sorted);
    }
};

bool looks_national(std::string_view code
) {  // A16.07.002, B01.065.001: a price list that uses the national codes themselves
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return code.size() >= 10 && (code[0] == 'A' || code[0] == 'B') && digit(code[1]) &&
           digit(code[2]) && code[3] == '.' && digit(code[4]);
}

std::string listed_code(const Rules& rules, const std::string& code, std::string_view source) {
    auto listed = rules.listed_nomenclature.lower_bound({code, std::string(source)});
    if (listed == rules.listed_nomenclature.end() || listed->first.first != code) return {};
    if (!source.empty() && listed->first.second != source) return {};
    return fold_code(listed->second);
}

}  // namespace

Work read_work(
    std::string_view service_code, std::string_view nomenclature, const Rules& rules,
    std::string_view source
) {
    Work work;
    work.service_code = service_code;
    work.folded_code = fold_code(service_code);
    work.list = source;
    work.nomenclature = fold_code(nomenclature);
    if (work.nomenclature.empty()) {
        const auto mapped = rules.nomenclature_of.find(work.folded_code);
        if (mapped != rules.nomenclature_of.end()) {
            work.nomenclature = fold_code(mapped->second);
            work.mapped = true;
        } else if (auto listed = listed_code(rules, work.folded_code, source); !listed.empty()) {
            work.nomenclature = std::move(listed);
            work.mapped = true;
        } else if (looks_national(work.folded_code)) {
            work.nomenclature = work.folded_code;
            work.mapped = true;
        }
    }
    if (rules.groups != nullptr && !work.nomenclature.empty())
        work.entry = rules.groups->find(work.nomenclature);
    return work;
}

TypedFacts read_facts(const GroupFacts& facts, const Rules& rules, const Identity& identity) {
    return FactReader(facts, rules, identity).read();
}

}  // namespace mis::domain
