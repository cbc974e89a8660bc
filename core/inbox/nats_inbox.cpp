#include "inbox/nats_inbox.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.hpp"
#include "net/jetstream.hpp"

namespace mis::inbox {
namespace {

namespace jetstream = net::jetstream;

constexpr std::chrono::milliseconds kGather{50};      // the rest of a page comes close behind
constexpr std::chrono::milliseconds kRedeliver{500};  // after ack_wait, for the server's own clock
const std::string kStreamName = "the exchange's stream";

// "$JS.ACK.STREAM.CONSUMER.DELIVERED.SEQUENCE.…", with domain and account before the stream in
// newer servers; 0: it is none.
std::uint64_t sequence_in(std::string_view reply) {
    const auto words = split(reply, '.');
    if (words.size() < 9 || words[0] != "$JS" || words[1] != "ACK") return 0;
    const std::string_view word = words[words.size() >= 11 ? 7 : 5];
    std::uint64_t sequence = 0;
    const auto read = std::from_chars(word.data(), word.data() + word.size(), sequence);
    return read.ec == std::errc() && read.ptr == word.data() + word.size() ? sequence : 0;
}

}  // namespace

NatsInbox::NatsInbox(NatsInboxOptions options, Keeper keeper, const Clock& clock)
    : Transport(clock),
      options_(std::move(options)),
      keeper_(std::move(keeper)),
      backoff_(options_.backoff_first, options_.backoff_longest),
      mailbox_(std::make_shared<net::NatsMailbox>()) {}

void NatsInbox::interrupt() {
    stopping_ = true;
    mailbox_->wake();
}

Transport::Round NatsInbox::round(Waiting waiting) {
    pause_ = std::chrono::nanoseconds(0);
    if (!connection_) {
        if (const auto connected = connect(); !connected) {
            count_request("unavailable");
            return failed(connected.error());
        }
    }
    if (const auto left = again_at_ - clock_.steady(); left.count() > 0) {
        // What an earlier asker left unanswered comes first.
        if (waiting == Waiting::none)
            return failed(
                {ErrorKind::unavailable,
                 fmt::format(
                     "messages that were fetched and not answered come again in {} s",
                     std::chrono::ceil<std::chrono::seconds>(left).count()
                 )}
            );
        pause_ = left;  // whatever failed before is not over
        return Round::empty;
    }
    const auto messages = pull(waiting);
    if (!messages) {
        count_request("failed");
        drop_connection();
        return failed(messages.error());
    }
    if (messages->empty()) {
        count_request("empty");
        works(kStreamName);
        failures_in_row_ = 0;
        return Round::empty;
    }
    count_request("messages");
    std::vector<std::string> texts;
    for (const auto& message : *messages) texts.push_back(message.text);
    const auto answers = keeper_.take(texts);
    count_messages(answers);
    if (const auto answered = answer(*messages, answers); !answered) {
        count_request("unknown");
        drop_connection();
        return failed(answered.error());
    }
    count_request("answered");
    works(kStreamName);
    failures_in_row_ = 0;
    return Round::took;
}

Transport::Round NatsInbox::failed(const Error& error) {
    if (stopping_) return Round::failed;
    fails(kStreamName, error.text);
    pause_ = backoff_.delay(++failures_in_row_);
    return Round::failed;
}

void NatsInbox::drop_connection() {
    connection_.reset();
    open_pull_.reset();
    early_.clear();
    mailbox_->begin();
}

Result<void> NatsInbox::connect() {
    mailbox_->begin();
    auto made = net::NatsConnection::connect(options_.connection, mailbox_);
    if (!made) return fail(made.error());
    connection_ = std::move(*made);
    auto found = find_consumer();
    if (!found) drop_connection();
    return found;
}

Result<void> NatsInbox::find_consumer() {
    const auto stream = jetstream::stream_of(*connection_, options_.domain, subject());
    if (!stream) return fail(stream.error());
    stream_ = *stream;
    const std::string name = stream_ + "." + durable();
    auto told = jetstream::ask(*connection_, options_.domain, "CONSUMER.INFO." + name, {});
    if (told && told->contains("error") &&
        jetstream::error_code((*told)["error"]) == jetstream::kNoConsumer)
        told = jetstream::ask(
            *connection_, options_.domain, "CONSUMER.DURABLE.CREATE." + name,
            Json{
                {"stream_name", stream_},
                {"config",
                 {{"durable_name", durable()},
                  {"ack_policy", "explicit"},
                  {"deliver_policy", "all"},
                  {"filter_subject", subject()},
                  {"ack_wait", std::chrono::nanoseconds(options_.ack_wait).count()},
                  {"max_deliver", -1},
                  {"max_ack_pending", options_.messages_max}}}}
        );
    if (!told)
        return fail(
            ErrorKind::unavailable,
            told.error().text + ": give our login the rights that the README of the sinks names"
        );
    if (const auto error = told->find("error"); error != told->end())
        return fail(
            ErrorKind::unavailable,
            fmt::format("consumer {}: {}", durable(), jetstream::error_text(*error))
        );
    const Json config = told->value("config", Json::object());
    if (config.value("ack_policy", "") != "explicit" || config.contains("deliver_subject"))
        return fail(
            ErrorKind::misconfigured,
            fmt::format(
                "consumer {} of stream {} is not a pull consumer with explicit acknowledgement: "
                "delete it, and it is made as it should be",
                durable(), stream_
            )
        );
    again_at_ = {};
    if (jetstream::number_in(*told, "num_ack_pending") > 0)
        again_at_ = clock_.steady() +
                    std::chrono::nanoseconds(jetstream::number_in(config, "ack_wait")) + kRedeliver;
    return {};
}

Result<void> NatsInbox::send_pull(Waiting waiting) {
    OpenPull open{fmt::format("pull_{}", ++pulls_), options_.messages_max, clock_.steady()};
    open.until += options_.answer_timeout;
    Json question{{"batch", options_.messages_max}};
    if (waiting == Waiting::none) {
        question["no_wait"] = true;
    } else {
        question["expires"] = std::chrono::nanoseconds(options_.wait).count();
        open.until += options_.wait;
    }
    auto sent = connection_->publish(
        {jetstream::api_subject(options_.domain, "CONSUMER.MSG.NEXT." + stream_ + "." + durable()),
         open.tail, "", "", question.dump()}
    );
    if (sent) open_pull_ = std::move(open);
    return sent;
}

std::string NatsInbox::pull_tail() const { return open_pull_ ? open_pull_->tail : ""; }

bool NatsInbox::take_message(const net::NatsAnswer& came) {
    const auto sequence = sequence_in(came.reply);
    if (sequence == 0) return false;
    early_.push_back({came.body, came.reply, sequence});
    if (open_pull_ && --open_pull_->left == 0) open_pull_.reset();
    return true;
}

// Returns with the first messages that come, and what follows close behind.
Result<std::vector<NatsInbox::Message>> NatsInbox::pull(Waiting waiting) {
    if (early_.empty() && !open_pull_)
        if (const auto sent = send_pull(waiting); !sent) return fail(sent.error());
    while (!stopping_ && open_pull_) {
        const auto left = open_pull_->until - clock_.steady();
        if (left.count() <= 0) break;
        const bool has_some = !early_.empty();
        mailbox_->wait(has_some ? std::min(left, std::chrono::nanoseconds(kGather)) : left);
        const auto taken = mailbox_->take();
        for (const auto& came : taken.answers) {
            if (take_message(came)) continue;
            if (!open_pull_ || came.tail != open_pull_->tail || came.status.empty()) continue;
            // 404: there is none; 408: the wait is over; 409: the consumer is deleted or busy
            open_pull_.reset();
            if (came.status == "503")
                return fail(
                    ErrorKind::unavailable,
                    "the stream has no leader now, or our login may not ask its consumer"
                );
            if (came.status == "409" && early_.empty())
                return fail(ErrorKind::unavailable, "the consumer answers: " + came.status_text);
            return std::exchange(early_, {});
        }
        if (taken.is_closed) {
            const std::string complaint = connection_->take_complaint();
            return fail(
                ErrorKind::unavailable,
                "the connection to NATS was lost" + (complaint.empty() ? "" : ": " + complaint)
            );
        }
        if (has_some && taken.answers.empty()) break;
    }
    if (stopping_ || !early_.empty()) return std::exchange(early_, {});
    const std::string complaint = connection_->take_complaint();
    return fail(
        ErrorKind::unavailable,
        complaint.empty() ? std::string("the stream does not answer")
                          : "the stream does not answer, and the server says: " + complaint +
                                ": give our login the rights that it lacks"
    );
}

Result<void> NatsInbox::answer(
    const std::vector<Message>& messages, const std::vector<MessageAnswer>& answers
) {
    const std::string to = "mis-answers." + options_.clinic_id;
    std::set<std::string> open;
    for (std::size_t index = 0; index < messages.size(); ++index) {
        Json body = answers[index].to_json();
        body.erase("index");
        body["stream_sequence"] = messages[index].sequence;
        std::string tail = fmt::format("answer_{}", ++answers_);
        const std::string text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
        const std::string id = fmt::format("{}/{}/{}", to, stream_, messages[index].sequence);
        if (const auto sent = connection_->publish({to, tail, id, "application/json", text}); !sent)
            return fail(sent.error());
        open.insert(std::move(tail));
    }
    const auto until = clock_.steady() + std::chrono::nanoseconds(options_.answer_timeout);
    while (!open.empty()) {
        const auto left = until - clock_.steady();
        if (left.count() <= 0 || stopping_) break;
        mailbox_->wait(left);
        const auto taken = mailbox_->take();
        for (const auto& came : taken.answers) {
            if (!came.status.empty() && came.tail == pull_tail()) open_pull_.reset();
            if (take_message(came) || !open.contains(came.tail)) continue;
            if (came.status == "503")
                return fail(
                    ErrorKind::unavailable,
                    "no stream takes " + to +
                        ", where we answer: let the exchange make one with that subject"
                );
            const Json ack = jetstream::read_object(came.body);
            if (const auto error = ack.find("error"); error != ack.end())
                return fail(
                    ErrorKind::unavailable,
                    "the stream refuses our answers: " + jetstream::error_text(*error)
                );
            open.erase(came.tail);
        }
        if (taken.is_closed) return fail(ErrorKind::unavailable, "the connection to NATS was lost");
    }
    if (!open.empty()) {
        const std::string complaint = connection_->take_complaint();
        return fail(
            ErrorKind::unavailable, "our answers are not acknowledged" +
                                        (complaint.empty() ? "" : ", the server says: " + complaint)
        );
    }
    for (const auto& message : messages)
        if (const auto sent = connection_->publish({message.reply, "", "", "", "+ACK"}); !sent)
            return fail(sent.error());
    return {};
}

Result<void> NatsInbox::probe() {
    auto connection = net::NatsConnection::connect(options_.connection, mailbox_);
    if (!connection) return fail(connection.error());
    const auto stream = jetstream::stream_of(**connection, options_.domain, subject());
    if (!stream) return fail(stream.error());
    return {};
}

}  // namespace mis::inbox
