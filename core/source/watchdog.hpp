// Ends calls that take too long: at the deadline the server is asked to cancel (raise), kAbortAfter
// later our own call is aborted, which also works on a server that does not answer at all. A call
// that was interfered with leaves its connection unusable: drop it.
//
// One thread of its own, one guarded call at a time. cancel() comes from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace mis::source {

// A connection whose calls block, and can be ended from another thread.
class Interruptible {
  public:
    // raise: the server ends what it runs; abort: our own call ends, the connection is of no
    // further use.
    enum class Cancel { raise, abort };
    virtual void cancel(Cancel how) = 0;

  protected:
    ~Interruptible() = default;
};

class Watchdog {
  public:
    static constexpr std::chrono::seconds kAbortAfter{2};
    enum class Verdict { untouched, too_long, cancelled };

    Watchdog();
    ~Watchdog();
    Watchdog(const Watchdog&) = delete;
    Watchdog& operator=(const Watchdog&) = delete;

    class Guard {  // around one or more calls on that connection
      public:
        Guard(
            Watchdog& watchdog, Interruptible& connection,
            std::chrono::steady_clock::time_point deadline
        );
        ~Guard();
        Guard(const Guard&) = delete;
        Guard& operator=(const Guard&) = delete;
        Verdict verdict() const;

      private:
        Watchdog& watchdog_;
    };

    // The guarded call ends as soon as the server allows, and so do those that follow until
    // forget_cancel().
    void cancel();
    void forget_cancel();
    bool cancel_asked() const;
    void wait_unless_cancelled(std::chrono::microseconds duration);

  private:
    enum class Stage { idle, running, raised, aborted };
    void watch();

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Interruptible* connection_ = nullptr;
    std::chrono::steady_clock::time_point deadline_;
    Stage stage_ = Stage::idle;
    Verdict verdict_ = Verdict::untouched;
    bool cancel_asked_ = false;
    bool ending_ = false;
    std::thread thread_;
};

}  // namespace mis::source
