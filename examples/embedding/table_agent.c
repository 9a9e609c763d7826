/*
 * A program with a table in its memory that people may ask, and change, by hoop: `hoop connect` to a byte stream, or
 * `hoop exec`. Who did what is in the sessions' records; the program itself opens no port. C99, served by events.
 * Usage: HOOP_KEY=<what `hoop admin create agent` printed> table-agent
 */
#define _POSIX_C_SOURCE 200809L
#include <hoop.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS_MAX = 100, NAME_BYTES = 64, LINE_BYTES = 512, REPLY_BYTES = 16 * 1024 };

/* The table. Touched by the agent's thread only: all events come on it. */
static struct {
  char name[NAME_BYTES];
  char value[NAME_BYTES];
} rows[ROWS_MAX] = {{"anna", "table 3"}, {"otto", "table 1"}};
static size_t row_count = 2;

/* One user: the line that is being received, the answers that have not been taken yet. */
struct user {
  char line[LINE_BYTES];
  size_t line_size;
  char reply[REPLY_BYTES];
  size_t reply_size;
  int is_command;
  int done;      /* says no more */
  int exit_code; /* of a command: 1 after an error */
};

static void say(struct user* user, const char* format, ...) {
  const size_t room = REPLY_BYTES - user->reply_size;
  va_list arguments;
  int size;
  va_start(arguments, format);
  size = vsnprintf(user->reply + user->reply_size, room, format, arguments);
  va_end(arguments);
  if (size > 0) user->reply_size += (size_t)size < room ? (size_t)size : room - 1;
}

static size_t find(const char* name) {
  size_t row = 0;
  while (row < row_count && strcmp(rows[row].name, name) != 0) ++row;
  return row;
}

static void set(struct user* user, const char* name, const char* value) {
  const size_t row = find(name);
  if (row == ROWS_MAX) {
    say(user, "error: the table is full\n");
    user->exit_code = 1;
    return;
  }
  if (row == row_count) ++row_count;
  snprintf(rows[row].name, NAME_BYTES, "%s", name);
  snprintf(rows[row].value, NAME_BYTES, "%s", value);
  say(user, "ok\n");
}

static void answer(struct user* user, const char* line) {
  char name[NAME_BYTES] = "", value[NAME_BYTES] = "";
  if (strcmp(line, "list") == 0) {
    size_t row;
    for (row = 0; row < row_count; ++row) say(user, "%s: %s\n", rows[row].name, rows[row].value);
  } else if (sscanf(line, "get %63s", name) == 1) {
    const size_t row = find(name);
    if (row == row_count) user->exit_code = 1;
    say(user, "%s\n", row < row_count ? rows[row].value : "error: nobody of that name");
  } else if (sscanf(line, "set %63s %63[^\n]", name, value) == 2) {
    set(user, name, value);
  } else if (strcmp(line, "quit") == 0) {
    user->done = 1;
  } else if (*line != '\0') {
    say(user, "error: commands are list, get NAME, set NAME VALUE, quit\n");
    user->exit_code = 1;
  }
}

static void receive(struct user* user, const char* bytes, size_t size) {
  size_t i;
  for (i = 0; i < size && !user->done; ++i) {
    if (bytes[i] == '\n') {
      if (user->line_size > 0 && user->line[user->line_size - 1] == '\r') --user->line_size;
      user->line[user->line_size] = '\0';
      user->line_size = 0;
      answer(user, user->line);
    } else if (user->line_size + 1 < LINE_BYTES) {
      user->line[user->line_size++] = bytes[i];
    }
  }
}

/* `hoop exec table -- get otto`: arguments are one line, and what comes on the input is further ones. */
static void receive_arguments(hoop_stream* stream, struct user* user) {
  char key[32] = "argument.0";
  const char* word = NULL;
  size_t i;
  for (i = 0; (word = hoop_stream_get(stream, key)) != NULL; snprintf(key, sizeof key, "argument.%zu", ++i)) {
    if (i > 0) receive(user, " ", 1);
    receive(user, word, strlen(word));
  }
  if (i > 0) receive(user, "\n", 1);
}

/* While not all was taken, the user is not heard: nobody fills our memory by not reading. */
static void send_reply(hoop_stream* stream, struct user* user) {
  size_t taken = 0;
  if (hoop_stream_write(stream, user->reply, user->reply_size, &taken, NULL) != HOOP_OK) return;
  memmove(user->reply, user->reply + taken, user->reply_size - taken);
  user->reply_size -= taken;
  hoop_stream_set_reading(stream, user->reply_size < REPLY_BYTES / 2, NULL);
  if (user->done && user->reply_size == 0) hoop_stream_end(stream, user->is_command ? user->exit_code : 0, NULL, NULL);
}

static void on_event(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  struct user* user = user_data;
  if (event == HOOP_EVENT_CLOSED) {
    hoop_stream_destroy(stream);
    return;
  }
  if (event == HOOP_EVENT_DATA) receive(user, bytes, size);
  if (event == HOOP_EVENT_FINISH) {
    receive(user, "\n", 1); /* a last line may come without its end */
    user->done = 1;
  }
  send_reply(stream, user);
}

static int32_t on_open(hoop_stream* stream, void* user_data) {
  struct user* user = calloc(1, sizeof *user);
  (void)user_data;
  if (user == NULL) return HOOP_RESOURCE_EXHAUSTED;
  user->is_command = strcmp(hoop_stream_get(stream, "kind"), "command") == 0;
  if (user->is_command) {
    receive_arguments(stream, user);
  } else {
    say(user, "guests of tonight, %s\n", hoop_stream_get(stream, "user_email"));
  }
  if (hoop_stream_on_event(stream, on_event, user, free, NULL) != HOOP_OK) return HOOP_INTERNAL;
  if (user->reply_size > 0) send_reply(stream, user);
  return HOOP_OK;
}

static void on_log(int32_t level, const char* event, const char* const* keys, const char* const* values, size_t count,
                   void* user_data) {
  static const char* const names[] = {"debug", "info", "warning", "error"};
  char line[1024];
  size_t i;
  int used = snprintf(line, sizeof line, "%s: %s", names[level], event);
  (void)user_data;
  for (i = 0; i < count && used < (int)sizeof line; ++i) {
    used += snprintf(line + used, sizeof line - (size_t)used, " %s=%s", keys[i], values[i]);
  }
  fprintf(stderr, "%s\n", line);
}

static int fail(const char* what, hoop_error* error) {
  fprintf(stderr, "table-agent: %s: %s\n", what, hoop_error_text(error));
  hoop_error_destroy(error);
  return 1;
}

int main(void) {
  hoop_options* options = hoop_options_create("agent");
  const char* key = getenv("HOOP_KEY");
  hoop_agent* agent = NULL;
  hoop_error* error = NULL;
  sigset_t ends;
  int signal_number = 0;

  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ends, NULL);

  if (hoop_options_set(options, "key", key == NULL ? "" : key, &error) != HOOP_OK ||
      hoop_options_set(options, "version", hoop_version(), &error) != HOOP_OK ||
      hoop_options_set_log(options, HOOP_LOG_INFO, on_log, NULL, NULL, &error) != HOOP_OK ||
      hoop_options_serve(options, "table", on_open, NULL, NULL, &error) != HOOP_OK ||
      hoop_agent_create(options, &agent, &error) != HOOP_OK) {
    hoop_options_destroy(options);
    return fail("options", error);
  }
  hoop_options_destroy(options);
  if (hoop_agent_start(agent, &error) != HOOP_OK) return fail("start", error);
  printf("serving the table, process %" PRIdMAX "\n", (intmax_t)getpid());
  fflush(stdout);

  sigwait(&ends, &signal_number);
  hoop_agent_stop(agent, 2000, NULL);
  hoop_agent_destroy(agent);
  printf("stopped, %zu rows\n", row_count);
  return 0;
}
