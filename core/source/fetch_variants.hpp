// The texts that one NAME.fetch.sql can become on any base, for the conformance harness to prepare:
// every form that the stream declares, with all optional things present, all absent, and each one
// alone absent or present (placeholders are independent, so those are enough). Site columns are
// present where `site` names one.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/connector.hpp"
#include "source/fetch_text.hpp"

namespace mis::source {

struct FetchVariant {
    SliceForm form;
    std::string choices;  // what was assumed: "TREAT.TOOTH absent"
    std::string sql;
};

// Each text once. Errors are parse_fetch's and render_fetch's.
Result<std::vector<FetchVariant>> all_fetch_variants(
    const StreamDeclaration& stream, const std::map<std::string, std::string>& site
);

}  // namespace mis::source
