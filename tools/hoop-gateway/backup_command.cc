#include "backup_command.h"

#include <fmt/format.h>

#include <cstdio>

#include "hoop/backup.h"
#include "tools/service/gateway_settings.h"

namespace {

int Fail(const std::string& text) {
  fmt::print(stderr, "hoop-gateway: {}\n", text);
  return 1;
}

int Fail(const absl::Status& status) {
  return Fail(std::string(hoop::WithNames(status, hoop::GatewayOptionNames()).message()));
}

}  // namespace

bool IsBackupCommand(const std::vector<std::string>& words) {
  return !words.empty() && (words[0] == "backup" || words[0] == "restore");
}

int RunBackupCommand(const std::vector<std::string>& words, const hoop::Environment& environment) {
  const bool is_backup = words[0] == "backup";
  hoop::BackupOptions options;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--force") {
      options.force = true;
    } else if (options.file.empty() && !words[i].starts_with('-')) {
      options.file = words[i];
    } else {
      options.file.clear();
      break;
    }
  }
  if (options.file.empty()) return Fail(fmt::format("usage: hoop-gateway {} FILE [--force]", words[0]));
  hoop::GatewaySettings settings;
  if (absl::Status status = hoop::ReadGatewaySettings(environment, settings); !status.ok()) return Fail(status);
  if (!settings.options.postgres_db_uri.empty()) {
    return Fail("POSTGRES_DB_URI: is set; a backup is of SQLite, use pg_dump and pg_restore");
  }
  options.data_dir = settings.options.data_dir;
  options.journal_dir = settings.options.journal_dir;
  options.now = hoop::Clock::System().Now();
  options.version = HOOP_VERSION;
  options.secrets_key = settings.options.secrets_key;
  const auto report = is_backup ? hoop::BackUp(options) : hoop::Restore(options);
  if (!report.ok()) return Fail(report.status());
  fmt::print("{} {}: {} sessions, {} bytes, made {}\n", is_backup ? "backup of" : "restored to", options.data_dir,
             report->sessions, report->bytes, report->made_at);
  if (!report->kept_as.empty()) {
    fmt::print("what was there before is kept under names that end in {}\n", report->kept_as);
  }
  if (!report->secrets_note.empty()) fmt::print("{}\n", report->secrets_note);
  return 0;
}
