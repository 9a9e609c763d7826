// A store on a real database that is gone when the test ends.
#pragma once

#include <memory>

#include "store/store.h"
#include "tests/support/temp_database.h"

namespace hoop::testing {

class TempStore final {
 public:
  TempStore() { Reopen(); }

  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }

  const std::string& org_id() const { return store_->default_organization().id; }
  absl::Time now() const { return absl::FromUnixSeconds(1'700'000'000); }

  // One more store on the same data.
  absl::StatusOr<std::unique_ptr<Store>> OpenAnother(std::string_view key = kSecretsKey) const {
    return database_.OpenStore(now(), key);
  }

  void Reopen() {
    store_.reset();
    auto store = OpenAnother();
    Must(store.status());
    store_ = *std::move(store);
  }

 private:
  TempDatabase database_;
  std::unique_ptr<Store> store_;
};

}  // namespace hoop::testing
