#!/bin/bash
# A C program that carries an agent and serves a table of its own, built against an installed library: reached by
# `hoop connect` and `hoop exec`, recorded; it outlives a gateway that is killed, and serves again when that is back.
# Another one carries a gateway over TLS, whose certificate it replaces while it runs.
. "$(dirname "$0")/lib.sh"
need cc c++ cmake pkg-config openssl

# --- Installed, and built by others ---

cmake --install "$bin/.." --component c --prefix "$work/usr" >"$work/install.log" || fail "install"
libraries=$(dirname "$(find "$work/usr" -name libhoop.so.0)")
export PKG_CONFIG_PATH=$libraries/pkgconfig LD_LIBRARY_PATH=$libraries
same "the .pc file's version" "$("$bin/hoop-agent" --version | cut -d' ' -f2)" "$(pkg-config --modversion hoop)"
# shellcheck disable=SC2046
cc -std=c99 -Wall -Wextra -Werror -pedantic -o "$work/table-agent" "$root/examples/embedding/table_agent.c" \
  $(pkg-config --cflags --libs hoop) -pthread >"$work/cc.log" 2>&1 || fail "the C program does not build"
cmake -S "$root/examples/embedding" -B "$work/embedding" -DCMAKE_PREFIX_PATH="$work/usr" >"$work/cmake.log" 2>&1 &&
  cmake --build "$work/embedding" >>"$work/cmake.log" 2>&1 || fail "the programs do not build by find_package"

# What the unit tests cannot see in a build with sanitizers: exports and imports, the environment, memory after 1,000 loads.
sh "$root/tests/c/symbols.sh" "$libraries/libhoop.so.0" "$root/bindings/c/symbols.txt" "$root/tests/c/imports.txt" || fail symbols
nm -D --defined-only "$libraries/libhoop.so.0"
# shellcheck disable=SC2046
cc -std=c99 -D_GNU_SOURCE -rdynamic -o "$work/quiet" "$root/tests/c/quiet_test.c" $(pkg-config --cflags --libs hoop) -pthread
"$work/quiet" || fail "the library is not quiet"
# shellcheck disable=SC2046
cc -std=c99 -D_GNU_SOURCE -DHOOP_LIBRARY="\"$libraries/libhoop.so.0\"" -o "$work/load" "$root/tests/c/load_test.c" \
  $(pkg-config --cflags hoop) -pthread
"$work/load" || fail "something is left of a load"

# --- A gateway inside a program, over TLS ---

authority ours
authority theirs
for certificate in first second; do issue ours "$certificate" DNS:localhost,IP:127.0.0.1; done
export HOOP_PASSWORD=a-secret
use() { cp "$certs/$1.pem" "$work/own.pem" && cp "$certs/${2:-$1}.key" "$work/own.key"; }
own_gateway=("$work/embedding/own-gateway" "$work/own" "$work/own.pem" "$work/own.key") # and its authority
use first second
refused 'TLS_KEY: it does not belong to the certificate of CN=first' "${own_gateway[@]}" "$certs/ours.pem"
use first
refused 'its certificate is signed by an unknown authority (CN=ours)' "${own_gateway[@]}" "$certs/theirs.pem"
refused 'TLS_CA: ' "${own_gateway[@]}" "$root/LICENSE"
spawn "$work/own.log" "${own_gateway[@]}" "$certs/ours.pem"
own=$spawned
wait_line "$work/own.log" "$own" 30 '^serving https://127.0.0.1:'
own_url=$(sed -n 's/^serving //p' "$work/own.log")
export HOOP_CONFIG=$work/own.toml TLS_CA=file://$certs/ours.pem
hoop login --api-url "$own_url" --email me@example.test --password-stdin <<<a-secret >/dev/null
same "a session over TLS" "welcome, me@example.test" "$(hoop exec greeting -s </dev/null)"
contains "verification" "$(hoop audit verify last)" "whole and unchanged"
TLS_CA=file://$certs/theirs.pem refused 'not trusted' hoop exec greeting -s -i x

same "the first certificate" "subject=CN = first" "$(served "${own_url##*:}" http/1.1)"
use second
kill -HUP "$own"
wait_line "$work/own.log" "$own" 10 '^certificate replaced'
same "the second certificate" "subject=CN = second" "$(served "${own_url##*:}" http/1.1)"
use second first
kill -HUP "$own"
wait_line "$work/own.log" "$own" 10 '^certificate not replaced: TLS_KEY: it does not belong'
same "what was good stays" "subject=CN = second" "$(served "${own_url##*:}" http/1.1)"
refused "greeting" hoop exec greeting -s -- loudly </dev/null
same "the agent of before the change" "welcome, me@example.test" "$(hoop exec greeting -s </dev/null)"
unset HOOP_CONFIG TLS_CA HOOP_PASSWORD
stop "$own"
same "its exit code" 0 "$ended"

# --- A gateway ---

http=$(free_port) grpc=$(free_port)
start_gateway() {
  HOOP_DATA_DIR=$work/gateway HOOP_HTTP_LISTEN=127.0.0.1:$http HOOP_GRPC_LISTEN=127.0.0.1:$grpc \
    API_URL=http://127.0.0.1:$http spawn "$work/gateway.log" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/gateway.log" "$gateway" 30 'gateway serving'
}
start_gateway
wait_line "$work/gateway.log" "$gateway" 10 'set-up token'
api_url=http://127.0.0.1:$http
curl -sS --fail -o /dev/null -d "{\"email\":\"me@example.test\",\"password\":\"a-secret\",\"setup_token\":\"$(cat "$work/gateway/setup-token")\"}" \
  "$api_url/api/localauth/register" || fail "the first account"
export HOOP_CONFIG=$work/config.toml
hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<a-secret >/dev/null

# --- The table, by events ---

refused 'option "key": is not set' "$work/table-agent"
HOOP_KEY=$(hoop admin create agent tables) spawn "$work/table.log" "$work/table-agent"
table=$spawned
wait_line "$work/table.log" "$table" 20 'connected to the gateway'
hoop admin create connection table -a tables -t application/tcp -e HOST=host:table -e PORT=1 >/dev/null
hoop admin create connection table-cmd -a tables -t command-line -- host:table >/dev/null

same "a command" "table 1" "$(hoop exec table-cmd -s -i 'get otto')"
same "as arguments" "table 1" "$(hoop exec table-cmd -s -- get otto </dev/null)"
same "arguments, then input" $'table 1\ntable 3' "$(hoop exec table-cmd -s -i 'get anna' -- get otto)"
same "another one" ok "$(hoop exec table-cmd -s -i 'set ida table 9')"
code=0
hoop exec table-cmd -s -i 'get nobody' >"$work/out" 2>/dev/null || code=$?
same "the exit code of a command" "1 error: nobody of that name" "$code $(cat "$work/out")"

connect table
exec {to_table}<>"/dev/tcp/127.0.0.1/$port"
printf 'get ida\nlist\nquit\n' >&"$to_table"
answer=$(cat <&"$to_table")
exec {to_table}>&-
same "a byte stream" $'guests of tonight, me@example.test\ntable 9\nanna: table 3\notto: table 1\nida: table 9' "$answer"
stop "$client"
[[ -n $session ]] || fail "no session id"

echo "--- hoop sessions replay $session"
replay=$(hoop sessions replay "$session" --no-timing)
printf '%s\n' "$replay"
contains "the replay" "$replay" "guests of tonight, me@example.test"
contains "the replay" "$replay" "ida: table 9"
contains "verification" "$(hoop audit verify "$session")" "whole and unchanged"

refused "\`hoop exec table-cmd\` runs one command" hoop connect table-cmd
hoop admin create connection chairs -a tables -t command-line -- host:chairs >/dev/null
refused 'serves no "chairs"' hoop exec chairs -s -i list

# --- The thermostat, by descriptors, in C++ ---

HOOP_KEY=$(hoop admin create agent home) spawn "$work/thermostat.log" "$work/embedding/thermostat-agent"
thermostat=$spawned
wait_line "$work/thermostat.log" "$thermostat" 20 '^connected'
hoop admin create connection thermostat -a home -t command-line -- host:thermostat >/dev/null
same "reading" "19.500000 degrees" "$(hoop exec thermostat -s </dev/null)"
same "setting" "set by me@example.test" "$(hoop exec thermostat -s -- set 21 </dev/null)"
same "reading again" "21.000000 degrees" "$(hoop exec thermostat -s </dev/null)"
code=0
hoop exec thermostat -s -- boil </dev/null >"$work/out" 2>"$work/err" || code=$?
same "the exit code" 2 "$code"
same "nothing on its output" "" "$(cat "$work/out")"
contains "its error output" "$(cat "$work/err")" "usage: [set DEGREES]"
stop "$thermostat"
same "the thermostat's exit code" 0 "$ended"

# --- The gateway dies; the host goes on ---

stop "$gateway" KILL
wait_line "$work/table.log" "$table" 20 'not connected to the gateway'
kill -0 "$table" || fail "the host ended with its gateway"
start_gateway
for ((i = 0; i < 100; ++i)); do
  hoop exec table-cmd -s -i 'get ida' >"$work/out" 2>/dev/null && break
  read -r -t 0.2 _ <> <(:) || true # until the agent is back
done
same "the same table behind another gateway process" "table 9" "$(cat "$work/out")"
stop "$table"
same "the host's exit code" 0 "$ended"
contains "the host's end" "$(cat "$work/table.log")" "stopped, 3 rows"
