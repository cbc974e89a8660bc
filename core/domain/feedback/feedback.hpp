// Complaints and reviews (F1): received from the exchange, answered by the clinic,
// resolved on the patient's word only.
//
// Texts and ratings stay in the inbox; events carry times and counts.
#pragma once

#include <span>

#include "domain/change.hpp"

namespace mis::domain {

// Over any messages, in the order of their acceptance: of one group, or of the whole clinic. A
// feedback counts once in each; "answered" is the clinic's own message `feedback.answered`
// {feedback}; resolved while the patient's last word is that he is satisfied.
FeedbackCounts count_feedback(std::span<const InboxFact> messages);

// Each is said once, and of the patient's word again whenever it changes.
void announce_feedback(Change& change);

}  // namespace mis::domain
