#include "tools/hoop/event_printer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <thread>

namespace hoop::cli {
namespace {

class EventPrinterTest : public ::testing::Test {
 protected:
  EventPrinterTest() {
    EXPECT_EQ(::pipe(ends_), 0);
    printer_.emplace(ends_[1]);
  }
  ~EventPrinterTest() override { ::close(ends_[0]); }

  void PrintLocal() {
    printer_->Print({.kind = ClientEvent::Kind::kLocalOpened, .data = {{"connection_id", "000001"}}});
  }
  // Everything that is written, from now to the end.
  std::string ReadToEnd() {
    std::string text;
    std::thread reader([this, &text] {
      char buffer[4096];
      for (ssize_t count = 0; (count = ::read(ends_[0], buffer, sizeof(buffer))) > 0;) {
        text.append(buffer, static_cast<size_t>(count));
      }
    });
    printer_.reset();
    ::close(ends_[1]);
    reader.join();
    return text;
  }

  int ends_[2] = {-1, -1};
  std::optional<EventPrinter> printer_;
};

TEST_F(EventPrinterTest, WritesLinesInTheirOrder) {
  printer_->Print({.kind = ClientEvent::Kind::kReady, .data = {{"port", "1"}}});
  PrintLocal();
  EXPECT_EQ(ReadToEnd(),
            "{\"status\":\"ready\",\"data\":{\"port\":\"1\"}}\n"
            "{\"status\":\"local_opened\",\"data\":{\"connection_id\":\"000001\"}}\n");
}

TEST_F(EventPrinterTest, DoesNotWaitForAReaderAndCountsWhatItLeavesOut) {
  for (int i = 0; i < 40000; ++i) PrintLocal();  // more than a pipe and the bound hold
  printer_->Print({.kind = ClientEvent::Kind::kDisconnected, .data = {{"error", "lost"}}});
  const std::string text = ReadToEnd();
  const size_t dropped = text.find("{\"status\":\"events_dropped\",\"data\":{\"count\":\"");
  ASSERT_NE(dropped, std::string::npos);
  EXPECT_TRUE(text.ends_with("{\"status\":\"disconnected\",\"data\":{\"error\":\"lost\"}}\n"));
  size_t lines = 0;
  for (const char c : text) lines += c == '\n' ? 1 : 0;
  const size_t count = std::stoul(text.substr(text.find("\"count\":\"", dropped) + 9));
  EXPECT_EQ(lines - 2 + count, 40000u);
}

}  // namespace
}  // namespace hoop::cli
