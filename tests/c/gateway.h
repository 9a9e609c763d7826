/* A gateway for a test, with free ports and a folder of its own. */
#ifndef TESTS_C_GATEWAY_H
#define TESTS_C_GATEWAY_H

#include "check.h"

struct test_gateway {
  char folder[32];
  hoop_gateway* gateway;
};

static inline hoop_options* gateway_options(const char* folder) {
  hoop_options* options = hoop_options_create("gateway");
  CHECK_OK(hoop_options_set(options, "data_dir", folder, &error));
  CHECK_OK(hoop_options_set(options, "http_listen", "127.0.0.1:0", &error));
  CHECK_OK(hoop_options_set(options, "grpc_listen", "127.0.0.1:0", &error));
  CHECK_OK(hoop_options_set(options, "journal_segment_bytes", "1048576", &error));
  CHECK_OK(hoop_options_set(options, "journal_bytes_max", "16777216", &error));
  return options;
}

static inline struct test_gateway start_gateway(void) {
  struct test_gateway result = {"/tmp/hoop-c-test-XXXXXX", NULL};
  hoop_options* options;
  CHECK(mkdtemp(result.folder) != NULL);
  options = gateway_options(result.folder);
  CHECK_OK(hoop_gateway_create(options, &result.gateway, &error));
  hoop_options_destroy(options);
  CHECK_OK(hoop_gateway_start(result.gateway, &error));
  return result;
}

static inline void end_gateway(struct test_gateway* gateway) {
  CHECK_OK(hoop_gateway_stop(gateway->gateway, 5000, &error));
  CHECK(hoop_gateway_destroy(gateway->gateway) == HOOP_OK);
  remove_folder(gateway->folder);
}

/* Options of an agent that this gateway knows. */
static inline hoop_options* agent_options(struct test_gateway* gateway, const char* name) {
  hoop_options* options = hoop_options_create("agent");
  char* key = NULL;
  CHECK_OK(hoop_gateway_issue_agent_key(gateway->gateway, name, &key, &error));
  CHECK_OK(hoop_options_set(options, "key", key, &error));
  hoop_string_destroy(key);
  return options;
}

static inline hoop_agent* start_agent(hoop_options* options) {
  hoop_agent* agent = NULL;
  CHECK_OK(hoop_agent_create(options, &agent, &error));
  hoop_options_destroy(options);
  CHECK_OK(hoop_agent_start(agent, &error));
  CHECK_OK(hoop_agent_wait_connected(agent, 30000, &error));
  return agent;
}

#endif
