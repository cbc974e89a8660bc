// What a connector's folder was found wanting: file, line, what, remedy.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace mis::record {

inline constexpr std::string_view kFillMeIn = "fill me in";  // what the template leaves open

struct Finding {
    std::string file;  // relative to the connector's folder
    int line = 0;      // 0: the whole file, or there is no file
    std::string what;
    std::string remedy;

    std::string place() const;  // "appointment.sql:4"
};

class Findings {  // of one folder, in the order found
  public:
    explicit Findings(const std::filesystem::path& folder);

    // Where `what` begins with a place of its own, as the errors of loaders and maps do
    // ("FOLDER/codes.csv:3: …", "appointment.sql: line 4: …"), that file and line are blamed.
    void add(std::string file, int line, std::string what, std::string remedy);
    void add(std::string file, std::string what, std::string remedy) {
        add(std::move(file), 0, std::move(what), std::move(remedy));
    }

    const std::vector<Finding>& all() const { return findings_; }
    std::vector<Finding> take() { return std::move(findings_); }

  private:
    std::string prefix_;  // "FOLDER/"
    std::vector<Finding> findings_;
};

}  // namespace mis::record
