// Transport: how the exchange's messages come by themselves, and how they are answered. It mirrors
// a sink: one thread, a round after the other, failures retried for ever with a reason that a human
// can act on.
//
// Durable is what the keeper did: take() stores a page whole and commits it, moved() keeps the
// cursor once the exchange has our answers. A crash in between fetches the same page again, whose
// messages are known by their ids. Nothing is acknowledged before it is on the disk.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"

namespace mis::inbox {

// What the exchange is told of one message.
struct MessageAnswer {
    std::string id;                    // empty: the message has none that could be read
    std::optional<std::size_t> index;  // its place in the page; none: there was no page
    std::string answer;                // "accepted", "repeated", "refused"
    std::string code, reason;          // of refused; for people, without content
    std::vector<std::string> ignored_fields;
    Json to_json() const;
};

// Where what came is put. Called from the transport's thread; throws sqlite::StoreError when the
// local store fails: then nothing was taken.
struct Keeper {
    // Texts of messages, in order; one answer for each, once they are committed.
    std::function<std::vector<MessageAnswer>(const std::vector<std::string>&)> take;
    std::function<void(const std::string& code)> count_refusal;  // of what was no message at all
    std::function<std::string()> cursor;                         // empty: from the beginning
    std::function<void(const std::string&)> moved;               // empty: to the beginning
    // The exchange was asked, and has nothing behind the cursor that is kept here.
    std::function<void()> caught_up = {};
};

struct TransportStatus {
    bool failing = false;
    std::string reason;                 // what a human can act on; no content
    std::int64_t failing_since_us = 0;  // 0: it is not
    std::int64_t last_success_us = 0;   // of an answer to a question for messages; 0: never yet
    std::map<std::string, std::uint64_t> requests;  // by outcome
    std::map<std::string, std::uint64_t> messages;  // by answer
    std::uint64_t answers_given_up = 0;             // the exchange does not take them
    std::optional<double> clock_skew_seconds;       // the exchange's clock minus ours
};

class Transport {
  public:
    virtual ~Transport() = default;
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    enum class Waiting { patient, none };  // none: asks for what is there now
    enum class Round { took, empty, failed };
    // Asks once, stores and answers what came. Blocks no longer than the time-outs say.
    virtual Round round(Waiting waiting) = 0;
    virtual std::chrono::nanoseconds pause() const = 0;  // before the next round
    virtual void interrupt() = 0;  // from any thread: ends the round under way, for good
    TransportStatus status() const;

  protected:
    explicit Transport(const Clock& clock) : clock_(clock) {}
    void works(const std::string& name);
    void fails(const std::string& name, const std::string& reason);  // logs the change, once
    void count_request(const std::string& outcome);
    void count_messages(const std::vector<MessageAnswer>& answers);

    const Clock& clock_;
    mutable std::mutex status_mutex_;
    TransportStatus status_;  // guarded by status_mutex_
};

class TransportThread {  // runs one until destroyed
  public:
    explicit TransportThread(Transport& transport);
    TransportThread(const TransportThread&) = delete;
    TransportThread& operator=(const TransportThread&) = delete;
    ~TransportThread();

    // What ended it early: a local store's failure (disk full); the owner makes a new one. Empty:
    // running.
    std::string failure() const;

  private:
    void run();
    Transport& transport_;
    mutable std::mutex mutex_;
    std::condition_variable ended_;
    bool stopping_ = false;  // guarded by mutex_
    std::string failure_;    // guarded by mutex_
    std::thread thread_;
};

}  // namespace mis::inbox
