/* A gateway whose users the host knows: what its verifier may answer, and what of that is refused. */
#include <pthread.h>

#include "rest.h"

static int destroyed;
static hoop_gateway* asking; /* for calls that must be refused within the call-back */

/* The token says what is to be answered. */
static int32_t verify(const char* token, hoop_identity* identity, void* user_data) {
  CHECK(strcmp(user_data, "of the host") == 0);
  CHECK(hoop_identity_get(identity, "subject") == NULL);
  if (strcmp(token, "stranger") == 0) return HOOP_UNAUTHENTICATED;
  if (strcmp(token, "withdrawn") == 0) {
    CHECK_OK(hoop_identity_set(identity, "reason", "token: it was withdrawn", &error));
    return HOOP_UNAUTHENTICATED;
  }
  if (strcmp(token, "bad-reason") == 0) {
    CHECK_OK(hoop_identity_set(identity, "reason", "\xff", &error));
    return HOOP_UNAUTHENTICATED;
  }
  if (strcmp(token, "issuer-away") == 0) return HOOP_UNAVAILABLE;
  if (strcmp(token, "odd-number") == 0) return 12345;
  if (strcmp(token, "empty") == 0) return HOOP_OK;
  if (strcmp(token, "dba") != 0 && strcmp(token, "auditor") != 0 && strncmp(token, "bad-", 4) != 0)
    return HOOP_NOT_FOUND;

  CHECK_OK(hoop_identity_set(identity, "subject", "host|7", &error));
  CHECK_OK(hoop_identity_set(identity, "email", "first@example.test", &error));
  CHECK_OK(hoop_identity_set(identity, "email", "dba@example.test", &error)); /* the last value counts */
  CHECK_OK(hoop_identity_set(identity, "name", "D. B. A.", &error));
  CHECK_OK(hoop_identity_set(identity, "group.0", "dba", &error));
  CHECK_OK(hoop_identity_set(identity, "group.1", "admin", &error));
  CHECK_OK(hoop_identity_set(identity, "is_admin", "false", &error));
  CHECK_OK(hoop_identity_set(identity, "is_auditor", strcmp(token, "auditor") == 0 ? "true" : "false", &error));
  CHECK_OK(hoop_identity_set(identity, "expires_at", "2100-01-02T15:04:05Z", &error));
  CHECK(strcmp(hoop_identity_get(identity, "email"), "dba@example.test") == 0);
  hoop_identity_destroy(identity); /* it is lent */
  CHECK_FAILS(hoop_identity_set(NULL, "email", "x", &error), HOOP_INVALID_ARGUMENT, "identity is null");
  CHECK_FAILS(hoop_gateway_issue_token(asking, "me@example.test", 1, NULL, &error), HOOP_FAILED_PRECONDITION,
              "not from inside a call-back");

  if (strcmp(token, "bad-utf-8") == 0) CHECK_OK(hoop_identity_set(identity, "email", "\xc3(", &error));
  if (strcmp(token, "bad-line") == 0) CHECK_OK(hoop_identity_set(identity, "name", "a\nb", &error));
  if (strcmp(token, "bad-length") == 0) {
    char* text = malloc(100 * 1000);
    memset(text, 'x', 100 * 1000 - 1);
    text[100 * 1000 - 1] = '\0';
    CHECK_OK(hoop_identity_set(identity, "group.1", text, &error));
    free(text);
  }
  if (strcmp(token, "bad-count") == 0) {
    char key[32];
    int i;
    for (i = 2; i < 1001; ++i) {
      snprintf(key, sizeof key, "group.%d", i);
      CHECK_OK(hoop_identity_set(identity, key, "x", &error));
    }
  }
  if (strcmp(token, "bad-end") == 0)
    CHECK_OK(hoop_identity_set(identity, "expires_at", "2001-01-02T15:04:05Z", &error));
  /* What could not be set is remembered: such an answer lacks something. */
  if (strcmp(token, "bad-null") == 0) {
    CHECK_FAILS(hoop_identity_set(identity, "group.2", NULL, &error), HOOP_INVALID_ARGUMENT, "value is null");
  }
  if (strcmp(token, "bad-key") == 0) {
    CHECK_FAILS(hoop_identity_set(identity, NULL, "x", &error), HOOP_INVALID_ARGUMENT, "key is null");
  }
  if (strcmp(token, "bad-colour") == 0) {
    CHECK_FAILS(hoop_identity_set(identity, "colour", "red", &error), HOOP_INVALID_ARGUMENT,
                "identity \"colour\": there is nothing like that to set");
  }
  if (strcmp(token, "bad-truth") == 0) {
    CHECK_FAILS(hoop_identity_set(identity, "is_admin", "yes", &error), HOOP_INVALID_ARGUMENT,
                "identity \"is_admin\": neither true nor false");
  }
  if (strcmp(token, "bad-time") == 0) {
    CHECK_FAILS(hoop_identity_set(identity, "expires_at", "tomorrow", &error), HOOP_INVALID_ARGUMENT,
                "identity \"expires_at\": not a time");
  }
  if (strcmp(token, "bad-order") == 0) {
    CHECK_FAILS(hoop_identity_set(identity, "group.3", "x", &error), HOOP_INVALID_ARGUMENT,
                "identity \"group.3\": the groups before it are missing");
    CHECK_OK(hoop_identity_set(identity, "group.2", "x", &error));
  }
  if (strcmp(token, "bad-number") == 0) {
    CHECK_FAILS(hoop_identity_set(identity, "group.00", "x", &error), HOOP_INVALID_ARGUMENT, "not a number");
  }
  return HOOP_OK;
}

static void count_destroyed(void* user_data) {
  (void)user_data;
  ++destroyed;
}

/* The last line about a verifier that failed. */
static char logged[256];
static pthread_mutex_t logged_lock = PTHREAD_MUTEX_INITIALIZER;
static void log_line(int32_t level, const char* event, const char* const* keys, const char* const* values, size_t count,
                     void* user_data) {
  (void)user_data;
  if (strcmp(event, "identity provider failed") != 0) return;
  CHECK(level == HOOP_LOG_ERROR && count == 1 && strcmp(keys[0], "reason") == 0);
  pthread_mutex_lock(&logged_lock);
  snprintf(logged, sizeof logged, "%s", values[0]);
  pthread_mutex_unlock(&logged_lock);
}

static struct test_gateway start_with_verifier(void) {
  struct test_gateway result = {"/tmp/hoop-c-test-XXXXXX", NULL};
  hoop_options* options;
  CHECK(mkdtemp(result.folder) != NULL);
  options = gateway_options(result.folder);
  CHECK_OK(hoop_options_set_log(options, HOOP_LOG_ERROR, log_line, NULL, NULL, &error));
  CHECK_OK(hoop_options_set_verifier(options, verify, "an earlier one", count_destroyed, &error));
  CHECK(destroyed == 0);
  CHECK_OK(hoop_options_set_verifier(options, verify, "of the host", count_destroyed, &error));
  CHECK(destroyed == 1); /* the last one counts */
  CHECK_OK(hoop_gateway_create(options, &result.gateway, &error));
  hoop_options_destroy(options);
  CHECK(destroyed == 1); /* the gateway goes on using it */
  CHECK_OK(hoop_gateway_start(result.gateway, &error));
  return result;
}

static void expect_unusable(hoop_gateway* gateway, const char* token, const char* why) {
  hoop_identity* identity = NULL;
  CHECK_FAILS(hoop_gateway_verify_token(gateway, token, &identity, &error), HOOP_INTERNAL, why);
  CHECK(identity == NULL && strstr(logged, why) != NULL);
}

static void test_answers(struct test_gateway* gateway) {
  hoop_identity* identity = NULL;
  CHECK_OK(hoop_gateway_verify_token(gateway->gateway, "auditor", &identity, &error));
  CHECK(strcmp(hoop_identity_get(identity, "subject"), "host|7") == 0);
  CHECK(strcmp(hoop_identity_get(identity, "user_id"), "host|7") == 0);
  CHECK(strlen(hoop_identity_get(identity, "org_id")) == 36);
  CHECK(strcmp(hoop_identity_get(identity, "email"), "dba@example.test") == 0);
  CHECK(strcmp(hoop_identity_get(identity, "name"), "D. B. A.") == 0);
  CHECK(strcmp(hoop_identity_get(identity, "group.1"), "admin") == 0);
  CHECK(strcmp(hoop_identity_get(identity, "is_admin"), "false") == 0);
  CHECK(strcmp(hoop_identity_get(identity, "is_auditor"), "true") == 0);
  CHECK(strcmp(hoop_identity_get(identity, "expires_at"), "2100-01-02T15:04:05Z") == 0);
  CHECK(hoop_identity_get(identity, "reason") == NULL);
  CHECK_FAILS(hoop_identity_set(identity, "is_admin", "true", &error), HOOP_FAILED_PRECONDITION,
              "not a verifier's to fill");
  hoop_identity_destroy(identity);

  identity = NULL;
  CHECK_FAILS(hoop_gateway_verify_token(gateway->gateway, "stranger", &identity, &error), HOOP_UNAUTHENTICATED,
              "the verifier refused the token");
  CHECK_FAILS(hoop_gateway_verify_token(gateway->gateway, "withdrawn", &identity, &error), HOOP_UNAUTHENTICATED,
              "token: it was withdrawn");
  CHECK_FAILS(hoop_gateway_verify_token(gateway->gateway, "bad-reason", &identity, &error), HOOP_UNAUTHENTICATED,
              "for a reason that is no short line of UTF-8");
  CHECK_FAILS(hoop_gateway_verify_token(gateway->gateway, "bad-end", &identity, &error), HOOP_UNAUTHENTICATED,
              "token: it is expired");
  CHECK_FAILS(hoop_gateway_verify_token(gateway->gateway, "issuer-away", &identity, &error), HOOP_UNAVAILABLE,
              "the verifier refused the token");
  CHECK(identity == NULL && logged[0] == '\0');
  expect_unusable(gateway->gateway, "odd-number", "the verifier refused the token");
  expect_unusable(gateway->gateway, "empty", "subject: is not set");
  expect_unusable(gateway->gateway, "bad-utf-8", "email: not UTF-8");
  expect_unusable(gateway->gateway, "bad-line", "name: holds a control character");
  expect_unusable(gateway->gateway, "bad-length", "group: more than 2048 bytes");
  expect_unusable(gateway->gateway, "bad-count", "groups: more than 1000");
  expect_unusable(gateway->gateway, "bad-null", "value is null");
  expect_unusable(gateway->gateway, "bad-key", "key is null");
  expect_unusable(gateway->gateway, "bad-colour", "identity \"colour\": there is nothing like that to set");
  expect_unusable(gateway->gateway, "bad-truth", "identity \"is_admin\": neither true nor false");
  expect_unusable(gateway->gateway, "bad-time", "identity \"expires_at\": not a time");
  expect_unusable(gateway->gateway, "bad-order", "identity \"group.3\": the groups before it are missing");
  expect_unusable(gateway->gateway, "bad-number", "identity \"group.00\": not a number");
}

static void on_hello(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  size_t taken;
  (void)bytes, (void)size, (void)user_data;
  if (event == HOOP_EVENT_CLOSED) hoop_stream_destroy(stream);
  if (event != HOOP_EVENT_FINISH) return;
  CHECK_OK(hoop_stream_write(stream, "hello ", 6, &taken, &error));
  CHECK_OK(hoop_stream_write(stream, hoop_stream_get(stream, "user_email"),
                             strlen(hoop_stream_get(stream, "user_email")), &taken, &error));
  CHECK_OK(hoop_stream_end(stream, 0, NULL, &error));
}
static int32_t open_hello(hoop_stream* stream, void* user_data) {
  (void)user_data;
  return hoop_stream_on_event(stream, on_hello, NULL, NULL, NULL);
}

static void expect(char* answer, const char* part) {
  if (strstr(answer, part) == NULL) fprintf(stderr, "%.2000s\n", answer);
  CHECK(strstr(answer, part) != NULL);
  free(answer);
}

/* A user of the host's and one of the gateway's, by REST and in a session. */
static void test_sessions(struct test_gateway* gateway) {
  const char* body = "{\"connection\":\"hello\",\"script\":\"\"}";
  hoop_options* options = agent_options(gateway, "prod");
  hoop_agent* agent;
  CHECK_OK(hoop_options_serve(options, "hello", open_hello, NULL, NULL, &error));
  agent = start_agent(options);
  add_command(gateway, "hello", "prod", "host:hello");
  expect(rest_exec_as(gateway, body, "dba"), "hello dba@example.test");
  expect(rest_exec(gateway, body), "hello me@example.test");
  expect(rest_exec_as(gateway, body, "stranger"), "HTTP/1.1 401");
  expect(rest_exec_as(gateway, body, "auditor"), "HTTP/1.1 403");
  expect(rest_exec_as(gateway, body, "issuer-away"), "HTTP/1.1 503");
  expect(rest_exec_as(gateway, body, "bad-utf-8"), "HTTP/1.1 503");
  CHECK_OK(hoop_agent_stop(agent, 2000, &error));
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
}

int main(void) {
  struct test_gateway gateway = start_with_verifier();
  hoop_options* options = hoop_options_create("agent");
  asking = gateway.gateway;
  CHECK_FAILS(hoop_options_set_verifier(options, verify, NULL, NULL, &error), HOOP_FAILED_PRECONDITION,
              "only a gateway verifies tokens");
  hoop_options_destroy(options);
  options = hoop_options_create("gateway");
  CHECK_FAILS(hoop_options_set_verifier(options, NULL, NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "verify is null");
  CHECK_FAILS(hoop_options_set_verifier(NULL, verify, NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "options is null");
  hoop_options_destroy(options);
  test_answers(&gateway);
  test_sessions(&gateway);
  CHECK(destroyed == 1);
  end_gateway(&gateway);
  CHECK(destroyed == 2);
  return 0;
}
