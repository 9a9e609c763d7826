// Names that a client gives and may never take back. Used by statements for prepared statements and portals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "base/limits/postgres.h"

namespace hoop::postgres {

// Values by name; forgets the oldest ones above limits::kStatementNamesMax names or limits::kPreparedTextsBytesMax
// bytes. One thread.
template <typename T>
class BoundedNames final {
 public:
  // Null: never set, erased or forgotten. Valid until the next Set, Erase or Clear.
  T* Find(const std::string& name) {
    const auto found = slots_.find(name);
    return found == slots_.end() ? nullptr : &found->second.value;
  }

  // `bytes`: what the value holds on to.
  void Set(const std::string& name, T value, size_t bytes) {
    Erase(name);
    bytes += name.size();
    bytes_ += bytes;
    slots_.emplace(name, Slot{std::move(value), bytes, next_age_});
    ages_.emplace(next_age_++, name);
    while (slots_.size() > limits::kStatementNamesMax || bytes_ > limits::kPreparedTextsBytesMax) {
      Erase(std::string(ages_.begin()->second));
    }
  }

  void Erase(const std::string& name) {
    const auto found = slots_.find(name);
    if (found == slots_.end()) return;
    bytes_ -= found->second.bytes;
    ages_.erase(found->second.age);
    slots_.erase(found);
  }

  void Clear() {
    slots_.clear();
    ages_.clear();
    bytes_ = 0;
  }

  size_t size() const { return slots_.size(); }

 private:
  struct Slot {
    T value;
    size_t bytes;
    uint64_t age;
  };

  std::map<std::string, Slot> slots_;
  std::map<uint64_t, std::string> ages_;  // oldest first
  size_t bytes_ = 0;
  uint64_t next_age_ = 0;
};

}  // namespace hoop::postgres
