#include "gateway/session_directory.h"

#include <utility>
#include <vector>

#include "base/status.h"
#include "session/stages/access_stage.h"

namespace hoop {
namespace {

// A label of metrics: there are only so many.
std::string TypeLabel(const Session& session) {
  const std::string& type = session.context().head.wire_type;
  return type == "command-line" || FindProtocolPackets(type) != nullptr ? type : "other";
}

}  // namespace

Session& SessionDirectory::Add(std::unique_ptr<Session> session, std::string user_key, std::string bearer) {
  Session& added = *session;
  ++begun_[TypeLabel(added)];
  sessions_.emplace(added.id(), Entry{std::move(session), std::move(user_key), std::move(bearer)});
  const auto [first, last] = awaiting_.equal_range(added.id());
  for (auto watcher = first; watcher != last; ++watcher) added.Watch(std::move(watcher->second));
  awaiting_.erase(first, last);
  added.Start();
  return added;
}

void SessionDirectory::Remove(std::string_view session_id) {
  auto found = sessions_.find(session_id);
  if (found == sessions_.end()) return;
  loop_.DestroyLater(std::move(found->second.session));
  sessions_.erase(found);
  if (sessions_.empty() && emptied_) std::exchange(emptied_, {})();
}

std::map<std::string, uint64_t> SessionDirectory::OpenByType() const {
  std::map<std::string, uint64_t> open;
  for (const auto& [type, count] : begun_) open[type] = 0;  // a gauge that vanishes is no zero
  for (const auto& [id, entry] : sessions_) ++open[TypeLabel(*entry.session)];
  return open;
}

Session* SessionDirectory::Find(std::string_view session_id) {
  auto found = sessions_.find(session_id);
  return found == sessions_.end() ? nullptr : found->second.session.get();
}

absl::Status SessionDirectory::OfferStream(std::string_view session_id, std::string_view user_key,
                                           std::string_view connection_id, std::unique_ptr<PacketStream>& stream) {
  auto found = sessions_.find(session_id);
  // Somebody else's session answers like an unknown one.
  if (found == sessions_.end() || found->second.user_key != user_key) return NotFound("session not found");
  return found->second.session->AddClientStream(connection_id, stream);
}

void SessionDirectory::Watch(std::string_view session_id, std::weak_ptr<RecordWatcher> watcher) {
  if (Session* session = Find(session_id); session != nullptr) return session->Watch(std::move(watcher));
  // Of sessions that never begin, or run elsewhere, nobody tells: they go with those who wait.
  std::erase_if(awaiting_, [](const auto& waiting) { return waiting.second.expired(); });
  awaiting_.emplace(session_id, std::move(watcher));
}

absl::Status SessionDirectory::Kill(std::string_view session_id, std::string_view by) {
  Session* session = Find(session_id);
  if (session == nullptr || session->finishing()) return NotFound("session {} is not going on", session_id);
  // The packet tells who it was; the status has the words that real gateways end such a stream with.
  const bool by_owner = session->context().head.user_email == by;
  session->Finish({.reason = fmt::format("killed by {}", by),
                   .text = by_owner ? "session killed by the user" : "session killed by an administrator",
                   .status = Unknown("session killed by the user"),
                   .interrupted = true});
  return absl::OkStatus();
}

SessionDirectory::Use SessionDirectory::UseOf(const Entry& entry) {
  return {entry.bearer, entry.session->context().head.connection};
}

std::set<SessionDirectory::Use> SessionDirectory::Uses() const {
  std::set<Use> uses;
  for (const auto& [id, entry] : sessions_) uses.insert(UseOf(entry));
  return uses;
}

void SessionDirectory::EndOfUse(const Use& use, const std::string& reason) {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : sessions_) {
    if (UseOf(entry) == use) ids.push_back(id);
  }
  End(ids, reason);
}

void SessionDirectory::EndWhere(absl::FunctionRef<bool(const SessionHead&)> concerned, const std::string& reason) {
  std::vector<std::string> ids;
  for (const auto& [id, entry] : sessions_) {
    if (concerned(entry.session->context().head)) ids.push_back(id);
  }
  End(ids, reason);
}

// By id: a session may leave the map while it ends, or another one does.
void SessionDirectory::End(const std::vector<std::string>& ids, const std::string& reason) {
  for (const std::string& id : ids) {
    Session* session = Find(id);
    if (session == nullptr) continue;
    session->Finish({.reason = reason, .text = reason, .status = PermissionDenied("{}", reason), .interrupted = true});
  }
}

void SessionDirectory::FinishAll(const Ending& ending, absl::AnyInvocable<void()> done) {
  if (sessions_.empty()) return done();
  emptied_ = std::move(done);
  std::vector<std::string> ids;  // a session may leave the map while it ends
  for (const auto& [id, entry] : sessions_) ids.push_back(id);
  for (const std::string& id : ids) {
    if (Session* session = Find(id); session != nullptr) session->Finish(ending);
  }
}

}  // namespace hoop
