#!/bin/sh
# What is guarded by a lock is touched under that lock: clang's analysis of the ABSL_GUARDED_BY annotations, over every
# source that has such a member or includes a header that has. Usage: thread_safety.sh SOURCE_DIR BUILD_DIR (configured)
set -eu
cd "$1"
commands=$2/compile_commands.json
[ -f "$commands" ] || { echo "thread safety: $2 is not configured" >&2; exit 1; }
bad=0

# A lock beside which nothing is guarded is one that the analysis cannot see.
guards=$(git grep -l 'ABSL_GUARDED_BY' -- libhoop tools)
for file in $(git grep -lE '(absl::Mutex|std::mutex) [a-z_]+;' -- libhoop tools); do
  printf '%s\n' "$guards" | grep -qxF "$file" || { echo "$file: a lock that guards nothing" >&2; bad=1; }
done

headers=$(printf '%s\n' "$guards" | sed -n 's|^libhoop/\(.*\.h\)$|#include "\1"|p')
sources=$(printf '%s\n' "$guards" | grep '\.cc$'; git grep -lF "$headers" -- 'libhoop/*.cc' 'tools/*.cc')

# The compiler's own command, read by clang: no code is made. GCC's warnings are none of its business.
for file in $(printf '%s\n' "$sources" | sort -u); do
  jq -r --arg file "$PWD/$file" 'first(.[] | select(.file == $file)) | .command' "$commands"
done | sed -E 's/^([^ ]*ccache )?[^ ]+ (.*) -o [^ ]+ (-c .*)$/\2 \3/; s/-fsanitize=[^ ]*//g; s/-Werror //' | tr '\n' '\0' |
  xargs -0 -P 2 -n 1 sh -c '
    cd "$0" && eval "clang++ $1 -fsyntax-only -Wno-everything -Wthread-safety -Werror=thread-safety-analysis"' "$2" || bad=1
exit "$bad"
