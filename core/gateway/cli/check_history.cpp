#include "gateway/cli/check_history.hpp"

#include <utility>

#include "base/json.hpp"
#include "base/json_text.hpp"
#include "change/record_store.hpp"
#include "outbox/store_meta.hpp"

namespace mis::gateway::cli {
namespace {

// Of what has a business day, by the day that the record itself writes.
std::int64_t records_between(
    sqlite::Database& database, const std::string& source, const std::string& first,
    const std::string& end
) {
    std::int64_t between = 0;
    const change::RecordStore records(database);
    for (const auto& [kind, time] :
         {std::pair{"procedure", "performed_at"}, std::pair{"payment", "paid_at"},
          std::pair{"appointment", "starts_at"}})
        records.by_kind(source, kind, [&, field = time](const change::StandingRecord& record) {
            const std::string day =
                JsonMembers(JsonView(record.body)).find(field).string().substr(0, first.size());
            between += day >= first && day < end ? 1 : 0;
        });
    return between;
}

}  // namespace

std::optional<std::string> history_remark(
    sqlite::Database& database, const std::string& source, const std::optional<Date>& from
) {
    constexpr const char* kAlways = "0000-00-00";
    // as pipeline/meaning keeps it: the days by which everything was worked out last
    const auto days = parse_json(outbox::meta_value(database, "counts_from"));
    const std::string known =
        days && days->contains(source) ? (*days)[source].get<std::string>() : kAlways;
    const std::string now = from ? from->to_string() : kAlways;
    if (known == now) return std::nullopt;
    const bool later = now > known;
    const auto between = later ? records_between(database, source, known, now)
                               : records_between(database, source, now, known);
    if (between == 0) return std::nullopt;
    const auto named = [&](const std::string& day) {
        return day == kAlways ? std::string("of every day") : "from " + day + " on";
    };
    return "what was told counts " + named(known) + ", and by counts_from it is to count " +
           named(now) + ": at the next start " + std::to_string(between) +
           " of its lines, payments and visits " +
           (later ? "are taken back as history" : "are told and charged for the first time") +
           ", with what follows from them; nothing asks again";
}

}  // namespace mis::gateway::cli
