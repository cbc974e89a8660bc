#include "change/parties.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/json_fields.hpp"
#include "base/phones.hpp"
#include "base/private_values.hpp"
#include "base/text.hpp"
#include "change/key.hpp"

namespace mis::change {
Parties::Parties(sqlite::Transaction& transaction, const StreamRef& stream, std::int64_t stream_id)
    : transaction_(transaction),
      source_(stream.source),
      kind_(stream.kind),
      stream_id_(stream_id),
      find_party_(
          transaction.prepare("select id from party where kind = ?1 and source = ?2 and key = ?3")
      ) {
    static constexpr std::array kSlotKinds = {"appointment", "shift", "busy", "slot"};
    touches_slots_ = std::find(kSlotKinds.begin(), kSlotKinds.end(), kind_) != kSlotKinds.end();
}

void Parties::store_links(const record::Record& record, std::optional<std::int64_t> owner) {
    using Link = std::pair<std::int64_t, std::optional<std::int64_t>>;  // patient, owner
    const std::vector<Link> before = links_of(record.source_id);
    std::vector<Link> now;
    for (const auto& related : record.related_patients) {
        const Link link{party(GroupKind::patient, related), owner};
        if (std::find(now.begin(), now.end(), link) == now.end()) now.push_back(link);
        mark(link.first);
    }
    if (std::is_permutation(before.begin(), before.end(), now.begin(), now.end())) return;
    end_links(record.source_id);
    auto insert = transaction_.prepare(
        "insert into record_link (stream, key, party, owner) values (?1, ?2, ?3, ?4)"
    );
    for (const auto& [patient, of] : now) {
        insert.reset();
        insert.bind(1, stream_id_);
        bind_key(insert, 2, record.source_id);
        insert.bind(3, patient);
        bind_optional(insert, 4, of);
        insert.run();
    }
}

std::vector<std::pair<std::int64_t, std::optional<std::int64_t>>> Parties::links_of(
    const std::string& key
) {
    std::vector<std::pair<std::int64_t, std::optional<std::int64_t>>> links;
    auto select =
        transaction_.prepare("select party, owner from record_link where stream = ?1 and key = ?2");
    select.bind(1, stream_id_);
    bind_key(select, 2, key);
    while (select.step())
        links.emplace_back(
            select.integer(0), select.is_null(1) ? std::nullopt : std::optional(select.integer(1))
        );
    return links;
}

// Whom it joined belong to one change set more: what they had in common ends in it.
void Parties::end_links(const std::string& key) {
    const auto links = links_of(key);
    if (links.empty()) return;
    for (const auto& [patient, owner] : links)
        tie_once(patient, owner.value_or(links.front().first));
    auto erase = transaction_.prepare("delete from record_link where stream = ?1 and key = ?2");
    erase.bind(1, stream_id_);
    bind_key(erase, 2, key);
    erase.run();
}

void Parties::tie_once(std::int64_t party, std::int64_t other) {
    if (party == other) return;
    auto insert =
        transaction_.prepare("insert or ignore into passing_tie (party, other) values (?1, ?2)");
    insert.with(party, other).run();
    insert.with(other, party).run();
}

void Parties::index_patient(const record::Record& record, std::int64_t patient) {
    forget_patient(patient);
    const auto body = parse_json(record.body);
    if (!body || !body->is_object()) return;
    const std::string last_name = fold(text_in(*body, "last_name"));
    const std::string birth_date = text_in(*body, "birth_date");
    if (!last_name.empty() || !birth_date.empty())
        transaction_
            .prepare(
                "insert or replace into patient_name (party, folded_last_name, birth_date) values "
                "(?1, ?2, ?3)"
            )
            .with(patient, last_name, birth_date)
            .run();
    const auto phones = body->find("phones");
    if (phones == body->end() || !phones->is_array()) return;
    for (const auto& phone : *phones)
        if (phone.is_string())
            for (const auto& last_ten : phones_last_ten(phone.get_ref<const std::string&>()))
                transaction_
                    .prepare("insert or ignore into patient_phone (phone10, party) values (?1, ?2)")
                    .with(last_ten, patient)
                    .run();
}

void Parties::index_private_values(
    const record::Record& record, std::optional<std::int64_t> owner
) {
    constexpr std::int64_t kNobody = 0, kPractitioner = -1;  // as 0006_private_values.hpp says
    const bool of_patient = kind_ == "patient";
    if (!of_patient && kind_ != "limit" && kind_ != "practitioner") return;
    const auto hashes = private_hashes(kind_, JsonView(record.body));
    const std::int64_t whose = of_patient                ? owner.value_or(kNobody)
                               : kind_ == "practitioner" ? kPractitioner
                                                         : kNobody;
    for (const std::int64_t hash : hashes) {
        transaction_.prepare("insert or ignore into private_value (hash, owner) values (?1, ?2)")
            .with(hash, whose)
            .run();
        private_values_added_ = private_values_added_ || transaction_.database().changes() > 0;
    }
    if (!of_patient || whose == kNobody) return;
    std::string kept;
    for (const std::int64_t hash : hashes) kept += (kept.empty() ? "" : ",") + std::to_string(hash);
    transaction_
        .prepare(
            // owner > 0: what the partial index asks for, without which every row is looked at
            "delete from private_value where owner = ?1 and owner > 0 and "
            "instr(',' || ?2 || ',', ',' || hash || ',') = 0"
        )
        .with(whose, kept)
        .run();
}

void Parties::forget_patient(std::int64_t patient) {
    transaction_.prepare("delete from patient_name where party = ?1").with(patient).run();
    transaction_.prepare("delete from patient_phone where party = ?1").with(patient).run();
}

void Parties::forget_private_values(std::int64_t patient) {
    transaction_.prepare("delete from private_value where owner = ?1 and owner > 0")
        .with(patient)
        .run();
}

std::int64_t Parties::party(GroupKind kind, const std::string& key) {
    const auto kind_number = static_cast<std::int64_t>(kind);
    auto& known = parties_.at(static_cast<std::size_t>(kind));
    if (const auto found = known.find(key); found != known.end()) return found->second;
    std::int64_t id = 0;
    sqlite::Statement& find = find_party_;
    find.reset();
    find.bind(1, kind_number).bind_held(2, source_);
    bind_key(find, 3, key);
    if (find.step()) {
        id = find.integer(0);
    } else {
        auto insert =
            transaction_.prepare("insert into party (kind, source, key) values (?1, ?2, ?3)");
        insert.bind(1, kind_number).bind(2, source_);
        bind_key(insert, 3, key);
        insert.run();
        id = transaction_.database().last_insert_id();
    }
    find.reset();
    known.emplace(key, id);
    return id;
}

std::optional<std::int64_t> Parties::owner_of(const record::Record& record) {
    if (kind_ == "patient") return party(GroupKind::patient, record.source_id);
    if (!record.patient_source_id.empty())
        return party(GroupKind::patient, record.patient_source_id);
    if (!record.plan_source_id.empty()) return party(GroupKind::plan, record.plan_source_id);
    return std::nullopt;
}

std::optional<std::int64_t> Parties::doctor_of(const record::Record& record) {
    if (!touches_slots_ || record.practitioner_source_id.empty()) return std::nullopt;
    return party(GroupKind::practitioner, record.practitioner_source_id);
}

// A plan item is its plan's patient's. When the plan comes later, the plan itself marks him.
void Parties::mark_owner(std::optional<std::int64_t> owner) {
    if (!owner) return;
    if (kind_ != "plan_item") return mark(*owner);
    auto found = patient_of_plan_.find(*owner);
    if (found == patient_of_plan_.end()) {
        auto select = transaction_.prepare(
            "select p.kind, (select r.owner from change_stream s join record r on r.stream = s.id "
            "and r.key = p.key "
            "where s.source = p.source and s.kind = 'plan' and r.owner is not null limit 1) from "
            "party p where p.id = ?1"
        );
        select.bind(1, *owner);
        MIS_ASSERT(select.step());
        const bool is_plan = select.integer(0) == static_cast<int>(GroupKind::plan);
        const std::int64_t patient = !is_plan ? *owner : select.is_null(1) ? 0 : select.integer(1);
        found = patient_of_plan_.emplace(*owner, patient).first;
    }
    if (found->second != 0) mark(found->second);
}

void Parties::mark_links(const std::string& key) {
    auto select =
        transaction_.prepare("select party from record_link where stream = ?1 and key = ?2");
    select.bind(1, stream_id_);
    bind_key(select, 2, key);
    while (select.step()) mark(select.integer(0));
}

std::vector<GroupKey> Parties::marked() {
    std::vector<GroupKey> groups;
    auto describe = transaction_.prepare("select kind, source, key from party where id = ?1");
    for (const std::int64_t id : marked_) {
        describe.reset();
        describe.bind(1, id);
        if (describe.step())
            groups.push_back(
                {static_cast<GroupKind>(describe.integer(0)), describe.string(1),
                 describe.string(2)}
            );
    }
    std::sort(groups.begin(), groups.end());
    return groups;
}

void Parties::write_marks() {
    if (std::exchange(private_values_added_, false))  // texts that were harmless may be so no more
        transaction_.prepare("update change_counter set value = value + 1 where name = 'private'")
            .run();
    if (marked_.empty()) return;
    std::int64_t mark = 0;
    {
        auto next = transaction_.prepare(
            "update change_counter set value = value + 1 where name = 'mark' returning value"
        );
        MIS_ASSERT(next.step());
        mark = next.integer(0);
        next.run();
    }
    auto upsert = transaction_.prepare(
        "insert into pending (party, mark) values (?1, ?2) on conflict (party) do update set "
        "mark = excluded.mark"
    );
    for (const std::int64_t party : marked_) upsert.with(party, mark).run();
    marked_.clear();
}

}  // namespace mis::change
