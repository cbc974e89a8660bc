// Exchange: what a small exchange keeps: every event exactly once, the messages that it sends to
// the clinic with the answers to them, and the books that the events add up to.
//
// One SQLite base, opened or made; one thread at a time. Whatever a call returned from is on the
// disk. Books are folded from the stored events when it is opened. Failures of the base:
// sqlite::StoreError.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "books.hpp"
#include "sqlite/database.hpp"

namespace mis::receiver {

class Exchange {
  public:
    explicit Exchange(const std::filesystem::path& path);

    struct Refused {
        std::string id, reason;
    };
    // One delivery, one transaction. Known ids are dropped; given back are those that can't be
    // taken: without what is needed, or an id that came before with other content.
    std::vector<Refused> take(const Json& events);
    const Books& books() const { return books_; }
    std::uint64_t repeats() const { return repeats_; }  // since it was opened

    // Messages have positions from 1, without gaps, in the order of their placing.
    std::vector<std::uint64_t> place(const Json& messages);  // a message, or a list
    struct Page {
        Json messages = Json::array();
        std::uint64_t next = 0;  // position of the last of them; `after` where there is none
    };
    Page messages_after(std::uint64_t after, std::uint64_t count_max) const;
    std::uint64_t last_message() const;
    // The answers to the page after `after`. misused: an answer to a message that is not there, or
    // of another id.
    Result<void> answered(std::uint64_t after, const Json& answers);
    Json messages() const;  // each with its answer, where there is one

  private:
    std::optional<Refused> take_one(sqlite::Transaction& transaction, const Json& event);
    mutable sqlite::Database database_;
    Books books_;
    std::uint64_t repeats_ = 0;
};

}  // namespace mis::receiver
