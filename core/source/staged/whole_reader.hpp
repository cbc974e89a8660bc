// WholeReader: what a kind of source brings whose streams arrive whole, or a period at a time. All
// else of a Source (slices, keys, batches, the life of the stage) is StagedSource's.
//
// Called from the source's one worker thread, cancel() from any.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "source/capabilities.hpp"
#include "source/connector.hpp"
#include "source/probe.hpp"
#include "source/row.hpp"

namespace mis::source {

class WholeReader {
  public:
    virtual ~WholeReader() = default;

    // How a stream is had; the same as long as the reader lives. rows: at_once or by_period; ids:
    // of one that is had at once the stage tells; own_clock: own_now() answers.
    virtual Capabilities capabilities(const StreamDeclaration& /*stream*/) const {
        return {Capabilities::Rows::at_once, true, false};
    }

    struct Wanted {
        enum class Rows { all, of_period, of_keys } rows = Rows::all;
        std::string from, to;          // "YYYY-MM-DD HH:MM:SS[.ffff]" local, half-open
        std::vector<std::string> ids;  // at most kIdsPerReadMax
    };
    // Rows in the order of `columns:` (declared_cell.hpp helps), in batches of at most
    // kBatchRowsMax rows; its error is to be passed on. Nothing of a read that fails is kept, so
    // whatever may be incomplete must fail: unavailable, not reachable or cut off; misconfigured,
    // only a human can mend it; malformed, the answer has not the declared form; cancelled. What is
    // wrong with one row is an issue of that row and no error.
    using Put = std::function<Result<void>(RowBatch&&)>;
    virtual Result<void> read(
        const StreamDeclaration& stream, const Wanted& wanted, const Put& put
    ) = 0;

    // As in Source.
    virtual bool stands_as_read(const StreamDeclaration& /*stream*/) { return false; }

    // The system's clock as RowReader::source_now() gives it; nullopt: it has none.
    virtual Result<std::optional<std::string>> own_now() { return std::optional<std::string>(); }

    // As in Source.
    virtual Result<std::string> fingerprint() = 0;
    virtual Result<std::map<std::string, std::string>> streams_off() {
        return std::map<std::string, std::string>();
    }
    virtual Result<std::vector<TableDescription>> discover() = 0;
    virtual Result<std::optional<std::string>> known_by() { return std::optional<std::string>(); }
    virtual std::vector<Question> questions() { return {}; }
    // server, login, settings: all but the streams, which are read for it.
    virtual Result<void> probe(ProbeReport& report) = 0;
    // What a read of that stream asks for, in words or as it is sent.
    virtual Result<std::string> request_text(
        const StreamDeclaration& stream, const Wanted& wanted
    ) = 0;
    // The running read ends with `cancelled` soon; its put() says so, too.
    virtual void cancel() {}
};

}  // namespace mis::source
