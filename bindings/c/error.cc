// hoop_error, texts and the version.
#include <cstdlib>
#include <cstring>

#include "guard.h"

namespace hoop::c {

char* NewText(const std::string& text) {
  char* copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) throw std::bad_alloc();
  std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

}  // namespace hoop::c

uint32_t hoop_version_number(void) { return HOOP_VERSION_NUMBER; }
const char* hoop_version(void) { return HOOP_VERSION; }

const char* hoop_status_text(int32_t status) {
  switch (status) {
    case HOOP_OK:
      return "ok";
    case HOOP_CANCELLED:
      return "cancelled";
    case HOOP_INVALID_ARGUMENT:
      return "invalid argument";
    case HOOP_DEADLINE_EXCEEDED:
      return "deadline exceeded";
    case HOOP_NOT_FOUND:
      return "not found";
    case HOOP_ALREADY_EXISTS:
      return "already exists";
    case HOOP_PERMISSION_DENIED:
      return "permission denied";
    case HOOP_RESOURCE_EXHAUSTED:
      return "resource exhausted";
    case HOOP_FAILED_PRECONDITION:
      return "failed precondition";
    case HOOP_ABORTED:
      return "aborted";
    case HOOP_UNIMPLEMENTED:
      return "unimplemented";
    case HOOP_INTERNAL:
      return "internal";
    case HOOP_UNAVAILABLE:
      return "unavailable";
    case HOOP_DATA_LOSS:
      return "data loss";
    case HOOP_UNAUTHENTICATED:
      return "unauthenticated";
    default:
      return "unknown";
  }
}

int32_t hoop_error_status(const hoop_error* error) { return error == nullptr ? HOOP_OK : error->status; }
const char* hoop_error_text(const hoop_error* error) { return error == nullptr ? "" : error->text.c_str(); }
void hoop_error_destroy(hoop_error* error) { delete error; }
void hoop_string_destroy(char* text) { std::free(text); }
