/* 1,000 times, each on a thread that ends then: load the library, use it, unload it. It is gone, and nothing adds up:
   threads, descriptors, memory. */
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>

#include "check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) /* they keep libraries and what was freed */
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

enum { CYCLES = 1000, WARM = 100, GATEWAY_EVERY = 10, GROWTH_KIB = 4 * 1024 };

static void* library;

static void use_gateway(const char* folder) {
  hoop_gateway* gateway = NULL;
  hoop_options* options;
  int32_t (*set)(hoop_options*, const char*, const char*, hoop_error**);
  hoop_options* (*make)(const char*);
  void (*unmake)(hoop_options*);
  int32_t (*create)(const hoop_options*, hoop_gateway**, hoop_error**);
  int32_t (*start)(hoop_gateway*, hoop_error**);
  int32_t (*stop)(hoop_gateway*, int64_t, hoop_error**);
  int32_t (*destroy)(hoop_gateway*);
  *(void**)&set = dlsym(library, "hoop_options_set");
  *(void**)&make = dlsym(library, "hoop_options_create");
  *(void**)&unmake = dlsym(library, "hoop_options_destroy");
  *(void**)&create = dlsym(library, "hoop_gateway_create");
  *(void**)&start = dlsym(library, "hoop_gateway_start");
  *(void**)&stop = dlsym(library, "hoop_gateway_stop");
  *(void**)&destroy = dlsym(library, "hoop_gateway_destroy");
  options = make("gateway");
  CHECK(set(options, "data_dir", folder, NULL) == HOOP_OK);
  CHECK(set(options, "http_listen", "127.0.0.1:0", NULL) == HOOP_OK);
  CHECK(set(options, "grpc_listen", "127.0.0.1:0", NULL) == HOOP_OK);
  CHECK(set(options, "journal_segment_bytes", "1048576", NULL) == HOOP_OK);
  CHECK(set(options, "journal_bytes_max", "16777216", NULL) == HOOP_OK);
  CHECK(create(options, &gateway, NULL) == HOOP_OK);
  unmake(options);
  CHECK(start(gateway, NULL) == HOOP_OK);
  CHECK(stop(gateway, 2000, NULL) == HOOP_OK);
  CHECK(destroy(gateway) == HOOP_OK);
}

/* Its gateway does not exist: it dials, fails, waits to dial again. */
static void use_agent(void) {
  hoop_agent* agent = NULL;
  hoop_options* options;
  int32_t (*set)(hoop_options*, const char*, const char*, hoop_error**);
  hoop_options* (*make)(const char*);
  void (*unmake)(hoop_options*);
  int32_t (*create)(const hoop_options*, hoop_agent**, hoop_error**);
  int32_t (*start)(hoop_agent*, hoop_error**);
  int32_t (*stop)(hoop_agent*, int64_t, hoop_error**);
  int32_t (*destroy)(hoop_agent*);
  *(void**)&set = dlsym(library, "hoop_options_set");
  *(void**)&make = dlsym(library, "hoop_options_create");
  *(void**)&unmake = dlsym(library, "hoop_options_destroy");
  *(void**)&create = dlsym(library, "hoop_agent_create");
  *(void**)&start = dlsym(library, "hoop_agent_start");
  *(void**)&stop = dlsym(library, "hoop_agent_stop");
  *(void**)&destroy = dlsym(library, "hoop_agent_destroy");
  options = make("agent");
  CHECK(set(options, "key", "grpc://prod:xagt-0123456789abcdef0123456789abcdef@127.0.0.1:1?mode=standard", NULL) ==
        HOOP_OK);
  CHECK(create(options, &agent, NULL) == HOOP_OK);
  unmake(options);
  CHECK(start(agent, NULL) == HOOP_OK);
  CHECK(stop(agent, 2000, NULL) == HOOP_OK);
  CHECK(destroy(agent) == HOOP_OK);
}

static int is_mapped(const char* name) {
  FILE* file = fopen("/proc/self/maps", "re");
  char line[512];
  int found = 0;
  while (fgets(line, sizeof line, file) != NULL) found = found || strstr(line, name) != NULL;
  fclose(file);
  return found;
}

/* A thread that was joined is counted out by the kernel a moment later. */
static int is_alone(void) {
  int looks;
  for (looks = 0; looks < 100000 && process_number("Threads:") != 1; ++looks) sched_yield();
  return process_number("Threads:") == 1;
}

static char folder[] = "/tmp/hoop-c-test-XXXXXX";

static void* run_cycle(void* cycle) {
  library = dlopen(HOOP_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(library != NULL);
  CHECK(is_mapped("/libhoop"));
  use_agent();
  if (*(int*)cycle % GATEWAY_EVERY == 0) use_gateway(folder);
  CHECK(dlclose(library) == 0);
#if !SANITIZED
  CHECK(!is_mapped("/libhoop"));
#endif
  return NULL;
}

int main(void) {
  size_t descriptors = 0;
  long memory = 0;
  int cycle;
  CHECK(mkdtemp(folder) != NULL);
  for (cycle = 0; cycle < CYCLES; ++cycle) {
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run_cycle, &cycle) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(is_alone());
    if (cycle + 1 == WARM) {
      descriptors = open_descriptors();
      memory = process_number("VmRSS:");
    }
  }
  remove_folder(folder);
  CHECK(open_descriptors() == descriptors);
  printf("%d cycles: memory %ld KiB after %d, %ld KiB at the end\n", CYCLES, memory, WARM, process_number("VmRSS:"));
#if !SANITIZED
  CHECK(process_number("VmRSS:") - memory < GROWTH_KIB);
#endif
  return 0;
}
