#include "gateway/keeping/now_rebuild.hpp"

#include "base/json_text.hpp"
#include "domain/now.hpp"
#include "domain_store/group_store.hpp"
#include "domain_store/now_store.hpp"
#include "gateway/pipeline/derivation.hpp"
#include "outbox/store_meta.hpp"

namespace mis::gateway {
namespace {

constexpr const char* kMade = "now_rows_made";
constexpr int kGroupsPerCommit = 1'000;

}  // namespace

void make_now_rows_once(sqlite::Database& database) {
    if (!outbox::meta_value(database, kMade).empty()) return;
    rebuild_now_rows(database);
    sqlite::Transaction transaction(database);
    outbox::set_meta_value(transaction, kMade, "1");
    transaction.commit();
}

void rebuild_now_rows(sqlite::Database& database) {
    const domain_store::GroupStore groups(database);
    domain_store::NowStore rows(database);
    for (std::int64_t after = 0;;) {
        const auto page = groups.groups_after(after, kGroupsPerCommit);
        if (page.empty()) return;
        after = page.back();
        sqlite::Transaction transaction(database);
        for (const auto group : page) {
            const std::string text = groups.announced(group);
            domain::Now now;
            if (!JsonView(text).find("standing").absent())  // free times are no books
                now = domain::now_of(parse_announced({text}));
            rows.save(transaction, group, now, 0);
        }
        transaction.commit();
    }
}

}  // namespace mis::gateway
