// hoop_identity as its own files see it: texts by key. The host's own one to read, or one that is lent to its verifier,
// to fill.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "guard.h"
#include "hoop/idp_verifier.h"

struct hoop_identity {
  std::map<std::string, std::string, std::less<>> texts;
  bool is_lent = false;
  absl::Status wrong;  // the first that could not be set
};

namespace hoop::c {

// InvalidArgument: no such key, or not such a value.
absl::Status SetText(hoop_identity& identity, std::string_view key, std::string_view value);

// Of texts that SetText has taken.
Identity IdentityOf(const hoop_identity& identity);

}  // namespace hoop::c
