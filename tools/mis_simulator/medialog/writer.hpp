// Medialog's tables on PostgreSQL, written as its clients do: triggers keep the stamps, some edits
// go past them, some deletions leave a line in the trace.
#pragma once

#include "../sql_base.hpp"

namespace mis::simulator {

class MedialogWriter : public SqlWriter {
  public:
    using SqlWriter::SqlWriter;

    Known load(const KnownLimits& limits) override;
    Standing standing() override;
    bool has(Extra extra) const override { return extra != Extra::take_back; }
    // a visit is booked, has come, or has work done; a debt written off moves no money
    bool tells(std::string_view event) const override { return event != "appointment.started"; }

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
    void reimport(const Bill& bill, const Patient& patient, const std::vector<std::int64_t>& ids)
        override;

  private:
    void insert_line(
        const Bill& bill, const Line& line, const Patient& patient, std::int64_t doctor
    );
    void insert_parts(const Bill& bill, const Line& line, const Patient& patient);
    void delete_line(std::int64_t line);
    void trace(std::string_view table, std::int64_t row);
    // One movement of an account; `mode`: FM_PAYMODE_ID, 0 none; `main`: the movement that made it.
    void movement(
        std::int64_t id, std::int64_t account, std::int64_t kopecks, char type, int mode,
        std::int64_t main
    );
    // What a movement paid of the bill's parts: the patient's, or the organization's.
    enum class Payer { patient, organization };
    void allocate(std::int64_t movement, const Bill& bill, Payer payer);
};

}  // namespace mis::simulator
