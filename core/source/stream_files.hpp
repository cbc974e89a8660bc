// The files of a stream: the connector's, or those that a site's overlay has in their place.
#pragma once

#include <string_view>

#include "source/connector.hpp"
#include "source/map_reader.hpp"

namespace mis::source {

// A fetch, a map, a list of what was deleted, or a twin of these for another dialect: a file that
// the stream, as it is declared, reads.
bool is_file_of(const StreamDeclaration& stream, std::string_view name);

class StreamFiles {  // of one connector, to which it refers
  public:
    // overlay: overlay.yaml; null: there is none.
    StreamFiles(Connector& connector, const config::YamlDocument* overlay)
        : connector_(connector), overlay_(overlay) {}

    // Fetch, its twins, map and what version they are; notes in the connector where a shipped file
    // that the overlay replaces is not the one it was made from. `declared_in`: for errors.
    Result<void> read(StreamDeclaration& stream, const config::YamlDocument& declared_in);

    // misconfigured: the overlay has a file that no stream asks for; it would be without effect,
    // and nobody the wiser.
    Result<void> no_stranger() const;

  private:
    // NAME.deletes.sql and its twins, where `deletes` is declared.
    Result<void> read_deletes(StreamDeclaration& stream, const config::YamlDocument& declared_in);
    struct Found {
        std::string text;  // empty: neither has it
        std::filesystem::path file;
        bool own = false;
    };
    Result<Found> find(const StreamDeclaration& stream, const std::string& name);
    Result<void> is_of_this_version(
        const StreamDeclaration& stream, const std::string& name,
        const std::filesystem::path& shipped, const std::filesystem::path& own
    );

    Connector& connector_;
    const config::YamlDocument* overlay_;
};

}  // namespace mis::source
