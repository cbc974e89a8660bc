#include "outbox/trace.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "base/crypto.hpp"
#include "base/result.hpp"
#include "outbox/packing.hpp"
#include "sqlite/migration.hpp"

namespace mis::outbox {
namespace {

// An entry: its type's number in outbox_name and these bits, its record, its ground's number, then
// what the bits say.
constexpr std::uint64_t kLeft = 1;        // then its position follows, counted from the one before
constexpr std::uint64_t kHasId = 2;       // 16 bytes
constexpr std::uint64_t kSameRecord = 4;  // as so many entries before, else its text
constexpr std::uint64_t kBits = 8;
constexpr std::size_t kIdBytes = 16;
constexpr std::size_t kPseudonymDigits = 32;

std::string patient_bytes(std::string_view pseudonym) {
    std::string bytes;
    if (pseudonym.size() == kPseudonymDigits && from_hex(pseudonym))
        packing::put_id(bytes, pseudonym);
    return bytes;
}

// The entries of one patient, as they come.
class Row {
  public:
    void add(
        std::int64_t type, std::int64_t ground, const std::string& record_id, std::string_view id,
        std::int64_t position
    ) {
        const auto [known, is_new] = places_.try_emplace(record_id, count_);
        const bool same = !is_new && !record_id.empty();
        packing::put_unsigned(
            bytes_, static_cast<std::uint64_t>(type) * kBits + (position != 0 ? kLeft : 0) +
                        (id.empty() ? 0 : kHasId) + (same ? kSameRecord : 0)
        );
        if (same)
            packing::put_unsigned(bytes_, count_ - known->second);
        else
            packing::put_text(bytes_, record_id);
        known->second = count_++;
        packing::put_unsigned(bytes_, static_cast<std::uint64_t>(ground));
        if (position != 0) {
            if (first_ == 0) first_ = last_ = position;
            packing::put_unsigned(bytes_, static_cast<std::uint64_t>(position - last_));
            last_ = position;
        }
        if (!id.empty()) packing::put_id(bytes_, id);
    }
    bool empty() const { return count_ == 0; }
    const std::string& bytes() const { return bytes_; }
    std::int64_t first_position() const { return first_; }

  private:
    std::string bytes_;
    std::unordered_map<std::string_view, std::size_t> places_;  // record → its last entry
    std::size_t count_ = 0;
    std::int64_t first_ = 0, last_ = 0;
};

void insert(
    sqlite::Transaction& transaction, const std::string& patient, const Row& row, std::int64_t at_us
) {
    const std::string bytes = patient_bytes(patient);
    transaction.prepare("insert into trace (patient, position, at_us, entries) values (?, ?, ?, ?)")
        .bind_blob(1, bytes)
        .bind(2, row.first_position())
        .bind(3, at_us)
        .bind_blob(4, row.bytes())
        .run();
}

void take_entries(
    sqlite::Database& database, packing::Names& names, const sqlite::Statement& row,
    std::vector<TraceEntry>& into
) {
    packing::Reader reader(row.text(3));
    std::int64_t position = row.integer(1);
    const std::size_t first = into.size();
    const auto name = [&](std::uint64_t number) {
        return names.find(database, static_cast<std::int64_t>(number));
    };
    while (!reader.at_end()) {
        TraceEntry entry;
        entry.number = row.integer(0);
        entry.at_us = row.integer(2);
        const std::uint64_t head = reader.unsigned_number();
        entry.type = name(head / kBits);
        if (head & kSameRecord) {
            const std::uint64_t back = reader.unsigned_number();
            if (back == 0 || back > into.size() - first)
                throw sqlite::StoreError(
                    sqlite::StoreError::Kind::corrupt,
                    "reading the trace: a row names what it does not have; restore a backup"
                );
            entry.record_id = into[into.size() - back].record_id;
        } else {
            entry.record_id = reader.text();
        }
        entry.ground = name(reader.unsigned_number());
        entry.fate = head & kLeft ? Fate::left : Fate::withheld;
        if (entry.fate == Fate::left) {
            position += static_cast<std::int64_t>(reader.unsigned_number());
            entry.position = position;
        }
        if (head & kHasId) entry.id = packing::id_to_hex(reader.raw(kIdBytes));
        into.push_back(std::move(entry));
    }
}

}  // namespace

std::uint32_t TraceNotes::place_of(std::string_view patient) {
    const auto found = std::find(patients.begin(), patients.end(), patient);
    if (found != patients.end()) return static_cast<std::uint32_t>(found - patients.begin());
    patients.emplace_back(patient);
    return static_cast<std::uint32_t>(patients.size() - 1);
}

void write_trace(
    sqlite::Transaction& transaction, Outbox::Appender& appender, const TraceNotes& notes,
    std::span<const disclosure::DisclosedEvent> leaving, const AppendReport& appended,
    std::int64_t at_us
) {
    if (notes.marks.empty()) return;
    MIS_ASSERT(appended.ids.size() == leaving.size());
    std::vector<Row> rows(notes.patients.size());
    for (const auto& mark : notes.marks) {
        Row& row = rows[mark.patient];
        if (mark.event >= 0) {
            const auto place = static_cast<std::size_t>(mark.event);
            const auto& event = leaving[place];
            row.add(
                appender.name_number(event.type()), appender.name_number(event.ground()),
                event.record_id(), appended.ids[place], appended.first_position + mark.event
            );
        } else {
            const auto& event = notes.withheld[static_cast<std::size_t>(-1 - mark.event)];
            row.add(
                appender.name_number(event.type), appender.name_number(event.ground),
                event.record_id, event.id, 0
            );
        }
    }
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (!rows[i].empty()) insert(transaction, notes.patients[i], rows[i], at_us);
}

void trace_sent(
    sqlite::Transaction& transaction, std::span<const OutboxEvent> events,
    const std::function<std::vector<std::string>(const OutboxEvent&)>& concerned,
    std::int64_t first_position, std::int64_t at_us
) {
    std::map<std::string, Row> rows;
    std::map<std::string, std::int64_t> names;
    const auto number = [&](const std::string& name) {
        const auto [at, is_new] = names.try_emplace(name, 0);
        if (is_new) at->second = packing::number_of_name(transaction, name);
        return at->second;
    };
    for (const OutboxEvent& event : events) {
        for (const auto& patient : concerned(event))
            rows[patient].add(
                number(event.type), number(event.ground), event.record_id, event.id, first_position
            );
        ++first_position;
    }
    for (const auto& [patient, row] : rows) insert(transaction, patient, row, at_us);
}

TracePage trace_of(
    sqlite::Database& database, std::string_view pseudonym, std::int64_t after_number, int rows_max
) {
    TracePage page;
    packing::Names names;
    auto query = database.prepare(
        "select number, position, at_us, entries from trace where patient = ? and number > ? order "
        "by number limit ?"
    );
    const std::string patient = patient_bytes(pseudonym);
    query.bind_blob(1, patient).bind(2, after_number).bind(3, rows_max);
    int rows = 0;
    for (; query.step(); ++rows) {
        take_entries(database, names, query, page.entries);
        page.next = query.integer(0);
    }
    if (rows < rows_max) page.next = 0;
    return page;
}

std::optional<std::int64_t> trace_since(sqlite::Database& database) {
    constexpr std::int64_t kUsPerSecond = 1'000'000;
    auto query = database.prepare(
        "select cast(strftime('%s', at) as integer) from store_migration where layout = ?"
    );
    if (!query.with(sqlite::kTraceLayout).step()) return std::nullopt;
    return query.integer(0) * kUsPerSecond;
}

std::int64_t prune_trace(sqlite::Transaction& transaction, std::int64_t before_us, int rows_max) {
    // By number, which is by time: no index of its own.
    std::int64_t last = 0;
    {
        auto query = transaction.prepare("select number, at_us from trace order by number limit ?");
        query.with(rows_max);
        while (query.step() && query.integer(1) < before_us) last = query.integer(0);
    }
    if (last == 0) return 0;
    transaction.prepare("delete from trace where number <= ?").with(last).run();
    return transaction.database().changes();
}

std::int64_t erase_trace(sqlite::Transaction& transaction, std::string_view pseudonym) {
    const std::string patient = patient_bytes(pseudonym);
    transaction.prepare("delete from trace where patient = ?").bind_blob(1, patient).run();
    return transaction.database().changes();
}

}  // namespace mis::outbox
