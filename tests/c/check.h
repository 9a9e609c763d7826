/* What the C programs of this folder share: checks that end the test, a folder, numbers of this process. */
#ifndef TESTS_C_CHECK_H
#define TESTS_C_CHECK_H

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hoop.h"

#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) {                                                   \
      fprintf(stderr, "%s:%d: not %s\n", __FILE__, __LINE__, #condition); \
      _exit(1);                                                           \
    }                                                                     \
  } while (0)

/* The call fails with this status and a text with this part; destroys the error. */
#define CHECK_FAILS(call, expected, part)                                                                   \
  do {                                                                                                      \
    hoop_error* error = NULL;                                                                               \
    const int32_t status = (call);                                                                          \
    if (status != (expected) || hoop_error_status(error) != (expected) ||                                   \
        strstr(hoop_error_text(error), (part)) == NULL) {                                                   \
      fprintf(stderr, "%s:%d: %s: %d \"%s\"\n", __FILE__, __LINE__, #call, status, hoop_error_text(error)); \
      _exit(1);                                                                                             \
    }                                                                                                       \
    hoop_error_destroy(error);                                                                              \
  } while (0)

/* The call succeeds; says why it does not. */
#define CHECK_OK(call)                                                                       \
  do {                                                                                       \
    hoop_error* error = NULL;                                                                \
    if ((call) != HOOP_OK) {                                                                 \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #call, hoop_error_text(error)); \
      _exit(1);                                                                              \
    }                                                                                        \
    CHECK(error == NULL);                                                                    \
  } while (0)

static inline int remove_entry(const char* path, const struct stat* about, int kind, struct FTW* where) {
  (void)about, (void)kind, (void)where;
  return remove(path);
}
static inline void remove_folder(const char* path) { nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS); }

static inline size_t open_descriptors(void) {
  DIR* folder = opendir("/proc/self/fd");
  size_t count = 0;
  while (readdir(folder) != NULL) ++count;
  closedir(folder);
  return count;
}

/* "Threads", "VmRSS" (in KiB) ... of /proc/self/status. */
static inline long process_number(const char* name) {
  FILE* file = fopen("/proc/self/status", "re");
  char line[256];
  long number = -1;
  while (number < 0 && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, name, strlen(name)) == 0) number = strtol(line + strlen(name) + 1, NULL, 10);
  }
  fclose(file);
  return number;
}

#endif
