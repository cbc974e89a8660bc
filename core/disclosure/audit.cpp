#include "disclosure/audit.hpp"

#include <algorithm>
#include <istream>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "base/json_text.hpp"
#include "base/timestamp.hpp"

namespace mis::disclosure {
namespace {

constexpr std::size_t kIdBytes = 16;

std::string no_hash() { return std::string(64, '0'); }

std::string ids_to_bytes(const std::vector<std::string>& ids) {
    std::string bytes;
    bytes.reserve(ids.size() * kIdBytes);
    for (const auto& id : ids) {
        const auto decoded = from_hex(id);
        MIS_ASSERT(decoded && decoded->size() == kIdBytes);
        bytes += *decoded;
    }
    return bytes;
}

std::vector<std::string> ids_from_bytes(std::string_view bytes) {
    std::vector<std::string> ids;
    for (std::size_t offset = 0; offset + kIdBytes <= bytes.size(); offset += kIdBytes) {
        const auto id = bytes.substr(offset, kIdBytes);
        ids.push_back(to_hex({reinterpret_cast<const std::uint8_t*>(id.data()), id.size()}));
    }
    return ids;
}

// Everything of the row, each part of known length, after the hash before it.
std::string hash_of(
    const std::string& previous, const AuditEntry& entry, std::string_view id_bytes
) {
    std::string text = previous;
    text += '[' + std::to_string(entry.number) + ',' + std::to_string(entry.at_us);
    for (const auto* part : {&entry.action, &entry.who, &entry.ground, &entry.subject}) {
        text += ',';
        append_json_string(text, *part);
    }
    text += ']';
    text += id_bytes;
    return to_hex(sha256(text));
}

constexpr const char* kSelect =
    "select number, at_us, action, who, ground, subject, ids, hash, erased from audit ";
constexpr const char* kErased = "erased";
constexpr std::string_view kExportName = "mis-gateway audit 1";

AuditEntry entry_of(const sqlite::Statement& row) {
    AuditEntry entry;
    entry.number = row.integer(0);
    entry.at_us = row.integer(1);
    entry.action = row.string(2);
    entry.who = row.string(3);
    entry.ground = row.string(4);
    entry.subject = row.string(5);
    entry.ids = ids_from_bytes(row.text(6));
    entry.hash = row.string(7);
    if (!row.is_null(8)) entry.erased = row.integer(8);
    return entry;
}

bool is_hash(std::string_view text) {
    const auto bytes = from_hex(text);
    return bytes && bytes->size() == std::tuple_size_v<Digest>;
}

bool is_word_part(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

// As a whole word: "mis/1" is not in "mis/17".
bool names(std::string_view text, std::string_view name) {
    for (auto at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
        const auto end = at + name.size();
        if ((at == 0 || !is_word_part(text[at - 1])) &&
            (end == text.size() || !is_word_part(text[end])))
            return true;
    }
    return false;
}

}  // namespace

std::int64_t Audit::append(sqlite::Transaction& transaction, const AuditEntry& entry) {
    AuditEntry row = entry;
    std::string previous = no_hash();
    row.number = 1;
    {
        auto last =
            transaction.prepare("select number, hash from audit order by number desc limit 1");
        if (last.step()) {
            row.number = last.integer(0) + 1;
            previous = last.string(1);
        }
    }
    const std::string ids = ids_to_bytes(row.ids);
    transaction
        .prepare(
            "insert into audit(number, at_us, action, who, ground, subject, ids, hash) values (?, "
            "?, ?, ?, ?, ?, ?, ?)"
        )
        .bind(1, row.number)
        .bind(2, row.at_us)
        .bind(3, std::string_view(row.action))
        .bind(4, std::string_view(row.who))
        .bind(5, std::string_view(row.ground))
        .bind(6, std::string_view(row.subject))
        .bind_blob(7, ids)
        .bind(8, std::string_view(hash_of(previous, row, ids)))
        .run();
    return row.number;
}

AuditChain::AuditChain() { verdict_.head = no_hash(); }

bool AuditChain::add(const AuditEntry& entry) {
    const auto broken = [&](std::int64_t at, const char* reason) {
        verdict_.broken_at = at;
        verdict_.reason = reason;
        return false;
    };
    if (verdict_.broken_at) return false;
    if (entry.number != verdict_.entries + 1) return broken(verdict_.entries + 1, "missing");
    if (entry.erased) {
        if (!is_hash(entry.hash)) return broken(entry.number, "changed");
        gone_[entry.number] = {*entry.erased, entry.hash};
    } else if (entry.hash != hash_of(verdict_.head, entry, ids_to_bytes(entry.ids))) {
        return broken(entry.number, "changed");
    } else if (entry.action == kErased) {
        for (const JsonView row : JsonView(entry.subject).find("rows").elements())
            if (const auto number = row.find("number").integer())
                ordered_[*number] = {entry.number, row.find("hash").string()};
    }
    ++verdict_.entries;
    verdict_.head = entry.hash;
    return true;
}

AuditVerdict AuditChain::verdict() const {
    AuditVerdict verdict = verdict_;
    verdict.erased = std::ssize(gone_);
    if (verdict.broken_at) return verdict;
    for (const auto& [number, by] : gone_)
        if (const auto order = ordered_.find(number);
            order == ordered_.end() || order->second != by) {
            verdict.broken_at = number;
            verdict.reason = "erased without an order";
            break;
        }
    return verdict;
}

AuditVerdict Audit::verify(sqlite::Database& database) {
    AuditChain chain;
    auto query = database.prepare(std::string(kSelect) + "order by number");
    while (query.step())
        if (!chain.add(entry_of(query))) break;
    return chain.verdict();
}

std::vector<AuditEntry> Audit::show(sqlite::Database& database, std::int64_t from, int limit) {
    std::vector<AuditEntry> entries;
    auto query =
        database.prepare(std::string(kSelect) + "where number >= ? order by number limit ?");
    query.with(from, limit);
    while (query.step()) entries.push_back(entry_of(query));
    return entries;
}

std::vector<AuditEntry> Audit::naming(
    sqlite::Database& database, const std::vector<std::string>& wanted
) {
    std::vector<AuditEntry> entries;
    auto query = database.prepare(
        std::string(kSelect) +
        "where action not in ('delivered', 'maybe_delivered', 'restored') order by number"
    );
    while (query.step()) {
        const std::string_view ground = query.text(4), subject = query.text(5);
        if (std::any_of(wanted.begin(), wanted.end(), [&](const std::string& name) {
                return names(subject, name) || names(ground, name);
            }))
            entries.push_back(entry_of(query));
    }
    return entries;
}

std::int64_t Audit::erase(
    sqlite::Transaction& transaction, const std::vector<std::string>& wanted, std::string_view who,
    std::string_view reason, std::int64_t now_us
) {
    const auto entries = naming(transaction.database(), wanted);
    Json rows = Json::array(), whom = Json::array();
    for (const AuditEntry& one : entries)
        rows.push_back({{"number", one.number}, {"hash", one.hash}});
    for (const auto& name : wanted) whom.push_back(to_hex(sha256(name)));
    AuditEntry order;
    order.at_us = now_us;
    order.action = kErased;
    order.who = who;
    order.ground = reason;
    order.subject = canonical_json(Json{{"rows", std::move(rows)}, {"whom", std::move(whom)}});
    const std::int64_t number = append(transaction, order);
    auto update = transaction.prepare(
        "update audit set ground = '', subject = '', ids = x'', erased = ? where number "
        "= ?"
    );
    for (const AuditEntry& one : entries) update.with(number, one.number).run();
    return std::ssize(entries);
}

std::string export_head(std::string_view clinic_id, std::int64_t now_us) {
    return canonical_json(Json{
               {"format", kExportName}, {"clinic", clinic_id}, {"exported_us", now_us}}) +
           "\n";
}

std::string export_line(const AuditEntry& entry) {
    Json line{{"number", entry.number}, {"at_us", entry.at_us},   {"action", entry.action},
              {"who", entry.who},       {"ground", entry.ground}, {"subject", entry.subject},
              {"ids", entry.ids},       {"hash", entry.hash}};
    if (entry.erased) line["erased"] = *entry.erased;
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string export_end(const AuditVerdict& verdict) {
    return canonical_json(Json{{"entries", verdict.entries}, {"head", verdict.head}}) + "\n";
}

Result<AuditVerdict> verify_export(std::istream& lines) {
    const auto malformed = [](std::int64_t line, const char* what) {
        return fail(
            ErrorKind::malformed, "line " + std::to_string(line) + ": " + what +
                                      ": give a file as `mis-gateway audit export` wrote it, whole"
        );
    };
    const auto text = [](const Json& document, const char* name) {
        const auto found = document.find(name);
        return found != document.end() && found->is_string() ? found->get<std::string>()
                                                             : std::string();
    };
    const auto number = [](const Json& document, const char* name) {
        const auto found = document.find(name);
        return found == document.end() ? std::nullopt : whole_number(*found);
    };
    AuditChain chain;
    std::string line;
    std::int64_t at = 1;
    {
        const auto head = std::getline(lines, line) ? parse_json(line) : Result<Json>(Json());
        if (!head || !head->is_object() || text(*head, "format") != kExportName)
            return malformed(at, "this is no copy of an audit log");
    }
    while (std::getline(lines, line)) {
        const auto row = parse_json(line);
        if (!row || !row->is_object()) return malformed(++at, "no JSON object");
        ++at;
        if (const auto entries = number(*row, "entries")) {
            auto verdict = chain.verdict();
            if (!verdict.broken_at &&
                (*entries != verdict.entries || text(*row, "head") != verdict.head)) {
                verdict.broken_at = verdict.entries + 1;
                verdict.reason = "missing";
            }
            return verdict;
        }
        AuditEntry entry;
        entry.number = number(*row, "number").value_or(0);
        entry.at_us = number(*row, "at_us").value_or(0);
        entry.action = text(*row, "action");
        entry.who = text(*row, "who");
        entry.ground = text(*row, "ground");
        entry.subject = text(*row, "subject");
        entry.hash = text(*row, "hash");
        entry.erased = number(*row, "erased");
        const auto ids = row->find("ids");
        if (ids == row->end() || !ids->is_array()) return malformed(at, "it has no ids");
        for (const auto& id : *ids) {
            const auto bytes = id.is_string() ? from_hex(id.get<std::string>()) : std::nullopt;
            if (!bytes || bytes->size() != kIdBytes) return malformed(at, "an id is none");
            entry.ids.push_back(id);
        }
        chain.add(entry);
    }
    return malformed(at + 1, "the last line is missing, the copy was cut off");
}

}  // namespace mis::disclosure
