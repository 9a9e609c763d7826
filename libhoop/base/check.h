// HOOP_CHECK stops the process on our own mistakes. Never use it on input: input errors are absl::Status.
#pragma once

#include <cstdio>
#include <cstdlib>

#define HOOP_CHECK(condition)                                                                \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
