// The write side of a Firebird base, for fixtures and the MIS simulator only: the gateway itself
// never writes to a MIS.
//
// SQL is UTF-8, names included; its literals are sent in the base's own set, so Cyrillic ones
// arrive as the clinic's own program would write them. One thread. Every failure throws
// std::runtime_error with the server's text. FIREBIRD and FIREBIRD_LOCK have to be set before the
// first writer is made (see firebird_fixture.hpp, make_firebird_root).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mis::support {

struct FirebirdLogin {
    std::string database;  // "/path/mis.fdb" (embedded) or "127.0.0.1/30501:/path/mis.fdb"
    std::string user = "SYSDBA";
    std::string password = "";
    int dialect = 3;
};

class FirebirdWriter {
  public:
    // A new base. charset: its default set ("WIN1251", "UTF8", "NONE").
    static FirebirdWriter create(
        const FirebirdLogin& login, std::string_view charset, int page_bytes = 8192
    );
    static FirebirdWriter open(const FirebirdLogin& login);
    FirebirdWriter(FirebirdWriter&&) noexcept;
    FirebirdWriter& operator=(FirebirdWriter&&) noexcept;
    ~FirebirdWriter();  // rolls back what was not committed

    void begin();  // read committed, record version, waiting for locks
    void commit();
    void rollback();
    bool in_transaction() const;

    // One statement without rows (DML, DDL, EXECUTE BLOCK). Outside begin()/commit() it gets a
    // transaction of its own, committed.
    void execute(std::string_view sql);
    // Several, separated by ';' at line ends: "create table …;\ninsert …;"
    void execute_script(std::string_view sql);
    // First column of the first row as text; nullopt: no row, or null.
    std::optional<std::string> value(std::string_view sql);
    std::int64_t number(std::string_view sql);  // the same as a whole number; throws if it is none
    // All rows as text, null as "<null>"; for tests and oracles.
    std::vector<std::vector<std::string>> rows(std::string_view sql);

  private:
    struct State;
    explicit FirebirdWriter(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

// 'O''Neil': a text literal.
std::string quoted(std::string_view text);

}  // namespace mis::support
