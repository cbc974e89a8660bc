// What the pipeline and the set comparison ask of the store.
#include <algorithm>
#include <deque>
#include <set>
#include <unordered_set>

#include "change/capture_writer.hpp"
#include "change/key.hpp"
#include "change/record_store.hpp"
#include "change/stream_of.hpp"

namespace mis::change {
namespace {

constexpr std::string_view kStandingColumns =
    "select s.source, s.kind, r.key, r.version, r.since_us, j.body, r.mapping ";
constexpr std::string_view kStandingJoin =
    "join change_stream s on s.id = r.stream join journal j on j.pos = r.pos ";

// Map versions whose MIS tells no payers; of most stores there are none.
std::set<std::int64_t> without_payers(sqlite::Database& database) {
    std::set<std::int64_t> found;
    auto select = database.prepare("select id from change_mapping where version like '%' || ?1");
    select.with(kPayersUnknown);
    while (select.step()) found.insert(select.integer(0));
    return found;
}

StandingRecord standing_from(
    const sqlite::Statement& row, const std::set<std::int64_t>& unknown = {}
) {
    StandingRecord record;
    record.key = {row.string(0), row.string(1), row.string(2)};
    record.version = static_cast<std::uint64_t>(row.integer(3));
    record.since_us = row.integer(4);
    record.body = row.string(5);
    if (!unknown.empty()) record.payers_unknown = unknown.contains(row.integer(6));
    return record;
}

std::optional<std::int64_t> find_party(
    sqlite::Database& database, GroupKind kind, std::string_view source, std::string_view key
) {
    auto select =
        database.prepare("select id from party where kind = ?1 and source = ?2 and key = ?3");
    select.bind(1, static_cast<std::int64_t>(kind)).bind(2, source);
    bind_key(select, 3, key);
    if (!select.step()) return std::nullopt;
    return select.integer(0);
}

void append_standing(
    sqlite::Statement& select, std::vector<StandingRecord>& records,
    const std::set<std::int64_t>& unknown = {}
) {
    while (select.step()) records.push_back(standing_from(select, unknown));
}

std::vector<PatientMatch> matches(sqlite::Statement& select) {
    std::vector<PatientMatch> found;
    while (select.step())
        found.push_back({select.string(0), select.string(1), select.string(2), select.string(3)});
    return found;
}

}  // namespace

std::vector<PendingGroup> RecordStore::pending(int limit, std::int64_t after_id) const {
    auto select = database_.prepare(
        "select p.kind, p.source, p.key, w.party, w.mark from pending w join party p on p.id = "
        "w.party where w.party > ?1 order by w.party limit ?2"
    );
    select.with(after_id, limit);
    std::vector<PendingGroup> groups;
    while (select.step())
        groups.push_back(
            {{static_cast<GroupKind>(select.integer(0)), select.string(1), select.string(2)},
             select.integer(3),
             select.integer(4)}
        );
    return groups;
}

std::int64_t RecordStore::pending_count() const {
    auto select = database_.prepare("select count(*) from pending");
    select.step();
    return select.integer(0);
}

std::int64_t RecordStore::mark_now() const {
    auto select = database_.prepare("select value from change_counter where name = 'mark'");
    select.step();
    return select.integer(0);
}

std::vector<StandingRecord> RecordStore::standing_of_patient(
    const std::string& source, const std::string& patient_source_id
) const {
    std::vector<StandingRecord> records;
    const auto patient = find_party(database_, GroupKind::patient, source, patient_source_id);
    if (!patient) return records;
    static const std::string owned = std::string(kStandingColumns) + "from record r " +
                                     std::string(kStandingJoin) +
                                     "where r.owner = ?1 and r.pos is not null";
    static const std::string linked =
        std::string(kStandingColumns) +
        "from record_link l join record r on r.stream = l.stream and r.key = l.key " +
        std::string(kStandingJoin) +
        "where l.party = ?1 and r.pos is not null and r.owner is not ?1 and s.kind in ('limit', "
        "'patient')";  // not what was his once
    {
        auto select = database_.prepare(owned);
        append_standing(select.with(*patient), records, without_payers(database_));
    }
    const std::size_t owned_count = records.size();
    {
        auto select = database_.prepare(linked);
        append_standing(select.with(*patient), records);
    }
    for (std::size_t i = 0; i < owned_count; ++i) {
        if (records[i].key.kind != "plan") continue;
        const auto plan = find_party(database_, GroupKind::plan, source, records[i].key.source_id);
        if (!plan) continue;
        auto select = database_.prepare(owned);
        append_standing(select.with(*plan), records);
    }
    return records;
}

std::vector<StandingRecord> RecordStore::standing_of_practitioner(
    const std::string& source, const std::string& practitioner_source_id
) const {
    std::vector<StandingRecord> records;
    const auto doctor =
        find_party(database_, GroupKind::practitioner, source, practitioner_source_id);
    if (!doctor) return records;
    static const std::string sql = std::string(kStandingColumns) + "from record r " +
                                   std::string(kStandingJoin) +
                                   "where r.doctor = ?1 and r.pos is not null";
    auto select = database_.prepare(sql);
    append_standing(select.with(*doctor), records);
    return records;
}

std::vector<std::string> RecordStore::patients_joined_with(
    const std::string& source, const std::string& patient_source_id, Ties ties
) const {
    std::vector<std::string> joined;
    const auto start = find_party(database_, GroupKind::patient, source, patient_source_id);
    if (!start) return joined;
    std::vector<sqlite::Statement> searches;
    for (const char* sql : {
             // members of his limits, whom he was merged into
             "select party from record_link where owner = ?1",
             // owners of the limits where he is a member, who was merged into him
             "select owner from record_link where party = ?1 and owner is not null",
             // members beside him where the limit names no owner
             "select m.party from record_link l join record_link m on m.stream = l.stream and "
             "m.key = l.key "
             "where l.party = ?1 and l.owner is null",
             "select other from passing_tie where party = ?1",
         })
        searches.push_back(database_.prepare(sql));
    if (ties == Ties::standing) searches.pop_back();
    auto name = database_.prepare("select key from party where id = ?1 and kind = 1");
    std::unordered_set<std::int64_t> seen{*start};
    std::deque<std::int64_t> open{*start};
    while (!open.empty() && seen.size() < kJoinedPatientsMax) {
        const std::int64_t patient = open.front();
        open.pop_front();
        std::vector<std::int64_t> neighbours;
        for (auto& select : searches) {
            select.with(patient);
            while (select.step()) neighbours.push_back(select.integer(0));
            select.reset();
        }
        for (const std::int64_t neighbour : neighbours) {
            if (!seen.insert(neighbour).second) continue;
            open.push_back(neighbour);
            if (name.with(neighbour).step()) joined.push_back(name.string(0));
            name.reset();
        }
    }
    return joined;
}

void RecordStore::end_passing_ties(
    sqlite::Transaction& transaction, const std::string& source,
    const std::string& patient_source_id
) {
    const auto patient = find_party(database_, GroupKind::patient, source, patient_source_id);
    if (!patient) return;
    std::vector<std::int64_t> others;
    auto select = transaction.prepare("select other from passing_tie where party = ?1");
    select.with(*patient);
    while (select.step()) others.push_back(select.integer(0));
    if (others.empty()) return;
    auto erase = transaction.prepare("delete from passing_tie where party = ?1 and other = ?2");
    for (const std::int64_t other : others) {
        erase.with(*patient, other).run();
        erase.with(other, *patient).run();
    }
}

std::vector<RecordStore::FormerRecord> RecordStore::former_records(std::string_view kind) const {
    std::vector<FormerRecord> found;
    auto select = database_.prepare(
        "select s.source, s.kind, r.key, p.key from change_stream s join record r on r.stream = "
        "s.id join party p on p.id = r.owner and p.kind = 1 where s.kind = ?1 and r.pos is null"
    );
    select.with(kind);
    while (select.step())
        found.push_back({{select.string(0), select.string(1), select.string(2)}, select.string(3)});
    return found;
}

std::vector<RecordKey> RecordStore::patients_named() const {
    std::vector<RecordKey> found;
    auto select = database_.prepare("select source, key from party where kind = 1");
    while (select.step()) found.push_back({select.string(0), "patient", select.string(1)});
    return found;
}

std::optional<StandingRecord> RecordStore::find(const RecordKey& key) const {
    static const std::string sql =
        std::string(kStandingColumns) +
        "from change_stream s join record r on r.stream = s.id join journal j on j.pos = r.pos "
        "where s.source = ?1 and s.kind = ?2 and r.key = ?3";
    auto select = database_.prepare(sql);
    select.bind(1, key.source).bind(2, key.kind);
    bind_key(select, 3, key.source_id);
    if (!select.step()) return std::nullopt;
    return standing_from(select);
}

std::string stream_of(sqlite::Database& database, const RecordKey& key) {
    auto select = database.prepare(
        "select s.name from change_stream s join record r on r.stream = s.id where s.source = ?1 "
        "and s.kind = ?2 and r.key = ?3 and r.pos is not null"
    );
    select.bind(1, key.source).bind(2, key.kind);
    bind_key(select, 3, key.source_id);
    return select.step() ? select.string(0) : std::string();
}

void RecordStore::by_kind(
    std::string_view source, std::string_view kind,
    const std::function<void(const StandingRecord&)>& visit
) const {
    static const std::string sql =
        std::string(kStandingColumns) +
        "from change_stream s join record r on r.stream = s.id join journal j on j.pos = r.pos "
        "where s.kind = ?2 and (?1 = '' or s.source = ?1)";
    auto select = database_.prepare(sql);
    select.with(source, kind);
    while (select.step()) visit(standing_from(select));
}

std::pair<std::int64_t, std::int64_t> RecordStore::state_of_kind(std::string_view kind) const {
    auto select = database_.prepare(
        "select count(r.pos), coalesce(max(r.pos), 0) from change_stream s join record r on "
        "r.stream = s.id where s.kind = ?1"
    );
    select.with(kind);
    select.step();
    return {select.integer(0), select.integer(1)};
}

std::vector<PatientMatch> RecordStore::patients_by_phone(std::string_view phone10) const {
    auto select = database_.prepare(
        "select p.source, p.key, coalesce(n.folded_last_name, ''), coalesce(n.birth_date, '') from "
        "patient_phone f "
        "join party p on p.id = f.party left join patient_name n on n.party = f.party where "
        "f.phone10 = ?1"
    );
    return matches(select.with(phone10));
}

std::vector<PatientMatch> RecordStore::patients_by_last_name(
    std::string_view folded_last_name, std::string_view birth_date
) const {
    auto select = database_.prepare(
        "select p.source, p.key, n.folded_last_name, n.birth_date from patient_name n join party p "
        "on p.id = n.party "
        "where n.folded_last_name = ?1 and n.birth_date = ?2"
    );
    return matches(select.with(folded_last_name, birth_date));
}

std::vector<StreamCounts> RecordStore::counts() const {
    auto select = database_.prepare(
        "select s.source, s.name, s.kind, (select count(r.pos) from record r where r.stream = "
        "s.id), "
        "(select count(*) - count(r.pos) from record r where r.stream = s.id), "
        "(select count(*) from mapping_hold h where h.stream = s.id) from change_stream s order by "
        "s.source, s.id"
    );
    std::vector<StreamCounts> counts;
    while (select.step())
        counts.push_back(
            {select.string(0), select.string(1), select.string(2), select.integer(3),
             select.integer(4), select.integer(5)}
        );
    return counts;
}

std::int64_t RecordStore::standing_count(const StreamRef& stream, std::int64_t limit) const {
    auto select = database_.prepare(
        "select count(*) from (select 1 from record where stream = (select id from change_stream "
        "where source = ?1 and name = ?2) "
        "and pos is not null limit ?3)"
    );
    select.with(stream.source, stream.stream, limit).step();
    return select.integer(0);
}

void RecordStore::known_in_window(
    const StreamRef& stream, std::int64_t from_us, std::int64_t to_us,
    const std::function<void(const KnownRecord&)>& visit
) const {
    const auto id = find_stream(database_, stream.source, stream.stream);
    if (!id) return;
    auto select = database_.prepare(
        "select key, coalesce(row_key, key) from record where stream = ?1 and window_at >= ?2 and "
        "window_at < ?3 and pos is not null"
    );
    select.with(*id, from_us, to_us);
    while (select.step()) visit({select.string(0), select.string(1)});
}

void RecordStore::known_in_stream(
    const StreamRef& stream, const std::function<void(const KnownRecord&)>& visit
) const {
    const auto id = find_stream(database_, stream.source, stream.stream);
    if (!id) return;
    auto select = database_.prepare(
        "select key, coalesce(row_key, key) from record where stream = ?1 and pos is not null"
    );
    select.with(*id);
    while (select.step()) visit({select.string(0), select.string(1)});
}

std::vector<KnownRecord> RecordStore::known_of_row(
    const StreamRef& stream, std::string_view row_key
) const {
    std::vector<KnownRecord> known;
    const auto id = find_stream(database_, stream.source, stream.stream);
    if (!id) return known;
    for (const char* sql :
         {"select key, row_key from record where stream = ?1 and row_key = ?2 and pos is not null",
          "select key, key from record where stream = ?1 and key = ?2 and row_key is null and pos "
          "is not null"}) {
        auto select = database_.prepare(sql);
        select.bind(1, *id);
        bind_key(select, 2, row_key);
        while (select.step()) known.push_back({select.string(0), select.string(1)});
    }
    return known;
}

std::vector<KnownRecord> RecordStore::known_of_parent(
    const StreamRef& stream, std::string_view parent_key
) const {
    std::vector<KnownRecord> known;
    const auto id = find_stream(database_, stream.source, stream.stream);
    if (!id) return known;
    auto select = database_.prepare(
        "select key, coalesce(row_key, key) from record where stream = ?1 and parent = ?2 and pos "
        "is not null"
    );
    select.bind(1, *id);
    bind_key(select, 2, parent_key);
    while (select.step()) known.push_back({select.string(0), select.string(1)});
    return known;
}

}  // namespace mis::change
