#include "change/open_pass.hpp"

namespace mis::change {
namespace {

constexpr const char* kOpenSince = "pass_open_since_us";

}  // namespace

void open_pass(sqlite::Transaction& transaction, const std::string& source, std::int64_t now_us) {
    transaction
        .prepare("insert or ignore into source_state (source, name, value) values (?1, ?2, ?3)")
        .with(source, kOpenSince, now_us)
        .run();
}

void close_pass(sqlite::Transaction& transaction, const std::string& source) {
    transaction.prepare("delete from source_state where source = ?1 and name = ?2")
        .with(source, kOpenSince)
        .run();
}

std::set<std::string> open_passes(sqlite::Database& database) {
    std::set<std::string> sources;
    auto select = database.prepare("select source from source_state where name = ?1");
    select.with(kOpenSince);
    while (select.step()) sources.insert(select.string(0));
    return sources;
}

}  // namespace mis::change
