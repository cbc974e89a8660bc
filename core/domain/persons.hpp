// Persons: which cards are one person's, by what their own MIS merged (P6) and what the clinic
// linked over several (P11). Cards go by any name that is one's own: pseudonyms in the domain.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mis::domain {

class Persons {
  public:
    using Link = std::pair<std::string, std::string>;  // the card that joins, the one that stays

    void merge(const std::string& card, std::string into) { into_[card] = std::move(into); }
    // After all merges. A card that its MIS merged is linked as the one that it went into; of links
    // that contradict each other since, whatever order they come in, the same ones hold.
    void link(std::vector<Link> links);

    std::string of(const std::string& card) const;  // merged in a circle: nobody was merged
    bool empty() const { return into_.empty(); }

  private:
    std::map<std::string, std::string> into_;
};

}  // namespace mis::domain
