// Foresight: what the groups that come next mean, worked out on another core while the store is
// being written.
//
// Deriving is a pure function, so an answer made early is the answer, if its question is the one
// that is asked when the group's turn comes: the same facts, the same announced state, the same
// rules, and ids that nobody has used meanwhile. Whatever changed in between is worked out again by
// whoever asks. Nothing here writes; losing it loses time alone.
#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "change/record_store.hpp"
#include "gateway/pipeline/derivation.hpp"
#include "gateway/pipeline/group_reader.hpp"
#include "sqlite/database.hpp"

namespace mis::gateway {

class Foresight {
  public:
    // Rules and names as they are now: make a new one when they change.
    Foresight(
        sqlite::Database reader, const Identity& identity, std::uint32_t epoch, domain::Rules rules,
        PractitionerNames names
    );
    ~Foresight();  // waits for what is being worked out
    Foresight(const Foresight&) = delete;
    Foresight& operator=(const Foresight&) = delete;

    // Waits for the answers of the last look, which can be taken from now on, and begins with these
    // patients. Throws sqlite::StoreError: the store could not be read.
    void look_at(std::vector<change::GroupKey> next, std::int64_t now_us);

    struct Answer {
        GroupReader::Preview question;
        Derivation derived;
    };
    // The answer, if it was foreseen and its question is the one asked now; once.
    using IsAsked = std::function<bool(const GroupReader::Preview& question)>;
    using IsFree = std::function<bool(std::string_view event_id)>;
    std::optional<Answer> take(
        const change::GroupKey& patient, const IsAsked& is_asked, const IsFree& is_free
    );

  private:
    using Answers = std::map<change::GroupKey, Answer>;
    Answers work_out(const std::vector<change::GroupKey>& patients, std::int64_t now_us);

    sqlite::Database reader_;  // of the other thread alone
    disclosure::PrivateIndex everybody_{reader_};
    const Identity& identity_;
    const domain::Rules rules_;
    const PractitionerNames names_;
    std::future<Answers> looking_;
    Answers answers_;
};

}  // namespace mis::gateway
