// A host in C++ whose call-backs throw: each costs its own stream, and neither the agent nor the process.
#include <atomic>
#include <stdexcept>
#include <string>

#include "tests/c/rest.h"

namespace {

std::atomic<int> lines = 0;
std::atomic<int> closed = 0;
std::atomic<int> destroyed = 0;
std::string last_session;

int32_t OpenAndThrow(hoop_stream*, void*) { throw std::runtime_error("secret"); }

void ThrowAtEvent(hoop_stream* stream, int32_t event, const void*, size_t, void*) {
  if (event == HOOP_EVENT_CLOSED) {
    ++closed;
    hoop_stream_destroy(stream);
  }
  throw std::runtime_error("secret");
}

void DestroyAndThrow(void*) {
  ++destroyed;
  throw 42;
}

int32_t OpenForEvents(hoop_stream* stream, void*) {
  last_session = hoop_stream_get(stream, "session_id");
  return hoop_stream_on_event(stream, ThrowAtEvent, nullptr, DestroyAndThrow, nullptr);
}

void LogAndThrow(int32_t, const char*, const char* const*, const char* const*, size_t, void*) {
  ++lines;
  throw std::runtime_error("secret");
}

int32_t RecordAndThrow(int64_t, int32_t, int32_t, const char*, const void*, size_t, void*) {
  throw std::runtime_error("secret");
}

void ExpectFailure(test_gateway& gateway, const char* connection, const char* text, const char* code) {
  const std::string body = std::string(R"({"connection":")") + connection + R"(","script":"x"})";
  char* answer = rest_exec(&gateway, body.c_str());
  if (strstr(answer, text) == nullptr || strstr(answer, code) == nullptr) fprintf(stderr, "%.2000s\n", answer);
  CHECK(strstr(answer, text) != nullptr);
  CHECK(strstr(answer, code) != nullptr);
  CHECK(strstr(answer, "secret") == nullptr);
  free(answer);
}

int32_t VerifyAndThrow(const char*, hoop_identity*, void*) { throw std::runtime_error("secret"); }

void ExpectRefusedToken() {
  char folder[] = "/tmp/hoop-c-test-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  hoop_options* options = gateway_options(folder);
  CHECK_OK(hoop_options_set_verifier(options, VerifyAndThrow, nullptr, nullptr, &error));
  test_gateway gateway = {"", nullptr};
  memcpy(gateway.folder, folder, sizeof folder);
  CHECK_OK(hoop_gateway_create(options, &gateway.gateway, &error));
  hoop_options_destroy(options);
  CHECK_OK(hoop_gateway_start(gateway.gateway, &error));
  hoop_identity* identity = nullptr;
  CHECK_FAILS(hoop_gateway_verify_token(gateway.gateway, "token", &identity, &error), HOOP_INTERNAL,
              "the verifier refused the token");
  CHECK(identity == nullptr);
  end_gateway(&gateway);
}

}  // namespace

int main() {
  test_gateway gateway = start_gateway();
  hoop_options* options = agent_options(&gateway, "prod");
  CHECK_OK(hoop_options_set_log(options, HOOP_LOG_DEBUG, LogAndThrow, nullptr, DestroyAndThrow, &error));
  CHECK_OK(hoop_options_serve(options, "open", OpenAndThrow, nullptr, DestroyAndThrow, &error));
  CHECK_OK(hoop_options_serve(options, "event", OpenForEvents, nullptr, nullptr, &error));
  hoop_agent* agent = start_agent(options);
  add_command(&gateway, "open", "prod", "host:open");
  add_command(&gateway, "event", "prod", "host:event");
  ExpectFailure(gateway, "open", "the service refused this connection: internal", "\"exit_code\":254");
  ExpectFailure(gateway, "event", "the service failed", "\"exit_code\":1");
  CHECK_FAILS(hoop_gateway_read_record(gateway.gateway, last_session.c_str(), RecordAndThrow, nullptr, &error),
              HOOP_INTERNAL, "record: the call-back failed");
  CHECK(hoop_agent_connected(agent, nullptr) == 1);
  CHECK_OK(hoop_agent_stop(agent, 2000, &error));
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
  CHECK(lines > 0);
  CHECK(closed == 1);
  CHECK(destroyed == 3);  // of the log, of a service, of a stream
  end_gateway(&gateway);
  ExpectRefusedToken();
  return 0;
}
