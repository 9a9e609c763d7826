// A running session as server-sent events: what is said, to whom, and what a slow reader costs.
#include "rest/live_events.h"

#include "base/limits/http.h"
#include "tests/rest/played_edge.h"

namespace hoop::rest {
namespace {

using nlohmann::json;

const std::string kSessionEnd = "event: session_end\ndata: {}\n\n";

// The feed of an answer, taken by hand.
class LiveEventsTest : public RestTest {
 protected:
  std::shared_ptr<EventFeed> Open(const SessionHead& head) {
    const Response response = Ask("ann", "GET", "/api/sessions/" + head.session_id + "/stream");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.body, ": connected\n\n");
    watcher_ = control_.watchers[head.session_id].lock();
    return response.feed;
  }
  std::optional<std::string> Take(EventFeed& feed) {
    return feed.Take([this] { ++more_; });
  }
  // Everything that there is now; whether that was all comes last.
  std::string TakeAll(EventFeed& feed) {
    std::string all;
    for (;;) {
      const std::optional<std::string> part = Take(feed);
      if (!part.has_value()) return all + "(end)";
      if (part->empty()) return all;
      all += *part;
    }
  }
  static std::string Event(absl::Time at, char type, std::string_view bytes) {
    const std::string time = absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", at, absl::UTCTimeZone());
    return fmt::format("event: event\ndata: {{\"time\":\"{}\",\"type\":\"{}\",\"payload\":\"{}\"}}\n\n", time, type,
                       Base64Encode(bytes));
  }

  std::shared_ptr<RecordWatcher> watcher_;  // who hears the session
  int more_ = 0;
};

TEST_F(LiveEventsTest, AnEventIsWhatWasRecorded) {
  const auto feed = Open(AddSession("ann", 1));
  const absl::Time at = clock_.Now() + absl::Microseconds(1500);
  watcher_->OnRecorded(at, RecordKind::kInput, "ls\n");
  watcher_->OnRecorded(at, RecordKind::kControl, "80x24");
  watcher_->OnRecorded(at, RecordKind::kOutput, "a\xff");
  watcher_->OnRecorded(at, RecordKind::kErrorOutput, "no such file");
  EXPECT_EQ(TakeAll(*feed), Event(at, 'i', "ls\n") + Event(at, 'o', "a\xff") + Event(at, 'o', "no such file"));
}

TEST_F(LiveEventsTest, OfNativeProtocolsItIsTheClientsBytes) {
  const auto feed = Open(AddSession("ann", 1, "postgres"));
  watcher_->OnRecorded(clock_.Now(), RecordKind::kInput, "Q");
  watcher_->OnRecorded(clock_.Now(), RecordKind::kOutput, "D");
  EXPECT_EQ(TakeAll(*feed), Event(clock_.Now(), 'i', "Q"));
}

TEST_F(LiveEventsTest, TellsOnceThatThereIsMore) {
  const auto feed = Open(AddSession("ann", 1));
  EXPECT_EQ(Take(*feed), "");
  watcher_->OnRecorded(clock_.Now(), RecordKind::kInput, "a");
  watcher_->OnRecorded(clock_.Now(), RecordKind::kInput, "b");
  EXPECT_EQ(more_, 1);
  EXPECT_NE(Take(*feed), "");
  watcher_->OnRecorded(clock_.Now(), RecordKind::kInput, "c");
  EXPECT_EQ(more_, 1);  // nobody was told that there is nothing
}

TEST_F(LiveEventsTest, TheErrorThatEndedItIsTheLastEvent) {
  const auto feed = Open(AddSession("ann", 1));
  EXPECT_EQ(Take(*feed), "");
  watcher_->OnOver(clock_.Now(), {.reason = "killed by ben", .exit_code = 254});
  EXPECT_EQ(more_, 1);
  watcher_->OnRecorded(clock_.Now(), RecordKind::kInput, "too late");
  EXPECT_EQ(TakeAll(*feed), Event(clock_.Now(), 'e', "killed by ben") + kSessionEnd + "(end)");
}

TEST_F(LiveEventsTest, AGoodEndIsNoError) {
  const auto feed = Open(AddSession("ann", 1));
  watcher_->OnOver(clock_.Now(), {.reason = "finished", .exit_code = 0});
  EXPECT_EQ(TakeAll(*feed), kSessionEnd + "(end)");
}

TEST_F(LiveEventsTest, OfASessionThatIsOverOnlyThatIsSaid) {
  const SessionHead head = AddSession("ann", 1);
  Record(head, RecordKind::kInput, "history");
  End(head, 3, "exit status 3");
  const auto feed = Open(head);
  EXPECT_EQ(watcher_, nullptr);
  EXPECT_EQ(TakeAll(*feed), kSessionEnd + "(end)");
}

TEST_F(LiveEventsTest, AnEndThatOnlyTheJournalKnowsIsOne) {
  const SessionHead head = AddSession("ann", 1);
  audit_.on_flush = [&] { End(head, 0, "finished"); };
  EXPECT_EQ(TakeAll(*Open(head)), kSessionEnd + "(end)");
  const SessionHead other = AddSession("ann", 2);
  audit_.on_flush = [&] { End(other, 0, "finished"); };
  EXPECT_EQ(AskJson("ann", "GET", "/api/sessions/" + other.session_id)["status"], "done");
}

// Between the first look at its row and the watch.
class EndingSessionControl final : public SessionControl {
 public:
  explicit EndingSessionControl(std::function<void()> end) : end_(std::move(end)) {}
  absl::Status Kill(std::string_view, std::string_view) override { return absl::OkStatus(); }
  absl::Status Watch(std::string_view, std::weak_ptr<RecordWatcher>) override {
    end_();
    return absl::OkStatus();
  }
  void EndOfUser(std::string_view, std::string_view) override {}
  void EndOnConnection(std::string_view, std::string_view, std::string_view) override {}

 private:
  const std::function<void()> end_;
};

TEST_F(LiveEventsTest, OneThatEndsWhileItIsAskedForIsOver) {
  const SessionHead head = AddSession("ann", 1);
  EndingSessionControl control([&] { End(head, 0, "finished"); });
  ApiParts parts = Parts();
  const Api api(ApiParts{.store = parts.store,
                         .audit = parts.audit,
                         .verifier = parts.verifier,
                         .accounts = parts.accounts,
                         .sessions = control,
                         .agents = parts.agents,
                         .exec = parts.exec,
                         .proxy_manager = parts.proxy_manager,
                         .agent_verifier = parts.agent_verifier,
                         .clock = parts.clock,
                         .log = parts.log,
                         .info = parts.info});
  const Response response = AskOf(api, "ann", "GET", "/api/sessions/" + head.session_id + "/stream");
  EXPECT_EQ(TakeAll(*response.feed), kSessionEnd + "(end)");
}

TEST_F(LiveEventsTest, IsForWhoMaySeeTheSession) {
  const std::string path = "/api/sessions/" + AddSession("ann", 1).session_id + "/stream";
  EXPECT_EQ(Ask("ben", "GET", path).status, 404);
  EXPECT_EQ(Ask("stranger", "GET", path).status, 404);
  EXPECT_EQ(Ask("", "GET", path).status, 401);
  verifier_.people["ann-elsewhere"] = verifier_.people["ann"];
  verifier_.people["ann-elsewhere"].org_id = "another";
  EXPECT_EQ(Ask("ann-elsewhere", "GET", path).status, 404);
  EXPECT_TRUE(control_.watchers.empty());
  EXPECT_EQ(Ask("auditor", "GET", path).status, 200);
  EXPECT_EQ(Ask("admin", "GET", path).status, 200);
  EXPECT_EQ(Ask("ann", "GET", "/api/sessions/nosuch/stream").status, 404);
  control_.watch_answer = DeadlineExceeded("the gateway did not answer");
  EXPECT_EQ(Ask("ann", "GET", path).status, 504);
}

TEST_F(LiveEventsTest, WhatNobodyReadsHasABound) {
  const auto feed = Open(AddSession("ann", 1));
  const std::string half(limits::kRestLiveBytesMax / 2, 'x');
  watcher_->OnRecorded(clock_.Now(), RecordKind::kOutput, half);
  watcher_->OnRecorded(clock_.Now(), RecordKind::kOutput, half);  // with what an event costs besides: too much
  watcher_->OnRecorded(clock_.Now(), RecordKind::kOutput, "after");
  EXPECT_EQ(TakeAll(*feed),
            Event(clock_.Now(), 'o', half) + ": the reader is too slow, the rest is in the record\n\n(end)");
}

TEST_F(LiveEventsTest, WhatWasReadMakesRoom) {
  const auto feed = Open(AddSession("ann", 1));
  const std::string half(limits::kRestLiveBytesMax / 2, 'x');
  for (int i = 0; i < 4; ++i) {
    watcher_->OnRecorded(clock_.Now(), RecordKind::kOutput, half);
    EXPECT_EQ(TakeAll(*feed), Event(clock_.Now(), 'o', half));
  }
}

TEST_F(LiveEventsTest, ALargeRecordIsShownWhenNothingElseWaits) {
  const auto feed = Open(AddSession("ann", 1));
  const std::string large(2 * limits::kRestLiveBytesMax, 'x');
  watcher_->OnRecorded(clock_.Now(), RecordKind::kOutput, large);
  EXPECT_EQ(TakeAll(*feed), Event(clock_.Now(), 'o', large));
}

TEST_F(LiveEventsTest, ManySmallRecordsCountToo) {
  const auto feed = Open(AddSession("ann", 1));
  for (size_t i = 0; i < limits::kRestLiveBytesMax / 8; ++i) {
    watcher_->OnRecorded(clock_.Now(), RecordKind::kOutput, "x");
  }
  EXPECT_NE(TakeAll(*feed).find(": the reader is too slow"), std::string::npos);
}

TEST_F(LiveEventsTest, WhoReadsIsLookedAtAgain) {
  const SessionHead head = AddSession("ann", 1);
  const auto feed = Open(head);
  EXPECT_OK(feed->Recheck(verifier_.people["ann"]));
  EXPECT_STATUS(feed->Recheck(verifier_.people["ben"]), absl::StatusCode::kNotFound, "not found");
  EXPECT_EQ(TakeAll(*feed), "");
  // One that runs on another gateway ends in the store.
  End(head, 1, "exit status 1");
  EXPECT_OK(feed->Recheck(verifier_.people["ann"]));
  EXPECT_EQ(TakeAll(*feed), Event(head.started_at + absl::Seconds(1), 'e', "exit status 1") + kSessionEnd + "(end)");
  EXPECT_OK(store_->sessions().Delete(head.session_id));
  EXPECT_STATUS(feed->Recheck(verifier_.people["ann"]), absl::StatusCode::kNotFound, "not found");
}

// The same through the door.
class EventStreamTest : public PlayedEdgeTest {
 protected:
  std::string Get(const std::string& who, const std::string& method = "GET", const std::string& version = "1.1") {
    return fmt::format("{} /api/sessions/{}/stream HTTP/{}\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n", method,
                       head_.session_id, version, who);
  }
  MemoryBytes& Open(size_t capacity_bytes = 64 * 1024) {
    MemoryBytes& peer = Connect(capacity_bytes);
    Send(peer, Get("ann"));
    ReceiveUntil(peer, ": connected\n\n\r\n");
    watcher_ = control_.watchers[head_.session_id];
    return peer;
  }
  void Say(const std::string& what) { watcher_.lock()->OnRecorded(clock_.Now(), RecordKind::kOutput, what); }

  const SessionHead head_ = AddSession("ann", 1);
  std::weak_ptr<RecordWatcher> watcher_;
};

TEST_F(EventStreamTest, BeginsAtOnce) {
  MemoryBytes& peer = Connect();
  Send(peer, Get("ann"));
  const std::string answer = ReceiveUntil(peer, "connected");
  EXPECT_EQ(answer.find("HTTP/1.1 200 OK\r\n"), 0u);
  for (const char* line :
       {"Content-Type: text/event-stream\r\n", "Cache-Control: no-cache\r\n", "Connection: keep-alive\r\n",
        "X-Accel-Buffering: no\r\n", "\r\n\r\nd\r\n: connected\n\n\r\n"}) {
    EXPECT_NE(answer.find(line), std::string::npos) << line;
  }
}

TEST_F(EventStreamTest, PassesEventsOnUntilTheSessionIsOver) {
  MemoryBytes& peer = Open();
  Say("one");
  EXPECT_NE(ReceiveUntil(peer, "\n\n\r\n").find(Base64Encode("one")), std::string::npos);
  Say("two");
  EXPECT_NE(ReceiveUntil(peer, "\n\n\r\n").find(Base64Encode("two")), std::string::npos);
  watcher_.lock()->OnOver(clock_.Now(), {.reason = "finished", .exit_code = 0});
  EXPECT_NE(ReceiveUntil(peer, "\r\n0\r\n\r\n").find(kSessionEnd), std::string::npos);
  loop_.Turn();
  EXPECT_TRUE(watcher_.expired());
  // The connection is as good as before.
  Send(peer, "GET /api/healthz HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Receive(peer).find("HTTP/1.1 200 OK"), 0u);
}

TEST_F(EventStreamTest, TheNextRequestWaitsForItsEnd) {
  MemoryBytes& peer = Open();
  Send(peer, "GET /api/nosuch HTTP/1.1\r\nHost: a\r\n\r\n");
  Say("one");
  EXPECT_EQ(ReceiveUntil(peer, "\n\n\r\n").find("HTTP/1.1"), std::string::npos);
  watcher_.lock()->OnOver(clock_.Now(), {.reason = "finished", .exit_code = 0});
  const std::string rest = ReceiveUntil(peer, "HTTP/1.1 404 ");
  EXPECT_LT(rest.find("0\r\n\r\n"), rest.find("HTTP/1.1 404 "));
}

TEST_F(EventStreamTest, ShowsThatItLives) {
  MemoryBytes& peer = Open();
  for (int i = 0; i < 3; ++i) {
    loop_.Advance(limits::kHttpFeedPulseTime);
    EXPECT_EQ(ReceiveUntil(peer, "\n\n\r\n"), "d\r\n: keepalive\n\n\r\n");
  }
}

TEST_F(EventStreamTest, EndsWhenThePeerLeaves) {
  Open();
  peers_.clear();
  loop_.Turn();
  EXPECT_EQ(edge_.connection_count(), 0u);
  EXPECT_TRUE(watcher_.expired());
}

TEST_F(EventStreamTest, EndsForWhoIsNotKnownAnyMore) {
  MemoryBytes& peer = Open();
  verifier_.people.erase("ann");
  loop_.Advance(limits::kHttpFeedPulseTime);
  const std::string rest = ReceiveUntil(peer, "0\r\n\r\n");
  EXPECT_NE(rest.find(": access denied\n\n"), std::string::npos) << rest;
}

TEST_F(EventStreamTest, EndsForWhoMayNotSeeTheSessionAnyMore) {
  Identity& auditor = verifier_.people["auditor"];
  MemoryBytes& peer = Connect();
  Send(peer, Get("auditor"));
  ReceiveUntil(peer, ": connected\n\n\r\n");
  auditor.is_auditor = false;
  loop_.Advance(limits::kHttpFeedPulseTime);
  EXPECT_NE(ReceiveUntil(peer, "0\r\n\r\n").find(": not found\n\n"), std::string::npos);
}

TEST_F(EventStreamTest, GoesOnWhileNobodyCanBeAskedWhoReads) {
  MemoryBytes& peer = Open();
  verifier_.is_down = true;
  for (int i = 0; i < 2; ++i) {
    loop_.Advance(limits::kHttpFeedPulseTime);
    ReceiveUntil(peer, ": keepalive\n\n\r\n");
  }
  Say("still here");
  EXPECT_NE(ReceiveUntil(peer, "\n\n\r\n").find(Base64Encode("still here")), std::string::npos);
}

TEST_F(EventStreamTest, EndsWithTheGateway) {
  MemoryBytes& peer = Open();
  bool drained = false;
  edge_.Drain([&drained] { drained = true; });
  loop_.Turn();
  EXPECT_FALSE(drained);
  edge_.EndStreams();
  EXPECT_EQ(ReceiveUntil(peer, "0\r\n\r\n"), "14\r\n: gateway shutdown\n\n\r\n0\r\n\r\n");
  EXPECT_TRUE(IsClosed(peer));
  EXPECT_TRUE(drained);
}

TEST_F(EventStreamTest, AGatewayThatEndsDoesNotWaitForTheRestOfAHead) {
  MemoryBytes& peer = Connect();
  Send(peer, "GET /api/healthz HT");
  loop_.Turn();
  bool drained = false;
  edge_.Drain([&drained] { drained = true; });
  EXPECT_TRUE(drained);
}

TEST_F(EventStreamTest, TellsTheEndOfItsSessionBeforeThatOfTheGateway) {
  MemoryBytes& peer = Open(1024);
  edge_.Drain([] {});
  Say("last words");
  watcher_.lock()->OnOver(clock_.Now(), {.reason = "gateway shutdown", .exit_code = 254});
  edge_.EndStreams();
  const std::string rest = ReceiveUntil(peer, "0\r\n\r\n");
  EXPECT_NE(rest.find(Base64Encode("last words")), std::string::npos) << rest;
  EXPECT_NE(rest.find(Base64Encode("gateway shutdown")), std::string::npos) << rest;
  EXPECT_NE(rest.find(kSessionEnd), std::string::npos) << rest;
  EXPECT_EQ(rest.find(": gateway shutdown"), std::string::npos) << rest;
}

TEST_F(EventStreamTest, EndsAtOnceWhenItBeginsWhileTheGatewayStops) {
  MemoryBytes& peer = Connect();
  Send(peer, Get("ann"));
  loop_.Turn();  // it is asked who that is
  edge_.Drain([] {});
  edge_.EndStreams();
  EXPECT_NE(ReceiveUntil(peer, "0\r\n\r\n").find(": gateway shutdown\n\n"), std::string::npos);
  EXPECT_TRUE(IsClosed(peer));
}

TEST_F(EventStreamTest, ASlowReaderLosesTheStreamAndNothingIsHeldForHim) {
  MemoryBytes& peer = Open(1024);
  const std::string part(64 * 1024, 'x');
  for (size_t i = 0; i < 3 * limits::kRestLiveBytesMax / part.size(); ++i) {
    Say(part);
    loop_.Turn();
  }
  const std::string rest = ReceiveUntil(peer, "0\r\n\r\n");
  EXPECT_LT(rest.size(), 2 * limits::kRestLiveBytesMax);
  EXPECT_NE(rest.find(": the reader is too slow"), std::string::npos);
}

TEST_F(EventStreamTest, WhoReadsNothingIsCutOff) {
  Open(1024);
  Say(std::string(64 * 1024, 'x'));
  loop_.Turn();
  for (absl::Duration waited; waited <= limits::kHttpWriteTime; waited += absl::Seconds(1)) {
    loop_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(edge_.connection_count(), 0u);
}

TEST_F(EventStreamTest, SoManyAtATime) {
  for (size_t i = 0; i < limits::kHttpFeedsMax; ++i) Open();
  MemoryBytes& one_more = Connect();
  Send(one_more, Get("ann"));
  EXPECT_EQ(Receive(one_more).find("HTTP/1.1 503 "), 0u);
  peers_.erase(peers_.begin());
  loop_.Turn();
  Open();
}

TEST_F(EventStreamTest, OfHeadThereIsTheHeadOnly) {
  MemoryBytes& peer = Connect();
  Send(peer, Get("ann", "HEAD") + "GET /api/nosuch HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answers = ReceiveUntil(peer, "HTTP/1.1 404 ");
  EXPECT_EQ(answers.find("connected"), std::string::npos);
  EXPECT_TRUE(control_.watchers[head_.session_id].expired());
}

TEST_F(EventStreamTest, WhoKnowsNoChunksReadsUntilTheConnectionEnds) {
  MemoryBytes& peer = Connect();
  Send(peer, Get("ann", "GET", "1.0"));
  const std::string answer = ReceiveUntil(peer, ": connected\n\n");
  EXPECT_NE(answer.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("chunked"), std::string::npos);
  control_.watchers[head_.session_id].lock()->OnOver(clock_.Now(), {.reason = "finished", .exit_code = 0});
  EXPECT_EQ(ReceiveUntil(peer, kSessionEnd), kSessionEnd);
  EXPECT_TRUE(IsClosed(peer));
}

}  // namespace
}  // namespace hoop::rest
