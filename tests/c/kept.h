/* A session that stands for as long as its test wants: a command whose stream the test keeps, and ends. */
#ifndef TESTS_C_KEPT_H
#define TESTS_C_KEPT_H

#include <pthread.h>

#include "rest.h"

static hoop_stream* kept_stream;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t kept_changed = PTHREAD_COND_INITIALIZER;

static inline void on_kept_event(hoop_stream* stream, int32_t event, const void* bytes, size_t size, void* user_data) {
  (void)bytes, (void)size, (void)user_data;
  if (event != HOOP_EVENT_FINISH) return; /* the script has been recorded */
  pthread_mutex_lock(&kept_lock);
  kept_stream = stream;
  pthread_cond_signal(&kept_changed);
  pthread_mutex_unlock(&kept_lock);
}
static inline int32_t open_kept(hoop_stream* stream, void* user_data) {
  (void)user_data;
  return hoop_stream_on_event(stream, on_kept_event, NULL, NULL, NULL);
}
static inline void* run_kept(void* gateway) {
  free(rest_exec((struct test_gateway*)gateway, "{\"connection\":\"keep\",\"script\":\"the question\"}"));
  return NULL;
}

/* The agent that serves it, its stream, and the thread that waits for its answer: join it when the stream has ended. */
struct kept_session {
  hoop_agent* agent;
  hoop_stream* stream;
  pthread_t user;
};

static inline struct kept_session begin_kept(struct test_gateway* gateway) {
  struct kept_session session;
  hoop_options* options = agent_options(gateway, "prod");
  CHECK_OK(hoop_options_serve(options, "keep", open_kept, NULL, NULL, &error));
  session.agent = start_agent(options);
  add_command(gateway, "keep", "prod", "host:keep");
  CHECK(pthread_create(&session.user, NULL, run_kept, gateway) == 0);
  pthread_mutex_lock(&kept_lock);
  while (kept_stream == NULL) pthread_cond_wait(&kept_changed, &kept_lock);
  session.stream = kept_stream;
  pthread_mutex_unlock(&kept_lock);
  return session;
}

#endif
