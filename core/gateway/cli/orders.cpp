#include "gateway/cli/orders.hpp"

#include "gateway/cli/print.hpp"

namespace mis::gateway::cli {
namespace {

using State = OrderStanding::State;

constexpr int kOrdersPerPage = 1'000;
constexpr int kLinksMax = 100'000;

OrderStanding standing_of(const inbox::Inbox& inbox, const inbox::WaitingOrder& waiting) {
    OrderStanding order;
    order.order = waiting.order;
    order.received_us = inbox.message(waiting.position).received_us;
    order.identity = waiting.identity;
    order.candidates = waiting.candidates;
    order.state = inbox.is_cancelled(waiting.order) ? State::cancelled
                  : waiting.identity.is_empty()     ? State::unlinked
                                                    : State::waiting;
    return order;
}

OrderStanding standing_of(const Session& session, const domain::OrderLink& link) {
    OrderStanding order;
    order.order = link.order;
    order.state = State::linked;
    order.patient = session.store->identity().pseudonym(link.source, link.patient_source_id);
    order.ground = link.ground;
    return order;
}

void for_each_waiting(
    const inbox::Inbox& inbox, const std::function<void(const OrderStanding&)>& visit
) {
    std::string after;
    for (;;) {
        const auto page = inbox.waiting_orders(after, kOrdersPerPage);
        for (const auto& waiting : page) visit(standing_of(inbox, waiting));
        if (std::ssize(page) < kOrdersPerPage) return;
        after = page.back().order;
    }
}

std::vector<RecordKey> matches_now(Session& session, const OrderStanding& order) {
    return order.state == State::waiting ? session.meaning()->candidates(order.identity)
                                         : std::vector<RecordKey>{};
}

std::string link_command(const OrderStanding& order) {
    return "mis-gateway order link " + order.order + " SOURCE PATIENT";
}

std::string received_text(const Session& session, const OrderStanding& order) {
    return session.config.clinic_zone.at(order.received_us).to_string();
}

// Why it waits, as a clause.
std::string waiting_reason(const OrderStanding& order, const std::vector<RecordKey>& matches) {
    const std::string by = order.identity.ground();
    if (matches.empty()) return "no patient of the MIS matches its " + by;
    if (matches.size() == 1)
        return "one patient matches its " + by + ": the next pass links it by itself";
    std::string reason = std::to_string(matches.size()) + " patients match its " + by + ":";
    for (const auto& match : matches) reason += " " + match.source + " " + match.source_id;
    return reason;
}

}  // namespace

std::string to_string(State state) {
    switch (state) {
        case State::waiting:
            return "waiting";
        case State::unlinked:
            return "unlinked";
        case State::cancelled:
            return "cancelled";
        case State::linked:
            return "linked";
    }
    return "";
}

std::optional<OrderStanding> order_standing(Session& session, const std::string& order) {
    const inbox::Inbox inbox(session.store->database());
    if (const auto link = inbox.link_of(order)) return standing_of(session, *link);
    if (const auto waiting = inbox.waiting_order(order)) return standing_of(inbox, *waiting);
    return std::nullopt;
}

std::string order_text(Session& session, const OrderStanding& order) {
    const std::string name = "order " + order.order;
    switch (order.state) {
        case State::linked:
            return name + " is linked to " + order.patient +
                   ", and nothing of its plan has been announced yet: the next pass does it";
        case State::cancelled:
            return name + " was cancelled before it found its patient: there is nothing to do";
        case State::unlinked:
            return name + " (received " + received_text(session, order) +
                   ") waits, because its link was undone and what named its patient is erased\n  "
                   "link it to the right patient: " +
                   link_command(order);
        case State::waiting:
            break;
    }
    const auto matches = matches_now(session, order);
    std::string text = name + " waits for its patient since " + received_text(session, order) +
                       ": " + waiting_reason(order, matches);
    if (matches.size() == 1) return text;
    return text +
           (matches.empty() ? "\n  enter or correct the patient's card in the MIS and it is "
                              "linked by itself, or link it: "
                            : "\n  link it to the right one: ") +
           link_command(order);
}

Json order_json(Session& session, const OrderStanding& order) {
    Json out{{"order", order.order}, {"state", to_string(order.state)}};
    if (order.state == State::linked) {
        out.update({{"patient", order.patient}, {"ground", order.ground}});
        return out;
    }
    out["since"] = received_text(session, order);
    if (order.state == State::cancelled) return out;
    if (order.state == State::waiting) {
        const auto matches = matches_now(session, order);
        out["ground"] = order.identity.ground();
        out["candidates"] = matches.size();
        out["matches"] = Json::array();
        for (const auto& match : matches)
            out["matches"].push_back({{"source", match.source}, {"patient", match.source_id}});
    }
    out["remedy"] = link_command(order);
    return out;
}

int order_list(const Common& common) {
    return with_session(common, ClinicStore::Opening::existing, [&](Session& session) {
        const inbox::Inbox inbox(session.store->database());
        Table table({"order", "state", "candidates", "patient", "ground"}, {2});
        const auto show = [&](const OrderStanding& order) {
            const bool waiting = order.state == State::waiting;
            if (common.output == Output::json)
                print_json(
                    {{"order", order.order},
                     {"state", to_string(order.state)},
                     {"candidates", waiting ? Json(order.candidates) : Json()},
                     {"patient", order.patient},
                     {"ground", order.ground}}
                );
            else
                table.add(
                    {order.order,
                     order.state == State::unlinked ? "waits for `order link`"
                                                    : to_string(order.state),
                     waiting ? std::to_string(order.candidates) : "", order.patient, order.ground}
                );
        };
        for_each_waiting(inbox, show);
        for (const auto& link : inbox.links(kLinksMax)) show(standing_of(session, link));
        if (common.output == Output::table) {
            if (table.size() == 0)
                print_line("no orders yet");
            else
                table.print();
        }
        return kDone;
    });
}

}  // namespace mis::gateway::cli
