// What goes to the server as SQL text, on an attachment of the set NONE.
//
// The catalog keeps names in UTF-8, so the text goes out in UTF-8. A string literal would be bytes
// of no set there: one with letters outside ASCII is given an introducer (`_UTF8 'да'`), which lets
// the server compare it with columns of any set. Which set: that of the column it stands beside;
// beside none, the base's own. Where the column has no set of its own (NONE), a comparison is one
// of bytes: the literal goes out in what the MIS writes there, and says no set. A literal with a
// letter that the chosen set lacks goes out in UTF-8: no value of that column can equal it.
//
// Pure.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace mis::source::firebird {

struct TextSets {
    // text column, as the catalog has its name → Firebird's names of the sets it is kept in, in the
    // tables that the statement may name
    std::map<std::string, std::set<std::string>, std::less<>> of_columns;
    std::string of_base = "NONE";   // the base's default set
    std::string for_none = "NONE";  // what the MIS writes where there is no set
    std::string utf8 = "UTF8";      // the server's name for it; UNICODE_FSS before 2.0
};

// misconfigured: longer than a statement may be.
Result<std::string> server_text(std::string_view sql, int dialect, const TextSets& sets);

}  // namespace mis::source::firebird
