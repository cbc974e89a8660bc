// Desk: what the console asks of the gateway that it is part of. `gateway/` implements it; the
// console knows requests, people and rights, the desk knows the clinic.
//
// Reading takes a connection of the asking thread; deciding is done inside the one writer's
// transaction. Everything that is given out is masked (names as initials); personal data never
// enters an error. Throws sqlite::StoreError where the store cannot be asked.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "sqlite/database.hpp"

namespace mis::console {

struct PageAsked {
    std::string after;  // where the page before ended; empty: the first
    int limit = 50;     // 1 to 200
};

struct LimitsAsked {
    PageAsked page;
    std::string payer, state;  // empty: all
    enum class Order { share, expiry, payer } order = Order::share;
};

struct TasksAsked {
    PageAsked page;
    std::string kind;  // empty: all
};

struct PatientAsked {  // exactly one way of asking
    std::string card, phone, last_name, birth_date, order, pseudonym;
};

// The answer to a task, as it was sent; what of it fits is the task's business.
struct TaskAnswer {
    std::string task, answer;
    Json body;
    std::string version;  // of the task as the person saw it
    std::string who;
};

struct Decided {
    Json result = {};                 // further members of what is answered
    std::string subject, ground;      // for the audit; never content
    std::function<void()> then = {};  // once it is committed
};

enum class NotDecided {
    gone,     // there is no such task any more
    changed,  // it is another than what the person saw
    refused,  // the rules refuse it
    invalid,  // the answer makes no sense for it
};
struct Undecided {
    NotDecided why = NotDecided::refused;
    std::string detail = {};
    std::string pointer = {};  // invalid: of the field
};

class Desk {
  public:
    virtual ~Desk() = default;

    virtual std::string clinic_id() const = 0;
    virtual std::string zone_name() const = 0;
    virtual std::string version() const = 0;
    virtual std::int64_t now_us() const = 0;
    virtual std::string time_text(std::int64_t unix_us) const = 0;  // by the clinic's clock

    virtual sqlite::Database reader() const = 0;
    // In the writer's transaction, between two of the gateway's own; committed when `change` says
    // so.
    virtual void write(const std::function<bool(sqlite::Transaction&)>& change) = 0;

    virtual Json overview(sqlite::Database& database) = 0;
    virtual Json limits(sqlite::Database& database, const LimitsAsked& asked) = 0;
    // nullopt: no such account.
    virtual std::optional<Json> limit(sqlite::Database& database, const std::string& id) = 0;
    virtual Json search(sqlite::Database& database, const PatientAsked& asked) = 0;
    // By pseudonym. nullopt: nobody has it.
    virtual std::optional<Json> patient(sqlite::Database& database, const std::string& id) = 0;
    virtual std::optional<Json> timeline(
        sqlite::Database& database, const std::string& id, const PageAsked& page
    ) = 0;
    // With his name: the one answer that is not masked. Who asks is audited before it is given.
    virtual std::optional<Json> unmasked(sqlite::Database& database, const std::string& id) = 0;
    virtual Json tasks(sqlite::Database& database, const TasksAsked& asked) = 0;
    struct Task {
        Json shown;
        std::string version;
    };
    virtual std::optional<Task> task(sqlite::Database& database, const std::string& id) = 0;
    virtual tl::expected<Decided, Undecided> decide(
        sqlite::Transaction& transaction, const TaskAnswer& answer
    ) = 0;
};

}  // namespace mis::console
