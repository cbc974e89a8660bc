#include "disclosure/gate.hpp"

#include <algorithm>

#include "base/json_text.hpp"
#include "base/private_values.hpp"
#include "base/result.hpp"
#include "disclosure/allow_list.hpp"

namespace mis::disclosure {
namespace {

constexpr std::size_t kWordBytesMax = 200;
constexpr std::size_t kPartOverhead = 1'000;  // what every part repeats beside the list
// in a divided event these stand in the last part only
constexpr std::string_view kTotals[] = {"total",          "paid",       "due",
                                        "since_previous", "amount_max", "progress"};

// Words that somebody at the clinic types, beside ids, dates and lists of ours (I3).
bool is_code(std::string_view name) { return name == "service_code" || name == "nomenclature"; }
bool is_typed(const Field& field) {
    return field.kind == Kind::text || is_code(field.name) || field.name == "category" ||
           field.name == "method";
}
// Where numbers and addresses have no business, whosever they are.
bool refuses_private_shapes(std::string_view name) {
    return name == "room" || name == "service_name" || name == "category";
}

class Writer {  // canonical JSON → canonical JSON, the allowed fields only
  public:
    Writer(const Canary& canary, const Identity* identity, std::string& out)
        : canary_(canary), identity_(identity), out_(out) {}

    bool write_object(JsonView value, const Shape& shape) {
        const JsonMembers members(value);
        if (!members.well_formed()) return false;
        std::size_t known = 0;
        bool first = true;
        out_ += '{';
        for (const Field& field : shape.fields) {
            const JsonView found = members.find(field.name);
            if (found.absent()) continue;
            ++known;
            if (found.is_null() && field.null == Null::refused) continue;  // absent, said at length
            const std::size_t start = out_.size();
            if (!first) out_ += ',';
            out_ += '"';
            out_ += field.name;
            out_ += "\":";
            if (write_field(found, field)) {
                first = false;
                continue;
            }
            out_.resize(start);
            ++withheld_;
        }
        out_ += '}';
        withheld_ += static_cast<std::uint32_t>(members.size() - known);
        return true;
    }

    std::uint32_t withheld() const { return withheld_; }

  private:
    bool write_field(JsonView value, const Field& field) {
        if (field.many == Many::one) return write_one(value, field);
        if (!value.is_array()) return false;
        out_ += '[';
        bool first = true;
        for (const JsonView element : value.elements()) {
            const std::size_t start = out_.size();
            if (!first) out_ += ',';
            if (write_one(element, field)) {
                first = false;
                continue;
            }
            out_.resize(start);
            ++withheld_;
        }
        out_ += ']';
        return true;
    }

    bool write_one(JsonView value, const Field& field) {
        if (value.is_null()) {
            if (field.null == Null::refused) return false;
            out_ += "null";
            return true;
        }
        switch (field.kind) {
            case Kind::word:
            case Kind::text:
                return write_text(value, field);
            case Kind::integer:
                if (!value.integer()) return false;
                out_ += value.raw();
                return true;
            case Kind::boolean:
                if (!value.boolean()) return false;
                out_ += value.raw();
                return true;
            case Kind::object:
                return write_object(value, *field.shape);
            case Kind::reference:
                return value.is_string() ? write_text(value, field)
                                         : write_object(value, *field.shape);
        }
        return false;
    }

    // Words are ASCII unless somebody typed them into a code: then they meet the canary like any
    // text.
    bool write_text(JsonView value, const Field& field) {
        if (!value.is_string()) return false;
        const auto plain = value.plain_string();
        const std::string escaped = plain ? std::string() : value.string();
        const std::string_view text = plain ? *plain : std::string_view(escaped);
        if (field.kind != Kind::text && text.size() > kWordBytesMax) return false;
        const bool typed = is_typed(field) || std::any_of(text.begin(), text.end(), [](char c) {
                               return static_cast<unsigned char>(c) >= 0x80;
                           });
        if (typed && is_private(text, field)) return is_code(field.name) && write_alias(text);
        out_ += value.raw();
        return true;
    }

    bool is_private(std::string_view text, const Field& field) const {
        if (field.name == "practitioner_name") return !canary_.empty() && canary_.found_in(text);
        return canary_.is_private(text) ||
               (refuses_private_shapes(field.name) && has_private_shape(text));
    }

    // A code that is somebody's number leaves as an id that says nothing of it: keyed, since a
    // plain hash of a phone is soon guessed.
    bool write_alias(std::string_view code) {
        if (identity_ == nullptr) return false;
        ++withheld_;
        out_ += '"';
        out_ += identity_->pseudonym("service_code", code);
        out_ += '"';
        return true;
    }

    const Canary& canary_;
    const Identity* identity_;
    std::string& out_;
    std::uint32_t withheld_ = 0;
};

// The list by which an event of this type may be divided; nullptr: none.
Json* long_list(Json& data) {
    for (const char* name : {"charges", "intervals", "lines"})
        if (const auto found = data.find(name); found != data.end() && found->is_array())
            return &*found;
    if (const auto plan = data.find("plan"); plan != data.end() && plan->is_object())
        if (const auto items = plan->find("items"); items != plan->end() && items->is_array())
            return &*items;
    return nullptr;
}

// The data of each part, in order; empty: it cannot be divided.
std::vector<JsonText> parts_of(const Json& whole) {
    Json frame = whole;
    Json* list = long_list(frame);
    if (list == nullptr) return {};
    const Json elements = std::exchange(*list, Json::array());
    const std::size_t frame_bytes = frame.dump().size() + kPartOverhead;
    if (frame_bytes >= kDataBytesMax) return {};
    std::vector<Json> chunks(1, Json::array());
    std::size_t bytes = 0;
    for (const Json& element : elements) {
        const std::size_t size = element.dump().size() + 1;
        if (!chunks.back().empty() && bytes + size > kDataBytesMax - frame_bytes) {
            chunks.push_back(Json::array());
            bytes = 0;
        }
        bytes += size;
        chunks.back().push_back(element);
    }
    std::vector<JsonText> parts;
    for (std::size_t i = 0; i < chunks.size(); ++i) {
        *list = std::move(chunks[i]);
        Json part = frame;
        part["part"] = i + 1;
        part["parts"] = chunks.size();
        if (i + 1 < chunks.size())
            for (const auto name : kTotals) part.erase(std::string(name));
        parts.push_back(part);
    }
    return parts;
}

}  // namespace

GateCounts& GateCounts::operator+=(const GateCounts& other) {
    events += other.events;
    private_fields_withheld += other.private_fields_withheld;
    for (const auto& [reason, count] : other.events_withheld) events_withheld[reason] += count;
    return *this;
}

Verdict Gate::disclose(
    domain::Event event, const Canary& canary, std::vector<DisclosedEvent>& into
) {
    Verdict verdict;
    const auto withhold = [&](const char* reason) {
        verdict.withheld = reason;
        ++counts_.events_withheld[reason];
        return verdict;
    };
    if (event.leaves == domain::Export::withheld) return withhold("no_ground");
    const Shape* shape = event_shape(event.type);
    if (shape == nullptr) return withhold("unknown_type");

    DisclosedEvent::Fields fields{
        std::move(event.type),
        std::move(event.entity_id),
        std::move(event.identity),
        std::move(event.subject),
        std::move(event.partition_key),
        std::move(event.source),
        std::move(event.record_id),
        event.time,
        {},
        std::move(event.ground),
        std::move(event.party),
        std::move(event.id),
        {}};
    fields.data.reserve(event.data.text().size());
    Writer writer(canary, identity_, fields.data);
    if (!writer.write_object(event.data.view(), *shape)) return withhold("unknown_type");
    verdict.fields_withheld = writer.withheld();
    for (const auto& [party, data] : event.views) {
        DisclosedView view{party, {}};
        Writer view_writer(canary, identity_, view.data);
        if (!view_writer.write_object(data.view(), *shape)) return withhold("unknown_type");
        verdict.fields_withheld += view_writer.withheld();
        fields.views.push_back(std::move(view));
    }
    if (fields.data.size() <= kDataBytesMax) {
        counts_.private_fields_withheld += verdict.fields_withheld;
        ++counts_.events;
        into.push_back(DisclosedEvent(std::move(fields)));
        return verdict;
    }
    const std::vector<JsonText> parts = parts_of(event.data.tree());
    std::vector<DisclosedEvent> divided;
    std::uint32_t withheld_fields = 0;
    const auto views = std::exchange(fields.views, {});  // the last part says it all
    for (std::size_t i = 0; i < parts.size(); ++i) {
        DisclosedEvent::Fields part = fields;
        part.data.clear();
        Writer part_writer(canary, identity_, part.data);
        part_writer.write_object(parts[i].view(), *shape);
        if (part.data.size() > kDataBytesMax) return withhold("too_long");
        // the first keeps the event's own identity, so that the id the domain asked for is its id
        if (i > 0) {
            part.identity += "#part " + std::to_string(i + 1);
            part.asked_id.clear();
        }
        withheld_fields += part_writer.withheld();
        if (i + 1 == parts.size()) part.views = views;
        divided.push_back(DisclosedEvent(std::move(part)));
    }
    if (divided.empty()) return withhold("too_long");
    verdict.fields_withheld = withheld_fields;
    counts_.private_fields_withheld += withheld_fields;
    counts_.events += divided.size();
    into.insert(
        into.end(), std::make_move_iterator(divided.begin()), std::make_move_iterator(divided.end())
    );
    return verdict;
}

}  // namespace mis::disclosure
