// PatientLinks: which cards of several sources are one person's (P11), and which were until the
// clinic took it back. Nothing links by itself.
//
// Holds no state but the connection. Writes take the caller's transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/identity.hpp"
#include "sqlite/database.hpp"

namespace mis::domain_store {

struct CardLink {
    RecordKey joins;  // known from then on by
    RecordKey stays;
    std::int64_t linked_us = 0;
    std::string linked_by;
    std::optional<std::int64_t> unlinked_us = {};  // nullopt: it stands
    std::string unlinked_by = {};
};

class PatientLinks {
  public:
    explicit PatientLinks(sqlite::Database& database) : database_(database) {}

    // `joins` must not join anybody yet.
    void link(sqlite::Transaction& transaction, const CardLink& made);
    void unlink(
        sqlite::Transaction& transaction, const RecordKey& joins, std::int64_t now_us,
        const std::string& who
    );

    // Of those that stand.
    std::optional<CardLink> of(const RecordKey& joins) const;
    std::vector<CardLink> naming(const std::string& source, const std::string& id) const;
    std::int64_t count() const;

    enum class Which { standing, all };
    // In the order in which they were made; `after`: the last id of the page before.
    struct Page {
        std::vector<CardLink> links;
        std::int64_t last = 0;
    };
    static constexpr int kPerPage = 1000;
    Page page(Which which, std::int64_t after, int limit) const;

  private:
    sqlite::Database& database_;
};

}  // namespace mis::domain_store
