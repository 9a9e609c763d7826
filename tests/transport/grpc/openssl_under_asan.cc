// Tells the leak checker what gRPC C++ leaves behind: a thread of its own that nobody joins still has OpenSSL's queue
// of errors (904 bytes) when the process ends. Our own use of OpenSSL is checked by net_test. Without a sanitizer
// nobody calls this.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions() {
  return "leak:CRYPTO_zalloc\n";
}
