#include "gateway/admission.h"

#include "base/limits/workers.h"
#include "base/niceness.h"
#include "base/status_macros.h"
#include "identity/digest.h"

namespace hoop {

// Hears when the peer leaves.
struct Admission::Waiting final : PacketStream::Receiver {
  Waiting(Admission& owner, uint64_t own_key) : admission(owner), key(own_key) {}
  void OnPacket(Packet) override {}  // nothing comes: the stream is not read
  void OnEnd(const absl::Status&) override {
    *has_left = true;
    admission.loop_.DestroyLater(std::move(admission.waiting_.extract(key).mapped()));
  }

  Admission& admission;
  const uint64_t key;
  Candidate candidate;
  const std::shared_ptr<std::atomic<bool>> has_left = std::make_shared<std::atomic<bool>>(false);
};

Admission::Admission(Loop& loop)
    : loop_(loop),
      penalties_(loop),
      worker_("hoop-admission", limits::kWorkerQueueMax, kBackgroundNiceness),
      issuers_(loop, "hoop-issuer", limits::kIssuerThreads, limits::kIssuerQueueMax) {}

Admission::~Admission() {
  for (auto& [key, waiting] : waiting_) *waiting->has_left = true;  // no question begins any more
}

absl::Status Admission::LetIn(GrpcConnection& connection, const std::string& peer, const std::string& bearer_hash) {
  HOOP_RETURN_IF_ERROR(penalties_.Check(peer, bearer_hash));
  connection.Authenticated(peer);
  return absl::OkStatus();
}

absl::Status Admission::CheckBearer(std::string_view bearer) {
  return penalties_.empty() ? absl::OkStatus() : penalties_.CheckBearer(Sha256(bearer));
}

Admission::Kept Admission::Keep(Candidate candidate) {
  const uint64_t key = ++last_key_;
  auto waiting = std::make_unique<Waiting>(*this, key);
  waiting->candidate = std::move(candidate);
  PacketStream& stream = *waiting->candidate.stream;
  PacketStream::Receiver* receiver = waiting.get();
  std::shared_ptr<const std::atomic<bool>> has_left = waiting->has_left;
  waiting_.emplace(key, std::move(waiting));
  stream.SetReading(false);
  stream.SetReceiver(receiver);
  return {key, std::move(has_left)};
}

void Admission::Submit(uint64_t key, Asked asked, WorkerPool::Work work) {
  if (asked == Asked::kIssuer) {
    if (issuers_.Submit(std::move(work), [has_left = waiting_.at(key)->has_left] { return !*has_left; }).ok()) return;
    return Take(key).Refuse(Unavailable("identity provider: {} others wait for it already", limits::kIssuerQueueMax));
  }
  const absl::Status posted = worker_.Post([this, work = std::move(work)]() mutable {
    if (WorkerPool::Continuation next = work(); next) loop_.Post(std::move(next));
  });
  if (!posted.ok()) Take(key).Refuse(posted);
}

Admission::Candidate Admission::Take(uint64_t key) {
  auto found = waiting_.find(key);
  if (found == waiting_.end()) return {};
  Candidate candidate = std::move(found->second->candidate);
  waiting_.erase(found);
  candidate.stream->SetReceiver(nullptr);
  candidate.stream->SetReading(true);
  return candidate;
}

}  // namespace hoop
