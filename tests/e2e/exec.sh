#!/bin/bash
# One-off commands: stdin, arguments, exit code, stdout and stderr apart; the record has it all.
. "$(dirname "$0")/lib.sh"

cat >"$work/connections.yaml" <<'Y'
connections:
  - {name: shell, type: command-line, command: [sh]}
  - {name: cat, type: command-line, command: [cat]}
  - {name: echo, type: command-line, command: [echo, -n], env: {GREETING: hello, "filesystem:SECRET_FILE": file content}}
  - {name: env, type: command-line, command: [sh, -c, 'echo "$GREETING"; cat "$SECRET_FILE"; stat -c %a "$SECRET_FILE"'], env: {GREETING: hello, "filesystem:SECRET_FILE": file content}}
  - {name: missing, type: command-line, command: [no-such-program]}
  - {name: buffered, type: command-line, command: [sh], record: buffered}
Y
echo 'from a file' >"$work/value" # with a line feed
echo "  - {name: values, command: [sh, -c, 'echo \"<\$A> \$B\"'], env: {A: 'file://$work/value', B: 'base64://aGk='}, groups: [dba]}" >>"$work/connections.yaml"
start_dev "$work/connections.yaml"
same "values from elsewhere" "<from a file> hi" "$(hoop exec values -s </dev/null)"
same "its groups" dba "$(hoop admin get connections/values -o json | json '.access_groups | join(" ")')"

same "stdout" "Linux" "$(hoop exec shell -s -i 'uname -s')"
same "piped stdin" "from a pipe" "$(echo 'from a pipe' | hoop exec cat -s)"
same "arguments" "a b  c" "$(hoop exec echo -s -- a 'b  c' </dev/null)"
contains "arguments in the list" "$(hoop sessions get last)" "arguments    a 'b  c'"
# shellcheck disable=SC2016 # the words are the user's
refused 'could not find environment variable $1, ${HOMES} of the session: ' hoop exec shell -s -- -c 'echo $1 ${HOMES}'
# shellcheck disable=SC2016 # beside one that is known, too
refused 'could not find environment variable $1 of the session: ' hoop exec shell -s -- -c 'echo $HOME $1'
# shellcheck disable=SC2016 # of the command's environment
same "HOME, PATH and whose session it is" "$HOME $PATH admin@hoop.local" "$(hoop exec shell -s -- -c 'echo $HOME $PATH $HOOP_USER_EMAIL' </dev/null)"
# shellcheck disable=SC2016 # the far shell's
same "a literal dollar" "one word" "$(hoop exec shell -s -e S='echo "$1"' -- -c '${S}' sh 'one word' </dev/null)"
# shellcheck disable=SC2016 # what ran, and nothing of what the connection has
contains "its arguments" "$(hoop sessions get last)" 'arguments    -c '"'"'${S}'"'"' sh '"'"'one word'"'"
# shellcheck disable=SC2016
contains "and what was in them" "$(hoop sessions get last)" 'variable     S='"'"'echo "$1"'"'"
same "given beside the connection's own" $'hello\nfile content600' "$(hoop exec env -s -e GREETING=mine </dev/null)"
[[ $(hoop sessions get last) != *variable* ]] || fail "a variable that no command got is in the record"
same "buffered" "7" "$(hoop exec buffered -s -i 'echo $((3+4))')"

code=0
hoop exec shell -s -i 'echo out; echo err >&2; exit 3' >"$work/out" 2>"$work/err" || code=$?
same "exit code" 3 "$code"
same "stdout alone" "out" "$(cat "$work/out")"
contains "stderr alone" "$(cat "$work/err")" "err"
[[ $(cat "$work/err") != *out* ]] || fail "stdout leaked into stderr"

code=0
hoop exec missing -s -i '' 2>"$work/err" || code=$?
same "exit code of a missing program" 127 "$code"
code=0
hoop exec shell -s -i 'kill -KILL $$' 2>/dev/null || code=$?
same "exit code of a killed command" 255 "$code"

head -c 5000000 /dev/urandom >"$work/big"
same "5 MB through" "$(md5sum <"$work/big")" "$(hoop exec cat -s <"$work/big" | md5sum)"

hoop exec shell -s -i 'printf "a\000b"; echo e >&2' >"$work/out" 2>/dev/null
same "replay is byte for byte" "$(od -c "$work/out")" "$(hoop sessions replay last --raw 2>/dev/null | od -c)"
contains "verification" "$(hoop audit verify last)" "whole and unchanged"
contains "who" "$(hoop sessions get last)" "admin@hoop.local"

refused "connection not found" hoop exec nothing -i x
HOOP_TOKEN=wrong HOOP_APIURL=$api_url HOOP_GRPCURL=$grpc_url refused "invalid authentication" hoop exec shell -i x
