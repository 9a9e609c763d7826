// The forms that values of variables have, as functions for Variable::store: each parses one form into a place.
// Used by the tables of gateway_settings.cc, agent_settings.cc and log_settings.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hoop {

using StoreValue = std::function<absl::Status(const std::string& set_as, const std::string& value)>;

// As it is; `file://<path>` where it may also stand in a file.
StoreValue StoreText(std::string& to);
StoreValue StoreTextOrFile(std::string& to);
// PEM in any of the forms of hoop/tls.h.
StoreValue StorePem(std::string& to);
// true or false.
StoreValue StoreBool(bool& to);
// "90d", "12h", "1h30m", "250ms"; longer than nothing.
StoreValue StoreDuration(absl::Duration& to);
// "4294967296", "64MiB", "4GiB"; at least `least`.
StoreValue StoreBytes(uint64_t& to, uint64_t least);
// One of `schemes`, a host, a port where `needs_port`, no user, query or fragment; slashes at the end are dropped.
StoreValue StoreUrl(std::string& to, std::initializer_list<std::string_view> schemes, bool needs_port);
// "0.0.0.0:8009", "[::]:8009", "localhost:0", "/run/hoop/api.sock".
StoreValue StoreAddress(std::string& to);

// One of a few words, in any case. Names the words in the order given when it is none of them.
template <typename T>
StoreValue StoreChoice(T& to, std::vector<std::pair<std::string, T>> choices);

absl::StatusOr<absl::Duration> ParseDurationText(std::string_view text);
absl::StatusOr<uint64_t> ParseBytesText(std::string_view text);

// --- inline ---

absl::Status NotOneOf(const std::string& set_as, const std::string& value, const std::vector<std::string>& words);
std::string LowerCase(std::string_view text);

template <typename T>
StoreValue StoreChoice(T& to, std::vector<std::pair<std::string, T>> choices) {
  return [&to, choices = std::move(choices)](const std::string& set_as, const std::string& value) {
    std::vector<std::string> words;
    for (const auto& [word, meaning] : choices) {
      if (word == LowerCase(value)) {
        to = meaning;
        return absl::OkStatus();
      }
      words.push_back(word);
    }
    return NotOneOf(set_as, value, words);
  };
}

}  // namespace hoop
