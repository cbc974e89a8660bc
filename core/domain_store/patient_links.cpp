#include "domain_store/patient_links.hpp"

namespace mis::domain_store {
namespace {

constexpr const char* kColumns =
    "select joins_source, joins_id, stays_source, stays_id, linked_us, linked_by, unlinked_us, "
    "coalesce(unlinked_by, ''), id from patient_link ";

CardLink link_in(sqlite::Statement& row) {
    CardLink link{
        {row.string(0), "patient", row.string(1)},
        {row.string(2), "patient", row.string(3)},
        row.integer(4),
        row.string(5)};
    if (!row.is_null(6)) link.unlinked_us = row.integer(6);
    link.unlinked_by = row.string(7);
    return link;
}

}  // namespace

void PatientLinks::link(sqlite::Transaction& transaction, const CardLink& made) {
    transaction
        .prepare(
            "insert into patient_link (joins_source, joins_id, stays_source, stays_id, linked_us, "
            "linked_by) values (?, ?, ?, ?, ?, ?)"
        )
        .with(
            made.joins.source, made.joins.source_id, made.stays.source, made.stays.source_id,
            made.linked_us, made.linked_by
        )
        .run();
}

void PatientLinks::unlink(
    sqlite::Transaction& transaction, const RecordKey& joins, std::int64_t now_us,
    const std::string& who
) {
    transaction
        .prepare(
            "update patient_link set unlinked_us = ?, unlinked_by = ? where joins_source = ? "
            "and joins_id = ? and unlinked_us is null"
        )
        .with(now_us, who, joins.source, joins.source_id)
        .run();
}

std::optional<CardLink> PatientLinks::of(const RecordKey& joins) const {
    static const std::string sql =
        std::string(kColumns) + "where joins_source = ? and joins_id = ? and unlinked_us is null";
    auto row = database_.prepare(sql);
    row.with(joins.source, joins.source_id);
    if (!row.step()) return std::nullopt;
    return link_in(row);
}

std::vector<CardLink> PatientLinks::naming(const std::string& source, const std::string& id) const {
    static const std::string sql =
        std::string(kColumns) +
        "where unlinked_us is null and ((joins_source = ?1 and joins_id = ?2) or (stays_source = "
        "?1 and stays_id = ?2)) order by id";
    std::vector<CardLink> found;
    auto rows = database_.prepare(sql);
    rows.with(source, id);
    while (rows.step()) found.push_back(link_in(rows));
    return found;
}

PatientLinks::Page PatientLinks::page(Which which, std::int64_t after, int limit) const {
    Page page;
    auto rows = database_.prepare(
        std::string(kColumns) + "where id > ? " +
        (which == Which::standing ? "and unlinked_us is null " : "") + "order by id limit ?"
    );
    rows.with(after, limit);
    while (rows.step()) {
        page.links.push_back(link_in(rows));
        page.last = rows.integer(8);
    }
    return page;
}

std::int64_t PatientLinks::count() const {
    auto row = database_.prepare("select count(*) from patient_link where unlinked_us is null");
    return row.step() ? row.integer(0) : 0;
}

}  // namespace mis::domain_store
