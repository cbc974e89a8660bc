// bench_firebird: a real Firebird server on a free port with copies of the given bases, until
// SIGTERM or SIGINT.
//
// Prints one line per base, "NAME 127.0.0.1 PORT PATH PASSWORD"; then "ready".
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>

#include "support/firebird_fixture.hpp"

namespace fs = std::filesystem;

int main(int argc, char** argv) {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    mis::support::FirebirdServer server;
    for (int i = 1; i < argc; ++i) {
        const fs::path base = argv[i];
        const std::string copy = server.file(base.filename().string());
        fs::copy_file(base, copy);
        fs::permissions(
            copy, fs::perms::all & ~fs::perms::owner_exec & ~fs::perms::group_exec &
                      ~fs::perms::others_exec
        );
        fmt::print(
            "{} 127.0.0.1 {} {} {}\n", base.filename().string(), server.port(), copy,
            server.login("x").password
        );
    }
    fmt::print("ready\n");
    std::fflush(stdout);
    int which = 0;
    sigwait(&signals, &which);
}
