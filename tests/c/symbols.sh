#!/bin/sh
# What libhoop.so exports is what symbols.txt lists, and of what a library has no business with it imports only what
# imports.txt explains. Usage: symbols.sh LIBRARY SYMBOLS IMPORTS
set -eu
library=$1 symbols=$2 imports=$3
bad=0
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

nm -D --defined-only --format=posix "$library" | awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | LC_ALL=C sort >"$folder/exports"
diff -u "$symbols" "$folder/exports" || { echo 'the exports differ from symbols.txt' >&2; bad=1; }

nm -D --undefined-only --format=posix "$library" | awk '{ sub(/@.*/, "", $1); print $1 }' | LC_ALL=C sort -u |
  grep -xE '(secure_)?getenv|setenv|putenv|unsetenv|environ|__environ|_?exit|_Exit|quick_exit|abort|at_quick_exit|signal|sigaction|sigset|bsd_signal|__sysv_signal|raise|v?f?printf|v?dprintf|puts|putchar|putc|fputc|fputs|perror|stdout|stderr|__(v?f?|v?d)printf_chk|_ZSt4c(out|err|log)|setlocale|fork|vfork|system|popen|daemon' >"$folder/imports" || true
grep -oE '^[^ #]+' "$imports" | LC_ALL=C sort >"$folder/explained"
diff -u "$folder/explained" "$folder/imports" || { echo 'the imports differ from imports.txt' >&2; bad=1; }

readelf -d "$library" | grep -E 'NEEDED.*(grpc|protobuf)' && { echo 'gRPC is linked' >&2; bad=1; }
readelf -d "$library" | grep -q 'SONAME.*libhoop\.so\.0\]' || { echo 'the soname is not libhoop.so.0' >&2; bad=1; }
exit "$bad"
