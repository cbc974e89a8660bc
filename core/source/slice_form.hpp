// SliceForm: what a prepared statement is for. One text per form, reused for every slice of it.
#pragma once

#include <compare>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/connector.hpp"
#include "source/row_reader.hpp"

namespace mis::source {

struct SliceForm {
    enum class Kind {
        stamp,
        window,
        key_walk_start,
        key_walk,
        ids,
        all,  // no condition; for counts
    };
    Kind kind = Kind::window;
    std::size_t stamp_index = 0;
    std::size_t id_count = 0;  // one of kIdCounts
    friend auto operator<=>(const SliceForm&, const SliceForm&) = default;
};

// Numbers of ids that statements are prepared for; a read pads its list to the next by repeating
// the last id.
inline constexpr std::size_t kIdCounts[] = {1, 8, 40, kIdsPerReadMax};

// misconfigured: the stream declares no such stamp or window, too many ids.
Result<SliceForm> form_of(const StreamDeclaration& stream, const Slice& slice);
std::string describe(const SliceForm& form);  // "stamp 1", "window", "key walk", "8 ids"

// The stream and the slice that a question for keys means: of deletions those of the stream that
// notes them. Null: there is none.
const StreamDeclaration* noted_in(const StreamDeclaration& stream, Slice& slice);

// What stands for the `?` of the form's text, in this order: from, to · after_id, limit · the ids.
std::vector<std::string> parameters_of(const SliceForm& form, const Slice& slice);

}  // namespace mis::source
