// PushReader: the streams of a system that calls us, as its journal has them. A snapshot's stream
// is the last one that was taken, whole; a stream that changes make is had by periods, for the
// journal forgets days beyond its history, and those are not gone.
#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "config/connection_config.hpp"
#include "source/push/journal.hpp"
#include "source/source.hpp"
#include "source/staged/whole_reader.hpp"

namespace mis::source::push {

class PushReader final : public WholeReader {
  public:
    PushReader(
        const Connector& connector, config::PushConfig config, std::string secret,
        const Clock& clock, SourceOptions options
    );

    Capabilities capabilities(const StreamDeclaration& stream) const override;
    Result<void> read(const StreamDeclaration& stream, const Wanted& wanted, const Put& put)
        override;
    bool stands_as_read(const StreamDeclaration& stream) override;
    Result<std::string> fingerprint() override;
    Result<std::vector<TableDescription>> discover() override;
    Result<void> probe(ProbeReport& report) override;
    Result<std::string> request_text(const StreamDeclaration& stream, const Wanted& wanted)
        override;

  private:
    // nullopt: nobody has called yet.
    std::optional<Journal> journal() const;
    Result<void> read_snapshot(
        Journal& journal, const StreamDeclaration& stream, const http::TakeCells& take
    );
    Result<void> read_changes(
        Journal& journal, const StreamDeclaration& stream, const http::TakeCells& take
    );
    bool has_changes() const;

    const Connector connector_;
    const config::PushConfig config_;
    const std::string secret_;
    const Clock& clock_;
    const SourceOptions options_;
    std::map<std::string, std::int64_t> read_;  // stream → state of the journal when it was read
};

}  // namespace mis::source::push
