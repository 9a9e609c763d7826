#!/bin/sh
# Breaks the build when a file includes a folder that its DEPENDS line in libhoop/CMakeLists.txt does not name,
# or a third-party header outside the folder that owns it. Usage: direction.sh SOURCE_DIR
set -eu
cd "$1"
find libhoop tools examples bindings -name '*.cc' -o -name '*.h' -o -name '*.c' 2>/dev/null | sort | xargs awk '
function fail(text) { printf "%s:%d: %s\n", FILENAME, FNR, text > "/dev/stderr"; bad = 1 }
BEGIN {
  while ((getline line < "libhoop/CMakeLists.txt") > 0) {
    if (line !~ /^hoop_folder\(/) continue
    sub(/^hoop_folder\(/, "", line); sub(/\).*/, "", line)
    n = split(line, word, /[ \t]+/); folder[word[1]] = 1; may[word[1], word[1]] = 1; inside = 0
    for (i = 2; i <= n; i++) {
      if (word[i] == "DEPENDS") inside = 1
      else if (word[i] == "PACKAGES") inside = 0
      else if (inside) may[word[1], word[i]] = 1
    }
  }
  owner["nghttp2/"] = "transport"
  owner["grpc"] = "transport/grpc"
  owner["google/protobuf/"] = "transport/grpc"
  owner["sqlite3.h"] = owner["pqxx/"] = owner["postgresql/libpq-fe.h"] = "store"
  owner["httplib.h"] = "rest outbound"
  owner["spdlog/"] = "base"
  owner["zstd.h"] = "audit"
  owner["stringprep.h"] = "protocol/postgres"
}
/^[ \t]*#[ \t]*include/ {
  header = $0; sub(/^[^"<]*["<]/, "", header); sub(/[">].*/, "", header)
  split(FILENAME, part, "/"); top = part[1]; here = part[2]
  if (top == "libhoop" && here == "include") { here = "include" }
  first = header; sub(/\/.*/, "", first)
  if (header ~ /\// && (first in folder) && $0 ~ /"/) {
    if (top != "libhoop") fail(top "/ may include include/hoop only, not " header)
    else if (here == "include") fail("a public header names a private one: " header)
    else if (!((here, first) in may)) fail(here "/ may not include " first "/ (DEPENDS in libhoop/CMakeLists.txt)")
  }
  for (prefix in owner) if (index(header, prefix) == 1 && top == "libhoop") {
    ok = 0; n = split(owner[prefix], home, " ")
    for (i = 1; i <= n; i++) if (index(FILENAME, "libhoop/" home[i] "/") == 1) ok = 1
    if (!ok) fail(prefix " belongs to " owner[prefix] "/ alone")
  }
}
END { exit bad }
'
