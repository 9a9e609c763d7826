#!/bin/bash
# hoop-gateway and hoop-agent as services, and their hard starts: what cannot be ends with one line and exit code 1,
# what is merely unusual works.
. "$(dirname "$0")/lib.sh"
need cmake curl jq python3 openssl

# line_of WHAT EXPECTED VARIABLE=VALUE...: the gateway's start ends with 1 and this one line.
line_of() {
  local what=$1 expected=$2 output code=0
  shift 2
  output=$(timeout 60 env HOOP_DATA_DIR="$work/refused" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 LOG_LEVEL=error \
    "$@" "$bin/hoop-gateway" 2>&1) || code=$?
  same "$what: exit code" 1 "$code"
  same "$what: lines" 1 "$(wc -l <<<"$output")"
  # shellcheck disable=SC2053 # a pattern
  [[ $output == hoop-gateway:\ $expected ]] || fail "$what: expected [hoop-gateway: $expected], got [$output]"
}

# gateway NAME [VARIABLE=VALUE...]: serves from $work/NAME; sets $gateway, $http and $api_url.
gateway() {
  local name=$1
  shift
  spawn "$work/$name.log" env HOOP_DATA_DIR="$work/$name" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 \
    LOG_ENCODING=console "$@" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/$name.log" "$gateway" 30 'gateway serving'
  api_url=$(grep -o 'api_url=[^ ]*' "$work/$name.log" | tail -n 1 | cut -d= -f2-)
}

# sign_in NAME: the first account of the gateway in $work/NAME, and the command line with it.
sign_in() {
  curl -fsS -o /dev/null -d "{\"email\":\"me@example.test\",\"password\":\"secret-word\",\"setup_token\":\"$(cat "$work/$1/setup-token")\"}" \
    "$api_url/api/localauth/register"
  export HOOP_CONFIG=$work/$1.toml
  hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<secret-word >/dev/null
}

# agent NAME [VARIABLE=VALUE...]: with a key of the gateway that is signed in to; sets $agent.
agent() {
  local name=$1
  shift
  spawn "$work/$name.log" env LOG_ENCODING=console HOOP_KEY="$(hoop admin create agent "$name" 2>/dev/null)" "$@" "$bin/hoop-agent"
  agent=$spawned
  wait_line "$work/$name.log" "$agent" 20 'connected to the gateway'
  hoop admin create connection shell -a "$name" -t command-line --overwrite -- sh >/dev/null
}

# --- Flags ---

contains "--help" "$(hoop-gateway --help)" HOOP_SHUTDOWN_DEADLINE=time
contains "--help" "$(hoop start agent --help)" HOOP_REQUIRE_VERIFIED_TLS
contains "--version" "$(hoop-agent --version)" "hoop-agent "
output=$(HOOP_DATA_DIR=$work/never hoop-gateway --check)
contains "--check" "$output" "the configuration is good"
contains "it tried the folder" "$output" "data folder $work/never: the start makes it"
contains "and the database" "$output" "database sqlite $work/never/hoop.db: the start makes it"
contains "and says what it did not try" "$output" "not tried: 0.0.0.0:8009 and 0.0.0.0:8010"
[ ! -e "$work/never" ] || fail "--check made the data folder"
refused 'unknown argument --halp' hoop-gateway --halp
mkdir "$work/print" # all that printing takes: nothing can be installed or built with it
ln -s "$(command -v cat)" "$(command -v dirname)" "$work/print/"
for script in demo check; do
  for option in -h --help; do contains "./$script $option" "$(PATH=$work/print /bin/sh "$root/$script" "$option")" "usage: ./$script"; done
done
dev_options() { grep -o '^  *--[a-z-]*' | tr -d ' ' | grep -v -e --help -e --tour | sort; }
same "the demo's options" "$(hoop start dev --help | dev_options)" "$(sh "$root/demo" --help | dev_options)"
refused "HOOP_DATA_DIR: /proc/hoop/data: " env HOOP_DATA_DIR=/proc/hoop/data hoop-gateway --check
refused "PLUGIN_AUDIT_PATH: /proc/hoop: " env HOOP_DATA_DIR="$work/never" PLUGIN_AUDIT_PATH=/proc/hoop hoop-gateway --check
refused "POSTGRES_DB_URI: " env HOOP_DATA_DIR="$work/never" POSTGRES_DB_URI="postgres://u:canary@127.0.0.1:$(free_port)/x" hoop-gateway --check
contains "backup --help" "$(hoop-gateway backup --help)" "backup FILE"
contains "warden --help" "$(hoop-agent warden --help)" "usage: hoop-agent"
refused 'HOOP_KEY: ' env HOOP_KEY=rubbish "$bin/hoop-agent" --check
contains "an unknown variable" "$(HOOP_DATADIR=$work/x HOOP_DATA_DIR=$work/y LOG_ENCODING=console hoop-gateway --check 2>&1)" 'name=HOOP_DATADIR'

# --- Installed, with manual pages ---

cmake --install "$bin/.." --component programs --prefix "$work/usr" >"$work/install.log" || fail "install"
same "the installed program" "$(hoop version)" "$("$work/usr/bin/hoop" version)"
[ -s "$work/usr/lib/systemd/system/hoop-gateway.service" ] || fail "no unit is installed"
for page in man1/hoop-connect.1 man8/hoop-gateway.8 man8/hoop-agent.8; do
  [ -s "$work/usr/share/man/$page" ] || fail "no $page is installed"
  if command -v groff >/dev/null; then same "warnings of $page" "" "$(groff -man -ww -z "$work/usr/share/man/$page" 2>&1)"; fi
done
contains "hoop-gateway(8)" "$(tr -d '\\' <"$work/usr/share/man/man8/hoop-gateway.8")" "HOOP_SECRETS_KEY"

# --- What cannot be ---

gateway first
contains "where the set-up token is" "$(cat "$work/first.log")" "(also in $work/first/setup-token)"
contains "--check beside a gateway" "$(HOOP_DATA_DIR=$work/first hoop-gateway --check)" "up to date"
line_of "a folder in use" "HOOP_DATA_DIR: $work/first: another gateway runs in it" HOOP_DATA_DIR="$work/first"
line_of "a port in use" "HOOP_HTTP_LISTEN: listen on ${api_url#http://}: Address already in use" HOOP_HTTP_LISTEN="${api_url#http://}"
line_of "the other port" "HOOP_GRPC_LISTEN: listen on ${api_url#http://}: Address already in use" HOOP_GRPC_LISTEN="${api_url#http://}"
line_of "a journal that cannot be" "PLUGIN_AUDIT_PATH: /proc/hoop: *" PLUGIN_AUDIT_PATH=/proc/hoop
refused "hoop: start dev: --data: $work/first: another gateway runs in it" hoop start dev --data "$work/first"
refused "hoop: start dev: --http: listen on ${api_url#http://}: Address already in use" hoop start dev --data "$work/third" --grpc 127.0.0.1:0 --http "${api_url#http://}"
refused "hoop: start dev: --grpc: listen on ${api_url#http://}: Address already in use" hoop start dev --data "$work/third" --http 127.0.0.1:0 --grpc "${api_url#http://}"
refused "hoop: start dev: --http: 127.0.0.1:8010 is where gRPC listens, too" hoop start dev --data "$work/third" --grpc 127.0.0.1:8010 --http 127.0.0.1:8010
grpc_url=$(grep -o "grpc_url=[^ ]*" "$work/first.log" | tail -n 1 | cut -d= -f2-)
line_of "both ports" "HOOP_GRPC_LISTEN: listen on ${grpc_url#grpc://}: Address already in use; HOOP_HTTP_LISTEN: listen on ${api_url#http://}: Address already in use" \
  HOOP_GRPC_LISTEN="${grpc_url#grpc://}" HOOP_HTTP_LISTEN="${api_url#http://}"
beside='; beside another one: `hoop start dev --data DIR --http 127.0.0.1:0 --grpc 127.0.0.1:0`'
refused "another gateway runs in it$beside" hoop start dev --data "$work/first"
refused "--http: listen on ${api_url#http://}: Address already in use$beside" \
  hoop start dev --data "$work/third" --grpc "${grpc_url#grpc://}" --http "${api_url#http://}"
refused 'hoop: start dev: --http: address "nonsense": no port' hoop start dev --data "$work/third" --http nonsense
[ ! -e "$work/third" ] || fail "starts that found no port left $(ls "$work/third")"
stop "$gateway"
same "TERM" 0 "$ended"
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out "$work/tls.key" 2>/dev/null
line_of "an unreadable certificate" "TLS_CERT: $work/none.pem: No such file or directory" TLS_KEY="file://$work/tls.key" TLS_CERT="file://$work/none.pem"
line_of "no PEM" "TLS_KEY: neither PEM*" TLS_KEY=canary! TLS_CERT=x
line_of "a bad URI" "POSTGRES_DB_URI: *" POSTGRES_DB_URI='postgres://u:canary@h:port/x'
line_of "no database there" "POSTGRES_DB_URI: *" POSTGRES_DB_URI="postgres://u:canary@127.0.0.1:$(free_port)/x"
line_of "a bad address" "HOOP_GRPC_LISTEN: 8010 is no address*" HOOP_GRPC_LISTEN=8010
line_of "not our address" "HOOP_HTTP_LISTEN: listen on 192.0.2.1:0*" HOOP_HTTP_LISTEN=192.0.2.1:0
line_of "a folder that cannot be" "HOOP_DATA_DIR: /proc/hoop/data: *" HOOP_DATA_DIR=/proc/hoop/data
mkdir -m 777 "$work/open"
chmod 777 "$work/open"
line_of "a folder that others write to" "HOOP_DATA_DIR: $work/open: others may write to it*" HOOP_DATA_DIR="$work/open"
mkdir -p "$work/newer" && chmod 700 "$work/newer"
echo 'this is no database, although it is long enough to be one: it is text' >"$work/newer/hoop.db"
line_of "a file that is no database" "*$work/newer/hoop.db*" HOOP_DATA_DIR="$work/newer"

if [ "$(id -u)" = 0 ]; then
  mkdir -m 700 "$work/roots" # of root; nobody comes
  output=$(cd / && HOOP_DATA_DIR=$work/roots HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 \
    setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$bin/hoop-gateway" 2>&1) && fail "nobody uses root's folder"
  contains "root's folder" "$output" "Permission denied"
  output=$(cd / && env -u HOME -u XDG_STATE_HOME setpriv --reuid=nobody --regid=nogroup --clear-groups -- "$bin/hoop-gateway" 2>&1) &&
    fail "no home, but started"
  same "no home" "hoop-gateway: HOOP_DATA_DIR: is not set, and there is no home folder to put data into" "$output"
fi

# --- What is unusual ---

gateway bare PATH=/nowhere HOME= # nothing of the environment is needed
sign_in bare
same "the level of the log" info "$(hoop admin serverinfo --json | json .log_level)"
agent bare-agent
same "few variables" 42 "$(hoop exec shell -s -i 'echo $((6*7))')"
stop "$agent"
stop "$gateway"

if grep -q '^00000000000000000000000000000001 ' /proc/net/if_inet6 2>/dev/null; then
  spawn "$work/six.log" env HOOP_DATA_DIR="$work/six" HOOP_HTTP_LISTEN='[::1]:0' HOOP_GRPC_LISTEN='[::1]:0' LOG_ENCODING=console \
    API_URL='http://[::1]:8009' "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/six.log" "$gateway" 30 'gateway serving.*grpc_url=.?grpc://\[::1\]:'
  stop "$gateway"
  port6=$(free_port)
  spawn "$work/six.log" env HOOP_DATA_DIR="$work/six" HOOP_HTTP_LISTEN="[::1]:$port6" HOOP_GRPC_LISTEN='[::1]:0' LOG_ENCODING=console \
    API_URL="http://[::1]:$port6" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/six.log" "$gateway" 30 'gateway serving'
  api_url="http://[::1]:$port6"
  sign_in six
  agent six-agent
  contains "the key" "$(hoop config view grpc_url)" 'grpc://[::1]:'
  same "IPv6" six "$(hoop exec shell -s -i 'echo six')"
  stop "$agent"
  stop "$gateway"
else
  echo "note: no IPv6 on this machine"
fi

# 256 descriptors: what does not fit is refused, what is there goes on.
(ulimit -n 256 && exec env HOOP_DATA_DIR="$work/few" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 LOG_ENCODING=console \
  "$bin/hoop-gateway") >"$work/few.log" 2>&1 &
gateway=$!
started+=("$gateway")
wait_line "$work/few.log" "$gateway" 30 'gateway serving'
api_url=$(grep -o 'api_url=[^ ]*' "$work/few.log" | cut -d= -f2-)
sign_in few
(ulimit -n 256 && exec env LOG_ENCODING=console HOOP_KEY="$(hoop admin create agent few-agent)" "$bin/hoop-agent") >"$work/few-agent.log" 2>&1 &
agent=$!
started+=("$agent")
wait_line "$work/few-agent.log" "$agent" 20 'connected to the gateway'
hoop admin create connection shell -a few-agent -t command-line -- sh >/dev/null
held=()
for ((i = 0; i < 300; ++i)); do
  exec {hold}<>"/dev/tcp/127.0.0.1/${api_url##*:}" || break
  held+=("$hold")
done 2>/dev/null
for hold in "${held[@]}"; do exec {hold}>&-; done
answer=
for ((i = 0; i < 50; ++i)); do
  answer=$(timeout 10 hoop exec shell -s -i 'echo still' 2>/dev/null) && break || read -r -t 0.2 _ <> <(:) || true
done
same "256 descriptors" still "$answer"
stop "$agent"
stop "$gateway"
same "TERM after 256 descriptors" 0 "$ended"

# A root that cannot be written, and a disk that is full: with a mount name space of its own.
if [ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null; then
  mkdir "$work/state" "$work/small"
  # shellcheck disable=SC2016 # for the inner shell
  spawn "$work/ro.log" unshare --mount bash -c 'mount -t tmpfs none "$0/state" && mount -o remount,bind,ro / && ! touch /root/x 2>/dev/null &&
    HOOP_DATA_DIR=$0/state/hoop HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 LOG_ENCODING=console exec "$1"' "$work" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/ro.log" "$gateway" 30 'gateway serving'
  api_url=$(grep -o 'api_url=[^ ]*' "$work/ro.log" | cut -d= -f2-)
  same "a read-only root" OK "$(curl -fsS "$api_url/api/healthz" | json .liveness)"
  stop "$gateway"
  same "TERM on a read-only root" 0 "$ended"
  # shellcheck disable=SC2016
  output=$(unshare --mount bash -c 'mount -t tmpfs -o size=1m none "$0/small" && mkdir -m 700 "$0/small/hoop" && head -c 1000000 /dev/zero >"$0/small/fill" 2>/dev/null
    HOOP_DATA_DIR=$0/small/hoop HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 LOG_LEVEL=error timeout 60 "$1" 2>&1' "$work" "$bin/hoop-gateway") &&
    fail "a full disk, but started"
  same "a full disk: lines" 1 "$(wc -l <<<"$output")"
  contains "a full disk" "$output" "hoop-gateway: "
  # shellcheck disable=SC2016
  output=$(unshare --mount bash -c 'mount -t tmpfs -o size=8m none "$0/small" && mkdir -m 700 "$0/beside" && HOOP_DATA_DIR=$0/beside PLUGIN_AUDIT_PATH=$0/small \
    HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 LOG_LEVEL=error timeout 60 "$1" 2>&1' "$work" "$bin/hoop-gateway") &&
    fail "no room for a segment of the journal, but started"
  same "no room for a segment of the journal" \
    "hoop-gateway: PLUGIN_AUDIT_PATH: $work/small: no room for the first 67108864 bytes of the journal" "$output"
else
  echo "note: no read-only root and no full disk without root and mount name spaces"
fi

# --- systemd ---

cat >"$work/manager.py" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("listening", flush=True)
while True:
    print(" ".join(s.recv(4096).decode().split("\n")), flush=True)
P
spawn "$work/manager.log" python3 "$work/manager.py" "$work/notify"
manager=$spawned
wait_line "$work/manager.log" "$manager" 10 listening
gateway notified NOTIFY_SOCKET="$work/notify" WATCHDOG_USEC=1000000
wait_line "$work/manager.log" "$manager" 10 'READY=1 STATUS=serving http'
wait_line "$work/manager.log" "$manager" 10 'WATCHDOG=1'
sign_in notified
agent notified-agent NOTIFY_SOCKET="$work/notify"
wait_line "$work/manager.log" "$manager" 10 'READY=1 STATUS=connected to 127.0.0.1'

# TERM under a session: the client is told, the record is sealed; the next start finds it so.
hoop exec shell -s -i 'echo begun; exec sleep 600' >"$work/sleeper.log" 2>&1 &
sleeper=$!
started+=("$sleeper")
wait_line "$work/sleeper.log" "$sleeper" 20 begun
# Who looks on, and who waits for a command by REST, hears the end, too: the answers leave before the gateway.
token=$(hoop config view token --raw)
watched=$(hoop sessions list --limit 1 -q)
code=0
hoop audit verify "$watched" >"$work/verify.log" 2>&1 || code=$?
same "the proof of a session that runs" 1 "$code"
contains "the proof of a session that runs" "$(cat "$work/verify.log")" "still runs: "
same "as JSON" "false false true" "$(hoop audit verify "$watched" --json | json '"\(.ok) \(.sealed) \(.running)"')"
asked() { curl -sS -N -H "Authorization: Bearer $token" "$@"; }
spawn "$work/watcher.log" asked "$api_url/api/sessions/$watched/stream"
watcher=$spawned
wait_line "$work/watcher.log" "$watcher" 10 '^: connected$'
spawn "$work/asker.log" asked -w '%{http_code}' "$api_url/api/sessions" -d '{"connection":"shell","script":"sleep 600"}'
asker=$spawned
until [ "$(hoop sessions list --fields status | grep -c open)" = 2 ]; do
  kill -0 "$asker" || fail "the second command: $(cat "$work/asker.log")"
done
stop "$gateway" TERM
same "TERM under a session" 0 "$ended"
wait "$watcher" || fail "the event stream broke off"
same "the watcher's last words" "event: session_end data: {}" "$(tail -n 3 "$work/watcher.log" | tr '\n' ' ' | sed 's/ *$//')"
wait "$asker" || fail "the command's answer broke off: $(cat "$work/asker.log")"
contains "the asker" "$(cat "$work/asker.log")" "gateway shutdown"
wait_line "$work/manager.log" "$manager" 10 'STOPPING=1'
code=0
wait "$sleeper" || code=$?
[ "$code" != 0 ] || fail "the client was not told"
contains "the client" "$(cat "$work/sleeper.log")" "gateway shutdown"
stop "$agent"
stop "$manager"
gateway notified
hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<secret-word >/dev/null
contains "the record" "$(hoop audit verify last)" 'sealed "gateway shutdown'
stop "$gateway"

# A client that does not read holds an orderly end up; a second TERM does not wait for it.
gateway slow HOOP_SHUTDOWN_DEADLINE=10m LOG_LEVEL=debug
sign_in slow
same "the level of the log" debug "$(hoop admin serverinfo --json | json .log_level)"
agent slow-agent
hoop exec shell -s -i 'echo begun; exec sleep 600' >"$work/stopped.log" 2>&1 &
stopped=$!
started+=("$stopped")
wait_line "$work/stopped.log" "$stopped" 20 begun
kill -STOP "$stopped"
kill -TERM "$gateway"
wait_line "$work/slow.log" "$gateway" 20 'gateway stopping deadline=10m'
kill -0 "$gateway" || fail "it did not wait for the client"
stop "$gateway" TERM
same "a second TERM" 143 "$ended"
stop "$stopped" KILL
stop "$agent"

# --- journald ---

gateway journal
mkfifo "$work/journal.pipe"
cat "$work/journal.pipe" >"$work/journald.log" &
started+=("$!")
exec {pipe}>"$work/journal.pipe"
stream=$(stat -L -c '%d:%i' "/proc/self/fd/$pipe")
stop "$gateway"
JOURNAL_STREAM=$stream HOOP_DATA_DIR=$work/journal HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 "$bin/hoop-gateway" 2>&"$pipe" &
gateway=$!
started+=("$gateway")
wait_line "$work/journald.log" "$gateway" 30 '^<6>gateway serving api_url='
stop "$gateway"
