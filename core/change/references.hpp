// References: records that name another which no stream of their source has (D4): a patient, an
// account, a plan, an appointment, a doctor. Their work counts for nobody, and nothing else says
// so.
//
// Counted are only references to kinds that the source reads, once both streams were read to their
// end: what has not come yet is no fault, and what is never read is nobody's to find.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sqlite/database.hpp"

namespace mis::change {

struct DanglingReference {
    std::string source, stream, kind;   // of the records that name …
    std::string field, named_kind;      // … something that is not there
    std::int64_t records = 0;           // that do
    std::int64_t of = 0;                // that stand in the stream
    std::vector<std::string> examples;  // some of their keys, the first ones
};

inline constexpr int kReferenceExamplesMax = 3;

// Reads every body of the streams that can name anything: seconds for a million records. Empty
// source: all. In the order of sources, streams and fields; only those with records.
std::vector<DanglingReference> dangling_references(
    sqlite::Database& database, const std::string& source
);

// "3 of 120 procedures name a patient that no record of this source has: 17, 18, 20"
std::string describe(const DanglingReference& dangling);

// How many there were when the stream was compared before; nullopt: never. Kept in the store, so
// that what grows is told from what was always so.
struct ReferenceBaseline {
    std::string stream, field;
    std::int64_t records = 0;
};
std::vector<ReferenceBaseline> reference_baselines(
    sqlite::Database& database, const std::string& source
);
void save_reference_baselines(
    sqlite::Transaction& transaction, const std::string& source,
    const std::vector<DanglingReference>& found
);
// Of `found`, what is more than it was then. Nothing where no comparison has been before.
std::vector<DanglingReference> grown(
    const std::vector<DanglingReference>& found, const std::vector<ReferenceBaseline>& before
);

}  // namespace mis::change
