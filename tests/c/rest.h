/* A command run by a gateway's REST face, over a plain socket. */
#ifndef TESTS_C_REST_H
#define TESTS_C_REST_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "gateway.h"

static inline int dial(struct test_gateway* gateway, const char* which) {
  struct sockaddr_in to;
  char* address = NULL;
  const int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memset(&to, 0, sizeof to);
  CHECK_OK(hoop_gateway_get(gateway->gateway, which, &address, &error));
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons((uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10));
  hoop_string_destroy(address);
  CHECK(connect(socket_, (struct sockaddr*)&to, sizeof to) == 0);
  return socket_;
}

/* `body` to POST /api/sessions with a token; the whole answer, to be freed. */
static inline char* rest_exec_as(struct test_gateway* gateway, const char* body, const char* token) {
  const size_t room = 8 * 1024 * 1024;
  char* answer = (char*)malloc(room);
  size_t size = 0;
  ssize_t count;
  const int socket_ = dial(gateway, "http_address");
  size = (size_t)snprintf(answer, room,
                          "POST /api/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n"
                          "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                          token, strlen(body), body);
  CHECK(send(socket_, answer, size, MSG_NOSIGNAL) == (ssize_t)size);
  for (size = 0; (count = recv(socket_, answer + size, room - size - 1, 0)) > 0; size += (size_t)count) continue;
  answer[size] = '\0';
  close(socket_);
  return answer;
}

/* With a token of an administrator's that is good for so many seconds. */
static inline char* rest_exec_within(struct test_gateway* gateway, const char* body, int64_t seconds) {
  char *answer, *token = NULL;
  CHECK_OK(hoop_gateway_ensure_admin(gateway->gateway, "me@example.test", "a-secret", &error));
  CHECK_OK(hoop_gateway_issue_token(gateway->gateway, "me@example.test", seconds, &token, &error));
  answer = rest_exec_as(gateway, body, token);
  hoop_string_destroy(token);
  return answer;
}

static inline char* rest_exec(struct test_gateway* gateway, const char* body) {
  return rest_exec_within(gateway, body, 600);
}

/* A connection of type command-line whose command is `word`: "host:<service>", or a program. */
static inline void add_command(struct test_gateway* gateway, const char* name, const char* agent, const char* word) {
  hoop_options* connection = hoop_options_create("connection");
  CHECK_OK(hoop_options_set(connection, "name", name, &error));
  CHECK_OK(hoop_options_set(connection, "agent", agent, &error));
  CHECK_OK(hoop_options_set(connection, "type", "command-line", &error));
  CHECK_OK(hoop_options_set(connection, "command.0", word, &error));
  CHECK_OK(hoop_options_set(connection, "envvar:COLOUR", "green", &error));
  CHECK_OK(hoop_options_set(connection, "envvar:OF_AGENT", "system.agent.envs", &error));
  CHECK_OK(hoop_options_set(connection, "filesystem:LETTER", "dear reader", &error));
  CHECK_OK(hoop_gateway_apply_connection(gateway->gateway, connection, &error));
  hoop_options_destroy(connection);
}

#endif
