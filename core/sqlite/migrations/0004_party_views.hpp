// Layout 4: an event in outbox_segment may carry views for single parties (outbox/packing.cpp). No
// table changes; the number keeps programs away that would misread such an event.
#pragma once

namespace mis::sqlite::steps {

inline constexpr const char* kPartyViews = "";

}  // namespace mis::sqlite::steps
