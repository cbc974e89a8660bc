// Texts: codes, phones, teeth, lists, values of the site and of documents.
#include <algorithm>
#include <array>

#include "base/json.hpp"
#include "base/phones.hpp"
#include "base/teeth.hpp"
#include "record/body_writer.hpp"
#include "record/document_path.hpp"
#include "record/map_call.hpp"

namespace mis::record {

namespace {

void fold_text(Call& call) {
    if (call.usable(1)) call.good(fold(call.text(0)));
}
void latin_code(Call& call) {
    if (call.usable(1)) call.good(fold_code(call.text(0)));
}

constexpr const char* kNoPhone = "a text that is no phone number was left out";

void phone(Call& call) {
    if (!call.usable(1)) return;
    const PhonesRead read = read_phones(call.text(0));
    if (read.numbers.empty())
        return call.bad("not a phone number (ten to fifteen digits, with nothing among them)");
    if (read.numbers.size() > 1) return call.bad("several phone numbers: phones() takes them all");
    if (read.left_out)
        call.good_noted(read.numbers.front(), kNoPhone);
    else
        call.good(read.numbers.front());
}

void phones(Call& call) {  // several columns, each with one number or several; what cannot be
                           // dialled is left out and noted
    std::vector<std::string> numbers;
    bool left_out = false;
    for (int index = 0; index < call.count(); ++index) {
        if (call.issue_of(index)) return call.pass_on(index);
        PhonesRead read = read_phones(call.text(index));
        left_out = left_out || read.left_out;
        for (std::string& number : read.numbers)
            if (std::find(numbers.begin(), numbers.end(), number) == numbers.end())
                numbers.push_back(std::move(number));
    }
    if (left_out)
        call.good_noted(string_list_json(numbers), kNoPhone);
    else
        call.good(string_list_json(numbers));
}

void teeth(Call& call) {
    if (call.is_null(0)) return call.pass_on(0);
    const std::string_view text = trim(call.text(0));
    if (is_tooth(text)) {  // the usual case
        std::string& out = call.scratch();
        return call.good(out.append("[\"").append(text).append("\"]"));
    }
    const auto list = parse_teeth(text);
    if (!list)  // I7: never guessed
        return call.bad("not teeth nor an area: " + std::string(teeth_forms()));
    call.good(string_list_json(*list));
}
void teeth_universal(Call& call) {
    if (call.is_null(0)) return call.pass_on(0);
    const auto list = parse_teeth_universal(call.text(0));
    if (!list) return call.bad("not teeth of the Universal system (1 to 32, A to T) nor an area");
    call.good(string_list_json(*list));
}
void tooth(Call& call) {
    if (!call.usable(1)) return;
    const auto list = parse_teeth(call.text(0));
    if (!list || list->size() != 1 || !is_tooth(list->front()))
        return call.bad("not one tooth in FDI notation (11 to 48, 51 to 85)");
    call.good(list->front());
}
void surfaces(Call& call) {
    if (!call.usable(1)) return;
    const auto letters = parse_surfaces(call.text(0));
    if (!letters) return call.bad("not tooth surfaces (M O I D B V L P, F for V)");
    call.good(*letters);
}

// The canonical value; empty: known, and means nothing here. nullopt: the list does not know it.
std::optional<std::string_view> canonical_of(
    const std::map<std::string, std::string>& list, std::string_view mis_code
) {
    const auto found = list.find(std::string(trim(mis_code)));
    if (found == list.end()) return std::nullopt;
    return found->second == "-" ? std::string_view() : std::string_view(found->second);
}

// A1: with the code in the message; cut, in case it is a text and no code.
std::string unknown_code(std::string_view list, std::string_view mis_code) {
    const std::string_view code = trim(mis_code);
    const bool shown = code.size() <= 40 && is_valid_utf8(code);
    return "list '" + std::string(list) + "' does not know '" +
           (shown ? std::string(code) : "(a long text)") + "'; add it to codes.csv";
}

void code(Call& call) {
    if (call.is_null(1)) return call.pass_on(1);
    const std::string list(call.text(0));
    const auto codes = call.row().codes->lists.find(list);
    if (codes == call.row().codes->lists.end())
        return call.bad("codes.csv has no list '" + list + "'");
    const std::string_view mis_code = trim(call.text(1));
    if (const auto value = canonical_of(codes->second, mis_code)) {
        if (value->empty()) return call.null();
        return call.good(*value);
    }
    const auto many =
        mis_code.starts_with('[') ? parse_json(mis_code) : fail(ErrorKind::malformed, "no list");
    if (!many || !many->is_array()) return call.bad(unknown_code(list, mis_code), 1);
    std::vector<std::string> values;  // of list(a, b, …): each by itself
    for (const Json& one : *many) {
        const std::string text = one.is_string() ? one.get<std::string>() : one.dump();
        const auto value = canonical_of(codes->second, text);
        if (!value) return call.bad(unknown_code(list, text), 1);
        if (!value->empty() && std::find(values.begin(), values.end(), *value) == values.end())
            values.emplace_back(*value);
    }
    call.good(string_list_json(values));
}

void site(Call& call) {
    const std::string name(call.text(0));
    const auto own = call.row().context->site.find(name);
    if (own != call.row().context->site.end())
        return own->second.empty() ? call.null() : call.good(own->second);
    const auto shipped = call.row().site_defaults->find(name);
    if (shipped == call.row().site_defaults->end())
        return call.bad("no value '" + name + "' in connector.yaml's site:");
    if (shipped->second.empty())
        call.null();
    else
        call.good(shipped->second);
}

void try_in_turn(Call& call
) {  // the first argument without an issue; only if all have one do they count
    for (int index = 0; index < call.count(); ++index) {
        if (call.issue_of(index)) continue;
        for (int other = 0; other < call.count(); ++other) {
            if (MapIssue* issue = call.issue_of(other)) issue->forgiven = true;
            const unsigned note = other == index ? 0 : sqlite3_value_subtype(call.value(other));
            if (note > 0 && note <= call.row().notes.size())
                call.row().notes[note - 1].dropped = true;
        }
        return call.good_value(index);
    }
    call.pass_on(call.count() - 1);
}

void list(Call& call) {
    std::vector<std::string> items;
    for (int index = 0; index < call.count(); ++index) {
        if (call.issue_of(index)) return call.pass_on(index);
        const std::string_view item = trim(call.text(index));
        if (!item.empty()) items.emplace_back(item);
    }
    call.good(string_list_json(items));
}

void get(Call& call, Result<MaybeText> (*find)(std::string_view, std::string_view)) {
    if (!call.usable(1)) return;
    const auto found = find(call.text(0), call.text(1));
    if (!found) return call.bad(found.error().text);
    if (*found)
        call.good(**found);
    else
        call.null();
}
void get_json(Call& call) { get(call, json_get); }
void get_xml(Call& call) { get(call, xml_get); }

constexpr std::array<MapFunction, 14> kTextFunctions{{
    {"fold", 1, 1, fold_text},
    {"latin_code", 1, 1, latin_code},
    {"phone", 1, 1, phone},
    {"phones", 1, 8, phones},
    {"teeth", 1, 1, teeth},
    {"teeth_universal", 1, 1, teeth_universal},
    {"tooth", 1, 1, tooth},
    {"surfaces", 1, 1, surfaces},
    {"code", 2, 2, code},
    {"site", 1, 1, site},
    {"try", 2, 8, try_in_turn},
    {"list", 1, 16, list},
    {"json_get", 2, 2, get_json},
    {"xml_get", 2, 2, get_xml},
}};

}  // namespace

std::span<const MapFunction> text_functions() { return kTextFunctions; }

}  // namespace mis::record
