// A patient's pages; and his name, for who says why.
#include "base/json_fields.hpp"
#include "base/text.hpp"
#include "console/api.hpp"

namespace mis::console {
namespace {

constexpr std::size_t kReasonBytesMin = 5, kReasonBytesMax = 500;

Outcome found_or_not(std::optional<Json> found) {
    if (!found) return tl::unexpected(Problem{ProblemName::not_found});
    Reply reply;
    reply.body = std::move(*found);
    reply.cached = true;
    return reply;
}

}  // namespace

Outcome Api::patient(sqlite::Database& database, Call& call) {
    return found_or_not(desk_.patient(database, call.path[1]));
}

Outcome Api::timeline(sqlite::Database& database, Call& call) {
    auto page = page_of(call);
    if (!page) return tl::unexpected(std::move(page.error()));
    return found_or_not(desk_.timeline(database, call.path[1], *page));
}

Outcome Api::unmask(sqlite::Database& database, Call& call) {
    const std::string reason(trim(text_in(call.body, "reason")));
    if (reason.size() < kReasonBytesMin || reason.size() > kReasonBytesMax)
        return tl::unexpected(invalid("/reason", "why his name is needed: it stands in the journal")
        );
    auto found = desk_.unmasked(database, call.path[1]);
    if (!found) return tl::unexpected(Problem{ProblemName::not_found});
    desk_.write([&](sqlite::Transaction& transaction) {
        audit(transaction, call, "looked", "patient " + call.path[1] + " unmasked", reason);
        return true;
    });
    Reply reply;
    reply.body = std::move(*found);
    return reply;
}

}  // namespace mis::console
