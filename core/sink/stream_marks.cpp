#include "sink/stream_marks.hpp"

#include <utility>

#include "base/json.hpp"
#include "base/json_fields.hpp"

namespace mis::sink {

StreamMarks StreamMarks::from_text(std::string_view text) {
    StreamMarks marks;
    const auto document = parse_json(text);
    if (!document || !document->is_object() || !document->contains("marks")) return marks;
    marks.stream_ = text_in(*document, "stream");
    for (const Json& one : (*document)["marks"]) {
        const auto sequence = whole_number(one.value("sequence", Json()));
        const auto low = whole_number(one.value("low", Json()));
        if (!sequence || !low || *sequence < 0) return {};
        marks.marks_.push_back({static_cast<std::uint64_t>(*sequence), text_in(one, "id"), *low});
    }
    return marks;
}

std::string StreamMarks::to_text() const {
    Json list = Json::array();
    for (const auto& mark : marks_)
        list.push_back(Json{{"sequence", mark.sequence}, {"id", mark.id}, {"low", mark.low}});
    return canonical_json(Json{{"stream", stream_}, {"marks", std::move(list)}});
}

void StreamMarks::name_stream(const std::string& stream) {
    if (stream == stream_) return;
    stream_ = stream;
    marks_.clear();
}

void StreamMarks::add(StreamMark mark) {
    if (!marks_.empty() && marks_.back().sequence >= mark.sequence) return;
    marks_.push_back(std::move(mark));
    if (marks_.size() <= kMarksMax) return;
    // every second one of the older half goes
    std::vector<StreamMark> kept;
    for (std::size_t index = 0; index < marks_.size(); ++index)
        if (index >= kMarksMax / 2 || index % 2 == 0) kept.push_back(std::move(marks_[index]));
    marks_ = std::move(kept);
}

void StreamMarks::forget_behind(std::size_t count) {
    if (count < marks_.size()) marks_.resize(count);
}

}  // namespace mis::sink
