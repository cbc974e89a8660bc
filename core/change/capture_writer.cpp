#include "change/capture_writer.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/json_fields.hpp"
#include "base/text.hpp"
#include "change/key.hpp"

namespace mis::change {
namespace {

constexpr std::size_t kHashBytes = 16;  // of 32: enough to tell versions of one record apart

std::string_view short_hash(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), kHashBytes};
}

std::optional<std::int64_t> optional_integer(const sqlite::Statement& statement, int column) {
    if (statement.is_null(column)) return std::nullopt;
    return statement.integer(column);
}

void bind_optional_key(sqlite::Statement& statement, int index, std::string_view key) {
    if (key.empty())
        statement.bind_null(index);
    else
        bind_key(statement, index, key);
}

// A row key is kept only where it is not the record's own id.
std::string_view foreign_row_key(const Arrival& arrival) {
    return arrival.row_key == arrival.record.source_id ? std::string_view{}
                                                       : std::string_view(arrival.row_key);
}

// Fan-out by rows: the parent is another key than the row's. A map that fans one row out has the
// row itself as parent.
std::string_view foreign_parent(const Arrival& arrival) {
    const std::string& parent = arrival.record.parent_key;
    return parent == arrival.row_key ? std::string_view{} : std::string_view(parent);
}

}  // namespace

std::optional<std::int64_t> find_stream(
    sqlite::Database& database, std::string_view source, std::string_view stream
) {
    auto find = database.prepare("select id from change_stream where source = ?1 and name = ?2");
    find.with(source, stream);
    if (!find.step()) return std::nullopt;
    return find.integer(0);
}

std::int64_t stream_id(sqlite::Transaction& transaction, const StreamRef& stream) {
    if (const auto id = find_stream(transaction.database(), stream.source, stream.stream))
        return *id;
    transaction.prepare("insert into change_stream (source, name, kind) values (?1, ?2, ?3)")
        .with(stream.source, stream.stream, stream.kind)
        .run();
    return transaction.database().last_insert_id();
}

CaptureWriter::CaptureWriter(sqlite::Transaction& transaction, const StreamRef& stream)
    : transaction_(transaction),
      stream_(stream),
      stream_id_(stream_id(transaction, stream)),
      parties_(transaction, stream, stream_id_),
      load_(transaction.prepare(
          "select version, hash, row_hash, mapping, owner, doctor, pos, window_at, row_key, parent "
          "from record where stream = ?1 and key = ?2"
      )),
      insert_body_(transaction.prepare("insert into journal (body) values (?1)")),
      insert_record_(transaction.prepare(
          "insert or replace into record (stream, key, version, hash, row_hash, mapping, owner, "
          "doctor, pos, row_key, parent, window_at, "
          "since_us) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
      )) {
    any_held_ = transaction_.prepare("select 1 from mapping_hold where stream = ?1 limit 1")
                    .with(stream_id_)
                    .step();
    auto highest =
        transaction_.prepare("select key from record where stream = ?1 order by key desc limit 1");
    if (!highest.with(stream_id_).step())
        highest_key_ = INT64_MIN;
    else
        highest_key_ = integer_key(highest.text(0));
}

// A backfill in key order needs no look at what stands.
bool CaptureWriter::may_stand(std::string_view key) const {
    const auto number = integer_key(key);
    return !number || !highest_key_ || *number <= *highest_key_ || above_.contains(*number);
}

std::optional<CaptureWriter::Standing> CaptureWriter::load(const std::string& key) {
    if (!may_stand(key)) return std::nullopt;
    sqlite::Statement& select = load_;
    select.reset();
    select.bind(1, stream_id_);
    bind_key(select, 2, key);
    if (!select.step()) {
        select.reset();
        return std::nullopt;
    }
    Standing standing;
    standing.version = select.integer(0);
    standing.hash = select.string(1);
    standing.row_hash = static_cast<std::uint64_t>(select.integer(2));
    standing.mapping = select.integer(3);
    standing.owner = optional_integer(select, 4);
    standing.doctor = optional_integer(select, 5);
    standing.pos = optional_integer(select, 6);
    standing.window_us = optional_integer(select, 7);
    if (!select.is_null(8)) standing.row_key = select.string(8);
    if (!select.is_null(9)) standing.parent = select.string(9);
    select.reset();
    return standing;
}

void CaptureWriter::capture(const Arrival& arrival, const CaptureOptions& options) {
    const record::Record& record = arrival.record;
    const std::optional<Standing> old = load(record.source_id);
    const std::int64_t mapping = mapping_id(options.mapping_version);

    if (old && old->pos && old->hash == short_hash(record.content_hash) &&
        (old->mapping == mapping || says_payers(old->mapping) == says_payers(mapping))) {
        if (any_held_) forget_held(record.source_id);
        const bool same_row = old->row_hash == arrival.row_hash && old->row_hash != 0 &&
                              old->mapping == mapping && old->window_us == arrival.window_us;
        if (same_row ||
            (old->row_hash == arrival.row_hash && old->mapping == mapping &&
             old->window_us == arrival.window_us && journal_body(*old->pos) == record.body)) {
            ++counts_.unchanged;
            return;
        }
        store_silently(arrival, *old, mapping);
        ++counts_.silent;
        return;
    }
    if (old && old->pos) {
        const bool by_mapping_alone = options.mapping_change == MappingChange::hold &&
                                      old->mapping != mapping && arrival.row_hash != 0 &&
                                      arrival.row_hash == old->row_hash;
        if (by_mapping_alone && holds_back(arrival, *old, options)) {
            hold_back(arrival, mapping);
            return;
        }
        if (any_held_) forget_held(record.source_id);
        if (by_mapping_alone) {  // touches nothing that leaves
            store_silently(arrival, *old, mapping);
            ++counts_.silent;
            return;
        }
        ++counts_.updated;
    } else {
        ++counts_.created;
        if (options.cursor_us && arrival.stamp_us)
            counts_.lag_us_max =
                std::max(counts_.lag_us_max, *options.cursor_us - *arrival.stamp_us);
    }
    store_version(arrival, old, mapping, options.now_us);
}

// Does the mapping's change touch a field that leaves?
bool CaptureWriter::holds_back(
    const Arrival& arrival, const Standing& standing, const CaptureOptions& options
) {
    if (says_payers(standing.mapping) != says_payers(mapping_id(options.mapping_version)))
        return true;
    const auto before = parse_json(journal_body(*standing.pos));
    const auto after = parse_json(arrival.record.body);
    if (!before || !after || !before->is_object() || !after->is_object()) return true;
    const auto leaves = [&](const std::string& field) {
        if (options.exported) return options.exported(stream_.kind, field);
        return field != "notes" && field != "source_modified_at";
    };
    for (const auto& [field, value] : after->items())
        if (const auto found = before->find(field);
            (found == before->end() || *found != value) && leaves(field))
            return true;
    for (const auto& [field, value] : before->items())
        if (!after->contains(field) && leaves(field)) return true;
    return false;
}

void CaptureWriter::hold_back(const Arrival& arrival, std::int64_t mapping) {
    const record::Record& record = arrival.record;
    auto held =
        transaction_.prepare("select hash, mapping from mapping_hold where stream = ?1 and key = ?2"
        );
    held.bind(1, stream_id_);
    bind_key(held, 2, record.source_id);
    if (held.step() && held.text(0) == short_hash(record.content_hash) &&
        held.integer(1) == mapping) {
        ++counts_.unchanged;
        return;
    }
    held.reset();
    const Json owners = {
        {"patient", record.patient_source_id},
        {"plan", record.plan_source_id},
        {"practitioner", record.practitioner_source_id},
        {"related", record.related_patients},
        {"parent", record.parent_key},
    };
    auto insert = transaction_.prepare(
        "insert into mapping_hold (stream, key, hash, mapping, body, owners) values (?1, ?2, ?3, "
        "?4, ?5, ?6) on conflict do update set "
        "hash = excluded.hash, mapping = excluded.mapping, body = excluded.body, owners = "
        "excluded.owners"
    );
    insert.bind(1, stream_id_);
    bind_key(insert, 2, record.source_id);
    insert.bind_blob(3, short_hash(record.content_hash))
        .bind(4, mapping)
        .bind(5, record.body)
        .bind(6, canonical_json(owners));
    insert.run();
    any_held_ = true;
    ++counts_.held;
}

void CaptureWriter::forget_held(const std::string& key) {
    auto erase = transaction_.prepare("delete from mapping_hold where stream = ?1 and key = ?2");
    erase.bind(1, stream_id_);
    bind_key(erase, 2, key);
    erase.run();
}

void CaptureWriter::store_silently(
    const Arrival& arrival, const Standing& old, std::int64_t mapping
) {
    if (journal_body(*old.pos) != arrival.record.body) replace_body(*old.pos, arrival.record.body);
    auto update = transaction_.prepare(
        "update record set hash = ?3, row_hash = ?4, mapping = ?5, window_at = ?6, row_key = ?7, "
        "parent = ?8 where stream = ?1 and key = ?2"
    );
    update.bind(1, stream_id_);
    bind_key(update, 2, arrival.record.source_id);
    update.bind_blob(3, short_hash(arrival.record.content_hash))
        .bind(4, static_cast<std::int64_t>(arrival.row_hash))
        .bind(5, mapping);
    bind_optional(update, 6, arrival.window_us);
    bind_optional_key(update, 7, foreign_row_key(arrival));
    bind_optional_key(update, 8, foreign_parent(arrival));
    update.run();
}

void CaptureWriter::store_version(
    const Arrival& arrival, const std::optional<Standing>& old, std::int64_t mapping,
    std::int64_t now_us
) {
    const record::Record& record = arrival.record;
    const auto owner = parties_.owner_of(record);
    const auto doctor = parties_.doctor_of(record);
    const std::int64_t pos = old && old->pos ? *old->pos : append_body(record.body);
    if (old) {
        if (old->pos) replace_body(pos, record.body);
        if (old->owner != owner) parties_.mark_owner(old->owner);
        if (old->doctor && old->doctor != doctor) parties_.mark(*old->doctor);
        parties_.mark_links(record.source_id);
    }
    sqlite::Statement& upsert = insert_record_;
    upsert.bind(1, stream_id_);
    bind_key(upsert, 2, record.source_id);
    upsert.bind(3, old ? old->version + 1 : 1);
    upsert.bind_blob(4, short_hash(record.content_hash))
        .bind(5, static_cast<std::int64_t>(arrival.row_hash))
        .bind(6, mapping);
    bind_optional(upsert, 7, owner);
    bind_optional(upsert, 8, doctor);
    upsert.bind(9, pos);
    bind_optional_key(upsert, 10, foreign_row_key(arrival));
    bind_optional_key(upsert, 11, foreign_parent(arrival));
    bind_optional(upsert, 12, arrival.window_us);
    upsert.bind(13, now_us);
    upsert.run();
    if (const auto number = integer_key(record.source_id);
        number && highest_key_ && *number > *highest_key_)
        above_.insert(*number);
    parties_.mark_owner(owner);
    if (doctor) parties_.mark(*doctor);
    if (old || !record.related_patients.empty()) parties_.store_links(record, owner);
    if (old && old->owner && owner && old->owner != owner && !record.patient_source_id.empty())
        parties_.tie_once(*old->owner, *owner);
    if (stream_.kind == "patient") parties_.index_patient(record, *owner);
    parties_.index_private_values(record, owner);
}

void CaptureWriter::remove(const std::string& key, std::int64_t now_us) {
    const auto old = load(key);
    if (!old || !old->pos) return;
    if (any_held_) forget_held(key);
    parties_.mark_owner(old->owner);
    if (old->doctor) parties_.mark(*old->doctor);
    parties_.mark_links(key);
    parties_.end_links(key);
    auto bury = transaction_.prepare(
        "update record set pos = null, row_hash = 0, window_at = null, row_key = null, parent = "
        "null, since_us = ?3 where stream = ?1 and key = ?2"
    );
    bury.bind(1, stream_id_);
    bind_key(bury, 2, key);
    bury.bind(3, now_us).run();
    transaction_.prepare("delete from journal where pos = ?1").with(*old->pos).run();
    if (stream_.kind == "patient" && old->owner) {
        parties_.forget_patient(*old->owner);
        parties_.forget_private_values(*old->owner);
    }
    ++counts_.removed;
}

RecordStore::Answered CaptureWriter::answer_mapping_hold(
    RecordStore::Answer answer, std::int64_t now_us, int limit
) {
    RecordStore::Answered answered;
    std::vector<std::pair<Arrival, std::int64_t>> waiting;
    {
        auto select = transaction_.prepare(
            "select key, hash, mapping, body, owners from mapping_hold where stream = ?1 limit ?2"
        );
        select.with(stream_id_, limit);
        while (select.step()) {
            Arrival arrival;
            arrival.record.kind = stream_.kind;
            arrival.record.source_id = select.string(0);
            const std::string_view hash = select.text(1);
            std::copy(hash.begin(), hash.end(), arrival.record.content_hash.begin());
            arrival.record.body = select.string(3);
            const auto owners = parse_json(select.text(4));
            MIS_ASSERT(owners.has_value());
            arrival.record.patient_source_id = text_in(*owners, "patient");
            arrival.record.plan_source_id = text_in(*owners, "plan");
            arrival.record.practitioner_source_id = text_in(*owners, "practitioner");
            arrival.record.related_patients = owners->at("related").get<std::vector<std::string>>();
            arrival.record.parent_key = text_in(*owners, "parent");
            waiting.emplace_back(std::move(arrival), select.integer(2));
        }
    }
    for (auto& [arrival, mapping] : waiting) {
        const auto old = load(arrival.record.source_id);
        if (old && old->pos) {  // its row is the one that was compared: keep what is known of it
            arrival.row_hash = old->row_hash;
            arrival.window_us = old->window_us;
            arrival.row_key = old->row_key.empty() ? arrival.record.source_id : old->row_key;
            store_version(arrival, old, mapping, now_us);
            ++answered.records;
        }
        forget_held(arrival.record.source_id);
    }
    answered.groups = parties_.marked();
    if (answer == RecordStore::Answer::baseline) parties_.forget_marks();
    return answered;
}

CaptureCounts CaptureWriter::finish() {
    parties_.write_marks();
    return counts_;
}

std::int64_t CaptureWriter::mapping_id(const std::string& version) {
    if (const auto found = mappings_.find(version); found != mappings_.end()) return found->second;
    auto find = transaction_.prepare("select id from change_mapping where version = ?1");
    std::int64_t id = 0;
    if (find.with(version).step()) {
        id = find.integer(0);
    } else {
        transaction_.prepare("insert into change_mapping (version) values (?1)")
            .with(version)
            .run();
        id = transaction_.database().last_insert_id();
    }
    mappings_.emplace(version, id);
    return id;
}

// L0: only lines have payers that the MIS could tell.
bool CaptureWriter::says_payers(std::int64_t mapping) {
    if (stream_.kind != "procedure") return true;
    const auto known = says_payers_.find(mapping);
    if (known != says_payers_.end()) return known->second;
    auto select = transaction_.prepare("select version from change_mapping where id = ?1");
    const bool says = !select.with(mapping).step() || !select.text(0).ends_with(kPayersUnknown);
    says_payers_.emplace(mapping, says);
    return says;
}

std::string CaptureWriter::journal_body(std::int64_t pos) {
    auto select = transaction_.prepare("select body from journal where pos = ?1");
    select.bind(1, pos);
    MIS_ASSERT(select.step());
    return select.string(0);
}

std::int64_t CaptureWriter::append_body(const std::string& body) {
    insert_body_.bind_held(1, body).run();
    return transaction_.database().last_insert_id();
}

void CaptureWriter::replace_body(std::int64_t pos, const std::string& body) {
    transaction_.prepare("update journal set body = ?2 where pos = ?1").with(pos, body).run();
}

}  // namespace mis::change
