// `hoop sessions download`: what a session's record holds, as a file, in the forms of the gateway's own downloads but
// from the record itself: of any size, and checked on its way.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "sessions_commands.h"
#include "table.h"

namespace hoop::cli {
namespace {

// A new file that is only there under its name when it is whole; or standard output.
class Target final {
 public:
  static absl::StatusOr<Target> Open(const std::string& path, bool overwrite) {
    if (path == "-") return Target("", "", STDOUT_FILENO);
    if (!overwrite && ::access(path.c_str(), F_OK) == 0) {
      return absl::AlreadyExistsError(fmt::format("file {} exists already; --overwrite replaces it", Harmless(path)));
    }
    std::string unfinished = fmt::format("{}.{}.part", path, ::getpid());
    const int descriptor = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) return absl::ErrnoToStatus(errno, fmt::format("file {}", Harmless(path)));
    return Target(path, std::move(unfinished), descriptor);
  }
  Target(Target&& other) noexcept
      : path_(std::move(other.path_)),
        unfinished_(std::exchange(other.unfinished_, "")),
        descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~Target() {
    if (unfinished_.empty()) return;
    ::close(descriptor_);
    ::unlink(unfinished_.c_str());
  }

  void Write(std::string_view bytes) {
    while (!bytes.empty() && status_.ok()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) {
        status_ = absl::ErrnoToStatus(errno, path_.empty() ? "standard output" : "file " + Harmless(path_));
      } else {
        bytes_ += static_cast<uint64_t>(written);
        bytes.remove_prefix(static_cast<size_t>(written));
      }
    }
  }
  absl::Status Finish() {
    if (!status_.ok() || unfinished_.empty()) return status_;
    if (::fsync(descriptor_) != 0 || ::rename(unfinished_.c_str(), path_.c_str()) != 0) {
      return absl::ErrnoToStatus(errno, fmt::format("file {}", Harmless(path_)));
    }
    ::close(descriptor_);
    unfinished_.clear();
    return absl::OkStatus();
  }
  const absl::Status& status() const { return status_; }
  uint64_t bytes() const { return bytes_; }

 private:
  Target(std::string path, std::string unfinished, int descriptor)
      : path_(std::move(path)), unfinished_(std::move(unfinished)), descriptor_(descriptor) {}

  std::string path_;
  std::string unfinished_;  // empty: standard output, or finished
  int descriptor_;
  uint64_t bytes_ = 0;
  absl::Status status_;
};

// 'i', 'o', 'e'; 0: nothing of these.
char EventType(const RecordEntry& entry) {
  if (entry.kind == RecordKind::kInput) return 'i';
  if (entry.kind == RecordKind::kOutput) return 'o';
  return entry.kind == RecordKind::kErrorOutput ? 'e' : '\0';
}

std::string TimeOf(const RecordEntry& entry) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", entry.at, absl::UTCTimeZone());
}

std::string AsText(const RecordEntry& entry, const DownloadOptions& options) {
  std::string text = options.times ? TimeOf(entry) + " " : "";
  text += entry.payload;
  if (options.format == "csv") std::replace(text.begin(), text.end(), '\t', ',');
  if (options.newlines) text += '\n';
  return text;
}

std::string AsJson(const RecordEntry& entry) {
  const nlohmann::ordered_json json = {
      {"time", TimeOf(entry)}, {"type", std::string(1, EventType(entry))}, {"stream", std::string(entry.payload)}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

// As gateways name it. A connection's name is a file's name, too: it has no slash.
std::string UsualName(const SessionInfo& session, const std::string& extension) {
  std::string connection = session.connection;
  std::replace(connection.begin(), connection.end(), '/', '_');
  return fmt::format(
      "{}-{}-{}.{}", connection, session.id,
      absl::FormatTime("%Y%m%d-%H%M%S", session.started_at.value_or(absl::UnixEpoch()), absl::UTCTimeZone()),
      extension);
}

}  // namespace

absl::Status DownloadSession(ApiClient& api, const DownloadOptions& options) {
  if (options.events.find_first_not_of("ioe,") != std::string::npos) {
    return absl::InvalidArgumentError("--events: of i (input), o (output), e (errors), comma-separated");
  }
  const auto id = ResolveSession(api, options.id);
  if (!id.ok()) return id.status();
  const auto session = api.Session(*id);
  if (!session.ok()) return session.status();
  const std::string file = options.file.empty() ? UsualName(*session, options.format) : options.file;
  auto target = Target::Open(file, options.overwrite);
  if (!target.ok()) return target.status();
  const bool json = options.format == "json";
  uint64_t events = 0;
  if (json) target->Write("[");
  const absl::Status read = api.ReadRecord(*id, [&](const RecordEntry& entry) {
    const char type = EventType(entry);
    if (type == '\0' || options.events.find(type) == std::string::npos) return true;
    if (json && events > 0) target->Write(",\n");
    target->Write(json ? AsJson(entry) : AsText(entry, options));
    ++events;
    return target->status().ok();
  });
  if (json) target->Write("]\n");
  if (!read.ok()) return read;
  if (const absl::Status written = target->Finish(); !written.ok()) return written;
  const bool is_of_output = options.events.find_first_of("oe") != std::string::npos;
  is_of_output ? SayWhatThereWas(*session, events > 0) : SayStillOpen(*session, true);
  if (file != "-") {
    Print(fmt::format("{}: {} event{}, {} bytes\n", Harmless(file), events, events == 1 ? "" : "s", target->bytes()));
  }
  return absl::OkStatus();
}

}  // namespace hoop::cli
