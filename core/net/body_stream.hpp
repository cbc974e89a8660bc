// BodyStream: an answer's body that is written while it is sent; for answers that go on, such as
// server-sent events.
//
// Whoever answers keeps it and writes parts from any thread; the server sends them, each in its
// own time limit. What is not sent yet is bounded: the writer asks room() and waits for `moved`,
// so a slow taker holds no memory. A taker who has gone is told by write(), is_gone() and `moved`.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

namespace mis::net {

class BodyStream {
  public:
    // `moved` is called on the server's thread, after something was sent or the taker went. It may
    // be called once more while the server is being destroyed.
    BodyStream(std::size_t unsent_bytes_max, std::function<void()> moved);

    bool write(std::string part);  // false: nobody takes it
    std::size_t room() const;      // bytes that may be written now; one part may be larger
    bool is_gone() const;
    void end();  // nothing more is written

    // The server's side.
    enum class Next { part, wait, ended };
    Next take(std::string& part);  // what was taken before counts as sent
    void wake_by(std::function<void()> wake);
    void leave();  // the taker is gone, or has everything

  private:
    const std::size_t unsent_bytes_max_;
    const std::function<void()> moved_;
    mutable std::mutex mutex_;
    std::deque<std::string> parts_;
    std::size_t unsent_bytes_ = 0, in_hand_bytes_ = 0;
    bool ended_ = false, gone_ = false;
    std::function<void()> wake_;
};

}  // namespace mis::net
