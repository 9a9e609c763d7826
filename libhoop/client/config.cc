// ClientConfig as a file: the flat part of TOML that real command lines write and people edit. Tables, which we do not
// have, and keys that we do not know are passed over, and stay in the file when it is written.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/limits/client.h"
#include "base/status.h"
#include "base/status_macros.h"
#include "hoop/client.h"

namespace hoop {
namespace {

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

bool OnlyComment(std::string_view text) {
  text = Trim(text);
  return text.empty() || text.front() == '#';
}

void AppendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// What stands behind a backslash; shortens `rest`. False: not an escape of TOML (\U is not read: no value needs it).
bool ReadEscape(std::string_view& rest, std::string& out) {
  if (rest.empty()) return false;
  constexpr std::string_view kNames = "btnfr\"\\", kValues = "\b\t\n\f\r\"\\";
  const char name = rest.front();
  rest.remove_prefix(1);
  if (const size_t found = kNames.find(name); found != std::string_view::npos) {
    out += kValues[found];
    return true;
  }
  if (name != 'u' || rest.size() < 4) return false;
  uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(rest[i] | 0x20));
    if (digit == std::string_view::npos) return false;
    code = code << 4 | static_cast<uint32_t>(digit);
  }
  if (code >= 0xd800 && code < 0xe000) return false;
  rest.remove_prefix(4);
  AppendUtf8(out, code);
  return true;
}

// "basic" or 'literal'. Nullopt: neither, or something but a comment behind it.
std::optional<std::string> ReadString(std::string_view text) {
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::nullopt;
  const char quote = text.front();
  std::string_view rest = text.substr(1);
  std::string value;
  while (!rest.empty() && rest.front() != quote) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (quote == '"' && c == '\\') {
      if (!ReadEscape(rest, value)) return std::nullopt;
    } else {
      value += c;
    }
  }
  if (rest.empty() || !OnlyComment(rest.substr(1))) return std::nullopt;
  return value;
}

std::optional<bool> ReadBool(std::string_view text) {
  const std::string_view word = Trim(text.substr(0, text.find('#')));
  if (word == "true") return true;
  if (word == "false") return false;
  return std::nullopt;
}

// False: the value is not of the kind that this key has.
bool Assign(ClientConfig& config, std::string_view key, std::string_view text) {
  const std::pair<std::string_view, std::string*> strings[] = {
      {"token", &config.token},   {"api_url", &config.api_url},     {"grpc_url", &config.grpc_url},
      {"tls_ca", &config.tls_ca}, {"audit_key", &config.audit_key},
  };
  for (const auto& [name, member] : strings) {
    if (name != key) continue;
    auto value = ReadString(text);
    if (!value) return false;
    *member = *std::move(value);
    return true;
  }
  if (key != "skip_tls_verify") return true;
  const auto value = ReadBool(text);
  if (value) config.skip_tls_verify = *value;
  return value.has_value();
}

std::string Quote(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

struct Setting {
  std::string_view key;
  std::string value;  // as TOML
};

std::string_view KeyOf(std::string_view line) { return Trim(line.substr(0, line.find('='))); }

// The text of the file with these settings in it. What others wrote there - their keys, their tables, comments - stays
// where it is; a line that is none is left out.
std::string Rewritten(const std::string& path, std::vector<Setting> settings) {
  std::ifstream file(path, std::ios::binary);
  std::string top, tables, line;
  while (file && std::getline(file, line)) {
    const std::string_view text = Trim(line);
    if (!tables.empty() || text.starts_with('[')) {
      tables += line + "\n";
      continue;
    }
    if (!OnlyComment(text)) {
      if (text.find('=') == std::string_view::npos) continue;
      const auto ours = std::find_if(settings.begin(), settings.end(),
                                     [text](const Setting& setting) { return setting.key == KeyOf(text); });
      if (ours != settings.end()) {
        if (!ours->value.empty()) top += fmt::format("{} = {}\n", ours->key, std::exchange(ours->value, ""));
        continue;  // a second one of the same key goes
      }
    }
    top += line + "\n";
  }
  for (const auto& [key, value] : settings) {
    if (!value.empty()) top += fmt::format("{} = {}\n", key, value);
  }
  return top + tables;
}

absl::Status WriteAll(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "write");
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return ::fsync(descriptor) == 0 ? absl::OkStatus() : ErrnoStatus(errno, "sync");
}

absl::Status WriteNewFile(const std::string& path, std::string_view bytes) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) return ErrnoStatus(errno, "create");
  absl::Status status = WriteAll(descriptor, bytes);
  if (::close(descriptor) != 0 && status.ok()) status = ErrnoStatus(errno, "close");
  return status;
}

}  // namespace

absl::StatusOr<ClientConfig> ClientConfig::Load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    if (errno == ENOENT) return NotFound("config file {}: no such file", path);
    return ErrnoStatus(errno, fmt::format("config file {}", path));
  }
  ClientConfig config;
  std::string line;
  bool in_table = false;
  for (size_t number = 1; std::getline(file, line); ++number) {
    if (line.size() > limits::kConfigLineBytesMax)
      return InvalidArgument("config file {}:{}: line too long", path, number);
    const std::string_view text = Trim(line);
    if (OnlyComment(text)) continue;
    if (text.front() == '[') in_table = true;
    if (in_table) continue;
    const size_t equals = text.find('=');
    if (equals == std::string_view::npos) return InvalidArgument("config file {}:{}: no '='", path, number);
    const std::string_view key = Trim(text.substr(0, equals));
    if (!Assign(config, key, Trim(text.substr(equals + 1)))) {
      return InvalidArgument("config file {}:{}: wrong value for {}", path, number, key);
    }
  }
  return config;
}

absl::Status ClientConfig::Save(const std::string& path) const {
  const std::vector<Setting> settings = {{"token", Quote(token)},
                                         {"api_url", Quote(api_url)},
                                         {"grpc_url", Quote(grpc_url)},
                                         {"tls_ca", Quote(tls_ca)},
                                         {"skip_tls_verify", skip_tls_verify ? "true" : "false"},
                                         {"audit_key", Quote(audit_key)}};
  const std::string text = Rewritten(path, settings);
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty() && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, fmt::format("config folder {}", folder.string()));
  }
  const std::string fresh = fmt::format("{}.{}", path, RandomToken(6));
  absl::Status status = WriteNewFile(fresh, text);
  if (status.ok() && ::rename(fresh.c_str(), path.c_str()) != 0) status = ErrnoStatus(errno, "rename");
  if (!status.ok()) ::unlink(fresh.c_str());
  return Annotate(status, fmt::format("config file {}", path));
}

}  // namespace hoop
