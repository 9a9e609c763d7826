/* Connections that a C program serves: two gateways and three agents in this process, sessions by REST. */
#include "kept.h"

/* One command: it says what it was asked, on its error output who asked, and ends with the code 7. */
struct call {
  char input[256];
  size_t size;
};
static hoop_agent* agent_of_callbacks; /* for calls that must be refused */
static int calls_destroyed;

static void destroy_call(void* user_data) {
  __atomic_add_fetch(&calls_destroyed, 1, __ATOMIC_SEQ_CST);
  free(user_data);
}

static void on_event(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  struct call* call = user_data;
  char text[1024];
  size_t taken;
  if (event == HOOP_EVENT_CLOSED) {
    hoop_stream_destroy(stream);
    hoop_stream_destroy(stream); /* the agent still has it: noticed */
    CHECK_FAILS(hoop_stream_write(stream, "x", 1, &taken, &error), HOOP_FAILED_PRECONDITION, "was destroyed before");
    return;
  }
  if (event == HOOP_EVENT_DATA && call->size + size < sizeof call->input) {
    memcpy(call->input + call->size, bytes, size);
    call->size += size;
  }
  if (event != HOOP_EVENT_FINISH) return;
  CHECK_FAILS(hoop_agent_start(agent_of_callbacks, &error), HOOP_FAILED_PRECONDITION, "not from inside a call-back");
  CHECK_FAILS(hoop_agent_stop(agent_of_callbacks, 0, &error), HOOP_FAILED_PRECONDITION, "not from inside a call-back");
  CHECK_FAILS(hoop_agent_wait(agent_of_callbacks, 0, &error), HOOP_FAILED_PRECONDITION, "not from inside a call-back");
  CHECK_FAILS(hoop_agent_wait_connected(agent_of_callbacks, 0, &error), HOOP_FAILED_PRECONDITION, "call-back");
  CHECK(hoop_agent_connected(agent_of_callbacks, NULL) == 1);
  CHECK(hoop_agent_destroy(agent_of_callbacks) == HOOP_FAILED_PRECONDITION);
  CHECK_FAILS(hoop_stream_on_event(stream, on_event, NULL, NULL, &error), HOOP_FAILED_PRECONDITION, "while it opens");
  snprintf(text, sizeof text, "%s %s %s %s %.*s|", hoop_stream_get(stream, "service"), hoop_stream_get(stream, "kind"),
           hoop_stream_get(stream, "argument.0"), hoop_stream_get(stream, "env.COLOUR"), (int)call->size, call->input);
  CHECK_OK(hoop_stream_write(stream, text, strlen(text), &taken, &error));
  CHECK(taken == strlen(text));
  CHECK_OK(hoop_stream_write_error(stream, hoop_stream_get(stream, "user_email"), 15, &taken, &error));
  CHECK(strcmp(hoop_stream_get(stream, "file.LETTER"), "dear reader") == 0);
  CHECK(hoop_stream_get(stream, "file.NOTHING") == NULL);
  CHECK(hoop_stream_get(stream, "argument.1") == NULL);
  CHECK(hoop_stream_get(stream, "argument.x") == NULL);
  CHECK(hoop_stream_get(stream, "env.NOTHING") == NULL);
  CHECK(hoop_stream_get(stream, "colour") == NULL);
  CHECK(hoop_stream_get(stream, NULL) == NULL);
  CHECK_FAILS(hoop_stream_write(stream, NULL, 1, &taken, &error), HOOP_INVALID_ARGUMENT, "bytes is null");
  CHECK_FAILS(hoop_stream_write(stream, "x", 1, NULL, &error), HOOP_INVALID_ARGUMENT, "taken is null");
  CHECK_OK(hoop_stream_write(stream, NULL, 0, &taken, &error)); /* nothing is no mistake */
  CHECK_FAILS(hoop_stream_end(stream, 256, NULL, &error), HOOP_INVALID_ARGUMENT, "exit_code is not between 0 and 255");
  CHECK_FAILS(hoop_stream_end(stream, -1, NULL, &error), HOOP_INVALID_ARGUMENT, "exit_code is not between 0 and 255");
  CHECK_OK(hoop_stream_end(stream, 7, NULL, &error));
  CHECK_OK(hoop_stream_end(stream, 9, NULL, &error)); /* the first end counts */
  taken = 4;
  CHECK_FAILS(hoop_stream_write(stream, "late", 4, &taken, &error), HOOP_FAILED_PRECONDITION, "was ended before");
  CHECK(taken == 0);
}

static int32_t open_ask(hoop_stream* stream, void* user_data) {
  int descriptor;
  (void)user_data;
  CHECK_FAILS(hoop_stream_on_event(stream, NULL, NULL, NULL, &error), HOOP_INVALID_ARGUMENT, "event is null");
  CHECK_FAILS(hoop_stream_take_descriptor(stream, NULL, &error), HOOP_INVALID_ARGUMENT, "descriptor is null");
  CHECK_OK(hoop_stream_on_event(stream, on_event, calloc(1, sizeof(struct call)), destroy_call, &error));
  CHECK_FAILS(hoop_stream_take_descriptor(stream, &descriptor, &error), HOOP_FAILED_PRECONDITION, "was said before");
  return HOOP_OK;
}

/* 4 MiB, as fast as they are taken. */
enum { FLOOD_BYTES = 4 * 1024 * 1024 };
static void on_flood(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  static char block[100000];
  size_t *sent = user_data, taken = 1;
  (void)bytes, (void)size;
  if (event == HOOP_EVENT_CLOSED) {
    hoop_stream_destroy(stream);
    return;
  }
  memset(block, 'x', sizeof block);
  while (*sent < FLOOD_BYTES && taken > 0) {
    const size_t left = FLOOD_BYTES - *sent;
    if (hoop_stream_write(stream, block, left < sizeof block ? left : sizeof block, &taken, NULL) != HOOP_OK) return;
    *sent += taken;
  }
  if (*sent == FLOOD_BYTES) hoop_stream_end(stream, 0, NULL, NULL);
}
static int32_t open_flood(hoop_stream* stream, void* user_data) {
  (void)user_data;
  return hoop_stream_on_event(stream, on_flood, calloc(1, sizeof(size_t)), free, NULL);
}

/* On a thread, by a socket. */
struct job {
  hoop_stream* stream;
  int descriptor;
};
static void* run_job(void* user_data) {
  struct job* job = user_data;
  char text[64];
  size_t size = 0;
  ssize_t count;
  while ((count = read(job->descriptor, text + size, sizeof text - size)) > 0) size += (size_t)count;
  CHECK(send(job->descriptor, text, size, MSG_NOSIGNAL) == (ssize_t)size);
  CHECK_OK(hoop_stream_end(job->stream, 3, NULL, &error));
  close(job->descriptor);
  hoop_stream_destroy(job->stream);
  free(job);
  return NULL;
}
static int32_t open_socket(hoop_stream* stream, void* user_data) {
  struct job* job = malloc(sizeof *job);
  pthread_t thread;
  (void)user_data;
  job->stream = stream;
  CHECK_OK(hoop_stream_take_descriptor(stream, &job->descriptor, &error));
  CHECK(pthread_create(&thread, NULL, run_job, job) == 0);
  return pthread_detach(thread) == 0 ? HOOP_OK : HOOP_INTERNAL;
}

/* What it brought along is gone with the stream. */
static int refused_destroyed;
static void count_refused(void* user_data) {
  (void)user_data;
  __atomic_add_fetch(&refused_destroyed, 1, __ATOMIC_SEQ_CST);
}
static int32_t open_refuse(hoop_stream* stream, void* user_data) {
  (void)user_data;
  CHECK_OK(hoop_stream_on_event(stream, on_event, NULL, count_refused, &error));
  return HOOP_RESOURCE_EXHAUSTED;
}
static int32_t open_forget(hoop_stream* stream, void* user_data) {
  (void)stream, (void)user_data;
  return HOOP_OK;
}
static int32_t open_destroy(hoop_stream* stream, void* user_data) {
  size_t taken;
  int descriptor;
  (void)user_data;
  hoop_stream_destroy(stream);
  hoop_stream_destroy(stream);
  CHECK_FAILS(hoop_stream_on_event(stream, on_event, NULL, NULL, &error), HOOP_FAILED_PRECONDITION, "was destroyed");
  CHECK_FAILS(hoop_stream_take_descriptor(stream, &descriptor, &error), HOOP_FAILED_PRECONDITION, "was destroyed");
  CHECK_FAILS(hoop_stream_write(stream, "x", 1, &taken, &error), HOOP_FAILED_PRECONDITION, "was destroyed");
  CHECK_FAILS(hoop_stream_write_error(stream, "x", 1, &taken, &error), HOOP_FAILED_PRECONDITION, "was destroyed");
  CHECK_FAILS(hoop_stream_finish(stream, &error), HOOP_FAILED_PRECONDITION, "was destroyed");
  CHECK_FAILS(hoop_stream_end(stream, 0, NULL, &error), HOOP_FAILED_PRECONDITION, "was destroyed");
  CHECK_FAILS(hoop_stream_set_reading(stream, 1, &error), HOOP_FAILED_PRECONDITION, "was destroyed");
  CHECK(hoop_stream_get(stream, "kind") == NULL);
  return HOOP_OK;
}

/* As above, but it had said how it serves. */
static int32_t open_take_back(hoop_stream* stream, void* user_data) {
  (void)user_data;
  CHECK_OK(hoop_stream_on_event(stream, on_event, NULL, NULL, &error));
  hoop_stream_destroy(stream);
  return HOOP_OK;
}

/* Destroys the stream at its first event: there is no other. */
static int leave_events;
static void on_leave(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  (void)event, (void)bytes, (void)size, (void)user_data;
  CHECK(++leave_events == 1);
  hoop_stream_destroy(stream);
}
static int32_t open_leave(hoop_stream* stream, void* user_data) {
  (void)user_data;
  return hoop_stream_on_event(stream, on_leave, NULL, NULL, NULL);
}

static void test_a_stream_may_outlive_its_agent(void) {
  struct test_gateway gateway = start_gateway();
  struct kept_session kept = begin_kept(&gateway);
  size_t taken;
  CHECK_OK(hoop_stream_write(kept.stream, "x", 1, &taken, &error));
  CHECK_OK(hoop_agent_stop(kept.agent, 2000, &error));
  CHECK(hoop_agent_destroy(kept.agent) == HOOP_OK);
  CHECK_FAILS(hoop_stream_write(kept.stream, "x", 1, &taken, &error), HOOP_UNAVAILABLE, "the stream is over");
  CHECK_FAILS(hoop_stream_write_error(kept.stream, "x", 1, &taken, &error), HOOP_UNAVAILABLE, "the stream is over");
  CHECK(strcmp(hoop_stream_get(kept.stream, "service"), "keep") == 0);
  CHECK_OK(hoop_stream_set_reading(kept.stream, 0, &error));
  CHECK_OK(hoop_stream_finish(kept.stream, &error));
  CHECK_OK(hoop_stream_end(kept.stream, 0, NULL, &error));
  hoop_stream_destroy(kept.stream);
  CHECK(pthread_join(kept.user, NULL) == 0);
  end_gateway(&gateway);
}

static void expect(struct test_gateway* gateway, const char* body, const char* output, const char* code) {
  char* answer = rest_exec(gateway, body);
  if (strstr(answer, output) == NULL || strstr(answer, code) == NULL)
    fprintf(stderr, "%s\n -> %.2000s\n", body, answer);
  CHECK(strstr(answer, output) != NULL);
  CHECK(strstr(answer, code) != NULL);
  free(answer);
}

static void test_two_gateways_and_three_agents(void) {
  struct test_gateway here = start_gateway(), there = start_gateway();
  hoop_options* options[3];
  hoop_agent* agents[3];
  const char* services[] = {"one", "two", "three"};
  char* flood;
  int i;
  options[0] = agent_options(&here, "first");
  options[1] = agent_options(&here, "second");
  options[2] = agent_options(&there, "first");
  for (i = 0; i < 3; ++i) {
    CHECK_OK(hoop_options_serve(options[i], services[i], open_ask, NULL, NULL, &error));
    CHECK_OK(hoop_options_serve(options[i], "flood", open_flood, NULL, NULL, &error));
    CHECK_OK(hoop_options_serve(options[i], "socket", open_socket, NULL, NULL, &error));
    CHECK_OK(hoop_options_serve(options[i], "refuse", open_refuse, NULL, NULL, &error));
    CHECK_OK(hoop_options_serve(options[i], "forget", open_forget, NULL, NULL, &error));
    CHECK_OK(hoop_options_serve(options[i], "destroy", open_destroy, NULL, NULL, &error));
    CHECK_OK(hoop_options_serve(options[i], "take-back", open_take_back, NULL, NULL, &error));
    CHECK_OK(hoop_options_serve(options[i], "leave", open_leave, NULL, NULL, &error));
    agents[i] = start_agent(options[i]);
    CHECK(hoop_agent_connected(agents[i], NULL) == 1);
  }
  agent_of_callbacks = agents[0];
  add_command(&here, "one", "first", "host:one");
  add_command(&here, "two", "second", "host:two");
  add_command(&there, "three", "first", "host:three");
  expect(&here, "{\"connection\":\"one\",\"script\":\"hello\",\"client_args\":[\"a b\"]}",
         "one command a b green hello|me@example.test", "\"exit_code\":7");
  expect(&here, "{\"connection\":\"two\",\"script\":\"hello\",\"client_args\":[\"x\"]}", "two command x green hello|",
         "\"exit_code\":7");
  expect(&there, "{\"connection\":\"three\",\"script\":\"hello\",\"client_args\":[\"x\"]}",
         "three command x green hello|", "\"exit_code\":7");
  add_command(&here, "socket", "second", "host:socket");
  expect(&here, "{\"connection\":\"socket\",\"script\":\"by a thread\"}", "by a thread", "\"exit_code\":3");
  add_command(&here, "refuse", "second", "host:refuse");
  expect(&here, "{\"connection\":\"refuse\",\"script\":\"\"}",
         "the service refused this connection: resource exhausted", "\"exit_code\":254");
  add_command(&here, "forget", "second", "host:forget");
  expect(&here, "{\"connection\":\"forget\",\"script\":\"\"}", "the service refused this connection: internal",
         "\"exit_code\":254");
  add_command(&here, "destroy", "second", "host:destroy");
  expect(&here, "{\"connection\":\"destroy\",\"script\":\"\"}", "the service refused this connection",
         "\"exit_code\":254");
  add_command(&here, "take-back", "second", "host:take-back");
  expect(&here, "{\"connection\":\"take-back\",\"script\":\"\"}", "the service refused this connection",
         "\"exit_code\":254");
  add_command(&here, "leave", "second", "host:leave");
  expect(&here, "{\"connection\":\"leave\",\"script\":\"x\"}", "the service dropped this stream", "\"exit_code\":1");
  CHECK(leave_events == 1);
  add_command(&here, "nobody", "second", "host:nobody");
  expect(&here, "{\"connection\":\"nobody\",\"script\":\"\"}", "serves no \\\"nobody\\\"", "\"exit_code\":254");
  add_command(&here, "flood", "second", "host:flood");
  flood = rest_exec(&here, "{\"connection\":\"flood\",\"script\":\"\"}");
  CHECK(strstr(flood, "\"exit_code\":0") != NULL);
  CHECK(strlen(flood) > FLOOD_BYTES);
  free(flood);

  /* One gateway's end is nothing to the other's agents. */
  end_gateway(&there);
  expect(&here, "{\"connection\":\"two\",\"script\":\"still here\",\"client_args\":[\"x\"]}", "still here|",
         "\"exit_code\":7");
  CHECK(hoop_agent_connected(agents[2], NULL) == 0);
  for (i = 0; i < 3; ++i) {
    CHECK_OK(hoop_agent_stop(agents[i], 2000, &error));
    CHECK(hoop_agent_destroy(agents[i]) == HOOP_OK);
  }
  CHECK(__atomic_load_n(&calls_destroyed, __ATOMIC_SEQ_CST) == 4);
  CHECK(__atomic_load_n(&refused_destroyed, __ATOMIC_SEQ_CST) == 1);
  end_gateway(&here);
}

/* Commands of ordinary connections, by a warden: what the options of agent and connection mean for them. */
static void test_ordinary_commands(void) {
  struct test_gateway gateway = start_gateway();
  hoop_options *options = agent_options(&gateway, "prod"), *connection = hoop_options_create("connection");
  hoop_agent* agent;
  char folder[] = "/tmp/hoop-c-test-XXXXXX", letter[64], *answer;
  CHECK(mkdtemp(folder) != NULL);
  CHECK_OK(hoop_options_set(options, "warden", HOOP_AGENT, &error));
  CHECK_OK(hoop_options_set(options, "runtime_dir", folder, &error));
  CHECK_OK(hoop_options_set(options, "env.PATH", "/usr/bin:/bin", &error));
  CHECK_OK(hoop_options_set(options, "env.OF_AGENT", "plain", &error));
  agent = start_agent(options);
  add_command(&gateway, "shell", "prod", "sh");
  expect(&gateway, "{\"connection\":\"shell\",\"script\":\"echo $COLOUR $OF_AGENT; cat $LETTER; exit 9\"}",
         "green plain\\ndear reader", "\"exit_code\":9");
  snprintf(letter, sizeof letter, "%s/", folder);
  expect(&gateway, "{\"connection\":\"shell\",\"script\":\"echo $LETTER\"}", letter, "\"exit_code\":0");

  CHECK_OK(hoop_options_set(connection, "name", "shell", &error));
  CHECK_OK(hoop_options_set(connection, "agent", "prod", &error));
  CHECK_OK(hoop_options_set(connection, "type", "command-line", &error));
  CHECK_OK(hoop_options_set(connection, "command.0", "sh", &error));
  CHECK_OK(hoop_options_set(connection, "access_modes", "connect", &error));
  CHECK_OK(hoop_options_set(connection, "overwrite", "true", &error));
  CHECK_OK(hoop_gateway_apply_connection(gateway.gateway, connection, &error));
  hoop_options_destroy(connection);
  answer = rest_exec(&gateway, "{\"connection\":\"shell\",\"script\":\"exit 9\"}");
  CHECK(strstr(answer, "exec is disabled for this connection") != NULL);
  free(answer);
  answer = rest_exec_within(&gateway, "{\"connection\":\"shell\",\"script\":\"\"}", 0);
  CHECK(strncmp(answer, "HTTP/1.1 401", 12) == 0); /* a token that has ended as it was made */
  free(answer);

  CHECK_OK(hoop_agent_stop(agent, 2000, &error));
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
  end_gateway(&gateway);
  remove_folder(folder);
}

int main(void) {
  test_two_gateways_and_three_agents();
  test_a_stream_may_outlive_its_agent();
  test_ordinary_commands();
  return 0;
}
