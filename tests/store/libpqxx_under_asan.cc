// Tells the leak checker what Debian's libpqxx 6.4 leaves behind: the results of a connection that the server ended in
// the middle of a statement, some 2 KiB each. Nothing of ours is above it on these stacks. Without a sanitizer nobody
// calls this.
extern "C" __attribute__((visibility("default"))) const char* __lsan_default_suppressions() {
  return "leak:libpqxx-6.4.so\n";
}
