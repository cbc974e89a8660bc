#include "sqlite/store_fault.hpp"

#include <sqlite3.h>

#include <optional>
#include <system_error>

namespace mis::sqlite {
namespace {

namespace fs = std::filesystem;

// Less than this and a write may fail although something is left: SQLite writes whole pages, and
// file systems keep a reserve.
constexpr std::uintmax_t kRoomBytesMin = 1'000'000;

fs::path folder_of(const fs::path& file) {
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

std::optional<std::uintmax_t> free_bytes(const fs::path& file) {
    std::error_code untold;
    const auto space = fs::space(folder_of(file), untold);
    if (untold) return std::nullopt;
    return space.available;
}

bool is_full(int code, const fs::path& file) {
    if ((code & 0xff) == SQLITE_FULL || code == SQLITE_IOERR_WRITE) return true;
    if ((code & 0xff) != SQLITE_IOERR) return false;
    const auto room = free_bytes(file);
    return room && *room < kRoomBytesMin;
}

std::string room_text(const fs::path& file) {
    const auto room = free_bytes(file);
    const std::string folder = folder_of(file).string();
    if (!room) return folder + " is full or away";
    if (*room >= kRoomBytesMin)
        return folder + " took no more, though " + std::to_string(*room / 1'000'000) +
               " MB are free: a quota, or a limit of the file's size";
    return folder + " is full, " + std::to_string(*room / 1'000) + " kB are free";
}

}  // namespace

StoreError::Kind kind_of(int code, const fs::path& file) {
    if (is_full(code, file)) return StoreError::Kind::full;
    switch (code & 0xff) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return StoreError::Kind::corrupt;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return StoreError::Kind::busy;
        default:
            return StoreError::Kind::other;
    }
}

std::string remedy_for(int code, const fs::path& file) {
    if (file.empty()) return "";
    if (is_full(code, file))
        return ": " + room_text(file) + ": free some disk space there, at least 256 MB";
    const std::string folder = folder_of(file).string();
    std::error_code untold;
    switch (code & 0xff) {
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            if (!fs::exists(file, untold))
                return ": " + file.string() +
                       " was moved or deleted while it was open: put it "
                       "back, and start again";
            return ": " + file.string() +
                   " or its folder cannot be written: run this as the user that owns them (root, "
                   "or "
                   "the service's), and see that the disk is not mounted read-only";
        case SQLITE_CANTOPEN:
            if (!fs::exists(folder_of(file), untold))
                return ": the folder " + folder + " is not there: is its disk mounted?";
            if (fs::is_directory(file, untold))
                return ": " + file.string() + " is a folder: move it away";
            return ": " + file.string() +
                   " and its folder must be readable and writable for the "
                   "user that runs this";
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return ": another process holds " + file.string() +
                   " (a second mis-gateway, a backup tool, an open sqlite3): end it, or wait for "
                   "it";
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ": " + file.string() +
                   " is damaged: keep it aside, and bring it back with `mis-gateway restore`";
        case SQLITE_IOERR:
            return ": the disk under " + folder +
                   " does not do what it is told: look at the system's log (dmesg), and see that "
                   "it "
                   "is a local disk and no network share";
        case SQLITE_NOMEM:
            return ": this machine has no memory left: give it more, or end other programs";
        default:
            return "";
    }
}

}  // namespace mis::sqlite
