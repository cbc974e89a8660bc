// Complaints and reviews (domain.md F1): received from the exchange, answered by the clinic,
// resolved on the patient's word only.
//
// Texts and ratings stay in the inbox; events carry times and counts.
#pragma once

#include <cstdint>
#include <span>

#include "domain/change.hpp"

namespace mis::domain {

struct FeedbackCounts {
    std::int64_t received = 0, answered = 0, resolved = 0;
};

// Over any messages: of one order, or of the whole clinic. A feedback counts once in each;
// "answered" is the clinic's own message `feedback.answered` {feedback}; resolved only where the
// patient says that he is satisfied.
FeedbackCounts count_feedback(std::span<const InboxFact> messages);

void announce_feedback(Change& change);

}  // namespace mis::domain
