#include "gateway/live_numbers.h"

#include "base/status_macros.h"
#include "gateway/loop_question.h"

namespace hoop {

absl::StatusOr<rest::RunningNumbers> LiveNumbers::Read() {
  HOOP_ASSIGN_OR_RETURN(rest::RunningNumbers numbers, AskLoop<absl::StatusOr<rest::RunningNumbers>>(loop_, [this] {
                          return absl::StatusOr<rest::RunningNumbers>(rest::RunningNumbers{
                              .sessions_open = sessions_.OpenByType(), .sessions_begun = sessions_.begun_by_type()});
                        }));
  numbers.agents_online = router_.Agents().size();
  if (journal_ != nullptr) numbers.journal = journal_->Numbers();
  return numbers;
}

}  // namespace hoop
