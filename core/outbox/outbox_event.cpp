#include "outbox/outbox_event.hpp"

#include <algorithm>
#include <array>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "base/result.hpp"

namespace mis::outbox {
namespace {

constexpr std::uint64_t kSequenceMax = 99'999'999'999'999;
constexpr std::uint32_t kEpochMax = 999'999;

void append_number(std::string& out, std::uint64_t value, std::size_t width) {
    std::array<char, 20> digits{};
    for (std::size_t i = width; i-- > 0; value /= 10)
        digits[i] = static_cast<char>('0' + value % 10);
    out.append(digits.data(), width);
}

// A URI path segment: what RFC 3986 leaves alone stays, the rest is percent-encoded.
void append_path_segment(std::string& out, std::string_view text) {
    static constexpr char kDigits[] = "0123456789ABCDEF";
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            out.push_back(c);
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(kDigits[byte >> 4]);
        out.push_back(kDigits[byte & 15]);
    }
}

}  // namespace

std::string sequence_text(std::uint32_t epoch, std::uint64_t sequence) {
    MIS_ASSERT(epoch <= kEpochMax && sequence <= kSequenceMax);
    std::string text;
    append_number(text, epoch, 6);
    append_number(text, sequence, 14);
    return text;
}

bool narrow_to_party(OutboxEvent& event, std::string_view party) {
    if (event.party != party) {
        const auto view =
            std::find_if(event.views.begin(), event.views.end(), [&](const PartyView& candidate) {
                return candidate.party == party;
            });
        if (view == event.views.end()) return false;
        event.party = std::move(view->party);
        event.previous_of_party = view->previous;
        event.data = std::move(view->data);
    }
    event.views.clear();
    if (event.previous_of_party)
        event.previous_sequence = sequence_text(event.epoch, *event.previous_of_party);
    return true;
}

void render_cloudevent(std::string& out, const OutboxEvent& event, std::string_view clinic_id) {
    MIS_ASSERT(event.epoch <= kEpochMax && event.sequence <= kSequenceMax);
    out += R"({"specversion":"1.0","id":")";
    out += event.id;
    out += R"(","source":"/clinics/)";
    append_path_segment(out, clinic_id);
    if (event.source.empty()) {
        out += "/exchange";
    } else {
        out += "/sources/";
        append_path_segment(out, event.source);
    }
    out += R"(","type":"mis.)";
    out += event.type;
    out += R"(.v1","subject":)";
    append_json_string(out, event.subject);
    out += R"(,"time":")";
    out += event.time.to_string();
    out += R"(","partitionkey":)";
    append_json_string(out, event.partition_key);
    out += R"(,"sequence":")";
    append_number(out, event.epoch, 6);
    append_number(out, event.sequence, 14);
    if (!event.previous_sequence.empty()) {
        out += R"(","previoussequence":")";
        out += event.previous_sequence;
    }
    out += R"(","changeset":")";
    out += event.change_set;
    out += R"(","changesetindex":)";
    out += std::to_string(event.change_set_index);
    out += R"(,"changesetsize":)";
    out += std::to_string(event.change_set_size);
    out += R"(,"clinicid":)";
    append_json_string(out, clinic_id);
    if (!event.record_id.empty()) {
        out += R"(,"recordid":)";
        append_json_string(out, event.record_id);
    }
    out += R"(,"dataschema":"urn:mis-gateway:event:)";
    out += event.type;
    out +=
        R"(.v1#/properties/data","datacontenttype":"application/json","dataclassification":"pseudonymous-medical","dataregulation":"152-FZ","data":)";
    out += event.data;
    out += '}';
}

std::string render_cloudevent(const OutboxEvent& event, std::string_view clinic_id) {
    std::string out;
    out.reserve(event.data.size() + 900);
    render_cloudevent(out, event, clinic_id);
    return out;
}

// The bytes are the same on every attempt, also after a restart: the receiver's own words stay with
// the dead letter.
OutboxEvent withheld_stub(const OutboxEvent& event) {
    OutboxEvent stub = event;
    stub.type = "event.withheld";
    const Digest digest = sha256("event.withheld:" + event.id);
    stub.id = to_hex(std::span(digest).first(16));
    stub.record_id.clear();
    stub.data = R"({"reason":"refused by the receiver","type":"mis.)" + event.type + R"(.v1"})";
    return stub;
}

}  // namespace mis::outbox
