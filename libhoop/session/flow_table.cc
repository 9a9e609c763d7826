#include "session/flow_table.h"

#include <utility>

#include "base/limits/session.h"
#include "base/status.h"
#include "session/session.h"
#include "wire/packet_types.h"

namespace hoop {

Flow& FlowTable::AddControl(SessionRecord::Position position) {
  control_ = std::make_unique<Flow>(session_, std::string(kCommandConnectionId), /*control=*/true);
  control_->SetLastRequest(position);
  return *control_;
}

absl::StatusOr<Flow*> FlowTable::Add(std::string_view connection_id) {
  if (flows_.size() >= limits::kConnectionIdsMax) {
    return ResourceExhausted("session {}: more than {} local connections", session_.id(), limits::kConnectionIdsMax);
  }
  auto flow = std::make_unique<Flow>(session_, std::string(connection_id), /*control=*/false);
  flow->SetLastRequest(control_->last_request());
  return flows_.emplace(connection_id, std::move(flow)).first->second.get();
}

Flow* FlowTable::Find(std::string_view connection_id) const {
  const auto found = flows_.find(connection_id);
  return found == flows_.end() ? nullptr : found->second.get();
}

void FlowTable::Close(Flow& flow) {
  flow.Close();
  closed_ids_.Add(flow.id());
}

void FlowTable::ForEach(absl::FunctionRef<void(Flow&)> visit) const {
  if (control_ != nullptr) visit(*control_);
  for (const auto& [id, flow] : flows_) visit(*flow);
}

void FlowTable::Mark(Flow& flow) {
  if (!std::exchange(flow.release_planned, true)) marked_.push_back(&flow);
}

void FlowTable::Release() {
  std::vector<Flow*> flows = std::exchange(marked_, {});
  for (Flow* flow : flows) flow->Release();
  Sweep(flows);
  if (flows.capacity() > marked_.capacity() && marked_.empty()) {
    flows.clear();
    marked_ = std::move(flows);  // keeps its room
  }
}

// A flow ends in its own release: only those of this turn are looked at, however many there are.
void FlowTable::Sweep(const std::vector<Flow*>& released) {
  for (Flow* flow : released) {
    if (flow->is_control() || !flow->over() || flow->release_planned) continue;
    auto found = flows_.find(flow->id());
    loop_.DestroyLater(std::move(found->second));
    flows_.erase(found);
  }
}

}  // namespace hoop
