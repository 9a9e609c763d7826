// Records as files and as text, from stored bytes: formats, one-time tokens, who gets what.
#include "protocol/record_format.h"
#include "rest/download_tokens.h"
#include "tests/rest/rest_fixture.h"

namespace hoop::rest {
namespace {

// Stores what was recorded as the journal does; a page holds a few records.
class StoredAuditStore final : public AuditStore {
 public:
  absl::StatusOr<std::unique_ptr<SessionRecord>> Open(const SessionHead&, RecordObserver&) override {
    return Unimplemented("nobody writes here");
  }
  absl::StatusOr<RecordPage> ReadPage(std::string_view, std::string_view cursor, size_t) override {
    const size_t page = cursor.empty() ? 0 : std::stoul(std::string(cursor));
    if (fails_at == page) return Unavailable("the database is down");
    if (pages.empty()) return RecordPage();
    return RecordPage{pages.at(page), page + 1 < pages.size() ? std::to_string(page + 1) : ""};
  }
  absl::Status Read(std::string_view, absl::AnyInvocable<bool(const RecordEntry&)>) override {
    return absl::OkStatus();
  }
  absl::StatusOr<VerifyReport> Verify(std::string_view) override { return Unimplemented("nothing is signed here"); }
  std::string public_key() const override { return ""; }

  void Add(RecordKind kind, std::string_view payload, absl::Time at) {
    RecordView record;
    record.kind = kind;
    record.position = ++last;
    record.time_us = absl::ToUnixMicros(at);
    record.connection_id = "0";
    record.payload = payload;
    AppendRecord(pages.emplace_back(), record);
  }

  std::vector<std::string> pages;
  std::optional<size_t> fails_at;
  uint64_t last = 0;
};

class DownloadTest : public RestTest {
 protected:
  DownloadTest() : head_(AddSession("ann", 1)) {
    stored_.Add(RecordKind::kInput, "ls", head_.started_at);
    stored_.Add(RecordKind::kOutput, "a\tb", head_.started_at + absl::Milliseconds(1500));
    stored_.Add(RecordKind::kErrorOutput, "no\xff", head_.started_at + absl::Seconds(2));
    End(head_, 3, "exit status 3");
  }

  Response AskStored(const std::string& who, const std::string& target) {
    return AskOf(stored_api_, who, "GET", target);
  }
  static std::string Drain(const Response& response) {
    if (response.source == nullptr) return response.body;
    std::string body;
    for (;;) {
      const absl::StatusOr<std::string> part = response.source->Next();
      if (!part.ok()) return part.status().ToString();
      if (part->empty()) return body;
      body += *part;
    }
  }
  // The path and query of the download that is offered.
  std::string Offer(const std::string& query) {
    const Response offer = AskStored("ann", Path() + "?" + query);
    EXPECT_EQ(offer.status, 200) << offer.body;
    const std::string url = nlohmann::json::parse(offer.body)["download_url"];
    EXPECT_EQ(url.find("http://127.0.0.1:8009/api/sessions/"), 0u);
    return url.substr(std::string("http://127.0.0.1:8009").size());
  }
  std::string Path() const { return "/api/sessions/" + head_.session_id; }
  std::string Download(const std::string& query) { return Drain(AskStored("", Offer(query))); }

  StoredAuditStore stored_;
  Api stored_api_{PartsWith(stored_, verifier_)};
  const SessionHead head_;
};

TEST_F(DownloadTest, TextIsWhatWasSaidInOrder) {
  EXPECT_EQ(Download("extension=txt"),
            "a\tbno\xff"
            "exit status 3");
  EXPECT_EQ(Download("extension=txt&newline=1&events=i,o"), "ls\na\tb\nno\xff\n");
  EXPECT_EQ(Download("extension=txt&event-time=1&events=i"),
            absl::FormatTime("%Y-%m-%dT%H:%M:%SZ ls", head_.started_at, absl::UTCTimeZone()));
  EXPECT_EQ(Download("extension=txt&blob-type=session_input"), "ls");
}

TEST_F(DownloadTest, CsvHasCommasForTabs) { EXPECT_EQ(Download("extension=csv&events=o&newline=1"), "a,b\nno\xff\n"); }

TEST_F(DownloadTest, JsonIsAListOfEvents) {
  const auto list = nlohmann::json::parse(Download("extension=json&events=i,o,e"));
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0]["type"], "i");
  EXPECT_EQ(list[1]["stream"], "a\tb");
  EXPECT_EQ(list[2]["stream"], "no\xef\xbf\xbd");
  EXPECT_EQ(list[3]["type"], "e");
  stored_.pages.clear();
  EXPECT_EQ(Download("extension=json&events=o"), "[]");
}

TEST_F(DownloadTest, TheFileHasANameThatSaysWhatItIs) {
  const Response file = AskStored("", Offer("extension=txt"));
  EXPECT_EQ(file.content_type, "application/octet-stream");
  EXPECT_EQ(file.headers[0].second,
            fmt::format("attachment; filename=bash-{}-{}.txt", head_.session_id,
                        absl::FormatTime("%Y%m%d-%H%M%S", head_.started_at, absl::UTCTimeZone())));
  const Response refused = AskStored("ann", Path() + "?extension=a%22b");
  EXPECT_EQ(refused.status, 422);
}

TEST_F(DownloadTest, ATokenIsTakenByTheFirstTryWhateverItBrings) {
  const std::string path = Offer("extension=txt");
  std::string wrong = path;
  wrong.replace(wrong.find("token=") + 6, 64, std::string(64, '0'));
  EXPECT_EQ(AskStored("", wrong).body, R"({"status":401,"message":"access denied"})");
  EXPECT_EQ(AskStored("", path).body, R"({"status":404,"message":"not found"})");
  const std::string late = Offer("extension=txt");
  clock_.Advance(limits::kRestDownloadTime);
  EXPECT_EQ(AskStored("", late).status, 410);
  const std::string first = Offer("extension=txt"), second = Offer("extension=txt");
  EXPECT_EQ(AskStored("", first).status, 401);
  EXPECT_EQ(AskStored("", Offer("extension=txt")).status, 200);
}

TEST_F(DownloadTest, TokensAreBounded) {
  DownloadTokens tokens;
  absl::Time expires;
  const std::string oldest = tokens.Issue("first", clock_.Now(), &expires);
  for (size_t i = 0; i < limits::kRestDownloadTokensMax; ++i) {
    tokens.Issue(std::to_string(i), clock_.Now() + absl::Seconds(1), &expires);
  }
  EXPECT_EQ(HttpStatus(tokens.Redeem("first", oldest, clock_.Now())), 404);
}

TEST_F(DownloadTest, OthersAreOfferedNothing) {
  EXPECT_EQ(AskStored("ben", Path() + "?extension=txt").status, 404);
  EXPECT_EQ(AskStored("ben", Path() + "/result/stream").status, 404);
  EXPECT_EQ(AskStored("", Path() + "/result/stream").status, 401);
}

TEST_F(DownloadTest, TheResultIsPlainText) {
  const Response result = AskStored("ann", Path() + "/result/stream");
  EXPECT_EQ(result.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(Drain(result),
            "a\tbno\xff"
            "exit status 3");
}

TEST_F(DownloadTest, AnErrorInTheMiddleIsNoEnd) {
  stored_.fails_at = 2;
  EXPECT_EQ(Download("extension=txt"), "UNAVAILABLE: the database is down");
}

TEST_F(DownloadTest, OutputOfNativeProtocolsIsNotShown) {
  const SessionHead native = AddSession("ann", 2, "postgres");
  EXPECT_EQ(Drain(AskStored("ann", "/api/sessions/" + native.session_id + "/result/stream?events=i,o")), "ls");
}

}  // namespace
}  // namespace hoop::rest
