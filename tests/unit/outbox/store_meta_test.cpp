#include <doctest/doctest.h>

#include "invented_events.hpp"

using namespace mis;
using namespace mis::outbox;
using namespace mis::outbox::testing;

TEST_CASE("store_meta: clinic and key are identity, refused when they change") {
    StoreFile store;
    std::string instance;
    {
        sqlite::Transaction transaction(*store.writer);
        const auto meta = open_store_meta(transaction, "clinic-1", "key");
        REQUIRE(meta);
        instance = meta->instance_id;
        CHECK(meta->epoch == 1);
        transaction.commit();
    }
    store.reopen();
    sqlite::Transaction transaction(*store.writer);
    CHECK(open_store_meta(transaction, "clinic-1", "key")->instance_id == instance);
    CHECK(
        open_store_meta(transaction, "clinic-2", "key")
            .error()
            .text.find("belongs to clinic clinic-1") != std::string::npos
    );
    CHECK(
        open_store_meta(transaction, "clinic-1", "other key").error().kind ==
        ErrorKind::misconfigured
    );
}

TEST_CASE("I4: a new epoch is counted and audited") {
    StoreFile store;
    sqlite::Transaction transaction(*store.writer);
    CHECK(open_store_meta(transaction, "clinic-1", "key"));
    CHECK(start_new_epoch(transaction, "operator", "the store was lost", 7).epoch == 2);
    CHECK(open_store_meta(transaction, "clinic-1", "key")->epoch == 2);
    transaction.commit();
    CHECK(disclosure::Audit::show(*store.reader, 1, 1).at(0).ground == "the store was lost");
}
