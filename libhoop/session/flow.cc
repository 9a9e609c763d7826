#include "session/flow.h"

#include <algorithm>
#include <utility>

#include "base/limits/session.h"
#include "session/session.h"

namespace hoop {

Flow::Flow(Session& session, std::string id, bool control) : session_(session), id_(std::move(id)), control_(control) {}

Flow::~Flow() { Drop(); }

void Flow::UseClientStream(std::unique_ptr<PacketStream> stream) {
  client_ = std::move(stream);
  client_ended_ = false;
  client_->SetReceiver(&client_side_);
}

std::string Flow::ExpectAgentStream() {
  agent_token_ = session_.agent()->ExpectStream(
      [this](absl::StatusOr<std::unique_ptr<PacketStream>> stream) { OnAgentStream(std::move(stream)); });
  return agent_token_;
}

void Flow::OnAgentStream(absl::StatusOr<std::unique_ptr<PacketStream>> stream) {
  agent_token_.clear();
  if (!stream.ok()) {
    session_.OnAgentStreamMissing(*this, stream.status());
    return;
  }
  agent_ = *std::move(stream);
  agent_ended_ = false;
  agent_->SetReceiver(&agent_side_);
  if (!agent_reading_) agent_->SetReading(false);  // as was decided before it was here
  session_.ReleaseAtTurnEnd(*this);
}

void Flow::Request(Packet packet, SessionRecord::Position position) {
  last_request_ = std::max(last_request_, position);
  request_bytes_ += packet.size();
  if (!shares_client_stream()) Pace(request_pace_, packet.size());
  requests_.push_back(std::move(packet));
  session_.ReleaseAtTurnEnd(*this);
}

void Flow::Reply(Packet packet) {
  held_bytes_ += packet.size();
  if (!shares_agent_stream()) Pace(reply_pace_, packet.size());
  replies_.push_back({std::move(packet), last_request_});
  session_.ReleaseAtTurnEnd(*this);
}

// Streams that others share are read whatever this flow does.
void Flow::Pace(Paced& direction, size_t bytes) {
  const absl::Duration hold = session_.pacer_.HoldAfter(direction.share, bytes);
  if (hold == absl::ZeroDuration()) return;
  direction.hold = session_.loop_.After(hold, [this, &direction] {
    direction.hold.reset();
    UpdateReading();
  });
  UpdateReading();
}

void Flow::Release() {
  release_planned = false;
  ReleaseRequests();
  ReleaseReplies();
  FinishStreamsWhenClosed();
  UpdateReading();
}

void Flow::ReleaseRequests() {
  if (!agent_token_.empty() && agent_ == nullptr) return;  // until the agent opened its stream
  for (; !requests_.empty(); requests_.pop_front()) {
    Packet& packet = requests_.front();
    request_bytes_ -= packet.size();
    if (agent_ != nullptr) {
      agent_->Send(std::move(packet));
    } else if (AgentLeg* leg = session_.agent(); leg != nullptr) {
      leg->Send(std::move(packet));
    }
  }
}

void Flow::ReleaseReplies() {
  SessionRecord& record = *session_.record_;
  const bool durable = session_.context().head.policy == RecordPolicy::kDurable;
  for (; !replies_.empty(); replies_.pop_front()) {
    Held& next = replies_.front();
    if (durable && !record.IsDurable(next.after)) {
      if (waits_) return;
      waits_ = true;
      record.WhenDurable(next.after, [this](const absl::Status& status) {
        waits_ = false;
        // A record that failed ends the session by OnRecordFailed; what was not proven is never released.
        if (status.ok()) session_.ReleaseAtTurnEnd(*this);
      });
      return;
    }
    held_bytes_ -= next.packet.size();
    if (PacketStream* out = client_ != nullptr ? client_.get() : session_.client_control(); out != nullptr) {
      out->Send(std::move(next.packet));
    }
  }
}

void Flow::FinishStreamsWhenClosed() {
  if (!closed_ || finished_ || !requests_.empty() || !replies_.empty()) return;
  finished_ = true;
  if (client_ != nullptr && !client_ended_) client_->Finish(absl::OkStatus());
  if (agent_ != nullptr && !agent_ended_) agent_->Finish(absl::OkStatus());
}

void Flow::Drop() {
  closed_ = finished_ = true;
  requests_.clear();
  replies_.clear();
  request_bytes_ = held_bytes_ = 0;
  if (!agent_token_.empty() && session_.agent() != nullptr) session_.agent()->ForgetStream(agent_token_);
  agent_token_.clear();
  client_.reset();
  agent_.reset();
  client_ended_ = agent_ended_ = true;
  CountSharedReplies();
}

size_t Flow::agent_queued_bytes() const {
  if (agent_ != nullptr) return agent_->queued_bytes();
  return session_.agent() == nullptr ? 0 : session_.agent()->queued_bytes();
}

size_t Flow::reply_bytes() const {
  const PacketStream* out = client_ != nullptr ? client_.get() : session_.client_control();
  return held_bytes_ + (out == nullptr ? 0 : out->queued_bytes());
}

void Flow::UpdateReading() {
  const bool calm = !session_.pressure_;
  SetClientReading(calm && !parked_request_ && request_pace_.hold == nullptr &&
                   (agent_token_.empty() || requests_.empty()) &&
                   request_bytes_ + agent_queued_bytes() <= limits::kSendQueueHighBytes);
  CountSharedReplies();
  if (shares_agent_stream()) {
    // Shared with the agent's other sessions: held only far above the usual mark, and not for long. The disk that is
    // behind stops the requests; a stage that holds keeps what comes.
    session_.shared_replies_.Update();
  } else {
    SetAgentReading(calm && !parked_reply_ && reply_pace_.hold == nullptr &&
                    reply_bytes() <= limits::kSendQueueHighBytes);
  }
}

void Flow::SetClientReading(bool reading) {
  if (reading == client_reading_) return;
  client_reading_ = reading;
  if (client_ != nullptr) {
    client_->SetReading(reading);
  } else {
    session_.OnSharedReading(reading);
  }
}

void Flow::SetAgentReading(bool reading) {
  if (reading == agent_reading_) return;
  agent_reading_ = reading;
  if (agent_ != nullptr) agent_->SetReading(reading);
}

// Of those that use the client's control stream, what is queued there is counted once, for the session.
void Flow::CountSharedReplies() {
  const size_t now = shares_agent_stream() ? held_bytes_ + client_queued_bytes() : 0;
  session_.shared_replies_.Count(std::exchange(shared_bytes_, now), now);
}

void Flow::Side::OnPacket(Packet packet) { flow.session_.OnFlowPacket(flow, direction, std::move(packet)); }

// Who sends nothing more without having said close is treated like who is gone.
void Flow::Side::OnPeerDone() { flow.session_.OnFlowStreamEnd(flow, direction); }

void Flow::Side::OnEnd(const absl::Status&) {
  (direction == Direction::kRequest ? flow.client_ended_ : flow.agent_ended_) = true;
  flow.session_.OnFlowStreamEnd(flow, direction);
}

}  // namespace hoop
