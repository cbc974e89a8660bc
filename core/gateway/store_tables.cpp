#include "gateway/store_tables.hpp"

#include "change/record_store.hpp"
#include "disclosure/audit.hpp"
#include "domain_store/code_map.hpp"
#include "domain_store/group_store.hpp"
#include "inbox/inbox.hpp"
#include "outbox/outbox.hpp"
#include "record/quarantine.hpp"

namespace mis::gateway {

void create_store_tables(sqlite::Database& database) {
    record::Quarantine::migrate(database);
    change::RecordStore::migrate(database);
    domain_store::GroupStore::migrate(database);
    domain_store::CodeMap::migrate(database);
    disclosure::Audit::create_tables(database);
    outbox::create_tables(database);
    inbox::Inbox::migrate(database);
}

}  // namespace mis::gateway
