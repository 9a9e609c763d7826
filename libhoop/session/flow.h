// One connection id within a session: its streams on both legs, what waits for the record, and its back-pressure.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/fifo.h"
#include "base/loop.h"
#include "hoop/audit_store.h"
#include "session/agent_leg.h"
#include "session/bulk_pacer.h"
#include "session/pipeline.h"
#include "wire/packet_stream.h"

namespace hoop {

class Session;

// Owned by FlowTable; loop thread only. Packets go in recorded and come out in order, requests when their turn is
// written, replies when besides the requests before them are durable. Who is full, who stops reading:
//   agent's stream above its mark, or not open yet     -> the client's stream is not read
//   client's stream and held replies above their mark  -> the agent's stream is not read
//   disk behind (OnRecordPressure), or a stage holds   -> that side is not read
//   bulk beside interactive sessions (BulkPacer)       -> its own stream is not read for a while
class Flow final {
 public:
  // `control`: carries the session's own packets; ends only with the session.
  Flow(Session& session, std::string id, bool control);
  ~Flow();

  const std::string& id() const { return id_; }
  bool is_control() const { return control_; }

  // The client's own stream for this connection id; without one, the session's control stream is used.
  void UseClientStream(std::unique_ptr<PacketStream> stream);
  // Asks the agent for a stream of its own: the token it has to show.
  std::string ExpectAgentStream();
  // The agent's control stream carries this flow: asked for none, or old agents.
  bool shares_agent_stream() const { return agent_token_.empty() && agent_ == nullptr; }
  bool shares_client_stream() const { return client_ == nullptr; }

  // Recorded packets on their way. `position`: of the request; of a reply, nothing waits for itself.
  void Request(Packet packet, SessionRecord::Position position);
  void Reply(Packet packet);

  // The newest request of this connection id: what a reply has to wait for.
  SessionRecord::Position last_request() const { return last_request_; }
  // Replies wait for at least this position (the open record, before the first request).
  void SetLastRequest(SessionRecord::Position position) { last_request_ = position; }

  // A stage held a packet: nothing of that direction goes on until it is taken back.
  struct Parked {
    Packet packet;
    size_t next_stage = 0;
    SessionRecord::Position position = 0;
    std::deque<Packet> behind;  // arrived meanwhile
  };
  std::unique_ptr<Parked>& parked(Direction direction) {  // null: nothing is held
    return direction == Direction::kRequest ? parked_request_ : parked_reply_;
  }

  // Hands on what may go: called in the kRelease phase.
  void Release();
  bool release_planned = false;  // marked in the table

  // Both sides are told; what is queued still leaves. Late packets are dropped by the session.
  void Close() { closed_ = true; }
  bool closed() const { return closed_; }
  // Nothing more will happen: it can be destroyed.
  bool over() const {
    return closed_ && requests_.empty() && replies_.empty() && !waits_ && client_ended_ && agent_ended_;
  }

  // Ends own streams at once, whatever is queued; releases the agent's control stream.
  void Drop();

  // Tells the session what it holds of an agent's stream that others share.
  void CountSharedReplies();
  size_t client_queued_bytes() const { return client_ == nullptr ? 0 : client_->queued_bytes(); }

  // Looks at all queues again and starts or stops reading.
  void UpdateReading();

 private:
  struct Held {
    Packet packet;
    SessionRecord::Position after = 0;
  };
  // An own stream of one side, so that the flow knows who speaks.
  struct Side final : PacketStream::Receiver {
    Side(Flow& owner, Direction speaks) : flow(owner), direction(speaks) {}
    void OnPacket(Packet packet) override;
    void OnPeerDone() override;
    void OnEnd(const absl::Status& status) override;
    void OnDrained() override { flow.UpdateReading(); }
    Flow& flow;
    const Direction direction;
  };

  struct Paced {
    BulkShare share;
    std::unique_ptr<Timer> hold;  // set: this direction is not read, for the sake of interactive sessions
  };

  void Pace(Paced& direction, size_t bytes);
  void ReleaseRequests();
  void ReleaseReplies();
  void OnAgentStream(absl::StatusOr<std::unique_ptr<PacketStream>> stream);
  void FinishStreamsWhenClosed();
  void SetClientReading(bool reading);
  void SetAgentReading(bool reading);
  size_t agent_queued_bytes() const;
  // Bytes that wait for the client, in this process.
  size_t reply_bytes() const;

  Session& session_;
  const std::string id_;
  const bool control_;

  Side client_side_{*this, Direction::kRequest};
  Side agent_side_{*this, Direction::kReply};
  std::unique_ptr<PacketStream> client_;
  std::unique_ptr<PacketStream> agent_;
  std::string agent_token_;  // not empty: the agent was asked for a stream that is not here yet
  bool client_ended_ = true;
  bool agent_ended_ = true;

  Fifo<Packet> requests_;  // recorded, not handed on
  Fifo<Held> replies_;     // recorded, not handed on
  size_t request_bytes_ = 0;
  size_t held_bytes_ = 0;
  SessionRecord::Position last_request_ = 0;
  bool waits_ = false;  // a WhenDurable call is under way
  bool closed_ = false;
  bool finished_ = false;  // own streams were finished
  bool client_reading_ = true;
  bool agent_reading_ = true;
  Paced request_pace_, reply_pace_;
  size_t shared_bytes_ = 0;  // as the session has heard
  std::unique_ptr<Parked> parked_request_;
  std::unique_ptr<Parked> parked_reply_;
};

}  // namespace hoop
