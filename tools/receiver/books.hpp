// Books: what the events add up to: standing charges, accounts, plans, orders, statements,
// payments, complaints, and what is still missing. The same as examples/receiver.py asks SQLite
// for, here folded event by event.
//
// Pure, one thread. Each event is applied once, in whatever order; the caller drops repeats. Events
// of an older epoch of their clinic count for nothing but for being there; a newer epoch voids what
// was folded (schemas/CONSUMING.md).
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.hpp"

namespace mis::receiver {

class Books {
  public:
    void apply(const Json& event);
    Json summary() const;  // schemas/vectors/README.md names its members

  private:
    struct Sum {
        std::int64_t minor = 0;
        std::string currency;
    };
    struct Charge {
        std::string order, payer, party, limit;
        Sum total;
        std::vector<std::pair<std::string, Sum>> overruns;  // by account
    };
    struct Payment {
        std::string kind;
        Sum amount;
    };
    struct Heard {                  // what one partition key said of something
        std::uint64_t arrived = 0;  // the last of it
        std::map<std::uint64_t, std::pair<std::string, Json>> said;  // by sequence: type, data
    };
    using Topic = std::map<std::string, Heard>;  // by partition key
    struct Fold {                                // of one clinic, in its newest epoch
        std::string epoch;
        std::map<std::string, Charge> charges;
        std::set<std::string> reversed;
        std::map<std::string, Payment> payments;  // by the id of their event
        std::set<std::string> taken_back;
        std::map<std::string, Topic> plans, limits, orders, feedbacks;
        std::map<std::tuple<std::string, std::string, std::string, std::string>, Topic> statements;
    };
    struct Place {
        bool real = false, stub = false, filtered = false;
    };
    struct Key {
        std::map<std::uint64_t, Place> places;
        std::set<std::uint64_t> named_before;  // by filtered views
    };
    struct ChangeSet {
        std::int64_t size = 0;
        std::set<std::int64_t> indexes;
        bool filtered = false;
    };

    void note_place(const Json& event, const std::string& type);
    void fold(Fold& into, const Json& event, const std::string& type);
    static std::vector<const Heard*> in_order(const Topic& topic);  // the key heard last comes last
    static const std::pair<std::string, Json>& newest(const Topic& topic);
    static Json plan_of(const std::string& id, const Topic& topic);
    static Json limit_of(const std::string& id, const Topic& topic, const Fold& fold);
    static bool is_disputed(const Json& statement, const Fold& fold);

    std::map<std::string, Fold> clinics_;
    std::map<std::tuple<std::string, std::string, std::string>, Key> keys_;  // clinic, epoch, key
    std::map<std::pair<std::string, std::string>, ChangeSet> change_sets_;   // clinic, change set
    std::uint64_t arrived_ = 0;
};

}  // namespace mis::receiver
