// One case of a connector: what came out of its rows against its expected files.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>

#include "record/conformance.hpp"
#include "record/finding.hpp"

namespace mis::record {

class CaseCheck {  // refers to what it is given; one per examination
  public:
    CaseCheck(
        const source::Connector& connector, const ConformanceOptions& options, Findings& findings,
        ConformanceReport& report
    )
        : connector_(connector), options_(options), findings_(findings), report_(report) {}

    // The canonical fields that had a value in it; nullopt: its files cannot be read, or its rows
    // not as expected.
    std::optional<std::set<std::string>> run(
        const source::StreamDeclaration& stream, const std::filesystem::path& folder
    );

  private:
    // False: they differ.
    bool compare(
        const source::StreamDeclaration& stream, const std::filesystem::path& file,
        const CaseLines& actual
    );
    void compare_events(const CaseRun& run, const std::filesystem::path& file);
    void write(const std::filesystem::path& file, const CaseLines& lines);
    void look_for_strangers(const CaseRun& run, const std::filesystem::path& folder);
    std::string name_of(const std::filesystem::path& file) const;
    bool is_of_overlay(const std::filesystem::path& file) const;
    bool may_write(const std::filesystem::path& file) const;

    const source::Connector& connector_;
    const ConformanceOptions& options_;
    Findings& findings_;
    ConformanceReport& report_;
};

}  // namespace mis::record
