// One patient's pages: his accounts and plans as they stand announced, what left about him and what
// stayed, and, for who gave a reason, his name.
#pragma once

#include <optional>
#include <string>

#include "base/identity.hpp"
#include "base/json.hpp"
#include "base/timestamp.hpp"
#include "console/desk.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

struct PatientsRead {
    sqlite::Database& database;
    const Identity& identity;
    const Zone& zone;
};

// Masked; without his accounts. nullopt: nobody has this pseudonym.
std::optional<Json> patient_page(const PatientsRead& read, const std::string& pseudonym);
// {items, next?, since?}: oldest first, by change set.
std::optional<Json> patient_timeline(
    const PatientsRead& read, const std::string& pseudonym, const console::PageAsked& page
);
// Names, birth date, phones, e-mail as the MIS has them. The caller has audited who looks.
std::optional<Json> patient_unmasked(const PatientsRead& read, const std::string& pseudonym);

}  // namespace mis::gateway
