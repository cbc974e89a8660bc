// RecordStore: the canonical records of one clinic as they stand, and what of them still waits for
// its meaning.
//
// Who: owned by the pipeline. Writes take a sqlite::Transaction& (capture is the first of the two
// transactions); reads use the Database that the store was made with, which may be another
// connection of another thread. The object itself holds no state, so a rolled-back transaction
// leaves nothing behind.
// What holds after a crash: whatever was committed, whole: a record, its body, its pending marks
// and the cursor are one transaction.
//
// Shapes: a record is (stream, key); its key is an integer in the store where its text is one, so
// order and size are those of integers. A body stands once, in journal(pos, body), and only the
// standing one: events carry their content themselves, nothing refers to an older body. A removed
// record keeps a tombstone (key, version, hash), so a key reused after deletion continues its
// versions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/identity.hpp"
#include "record/record.hpp"
#include "sqlite/database.hpp"

namespace mis::change {

struct StreamRef {
    std::string source;
    std::string stream;
    std::string kind;
};

struct Arrival {  // a record with what its row says beside the body
    record::Record record;
    std::string row_key;  // empty: the record's own id
    std::optional<std::int64_t>
        window_us;  // the window column's value, local microseconds (change/local_time.hpp)
    std::optional<std::int64_t> stamp_us;  // the newest stamp column's value, local microseconds
    std::uint64_t row_hash = 0;  // of the raw cells; 0: unknown. Equal row, other mapping version,
                                 // other content: the mapping alone did it
};

// What becomes of a content that differs although its raw row does not (core/README.md, "Upgrades
// don't re-bill").
enum class MappingChange {
    hold,    // the old version stands, the new one waits in mapping_hold for the operator's answer
    follow,  // taken as any other change
};

// L0: what a map version ends with where the MIS tells no payers at all. A map that changes it
// changes what its lines mean, though not one field.
inline constexpr std::string_view kPayersUnknown = "/payers-unknown";

struct CaptureOptions {
    std::string mapping_version;
    std::int64_t now_us = 0;
    MappingChange mapping_change = MappingChange::hold;
    std::optional<std::int64_t> cursor_us;  // up to here the stamps had been read before: what is
                                            // created below committed late
    // Does this top-level field leave in an event? A mapping change that touches none of those
    // updates silently. Empty: all but `notes`.
    std::function<bool(std::string_view kind, std::string_view field)> exported;
};

struct CaptureCounts {
    std::int64_t created = 0, updated = 0, removed = 0;
    std::int64_t silent =
        0;  // stored anew without a new version: source_modified_at, mapping version, window
    std::int64_t unchanged = 0;  // nothing was written
    std::int64_t held = 0;       // changed by the mapping alone, waiting for the operator
    std::int64_t lag_us_max =
        0;  // by how much the stamp of a created record lay before CaptureOptions::cursor_us
    bool wrote() const { return created + updated + removed + silent + held > 0; }
    CaptureCounts& operator+=(const CaptureCounts& other);
};

enum class GroupKind {
    patient = 1,
    practitioner = 2,
    plan = 3
};  // plan: only inside the store, never pending

struct GroupKey {  // whose meaning has to be worked out again
    GroupKind kind = GroupKind::patient;
    std::string source;
    std::string source_id;
    friend auto operator<=>(const GroupKey&, const GroupKey&) = default;
};

struct PendingGroup {
    GroupKey group;
    std::int64_t id = 0;    // to go on after: pending(limit, last.id)
    std::int64_t mark = 0;  // for clear_pending
};

struct StandingRecord {
    RecordKey key;
    std::uint64_t version = 1;
    std::int64_t since_us = 0;  // when this version was first seen
    std::string body;
    bool payers_unknown = false;  // so its map version says (L0)
};

struct PatientMatch {
    std::string source, patient_source_id;
    std::string folded_last_name, birth_date;  // empty: unknown
};

struct KnownRecord {  // one line of a set comparison
    std::string key, row_key;
};

struct StreamCounts {
    std::string source, stream, kind;
    std::int64_t standing = 0, removed = 0, held_by_mapping = 0;
};

struct MappingHoldCount {
    std::string source, stream;
    std::int64_t records = 0;
};

inline constexpr std::size_t kJoinedPatientsMax = 10'000;

class RecordStore {
  public:
    explicit RecordStore(sqlite::Database& database) : database_(database) {}

    // Secondary indexes, left out of the first backfill for speed; every query works without them,
    // slowly. Idempotent, cheap once there.
    static void create_indexes(sqlite::Transaction& transaction);

    // --- writing
    // -----------------------------------------------------------------------------------------------------------------
    // Compares content hashes, stores what differs, marks the groups concerned (of old and new
    // owner) as pending.
    CaptureCounts capture(
        sqlite::Transaction& transaction, const StreamRef& stream,
        std::span<const Arrival> arrivals, const CaptureOptions& options
    );
    CaptureCounts capture(
        sqlite::Transaction& transaction, const StreamRef& stream,
        std::span<const record::Record> records, const CaptureOptions& options
    );
    // Tombstones for those that stand; keys unknown or already removed are passed over.
    CaptureCounts remove(
        sqlite::Transaction& transaction, const StreamRef& stream,
        std::span<const std::string> keys, std::int64_t now_us
    );
    void mark_pending(sqlite::Transaction& transaction, const GroupKey& group);
    // Ends a group's waiting, unless it was marked again after `up_to`.
    void clear_pending(sqlite::Transaction& transaction, const GroupKey& group, std::int64_t up_to);
    // The operator's answer to a mapping change: the waiting versions become the standing ones.
    // `announce` marks their groups pending; the caller that answered *baseline* takes the returned
    // groups and saves their state as announced without sending. At most limit records; call again
    // while non-empty.
    enum class Answer { send, baseline };
    struct Answered {
        std::int64_t records = 0;
        std::vector<GroupKey> groups;
    };
    Answered answer_mapping_hold(
        sqlite::Transaction& transaction, const StreamRef& stream, Answer answer,
        std::int64_t now_us, int limit
    );

    // --- reading: the pipeline
    // -----------------------------------------------------------------------------------------------------
    std::vector<PendingGroup> pending(int limit, std::int64_t after_id = 0) const;
    std::int64_t pending_count() const;
    std::int64_t mark_now() const;  // the newest mark given

    // The patient's own record, records he owns, limits where he is a member, patients merged into
    // him, the items of his plans.
    std::vector<StandingRecord> standing_of_patient(
        const std::string& source, const std::string& patient_source_id
    ) const;
    // Shift, busy, slot, appointment.
    std::vector<StandingRecord> standing_of_practitioner(
        const std::string& source, const std::string& practitioner_source_id
    ) const;
    // Everybody whose meaning hangs together with his, to the end of the chain; without himself.
    // standing: through shared accounts and merges as they are, both directions; passing: also
    // those with whom he shares the next change set only, because a record went from one to the
    // other or what joined them is gone.
    enum class Ties { standing, passing };
    std::vector<std::string> patients_joined_with(
        const std::string& source, const std::string& patient_source_id, Ties ties
    ) const;
    // That change set was worked out.
    void end_passing_ties(
        sqlite::Transaction& transaction, const std::string& source,
        const std::string& patient_source_id
    );
    // Records that are gone, with the patient whose they were last.
    struct FormerRecord {
        RecordKey key;
        std::string patient_source_id;
    };
    std::vector<FormerRecord> former_records(std::string_view kind) const;
    // Whom any record ever named, a card of theirs read or not.
    std::vector<RecordKey> patients_named() const;
    std::optional<StandingRecord> find(const RecordKey& key) const;
    // Empty source: all sources. The visitor must not write to the store.
    void by_kind(
        std::string_view source, std::string_view kind,
        const std::function<void(const StandingRecord&)>& visit
    ) const;
    // Differs once any record of the kind was created, changed or removed; cheap beside reading
    // them.
    std::pair<std::int64_t, std::int64_t> state_of_kind(std::string_view kind) const;

    // P9: linking an order to its patient. phone10: base/phones.hpp phones_last_ten(); folded:
    // fold().
    std::vector<PatientMatch> patients_by_phone(std::string_view phone10) const;
    std::vector<PatientMatch> patients_by_last_name(
        std::string_view folded_last_name, std::string_view birth_date
    ) const;

    std::vector<StreamCounts> counts() const;
    std::int64_t standing_count(const StreamRef& stream, std::int64_t limit = INT64_MAX)
        const;  // counts no further than limit

    // --- reading: set comparison
    // ---------------------------------------------------------------------------------------------------
    // Standing records whose window value lies in [from, to); a stream, never loaded whole.
    void known_in_window(
        const StreamRef& stream, std::int64_t from_us, std::int64_t to_us,
        const std::function<void(const KnownRecord&)>& visit
    ) const;
    void known_in_stream(
        const StreamRef& stream, const std::function<void(const KnownRecord&)>& visit
    ) const;
    // Standing records that came from this row, or (fan-out by rows) belong to this parent.
    std::vector<KnownRecord> known_of_row(const StreamRef& stream, std::string_view row_key) const;
    std::vector<KnownRecord> known_of_parent(const StreamRef& stream, std::string_view parent_key)
        const;

  private:
    sqlite::Database& database_;
};

}  // namespace mis::change
