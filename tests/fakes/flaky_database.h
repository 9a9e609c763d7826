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
    absl::Status status = database_.Write(durability, work);
    if (status.ok() && lose_answers) return Unavailable("the answer was lost");
    return status;
  }
  absl::Status Read(absl::FunctionRef<absl::Status(Transaction&)> work) override { return database_.Read(work); }

  std::atomic<bool> writes_down = false;
  std::atomic<bool> lose_answers = false;  // a write happens and is called a failure

 private:
  Database& database_;
};

}  // namespace hoop
