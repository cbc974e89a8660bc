// File sink: events as JSON Lines in files of bounded size, an exchange without a network and the
// log that `restore` reads.
//
// Folder: events-000001.jsonl, events-000002.jsonl, …; the highest is written, mode 0600. Events
// are settled only after the fsync. After a crash the torn last line is cut off at open; what was
// written but not yet recorded as delivered is claimed again and left out, as long as it is among
// the last 16384 events and the last 8 MB of the two newest files: ids repeat only beyond that. A
// full disk: the partial write is taken back, retried with backoff, nothing is lost. The folder is
// locked while the sink lives: two sinks in one would each hold every event.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "base/backoff.hpp"
#include "platform/appended_file.hpp"
#include "platform/instance_lock.hpp"
#include "sink/delivery_queue.hpp"
#include "sink/sink.hpp"

namespace mis::sink {

struct FileOptions {
    std::filesystem::path folder;               // made if missing, 0700
    std::uint64_t file_bytes_max = 64'000'000;  // then the next number begins
    std::size_t files_max = 0;  // older ones are deleted; 0: all are kept (restore needs them)
    std::size_t batch_events_max = 500;  // per fsync
    std::chrono::milliseconds backoff_first{1'000};
    std::chrono::milliseconds backoff_longest{60'000};
};

class FileSink final : public Sink {
  public:
    // Throws std::runtime_error naming the folder when it cannot be opened, or another sink has it.
    FileSink(std::string name, FileOptions options, DeliveryQueue& queue, const Clock& clock);

    std::optional<std::chrono::nanoseconds> turn() override;
    bool wind_down() override { return true; }
    void wait(std::chrono::nanoseconds at_most) override;
    void wake() override;

  private:
    void open_newest();
    void remove_older();
    void open_number(std::uint64_t number);
    void remember(std::string_view id);
    void remember_ids_in(std::string_view lines);
    bool append(std::string_view lines);  // durable, or taken back
    std::filesystem::path path_of(std::uint64_t number) const;

    const FileOptions options_;
    DeliveryQueue& queue_;
    const Clock& clock_;
    Backoff backoff_;
    std::optional<platform::InstanceLock> lock_;
    std::uint64_t number_ = 0;
    platform::AppendedFile file_;
    std::deque<std::uint64_t>
        written_order_;  // of the ids written last, oldest first, 64 bits each
    std::unordered_set<std::uint64_t> written_;
    std::uint32_t failures_ = 0;
    std::chrono::nanoseconds not_before_{0};
    std::mutex wake_mutex_;
    std::condition_variable woken_up_;
    bool woken_ = false;  // guarded by wake_mutex_
};

}  // namespace mis::sink
