// One step of the session pipeline: continue, replace, hold or refuse a packet. New policy is a new stage.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "hoop/audit_store.h"
#include "session/session_context.h"
#include "wire/packet.h"

namespace hoop {

// Where a packet stands while the stages look at it.
struct PacketContext {
  const SessionContext& session;
  Direction direction;
  std::string_view connection_id;
  SessionRecord& record;
  // Where the packet stands in the record, set by the record stage.
  SessionRecord::Position position = 0;
};

// What a stage decided. A value.
class Verdict final {
 public:
  enum class Kind { kContinue, kReplace, kHold, kRefuse };

  static Verdict Continue() { return Verdict(Kind::kContinue); }
  // The stages behind go on with `packet` instead.
  static Verdict Replace(Packet packet, std::string why) {
    Verdict verdict(Kind::kReplace);
    verdict.packet = std::move(packet);
    verdict.why = std::move(why);
    return verdict;
  }
  // Nothing of this connection id and direction goes on until Session::Resume with the same connection id.
  static Verdict Hold(std::string why) {
    Verdict verdict(Kind::kHold);
    verdict.why = std::move(why);
    return verdict;
  }
  // Ends the session; `status` names what was refused.
  static Verdict Refuse(absl::Status status) {
    Verdict verdict(Kind::kRefuse);
    verdict.status = std::move(status);
    return verdict;
  }

  Kind kind;
  Packet packet;
  std::string why;
  absl::Status status;

 private:
  explicit Verdict(Kind decided) : kind(decided) {}
};

// Owned by the session's pipeline. Loop thread only; never blocks, never calls out: what takes time is a Hold.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual std::string_view name() const = 0;
  virtual Verdict OnPacket(const Packet& packet, PacketContext& context) = 0;
};

}  // namespace hoop
