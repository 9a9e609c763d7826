# Debian 12 packages, found once, named as targets. Nothing is downloaded.
# Which folder may use which of them is said in libhoop/CMakeLists.txt.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(absl REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(HTTPLIB REQUIRED IMPORTED_TARGET cpp-httplib)

# Standalone asio is headers only.
add_library(hoop_asio INTERFACE)
target_compile_definitions(hoop_asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)

if(HOOP_TESTS)
  find_package(GTest REQUIRED)
  find_package(Protobuf REQUIRED)
endif()
if(HOOP_GRPC)
  find_package(Protobuf QUIET)  # gRPC's own description wants it
  find_package(gRPC CONFIG QUIET)
  if(NOT gRPC_FOUND)
    message(STATUS "gRPC C++ is not installed: no second dialler (libhoop_grpc.so), no tests against it")
    set(HOOP_GRPC OFF)
  endif()
endif()
