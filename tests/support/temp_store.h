// A store on a real SQLite file that is gone when the test ends.
#pragma once

#include <memory>

#include "base/check.h"
#include "store/store.h"
#include "tests/support/temp_folder.h"

namespace hoop::testing {

class TempStore final {
 public:
  TempStore() { Reopen(); }

  Store& operator*() { return *store_; }
  Store* operator->() { return store_.get(); }

  const std::string& org_id() const { return store_->default_organization().id; }
  std::string path() const { return folder_.file("hoop.db"); }
  absl::Time now() const { return absl::FromUnixSeconds(1'700'000'000); }

  void Reopen() {
    store_.reset();
    auto store = Store::OpenSqlite(path(), now());
    HOOP_CHECK(store.ok());
    store_ = *std::move(store);
  }

 private:
  TempFolder folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace hoop::testing
