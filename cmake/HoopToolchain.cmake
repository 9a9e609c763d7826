# How everything is compiled: one place for language level, warnings, sanitizers and tools.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

option(HOOP_TESTS "build the tests" OFF)
option(HOOP_GRPC "what needs gRPC C++, if that is installed: the second dialler (libhoop_grpc.so), tests against it" ON)
set(HOOP_SANITIZE "" CACHE STRING "sanitizers for all code, for example address,undefined")

# -O1 with line tables: tests run quickly and stack traces still name lines.
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g1")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")

add_compile_options(-Wall -Wextra -Werror -Wno-missing-field-initializers -fvisibility=hidden)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 at -O2 warns of overlapping copies inside std::string that cannot happen (GCC bug 105329).
  add_compile_options(-Wno-restrict)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wthread-safety)
endif()
if(HOOP_SANITIZE)
  add_compile_options(-fsanitize=${HOOP_SANITIZE} -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${HOOP_SANITIZE})
  # GCC 12 sees uninitialised and dangling values in sanitized standard headers that are not there.
  add_compile_options(-Wno-maybe-uninitialized)
endif()

find_program(HOOP_CCACHE ccache)
if(HOOP_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${HOOP_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${HOOP_CCACHE})
endif()
find_program(HOOP_MOLD mold)
if(HOOP_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
add_link_options(-Wl,--as-needed)
