// libFuzzer over the parsers that read what people and MISs write: money, teeth, surfaces, times,
// decimals, phones, comments with limits, JSON.
//
// Beside "does not crash": whatever a parser accepts must survive being written and read again.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json_text.hpp"
#include "base/money.hpp"
#include "base/phones.hpp"
#include "base/result.hpp"
#include "base/teeth.hpp"
#include "base/text.hpp"
#include "base/timestamp.hpp"
#include "domain/limit_ledger/comment.hpp"

using namespace mis;

namespace {

void fuzz_money(std::string_view text) {
    const auto parsed = parse_minor_units(text);
    if (!parsed) return;
    const std::string written = Money{parsed->minor, {}}.to_string();
    const auto again = parse_minor_units(std::string_view(written).substr(0, written.size() - 4));
    MIS_ASSERT(again && again->minor == parsed->minor && !again->rounded);
}

void fuzz_decimal(std::string_view text) {
    if (const auto parsed = Decimal::parse(text))
        MIS_ASSERT(Decimal::parse(parsed->to_string()) == parsed);
}

void fuzz_teeth(std::string_view text) {
    const auto teeth = parse_teeth(text);
    if (!teeth) return;
    std::string written;
    for (const auto& tooth : *teeth) {
        MIS_ASSERT(is_tooth(tooth) || is_area(tooth));
        written += (written.empty() ? "" : ",") + tooth;
    }
    MIS_ASSERT(parse_teeth(written) == teeth);
}

void fuzz_surfaces(std::string_view text) {
    if (const auto surfaces = parse_surfaces(text))
        MIS_ASSERT(parse_surfaces(*surfaces) == surfaces);
}

void fuzz_time(std::string_view text) {
    if (const auto time = Timestamp::parse_rfc3339(text)) {
        const auto again = Timestamp::parse_rfc3339(time->to_string());
        MIS_ASSERT(again && *again == *time && again->offset_min == time->offset_min);
    }
    static const Zone zone = *Zone::find("Europe/Moscow");
    if (const auto local = LocalTime::parse(text)) {
        const auto resolved = zone.resolve(*local);
        MIS_ASSERT(Timestamp::parse_rfc3339(resolved.time.to_string()).has_value());
    }
}

void fuzz_comment(std::string_view text) {
    const auto comment = domain::parse_limit_comment(text);
    if (comment.limit) MIS_ASSERT(comment.limit->minor >= 0);
}

void fuzz_text(std::string_view text) {
    const std::string folded = fold(text);
    MIS_ASSERT(fold(folded) == folded);
    const std::string code = fold_code(text);
    MIS_ASSERT(fold_code(code) == code);
    if (const auto clean = without_invisible(text, LineBreaks::spaces))
        MIS_ASSERT(
            !without_invisible(clean->text, LineBreaks::spaces) && !has_invisible(clean->text)
        );
    else
        MIS_ASSERT(!has_invisible(text));
    MIS_ASSERT(!has_invisible(escape_invisible(text)));
}

void fuzz_phones(std::string_view text) {
    const PhonesRead read = read_phones(text);
    std::string written;
    for (const auto& number : read.numbers) {
        MIS_ASSERT(number.size() >= 11 && number.size() <= 16 && number[0] == '+');
        written += (written.empty() ? "" : ", ") + number;
    }
    const PhonesRead again = read_phones(written);
    MIS_ASSERT(again.numbers == read.numbers && !again.left_out);
}

void fuzz_json(std::string_view text) {
    for (const JsonMember& member : JsonMembers(JsonView(text))) {
        MIS_ASSERT(member.value.raw().data() + member.value.raw().size() <= text.end());
        static_cast<void>(member.value.string());
        static_cast<void>(member.value.elements());
    }
    const auto document = parse_json(text);
    if (!document) return;
    const std::string canonical = canonical_json(*document);
    MIS_ASSERT(JsonView(canonical).tree() == *document);
    if (document->is_object()) {
        const JsonMembers members{JsonView(canonical)};
        MIS_ASSERT(members.well_formed() && members.size() == document->size());
    }
    const auto again = parse_json(canonical_json(*document));
    MIS_ASSERT(again && *again == *document);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size < 1) return 0;
    const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    switch (bytes[0] % 8) {  // the first byte of a corpus file chooses: '0' money, '1' decimal, …
        case 0:
            fuzz_money(text);
            break;
        case 1:
            fuzz_decimal(text);
            break;
        case 2:
            fuzz_teeth(text);
            break;
        case 3:
            fuzz_surfaces(text);
            break;
        case 4:
            fuzz_time(text);
            break;
        case 5:
            fuzz_comment(text);
            break;
        case 6:
            fuzz_text(text);
            fuzz_phones(text);
            break;
        case 7:
            fuzz_json(text);
            break;
    }
    return 0;
}
