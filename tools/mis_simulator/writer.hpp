// A MIS as the simulated clinic uses it: what happens is said in this MIS's tables.
//
// One thread. Every action stands between begin() and commit(); what it wrote is in touched()
// until the next begin(). Failures throw std::runtime_error with the server's text. Ids come from
// next_id(), one counter for all tables, asked inside a transaction.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "model.hpp"
#include "oracle.hpp"
#include "standing.hpp"

namespace mis::simulator {

// What not every MIS has, or has a table for.
enum class Extra {
    plan,       // treatment plans whose items lines carry out
    merge,      // two cards of one patient become one, the other vanishes
    settle,     // an organization pays its part of a bill
    reimport,   // lines are deleted and inserted again under new ids
    take_back,  // an arrival is taken back: its mark goes, no stamp comes
    late,       // any action may commit seconds after its stamp, not only a booking
};

struct Known {
    std::vector<Patient> patients;  // by id, ascending
    std::vector<Visit> visits;      // of today and later, not treated yet
    std::vector<Bill> bills;        // of the last days
};
struct KnownLimits {
    std::size_t patients_max, visits_max, bills_max;
};

enum class Till { cash, card };

class Writer {
  public:
    virtual ~Writer() = default;

    virtual Known load(const KnownLimits& limits) = 0;
    virtual Standing standing() = 0;
    virtual bool has(Extra extra) const = 0;
    virtual Rounding rounding() const = 0;
    // Event types (without prefix and version) that this MIS gives no occasion for.
    virtual bool tells(std::string_view /*event*/) const { return true; }

    void begin() {
        touched_.clear();
        begin_transaction();
    }
    virtual void commit() = 0;
    virtual std::int64_t next_id() = 0;
    const std::vector<Touched>& touched() const { return touched_; }

    virtual void register_patient(const Patient& patient, std::int64_t days_old) = 0;
    virtual void book(const Visit& visit, const Patient& patient, const Booking& booking) = 0;
    virtual void move(const Visit& visit) = 0;
    virtual void arrive(const Visit& visit) = 0;
    virtual void start(const Visit& visit, const Patient& patient) = 0;
    virtual std::string_view cancel(const Visit& visit) = 0;  // gives the event to expect
    virtual void reserve(
        std::int64_t id, std::size_t doctor, std::size_t day, std::size_t hour
    ) = 0;

    virtual void treat(const Bill& bill, const Visit& visit, const Patient& patient) = 0;
    virtual void correct_tooth(const Bill& bill, const Line& line) = 0;
    virtual void correct_price(const Bill& bill, const Line& line, const Patient& patient) = 0;
    // `bill` has lost the line already.
    virtual void remove_line(const Bill& bill, const Line& line, const Patient& patient) = 0;

    virtual void pay(
        std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks, Till till
    ) = 0;
    virtual void deposit(const Patient& patient, std::int64_t kopecks) = 0;
    virtual void spend_advance(
        std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
    ) = 0;
    virtual void refund(
        std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
    ) = 0;
    // Gives the event to expect; empty: none, no money moves.
    virtual std::string_view write_off(
        std::int64_t id, const Patient& patient, std::int64_t kopecks
    ) = 0;
    virtual void raise_limit(const Patient& patient, std::int64_t kopecks) = 0;

    // Asked only where has() said so.
    virtual void plan(const Plan& /*plan*/, const Patient& /*patient*/) {}
    virtual void merge(const Patient& /*from*/, const Patient& /*into*/) {}
    virtual void
    settle(const Bill& /*bill*/, const Patient& /*patient*/, std::int64_t /*kopecks*/) {}
    // `ids`: the new ones of its lines, in order.
    virtual void reimport(
        const Bill& /*bill*/, const Patient& /*patient*/, const std::vector<std::int64_t>& /*ids*/
    ) {}
    virtual void take_back_arrival(const Visit& /*visit*/) {}

  protected:
    virtual void begin_transaction() = 0;
    void touch(std::string_view table, std::string_view op, std::int64_t key) {
        touched_.push_back({table, op, key});
    }

  private:
    std::vector<Touched> touched_;
};

}  // namespace mis::simulator
