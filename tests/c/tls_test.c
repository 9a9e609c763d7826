/* A gateway and agents in this process that speak TLS: who verifies whom, and another certificate while it runs. */
#include <semaphore.h>

#include "authority.h"
#include "rest.h"

struct credential {
  char *certificate, *key;
};

static struct credential issue(int authority, const char* subject) {
  struct credential issued;
  issue_certificate(authority, subject, &issued.certificate, &issued.key);
  return issued;
}

static void discard(struct credential* credential) {
  free(credential->certificate);
  free(credential->key);
}

static void show(hoop_options* options, const struct credential* credential) {
  CHECK_OK(hoop_options_set(options, "tls_certificate", credential->certificate, &error));
  CHECK_OK(hoop_options_set(options, "tls_key", credential->key, &error));
}

/* `options` stay the caller's. */
static struct test_gateway start_gateway_of(hoop_options* options, const char* folder) {
  struct test_gateway result;
  snprintf(result.folder, sizeof result.folder, "%s", folder);
  CHECK_OK(hoop_gateway_create(options, &result.gateway, &error));
  CHECK_OK(hoop_gateway_start(result.gateway, &error));
  return result;
}

static hoop_options* tls_options(char* folder, const struct credential* credential) {
  hoop_options* options;
  CHECK(mkdtemp(folder) != NULL);
  options = gateway_options(folder);
  show(options, credential);
  return options;
}

static void on_echo(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  size_t taken;
  (void)user_data;
  if (event == HOOP_EVENT_DATA) CHECK_OK(hoop_stream_write(stream, bytes, size, &taken, &error));
  if (event == HOOP_EVENT_FINISH) CHECK_OK(hoop_stream_end(stream, 0, NULL, &error));
  if (event == HOOP_EVENT_CLOSED) hoop_stream_destroy(stream);
}
static int32_t open_echo(hoop_stream* stream, void* user_data) {
  (void)user_data;
  return hoop_stream_on_event(stream, on_echo, NULL, NULL, NULL);
}

static void expect_echo(struct test_gateway* gateway, const char* text) {
  char body[256], *answer;
  snprintf(body, sizeof body, "{\"connection\":\"echo\",\"script\":\"%s\"}", text);
  answer = rest_exec(gateway, body);
  CHECK(strstr(answer, text) != NULL && strstr(answer, "\"exit_code\":0") != NULL);
  free(answer);
}

/* Posts when an attempt to connect has failed. */
static void on_log(int32_t level, const char* event, const char* const* keys, const char* const* values, size_t count,
                   void* user_data) {
  (void)event, (void)keys, (void)values, (void)count;
  if (level == HOOP_LOG_WARNING) sem_post(user_data);
}

/* An agent of these options is not accepted, and says why. Ends the options. */
static void expect_no_connection(hoop_options* options, int32_t status, const char* part) {
  hoop_agent* agent = NULL;
  hoop_error* why = NULL;
  sem_t tried;
  CHECK(sem_init(&tried, 0, 0) == 0);
  CHECK_OK(hoop_options_set_log(options, HOOP_LOG_INFO, on_log, &tried, NULL, &error));
  CHECK_OK(hoop_agent_create(options, &agent, &error));
  hoop_options_destroy(options);
  CHECK_OK(hoop_agent_start(agent, &error));
  CHECK(sem_wait(&tried) == 0);
  CHECK(hoop_agent_connected(agent, &why) == 0);
  if (hoop_error_status(why) != status || strstr(hoop_error_text(why), part) == NULL) {
    fprintf(stderr, "expected [%s], got %d [%s]\n", part, hoop_error_status(why), hoop_error_text(why));
    _exit(1);
  }
  hoop_error_destroy(why);
  CHECK_FAILS(hoop_agent_wait_connected(agent, 0, &error), HOOP_DEADLINE_EXCEEDED, part);
  CHECK_OK(hoop_agent_stop(agent, 2000, &error));
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
  sem_destroy(&tried);
}

static hoop_options* trusting_options(struct test_gateway* gateway, const char* name, const char* authority) {
  hoop_options* options = agent_options(gateway, name);
  if (authority != NULL) CHECK_OK(hoop_options_set(options, "tls_ca", authority, &error));
  return options;
}

static void test_who_verifies_whom(void) {
  char folder[] = "/tmp/hoop-c-test-XXXXXX", *key = NULL, *plain;
  struct credential gw = issue(OUR_AUTHORITY, "gw"), half = {gw.certificate, "nonsense"};
  hoop_options* options = tls_options(folder, &gw);
  struct test_gateway gateway = start_gateway_of(options, folder);
  const char* ours = authority_certificate(OUR_AUTHORITY);
  hoop_agent* agent = NULL;
  hoop_options* wrong;
  hoop_options_destroy(options);

  CHECK_OK(hoop_gateway_get(gateway.gateway, "grpc_url", &key, &error));
  CHECK(strncmp(key, "grpcs://127.0.0.1:", 18) == 0);
  hoop_string_destroy(key);
  CHECK_OK(hoop_gateway_get(gateway.gateway, "api_url", &key, &error));
  CHECK(strncmp(key, "https://127.0.0.1:", 18) == 0);
  hoop_string_destroy(key);

  options = trusting_options(&gateway, "prod", ours);
  CHECK_OK(hoop_options_serve(options, "echo", open_echo, NULL, NULL, &error));
  agent = start_agent(options);
  add_command(&gateway, "echo", "prod", "host:echo");
  expect_echo(&gateway, "by TLS");

  expect_no_connection(trusting_options(&gateway, "a", authority_certificate(FOREIGN_AUTHORITY)),
                       HOOP_FAILED_PRECONDITION, "its certificate is signed by an unknown authority (CN=ours)");
  expect_no_connection(trusting_options(&gateway, "a", NULL), HOOP_FAILED_PRECONDITION, "an unknown authority");
  wrong = trusting_options(&gateway, "a", ours);
  CHECK_OK(hoop_options_set(wrong, "tls_server_name", "other.test", &error));
  expect_no_connection(wrong, HOOP_FAILED_PRECONDITION, "its certificate is for ");
  wrong = agent_options(&gateway, "a");
  CHECK_OK(hoop_gateway_issue_agent_key(gateway.gateway, "a", &key, &error));
  plain = strstr(key, "s://"); /* an operator's mistake: grpc:// where the gateway speaks TLS */
  CHECK(plain != NULL);
  memmove(plain, plain + 1, strlen(plain));
  CHECK_OK(hoop_options_set(wrong, "key", key, &error));
  hoop_string_destroy(key);
  expect_no_connection(wrong, HOOP_FAILED_PRECONDITION, "this port speaks TLS: use grpcs://");

  /* What cannot be right is said before anything is dialled. */
  {
    hoop_agent* none = NULL;
    wrong = trusting_options(&gateway, "a", "nonsense");
    CHECK_FAILS(hoop_agent_create(wrong, &none, &error), HOOP_INVALID_ARGUMENT, "TLS_CA: ");
    hoop_options_destroy(wrong);
    wrong = trusting_options(&gateway, "a", ours);
    CHECK_OK(hoop_options_set(wrong, "tls_certificate", gw.certificate, &error));
    CHECK_FAILS(hoop_agent_create(wrong, &none, &error), HOOP_INVALID_ARGUMENT, "TLS_CLIENT_KEY: ");
    show(wrong, &half);
    CHECK_FAILS(hoop_agent_create(wrong, &none, &error), HOOP_INVALID_ARGUMENT, "TLS_CLIENT_KEY: ");
    hoop_options_destroy(wrong);
    CHECK(none == NULL);
  }

  CHECK(hoop_agent_connected(agent, NULL) == 1);
  CHECK_OK(hoop_agent_stop(agent, 2000, &error));
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
  end_gateway(&gateway);
  discard(&gw);
}

static void test_client_certificates(void) {
  char folder[] = "/tmp/hoop-c-test-XXXXXX";
  struct credential gw = issue(OUR_AUTHORITY, "gw"), mine = issue(OUR_AUTHORITY, "agent"),
                    foreign = issue(FOREIGN_AUTHORITY, "agent");
  const char* ours = authority_certificate(OUR_AUTHORITY);
  hoop_options *options = tls_options(folder, &gw), *agent;
  struct test_gateway gateway;
  hoop_agent* shown = NULL;
  CHECK_OK(hoop_options_set(options, "tls_client_ca", ours, &error));

  /* The authority alone: who shows a certificate shows a good one. */
  gateway = start_gateway_of(options, folder);
  shown = start_agent(trusting_options(&gateway, "a", ours));
  CHECK(hoop_agent_destroy(shown) == HOOP_OK);
  agent = trusting_options(&gateway, "a", ours);
  show(agent, &foreign);
  expect_no_connection(agent, HOOP_UNAVAILABLE, "the peer refuses: our certificate is signed by an authority that");
  CHECK_OK(hoop_gateway_stop(gateway.gateway, 5000, &error));
  CHECK(hoop_gateway_destroy(gateway.gateway) == HOOP_OK);

  CHECK_OK(hoop_options_set(options, "tls_client_auth", "agents", &error));
  gateway = start_gateway_of(options, folder);
  expect_no_connection(trusting_options(&gateway, "a", ours), HOOP_UNAUTHENTICATED,
                       "agents of this gateway need a client certificate");
  agent = trusting_options(&gateway, "a", ours);
  show(agent, &mine);
  shown = start_agent(agent);
  CHECK(hoop_agent_destroy(shown) == HOOP_OK);
  CHECK_OK(hoop_gateway_stop(gateway.gateway, 5000, &error));
  CHECK(hoop_gateway_destroy(gateway.gateway) == HOOP_OK);

  /* Said to be off: nobody is asked, whatever the authority is there for. */
  CHECK_OK(hoop_options_set(options, "tls_client_auth", "off", &error));
  gateway = start_gateway_of(options, folder);
  agent = trusting_options(&gateway, "a", ours);
  show(agent, &foreign);
  shown = start_agent(agent);
  CHECK(hoop_agent_destroy(shown) == HOOP_OK);
  end_gateway(&gateway);
  hoop_options_destroy(options);
  discard(&gw);
  discard(&mine);
  discard(&foreign);
}

static void expect_shown(struct test_gateway* gateway, const char* name) {
  static const char* const doors[] = {"http_address", "grpc_address"};
  size_t i;
  for (i = 0; i < 2; ++i) {
    char *address = NULL, *shown;
    CHECK_OK(hoop_gateway_get(gateway->gateway, doors[i], &address, &error));
    shown = shown_name(address);
    if (strcmp(shown, name) != 0) fprintf(stderr, "%s shows [%s]\n", doors[i], shown);
    CHECK(strcmp(shown, name) == 0);
    free(shown);
    hoop_string_destroy(address);
  }
}

static void test_another_certificate_while_it_runs(void) {
  char folder[] = "/tmp/hoop-c-test-XXXXXX";
  struct credential first = issue(OUR_AUTHORITY, "first"), second = issue(OUR_AUTHORITY, "second"),
                    mixed = {first.certificate, second.key};
  hoop_options *options = tls_options(folder, &first), *other = hoop_options_create("gateway"), *agent;
  struct test_gateway gateway, plain;
  hoop_agent* connected;
  hoop_gateway* created = NULL;

  CHECK_OK(hoop_gateway_create(options, &created, &error));
  CHECK_FAILS(hoop_gateway_replace_tls(created, options, &error), HOOP_FAILED_PRECONDITION, "does not run");
  CHECK(hoop_gateway_destroy(created) == HOOP_OK);

  gateway = start_gateway_of(options, folder);
  agent = trusting_options(&gateway, "prod", authority_certificate(OUR_AUTHORITY));
  CHECK_OK(hoop_options_serve(agent, "echo", open_echo, NULL, NULL, &error));
  connected = start_agent(agent);
  add_command(&gateway, "echo", "prod", "host:echo");
  expect_shown(&gateway, "first");

  show(options, &second);
  CHECK_OK(hoop_gateway_replace_tls(gateway.gateway, options, &error));
  expect_shown(&gateway, "second");
  expect_echo(&gateway, "the old connection stays");
  CHECK(hoop_agent_connected(connected, NULL) == 1);

  /* What is wrong changes nothing. */
  CHECK_FAILS(hoop_gateway_replace_tls(NULL, options, &error), HOOP_INVALID_ARGUMENT, "gateway is null");
  CHECK_FAILS(hoop_gateway_replace_tls(gateway.gateway, NULL, &error), HOOP_INVALID_ARGUMENT, "options is null");
  CHECK_FAILS(hoop_gateway_replace_tls(gateway.gateway, other, &error), HOOP_INVALID_ARGUMENT,
              "\"tls_certificate\": is not set");
  show(options, &mixed);
  CHECK_FAILS(hoop_gateway_replace_tls(gateway.gateway, options, &error), HOOP_INVALID_ARGUMENT,
              "TLS_KEY: it does not belong to the certificate of CN=first");
  CHECK_OK(hoop_options_set(other, "tls_certificate", first.certificate, &error));
  CHECK_FAILS(hoop_gateway_replace_tls(gateway.gateway, other, &error), HOOP_INVALID_ARGUMENT, "TLS_KEY: is missing");
  show(options, &first);
  CHECK_OK(hoop_options_set(options, "tls_client_ca", authority_certificate(OUR_AUTHORITY), &error));
  CHECK_FAILS(hoop_gateway_replace_tls(gateway.gateway, options, &error), HOOP_INVALID_ARGUMENT, "TLS_CLIENT_AUTH: ");
  agent = hoop_options_create("agent");
  CHECK_FAILS(hoop_gateway_replace_tls(gateway.gateway, agent, &error), HOOP_INVALID_ARGUMENT,
              "not those of a gateway");
  hoop_options_destroy(agent);
  expect_shown(&gateway, "second");

  plain = start_gateway();
  CHECK_FAILS(hoop_gateway_replace_tls(plain.gateway, options, &error), HOOP_FAILED_PRECONDITION, "does not speak TLS");
  end_gateway(&plain);

  CHECK_OK(hoop_agent_stop(connected, 2000, &error));
  CHECK(hoop_agent_destroy(connected) == HOOP_OK);
  end_gateway(&gateway);
  hoop_options_destroy(options);
  hoop_options_destroy(other);
  discard(&first);
  discard(&second);
}

static void test_a_gateway_with_half_a_credential(void) {
  char folder[] = "/tmp/hoop-c-test-XXXXXX";
  struct credential gw = issue(OUR_AUTHORITY, "gw");
  hoop_gateway* gateway = NULL;
  hoop_options* options;
  CHECK(mkdtemp(folder) != NULL);
  options = gateway_options(folder);
  CHECK_OK(hoop_options_set(options, "tls_certificate", gw.certificate, &error));
  CHECK_FAILS(hoop_gateway_create(options, &gateway, &error), HOOP_INVALID_ARGUMENT, "TLS_KEY: is missing");
  CHECK_OK(hoop_options_set(options, "tls_key", gw.key, &error));
  CHECK_OK(hoop_options_set(options, "tls_client_auth", "agents", &error));
  CHECK_FAILS(hoop_gateway_create(options, &gateway, &error), HOOP_INVALID_ARGUMENT, "TLS_CA: is missing");
  CHECK(gateway == NULL);
  hoop_options_destroy(options);
  remove_folder(folder);
  discard(&gw);
}

int main(void) {
  test_who_verifies_whom();
  test_client_certificates();
  test_another_certificate_while_it_runs();
  test_a_gateway_with_half_a_credential();
  return 0;
}
