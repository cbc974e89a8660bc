#include "domain/row_names.hpp"

#include <doctest/doctest.h>

#include "domain/announced.hpp"

namespace mis::domain {
namespace {

std::vector<std::pair<std::string, std::string>> listed(const RowNames& names) {
    std::vector<std::pair<std::string, std::string>> all;
    for (const auto& [public_id, source_id] : names) all.emplace_back(public_id, source_id);
    return all;
}

}  // namespace

TEST_CASE("rows are found by their public ids, whatever order they came in") {
    RowNames names;
    names.add("c", "30");
    names.add("a", "10");
    names.add("b", "");
    names.add("a", "11");  // a row entered anew keeps its public id (D2)
    names.settle();
    CHECK(names.size() == 3);
    CHECK(names.find("a") == "11");
    CHECK(names.find("b") == "");
    CHECK_FALSE(names.find("d").has_value());
    CHECK_FALSE(names.find("").has_value());
    CHECK(listed(names) == decltype(listed(names)){{"a", "11"}, {"b", ""}, {"c", "30"}});
    CHECK(RowNames().empty());
}

TEST_CASE("of two groups that become one, the first one's rows stay") {
    std::vector<Announced> groups(2);
    groups[0].rows.add("b", "first");
    groups[1].rows.add("a", "second");
    groups[1].rows.add("b", "second");
    for (Announced& group : groups) group.rows.settle();
    const auto one = joined(std::move(groups)).rows;
    CHECK(listed(one) == decltype(listed(one)){{"a", "second"}, {"b", "first"}});
}

}  // namespace mis::domain
