/* What a host asks of its gateway: who somebody is, what was recorded, whether that is unchanged. */
#include "kept.h"

/* What a reading met, in order, one letter for each kind. */
struct reading {
  hoop_gateway* gateway;
  const char* session_id;
  char kinds[64];
  size_t count, stop_after;
  int64_t last_microseconds;
};

static int32_t on_record(int64_t microseconds, int32_t kind, int32_t from, const char* connection_id, const void* bytes,
                         size_t size, void* user_data) {
  struct reading* reading = user_data;
  CHECK(microseconds >= reading->last_microseconds && microseconds > 1600000000000000);
  reading->last_microseconds = microseconds;
  CHECK(kind >= HOOP_RECORD_OPEN && kind <= HOOP_RECORD_SEAL && reading->count < sizeof reading->kinds - 1);
  reading->kinds[reading->count++] = "?oiIOE-c!s"[kind];
  if (kind == HOOP_RECORD_OPEN) CHECK(memmem(bytes, size, "me@example.test", 15) != NULL);
  if (kind == HOOP_RECORD_OPEN || kind == HOOP_RECORD_SEAL) CHECK(from == HOOP_FROM_GATEWAY);
  if (kind == HOOP_RECORD_INPUT && size > 0) {
    CHECK(from == HOOP_FROM_USER && strcmp(connection_id, "0") == 0);
    CHECK(size == 12 && memcmp(bytes, "the question", size) == 0);
  }
  if (kind == HOOP_RECORD_OUTPUT) CHECK(from == HOOP_FROM_TARGET && size == 6 && memcmp(bytes, "answer", size) == 0);
  CHECK_FAILS(hoop_gateway_verify_record(reading->gateway, reading->session_id, &error), HOOP_FAILED_PRECONDITION,
              "not from inside a call-back");
  CHECK_FAILS(hoop_gateway_read_record(reading->gateway, reading->session_id, on_record, NULL, &error),
              HOOP_FAILED_PRECONDITION, "not from inside a call-back");
  return reading->count == reading->stop_after ? HOOP_CANCELLED : HOOP_OK;
}

static void expect_record(struct reading reading, char last, int has_output) {
  CHECK_OK(hoop_gateway_read_record(reading.gateway, reading.session_id, on_record, &reading, &error));
  CHECK(reading.count > 1 && reading.kinds[0] == 'o' && reading.kinds[reading.count - 1] == last);
  CHECK(strchr(reading.kinds, 'I') != NULL);
  CHECK((strchr(reading.kinds, 'O') != NULL) == has_output);
}

static void test_records(void) {
  struct test_gateway gateway = start_gateway();
  struct kept_session kept = begin_kept(&gateway);
  struct reading reading = {gateway.gateway, NULL, "", 0, 0, 0};
  char session_id[64];
  size_t taken;
  snprintf(session_id, sizeof session_id, "%s", hoop_stream_get(kept.stream, "session_id"));
  reading.session_id = session_id;

  /* While it runs there is a record, and no seal. */
  expect_record(reading, 'I', 0);
  CHECK_FAILS(hoop_gateway_verify_record(gateway.gateway, session_id, &error), HOOP_UNAVAILABLE,
              "the session still runs");
  CHECK_OK(hoop_stream_write(kept.stream, "answer", 6, &taken, &error));
  CHECK_OK(hoop_stream_end(kept.stream, 0, NULL, &error));
  hoop_stream_destroy(kept.stream);
  CHECK(pthread_join(kept.user, NULL) == 0);
  expect_record(reading, 's', 1);
  CHECK_OK(hoop_gateway_verify_record(gateway.gateway, session_id, &error));

  reading.stop_after = 2;
  CHECK_FAILS(hoop_gateway_read_record(gateway.gateway, session_id, on_record, &reading, &error), HOOP_CANCELLED,
              "the call-back ended it");
  CHECK(reading.count == 2);
  CHECK_FAILS(hoop_gateway_read_record(gateway.gateway, "nobody's", on_record, &reading, &error), HOOP_NOT_FOUND,
              "nobody's");
  CHECK_FAILS(hoop_gateway_verify_record(gateway.gateway, "nobody's", &error), HOOP_NOT_FOUND, "nobody's");
  CHECK_FAILS(hoop_gateway_read_record(gateway.gateway, NULL, on_record, NULL, &error), HOOP_INVALID_ARGUMENT,
              "session_id is null");
  CHECK_FAILS(hoop_gateway_read_record(gateway.gateway, session_id, NULL, NULL, &error), HOOP_INVALID_ARGUMENT,
              "record is null");
  CHECK_FAILS(hoop_gateway_verify_record(gateway.gateway, NULL, &error), HOOP_INVALID_ARGUMENT, "session_id is null");
  CHECK_FAILS(hoop_gateway_read_record(NULL, session_id, on_record, NULL, &error), HOOP_INVALID_ARGUMENT,
              "gateway is null");
  CHECK_FAILS(hoop_gateway_verify_record(NULL, session_id, &error), HOOP_INVALID_ARGUMENT, "gateway is null");

  CHECK_OK(hoop_agent_stop(kept.agent, 2000, &error));
  CHECK(hoop_agent_destroy(kept.agent) == HOOP_OK);
  CHECK_OK(hoop_gateway_stop(gateway.gateway, 5000, &error));
  CHECK_FAILS(hoop_gateway_read_record(gateway.gateway, session_id, on_record, &reading, &error),
              HOOP_FAILED_PRECONDITION, "does not run");
  CHECK_FAILS(hoop_gateway_verify_record(gateway.gateway, session_id, &error), HOOP_FAILED_PRECONDITION,
              "does not run");
  end_gateway(&gateway);
}

static void test_identities(void) {
  struct test_gateway gateway = start_gateway();
  hoop_identity* identity = NULL;
  char *token = NULL, *ended = NULL;
  CHECK_OK(hoop_gateway_ensure_admin(gateway.gateway, "me@example.test", "a-secret", &error));
  CHECK_OK(hoop_gateway_issue_token(gateway.gateway, "me@example.test", 600, &token, &error));
  CHECK_OK(hoop_gateway_issue_token(gateway.gateway, "me@example.test", 0, &ended, &error));
  CHECK_FAILS(hoop_gateway_verify_token(gateway.gateway, "nonsense", &identity, &error), HOOP_UNAUTHENTICATED, "token");
  CHECK_FAILS(hoop_gateway_verify_token(gateway.gateway, ended, &identity, &error), HOOP_UNAUTHENTICATED, "token");
  CHECK_FAILS(hoop_gateway_verify_token(gateway.gateway, NULL, &identity, &error), HOOP_INVALID_ARGUMENT,
              "token is null");
  CHECK_FAILS(hoop_gateway_verify_token(gateway.gateway, token, NULL, &error), HOOP_INVALID_ARGUMENT,
              "identity is null");
  CHECK_FAILS(hoop_gateway_verify_token(NULL, token, &identity, &error), HOOP_INVALID_ARGUMENT, "gateway is null");
  CHECK(identity == NULL);
  CHECK_OK(hoop_gateway_verify_token(gateway.gateway, token, &identity, &error));
  CHECK(strcmp(hoop_identity_get(identity, "email"), "me@example.test") == 0);
  CHECK(strlen(hoop_identity_get(identity, "subject")) > 0);
  CHECK(strlen(hoop_identity_get(identity, "user_id")) == 36 && strlen(hoop_identity_get(identity, "org_id")) == 36);
  CHECK(strcmp(hoop_identity_get(identity, "group.0"), "admin") == 0);
  CHECK(hoop_identity_get(identity, "group.1") == NULL);
  CHECK(strcmp(hoop_identity_get(identity, "is_admin"), "true") == 0);
  CHECK(strcmp(hoop_identity_get(identity, "is_auditor"), "false") == 0);
  CHECK(strlen(hoop_identity_get(identity, "expires_at")) == strlen("2026-01-02T15:04:05Z"));
  CHECK(hoop_identity_get(identity, "colour") == NULL);
  CHECK(hoop_identity_get(identity, NULL) == NULL);
  CHECK(hoop_identity_get(NULL, "email") == NULL);
  CHECK_OK(hoop_gateway_stop(gateway.gateway, 5000, &error));
  CHECK(strcmp(hoop_identity_get(identity, "email"), "me@example.test") == 0); /* it is the host's own */
  hoop_identity_destroy(identity);
  hoop_identity_destroy(NULL);
  CHECK_FAILS(hoop_gateway_verify_token(gateway.gateway, token, &identity, &error), HOOP_FAILED_PRECONDITION,
              "does not run");
  hoop_string_destroy(token);
  hoop_string_destroy(ended);
  end_gateway(&gateway);
}

int main(void) {
  test_identities();
  test_records();
  return 0;
}
