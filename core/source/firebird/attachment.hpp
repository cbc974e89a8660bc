// One attachment to a Firebird base, and transactions on it. One thread at a time; cancel() alone
// may come from another.
//
// Attached without a charset of the connection (NONE): the server then hands out each column's own
// bytes and says which set they are in, so that one column in another set cannot fail a whole
// query, and the conversion costs the clinic's server nothing (charsets.hpp does it). What goes the
// other way: statement_text.hpp.
#pragma once

#include <memory>
#include <string>

#include "source/firebird/api.hpp"
#include "source/watchdog.hpp"

namespace mis::source::firebird {

struct AttachTarget {
    std::string database;              // path, "host:path", "host/port:path"
    std::string user, password, role;  // all may be empty
    int dialect = 3;
    int connect_seconds_max = 10;
    std::string config;  // lines of firebird.conf for this connection ("WireCrypt=Disabled\n"); 3.0
                         // clients and later
};

class Attachment final : public Interruptible {
  public:
    static Result<std::unique_ptr<Attachment>> open(
        std::shared_ptr<const Api> api, const AttachTarget& target
    );
    // Makes a base first (fixtures and simulators): `set_up` is what stands behind CREATE DATABASE
    // 'path': "page_size 8192 …".
    static Result<std::unique_ptr<Attachment>> create_database(
        std::shared_ptr<const Api> api, const AttachTarget& target, std::string_view set_up
    );
    Attachment(const Attachment&) = delete;
    Attachment& operator=(const Attachment&) = delete;
    ~Attachment();  // detaches
    void detach();  // blocks while the server does not answer, so a watchdog should stand by;
                    // harmless the second time

    const Api& api() const { return *api_; }
    isc_db_handle* handle() { return &handle_; }

    // From any thread.
    void cancel(Cancel how) override;

  private:
    explicit Attachment(std::shared_ptr<const Api> api) : api_(std::move(api)) {}
    std::shared_ptr<const Api> api_;
    isc_db_handle handle_ = 0;
};

enum class Access {
    read_only_snapshot,  // {concurrency, read, nowait}: sees one state, blocks nobody, cannot write
    read_write,          // {read committed, record version, wait}: for fixtures and simulators only
};

class Transaction {
  public:
    static Result<Transaction> begin(Attachment& attachment, Access access);
    Transaction(Transaction&& other) noexcept;
    Transaction& operator=(Transaction&&) = delete;
    ~Transaction();  // rolls back what was not committed

    Result<void> commit();
    Result<void> execute(
        std::string_view sql, int dialect
    );  // a statement without rows or parameters
    isc_tr_handle* handle() { return &handle_; }
    Attachment& attachment() { return *attachment_; }

  private:
    explicit Transaction(Attachment& attachment) : attachment_(&attachment) {}
    Attachment* attachment_;
    isc_tr_handle handle_ = 0;
};

}  // namespace mis::source::firebird
