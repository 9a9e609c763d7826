#include "versions_commands.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "api.h"
#include "table.h"

namespace hoop::cli {
namespace {

namespace fs = std::filesystem;

class Versions final {
 public:
  explicit Versions(const Environment& environment) : home_(fs::path(environment.config_path).parent_path()) {}

  fs::path Program(const std::string& version) const { return home_ / "versions" / version / "hoop"; }
  bool IsInstalled(const std::string& version) const {
    std::error_code error;
    return fs::is_regular_file(Program(version), error);
  }
  std::string InUse() const {
    std::error_code error;
    return fs::read_symlink(Link(), error).parent_path().filename();
  }
  std::vector<std::string> Installed() const {
    std::vector<std::string> versions;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(home_ / "versions", error)) {
      if (IsInstalled(entry.path().filename())) versions.push_back(entry.path().filename());
    }
    std::sort(versions.begin(), versions.end());
    return versions;
  }

  absl::Status Install(const std::string& version, const std::string& from) const {
    const fs::path program = Program(version), fresh = program.string() + ".part";
    std::error_code error;
    fs::create_directories(program.parent_path(), error);
    if (!error) fs::copy_file(from, fresh, fs::copy_options::overwrite_existing, error);
    if (!error) fs::permissions(fresh, fs::perms(0755), error);
    if (!error) fs::rename(fresh, program, error);
    if (!error) return absl::OkStatus();
    return absl::FailedPreconditionError(fmt::format("{}: {}", Harmless(from), error.message()));
  }
  // Replaces the link at once: programs that start meanwhile find one of the two.
  absl::Status Use(const std::string& version) const {
    const fs::path fresh = Link().string() + ".part";
    std::error_code error;
    fs::create_directories(Link().parent_path(), error);
    fs::remove(fresh, error);
    fs::create_symlink(Program(version), fresh, error);
    if (!error) fs::rename(fresh, Link(), error);
    if (error) return absl::FailedPreconditionError(fmt::format("{}: {}", Link().string(), error.message()));
    Print(fmt::format("hoop {} is {}\n", version, Link().string()));
    return absl::OkStatus();
  }
  absl::Status Remove(const std::string& version) const {
    std::error_code error;
    if (version == InUse()) fs::remove(Link(), error);
    fs::remove_all(Program(version).parent_path(), error);
    if (!error) return absl::OkStatus();
    return absl::FailedPreconditionError(fmt::format("version {}: {}", version, error.message()));
  }

 private:
  fs::path Link() const { return home_ / "bin" / "hoop"; }

  const fs::path home_;
};

// It becomes the name of a folder.
absl::Status CheckVersion(const std::string& version) {
  const bool is_good = !version.empty() && version[0] != '.' && version.size() <= 64 &&
                       version.find_first_not_of(
                           "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-_+") == std::string::npos;
  if (is_good) return absl::OkStatus();
  return absl::InvalidArgumentError(fmt::format("version {}: none", Harmless(version)));
}

absl::Status NotInstalled(const std::string& version) {
  return absl::NotFoundError(
      fmt::format("version {} is not installed: `hoop versions install {} --from FILE`", version, version));
}

std::string InstalledAt(const fs::path& program) {
  struct stat info = {};
  if (::stat(program.c_str(), &info) != 0) return "-";
  return TimeText(absl::FromTimeT(info.st_mtime));
}

int Say(const absl::Status& status) { return status.ok() ? 0 : Fail(status); }

}  // namespace

int RunVersionsList(const Environment& environment, const VersionsOptions&) {
  const Versions versions(environment);
  utsname machine = {};
  ::uname(&machine);
  Rows rows = {{"", "VERSION", "PLATFORM", "INSTALLED AT", "PATH"}};
  for (const std::string& version : versions.Installed()) {
    rows.push_back({version == versions.InUse() ? "*" : "", version, fmt::format("linux/{}", machine.machine),
                    InstalledAt(versions.Program(version)), versions.Program(version)});
  }
  PrintTable(rows);
  return 0;
}

int RunVersionsInstall(const Environment& environment, const VersionsOptions& options) {
  if (const absl::Status wrong = CheckVersion(options.version); !wrong.ok()) return Fail(wrong);
  const Versions versions(environment);
  if (versions.IsInstalled(options.version) && !options.reinstall) {
    return Fail(fmt::format("version {} is installed already; --reinstall replaces it", options.version));
  }
  if (const absl::Status installed = versions.Install(options.version, options.from); !installed.ok()) {
    return Fail(installed);
  }
  Print(fmt::format("version {} installed\n", options.version));
  return options.use ? Say(versions.Use(options.version)) : 0;
}

int RunVersionsUse(const Environment& environment, const VersionsOptions& options) {
  if (const absl::Status wrong = CheckVersion(options.version); !wrong.ok()) return Fail(wrong);
  const Versions versions(environment);
  return Say(versions.IsInstalled(options.version) ? versions.Use(options.version) : NotInstalled(options.version));
}

int RunVersionsRemove(const Environment& environment, const VersionsOptions& options) {
  if (const absl::Status wrong = CheckVersion(options.version); !wrong.ok()) return Fail(wrong);
  const Versions versions(environment);
  if (!versions.IsInstalled(options.version)) return Fail(NotInstalled(options.version));
  if (versions.InUse() == options.version && !options.force) {
    return Fail(fmt::format("version {} is in use; --force removes it", options.version));
  }
  if (const absl::Status removed = versions.Remove(options.version); !removed.ok()) return Fail(removed);
  return Print(fmt::format("version {} removed\n", options.version)) ? 0 : kExitBrokenPipe;
}

int RunVersionsSync(const Environment& environment, const VersionsOptions&) {
  return RunWithApi(environment, [&environment](ApiClient& api) -> absl::Status {
    const auto text = api.GetJson("serverinfo");
    if (!text.ok()) return text.status();
    const auto json = nlohmann::json::parse(*text, nullptr, false);
    const std::string version = json.is_object() ? json.value("version", "") : "";
    if (const absl::Status wrong = CheckVersion(version); !wrong.ok()) return wrong;
    const Versions versions(environment);
    if (version == environment.version && versions.InUse().empty()) {
      Print(fmt::format("hoop {} is the gateway's version\n", version));
      return absl::OkStatus();
    }
    return versions.IsInstalled(version) ? versions.Use(version) : NotInstalled(version);
  });
}

}  // namespace hoop::cli
