// The flows of one session: by connection id, those whose ids were used before, those with something to release.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "base/loop.h"
#include "base/recent_ids.h"
#include "session/flow.h"

namespace hoop {

// Owned by Session; loop thread only. A flow lives from its id's first packet until both sides are done with it, the
// control flow from the record's opening until the session ends.
class FlowTable final {
 public:
  FlowTable(Session& session, Loop& loop) : session_(session), loop_(loop) {}

  // Carries the session's own packets, and all of a command's. Its replies wait for `position`.
  Flow& AddControl(SessionRecord::Position position);
  Flow* control() const { return control_.get(); }  // null: the session is not opened

  // Replies wait for what those of the control flow wait for. ResourceExhausted: limits::kConnectionIdsMax.
  absl::StatusOr<Flow*> Add(std::string_view connection_id);
  Flow* Find(std::string_view connection_id) const;  // null: none stands
  bool WasClosed(std::string_view connection_id) const { return closed_ids_.Contains(connection_id); }
  void Close(Flow& flow);

  // The control flow first.
  void ForEach(absl::FunctionRef<void(Flow&)> visit) const;

  // Has something for the next Release, which destroys what is over then.
  void Mark(Flow& flow);
  void Release();

 private:
  void Sweep(const std::vector<Flow*>& released);

  Session& session_;
  Loop& loop_;
  RecentIds closed_ids_;
  std::vector<Flow*> marked_;
  std::unique_ptr<Flow> control_;
  std::map<std::string, std::unique_ptr<Flow>, std::less<>> flows_;
};

}  // namespace hoop
