// What Prometheus reads, and whether the gateway says to be ready.
#include "rest/metrics_text.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

class ListedNumbers final : public RunningNumbersSource {
 public:
  absl::StatusOr<RunningNumbers> Read() override { return numbers; }
  absl::StatusOr<RunningNumbers> numbers = RunningNumbers();
};

class MetricsTest : public RestTest {
 protected:
  Response AskNumbered(const std::string& who, const std::string& path) {
    return AskOf(numbered_api_, who, "GET", path);
  }
  bool HasLine(const std::string& line) {
    const std::string text = AskNumbered("auditor", "/api/metrics").body;
    const bool has = ("\n" + text).find("\n" + line + "\n") != std::string::npos;
    if (!has) ADD_FAILURE() << line << " is not in\n" << text;
    return has;
  }

  ApiParts NumberedParts() {
    ApiParts parts = Parts();
    parts.info.version = "1.2";
    parts.numbers = &numbers_;
    return parts;
  }

  ListedNumbers numbers_;
  Api numbered_api_{NumberedParts()};
};

TEST_F(MetricsTest, ShowsWhatTheGatewayCounts) {
  numbers_.numbers->sessions_open = {{"postgres", 2}, {"other", 0}};
  numbers_.numbers->sessions_begun = {{"postgres", 7}};
  numbers_.numbers->agents_online = 3;
  HasLine("hoop_build_info{version=\"1.2\"} 1");
  HasLine("# TYPE hoop_sessions_open gauge");
  HasLine("hoop_sessions_open{type=\"postgres\"} 2");
  HasLine("hoop_sessions_open{type=\"other\"} 0");
  HasLine("hoop_sessions_begun_total{type=\"postgres\"} 7");
  HasLine("hoop_agents_online 3");
  EXPECT_EQ(AskNumbered("auditor", "/api/metrics").body.find("journal"), std::string::npos);
}

TEST_F(MetricsTest, ShowsTheJournal) {
  SyncTimes times;
  times.Add(absl::Microseconds(400));
  times.Add(absl::Milliseconds(3));
  times.Add(absl::Seconds(4));
  JournalNumbers& journal = numbers_.numbers->journal.emplace();
  journal.bytes = 1;
  journal.unsynced_bytes = 2;
  journal.unflushed_bytes = 3;
  journal.request_bytes = 4;
  journal.reply_bytes = 5;
  journal.syncs = times.Read();
  HasLine("hoop_journal_bytes 1");
  HasLine("hoop_journal_unsynced_bytes 2");
  HasLine("hoop_journal_unflushed_bytes 3");
  HasLine("hoop_recorded_bytes_total{direction=\"request\"} 4");
  HasLine("hoop_recorded_bytes_total{direction=\"reply\"} 5");
  HasLine("hoop_journal_sync_seconds_bucket{le=\"0.0005\"} 1");
  HasLine("hoop_journal_sync_seconds_bucket{le=\"0.005\"} 2");
  HasLine("hoop_journal_sync_seconds_bucket{le=\"2\"} 2");
  HasLine("hoop_journal_sync_seconds_bucket{le=\"+Inf\"} 3");
  HasLine("hoop_journal_sync_seconds_sum 4.0034");
  HasLine("hoop_journal_sync_seconds_count 3");
}

TEST_F(MetricsTest, CountsAnswersByRouteAndStatusAlone) {
  const Route* route = numbered_api_.Match("GET", "/api/sessions/one")->route;
  numbered_api_.Note(route, 200);
  numbered_api_.Note(numbered_api_.Match("GET", "/api/sessions/two")->route, 200);
  numbered_api_.Note(nullptr, 404);
  HasLine("hoop_http_requests_total{method=\"GET\",route=\"/sessions/:id\",status=\"200\"} 2");
  HasLine("hoop_http_requests_total{method=\"\",route=\"none\",status=\"404\"} 1");
}

TEST_F(MetricsTest, LabelsAreEscaped) {
  MetricsText text;
  text.Begin("a", "gauge", "b");
  text.Add(1, {{"c", "x\"y\\z\n"}});
  EXPECT_EQ(text.Take(), "# HELP a b\n# TYPE a gauge\na{c=\"x\\\"y\\\\z \"} 1\n");
}

TEST_F(MetricsTest, UsersDoNotSeeThem) {
  EXPECT_EQ(AskNumbered("ann", "/api/metrics").status, 403);
  EXPECT_EQ(AskNumbered("", "/api/metrics").status, 401);
}

TEST_F(MetricsTest, IsReadyWhileStoreAndJournalAre) {
  EXPECT_EQ(AskNumbered("", "/api/healthz/ready").body, R"({"ready":true,"store":"ok","journal":"ok"})");
  numbers_.numbers->journal.emplace().is_full = true;
  const Response full = AskNumbered("", "/api/healthz/ready");
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.body, R"({"ready":false,"store":"ok","journal":"full"})");
  numbers_.numbers = DeadlineExceeded("busy");
  EXPECT_EQ(AskNumbered("", "/api/healthz/ready").status, 504);
}

}  // namespace
}  // namespace hoop::rest
