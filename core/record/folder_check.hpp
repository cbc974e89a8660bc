// The connector's folder as a whole: nothing unfinished, nothing left over, codes that are
// canonical, a README with its sections. conformance.hpp runs it beside the streams.
#pragma once

#include "record/finding.hpp"
#include "source/connector.hpp"

namespace mis::record {

// Files that are no UTF-8, and those that still say "fill me in".
void check_texts(const std::filesystem::path& folder, Findings& findings);
// The same of a site's overlay; its drafts are left out.
void check_overlay_texts(const std::filesystem::path& overlay, Findings& findings);

// Files and cases that belong to no stream; lists of codes that no map asks for, or whose values
// are none of the field that they fill; README.md.
void check_folder(const source::Connector& connector, Findings& findings);

}  // namespace mis::record
