// The facts of a group with types: canonical bodies and inbox messages read once, merges resolved,
// public ids in place of source ids.
//
// Bodies were checked against the record schema before they were stored; what is nevertheless
// senseless here becomes a Problem of its record, and the others go on. Every vector is in the
// order of D1 (business time, source, source_id).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/decimal.hpp"
#include "base/identity.hpp"
#include "base/json_text.hpp"
#include "base/money.hpp"
#include "base/timestamp.hpp"
#include "domain/evaluate.hpp"

namespace mis::domain {

struct Patient {
    RecordKey key;
    std::string own_pseudonym;  // before any merge
    std::string pseudonym;      // of the patient it was merged into, itself otherwise
    bool merged = false;
    bool white_mark = false;  // L8: treated for money
    std::optional<std::int64_t>
        white_since_us;  // the record's own stamp; else remembered by Announced
    std::int64_t first_seen_us = 0;
};

struct Work {                  // what was done or is to be done (I8)
    std::string service_code;  // as the clinic writes it
    std::string folded_code;
    std::string list;  // the source whose price list the code is of; empty: any (an order's)
    std::string nomenclature;  // national code, folded; empty: unknown
    bool mapped = false;       // the clinic's table said so, not the MIS
    const NomenclatureEntry* entry = nullptr;

    bool in_group(WorkGroup group) const { return entry != nullptr && entry->group == group; }
};

struct Share {
    std::string payer;
    std::string limit_source_id;
    Money total;
};

struct Line {  // a performed procedure as the MIS bills it; returns (negative rows) are already
               // taken off
    RecordKey key;
    std::string id;       // public id under which it is announced
    std::string patient;  // pseudonym, merges resolved
    bool patient_merged = false;
    Timestamp performed_at;
    Date day;  // the clinic's
    Work work;
    std::vector<std::string> teeth;
    Decimal quantity;
    Money total;
    std::optional<Money> list_total, discount;
    std::string payer, limit_source_id, category, plan_item_source_id, appointment_source_id;
    std::string branch, legal_entity;  // public id; as the MIS names it; empty: not told
    std::vector<Share> shares;         // as the MIS splits it itself; empty: not split
    bool in_progress = false, warranty = false, partly_returned = false;
    bool payers_unknown = false;  // L0: the MIS tells no payers at all
    std::vector<std::string> remarks;
    JsonText exported;  // schemas/README.md section 1 without private fields, public ids
};

struct Payment {
    RecordKey key;
    std::string id, patient, kind, payer, limit_source_id;
    Timestamp paid_at;
    Money amount;
    JsonText exported;
};

struct Appointment {
    RecordKey key;
    std::string id, patient;  // patient empty: a visit of nobody known
    Timestamp starts_at, ends_at;
    std::optional<Timestamp> modified_at;
    Date day;
    Zone zone;
    std::string status, payer, limit_source_id, comment;
    std::vector<std::string> plan_item_source_ids;
    JsonText exported;

    explicit Appointment(Zone z) : zone(z) {}
};

struct LimitRecord {
    RecordKey key;
    std::string id, patient, kind, payer_name, policy_number, overrun_payer;
    std::vector<std::string> members;  // pseudonyms, the owner not among them
    Money granted;
    std::optional<Money> used;
    std::optional<Date> valid_from, valid_to;
    std::optional<Timestamp> cancelled_at;
    std::optional<bool> discounts_allowed, approval_required;
    std::int64_t first_seen_us = 0;
};

struct PlanRecord {
    RecordKey key;
    std::string id, patient;
    Date created_on;
    bool active = true;
    Timestamp changed_at;  // when it was last seen changed: since then inactive, if it is
    JsonText exported;
};

struct PlanItemRecord {
    RecordKey key;
    std::string id, plan_source_id;
    int stage = 1, position = 0;
    Work work;
    std::vector<std::string> teeth;
    Decimal quantity;
    std::optional<Money> total;
    std::string service_name;
};

struct TypedFacts {
    std::map<std::string, Patient> patients;  // by own pseudonym
    std::vector<Line> lines;
    std::set<std::string> returned;  // public ids of lines returned in whole
    std::vector<Payment> payments;
    std::vector<Appointment> appointments;
    std::vector<LimitRecord> limits;
    std::vector<PlanRecord> plans;
    std::vector<PlanItemRecord> plan_items;
    std::vector<Problem> problems;
    std::set<std::string> unmapped_codes;
    std::string
        mis_source;  // the source of the group's patients, for events no single record caused
    std::set<std::string> sources;  // of all records of the group
    std::set<std::string> history;  // D5: public ids of records of before their source counts
};

TypedFacts read_facts(const GroupFacts& facts, const Rules& rules, const Identity& identity);

// `source`: whose price list the code is of; empty: of any (an order's).
Work read_work(
    std::string_view service_code, std::string_view nomenclature, const Rules& rules,
    std::string_view source = {}
);

}  // namespace mis::domain
