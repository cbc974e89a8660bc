// libFuzzer over the rows of services' answers, JSON and XML.
//
// Beside "does not crash": in whatever pieces an answer arrives, it gives the same rows and the
// same verdict; and what a row's list or object is written as, is read again as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/http/answer.hpp"

using namespace mis;
using namespace mis::source::http;

namespace {

struct Reading {
    std::string rows;
    bool well = false, has_rows = false;
    bool operator==(const Reading&) const = default;
};

Reading read(const AnswerPlan& plan, std::string_view text, std::size_t piece) {
    Reading reading;
    const auto answer = read_answer(
        plan,
        [&]() -> Result<std::string_view> {
            const auto part = text.substr(0, piece);
            text.remove_prefix(part.size());
            return part;
        },
        [&](const std::vector<const Node*>& row) -> Result<void> {
            const auto id =
                parse_node_path(plan.format == Format::json ? "a.b[0]" : "a/b[1]/@c", plan.format);
            const Node* found = find(row, *id);
            reading.rows +=
                (found != nullptr ? text_of(*found) : text_of(*row.back())).value_or("-") + "\n";
            return {};
        }
    );
    reading.well = answer.has_value();
    if (!reading.well) {
        MIS_ASSERT(answer.error().kind == ErrorKind::malformed);
        reading.rows.clear();  // how far it came before it was refused is nobody's
    } else {
        reading.has_rows = answer->has_rows;
    }
    return reading;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    AnswerPlan plan;
    plan.format = bytes[0] % 2 == 0 ? Format::json : Format::xml;  // '0' JSON, '1' XML, …
    const bool inner = bytes[0] / 2 % 2 == 1;
    if (plan.format == Format::json)
        plan.rows =
            *parse_rows_place(inner ? "d[].e" : (bytes[0] / 4 % 2 == 1 ? "" : "d"), plan.format);
    else
        plan.rows = *parse_rows_place(inner ? "d/e[]/f/g" : "d/e", plan.format);
    plan.single = bytes[0] / 4 % 2 == 1;
    plan.watched = {"total", "d/total"};
    const Reading whole = read(plan, text, text.size() + 1);
    MIS_ASSERT(read(plan, text, 1) == whole);
    MIS_ASSERT(read(plan, text, 7) == whole);
    return 0;
}
