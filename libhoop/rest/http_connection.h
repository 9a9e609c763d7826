// One HTTP/1.1 connection: cuts what comes into heads and bodies, sends answers, keeps the deadlines. Made by Edge,
// which decides what a request means.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/loop.h"
#include "net/byte_stream.h"
#include "rest/http_message.h"
#include "rest/request_head.h"

namespace hoop::rest {

// Owned by Edge; loop thread. One request at a time: while one is being answered nothing is read (a buffer at most,
// where it is watched), so a client that sends many ahead waits in its own socket. Ends by itself (OnClosed) when the
// peer goes, breaks a rule or is late.
class HttpConnection final : public ByteStream::Events {
 public:
  // Owns the connection. Each OnHead is answered by one ReadBody or Answer, each OnBody by one Answer, each
  // OnPartWanted by one Continue or Abort, now or later, inside of it or not.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void OnHead(uint64_t id, RequestHead head) = 0;
    virtual void OnBody(uint64_t id, std::string body) = 0;
    // The answer has a source or a feed, and what it said so far is sent.
    virtual void OnPartWanted(uint64_t id) = 0;
    // The last call. The connection may not be destroyed inside of it, only by Loop::DestroyLater.
    virtual void OnClosed(uint64_t id) = 0;
  };

  // `common_headers`: whole lines that every answer has; outlives the connection.
  HttpConnection(Loop& loop, Owner& owner, uint64_t id, std::unique_ptr<ByteStream> stream,
                 const std::string& common_headers);
  ~HttpConnection() override;

  void Start();
  void ReadBody();
  void Answer(const Response& response);
  // The next part of such a body; empty: the end.
  void Continue(std::string_view part);
  // From now on until the answer the connection notices that its peer ends his side, or that he is gone.
  void Watch();
  // He said that he sends no more. Whether he still reads is not known.
  bool peer_finished() const { return peer_finished_; }
  // The peer proved who it is.
  void Trust() { stream_->Trust(); }
  // Of the answer, what the peer has not taken, and since when it has taken nothing worth a mention.
  size_t unsent_bytes() const { return out_.size() - sent_; }
  absl::Duration part_begun() const { return part_begun_; }
  // The peer is too slow for what its answer costs.
  void Abort();
  // Closes now when no request has come whole, else after the answer.
  void Drain();

  const std::string& peer() const { return stream_->peer(); }

 private:
  enum class State { kHead, kOwner, kBody, kAnswer, kLinger, kClosed };

  void OnReadable() override;
  void OnWritable() override;
  bool Reads() const;

  // Each does what its state can do now and says whether the state changed; Advance() repeats that.
  void Advance();
  bool Step();
  bool StepHead();
  bool StepBody();
  bool StepAnswer();
  bool StepLinger();

  void Refuse(const absl::Status& status);
  bool Flush();  // false: not everything was taken, or the connection is closed
  void Enter(State state, absl::Duration time_left);
  void AppendPart(std::string_view part);
  void BeginPart();
  void OnDeadline();
  void Close();
  std::string RenderHead(const Response& response) const;

  Loop& loop_;
  Owner& owner_;
  const uint64_t id_;
  const std::unique_ptr<ByteStream> stream_;
  const std::string& common_headers_;

  State state_ = State::kHead;
  bool advancing_ = false;
  bool peer_finished_ = false;
  bool is_watched_ = false;  // in kOwner
  bool draining_ = false;
  enum class Parts { kNone, kWanted, kAsked };
  Parts parts_ = Parts::kNone;  // of an answer with a source or a feed
  bool is_fed_ = false;         // the answer has a feed: nobody knows when it goes on
  std::unique_ptr<Timer> deadline_;

  std::string in_;           // what was read and not used; bounded by head or body plus one read
  size_t scanned_ = 0;       // of in_, for the end of the head
  bool head_begun_ = false;  // a byte of it came: the idle time is over
  RequestHead head_;
  bool body_taken_ = false;
  bool keep_alive_ = false;
  size_t lingered_bytes_ = 0;

  std::string out_;
  size_t sent_ = 0;
  size_t part_sent_ = 0;  // since part_begun_
  absl::Duration part_begun_;
};

}  // namespace hoop::rest
