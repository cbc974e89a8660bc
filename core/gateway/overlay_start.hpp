// A site's overlay to start from: what `discover` found in the base, as files that a human goes
// through. Pure: texts out, nothing is written.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "source/recognition.hpp"
#include "source/table_sample.hpp"

namespace mis::gateway {

struct FoundCandidate {
    source::Candidate candidate;  // of tables that outlive this
    source::TableSample sample;   // of its column, or of the table's columns
    std::string unread;           // why there is no sample; empty: there is
};
struct Answer {
    source::Question question;
    std::vector<FoundCandidate> found;
};

// "smallint, indexed; 1200 rows; 99 9"
std::string candidate_text(const FoundCandidate& found);
// "10000 rows or more"
std::string rows_text(std::int64_t rows);
// "99 9", in quotes where a shape has blanks; "" for none.
std::string shapes_text(const std::vector<std::string>& shapes);

// File, relative to the overlay's folder → text: overlay.yaml, in which every line that would have
// an effect stands behind a #, codes.csv, and in draft/, which nobody reads, a fetch to begin with
// for each stream that waits for an answer about tables. No value of the base is in them.
std::map<std::filesystem::path, std::string> overlay_start(
    const source::Connector& connector, const std::vector<Answer>& answers
);

}  // namespace mis::gateway
