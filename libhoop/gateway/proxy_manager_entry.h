// Where the background process of the desktop app (`hoop proxy-manager`) enters the gateway: its stream waits until
// REST orders a session on it, which then begins in client_entry like everybody else's.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "gateway/admission.h"
#include "gateway/client_entry.h"
#include "gateway/session_directory.h"
#include "gateway/unbegun_sessions.h"
#include "hoop/clock.h"
#include "hoop/idp_verifier.h"
#include "rest/proxy_manager.h"

namespace hoop {

// Owned by Gateway; loop thread only, but for what rest::ProxyManager says. One process for each user: the newest.
class ProxyManagerEntry final : public rest::ProxyManager {
 public:
  ProxyManagerEntry(Loop& loop, Clock& clock, IdpVerifier& verifier, SessionDirectory& sessions, ClientEntry& clients,
                    Admission& admission, UnbegunSessions& unbegun);
  ~ProxyManagerEntry() override;

  // A stream with origin client-proxymanager. Aborted: a newer process of the same user came.
  void Enter(Admission::Candidate candidate, std::string bearer);
  // Nobody enters any more; who waits is sent away.
  void Close();

  void Connect(rest::ProxyOrder order, Done done) override;
  void Disconnect(std::string_view user_id, Done done) override;
  std::optional<rest::ProxyState> State(std::string_view user_id) const override;

 private:
  class Seat;
  struct User;

  void OnIdentified(Admission::Candidate candidate, const Identity& identity);
  void OnReady(const std::string& user_id);
  void OnSeatLeft(const std::string& user_id);
  void Order(rest::ProxyOrder order, Done done);
  void StartSession(User& user);
  void OnOpened(const std::string& user_id, const std::string& session_id);
  void OnEnded(const std::string& user_id, const std::string& session_id, bool began, const absl::Status& status);
  void Answer(User& user, const absl::Status& status);
  bool EndSession(User& user);
  void Publish(const User& user);

  Loop& loop_;
  Clock& clock_;
  IdpVerifier& verifier_;
  SessionDirectory& sessions_;
  ClientEntry& clients_;
  Admission& admission_;
  UnbegunSessions& unbegun_;
  bool closed_ = false;
  std::map<std::string, std::unique_ptr<User>, std::less<>> users_;

  // A copy for other threads; written on the loop.
  mutable absl::Mutex mu_;
  std::map<std::string, rest::ProxyState, std::less<>> states_ ABSL_GUARDED_BY(mu_);
};

}  // namespace hoop
