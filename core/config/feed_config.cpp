#include "config/feed_config.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <set>

namespace mis::config {
namespace {

namespace fs = std::filesystem;

std::string feed_text(const Json& value, const char* key) {
    return value.value(key, std::string());
}

fs::path resolved(const fs::path& folder, const std::string& text) {
    return text.empty() ? fs::path() : (folder / text).lexically_normal();
}

// "billing.charge", or "billing.*"
bool is_type_pattern(std::string_view pattern) {
    if (pattern.ends_with(".*")) pattern.remove_suffix(2);
    return !pattern.empty() &&
           pattern.find_first_not_of("abcdefghijklmnopqrstuvwxyz_.") == std::string_view::npos;
}

void check_reader(SettingCheck& check, const Json& reader, const std::string& here) {
    const std::size_t tokens = reader.value("token_files", Json::array()).size() +
                               (feed_text(reader, "token_env").empty() ? 0 : 1);
    if (tokens == 0)
        check.problem(here, "has no token by which it is known: add token_files: [FILE]");
    if (tokens > 2)
        check.problem(
            here + "/token_files", "more than two tokens: one, or two while it is being replaced"
        );
    const Json types = reader.value("types", Json::array());
    for (std::size_t index = 0; index < types.size(); ++index)
        if (!is_type_pattern(types[index].get<std::string>()))
            check.problem(
                fmt::format("{}/types/{}", here, index),
                "must be a type of event like billing.charge, or billing.* for all that begin so"
            );
}

}  // namespace

bool is_loopback_listen(std::string_view listen) {
    return listen.starts_with("127.") || listen.starts_with("[::1]:") || listen.starts_with("::1:");
}

FeedConfig read_feed(
    const Json& part, const fs::path& folder,
    const std::function<std::string(std::string_view pointer)>& at
) {
    FeedConfig feed;
    const std::string listen = feed_text(part, "listen");
    const std::size_t colon = listen.rfind(':');
    feed.address = listen.substr(0, colon);
    feed.port = std::atoi(listen.c_str() + colon + 1);
    feed.certificate_file = resolved(folder, feed_text(part, "certificate_file"));
    feed.key_file = resolved(folder, feed_text(part, "key_file"));
    feed.client_authority_file = resolved(folder, feed_text(part, "client_authority_file"));
    feed.stream_seconds_max = part.value("stream_seconds_max", 900);
    for (const Json& one : part.value("readers", Json::array())) {
        FeedReaderConfig& reader = feed.readers.emplace_back();
        reader.pointer = fmt::format("/feed/readers/{}", feed.readers.size() - 1);
        reader.name = feed_text(one, "name");
        reader.party = feed_text(one, "party");
        for (const Json& file : one.value("token_files", Json::array()))
            reader.tokens.push_back(
                {resolved(folder, file.get<std::string>()), "", at(reader.pointer + "/token_files")}
            );
        if (const auto variable = feed_text(one, "token_env"); !variable.empty())
            reader.tokens.push_back({{}, variable, at(reader.pointer + "/token_env")});
        reader.types = one.value("types", std::vector<std::string>());
        reader.kept_hours = one.value("kept_hours", 168);
        reader.kept_events_max = one.value("kept_events_max", std::int64_t{1'000'000});
    }
    return feed;
}

void check_feed(SettingCheck& check, const Json& all) {
    if (!all.contains("feed")) return;
    const Json& part = all["feed"];
    const std::string listen = feed_text(part, "listen");
    const bool certificate = !feed_text(part, "certificate_file").empty(),
               key = !feed_text(part, "key_file").empty(),
               authority = !feed_text(part, "client_authority_file").empty();
    if (listen.empty())
        check.problem(
            "/feed/listen",
            "has to be an address and a port: \"127.0.0.1:9466\"; for no feed take the section out"
        );
    else if (!is_loopback_listen(listen) && !certificate)
        check.problem(
            "/feed/listen",
            "would show events and tokens in the clear to other machines: give certificate_file "
            "and key_file, or listen on 127.0.0.1 behind a proxy with TLS"
        );
    if (certificate != key)
        check.problem(
            certificate ? "/feed/key_file" : "/feed/certificate_file",
            "belongs to the other of the two: give both, or none"
        );
    if (authority && !certificate)
        check.problem(
            "/feed/client_authority_file",
            "asks callers for certificates, which needs TLS: give certificate_file and key_file"
        );
    const Json readers = part.value("readers", Json::array());
    if (readers.empty())
        check.problem("/feed/readers", "names nobody: add {name: …, token_files: [FILE]}");
    std::set<std::string> names;
    for (const Json& sink : all["sinks"]) names.insert(feed_text(sink, "name"));
    for (std::size_t index = 0; index < readers.size(); ++index) {
        const std::string here = fmt::format("/feed/readers/{}", index);
        if (!names.insert(feed_text(readers[index], "name")).second)
            check.problem(
                here + "/name", "is there twice, among sinks and readers: each needs its own"
            );
        check_reader(check, readers[index], here);
    }
}

}  // namespace mis::config
