// Division: a group falls into parts when what tied its patients is gone; what it announced is
// divided between them, and each part goes on as if it had always been by itself.
//
// Everything announced has a home: the patient, the order, the plan or the account that it is
// about. What concerns two parts (a charge of one patient's order against the other's former
// account) is remembered by both, and counts once should they ever be one again (joined()). What
// has no home that can be told keeps the group whole: never wrong, only dearer. Pure;
// core/decisions/0003.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "domain/announced.hpp"
#include "domain/facts.hpp"

namespace mis::domain {

struct PartMembers {
    std::vector<RecordKey> patients;
    std::vector<std::string> orders;
    std::vector<RecordKey> records;  // plans and accounts of its patients, those that are gone too
};

class Division {
  public:
    // `whole` must outlive it.
    Division(const Announced& whole, std::span<const PartMembers> parts, const Identity& identity);

    // The parts that a message of the exchange concerns, by what it names; empty: cannot be told.
    std::set<std::size_t> parts_of(const InboxFact& message);
    // The part that a public id (patient, order, plan, account, feedback) belongs to.
    std::optional<std::size_t> part_of(std::string_view id) const;

    // One for each part, in their order; nullopt: something has no home. Messages must have been
    // asked for before.
    std::optional<std::vector<Announced>> divide() const;

  private:
    using Part = std::optional<std::size_t>;
    void own(std::string id, std::size_t part) { owners_.try_emplace(std::move(id), part); }
    Part home_of(std::string_view key, const Standing& standing) const;
    Part home_of_procedure(std::string_view id) const;
    std::set<std::size_t> homes_of(const LedgerEntry& entry) const;

    const Announced& whole_;
    const std::size_t parts_;
    std::map<std::string, std::size_t, std::less<>> owners_;
    std::map<std::string, std::string, std::less<>> patient_of_charge_;  // by event id
};

}  // namespace mis::domain
