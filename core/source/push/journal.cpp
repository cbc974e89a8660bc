#include "source/push/journal.hpp"

#include "base/crypto.hpp"
#include "platform/crash_point.hpp"
#include "platform/file.hpp"

namespace mis::source::push {
namespace {

constexpr const char* kTables = R"(
create table if not exists journal (id text not null);
create table if not exists snapshot (
    route text primary key, digest text not null, body blob not null) without rowid;
create table if not exists change (
    stream text, key text, said text not null, day text not null,
    primary key (stream, key)) without rowid;
create index if not exists change_day on change (stream, day);
create table if not exists place (
    name text primary key, state integer not null, received_us integer not null) without rowid;
)";

std::string content_digest(std::string_view bytes) {
    const Digest digest = sha256(bytes);
    return to_hex(digest);
}

}  // namespace

Journal Journal::open_for_writing(const std::filesystem::path& file) {
    platform::make_private_directory(file.parent_path());
    Journal journal(sqlite::Database::open(file));
    sqlite::Transaction transaction(journal.database_);
    journal.database_.execute(kTables);
    auto known = transaction.prepare("select 1 from journal");
    if (!known.step()) {
        const std::string random = random_bytes(12);
        transaction.prepare("insert into journal (id) values (?)")
            .with(to_hex(
                std::span(reinterpret_cast<const std::uint8_t*>(random.data()), random.size())
            ))
            .run();
    }
    known.reset();
    transaction.commit();
    return journal;
}

std::optional<Journal> Journal::open_for_reading(const std::filesystem::path& file) {
    std::error_code unknown;
    if (!std::filesystem::exists(file, unknown)) return std::nullopt;
    Journal journal(sqlite::Database::open(file, sqlite::Access::read_only));
    auto made = journal.database_.prepare("select 1 from sqlite_master where name = 'place'");
    if (!made.step()) return std::nullopt;  // in the making
    made.reset();
    return journal;
}

std::string Journal::id() {
    auto read = database_.prepare("select id from journal");
    return read.step() ? read.string(0) : std::string();
}

void Journal::note(
    sqlite::Transaction& transaction, const std::string& place, std::int64_t now_us, Put put
) {
    transaction
        .prepare(
            "insert into place (name, state, received_us) values (?, 1, ?) on conflict (name) "
            "do update set state = state + ?, received_us = excluded.received_us"
        )
        .with(place, now_us, put == Put::fresh ? 1 : 0)
        .run();
    platform::crash_point("intake.before_commit");
    transaction.commit();
    platform::crash_point("intake.after_commit");
}

Journal::Put Journal::put_snapshot(
    const std::string& route, std::string_view body, std::int64_t now_us
) {
    const std::string digest = content_digest(body);
    sqlite::Transaction transaction(database_);
    auto put = Put::fresh;
    {
        auto known = transaction.prepare("select digest from snapshot where route = ?");
        known.with(route);
        if (known.step() && known.text(0) == digest) put = Put::repeated;
    }
    if (put == Put::fresh) {
        auto store = transaction.prepare(
            "insert into snapshot (route, digest, body) values (?, ?, ?) on conflict (route) do "
            "update set digest = excluded.digest, body = excluded.body"
        );
        store.bind(1, std::string_view(route)).bind(2, std::string_view(digest));
        store.bind_blob_held(3, body).run();
    }
    note(transaction, route, now_us, put);
    return put;
}

Journal::Put Journal::put_change(
    const std::string& stream, const std::string& key, const Said& said, const std::string& day,
    std::int64_t now_us
) {
    const std::string text = canonical_json(to_json(said));
    sqlite::Transaction transaction(database_);
    auto put = Put::fresh;
    {
        auto known = transaction.prepare("select said from change where stream = ? and key = ?");
        known.with(stream, key);
        if (known.step() && known.text(0) == text) put = Put::repeated;
    }
    if (put == Put::fresh)
        transaction
            .prepare(
                "insert into change (stream, key, said, day) values (?, ?, ?, ?) on conflict "
                "(stream, key) do update set said = excluded.said, day = excluded.day"
            )
            .with(stream, key, text, day)
            .run();
    note(transaction, stream, now_us, put);
    return put;
}

std::optional<Journal::Snapshot> Journal::snapshot(const std::string& route) {
    auto read = database_.prepare(
        "select s.body, p.received_us from snapshot s join place p on p.name = s.route where "
        "s.route = ?"
    );
    read.with(route);
    if (!read.step()) return std::nullopt;
    return Snapshot{read.string(0), read.integer(1)};
}

std::optional<Said> Journal::change(const std::string& stream, const std::string& key) {
    auto read = database_.prepare("select said from change where stream = ? and key = ?");
    read.with(stream, key);
    if (!read.step()) return std::nullopt;
    return said_of(Json::parse(read.text(0)));
}

void Journal::each_change(
    const std::string& stream, const std::function<bool(const std::string&, const Said&)>& visit
) {
    auto read = database_.prepare("select key, said from change where stream = ? order by key");
    read.with(stream);
    while (read.step())
        if (!visit(read.string(0), said_of(Json::parse(read.text(1))))) return;
}

std::int64_t Journal::state_of(const std::string& route_or_stream) {
    auto read = database_.prepare("select state from place where name = ?");
    read.with(route_or_stream);
    return read.step() ? read.integer(0) : 0;
}

std::int64_t Journal::last_received_us() {
    auto read = database_.prepare("select coalesce(max(received_us), 0) from place");
    return read.step() ? read.integer(0) : 0;
}

std::int64_t Journal::bytes() {
    auto pages = database_.prepare("pragma page_count"),
         free = database_.prepare("pragma freelist_count"),
         size = database_.prepare("pragma page_size");
    if (!pages.step() || !free.step() || !size.step()) return 0;
    return (pages.integer(0) - free.integer(0)) * size.integer(0);
}

std::int64_t Journal::forget(const std::string& stream, const std::string& day) {
    sqlite::Transaction transaction(database_);
    transaction.prepare("delete from change where stream = ? and day <> '' and day < ?")
        .with(stream, day)
        .run();
    const std::int64_t rows = database_.changes();
    if (rows > 0) transaction.commit();
    return rows;
}

}  // namespace mis::source::push
