#include "domain/persons.hpp"

#include <algorithm>

namespace mis::domain {

void Persons::link(std::vector<Link> links) {
    std::sort(links.begin(), links.end());
    for (auto& [joins, stays] : links) {
        std::string card = of(joins);
        if (of(stays) != card) into_[std::move(card)] = std::move(stays);
    }
}

std::string Persons::of(const std::string& card) const {
    std::string at = card;
    for (std::size_t hop = 0; hop <= into_.size(); ++hop) {
        const auto next = into_.find(at);
        if (next == into_.end()) return at;
        at = next->second;
    }
    return card;
}

}  // namespace mis::domain
