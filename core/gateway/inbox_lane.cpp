#include "gateway/inbox_lane.hpp"

#include "base/log.hpp"
#include "gateway/pipeline/restored.hpp"
#include "outbox/store_meta.hpp"
#include "platform/crash_point.hpp"

namespace mis::gateway {
namespace {

inbox::Keeper keeper_of(
    ClinicStore& store, const Clock& clock,
    std::function<std::vector<inbox::MessageAnswer>(const std::vector<std::string>&)> take
) {
    inbox::Keeper keeper;
    keeper.take = std::move(take);
    keeper.count_refusal = [&store, &clock](const std::string& code) {
        const std::lock_guard lock(store.mutex());
        sqlite::Transaction transaction(store.database());
        inbox::Inbox(store.database()).count_refusal(transaction, code, clock.unix_us());
        transaction.commit();
    };
    keeper.cursor = [&store] {
        const std::lock_guard lock(store.mutex());
        return outbox::meta_value(store.database(), kInboxCursor);
    };
    keeper.moved = [&store](const std::string& cursor) {
        const std::lock_guard lock(store.mutex());
        sqlite::Transaction transaction(store.database());
        outbox::set_meta_value(transaction, kInboxCursor, cursor);
        transaction.commit();
    };
    // The cursor came back with the backup: what was sent since was taken again by now (X2).
    keeper.caught_up = [&store] {
        const std::lock_guard lock(store.mutex());
        if (!restored::exchange_awaited(store.database())) return;
        sqlite::Transaction transaction(store.database());
        restored::exchange_sent_again(transaction);
        transaction.commit();
        log::info("the exchange has sent again what it sent since the backup");
    };
    return keeper;
}

// For the answer only: what parse_message would take for it.
std::string id_in(const Json& message) {
    if (!message.is_object()) return {};
    const auto id = message.find("id");
    if (id == message.end()) return {};
    if (id->is_string() && id->get_ref<const std::string&>().size() <= inbox::kIdBytesMax)
        return id->get<std::string>();
    return id->is_number_integer() ? id->dump() : std::string();
}

}  // namespace

InboxLane::InboxLane(
    ClinicStore& store, Meaning& meaning, const InboxSetup& setup, const Clock& clock
)
    : store_(store), meaning_(meaning), clock_(clock) {
    MIS_ASSERT(setup.is_on());
    auto keeper = keeper_of(store, clock, [this](const std::vector<std::string>& texts) {
        return take(texts);
    });
    if (setup.http)
        transport_ = std::make_unique<inbox::HttpInbox>(*setup.http, std::move(keeper), clock);
    else
        transport_ = std::make_unique<inbox::NatsInbox>(*setup.nats, std::move(keeper), clock);
}

void InboxLane::start() { thread_ = std::make_unique<inbox::TransportThread>(*transport_); }

void InboxLane::stop() { thread_.reset(); }

bool InboxLane::take_all() {
    for (;;) {
        const auto round = transport_->round(inbox::Transport::Waiting::none);
        if (round == inbox::Transport::Round::took) continue;
        return round == inbox::Transport::Round::empty;
    }
}

void InboxLane::restart_if_failed() {
    if (!thread_ || thread_->failure().empty()) return;
    log::warn("inbox: the local store failed: {}; starting again", thread_->failure());
    thread_.reset();
    start();
}

std::vector<inbox::MessageAnswer> InboxLane::take(const std::vector<std::string>& texts) {
    try {
        return take_some(texts, 0);
    } catch (const sqlite::StoreError&) {
        throw;
    } catch (const std::exception& error) {
        log::error("inbox: a page is taken message by message: {}", error.what());
    }
    std::vector<inbox::MessageAnswer> answers;
    for (std::size_t index = 0; index < texts.size(); ++index) {
        try {
            answers.push_back(take_some({&texts[index], 1}, index).front());
        } catch (const sqlite::StoreError&) {
            throw;
        } catch (const std::exception&) {
            answers.push_back(set_aside(texts[index], index));
        }
    }
    return answers;
}

std::vector<inbox::MessageAnswer> InboxLane::take_some(
    std::span<const std::string> texts, std::size_t first_index
) {
    std::vector<inbox::MessageAnswer> answers;
    const std::lock_guard lock(store_.mutex());
    sqlite::Transaction transaction(store_.database());
    for (const auto& text : texts) {
        inbox::MessageAnswer& answer = answers.emplace_back();
        answer.index = first_index + answers.size() - 1;
        answer.answer = "refused";
        const auto message = parse_json(text);
        if (!message) {
            answer.code = "malformed";
            answer.reason = message.error().text;
            inbox::Inbox(store_.database())
                .count_refusal(transaction, answer.code, clock_.unix_us());
            continue;
        }
        answer.id = id_in(*message);
        auto accepted = meaning_.accept(transaction, *message, clock_.unix_us());
        answer.ignored_fields = std::move(accepted.ignored_fields);
        if (accepted.verdict == inbox::Verdict::refused) {
            answer.code = std::move(accepted.code);
            answer.reason = std::move(accepted.reason);
        } else {
            answer.answer = accepted.verdict == inbox::Verdict::repeated ? "repeated" : "accepted";
        }
    }
    platform::crash_point("inbox.before_commit");
    transaction.commit();
    platform::crash_point("inbox.after_commit");
    return answers;
}

inbox::MessageAnswer InboxLane::set_aside(const std::string& text, std::size_t index) {
    inbox::MessageAnswer answer;
    if (const auto message = parse_json(text)) answer.id = id_in(*message);
    answer.index = index;
    answer.answer = "refused";
    answer.code = "internal";
    answer.reason =
        "the gateway fails at this message, which is a mistake of its own: send it "
        "again, with the same id, to a newer version";
    const std::lock_guard lock(store_.mutex());
    sqlite::Transaction transaction(store_.database());
    inbox::Inbox(store_.database()).count_refusal(transaction, answer.code, clock_.unix_us());
    transaction.commit();
    return answer;
}

}  // namespace mis::gateway
