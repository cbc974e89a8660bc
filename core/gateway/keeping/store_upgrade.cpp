#include "gateway/keeping/store_upgrade.hpp"

#include <fmt/chrono.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <set>
#include <stdexcept>

#include "base/log.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/keeping/free_space.hpp"
#include "platform/crash_point.hpp"
#include "platform/file.hpp"
#include "platform/service.hpp"
#include "sqlite/migration.hpp"

namespace mis::gateway {
namespace {

constexpr std::size_t kLayoutsKept = 3;
constexpr std::chrono::seconds kBeat{10};
constexpr std::uint64_t kRoomBytesMin = 16u << 20;
constexpr std::string_view kCopyPrefix = "store.layout-";

// store.layout-N.DATE.db
struct CopyName {
    int layout = 0;
    std::string date;
};

std::optional<CopyName> parse_copy_name(const std::string& name) {
    if (!name.starts_with(kCopyPrefix) || !name.ends_with(".db")) return std::nullopt;
    const auto middle =
        std::string_view(name).substr(kCopyPrefix.size(), name.size() - kCopyPrefix.size() - 3);
    CopyName found;
    const auto end = middle.data() + middle.size();
    const auto number = std::from_chars(middle.data(), end, found.layout);
    if (number.ec != std::errc{} || number.ptr == end || *number.ptr != '.') return std::nullopt;
    found.date.assign(number.ptr + 1, end);
    return found;
}

std::filesystem::path copy_file(const std::filesystem::path& folder, int layout) {
    return folder /
           fmt::format(
               "{}{}.{:%Y%m%dT%H%M%SZ}.db", kCopyPrefix, layout, fmt::gmtime(std::time(nullptr))
           );
}

// One copy of each of the last layouts: a program that is killed again and again while it upgrades
// must not push the older ones out.
void remove_old_copies(const std::filesystem::path& folder) {
    std::set<int> layouts;
    for (const auto& file : store_copies(folder)) {
        const int layout = parse_copy_name(file.filename().string())->layout;
        if (layouts.contains(layout) || layouts.size() == kLayoutsKept)
            std::filesystem::remove(file);
        else
            layouts.insert(layout);
    }
}

std::string how_to_go_back(const std::filesystem::path& folder, int layout) {
    for (const auto& file : store_copies(folder))
        if (parse_copy_name(file.filename().string())->layout <= layout)
            return "stop it, move store.db, store.db-wal and store.db-shm in " + folder.string() +
                   " away and rename " + file.filename().string() + " to store.db";
    return "bring the backup made before the upgrade back with `mis-gateway restore --backup FILE`";
}

std::filesystem::path make_copy(
    const std::filesystem::path& folder, sqlite::Database& database, int layout
) {
    const auto bytes = sqlite::store_bytes(database);
    if (const auto room = check_free_space(folder, bytes + bytes / 10 + kRoomBytesMin); !room)
        throw std::runtime_error(
            "the store is copied before it is upgraded, but " + room.error().text +
            "; the store is as it was"
        );
    log::info("copying the store before its upgrade, {} MB", (bytes >> 20) + 1);
    const auto unfinished = folder / "store.copy.new";
    std::filesystem::remove(unfinished);
    const sqlite::Heartbeat heartbeat(database, kBeat, [&] {
        platform::notify_still_starting();
        std::error_code ignored;
        const auto done = std::filesystem::file_size(unfinished, ignored);
        log::info("copying the store: {} of {} MB", ignored ? 0 : done >> 20, (bytes >> 20) + 1);
    });
    try {
        sqlite::copy_store(database, unfinished);
    } catch (const sqlite::StoreError& error) {
        std::error_code ignored;
        std::filesystem::remove(unfinished, ignored);
        if (error.kind == sqlite::StoreError::Kind::corrupt) throw;
        throw std::runtime_error(
            std::string("copying the store before its upgrade failed: ") + error.what() +
            "; the store is as it was. Free some disk space in " + folder.string() +
            " and start again"
        );
    }
    const auto file = copy_file(folder, layout);
    platform::rename_durably(unfinished, file);
    remove_old_copies(folder);
    platform::crash_point("upgrade.after_copy");
    log::info("the store as it was before lies at {}", file.string());
    return file;
}

[[noreturn]] void refuse_newer_store(const std::filesystem::path& folder, int layout) {
    throw std::runtime_error(
        ClinicStore::store_file(folder).string() + " was written by a newer version (layout " +
        std::to_string(layout) + ", this program knows " + std::to_string(sqlite::newest_layout()) +
        "): run that version; or, to go back, " + how_to_go_back(folder, sqlite::newest_layout())
    );
}

}  // namespace

std::vector<std::filesystem::path> store_copies(const std::filesystem::path& folder) {
    std::vector<std::pair<std::string, std::filesystem::path>> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (auto name = parse_copy_name(entry.path().filename().string()))
            found.emplace_back(std::move(name->date), entry.path());
    std::sort(found.rbegin(), found.rend());
    std::vector<std::filesystem::path> files;
    for (auto& [date, file] : found) files.push_back(std::move(file));
    return files;
}

void upgrade_store(const std::filesystem::path& folder, sqlite::Database& database) {
    int layout = sqlite::layout_of(database);
    if (layout > sqlite::newest_layout()) refuse_newer_store(folder, layout);
    if (layout == sqlite::newest_layout()) return;
    if (layout == 0) return sqlite::create_tables(database);
    const auto lock = platform::InstanceLock::try_take(folder / "lock");
    if (!lock)
        throw std::runtime_error(
            "the store in " + folder.string() +
            " must be upgraded to the layout of this version, but another mis-gateway runs on it: "
            "restart that one (systemctl restart mis-gateway), it upgrades the store"
        );
    layout = sqlite::layout_of(database);
    if (layout == sqlite::newest_layout()) return;
    const auto copy = make_copy(folder, database, layout);
    for (const auto& step : sqlite::migrations().subspan(static_cast<std::size_t>(layout))) {
        log::info("upgrading the store to layout {} ({})", step.layout, step.name);
        try {
            const auto started = std::chrono::steady_clock::now();
            const sqlite::Heartbeat heartbeat(database, kBeat, [&] {
                platform::notify_still_starting();
                log::info(
                    "upgrading the store to layout {}: {} s so far", step.layout,
                    std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::steady_clock::now() - started
                    )
                        .count()
                );
            });
            sqlite::migrate(database, step);
        } catch (const sqlite::StoreError& error) {
            if (error.kind == sqlite::StoreError::Kind::corrupt) throw;
            throw std::runtime_error(fmt::format(
                "upgrading the store to layout {} ({}) failed: {}; it stays at layout {}, nothing "
                "is lost. {} and start again; or, to go back to the version before, {}",
                step.layout, step.name, error.what(), step.layout - 1,
                error.kind == sqlite::StoreError::Kind::full ? "Free some disk space"
                                                             : "Mend the cause",
                how_to_go_back(folder, layout)
            ));
        }
    }
    log::info(
        "the store has layout {} now; its copy from before: {}", sqlite::newest_layout(),
        copy.string()
    );
}

}  // namespace mis::gateway
