// The sessions that are going on. Knows each by its id; ends them all at shutdown.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "base/loop.h"
#include "session/bulk_pacer.h"
#include "session/session.h"

namespace hoop {

// Owned by Gateway. Loop thread only.
class SessionDirectory final {
 public:
  explicit SessionDirectory(Loop& loop) : loop_(loop), pacer_(loop) {}

  // Adds and starts a session. `user_key` proves later data streams to be of the same user; `bearer` is the token that
  // it was opened with.
  Session& Add(std::unique_ptr<Session> session, std::string user_key, std::string bearer);
  // Called when a session has nothing left to do.
  void Remove(std::string_view session_id);

  // What Session wants for all that are here.
  BulkPacer& pacer() { return pacer_; }

  size_t size() const { return sessions_.size(); }
  // By type on the wire; what is no type of ours counts as "other".
  std::map<std::string, uint64_t> OpenByType() const;
  const std::map<std::string, uint64_t>& begun_by_type() const { return begun_; }
  Session* Find(std::string_view session_id);

  // A data stream of a client. NotFound: no such session, or not this user's.
  absl::Status OfferStream(std::string_view session_id, std::string_view user_key, std::string_view connection_id,
                           std::unique_ptr<PacketStream>& stream);

  // From now on `watcher` hears what the session records; when it has not begun yet, from its beginning.
  void Watch(std::string_view session_id, std::weak_ptr<RecordWatcher> watcher);

  // NotFound: it is not going on.
  absl::Status Kill(std::string_view session_id, std::string_view by);

  // By which token which connection is used.
  struct Use {
    std::string bearer;
    std::string connection;
    auto operator<=>(const Use&) const = default;
  };
  std::set<Use> Uses() const;  // each once
  void EndOfUse(const Use& use, const std::string& reason);

  // Ends each session that `concerned` names, with a clear reason.
  void EndWhere(absl::FunctionRef<bool(const SessionHead&)> concerned, const std::string& reason);

  // Ends all; `done` is called when none is left.
  void FinishAll(const Ending& ending, absl::AnyInvocable<void()> done);

 private:
  struct Entry {
    std::unique_ptr<Session> session;
    std::string user_key;
    std::string bearer;
  };

  static Use UseOf(const Entry& entry);
  void End(const std::vector<std::string>& ids, const std::string& reason);

  Loop& loop_;
  BulkPacer pacer_;
  std::map<std::string, Entry, std::less<>> sessions_;
  std::multimap<std::string, std::weak_ptr<RecordWatcher>, std::less<>> awaiting_;  // sessions that may begin yet
  std::map<std::string, uint64_t> begun_;
  absl::AnyInvocable<void()> emptied_;
};

}  // namespace hoop
