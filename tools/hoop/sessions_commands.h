// `hoop sessions list | get | download | kill`: who did what, one file for the list and one for the rest.
#pragma once

#include <string>
#include <vector>

#include "api.h"
#include "commands.h"

namespace hoop::cli {

struct SessionsListOptions {
  int limit = 20;
  int offset = 0;
  bool all = false;  // every page
  // Filters; a text may have % for anything.
  std::string user, connection, type, review_approver, review_status, jira_issue_key, correlation_id;
  std::string status;                // running (open), ready, done; empty: any
  std::string start_date, end_date;  // RFC 3339, a day, or an age: 90m, 2h, 7d
  std::string count;                 // capped, exact, none
  std::vector<std::string> fields;   // empty: the usual ones
  OutputForm form = OutputForm::kTable;
  bool quiet = false;  // ids alone
};
absl::Status ListSessions(ApiClient& api, const SessionsListOptions& options);
// The names that --fields takes.
std::vector<std::string> SessionFields();

// A session by its id, or "last": the newest one.
struct SessionIdOptions {
  std::string id;
  bool json = false;
  bool quiet = false;  // its id alone
};
absl::Status ShowSession(ApiClient& api, const SessionIdOptions& options);
absl::Status KillSession(ApiClient& api, const SessionIdOptions& options);

struct DownloadOptions {
  std::string id;
  std::string file;            // empty: named after the session; "-": standard output
  std::string format = "txt";  // txt, json, csv
  std::string events = "o,e";  // of i, o, e
  bool newlines = false;       // one after each event
  bool times = false;          // one before each event
  bool overwrite = false;
};
absl::Status DownloadSession(ApiClient& api, const DownloadOptions& options);

}  // namespace hoop::cli
