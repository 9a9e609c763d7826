// A Database that can be taken down.
#pragma once

#include <atomic>

#include "base/status.h"
#include "store/database.h"

namespace hoop {

class FlakyDatabase final : public Database {
 public:
  explicit FlakyDatabase(Database& database) : database_(database) {}

  absl::Status Write(Durability durability, absl::FunctionRef<absl::Status(Transaction&)> work) override {
    if (writes_down) return Unavailable("the database is down");
    if (IsLost()) return Lost();
    absl::Status status = database_.Write(durability, work);
    if (!status.ok() || !lose_answers) return status;
    lost_ = true;
    return Lost();
  }
  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) override {
    return IsLost() ? Lost() : database_.Read(work);
  }

  std::string_view size_statement() const override { return database_.size_statement(); }

  std::atomic<bool> writes_down = false;
  // A write happens and is called a failure; from then on nobody is answered, so that no retry learns better.
  std::atomic<bool> lose_answers = false;

 private:
  static absl::Status Lost() { return Unavailable("the answer was lost"); }
  bool IsLost() const { return lose_answers && lost_; }

  std::atomic<bool> lost_ = false;
  Database& database_;
};

}  // namespace hoop
