// What FirebirdSource says of the base as such: its identity, its tables.
#include <fmt/format.h>

#include <cstring>

#include "source/firebird/source.hpp"

namespace mis::source::firebird {

Result<std::string> FirebirdSource::fingerprint() {
    auto facts = base_facts();
    if (!facts) return fail(facts.error().within("asking for the fingerprint"));
    if (facts->created.empty())
        return fail(
            ErrorKind::malformed,
            "asking for the fingerprint: the server does not say when the base was created"
        );
    return fmt::format("firebird created {} dialect {}", facts->created, facts->dialect);
}

Result<FirebirdSource::BaseFacts> FirebirdSource::base_facts() {
    if (auto alive = ask("select 1 from rdb$database", {}); !alive) return fail(alive.error());
    const char items[] = {isc_info_creation_date, isc_info_db_sql_dialect, isc_info_end};
    char answer[64] = {};
    Status status;
    {
        const Watchdog::Guard guard(watchdog_, *connection_->attachment, statement_deadline());
        api_->database_info(
            status.vector(), connection_->attachment->handle(), sizeof items, items, sizeof answer,
            answer
        );
    }
    if (status.failed()) {
        disconnect();
        return fail(status.error(*api_, "asking what base it is"));
    }
    BaseFacts facts;
    for (std::size_t i = 0;
         i + 3 < sizeof answer && answer[i] != isc_info_end && answer[i] != isc_info_truncated;) {
        const auto length = static_cast<std::size_t>(static_cast<unsigned char>(answer[i + 1]));
        if (answer[i] == isc_info_creation_date && length == sizeof(ISC_TIMESTAMP)) {
            ISC_TIMESTAMP time;
            std::memcpy(&time, answer + i + 3, sizeof time);
            append_date(facts.created, time.timestamp_date);
            facts.created.push_back(' ');
            append_time(facts.created, time.timestamp_time);
        }
        if (answer[i] == isc_info_db_sql_dialect) facts.dialect = answer[i + 3];
        i += 3 + length;
    }
    return facts;
}

Result<std::map<std::string, std::string>> FirebirdSource::streams_off() {
    if (auto fresh = connect(); !fresh) return fail(fresh.error());
    std::map<std::string, std::string> off;
    for (const StreamDeclaration& stream : connector_.streams)
        if (auto why = why_off(stream)) off[stream.name] = *why;
    return off;
}

}  // namespace mis::source::firebird
