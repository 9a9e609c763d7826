// A queue that costs nothing while it is empty: std::deque holds more than half a kilobyte for nothing, and a session
// has many queues that are empty nearly always.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace hoop {

// First in, first out. A value. T is default-constructible and moves.
template <typename T>
class Fifo final {
 public:
  bool empty() const { return items_.empty(); }
  size_t size() const { return items_.size() - first_; }

  T& front() { return items_[first_]; }
  const T& front() const { return items_[first_]; }
  const T& operator[](size_t index) const { return items_[first_ + index]; }
  auto begin() { return items_.begin() + static_cast<ptrdiff_t>(first_); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin() + static_cast<ptrdiff_t>(first_); }
  auto end() const { return items_.end(); }

  void push_back(T item) { items_.push_back(std::move(item)); }

  void pop_front() {
    [[maybe_unused]] const T gone = std::move(items_[first_++]);  // assigning T() might keep its memory
    if (first_ == items_.size()) {
      items_.clear();
      first_ = 0;
      if (items_.capacity() > kKeptItems) items_.shrink_to_fit();
    } else if (first_ >= kCompactAbove && first_ * 2 >= items_.size()) {
      items_.erase(items_.begin(), begin());
      first_ = 0;
    }
  }

  void clear() {
    items_ = std::vector<T>();
    first_ = 0;
  }

  // Drops all but the first `count`.
  void Truncate(size_t count) {
    if (count == 0) return clear();
    items_.resize(first_ + std::min(count, size()));
  }

 private:
  // Room that an empty queue keeps, so that a busy one does not allocate for each item.
  static constexpr size_t kKeptItems = std::max<size_t>(1, 256 / sizeof(T));
  static constexpr size_t kCompactAbove = 64;  // items that left and whose places are given up together

  std::vector<T> items_;
  size_t first_ = 0;  // the oldest that is still here
};

}  // namespace hoop
