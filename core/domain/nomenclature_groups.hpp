// What kind of work a code is (I9): its group, and what it does to a plan. Read from
// config/nomenclature_groups.yaml (the dental part of order 804н), which a clinic may extend or
// overrule, code by code, with a file of the same form.
//
// The entry of a code is that of its longest listed prefix at a dot: A16.07.002.010 is read as
// A16.07.002, A16.07.0021 is not. An entry inherits nothing from a shorter one. Codes are compared
// as fold_code() writes them, so Cyrillic «А16.07.002» is the same code (I8).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"

namespace mis::domain {

enum class WorkGroup {
    consultation,
    therapy,
    surgery,
    prosthetics,
    implant,
    hygiene,
    orthodontics,
    diagnostics,
    accompanying,  // anaesthesia, isolation, …: never an item's own work unless the plan names it
};

std::string_view to_string(WorkGroup group);

struct NomenclatureEntry {
    std::string code;  // the listed code or prefix, folded
    std::string name;  // for people
    WorkGroup group = WorkGroup::therapy;
    bool is_extraction = false;        // P4: the tooth is gone afterwards
    bool survives_extraction = false;  // P4: still makes sense when the tooth is gone (implant,
                                       // bridge, crown in a slip of the plan)
    bool starts_only = false;          // P2: starts an item, never settles it (temporary filling)
    std::vector<std::string> components;  // P2: codes or prefixes that are parts of this work
                                          // (impression of a crown), folded
};

class NomenclatureGroups {
  public:
    // misconfigured with file, line, key and remedy: unknown group or flag, a code twice in one
    // file, a malformed code.
    static Result<NomenclatureGroups> load(const std::filesystem::path& path);
    static Result<NomenclatureGroups> from_text(std::string_view yaml, std::string name);

    // The entries of the second file replace those of equal code and add the others.
    Result<void> extend(const std::filesystem::path& path);
    Result<void> extend_from_text(std::string_view yaml, std::string name);

    // nullptr: the code belongs to no group that we know. The pointer lives as long as this object
    // is not extended.
    const NomenclatureEntry* find(std::string_view code) const;

    // Whether a line of `part` is a listed part of the work `whole`.
    bool is_component(std::string_view part, std::string_view whole) const;

    std::size_t size() const { return entries_.size(); }

  private:
    std::unordered_map<std::string, NomenclatureEntry> entries_;
};

// P3: `prefix` equals `code`, or is a prefix of it at a dot. Both folded.
bool is_code_prefix(std::string_view prefix, std::string_view code);

}  // namespace mis::domain
