// A clinic's day: somebody books, moves, arrives, is treated, is billed wrongly and corrected,
// pays, and some rows are simply deleted.
//
// One writer, one action at a time, each its own committed transaction (some bookings commit
// seconds after their stamp, as slow clients do). The sequence of actions is decided by the seed
// alone; times are the server's. Nothing is kept between runs: at the start the recent visits and
// bills are read back from the base. What the clinic does is the same on every MIS; how it is said
// in tables is the writer's (writer.hpp).
//
// live.cpp chooses what happens next; live_visits.cpp and live_bills.cpp do it.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "model.hpp"
#include "oracle.hpp"
#include "writer.hpp"

namespace mis::simulator {

class Clinic {
  public:
    // `writer` and `oracle` outlive the clinic.
    Clinic(Writer& writer, std::uint64_t seed, Oracle& oracle);

    // Does one action and returns the line that tells it. `stop` cuts a slow commit's wait short.
    std::string act(const std::atomic<bool>& stop);

  private:
    // what one run plays with, the newest
    static constexpr KnownLimits kLimits{2000, 300, 200};

    std::size_t pick(std::size_t count) { return static_cast<std::size_t>(random_() % count); }
    const Patient& patient_of(const Bill& bill) const { return patients_[bill.patient]; }
    // Between begin and commit; how long the commit waited is no part of the line.
    std::string commit(
        std::string_view action, const std::vector<std::string_view>& expect,
        const std::string& what
    );
    void wait_before_commit();

    // Visits
    void free_time(Visit& visit);
    std::string book();
    std::string register_patient();
    std::string move();
    std::string arrive();
    std::string start();
    std::string cancel();
    std::string reserve();
    std::string take_back_arrival();
    std::string merge();

    // Bills
    Sums sums_of(const Bill& bill) const;
    std::int64_t due_on(const Bill& bill) const;  // from the patient, in kopecks
    Bill* newest_owed();                          // by its patient; null: all are paid
    std::string plan();
    std::string treat();
    std::string correct();
    std::string remove_line();
    std::string pay();
    std::string deposit();
    std::string spend_advance();
    std::string refund();
    std::string write_off();
    std::string raise_limit();
    std::string settle();
    std::string reimport();

    Writer& writer_;
    std::mt19937_64 random_;
    Oracle& oracle_;
    const std::atomic<bool>* stop_ = nullptr;
    std::vector<Patient> patients_;
    std::vector<Visit> visits_;
    std::vector<Bill> bills_;
    std::vector<Plan> plans_;
    std::vector<std::size_t> doubles_;  // patients whom this run registered
};

}  // namespace mis::simulator
