// hoop_agent: an Agent with what its options brought.
#include "hoop/agent.h"

#include "lifecycle.h"
#include "options.h"

// The order of members is destruction reversed: the agent ends before what it calls.
struct hoop_agent {
  std::shared_ptr<hoop::c::CallbackLog> log;
  std::map<std::string, std::shared_ptr<hoop::c::CallbackService>> services;
  std::unique_ptr<hoop::Agent> agent;
  hoop::c::Lifecycle lifecycle{"agent"};
};

using hoop::c::Error;
using hoop::c::Guard;
using hoop::c::InCallback;
using hoop::c::Need;
using hoop::c::NeedTime;

int32_t hoop_agent_create(const hoop_options* options, hoop_agent** agent, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    if (const absl::Status status = Need(options, "options", agent, "agent"); !status.ok()) return status;
    const auto* values = std::get_if<hoop::AgentOptions>(&options->values);
    if (values == nullptr) return Error(absl::StatusCode::kInvalidArgument, "options: not those of an agent");
    if (values->key.empty()) return Error(absl::StatusCode::kInvalidArgument, "option \"key\": is not set");
    auto handle = std::make_unique<hoop_agent>();
    handle->log = options->log;
    handle->services = options->services;
    hoop::AgentOptions copy = *values;
    copy.log = options->log.get();
    for (const auto& [name, service] : options->services) copy.host_services[name] = service.get();
    const hoop::c::SignalsBlocked blocked;
    auto created = hoop::Agent::Create(std::move(copy));
    if (!created.ok()) return created.status();
    handle->agent = *std::move(created);
    *agent = handle.release();
    return absl::OkStatus();
  });
}

int32_t hoop_agent_start(hoop_agent* agent, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(agent, "agent");
    if (status.ok()) status = InCallback::Refuse();
    if (!status.ok()) return status;
    const hoop::c::SignalsBlocked blocked;
    return agent->lifecycle.Begin([agent] { return agent->agent->Start(); });
  });
}

int32_t hoop_agent_connected(hoop_agent* agent, hoop_error** why) {
  int32_t connected = 0;
  const int32_t status = Guard(why, [&]() -> absl::Status {
    if (const absl::Status missing = Need(agent, "agent"); !missing.ok()) return missing;
    connected = agent->agent->connected() ? 1 : 0;
    if (connected == 0) hoop::c::Report(agent->agent->last_error(), why);
    return absl::OkStatus();
  });
  return status == HOOP_OK ? connected : status;
}

int32_t hoop_agent_wait_connected(hoop_agent* agent, int64_t milliseconds, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(agent, "agent");
    if (status.ok()) status = InCallback::Refuse();
    if (status.ok()) status = NeedTime(milliseconds, "milliseconds");
    if (status.ok()) status = agent->lifecycle.NeedRunning();
    if (!status.ok()) return status;
    if (agent->agent->WaitUntilConnected(absl::Milliseconds(milliseconds))) return absl::OkStatus();
    return Error(absl::StatusCode::kDeadlineExceeded,
                 "the agent is not connected: " + hoop::c::Text(agent->agent->last_error()));
  });
}

int32_t hoop_agent_stop(hoop_agent* agent, int64_t milliseconds, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(agent, "agent");
    if (status.ok()) status = InCallback::Refuse();
    if (status.ok()) status = NeedTime(milliseconds, "milliseconds");
    if (!status.ok()) return status;
    return agent->lifecycle.End([&] { agent->agent->Stop(absl::Milliseconds(milliseconds)); });
  });
}

int32_t hoop_agent_wait(hoop_agent* agent, int64_t milliseconds, hoop_error** error) {
  return Guard(error, [&]() -> absl::Status {
    absl::Status status = Need(agent, "agent");
    if (status.ok()) status = InCallback::Refuse();
    return status.ok() ? agent->lifecycle.AwaitEnd(milliseconds) : status;
  });
}

int32_t hoop_agent_destroy(hoop_agent* agent) {
  return Guard(nullptr, [&]() -> absl::Status {
    if (const absl::Status status = InCallback::Refuse(); !status.ok()) return status;
    delete agent;
    return absl::OkStatus();
  });
}
