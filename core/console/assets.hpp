// The console's page and what it is made of: built into the program (gzipped), so that it is never
// another version's; or from a folder, while it is developed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.hpp"

namespace mis::console {

struct Asset {
    std::string path;         // below /console/: "index.html", "app.js"
    std::string_view packed;  // gzip
};

// What the build found in core/console/web/dist; none: the console was built without its page.
const std::vector<Asset>& built_in_assets();

class Assets {
  public:
    explicit Assets(std::filesystem::path folder = {});  // empty: the built-in ones

    // GET of `path` below /console/; a path without a dot is the page's own business and gets the
    // page. 404: no such file.
    net::ServerAnswer answer(std::string_view path, const net::Headers& headers) const;

  private:
    std::filesystem::path folder_;
};

}  // namespace mis::console
