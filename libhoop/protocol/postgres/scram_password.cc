#include "protocol/postgres/scram_password.h"

#include <stringprep.h>

#include <algorithm>
#include <vector>

namespace hoop::postgres {
namespace {

// One character of 3 bytes (U+FDFA) becomes 33 bytes: nothing grows more.
constexpr size_t kGrowthMax = 11;

// SASLprep in PostgreSQL's order: it looks for what is prohibited before it normalizes, not after it. That differs for
// a few characters (U+0340), and a password has to come out as the server has it.
std::vector<Stringprep_profile> ServersProfile() {
  std::vector<Stringprep_profile> steps;
  const Stringprep_profile* step = stringprep_saslprep;
  for (; step->operation != 0; ++step) {
    if (step->operation != STRINGPREP_NFKC) steps.push_back(*step);
  }
  Stringprep_profile normalize{};
  normalize.operation = STRINGPREP_NFKC;
  steps.push_back(normalize);
  steps.push_back(*step);  // the end
  return steps;
}

}  // namespace

std::string PrepareScramPassword(std::string_view password) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (std::all_of(password.begin(), password.end(), is_ascii)) return std::string(password);
  static const std::vector<Stringprep_profile> profile = ServersProfile();
  std::string prepared(password);
  prepared.resize(password.size() * kGrowthMax + 1, '\0');
  if (::stringprep(prepared.data(), prepared.size(), STRINGPREP_NO_UNASSIGNED, profile.data()) != STRINGPREP_OK) {
    return std::string(password);
  }
  prepared.resize(prepared.find('\0'));
  return prepared.empty() ? std::string(password) : prepared;
}

}  // namespace hoop::postgres
