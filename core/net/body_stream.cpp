#include "net/body_stream.hpp"

#include <utility>

namespace mis::net {

BodyStream::BodyStream(std::size_t unsent_bytes_max, std::function<void()> moved)
    : unsent_bytes_max_(unsent_bytes_max), moved_(std::move(moved)) {}

bool BodyStream::write(std::string part) {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        if (gone_ || ended_) return false;
        if (part.empty()) return true;
        unsent_bytes_ += part.size();
        parts_.push_back(std::move(part));
        wake = wake_;
    }
    if (wake) wake();
    return true;
}

std::size_t BodyStream::room() const {
    const std::lock_guard lock(mutex_);
    return unsent_bytes_ >= unsent_bytes_max_ ? 0 : unsent_bytes_max_ - unsent_bytes_;
}

bool BodyStream::is_gone() const {
    const std::lock_guard lock(mutex_);
    return gone_;
}

void BodyStream::end() {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        wake = wake_;
    }
    if (wake) wake();
}

BodyStream::Next BodyStream::take(std::string& part) {
    bool sent = false;
    Next next = Next::wait;
    {
        const std::lock_guard lock(mutex_);
        sent = in_hand_bytes_ > 0;
        unsent_bytes_ -= std::exchange(in_hand_bytes_, 0);
        if (!parts_.empty()) {
            part = std::move(parts_.front());
            parts_.pop_front();
            in_hand_bytes_ = part.size();
            next = Next::part;
        } else if (ended_) {
            next = Next::ended;
        }
    }
    if (sent) moved_();
    return next;
}

void BodyStream::wake_by(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
}

void BodyStream::leave() {
    {
        const std::lock_guard lock(mutex_);
        gone_ = true;
        parts_.clear();
        unsent_bytes_ = in_hand_bytes_ = 0;
        wake_ = nullptr;
    }
    moved_();
}

}  // namespace mis::net
