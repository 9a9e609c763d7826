#include "base/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace hoop {
namespace {

// What the sink on stderr writes for one event.
std::string Written(LogEncoding encoding, std::string_view value) {
  LogSink& sink = StderrLog(LogLevel::kInfo, encoding);
  ::testing::internal::CaptureStderr();
  Log(&sink).Info("agent connected", "name", value);
  delete &sink;
  return ::testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneJsonObjectPerLine) {
  const auto object = nlohmann::json::parse(Written(LogEncoding::kJson, "pg"));
  EXPECT_EQ(object["level"], "info");
  EXPECT_EQ(object["message"], "agent connected");
  EXPECT_EQ(object["name"], "pg");
  EXPECT_TRUE(object.contains("timestamp"));
}

TEST(Log, EscapesWhatAValueHolds) {
  for (const std::string value : {"a\"b\\c", "two\nlines", "\x1b[31m\x7f", "tab\t", "{}%v", "gr\xc3\xbc\xc3\x9f"}) {
    const std::string line = Written(LogEncoding::kJson, value);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_EQ(nlohmann::json::parse(line)["name"], value);
  }
}

TEST(Log, InvalidUtf8DoesNotMakeInvalidJson) {
  for (const std::string value : {"\xff\xfe", "cut \xc3", "\xc0\xaf", "\xed\xa0\x80"}) {
    EXPECT_TRUE(nlohmann::json::accept(Written(LogEncoding::kJson, value))) << value;
  }
}

TEST(Log, PlainTextStaysOnOneLine) {
  const std::string line = Written(LogEncoding::kConsole, "two\nlines \"x\"");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_NE(line.find(R"(agent connected name="two\u000alines \"x\"")"), std::string::npos) << line;
}

TEST(Log, LeavesTimeAndColourToTheJournal) {
  EXPECT_EQ(Written(LogEncoding::kJournal, "pg"), "<6>agent connected name=pg\n");
  LogSink& sink = StderrLog(LogLevel::kDebug, LogEncoding::kJournal);
  ::testing::internal::CaptureStderr();
  const Log log(&sink);
  log.Error("disk full");
  log.Warning("disk nearly full");
  log.Debug("packet");
  delete &sink;
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "<3>disk full\n<4>disk nearly full\n<7>packet\n");
}

struct CountingSink : LogSink {
  bool Wants(LogLevel level) const override { return level >= LogLevel::kWarning; }
  void Write(LogLevel, std::string_view event, const std::vector<LogField>& fields) override {
    text += event;
    for (const LogField& field : fields) text += fmt::format(" {}={}", field.key, field.value);
  }
  std::string text;
};

TEST(Log, AsksTheSinkFirst) {
  CountingSink sink;
  const Log log(&sink);
  log.Info("not wanted");
  log.Error("disk full", "bytes", 7, "path", "/x");
  EXPECT_EQ(sink.text, "disk full bytes=7 path=/x");
  Log().Error("nobody listens");
}

}  // namespace
}  // namespace hoop
