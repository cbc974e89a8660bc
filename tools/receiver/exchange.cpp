#include "exchange.hpp"

#include "base/json_fields.hpp"

namespace mis::receiver {
namespace {

constexpr std::size_t kSequenceDigits = 20;
constexpr std::string_view kTables = R"(
create table if not exists event(
    arrived integer primary key, -- the order of first arrivals
    id text not null unique,
    body text not null           -- canonical JSON
) strict;
create table if not exists message(
    position integer primary key,
    id text not null,
    body text not null
) strict;
create table if not exists answer(
    position integer primary key references message,
    body text not null,          -- the first that was given
    times integer not null
) strict;
)";

// Why an event cannot be stored; empty: it can.
std::string lack_of(const Json& event) {
    if (!event.is_object()) return "no object";
    for (const char* name :
         {"id", "type", "source", "clinicid", "partitionkey", "sequence", "changeset"})
        if (text_in(event, name).empty()) return std::string("without ") + name;
    for (const char* name : {"changesetindex", "changesetsize"})
        if (!event.contains(name) || !whole_number(event.at(name)))
            return std::string("without ") + name;
    if (!event.contains("data") || !event.at("data").is_object()) return "without data";
    for (const char* name : {"sequence", "previoussequence"}) {
        const std::string digits = text_in(event, name);
        if (digits.empty()) continue;
        if (digits.size() != kSequenceDigits ||
            digits.find_first_not_of("0123456789") != std::string::npos)
            return std::string("a ") + name + " has 20 digits";
    }
    return {};
}

Json parsed(std::string_view text) {
    auto json = parse_json(text);
    MIS_ASSERT(json.has_value());  // we wrote it
    return std::move(*json);
}

}  // namespace

Exchange::Exchange(const std::filesystem::path& path) : database_(sqlite::Database::open(path)) {
    database_.execute(kTables);
    auto events = database_.prepare("select body from event order by arrived");
    while (events.step()) books_.apply(parsed(events.text(0)));
}

std::vector<Exchange::Refused> Exchange::take(const Json& events) {
    std::vector<Refused> refused;
    std::vector<const Json*> fresh;
    sqlite::Transaction transaction(database_);
    for (const auto& event : events) {
        const auto before = database_.changes_ever();
        if (auto why = take_one(transaction, event))
            refused.push_back(std::move(*why));
        else if (database_.changes_ever() > before)
            fresh.push_back(&event);
        else
            ++repeats_;
    }
    transaction.commit();
    for (const Json* event : fresh) books_.apply(*event);
    return refused;
}

std::optional<Exchange::Refused> Exchange::take_one(
    sqlite::Transaction& transaction, const Json& event
) {
    if (auto lack = lack_of(event); !lack.empty())
        return Refused{event.is_object() ? text_in(event, "id") : "", std::move(lack)};
    const std::string id = text_in(event, "id");
    const std::string body = canonical_json(event);
    auto known = transaction.prepare("select body from event where id = ?");
    known.with(id);
    if (known.step()) {
        if (known.text(0) == body) return std::nullopt;
        return Refused{id, "this id came before with other content"};
    }
    transaction.prepare("insert into event(id, body) values (?, ?)").with(id, body).run();
    return std::nullopt;
}

std::vector<std::uint64_t> Exchange::place(const Json& messages) {
    std::vector<std::uint64_t> positions;
    sqlite::Transaction transaction(database_);
    std::uint64_t position = last_message();
    for (const auto& message : messages.is_array() ? messages : Json::array({messages})) {
        const std::string id = message.is_object() ? text_in(message, "id") : std::string();
        transaction.prepare("insert into message(position, id, body) values (?, ?, ?)")
            .with(++position, id, message.dump())
            .run();
        positions.push_back(position);
    }
    transaction.commit();
    return positions;
}

std::uint64_t Exchange::last_message() const {
    auto last = database_.prepare("select coalesce(max(position), 0) from message");
    last.step();
    return static_cast<std::uint64_t>(last.integer(0));
}

Exchange::Page Exchange::messages_after(std::uint64_t after, std::uint64_t count_max) const {
    Page page;
    page.next = after;
    auto rows = database_.prepare(
        "select position, body from message where position > ? order by position limit ?"
    );
    rows.with(after, count_max);
    while (rows.step()) {
        page.next = static_cast<std::uint64_t>(rows.integer(0));
        page.messages.push_back(parsed(rows.text(1)));
    }
    return page;
}

Result<void> Exchange::answered(std::uint64_t after, const Json& answers) {
    const auto misused = [](const std::string& text) {
        return fail(ErrorKind::rejected, "taking answers to messages: " + text);
    };
    sqlite::Transaction transaction(database_);
    for (const auto& answer : answers) {
        const auto index = answer.is_object() && answer.contains("index")
                               ? whole_number(answer.at("index"))
                               : std::nullopt;
        if (!index || *index < 0 || text_in(answer, "answer").empty())
            return misused("one has no index or no answer");
        const std::uint64_t position = after + static_cast<std::uint64_t>(*index) + 1;
        auto message = transaction.prepare("select id from message where position = ?");
        message.with(position);
        if (!message.step()) return misused("one is of a message that was not sent");
        if (const auto id = text_in(answer, "id"); !id.empty() && id != message.text(0))
            return misused("one names another message than its place");
        Json kept = answer;
        kept.erase("index");
        transaction
            .prepare(
                "insert into answer(position, body, times) values (?, ?, 1) "
                "on conflict(position) do update set times = times + 1"
            )
            .with(position, kept.dump())
            .run();
    }
    transaction.commit();
    return {};
}

Json Exchange::messages() const {
    Json all = Json::array();
    auto rows = database_.prepare(
        "select m.position, m.body, a.body, a.times from message m left join answer a "
        "on a.position = m.position order by m.position"
    );
    while (rows.step()) {
        Json one{{"position", rows.integer(0)}, {"message", parsed(rows.text(1))}};
        if (!rows.is_null(2)) {
            one["answer"] = parsed(rows.text(2));
            one["answered"] = rows.integer(3);
        }
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace mis::receiver
