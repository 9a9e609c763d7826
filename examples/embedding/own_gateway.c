/*
 * A program that carries a gateway, and an agent of it that greets: users reach them by `hoop login` and
 * `hoop exec greeting`, over TLS only. The certificate is replaced at SIGHUP, without a restart. C99, served by events.
 * Usage: HOOP_PASSWORD=<of me@example.test> own-gateway DATA_FOLDER CERTIFICATE KEY AUTHORITY
 * The last three are PEM files; the certificate is for 127.0.0.1 and signed by the authority.
 */
#define _POSIX_C_SOURCE 200809L
#include <hoop.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES = 64 * 1024, CONNECT_MILLISECONDS = 10000, STOP_MILLISECONDS = 5000 };

/* --- Options out of files --- */

static int set(hoop_options* options, const char* key, const char* value, hoop_error** error) {
  return hoop_options_set(options, key, value, error) == HOOP_OK;
}

static int set_file(hoop_options* options, const char* key, const char* path, hoop_error** error) {
  static char text[FILE_BYTES];
  FILE* file = fopen(path, "r");
  size_t size = 0;
  if (file != NULL) {
    size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
  }
  text[size] = '\0'; /* what cannot be read is no PEM, either: who takes the options says so */
  return set(options, key, text, error);
}

static int read_certificate(hoop_options* options, char** files, hoop_error** error) {
  return set_file(options, "tls_certificate", files[0], error) && set_file(options, "tls_key", files[1], error);
}

/* --- The service --- */

static void on_event(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  char text[512];
  size_t taken = 0;
  (void)bytes, (void)size, (void)user_data;
  if (event == HOOP_EVENT_FINISH) {
    snprintf(text, sizeof text, "welcome, %s\n", hoop_stream_get(stream, "user_email"));
    hoop_stream_write(stream, text, strlen(text), &taken, NULL);
    hoop_stream_end(stream, 0, NULL, NULL);
  }
  if (event == HOOP_EVENT_CLOSED) hoop_stream_destroy(stream);
}

static int32_t on_open(hoop_stream* stream, void* user_data) {
  (void)user_data;
  if (hoop_stream_get(stream, "argument.0") != NULL) return HOOP_INVALID_ARGUMENT; /* it takes none */
  return hoop_stream_on_event(stream, on_event, NULL, NULL, NULL);
}

/* --- Gateway and agent --- */

static int start_gateway(hoop_options* options, hoop_gateway** gateway, hoop_error** error) {
  const char* password = getenv("HOOP_PASSWORD");
  return hoop_gateway_create(options, gateway, error) == HOOP_OK && hoop_gateway_start(*gateway, error) == HOOP_OK &&
         hoop_gateway_ensure_admin(*gateway, "me@example.test", password == NULL ? "" : password, error) == HOOP_OK;
}

static int add_greeting(hoop_gateway* gateway, hoop_error** error) {
  hoop_options* connection = hoop_options_create("connection");
  const int added = set(connection, "name", "greeting", error) && set(connection, "agent", "inside", error) &&
                    set(connection, "type", "command-line", error) &&
                    set(connection, "command.0", "host:greeting", error) &&
                    set(connection, "overwrite", "true", error) &&
                    hoop_gateway_apply_connection(gateway, connection, error) == HOOP_OK;
  hoop_options_destroy(connection);
  return added;
}

static int start_agent(hoop_gateway* gateway, const char* authority, hoop_agent** agent, hoop_error** error) {
  hoop_options* options = hoop_options_create("agent");
  char* key = NULL;
  const int started = hoop_gateway_issue_agent_key(gateway, "inside", &key, error) == HOOP_OK &&
                      set(options, "key", key, error) && set_file(options, "tls_ca", authority, error) &&
                      hoop_options_serve(options, "greeting", on_open, NULL, NULL, error) == HOOP_OK &&
                      hoop_agent_create(options, agent, error) == HOOP_OK &&
                      hoop_agent_start(*agent, error) == HOOP_OK &&
                      hoop_agent_wait_connected(*agent, CONNECT_MILLISECONDS, error) == HOOP_OK;
  hoop_string_destroy(key);
  hoop_options_destroy(options);
  return started;
}

static void announce(hoop_gateway* gateway) {
  char* url = NULL;
  if (hoop_gateway_get(gateway, "api_url", &url, NULL) == HOOP_OK) printf("serving %s\n", url);
  hoop_string_destroy(url);
  fflush(stdout);
}

/* What was good stays when the new one is not. */
static void reload(hoop_gateway* gateway, hoop_options* options, char** files) {
  hoop_error* error = NULL;
  const int replaced =
      read_certificate(options, files, &error) && hoop_gateway_replace_tls(gateway, options, &error) == HOOP_OK;
  printf("certificate %s%s\n", replaced ? "replaced" : "not replaced: ", hoop_error_text(error));
  fflush(stdout);
  hoop_error_destroy(error);
}

int main(int argc, char** argv) {
  hoop_options* options = hoop_options_create("gateway");
  hoop_gateway* gateway = NULL;
  hoop_agent* agent = NULL;
  hoop_error* error = NULL;
  sigset_t signals;
  int signal_number = 0, started;
  if (argc != 5) {
    fprintf(stderr, "usage: own-gateway DATA_FOLDER CERTIFICATE KEY AUTHORITY\n");
    return 2;
  }
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals, NULL);

  started = set(options, "data_dir", argv[1], &error) && set(options, "http_listen", "127.0.0.1:0", &error) &&
            set(options, "grpc_listen", "127.0.0.1:0", &error) && read_certificate(options, argv + 2, &error) &&
            start_gateway(options, &gateway, &error) && add_greeting(gateway, &error) &&
            start_agent(gateway, argv[4], &agent, &error);
  if (started) announce(gateway);
  while (started && sigwait(&signals, &signal_number) == 0 && signal_number == SIGHUP) {
    reload(gateway, options, argv + 2);
  }
  if (!started) fprintf(stderr, "own-gateway: %s\n", hoop_error_text(error));

  hoop_error_destroy(error);
  hoop_options_destroy(options);
  if (agent != NULL) hoop_agent_stop(agent, STOP_MILLISECONDS, NULL);
  hoop_agent_destroy(agent);
  if (gateway != NULL) hoop_gateway_stop(gateway, STOP_MILLISECONDS, NULL);
  hoop_gateway_destroy(gateway);
  return started ? 0 : 1;
}
