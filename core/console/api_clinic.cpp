// What the clinic's people ask of their clinic, and what they decide.
#include <charconv>

#include "base/crypto.hpp"
#include "base/json_fields.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "console/api.hpp"
#include "console/spreadsheet.hpp"
#include "disclosure/audit.hpp"

namespace mis::console {
namespace {

constexpr std::size_t kKeyBytesMax = 100;
constexpr std::int64_t kAnswersKeptUs = 7 * kUsPerDay;

std::string asked_for(const Call& call, const std::string& name) {
    const auto found = call.query.find(name);
    return found == call.query.end() ? std::string() : found->second;
}

Reply cached(Json body) {
    Reply reply;
    reply.body = std::move(body);
    reply.cached = true;
    return reply;
}

std::string tag_in(const Call& call, std::string_view name) {
    auto text = trim(net::find_header(call.request.headers, name));
    if (text.starts_with("W/")) text.remove_prefix(2);
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

std::string bytes_of(const Digest& digest) {
    return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Problem problem_of(const Undecided& undecided) {
    switch (undecided.why) {
        case NotDecided::gone:
            return {ProblemName::not_found, undecided.detail};
        case NotDecided::changed:
            return {ProblemName::changed, undecided.detail};
        case NotDecided::invalid:
            return invalid(undecided.pointer, undecided.detail);
        case NotDecided::refused:
            break;
    }
    return {ProblemName::refused, undecided.detail};
}

std::int64_t newest_audit_row(sqlite::Database& database) {
    auto row = database.prepare("select max(number) from audit");
    return row.step() ? row.integer(0) : 0;
}

}  // namespace

tl::expected<PageAsked, Problem> page_of(const Call& call) {
    PageAsked page;
    page.after = asked_for(call, "after");
    const std::string limit = asked_for(call, "limit");
    if (limit.empty()) return page;
    const auto [end, error] =
        std::from_chars(limit.data(), limit.data() + limit.size(), page.limit);
    if (error != std::errc() || end != limit.data() + limit.size() || page.limit < 1 ||
        page.limit > 200)
        return tl::unexpected(invalid("?limit", "a whole number from 1 to 200"));
    return page;
}

Outcome Api::overview(sqlite::Database& database, Call&) {
    return cached(desk_.overview(database));
}

Outcome Api::limits(sqlite::Database& database, Call& call) {
    auto page = page_of(call);
    if (!page) return tl::unexpected(std::move(page.error()));
    LimitsAsked asked;
    asked.page = std::move(*page);
    asked.payer = asked_for(call, "payer");
    asked.state = asked_for(call, "state");
    using Order = LimitsAsked::Order;
    const std::string order = asked_for(call, "order");
    if (order == "expiry")
        asked.order = Order::expiry;
    else if (order == "payer")
        asked.order = Order::payer;
    else if (!order.empty() && order != "share")
        return tl::unexpected(invalid("?order", "share, expiry or payer"));
    return cached(desk_.limits(database, asked));
}

Outcome Api::limit(sqlite::Database& database, Call& call) {
    auto found = desk_.limit(database, call.path.back());
    if (!found) return tl::unexpected(Problem{ProblemName::not_found});
    if (asked_for(call, "format") != "csv") return cached(std::move(*found));
    Reply reply;
    reply.text = account_as_csv(*found, call.language);
    reply.text_type = "text/csv; charset=utf-8";
    reply.headers.emplace_back("Content-Disposition", "attachment; filename=\"limit.csv\"");
    return reply;
}

Outcome Api::search(sqlite::Database& database, Call& call) {
    const PatientAsked asked{text_in(call.body, "card"),      text_in(call.body, "phone"),
                             text_in(call.body, "last_name"), text_in(call.body, "birth_date"),
                             text_in(call.body, "order"),     text_in(call.body, "pseudonym")};
    const bool by_name = !asked.last_name.empty() || !asked.birth_date.empty();
    const int ways = int{!asked.card.empty()} + int{!asked.phone.empty()} + int{by_name} +
                     int{!asked.order.empty()} + int{!asked.pseudonym.empty()};
    if (ways != 1)
        return tl::unexpected(
            invalid("", "one of card, phone, last_name with birth_date, order, pseudonym")
        );
    if (by_name && (asked.last_name.empty() || !Date::parse_iso(asked.birth_date)))
        return tl::unexpected(
            invalid("/birth_date", "last_name and birth_date, YYYY-MM-DD, go together")
        );
    Json items = desk_.search(database, asked);
    const std::string way = !asked.card.empty()    ? "card"
                            : !asked.phone.empty() ? "phone"
                            : by_name              ? "name and birth date"
                            : !asked.order.empty() ? "order"
                                                   : "pseudonym";
    std::string found;
    for (const Json& item : items) found += (found.empty() ? ": " : " ") + text_in(item, "id");
    desk_.write([&](sqlite::Transaction& transaction) {
        audit(
            transaction, call, "looked",
            "search by " + way + ", " + std::to_string(items.size()) + " found" + found, "masked"
        );
        return true;
    });
    Reply reply;
    reply.body = {{"items", std::move(items)}};
    return reply;
}

Outcome Api::tasks(sqlite::Database& database, Call& call) {
    auto page = page_of(call);
    if (!page) return tl::unexpected(std::move(page.error()));
    return cached(desk_.tasks(database, {std::move(*page), asked_for(call, "kind")}));
}

Outcome Api::task(sqlite::Database& database, Call& call) {
    auto found = desk_.task(database, call.path.back());
    if (!found) return tl::unexpected(Problem{ProblemName::not_found});
    Reply reply = cached(std::move(found->shown));
    reply.etag = std::move(found->version);
    return reply;
}

// Decided once: the answer, its audit row and what it was answered are one transaction, so after a
// crash all of it is there or nothing, and the same key gets the same answer.
Outcome Api::answer_task(sqlite::Database&, Call& call) {
    const std::string key(trim(net::find_header(call.request.headers, "Idempotency-Key")));
    const std::string version = tag_in(call, "If-Match");
    if (key.empty() || key.size() > kKeyBytesMax || !is_valid_utf8(key) || version.empty())
        return tl::unexpected(Problem{ProblemName::precondition_required});
    TaskAnswer answer{call.path[1], text_in(call.body, "answer"), call.body, version, call.login};
    if (answer.answer.empty())
        return tl::unexpected(invalid("/answer", "one of the task's answers"));
    const std::string asked = bytes_of(sha256(answer.task + '\n' + canonical_json(call.body)));
    Outcome outcome = tl::unexpected(Problem{});
    std::function<void()> then;
    desk_.write([&](sqlite::Transaction& transaction) {
        {
            auto row = transaction.prepare(
                "select request_hash, answer from console_answer where login = ? and "
                "idempotency_key = ?"
            );
            row.with(call.login, key);
            if (row.step()) {
                Reply reply;
                if (row.text(0) == asked) {
                    reply.body = Json::parse(row.text(1));
                    outcome = std::move(reply);
                } else {
                    outcome = tl::unexpected(
                        invalid("Idempotency-Key", "was used for another answer: take a new one")
                    );
                }
                return false;
            }
        }
        auto decided = desk_.decide(transaction, answer);
        if (!decided) {
            outcome = tl::unexpected(problem_of(decided.error()));
            return false;
        }
        audit(transaction, call, "decided", decided->subject, decided->ground);
        Reply reply;
        reply.body = {
            {"task", answer.task},
            {"answer", answer.answer},
            {"decided_at", desk_.time_text(call.now_us)},
            {"audit", newest_audit_row(transaction.database())}};
        if (decided->result.is_object()) reply.body.update(decided->result);
        transaction.prepare("delete from console_answer where at_us < ?")
            .with(call.now_us - kAnswersKeptUs)
            .run();
        transaction
            .prepare(
                "insert into console_answer (login, idempotency_key, request_hash, answer, at_us) "
                "values (?, ?, ?, ?, ?)"
            )
            .bind(1, std::string_view(call.login))
            .bind(2, std::string_view(key))
            .bind_blob(3, asked)
            .bind(4, std::string_view(canonical_json(reply.body)))
            .bind(5, call.now_us)
            .run();
        outcome = std::move(reply);
        then = std::move(decided->then);
        return true;
    });
    if (then) then();
    return outcome;
}

}  // namespace mis::console
