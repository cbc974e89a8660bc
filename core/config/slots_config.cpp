#include "config/slots_config.hpp"

#include "config/exchange_config.hpp"
#include "config/section.hpp"

namespace mis::config {

SlotSinkConfig read_slot_sink(const Section& from) {
    const Section part = from.at("slots");
    SlotSinkConfig slots;
    slots.pointer = from.pointer();
    slots.name = from.text("name");
    slots.aggregator = part.text("aggregator");
    if (slots.aggregator.find('/') != std::string::npos)
        slots.aggregator = part.resolve(slots.aggregator).string();
    slots.url = part.text("url");
    slots.token = part.secret("token_file", nullptr);
    slots.table_file = part.path("table_file");
    slots.values = part["values"].get<std::map<std::string, std::string>>();
    slots.every_minutes = part.number("every_minutes");
    slots.days = part.number("days");
    slots.age_minutes_max = part.number("age_minutes_max");
    slots.cell_minutes = part.number("cell_minutes");
    slots.sole_feed = part.flag("sole_feed");
    slots.authority_file = part.path("authority_file");
    slots.certificate_file = part.path("certificate_file");
    slots.key_file = part.path("key_file");
    slots.proxy = part.text("proxy");
    slots.proxy_login = part.secret("proxy_login_file", nullptr);
    slots.connect_timeout_ms = part.number("connect_timeout_ms");
    slots.answer_timeout_ms = part.number("answer_timeout_ms");
    slots.backoff_first_ms = part.number("backoff_first_ms");
    slots.backoff_longest_ms = part.number("backoff_longest_ms");
    return slots;
}

void check_caller(SettingCheck& check, const Json& part, const std::string& pointer) {
    if (text_at(part, "certificate_file").empty() != text_at(part, "key_file").empty())
        check.problem(pointer, "certificate_file and key_file go together: give both or none");
    check_proxy(check, part, pointer);
    if (part.value("backoff_longest_ms", 0) < part.value("backoff_first_ms", 0))
        check.problem(pointer + "/backoff_longest_ms", "is shorter than backoff_first_ms");
}

void check_slot_sink(SettingCheck& check, const Json& sink, const std::string& here) {
    const Json& part = sink["slots"];
    const std::string pointer = here + "/slots", url = text_at(part, "url");
    if (!text_at(sink, "party").empty())
        check.problem(here + "/party", "belongs to sinks of events: free times are nobody's");
    if (!url.empty()) {
        if (!url.starts_with("https://") && !is_http_to_this_machine(url))
            check.problem(
                pointer + "/url", "must begin with https:// (http:// only to this machine)"
            );
        else if (url.find('@') != std::string::npos)
            check.problem(pointer + "/url", "holds a login: take it out, see token_file");
    }
    check_caller(check, part, pointer);
}

}  // namespace mis::config
