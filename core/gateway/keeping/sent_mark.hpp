// I4: the store's high-water mark: which event was the last it had when it was last looked at. A
// store that does not know that event is an older copy of itself, put back: it would give the same
// sequences out a second time. (What a file sink took is compared besides, gateway/sent_check.hpp.)
//
// The mark lies in the store's folder, for a store.db put back alone, and beside that folder where
// that can be written, for a folder put back whole: FOLDER.mark. It is written after the commit,
// atomically and fsynced, at most once a second, and only when events were appended: so after any
// crash it is behind the store or level with it, never ahead. It says nothing about another store
// (one rebuilt by `restore`, one begun anew): those have another instance id; nor about an earlier
// epoch.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "gateway/keeping/clinic_store.hpp"

namespace mis::gateway {

class SentMark {
  public:
    // The caller keeps `store`; its mutex is not taken here.
    explicit SentMark(ClinicStore& store);

    // Before anything is read or sent. misconfigured, naming the remedies: the store is behind.
    Result<void> check() const;

    // Asked every turn; between transactions, under the store's mutex. A disk that cannot take the
    // mark is warned of once and tried again.
    void keep_up(const Clock& clock);
    void keep_up();  // at once: at the end

    static std::filesystem::path file_in(const std::filesystem::path& folder);
    static std::filesystem::path file_beside(const std::filesystem::path& folder);

  private:
    void write(std::int64_t position);

    ClinicStore& store_;
    std::vector<std::filesystem::path> files_;
    std::int64_t written_position_ = 0;
    std::chrono::nanoseconds looked_{-1'000'000'000'000};
    bool failing_ = false;
};

}  // namespace mis::gateway
