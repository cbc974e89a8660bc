// IDENT's tables on PostgreSQL, written as its client does: a visit takes cells of the timetable, a
// corrected price is a new price row. What no public source tells (payments, policies, a line's
// teeth and payer) are tables and columns of the simulator's own.
#pragma once

#include "../sql_base.hpp"

namespace mis::simulator {

class IdentWriter : public SqlWriter {
  public:
    using SqlWriter::SqlWriter;

    Known load(const KnownLimits& limits) override;
    Standing standing() override;
    bool has(Extra extra) const override { return extra != Extra::reimport; }
    void register_patient(const Patient& patient, std::int64_t days_old) override;
    void book(const Visit& visit, const Patient& patient, const Booking& booking) override;
    void move(const Visit& visit) override;
    void arrive(const Visit& visit) override;
    void start(const Visit& visit, const Patient& patient) override;
    std::string_view cancel(const Visit& visit) override;
    void reserve(std::int64_t id, std::size_t doctor, std::size_t day, std::size_t hour) override;

    void treat(const Bill& bill, const Visit& visit, const Patient& patient) override;
    void correct_tooth(const Bill& bill, const Line& line) override;
    void correct_price(const Bill& bill, const Line& line, const Patient& patient) override;
    void remove_line(const Bill& bill, const Line& line, const Patient& patient) override;

    void pay(
        std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks, Till till
    ) override;
    void deposit(const Patient& patient, std::int64_t kopecks) override;
    void spend_advance(
        std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks
    ) override;
    void refund(std::int64_t id, const Bill& bill, const Patient& patient, std::int64_t kopecks)
        override;
    std::string_view write_off(std::int64_t id, const Patient& patient, std::int64_t kopecks)
        override;
    void raise_limit(const Patient& patient, std::int64_t kopecks) override;

    void plan(const Plan& plan, const Patient& patient) override;
    void merge(const Patient& from, const Patient& into) override;
    void settle(const Bill& bill, const Patient& patient, std::int64_t kopecks) override;
    void take_back_arrival(const Visit& visit) override;

  private:
    void insert_line(
        const Bill& bill, const Line& line, const Patient& patient, std::int64_t price
    );
    void claim_cells(const Visit& visit);
    void release_cells(const Visit& visit);
    void form_bill(const Bill& bill);
    struct Money {
        std::int64_t kopecks;
        std::string_view kind, method, payer;
        std::int64_t policy;  // 0: none
    };
    void payment(std::int64_t id, const Patient& patient, int branch, const Money& money);
};

}  // namespace mis::simulator
