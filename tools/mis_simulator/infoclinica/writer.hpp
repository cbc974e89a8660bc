// Infoclinica on Firebird, written as its own clients do.
#pragma once

#include "../writer.hpp"
#include "schema.hpp"
#include "support/firebird_writer.hpp"

namespace mis::simulator {

class InfoclinicaWriter : public Writer {
  public:
    // `base` outlives the writer.
    InfoclinicaWriter(support::FirebirdWriter& base, Dialect dialect)
        : base_(base), dialect_(dialect) {}

    Known load(const KnownLimits& limits) override;
    Standing standing() override;
    bool has(Extra) const override { return false; }
    Rounding rounding() const override { return Rounding::of_bill; }

    void commit() override { base_.commit(); }
    std::int64_t next_id() override;

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

  protected:
    void begin_transaction() override { base_.begin(); }

  private:
    void insert_line(
        const Bill& bill, const Line& line, const Patient& patient, std::size_t doctor
    );
    void update_head(const Bill& bill, const Patient& patient);

    support::FirebirdWriter& base_;
    Dialect dialect_;
};

}  // namespace mis::simulator
