#include "source/read_ahead.hpp"

#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>

namespace mis::source {
namespace {

// Room for one batch between the two threads.
class Handover {
  public:
    // Waits for room. false: nobody takes any more.
    bool put(RowBatch&& batch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !batch_ || closed_; });
        if (closed_) return false;
        batch_.emplace(std::move(batch));
        changed_.notify_all();
        return true;
    }
    // nullopt: the other side is done, and everything was taken.
    std::optional<RowBatch> get() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return batch_ || done_; });
        std::optional<RowBatch> taken = std::move(batch_);
        batch_.reset();
        changed_.notify_all();
        return taken;
    }
    void done() {
        const std::lock_guard lock(mutex_);
        done_ = true;
        changed_.notify_all();
    }
    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<RowBatch> batch_;
    bool done_ = false, closed_ = false;
};

}  // namespace

Result<ReadReport> read_ahead(
    RowReader& reader, const std::string& stream, const Slice& slice,
    const std::function<Result<void>(RowBatch&&)>& take
) {
    Handover handover;
    auto reading = std::async(std::launch::async, [&] {
        struct Done {
            Handover& handover;
            ~Done() { handover.done(); }
        } const at_the_end{handover};
        return reader.read(stream, slice, [&](RowBatch&& batch) -> Result<void> {
            if (handover.put(std::move(batch))) return {};
            return fail(ErrorKind::cancelled, "the rows before were refused");
        });
    });
    struct Close {  // also when `take` throws: the reader must not wait for ever
        Handover& handover;
        ~Close() { handover.close(); }
    };
    std::optional<Error> refused;
    {
        const Close when_left{handover};
        while (auto batch = handover.get()) {
            if (auto taken = take(std::move(*batch)); !taken) {
                refused = taken.error();
                break;
            }
        }
    }
    auto report = reading.get();
    if (refused) return fail(*refused);
    return report;
}

}  // namespace mis::source
