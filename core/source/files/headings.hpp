// Which column of the connector a file's column is: by name, whatever its case, spaces, dots and ё.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "source/files/declaration.hpp"

namespace mis::source::files {

std::string folded_heading(std::string_view name);

class Headings {
  public:
    // site: STREAM.COLUMN → heading, which then is the only one of that column.
    Headings(const StreamDeclaration& stream, const std::map<std::string, std::string>& site);

    // Index in the stream's `columns:`.
    std::optional<std::size_t> column_of(std::string_view heading) const;

    // Which field each column is; nullopt in it: the file has none, and may lack it.
    using Places = std::vector<std::optional<std::size_t>>;
    // misconfigured: a required column is missing, or two fields are the same one; says which names
    // were looked for.
    Result<Places> places(const std::vector<std::string>& names) const;
    struct Met {
        std::size_t columns = 0;  // of the stream that are among these, needed or not
        bool all = false;         // that are needed
        bool most = false;        // so many that these are headings, and not a row of somebody
    };
    Met met(const std::vector<std::string>& names) const;

  private:
    bool is_required(std::size_t column) const;

    const StreamDeclaration& stream_;
    std::map<std::string, std::size_t> column_of_;      // folded heading → column
    std::vector<std::vector<std::string>> looked_for_;  // by column
};

}  // namespace mis::source::files
