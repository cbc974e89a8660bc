// I4: the store's high-water mark: which event was the last it had when it was last looked at. A
// store that does not know that event is an older copy of itself, put back: it would give the same
// sequences out a second time. (What a file sink took is compared besides, gateway/sent_check.hpp.)
//
// The mark lies in the store's folder, for a store.db put back alone, and beside that folder where
// that can be written, for a folder put back whole: FOLDER.mark. It is written after the commit,
// atomically and fsynced, at most once a second, and only when events were appended or delivered:
// so after any crash it is behind the store or level with it, never ahead. It says nothing about
// another store (one rebuilt by `restore`, one begun anew): those have another instance id; nor
// about an earlier epoch.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
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

    // How far each sink was when the mark beside the folder was written: sink → id of the last
    // event before which it has everything. For `restore`: a sink is not told again what it has.
    static std::map<std::string, std::string> sinks_at(const std::filesystem::path& folder);

    // Whether a mark of this store is left at all, so that events_ahead() can be believed.
    static bool is_left(const ClinicStore& store);
    // How many events the mark knows of behind the last that the store has of its key; 0: none, or
    // there is no mark of this store. Once they are given up the mark is to be forgotten.
    static std::int64_t events_ahead(ClinicStore& store);
    static void forget(const std::filesystem::path& folder);

    static std::filesystem::path file_in(const std::filesystem::path& folder);
    static std::filesystem::path file_beside(const std::filesystem::path& folder);

  private:
    using Lows = std::map<std::string, std::int64_t>;  // sink → the position that it waits for
    Lows lows() const;
    void write(std::int64_t position, const Lows& lows);

    ClinicStore& store_;
    std::vector<std::filesystem::path> files_;
    std::int64_t written_position_ = 0;
    Lows written_lows_;
    std::chrono::nanoseconds looked_{-1'000'000'000'000};
    bool failing_ = false;
};

}  // namespace mis::gateway
