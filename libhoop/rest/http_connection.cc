#include "rest/http_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/limits/http.h"
#include "base/limits/listener.h"
#include "base/status.h"

namespace hoop::rest {
namespace {

std::string_view ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Answer";
  }
}

bool Has(const Response& response, std::string_view name) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [name](const auto& header) { return header.first == name; });
}

}  // namespace

HttpConnection::HttpConnection(Loop& loop, Owner& owner, uint64_t id, std::unique_ptr<ByteStream> stream,
                               const std::string& common_headers)
    : loop_(loop), owner_(owner), id_(id), stream_(std::move(stream)), common_headers_(common_headers) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::Start() {
  stream_->SetEvents(this);
  Enter(State::kHead, limits::kPreAuthTime);
  Advance();
}

// Of an answer with a feed, and of a request that is watched: whether the peer leaves, and the beginning of its next
// request.
bool HttpConnection::Reads() const {
  return state_ == State::kHead || state_ == State::kBody || state_ == State::kLinger ||
         (state_ == State::kOwner && is_watched_) || (state_ == State::kAnswer && is_fed_);
}

void HttpConnection::OnReadable() {
  if (!Reads()) return;
  std::array<char, 16 * limits::kKiB> buffer;
  const IoResult result = stream_->Read(buffer.data(), buffer.size());
  switch (result.kind) {
    case IoResult::Kind::kBytes:
      in_.append(buffer.data(), result.bytes);
      break;
    case IoResult::Kind::kWouldBlock:
      break;
    case IoResult::Kind::kEnd:
      peer_finished_ = true;
      if (is_fed_) return Close();
      break;
    case IoResult::Kind::kError:
      return Close();
  }
  Advance();
}

void HttpConnection::OnWritable() {
  if (state_ == State::kAnswer) return Advance();
  Flush();  // the rest of a "100 Continue"
}

void HttpConnection::Advance() {
  if (advancing_) return;  // called from inside Step by way of the owner: the loop below goes on
  advancing_ = true;
  while (Step()) {
  }
  advancing_ = false;
}

bool HttpConnection::Step() {
  switch (state_) {
    case State::kHead:
      return StepHead();
    case State::kBody:
      return StepBody();
    case State::kAnswer:
      return StepAnswer();
    case State::kLinger:
      return StepLinger();
    case State::kOwner:
    case State::kClosed:
      return false;
  }
  return false;
}

bool HttpConnection::StepHead() {
  if (in_.empty() && (peer_finished_ || draining_)) {
    Close();
    return true;
  }
  const absl::StatusOr<std::optional<size_t>> end = FindHeadEnd(in_, scanned_);
  if (!end.ok()) {
    Refuse(end.status());
    return true;
  }
  if (end->has_value()) {
    absl::StatusOr<RequestHead> head = ParseHead(std::string_view(in_).substr(0, **end));
    in_.erase(0, **end);
    scanned_ = 0;
    head_begun_ = false;
    if (!head.ok()) {
      Refuse(head.status());
      return true;
    }
    head_ = *std::move(head);
    body_taken_ = head_.content_length == 0;
    keep_alive_ = head_.keep_alive;
    Enter(State::kOwner, absl::InfiniteDuration());
    owner_.OnHead(id_, head_);
    return true;
  }
  if (peer_finished_) {
    Refuse(HttpError(400, "the request ends in the middle of its head"));
    return true;
  }
  if (!in_.empty() && !head_begun_) {
    head_begun_ = true;
    Enter(State::kHead, limits::kPreAuthTime);
  }
  stream_->WantRead();
  return false;
}

void HttpConnection::ReadBody() {
  HOOP_CHECK(state_ == State::kOwner || state_ == State::kClosed);
  if (state_ == State::kClosed) return;
  Enter(State::kBody, limits::kHttpBodyTime);
  if (head_.expects_continue && in_.size() < head_.content_length) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    Flush();
  }
  Advance();
}

bool HttpConnection::StepBody() {
  if (in_.size() >= head_.content_length) {
    std::string body = in_.substr(0, head_.content_length);
    in_.erase(0, head_.content_length);
    body_taken_ = true;
    Enter(State::kOwner, absl::InfiniteDuration());
    owner_.OnBody(id_, std::move(body));
    return true;
  }
  if (peer_finished_) {
    Refuse(HttpError(400, "the request ends in the middle of its body"));
    return true;
  }
  stream_->WantRead();
  return false;
}

void HttpConnection::Watch() {
  if (state_ != State::kOwner) return;
  is_watched_ = true;
  if (in_.empty()) stream_->WantRead();
}

void HttpConnection::Answer(const Response& response) {
  if (state_ == State::kClosed) return;
  is_watched_ = false;
  // What is left of a refused body would be read as the next request.
  if (!body_taken_ || draining_) keep_alive_ = false;
  // Who knows no chunks learns the end of such a body from that of the connection.
  const bool has_parts = response.source != nullptr || response.feed != nullptr;
  if (has_parts && !head_.takes_chunks) keep_alive_ = false;
  out_ += RenderHead(response);
  if (head_.method != "HEAD") {
    if (!has_parts) {
      out_ += response.body;
    } else {
      if (!response.body.empty()) AppendPart(response.body);
      parts_ = Parts::kWanted;
    }
    is_fed_ = response.feed != nullptr;
  }
  BeginPart();
  Advance();
}

void HttpConnection::Continue(std::string_view part) {
  if (state_ == State::kClosed) return;
  const bool ends = part.empty();
  parts_ = ends ? Parts::kNone : Parts::kWanted;
  if (ends) is_fed_ = false;
  AppendPart(part);
  BeginPart();
  Advance();
}

void HttpConnection::AppendPart(std::string_view part) {
  if (head_.takes_chunks) out_ += fmt::format("{:x}\r\n", part.size());
  out_ += part;
  if (head_.takes_chunks) out_ += "\r\n";
}

// A part of an answer has its time, however it trickles.
void HttpConnection::BeginPart() {
  part_sent_ = 0;
  part_begun_ = loop_.Monotonic();
  Enter(State::kAnswer, limits::kHttpWriteTime);
}

void HttpConnection::Refuse(const absl::Status& status) {
  keep_alive_ = false;
  body_taken_ = false;
  head_ = RequestHead();
  Answer(RefusalOf(status));
}

std::string HttpConnection::RenderHead(const Response& response) const {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, ReasonOf(response.status));
  head += absl::FormatTime("Date: %a, %d %b %Y %H:%M:%S GMT\r\n", loop_.Now(), absl::UTCTimeZone());
  if (!response.bare) head += common_headers_;
  if (!response.bare && !Has(response, kExposeHeaders)) {
    head += fmt::format("{}: X-New-Access-Token, X-Set-Cookie\r\n", kExposeHeaders);
  }
  if (!response.content_type.empty()) head += fmt::format("Content-Type: {}\r\n", response.content_type);
  for (const auto& [name, value] : response.headers) {
    HOOP_CHECK(value.find_first_of("\r\n") == std::string::npos);
    head += fmt::format("{}: {}\r\n", name, value);
  }
  if (response.source != nullptr || response.feed != nullptr) {
    if (head_.takes_chunks) head += "Transfer-Encoding: chunked\r\n";
  } else if (response.status != 204) {
    head += fmt::format("Content-Length: {}\r\n", response.body.size());
  }
  if (!keep_alive_) {
    head += "Connection: close\r\n";
  } else if (response.feed != nullptr) {
    head += "Connection: keep-alive\r\n";  // upstream says so of these
  }
  return head + "\r\n";
}

bool HttpConnection::StepAnswer() {
  if (!Flush()) return false;
  if (parts_ == Parts::kWanted) {
    parts_ = Parts::kAsked;
    Enter(State::kAnswer, absl::InfiniteDuration());
    owner_.OnPartWanted(id_);
    if (parts_ != Parts::kAsked) return true;  // it was there already
  }
  if (parts_ == Parts::kAsked) {
    if (Reads() && in_.empty()) stream_->WantRead();
    return false;
  }
  if (keep_alive_) {
    Enter(State::kHead, limits::kHttpIdleTime);
    return true;
  }
  stream_->ShutdownWrite();
  in_.clear();
  Enter(State::kLinger, limits::kHttpLingerTime);
  return true;
}

// A close with unread bytes would reset the connection, and the peer might never see the answer.
bool HttpConnection::StepLinger() {
  lingered_bytes_ += in_.size();
  in_.clear();
  if (peer_finished_ || lingered_bytes_ > limits::kHttpLingerBytesMax) {
    Close();
  } else {
    stream_->WantRead();
  }
  return false;
}

bool HttpConnection::Flush() {
  while (sent_ < out_.size()) {
    const iovec piece = {out_.data() + sent_, out_.size() - sent_};
    const IoResult result = stream_->Write(&piece, 1);
    if (result.kind == IoResult::Kind::kWouldBlock) {
      stream_->WantWrite();
      return false;
    }
    if (result.kind != IoResult::Kind::kBytes) {
      Close();
      return false;
    }
    sent_ += result.bytes;
    part_sent_ += result.bytes;
    if (state_ == State::kAnswer && part_sent_ >= limits::kHttpWritePartBytes) BeginPart();
  }
  out_.clear();
  out_.shrink_to_fit();  // an answer may be megabytes, an idle connection keeps nothing
  sent_ = 0;
  return true;
}

void HttpConnection::Drain() {
  draining_ = true;
  if (state_ == State::kHead) Close();  // what has not come whole was not begun
}

void HttpConnection::Enter(State state, absl::Duration time_left) {
  state_ = state;
  deadline_.reset();
  if (time_left == absl::InfiniteDuration()) return;
  deadline_ = loop_.After(time_left, [this] { OnDeadline(); });
}

void HttpConnection::OnDeadline() {
  if (state_ == State::kHead && !in_.empty()) return Refuse(HttpError(408, "the head took too long"));
  if (state_ == State::kBody) return Refuse(HttpError(408, "the body took too long"));
  if (state_ == State::kAnswer) return Abort();
  Close();
}

void HttpConnection::Abort() {
  stream_->ResetOnClose();
  Close();
}

void HttpConnection::Close() {
  if (state_ == State::kClosed) return;
  Enter(State::kClosed, absl::InfiniteDuration());
  stream_->StopRead();
  owner_.OnClosed(id_);
}

}  // namespace hoop::rest
