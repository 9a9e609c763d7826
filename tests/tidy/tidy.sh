#!/bin/sh
# Facts that break the build: files that nothing uses, and marks of unfinished work.
# Usage: tidy.sh SOURCE_DIR BUILD_DIR (a configured build with tests)
set -eu
cd "$1"
bad=0
commands=$2/compile_commands.json
[ -f "$commands" ] || { echo "tidy: $2 is not configured" >&2; exit 1; }

say() {
  echo "$*" >&2
  bad=1
}

# A source file that no target compiles. bench/ is built only on demand.
for file in $(git ls-files '*.cc' '*.c' ':!bench'); do
  grep -qF "\"file\": \"$PWD/$file\"" "$commands" || say "$file: no target compiles it"
done

# A header that no file includes, by its path from libhoop/, libhoop/include/ or the root, or by its bare name beside it.
includes=$(git grep -h '^ *# *include "' -- '*.cc' '*.h' '*.c' | sed 's/^[^"]*"\([^"]*\)".*/\1/' | sort -u)
for file in $(git ls-files '*.h'); do
  short=${file#libhoop/}
  printf '%s\n' "$includes" | grep -qxF -e "$file" -e "$short" -e "${short#include/}" -e "${short#tests/}" -e "${file##*/}" ||
    say "$file: nobody includes it"
done

# Work that was meant to be done before anybody else sees it. The pattern is written so that it does not find itself.
if git grep -n 'TODO[(]now[)]'; then say "marks of unfinished work are left"; fi

exit "$bad"
