// HttpReader: the streams of a service as WholeReader gives them: whole, by periods cut into what
// one request may ask for, and by key where the service answers for single rows.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "source/http/list.hpp"
#include "source/staged/whole_reader.hpp"

namespace mis::source::http {

class HttpReader final : public WholeReader {
  public:
    HttpReader(
        const Connector& connector, HttpSettings settings, const Clock& clock, SourceOptions options
    );

    Capabilities capabilities(const StreamDeclaration& stream) const override;
    Result<void> read(const StreamDeclaration& stream, const Wanted& wanted, const Put& put)
        override;
    bool stands_as_read(const StreamDeclaration& stream) override;
    Result<std::string> fingerprint() override;
    Result<std::map<std::string, std::string>> streams_off() override;
    // discover_service.cpp
    Result<std::vector<TableDescription>> discover() override;
    Result<std::optional<std::string>> known_by() override;
    Result<void> probe(ProbeReport& report) override;
    Result<std::string> request_text(const StreamDeclaration& stream, const Wanted& wanted)
        override;
    void cancel() override { caller_.cancel(); }

  private:
    struct Days {  // what one request asks for, local microseconds, half-open
        std::int64_t from_us = 0, to_us = 0;
    };
    const StreamDeclaration* find(const std::string& stream) const;
    bool by_period(const StreamDeclaration& stream) const;
    Result<std::vector<Days>> periods(const StreamDeclaration& stream, const Wanted& wanted) const;
    Values values_of(const Request& request, const Days& days) const;
    Result<void> read_rows(
        const StreamDeclaration& stream, const Wanted& wanted, const TakeCells& take
    );
    Result<void> read_ids(
        const StreamDeclaration& stream, const std::vector<std::string>& ids, const TakeCells& take
    );
    Result<std::set<std::string>> parents(
        const StreamDeclaration& stream, const Request::ForEach& each, const Wanted& wanted
    );
    // Of the site's value, a list divided by commas.
    Result<std::set<std::string>> listed(const std::string& name) const;
    TableDescription described(const StreamDeclaration& stream);

    const Connector connector_;
    const HttpSettings settings_;
    const Clock& clock_;
    const SourceOptions options_;
    const Values site_;
    Caller caller_;
    // While `discover` looks at answers: each row, until it says false.
    std::function<bool(const std::vector<const Node*>& row)> see_rows_;
    std::map<std::string, Validators> validators_;  // stream → of what was read last
};

}  // namespace mis::source::http
