// Real Firebird for tests: embedded bases in a folder of their own, and a real server on a free
// port.
//
// A Firebird root is a folder with firebird.conf and intl/libfbintl.so (a COPY: with a symbolic
// link the engine says "CHARACTER SET WIN1251 is not installed"). The environment variables
// FIREBIRD (that root) and FIREBIRD_LOCK (a writable folder) must be set before libfbclient is
// loaded. With `ServerMode = Classic` several processes may open one file at once, as long as they
// share FIREBIRD_LOCK: a simulator can write while the gateway reads, without any server (seen
// with 3.0.11; with the default, Super, the second process is refused).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "support/firebird_writer.hpp"

namespace mis::support {

// Makes `folder` a Firebird root for embedded use (ServerMode = Classic), with folder/lock beside
// firebird.conf. Existing files stay.
void make_firebird_root(const std::filesystem::path& folder);
// Sets FIREBIRD and FIREBIRD_LOCK of this process to such a root.
void use_firebird_root(const std::filesystem::path& folder);

// A temporary folder for embedded bases, removed at the end; the first one sets this process's
// environment.
class FirebirdFolder {
  public:
    FirebirdFolder();
    ~FirebirdFolder();
    FirebirdFolder(const FirebirdFolder&) = delete;
    FirebirdFolder& operator=(const FirebirdFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }
    std::string file(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

// A server of its own on 127.0.0.1: own root, own security base (SYSDBA / masterkey), own port;
// runs as user `firebird` when we are root. Killed with this object, and by the kernel should the
// test program die.
class FirebirdServer {
  public:
    FirebirdServer();
    ~FirebirdServer();
    FirebirdServer(const FirebirdServer&) = delete;
    FirebirdServer& operator=(const FirebirdServer&) = delete;

    int port() const;
    std::string file(const std::string& name) const;     // path inside the server's folder
    FirebirdLogin login(const std::string& name) const;  // SYSDBA on that file
    void start();                                        // accepts connections when it returns
    void kill();                                         // SIGKILL
    void freeze();                                       // SIGSTOP
    void thaw();                                         // SIGCONT
    bool has_legacy_users(
    ) const;  // whether plugin Legacy_UserManager can be used (tests that run as root)
    // CREATE USER in the security base; plugin "Srp" or "Legacy_UserManager".
    void create_user(
        const std::string& name, const std::string& password, const std::string& plugin
    );

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mis::support
