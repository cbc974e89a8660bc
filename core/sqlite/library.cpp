#include "sqlite/library.hpp"

#include <sqlite3.h>

namespace mis::sqlite {

void set_up_library() {
    // Refused where somebody used SQLite before: then it counts, and nothing else changes.
    static const int outcome = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    static_cast<void>(outcome);
}

}  // namespace mis::sqlite
