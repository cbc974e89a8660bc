#include "source/slice_form.hpp"

#include <fmt/format.h>

namespace mis::source {

Result<SliceForm> form_of(const StreamDeclaration& stream, const Slice& slice) {
    switch (slice.by) {
        case Slice::By::stamp:
            if (slice.stamp_index >= stream.stamps.size())
                return fail(
                    ErrorKind::misconfigured,
                    fmt::format("stream {} declares {} stamps", stream.name, stream.stamps.size())
                );
            return SliceForm{SliceForm::Kind::stamp, slice.stamp_index, 0};
        case Slice::By::window:
            if (!stream.window)
                return fail(
                    ErrorKind::misconfigured,
                    fmt::format("stream {} declares no window", stream.name)
                );
            return SliceForm{SliceForm::Kind::window, 0, 0};
        case Slice::By::key_walk:
            if (slice.limit <= 0) return fail(ErrorKind::misconfigured, "a key walk needs a limit");
            return SliceForm{
                slice.after_id.empty() ? SliceForm::Kind::key_walk_start
                                       : SliceForm::Kind::key_walk,
                0, 0};
        case Slice::By::deletes:  // of the stream that notes them
            return fail(
                ErrorKind::misconfigured,
                fmt::format("stream {}: of its deletions only keys can be read", stream.name)
            );
        case Slice::By::ids:
            break;
    }
    for (const std::size_t count : kIdCounts)
        if (!slice.ids.empty() && slice.ids.size() <= count)
            return SliceForm{SliceForm::Kind::ids, 0, count};
    return fail(
        ErrorKind::misconfigured,
        fmt::format("1 to {} ids per read, not {}", kIdsPerReadMax, slice.ids.size())
    );
}

std::string describe(const SliceForm& form) {
    switch (form.kind) {
        case SliceForm::Kind::stamp:
            return fmt::format("stamp {}", form.stamp_index);
        case SliceForm::Kind::window:
            return "window";
        case SliceForm::Kind::key_walk_start:
            return "key walk from the start";
        case SliceForm::Kind::key_walk:
            return "key walk";
        case SliceForm::Kind::ids:
            return fmt::format("{} ids", form.id_count);
        case SliceForm::Kind::all:
            break;
    }
    return "all rows";
}

const StreamDeclaration* noted_in(const StreamDeclaration& stream, Slice& slice) {
    if (slice.by != Slice::By::deletes) return &stream;
    slice.by = Slice::By::stamp;
    slice.stamp_index = 0;
    return stream.deletes.get();
}

std::vector<std::string> parameters_of(const SliceForm& form, const Slice& slice) {
    switch (form.kind) {
        case SliceForm::Kind::stamp:
        case SliceForm::Kind::window:
            return {slice.from, slice.to};
        case SliceForm::Kind::key_walk_start:
            return {std::to_string(slice.limit)};
        case SliceForm::Kind::key_walk:
            return {slice.after_id, std::to_string(slice.limit)};
        case SliceForm::Kind::all:
            return {};
        case SliceForm::Kind::ids:
            break;
    }
    std::vector<std::string> ids = slice.ids;
    if (!ids.empty()) ids.resize(form.id_count, ids.back());
    return ids;
}

}  // namespace mis::source
