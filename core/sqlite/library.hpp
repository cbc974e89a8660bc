// SQLite as a library, set up once per process, before the first connection.
#pragma once

namespace mis::sqlite {

// Without SQLite's own count of its memory, which costs a lock at every allocation. Cheap when it
// was done already; called by whoever opens a connection.
void set_up_library();

}  // namespace mis::sqlite
