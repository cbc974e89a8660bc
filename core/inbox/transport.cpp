#include "inbox/transport.hpp"

#include <exception>

#include "base/log.hpp"

namespace mis::inbox {

Json MessageAnswer::to_json() const {
    Json out{{"answer", answer}};
    if (!id.empty()) out["id"] = id;
    if (index) out["index"] = *index;
    if (!code.empty()) out["code"] = code;
    if (!reason.empty()) out["reason"] = reason;
    if (!ignored_fields.empty()) out["ignored_fields"] = ignored_fields;
    return out;
}

TransportStatus Transport::status() const {
    const std::lock_guard lock(status_mutex_);
    return status_;
}

void Transport::works(const std::string& name) {
    const std::lock_guard lock(status_mutex_);
    status_.last_success_us = clock_.unix_us();
    status_.reason.clear();
    if (!status_.failing) return;
    status_.failing = false;
    status_.failing_since_us = 0;
    log::info("inbox: {} works again", name);
}

void Transport::fails(const std::string& name, const std::string& reason) {
    const std::lock_guard lock(status_mutex_);
    const bool is_new = !status_.failing;
    status_.failing = true;
    status_.reason = reason;
    if (!is_new) return;
    status_.failing_since_us = clock_.unix_us();
    log::warn("inbox: {} gives no messages, retrying: {}", name, reason);
}

void Transport::count_request(const std::string& outcome) {
    const std::lock_guard lock(status_mutex_);
    ++status_.requests[outcome];
}

void Transport::count_messages(const std::vector<MessageAnswer>& answers) {
    const std::lock_guard lock(status_mutex_);
    for (const auto& one : answers) ++status_.messages[one.answer];
}

TransportThread::TransportThread(Transport& transport)
    : transport_(transport), thread_([this] { run(); }) {}

TransportThread::~TransportThread() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ended_.notify_all();
    transport_.interrupt();
    thread_.join();
}

std::string TransportThread::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

void TransportThread::run() {
    try {
        for (;;) {
            {
                const std::lock_guard lock(mutex_);
                if (stopping_) return;
            }
            transport_.round(Transport::Waiting::patient);
            std::unique_lock lock(mutex_);
            ended_.wait_for(lock, transport_.pause(), [this] { return stopping_; });
        }
    } catch (const std::exception& error) {  // the local store: nothing was acknowledged
        log::error("inbox ended: {}", error.what());
        const std::lock_guard lock(mutex_);
        failure_ = error.what();
    }
}

}  // namespace mis::inbox
