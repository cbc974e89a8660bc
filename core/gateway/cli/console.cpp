// `console code`, and the console that `run` opens.
#include "console/console.hpp"

#include <cstdlib>

#include "console/people.hpp"
#include "gateway/cli/console_room.hpp"
#include "gateway/cli/print.hpp"
#include "gateway/desk/console_desk.hpp"

namespace mis::gateway::cli {
namespace {

console::ConsoleOptions options_of(const config::ConsoleConfig& config) {
    console::ConsoleOptions options;
    options.address = config.address;
    options.port = static_cast<std::uint16_t>(config.port);
    options.certificate_file = config.certificate_file;
    options.key_file = config.key_file;
    options.hosts = config.hosts;
    if (const char* folder = std::getenv("MIS_GATEWAY_CONSOLE")) options.assets = folder;
    return options;
}

}  // namespace

struct ConsoleRoom::Rooms {
    Rooms(Session& session, Daemon& daemon)
        : desk(
              daemon,
              DeskSettings{
                  session.config.clinic_zone, !session.config.backup_folder.empty(),
                  session.config.backup_age_hours_max, session.groups.get()},
              session.clock
          ),
          console(desk, options_of(*session.config.console), session.clock) {}
    ConsoleDesk desk;
    console::Console console;  // its threads use the desk
};

ConsoleRoom::ConsoleRoom(Session& session, Daemon& daemon) {
    try {
        rooms_ = std::make_unique<Rooms>(session, daemon);
    } catch (const std::exception& error) {
        throw std::runtime_error(
            session.config.at("/console/listen") + ": " + error.what() +
            ": another program listens there, the address is none of this machine's, or the "
            "certificate cannot be read; leave the section out for no console"
        );
    }
}

ConsoleRoom::~ConsoleRoom() = default;

void ConsoleRoom::note() { rooms_->desk.note(); }

std::unique_ptr<ConsoleRoom> open_console(Session& session, Daemon& daemon) {
    if (!session.config.console) return nullptr;
    if (MIS_CONSOLE == 0)
        throw Misconfigured(
            session.config.at("/console") +
            ": this program was built without the console: take the section out"
        );
    return std::make_unique<ConsoleRoom>(session, daemon);
}

int console_code(const Common& common) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        sqlite::Transaction transaction(session.store->database());
        if (console::any_person(transaction.database()))
            return report_error(
                "console code: there are users already: a privacy officer adds further ones and "
                "gives new passwords in the console"
            );
        const std::string code = console::make_first_code(transaction, session.clock.unix_us());
        transaction.commit();
        if (common.output == Output::json)
            print_json({{"code", code}, {"minutes", console::kCodeSeconds / 60}});
        else
            print_line(
                code.substr(0, 5) + "-" + code.substr(5) +
                "  makes the console's first user, once, within 15 minutes"
            );
        return kDone;
    });
}

}  // namespace mis::gateway::cli
