// A clinic's day: somebody books, moves, arrives, is treated, is billed wrongly and corrected,
// pays, and some rows are simply deleted.
//
// One writer, one action at a time, each its own committed transaction (some bookings commit
// seconds after their stamp, as slow clients do). The sequence of actions is decided by the seed
// alone; times are the machine's. Nothing is kept between runs: at the start the recent visits and
// bills are read back from the base.
//
// live.cpp chooses what happens next; live_visits.cpp and live_bills.cpp do it.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "oracle.hpp"
#include "schema.hpp"
#include "support/firebird_writer.hpp"

namespace mis::simulator {

class Clinic {
  public:
    Clinic(support::FirebirdWriter& base, Dialect dialect, std::uint64_t seed, Oracle& oracle);

    // Does one action and returns the line that tells it. `stop` cuts a slow commit's wait short.
    std::string act(const std::atomic<bool>& stop);

  private:
    static constexpr std::size_t kBillsMax = 200;  // what one run plays with, the newest

    struct Patient {
        std::int64_t id;
        std::string name;
        std::int64_t policy = 0, agreement = 0;  // 0: pays himself
    };
    struct Visit {
        std::int64_t id;
        std::size_t patient;    // into patients_
        std::size_t doctor;     // into doctors()
        int day, hour, minute;  // day: from today
        enum class State { booked, arrived, started } state = State::booked;
    };
    struct Line {
        std::int64_t id;
        std::size_t service;
        std::int64_t quantity, price_kopecks;
        std::string tooth;
    };
    struct Bill {
        std::int64_t id;  // TREATCODE and ORDERNO
        std::size_t patient;
        int branch;
        std::vector<Line> lines;
        int discount_percent = 0;
        std::int64_t paid_kopecks = 0;
    };
    struct Sums {
        std::int64_t gross, patient_owes,
            organization_owes;  // kopecks, after discount but for gross
    };

    void load();
    std::size_t pick(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
    std::int64_t next_id();
    void begin() {
        touched_.clear();
        base_.begin();
    }
    void touch(std::string_view table, std::string_view op, std::int64_t key) {
        touched_.push_back({table, op, key});
    }
    std::string commit(
        std::string_view action, const std::vector<std::string_view>& expect,
        const std::string& what
    );

    // Visits
    void free_time(Visit& visit);
    std::string book(const std::atomic<bool>& stop);
    std::string register_patient();
    std::string move();
    std::string arrive();
    std::string start();
    std::string cancel();
    std::string reserve();

    // Bills
    Sums sums_of(const Bill& bill) const;
    std::int64_t due_on(const Bill& bill) const;  // from the patient, in kopecks
    Bill* newest_owed();                          // by its patient; null: all are paid
    std::string head_values(const Bill& bill) const;
    void insert_line(const Bill& bill, const Line& line, std::size_t doctor);
    std::string treat();
    std::string correct();
    std::string remove_line();
    std::string pay();
    std::string deposit();
    std::string spend_advance();
    std::string refund();
    std::string write_off();
    std::string raise_limit();

    support::FirebirdWriter& base_;
    Dialect dialect_;
    std::mt19937_64 random_;
    Oracle& oracle_;
    std::vector<Patient> patients_;
    std::vector<Visit> visits_;
    std::vector<Bill> bills_;
    std::vector<Touched> touched_;
};

}  // namespace mis::simulator
