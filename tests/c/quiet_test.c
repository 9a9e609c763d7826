/* What the library leaves alone: output, environment, signals, exit; its threads and descriptors keep to themselves. */
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include "rest.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define INTERPOSED 0 /* the sanitizer has taken these places */
#else
#define INTERPOSED 1
static int environment_reads;
/* This program's getenv comes before libc's: it sees who asks. */
char* getenv(const char* name);
char* getenv(const char* name) {
  static char* (*next)(const char*);
  Dl_info caller;
  if (next == NULL) *(void**)&next = dlsym(RTLD_NEXT, "getenv");
  if (dladdr(__builtin_return_address(0), &caller) != 0 && strstr(caller.dli_fname, "libhoop") != NULL) {
    ++environment_reads;
    fprintf(stderr, "libhoop reads %s\n", name);
  }
  return next(name);
}
#endif

static int32_t on_open(hoop_stream* stream, void* user_data) {
  (void)stream, (void)user_data;
  return HOOP_ABORTED;
}

/* A stranger that leaves in the middle of an answer, by a reset. */
static void leave_early(struct test_gateway* gateway, const char* which, const char* words) {
  const struct linger reset = {1, 0};
  const int socket_ = dial(gateway, which);
  CHECK(send(socket_, words, strlen(words), MSG_NOSIGNAL) > 0);
  setsockopt(socket_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(socket_);
}

static void check_threads_take_no_signals(void) {
  DIR* tasks = opendir("/proc/self/task");
  const struct dirent* entry;
  int others = 0;
  while ((entry = readdir(tasks)) != NULL) {
    char path[300], line[256];
    FILE* file;
    unsigned long long blocked = 0;
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == (int)getpid()) continue;
    snprintf(path, sizeof path, "/proc/self/task/%s/status", entry->d_name);
    if ((file = fopen(path, "re")) == NULL) continue; /* it has ended */
    while (fgets(line, sizeof line, file) != NULL) sscanf(line, "SigBlk: %llx", &blocked);
    fclose(file);
    CHECK((blocked >> (SIGTERM - 1) & 1) && (blocked >> (SIGUSR1 - 1) & 1) && (blocked >> (SIGPIPE - 1) & 1));
    ++others;
  }
  closedir(tasks);
  CHECK(others >= 3);
}

static char inherited[256]; /* descriptors that were open before */

static void check_descriptors_close_on_exec(void) {
  DIR* all = opendir("/proc/self/fd");
  const struct dirent* entry;
  while ((entry = readdir(all)) != NULL) {
    char path[300], line[256];
    unsigned long flags = 0;
    FILE* file;
    const int number = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || number >= (int)sizeof inherited || inherited[number]) continue;
    snprintf(path, sizeof path, "/proc/self/fdinfo/%s", entry->d_name);
    if ((file = fopen(path, "re")) == NULL) continue;
    while (fgets(line, sizeof line, file) != NULL) sscanf(line, "flags: %lo", &flags);
    fclose(file);
    if ((flags & 02000000) == 0) {
      char target[256] = "";
      snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
      CHECK(readlink(path, target, sizeof target - 1) > 0);
      fprintf(stderr, "descriptor %s (%s) stays open on exec\n", entry->d_name, target);
      _exit(1);
    }
  }
  closedir(all);
}

int main(void) {
  struct sigaction before[64], after;
  struct test_gateway gateway;
  sigset_t mask_before, mask_after;
  hoop_options* options;
  hoop_agent* agent;
  const int said = memfd_create("said", MFD_CLOEXEC), out = dup(1), err = dup(2);
  int i;
  for (i = 0; i < (int)sizeof inherited; ++i) inherited[i] = fcntl(i, F_GETFD) >= 0;
  for (i = 1; i < 64; ++i) sigaction(i, NULL, &before[i]);
  pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
  dup2(said, 1);
  dup2(said, 2);

  gateway = start_gateway();
  options = agent_options(&gateway, "prod");
  CHECK_OK(hoop_options_serve(options, "x", on_open, NULL, NULL, &error));
  agent = start_agent(options);
  add_command(&gateway, "any", "prod", "host:x");
  free(rest_exec(&gateway, "{\"connection\":\"any\",\"script\":\"\"}"));
  for (i = 0; i < 20; ++i) {
    leave_early(&gateway, "http_address",
                "GET /api/healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /api/healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    leave_early(&gateway, "grpc_address", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  }
  free(rest_exec(&gateway, "{\"connection\":\"any\",\"script\":\"\"}")); /* everything before it was handled */
  dup2(out, 1);
  dup2(err, 2);
  check_threads_take_no_signals();
  check_descriptors_close_on_exec();
  dup2(said, 1);
  dup2(said, 2);
  CHECK_OK(hoop_agent_stop(agent, 2000, &error));
  CHECK(hoop_agent_destroy(agent) == HOOP_OK);
  end_gateway(&gateway);

  fflush(NULL);
  dup2(out, 1);
  dup2(err, 2);
  CHECK(lseek(said, 0, SEEK_END) == 0);
  for (i = 1; i < 64; ++i) {
    if (sigaction(i, NULL, &after) == 0) CHECK(after.sa_handler == before[i].sa_handler);
  }
  pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
  for (i = 1; i < 64; ++i) CHECK(sigismember(&mask_after, i) == sigismember(&mask_before, i));
#if INTERPOSED
  CHECK(environment_reads == 0);
#endif
  return 0;
}
