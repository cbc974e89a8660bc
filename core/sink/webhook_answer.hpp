// What a receiver's answer means: which events it took, and what a refusal says to the operator.
//
// Answers are read leniently (numbers with a point, a byte order mark, texts that are no UTF-8,
// gzip, the list deeper in the document or as bare ids) and fail closed: what names `rejected`, or
// lists some of our events and not all, and cannot be understood, is an unknown outcome.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>

#include "net/http_client.hpp"
#include "sink/delivery_queue.hpp"

namespace mis::sink {

struct Verdict {                                  // of a 2xx
    std::map<std::string, std::string> rejected;  // our id → the receiver's reason
    std::string unreadable;  // why it cannot be told which were taken; empty: all but `rejected`
};

Verdict read_answer(const net::HttpResponse& response, std::span<const QueuedEvent> events);

// A whole JSON object or list: nothing that counts can follow, however the transfer ended.
bool is_whole_document(std::string_view body);

// A status that is about address, login or form of every request and not about what is in one.
bool speaks_to_everybody(int status);

// A refusal for the operator: the status, where known what to do about it, and what else was said.
std::string refusal_text(int status, const net::Headers& headers, std::string_view body);

// A receiver's text made fit for a reason: one line of at most 200 printable bytes.
std::string short_reason(std::string_view text);

}  // namespace mis::sink
