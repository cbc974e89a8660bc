// Line: a queue that costs nothing while it is empty. Thousands of keys wait in memory at once,
// most with one event; a std::deque would hold half a kilobyte for each.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace mis::outbox {

template <typename T>
class Line {
  public:
    bool empty() const { return first_ == all_.size(); }
    std::size_t size() const { return all_.size() - first_; }
    T& front() { return all_[first_]; }
    const T& front() const { return all_[first_]; }
    auto begin() { return all_.begin() + static_cast<std::ptrdiff_t>(first_); }
    auto end() { return all_.end(); }
    auto begin() const { return all_.begin() + static_cast<std::ptrdiff_t>(first_); }
    auto end() const { return all_.end(); }

    void push_back(T one) { all_.push_back(std::move(one)); }
    void insert(typename std::vector<T>::iterator place, T one) {
        all_.insert(place, std::move(one));
    }
    void assign(std::vector<T> others) {
        all_ = std::move(others);
        first_ = 0;
    }
    void clear() { assign({}); }

    void pop_front() {
        all_[first_++] = T();  // what it held is let go now
        if (empty())
            clear();
        else if (first_ >= kGoneMax && first_ * 2 >= all_.size())
            all_.erase(
                all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(std::exchange(first_, 0))
            );
    }

  private:
    static constexpr std::size_t kGoneMax = 64;
    std::vector<T> all_;
    std::size_t first_ = 0;  // before it: what was taken
};

}  // namespace mis::outbox
