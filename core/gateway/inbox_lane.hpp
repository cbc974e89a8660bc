// InboxLane: the exchange's messages with what they run on: their transport, its thread, and the
// transaction in which a page is stored.
//
// A page is one commit. Should a message of it fail us (a mistake of ours, not a refusal), nothing
// of the page stays and each of its messages is taken alone: the one that fails is set aside as
// refused, `internal`, and the next ones are taken. Nothing is answered before it is committed.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "gateway/keeping/clinic_store.hpp"
#include "gateway/pipeline/meaning.hpp"
#include "inbox/http_inbox.hpp"
#include "inbox/nats_inbox.hpp"

namespace mis::gateway {

struct InboxSetup {  // none: messages are handed in by `inbox push` alone
    std::optional<inbox::HttpInboxOptions> http;
    std::optional<inbox::NatsInboxOptions> nats;  // not both
    bool is_on() const { return http.has_value() || nats.has_value(); }
};

// The place up to which the exchange's messages were answered; in a store that was lost, or brought
// back, there is none: all are taken again, and known by their ids.
inline constexpr const char* kInboxCursor = "inbox_cursor";

class InboxLane {
  public:
    InboxLane(ClinicStore& store, Meaning& meaning, const InboxSetup& setup, const Clock& clock);
    InboxLane(const InboxLane&) = delete;
    InboxLane& operator=(const InboxLane&) = delete;
    ~InboxLane() = default;  // ends a waiting question at once

    void start();
    // `sync --once`: what is there now, on the caller's thread. False: the exchange was not
    // reached.
    bool take_all();
    void stop();
    // The local store failed under it (disk full): a new thread is started. Called from the main
    // loop.
    void restart_if_failed();
    inbox::TransportStatus status() const { return transport_->status(); }

  private:
    std::vector<inbox::MessageAnswer> take(const std::vector<std::string>& texts);
    std::vector<inbox::MessageAnswer> take_some(
        std::span<const std::string> texts, std::size_t first_index
    );
    inbox::MessageAnswer set_aside(const std::string& text, std::size_t index);

    ClinicStore& store_;
    Meaning& meaning_;
    const Clock& clock_;
    std::unique_ptr<inbox::Transport> transport_;
    std::unique_ptr<inbox::TransportThread> thread_;
};

}  // namespace mis::gateway
