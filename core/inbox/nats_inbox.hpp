// NatsInbox: the exchange's messages from a JetStream stream, by a durable pull consumer
// (schemas/README.md section 4).
//
// One page at a time: pulled, stored by one commit, answered on mis-answers.CLINIC, and
// acknowledged once the exchange's stream has the answers. What was pulled and not acknowledged (a
// kill, a lost connection, answers that nobody takes) comes again when the consumer's ack_wait is
// over; until then nothing else is asked for, so that the order stands.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "base/backoff.hpp"
#include "inbox/transport.hpp"
#include "net/nats_connection.hpp"

namespace mis::inbox {

struct NatsInboxOptions {
    net::NatsOptions connection;
    std::string clinic_id;
    std::string domain;
    std::size_t messages_max = 100;     // of one page
    std::chrono::seconds wait{30};      // a pull waits so long for a message
    std::chrono::seconds ack_wait{30};  // of the consumer, where we make it
    std::chrono::milliseconds answer_timeout{5'000};
    std::chrono::milliseconds backoff_first{1'000};
    std::chrono::milliseconds backoff_longest{60'000};
};

class NatsInbox final : public Transport {
  public:
    NatsInbox(NatsInboxOptions options, Keeper keeper, const Clock& clock);

    Round round(Waiting waiting) override;
    std::chrono::nanoseconds pause() const override { return pause_; }
    void interrupt() override;
    // Connects and looks for the stream (`check`); makes no consumer.
    Result<void> probe();

  private:
    struct Message {
        std::string text;
        std::string reply;           // where it is acknowledged
        std::uint64_t sequence = 0;  // of the stream
    };
    Result<void> connect();
    Result<void> find_consumer();
    Result<std::vector<Message>> pull(Waiting waiting);
    Result<void> send_pull(Waiting waiting);
    std::string pull_tail() const;
    bool take_message(const net::NatsAnswer& came);
    Result<void> answer(
        const std::vector<Message>& messages, const std::vector<MessageAnswer>& answers
    );
    Round failed(const Error& error);
    void drop_connection();
    std::string subject() const { return "mis-inbox." + options_.clinic_id; }
    std::string durable() const { return "mis-gateway-" + options_.clinic_id; }

    const NatsInboxOptions options_;
    const Keeper keeper_;
    Backoff backoff_;
    std::shared_ptr<net::NatsMailbox> mailbox_;
    std::unique_ptr<net::NatsConnection> connection_;
    std::string stream_;
    std::atomic<bool> stopping_{false};
    // The pull that the server still fills: another is not sent before it has ended.
    struct OpenPull {
        std::string tail;
        std::size_t left = 0;
        std::chrono::nanoseconds until{0};
    };
    std::optional<OpenPull> open_pull_;
    std::vector<Message> early_;  // came while a page was answered
    std::uint64_t pulls_ = 0, answers_ = 0;
    std::uint32_t failures_in_row_ = 0;
    std::chrono::nanoseconds pause_{0};
    std::chrono::nanoseconds again_at_{0};  // when what is outstanding has come back
};

}  // namespace mis::inbox
