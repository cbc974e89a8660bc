#include "source/read_ahead.hpp"

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <utility>

namespace mis::source {
namespace {

struct Ending {
    Result<ReadReport> report;
    std::optional<Slice> next;  // begun without being asked for
};

// Either rows or how their slice ended.
struct Item {
    std::optional<RowBatch> batch;
    std::optional<Ending> ending;
};

// Room for a few batches between the two threads.
class Handover {
  public:
    // Waits for room. false: nobody takes any more.
    bool put(Item&& item) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return items_.size() < kBatchesAheadMax || closed_; });
        if (closed_) return false;
        items_.push_back(std::move(item));
        changed_.notify_all();
        return true;
    }
    // nullopt: the other side is done, and everything was taken.
    std::optional<Item> get() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return !items_.empty() || done_; });
        if (items_.empty()) return std::nullopt;
        Item taken = std::move(items_.front());
        items_.pop_front();
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
    std::deque<Item> items_;
    bool done_ = false, closed_ = false;
};

}  // namespace

// The reading thread, from one slice that was asked for to the last that was guessed.
class ReadAhead::Reading {
  public:
    Reading(const ReadAhead& ahead, const Slice& slice)
        : thread_(std::async(std::launch::async, [this, &ahead, slice] {
              struct Done {
                  Handover& handover;
                  ~Done() { handover.done(); }
              } const at_the_end{handover_};
              std::optional<Slice> next = slice;
              while (next) next = read_one(ahead, *next);
          })) {}
    ~Reading() { handover_.close(); }  // and the thread is waited for

    std::optional<Item> get() {
        auto item = handover_.get();
        if (!item) thread_.get();  // what it threw is thrown here
        return item;
    }

  private:
    std::optional<Slice> read_one(const ReadAhead& ahead, const Slice& slice) {
        SliceEnd end;
        auto report =
            ahead.reader_.read(ahead.stream_, slice, [&](RowBatch&& batch) -> Result<void> {
                if (ahead.guess_)
                    for (std::size_t row = 0; row < batch.rows(); ++row)
                        end.follow(batch.cell(row, ahead.key_column_).value_or(""));
                if (handover_.put({std::move(batch), std::nullopt})) return {};
                return fail(ErrorKind::cancelled, "the rows before were refused");
            });
        std::optional<Slice> next;
        if (report && ahead.guess_) {
            end.rows = report->rows;
            next = ahead.guess_(slice, end);
        }
        if (!handover_.put({std::nullopt, Ending{std::move(report), next}})) return std::nullopt;
        return next;
    }

    Handover handover_;
    std::future<void> thread_;  // destroyed first
};

ReadAhead::ReadAhead(RowReader& reader, std::string stream, std::size_t key_column, Guess guess)
    : reader_(reader),
      stream_(std::move(stream)),
      key_column_(key_column),
      guess_(std::move(guess)) {}

ReadAhead::~ReadAhead() { stop(); }

void ReadAhead::stop() {
    reading_.reset();
    guessed_.reset();
}

Result<ReadReport> ReadAhead::read(
    const Slice& slice, const std::function<Result<void>(RowBatch&&)>& take
) {
    struct StopUnlessWhole {  // also when `take` throws: the reader must not wait for ever
        ReadAhead& ahead;
        bool whole = false;
        ~StopUnlessWhole() {
            if (!whole) ahead.stop();
        }
    } at_the_end{*this};
    if (guessed_ != slice) stop();
    guessed_.reset();
    if (!reading_) reading_ = std::make_unique<Reading>(*this, slice);
    while (true) {
        auto item = reading_->get();
        MIS_ASSERT(item);  // a slice ends with its ending, or by what was thrown
        if (item->batch) {
            if (auto taken = take(std::move(*item->batch)); !taken) return fail(taken.error());
            continue;
        }
        guessed_ = std::move(item->ending->next);
        at_the_end.whole = guessed_.has_value();
        return std::move(item->ending->report);
    }
}

}  // namespace mis::source
