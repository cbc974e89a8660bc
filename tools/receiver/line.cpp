#include "line.hpp"

#include <optional>
#include <string_view>
#include <utility>

#include "base/json_fields.hpp"
#include "base/money.hpp"

namespace mis::receiver {
namespace {

void add(std::string& line, const std::string& text) {
    if (!text.empty()) line += "  " + text;
}

void add_sum(std::string& line, const Json& object, const char* name) {
    if (!object.is_object() || !object.contains(name)) return;
    if (const auto money = money_from_json(object.at(name))) add(line, money->to_string());
}

// The parts of a record that say most, whichever of them there are.
void add_record(std::string& line, const Json& record) {
    if (!record.is_object()) return;
    add(line, text_in(record, "service_code"));
    if (const auto teeth = record.find("teeth");
        teeth != record.end() && teeth->is_array() && !teeth->empty()) {
        std::string list = "tooth";
        for (const auto& tooth : *teeth)
            if (tooth.is_string()) list += ' ' + tooth.get<std::string>();
        add(line, list);
    }
    const auto starts = text_in(record, "starts_at");
    if (!starts.empty()) add(line, "at " + starts.substr(0, 16));
    add(line, text_in(record, "status"));
    add_sum(line, record, "total");
    add_sum(line, record, "amount");
}

// "crown-36  tooth 36  planned → void", "therapy_done", "10000.00 RUB: 9520.70 RUB used"
void add_plan(std::string& line, const Json& data) {
    if (const auto item = data.find("item"); item != data.end() && item->is_object()) {
        add(line, text_in(*item, "id").substr(0, 16));
        Json teeth{{"teeth", item->value("teeth", Json::array())}};
        add_record(line, teeth);
    }
    const std::string before = text_in(data, "before"), after = text_in(data, "after");
    if (!after.empty()) add(line, before + " → " + after);
    add(line, text_in(data, "stage"));
}

void add_account(std::string& line, const Json& data) {
    for (const auto& [name, words] :
         {std::pair{"granted", "granted"},
          {"consumed", "used"},
          {"overrun", "beyond"},
          {"due", "due"}}) {
        const auto money =
            data.contains(name) ? money_from_json(data.at(name)) : std::optional<Money>();
        if (money) add(line, std::string(words) + ' ' + money->to_string());
    }
}

std::string short_subject(std::string subject) {
    constexpr std::size_t kIdShown = 8;
    if (const auto slash = subject.rfind('/');
        slash != std::string::npos && subject.size() > slash + 1 + kIdShown)
        subject = subject.substr(0, slash + 1 + kIdShown) + "…";
    return subject;
}

}  // namespace

std::string line_of(const Json& event) {
    std::string type = text_in(event, "type");
    if (type.starts_with("mis.")) type.erase(0, 4);
    if (type.ends_with(".v1")) type.erase(type.size() - 3);
    const std::string time = text_in(event, "time");
    std::string line = time.size() >= 16 ? time.substr(0, 10) + ' ' + time.substr(11, 5) : time;
    line += "  " + type;
    if (type.size() < 24) line.append(24 - type.size(), ' ');
    add(line, short_subject(text_in(event, "subject")));
    const auto data = event.find("data");
    if (data == event.end() || !data->is_object()) return line;
    for (const char* record : {"appointment", "procedure", "payment"})
        if (data->contains(record)) add_record(line, data->at(record));
    add_plan(line, *data);
    add_record(line, *data);
    add_account(line, *data);
    add(line, text_in(*data, "day"));
    add(line, text_in(*data, "reason"));
    add(line, text_in(*data, "payer"));
    return line;
}

}  // namespace mis::receiver
