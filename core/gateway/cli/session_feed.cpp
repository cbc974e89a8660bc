// The feed as the configuration has it, with the hashes of its readers' tokens.
#include <map>

#include "base/crypto.hpp"
#include "gateway/cli/session.hpp"

namespace mis::gateway::cli {
namespace {

constexpr std::size_t kTokenCharactersMin = 32;
constexpr std::chrono::seconds kFeedIdle{75};
constexpr std::size_t kFeedConnectionsMax = 256;

}  // namespace

Result<FeedSetup> Session::feed_setup(const config::FeedConfig& feed) const {
    FeedSetup setup;
    auto& server = setup.options.server;
    server.address = feed.address;
    server.port = static_cast<std::uint16_t>(feed.port);
    server.certificate_file = feed.certificate_file.string();
    server.key_file = feed.key_file.string();
    server.client_authority_file = feed.client_authority_file.string();
    server.body_bytes_max = 0;  // nobody has to send one
    server.idle_timeout = kFeedIdle;
    server.connections_max = kFeedConnectionsMax;
    setup.options.stream_time_max = std::chrono::seconds(feed.stream_seconds_max);
    std::map<Digest, std::string> owners;
    for (const auto& reader : feed.readers) {
        auto& made = setup.options.readers.emplace_back();
        made.name = reader.name;
        made.party = reader.party;
        made.types = reader.types;
        for (const auto& place : reader.tokens) {
            const auto token = config::read_secret(place);
            if (!token) return fail(token.error());
            if (token->size() < kTokenCharactersMin)
                return fail(
                    ErrorKind::misconfigured,
                    place.setting +
                        ": the token is shorter than 32 characters and could be "
                        "guessed: make one with `openssl rand -hex 32`"
                );
            if (token->find_first_of(" \t") != std::string::npos)
                return fail(
                    ErrorKind::misconfigured,
                    place.setting +
                        ": the token has a blank in it, which no header can carry: "
                        "make one with `openssl rand -hex 32`"
                );
            made.tokens.push_back(sha256(*token));
            const auto [owner, is_new] = owners.emplace(made.tokens.back(), reader.name);
            if (!is_new && owner->second != reader.name)
                return fail(
                    ErrorKind::misconfigured, place.setting + ": is the token of reader " +
                                                  owner->second + " too: give each its own"
                );
        }
        setup.limits[reader.name] = {
            std::int64_t{reader.kept_hours} * 3'600 * kUsPerSecond, reader.kept_events_max};
    }
    return setup;
}

}  // namespace mis::gateway::cli
