#include "support/firebird_fixture.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace mis::support {
namespace fs = std::filesystem;

namespace {

constexpr const char* kEngineFolder = "/usr/lib/x86_64-linux-gnu/firebird/3.0";
constexpr const char* kConfigFolder = "/etc/firebird/3.0";
constexpr const char* kPassword = "masterkey";

fs::path temporary_folder() {
    std::string pattern = (fs::temp_directory_path() / "mis-firebird-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
    return pattern;
}

void copy_root_files(const fs::path& root) {
    fs::create_directories(root / "intl");
    const auto copy = [](const fs::path& from, const fs::path& to) {
        if (!fs::exists(to)) fs::copy_file(fs::canonical(from), to);
    };
    copy(fs::path(kEngineFolder) / "intl/libfbintl.so", root / "intl/libfbintl.so");
    for (const char* name : {"plugins.conf", "fbintl.conf"})
        copy(fs::path(kConfigFolder) / name, root / name);
    copy(fs::path(kConfigFolder) / "fbintl.conf", root / "intl/fbintl.conf");
    copy(fs::path(kEngineFolder) / "firebird.msg", root / "firebird.msg");
}

int free_port() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), length) != 0)
        throw std::runtime_error("no free port");
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
    close(listener);
    return ntohs(address.sin_port);
}

bool accepts(int port) {
    const int client = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    const bool connected =
        connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(client);
    return connected;
}

struct Person {
    uid_t user = getuid();
    gid_t group = getgid();
};

Person server_user() {
    if (getuid() != 0) return {};
    const passwd* entry = getpwnam("firebird");
    if (entry == nullptr) entry = getpwnam("nobody");
    return {entry->pw_uid, entry->pw_gid};
}

void give(const fs::path& folder, Person person) {
    if (getuid() != 0) return;
    const auto own = [&](const fs::path& path) {
        if (lchown(path.c_str(), person.user, person.group) != 0)
            throw std::runtime_error("chown " + path.string());
    };
    own(folder);
    for (const auto& entry : fs::recursive_directory_iterator(folder)) own(entry.path());
}

// Everything the child needs is made before the fork: other threads of the test program may hold
// locks.
pid_t spawn(const std::vector<std::string>& command, const fs::path& root, Person person) {
    std::vector<std::string> environment = {
        "PATH=/usr/sbin:/usr/bin:/bin",
        "FIREBIRD=" + root.string(),
        "FIREBIRD_LOCK=" + (root / "lock").string(),
        "LC_ALL=C",
        "FIREBIRD_TMP=" + (root / "lock").string(),
    };
    std::vector<char*> arguments, variables;
    for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    for (std::string& variable : environment) variables.push_back(variable.data());
    variables.push_back(nullptr);
    const std::string log = (root / "output.log").string();
    const bool drop = getuid() == 0;
    const pid_t child = fork();
    if (child != 0) return child;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (output < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(126);
    if (drop && (setgid(person.group) != 0 || setuid(person.user) != 0)) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // a change of user clears it
    if (chdir(root.c_str()) != 0) _exit(126);
    execve(arguments[0], arguments.data(), variables.data());
    _exit(127);
}

}  // namespace

void make_firebird_root(const fs::path& folder) {
    fs::create_directories(folder / "lock");
    copy_root_files(folder);
    if (!fs::exists(folder / "firebird.conf"))
        std::ofstream(folder / "firebird.conf") << "ServerMode = Classic\n";
}

void use_firebird_root(const fs::path& folder) {
    setenv("FIREBIRD", folder.c_str(), 1);
    setenv("FIREBIRD_LOCK", (folder / "lock").c_str(), 1);
    setenv("FIREBIRD_TMP", (folder / "lock").c_str(), 1);
}

FirebirdFolder::FirebirdFolder() : path_(temporary_folder()) {
    static const struct Root {  // one per process: the client reads its environment once
        Root() : folder(temporary_folder()) {
            make_firebird_root(folder);
            use_firebird_root(folder);
        }
        ~Root() {
            std::error_code ignored;
            fs::remove_all(folder, ignored);
        }
        fs::path folder;
    } root;
}

FirebirdFolder::~FirebirdFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

struct FirebirdServer::State {
    FirebirdFolder environment;
    fs::path root = temporary_folder();
    Person person = server_user();
    int port = free_port();
    pid_t process = 0;
    bool has_legacy_users = false;
};

FirebirdServer::FirebirdServer() : state_(std::make_unique<State>()) {
    const fs::path& root = state_->root;
    fs::create_directories(root / "lock");
    fs::create_directories(root / "bases");
    copy_root_files(root);
    std::ofstream(root / "firebird.conf")
        << "RemoteServicePort = " << state_->port
        << "\nRemoteBindAddress = 127.0.0.1\nSecurityDatabase = "
        << (root / "security3.fdb").string() << "\nIpcName = MIS" << state_->port
        << "\nAuthServer = Srp, Legacy_Auth\nUserManager = Srp, Legacy_UserManager\n"
        << "WireCrypt = Enabled\nServerMode = Super\n";
    std::ofstream(root / "databases.conf") << "security.db = " << (root / "security3.fdb").string()
                                           << "\n{\n    RemoteAccess = false\n}\n";
    // the distribution's own security base also has the tables of Legacy_Auth, but only root may
    // read it; else a new one, for Srp alone
    std::error_code unreadable;
    fs::copy_file("/var/lib/firebird/3.0/system/security3.fdb", root / "security3.fdb", unreadable);
    std::ofstream(root / "set_up.sql")
        << (unreadable ? "create database '" : "connect '") << (root / "security3.fdb").string()
        << "';\ncreate or alter user SYSDBA password '" << kPassword
        << "' using plugin Srp;\ncommit;\nquit;\n";
    state_->has_legacy_users = !unreadable;
    give(root, state_->person);

    const pid_t maker = spawn(
        {"/usr/bin/isql-fb", "-q", "-user", "SYSDBA", "-i", (root / "set_up.sql").string()}, root,
        state_->person
    );
    int outcome = 0;
    waitpid(maker, &outcome, 0);
    start();
}

FirebirdServer::~FirebirdServer() {
    kill();
    std::error_code ignored;
    fs::remove_all(state_->root, ignored);
}

int FirebirdServer::port() const { return state_->port; }

std::string FirebirdServer::file(const std::string& name) const {
    return (state_->root / "bases" / name).string();
}

FirebirdLogin FirebirdServer::login(const std::string& name) const {
    return {"127.0.0.1/" + std::to_string(state_->port) + ":" + file(name), "SYSDBA", kPassword, 3};
}

bool FirebirdServer::has_legacy_users() const { return state_->has_legacy_users; }

void FirebirdServer::start() {
    if (state_->process != 0) return;
    state_->process = spawn({"/usr/sbin/firebird"}, state_->root, state_->person);
    for (int tries = 0; tries < 500; ++tries) {
        if (accepts(state_->port)) return;
        poll(nullptr, 0, 20);
    }
    throw std::runtime_error("the Firebird server does not accept connections");
}

void FirebirdServer::kill() {
    if (state_->process == 0) return;
    ::kill(state_->process, SIGKILL);
    waitpid(state_->process, nullptr, 0);
    state_->process = 0;
}

void FirebirdServer::freeze() { ::kill(state_->process, SIGSTOP); }
void FirebirdServer::thaw() { ::kill(state_->process, SIGCONT); }

void FirebirdServer::create_user(
    const std::string& name, const std::string& password, const std::string& plugin
) {
    auto login_to_security = login("x");
    login_to_security.database =
        "127.0.0.1/" + std::to_string(state_->port) + ":" + file("users.fdb");
    auto writer = std::filesystem::exists(file("users.fdb"))
                      ? FirebirdWriter::open(login_to_security)
                      : FirebirdWriter::create(login_to_security, "UTF8");
    writer.execute("create user " + name + " password '" + password + "' using plugin " + plugin);
}

}  // namespace mis::support
