#include "sqlite/private_database.hpp"

#include <algorithm>
#include <string>
#include <system_error>

#include "platform/private_file.hpp"

namespace mis::sqlite {
namespace {

constexpr int kCacheKilobytes = 4096;

struct Unlinked {  // at the end, with what SQLite may have laid beside it
    const std::filesystem::path name;
    ~Unlinked() {
        std::error_code ignored;
        for (const char* beside : {"", "-wal", "-shm", "-journal"})
            std::filesystem::remove(name.string() + beside, ignored);
    }
};

}  // namespace

Database open_private_database(const std::filesystem::path& folder, std::int64_t bytes_max) {
    const Unlinked file{platform::make_private_file(folder, "stage-")};
    Database database = Database::open(file.name);
    database.execute(
        "pragma journal_mode = memory; pragma locking_mode = exclusive; pragma synchronous = off; "
        // sorting what may be a gigabyte belongs on the disk
        "pragma temp_store = file"
    );
    database.execute("pragma cache_size = -" + std::to_string(kCacheKilobytes));
    database.execute(
        "pragma max_page_count = " +
        std::to_string(std::max<std::int64_t>(bytes_max / kPrivatePageBytes, 16))
    );
    // the first write: from now on the file is open and needs no name
    database.execute("pragma user_version = 1");
    return database;
}

}  // namespace mis::sqlite
