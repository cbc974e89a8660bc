#include "domain_store/code_map.hpp"

#include "base/text.hpp"

namespace mis::domain_store {

std::map<std::string, std::string> CodeMap::all() const {
    std::map<std::string, std::string> found;
    auto rows = database_.prepare("select code, nomenclature from code_map");
    while (rows.step()) found.emplace(rows.string(0), rows.string(1));
    return found;
}

void CodeMap::set(
    sqlite::Transaction& transaction, std::string_view code, std::string_view nomenclature
) {
    const std::string folded = fold_code(code);
    transaction.prepare("insert or replace into code_map (code, nomenclature) values (?, ?)")
        .with(folded, fold_code(nomenclature))
        .run();
    transaction.prepare("delete from unmapped_code where code = ?").with(folded).run();
}

void CodeMap::count_unmapped(
    sqlite::Transaction& transaction, std::span<const std::string> codes, std::int64_t now_us
) {
    for (const auto& code : codes)
        transaction
            .prepare(
                "insert into unmapped_code (code, first_seen_us, times) values (?, ?, 1) on "
                "conflict (code) do update set times = times + 1"
            )
            .with(fold_code(code), now_us)
            .run();
}

std::vector<UnmappedCode> CodeMap::unmapped() const {
    std::vector<UnmappedCode> found;
    auto rows = database_.prepare(
        "select code, first_seen_us, times from unmapped_code order by times desc, code"
    );
    while (rows.step()) found.push_back({rows.string(0), rows.integer(1), rows.integer(2)});
    return found;
}

}  // namespace mis::domain_store
