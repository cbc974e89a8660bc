#include "net/jetstream.hpp"

#include <fmt/format.h>

#include "base/json_fields.hpp"

namespace mis::net::jetstream {
namespace {

constexpr std::chrono::milliseconds kAnswerMax{2'000};

}  // namespace

std::string api_subject(const std::string& domain, const std::string& what) {
    return (domain.empty() ? "$JS.API." : "$JS." + domain + ".API.") + what;
}

Json read_object(const std::string& text) {
    Json read = Json::parse(text, nullptr, false);
    return read.is_object() ? read : Json::object();
}

std::uint64_t number_in(const Json& object, const char* name) {
    const auto number = whole_number(object.value(name, Json()));
    return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

std::int64_t error_code(const Json& error) {
    return error.is_object() ? whole_number(error.value("err_code", Json())).value_or(0) : 0;
}

std::string error_text(const Json& error) {
    return error.is_object()
               ? fmt::format("{} ({})", text_in(error, "description"), error_code(error))
               : std::string("no reason is given");
}

Result<Json> ask(
    NatsConnection& connection, const std::string& domain, const std::string& what,
    const Json& question
) {
    const auto answer = connection.request(
        api_subject(domain, what), question.empty() ? std::string() : question.dump(), kAnswerMax
    );
    if (!answer) return fail(answer.error());
    return read_object(*answer);
}

Result<std::string> stream_of(
    NatsConnection& connection, const std::string& domain, const std::string& subject
) {
    const auto names = ask(connection, domain, "STREAM.NAMES", Json{{"subject", subject}});
    if (!names)
        return fail(
            ErrorKind::unavailable, names.error().text + ": the server has no JetStream" +
                                        (domain.empty() ? "" : " of the domain " + domain) +
                                        ", or our login may not ask it"
        );
    if (const auto error = names->find("error"); error != names->end())
        return fail(ErrorKind::unavailable, "asking for streams: " + error_text(*error));
    const Json streams = names->value("streams", Json());
    if (!streams.is_array() || streams.empty() || !streams.front().is_string())
        return fail(
            ErrorKind::misconfigured,
            "no stream takes " + subject + ": let the exchange make one with that subject"
        );
    return streams.front().get<std::string>();
}

}  // namespace mis::net::jetstream
