# What the end-to-end scripts share. Each script begins with: . "$(dirname "$0")/lib.sh"
# A script shows one behaviour of the programs in $HOOP_BIN (default: build/release/bin) and ends with exit code 0, or
# calls `fail` or `skip`. Everything it started or wrote is gone when it ends.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${HOOP_BIN:-$root/build/release/bin}
name=$(basename "$0" .sh)
work=$(mktemp -d /tmp/hoop-e2e.XXXXXX) # short: the path of a Unix socket has to stay below 108 bytes
chmod 755 "$work"
started=() # process ids, in the order they were started
gone=77    # the exit code that ./check reads as skipped

# No configuration of the developer reaches the programs.
unset "${!HOOP_@}"
export PATH=$bin:$PATH HOME=$work

fail() {
  echo "FAIL $name: $*"
  exit 1
}

skip() {
  echo "$*"
  exit "$gone"
}

need() { # need PROGRAM...: skip without them
  local program
  for program in "$@"; do command -v "$program" >/dev/null || skip "no $program on this machine"; done
}

same() { # same WHAT EXPECTED ACTUAL
  [ "$2" = "$3" ] || fail "$1: expected [$2], got [$3]"
}

contains() { # contains WHAT TEXT PART
  [[ $2 == *"$3"* ]] || fail "$1: no [$3] in [$2]"
}

# refused PART COMMAND...: the command fails and says so; neither hangs nor succeeds.
refused() {
  local part=$1 output
  shift
  if output=$(timeout 60 "$@" 2>&1); then fail "[$*] was not refused: $output"; fi
  contains "[$*]" "$output" "$part"
}

# --- Processes ---

# spawn LOG COMMAND...: in the background; its id is $! and in $spawned.
spawn() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 &
  spawned=$!
  started+=("$spawned")
}

# stop ID [SIGNAL]: ends a process that spawn started, and returns its exit code in $ended.
stop() {
  kill "-${2:-TERM}" "$1" 2>/dev/null || true
  ended=0
  wait "$1" 2>/dev/null || ended=$?
  local id rest=()
  for id in "${started[@]}"; do [ "$id" = "$1" ] || rest+=("$id"); done
  started=("${rest[@]}")
}

# read_line FILE ID SECONDS: the next line of a FIFO that process ID writes, in $line; fails when it ends instead.
# The FIFO is open for writing here, too, so that no end of file comes between.
read_line() {
  local fifo piece left=$3
  line=
  exec {fifo}<>"$1"
  until IFS= read -r -t 1 -u "$fifo" piece; do
    line+=$piece # the time may be over in the middle of a line
    kill -0 "$2" 2>/dev/null || fail "process $2 ended before it was ready"
    [ $((left -= 1)) -gt 0 ] || fail "process $2 was not ready within $3 s"
  done
  line+=$piece
  exec {fifo}>&-
}

# wait_line LOG ID SECONDS PATTERN: until a line of the log that process ID writes matches (grep -E).
wait_line() {
  grep -m 1 -q -E "$4" < <(timeout "$3" tail -n +1 --pid="$2" -s 0.1 -F "$1" 2>/dev/null) ||
    fail "no line like [$4] in ${1##*/}: $(tail -n 5 "$1")"
}

# --- hoop start dev ---

# start_dev CONNECTIONS.yaml [OPTION...]: sets $dev (process id) and what the ready file says: $api_url, $grpc_url,
# $token, and HOOP_CONFIG for the command line. Data stay in $work/dev between two starts.
start_dev() {
  local connections=$1 ready=$work/ready.$RANDOM
  shift
  mkfifo -m 600 "$ready"
  spawn "$work/dev.log" "$bin/hoop" start dev --data "$work/dev" --http 127.0.0.1:0 --grpc 127.0.0.1:0 \
    --connections "$connections" --ready-file "$ready" "$@"
  dev=$spawned
  read_line "$ready" "$dev" 60
  rm -f "$ready"
  ready_json=$line
  api_url=$(json .api_url <<<"$line")
  grpc_url=$(json .grpc_url <<<"$line")
  token=$(json .token <<<"$line")
  HOOP_CONFIG=$(json .config_file <<<"$line")
  export HOOP_CONFIG
}

json() { jq -er "$1"; } # json FILTER: of the JSON on standard input; fails on null

# api METHOD PATH [BODY]: the answer's body; fails on a status from 400 on.
api() {
  curl -sS --fail-with-body -X "$1" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
    ${3:+--data "$3"} "$api_url/api$2"
}

# connect NAME: a local listener for a connection; sets $client (process id), $session and $port.
connect() {
  local events=$work/events.$RANDOM
  mkfifo "$events"
  exec {events_hold}<>"$events"
  "$bin/hoop" connect "$1" -p 0 --json >"$events" 2>>"$work/connect-$1.log" &
  client=$!
  started+=("$client")
  until read_line "$events" "$client" 30 && [ "$(json .status <<<"$line")" = ready ]; do
    [ "$(json .status <<<"$line")" != connected ] || session=$(json .data.session_id <<<"$line")
  done
  port=$(json .data.port <<<"$line")
}

# --- Certificates ---

certs=$work/certs
new_key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)

authority() { # authority NAME: NAME.pem, NAME.key in $certs
  [ -d "$certs" ] || mkdir -m 700 "$certs"
  openssl req -x509 "${new_key[@]}" -keyout "$certs/$1.key" -out "$certs/$1.pem" -days 30 -subj "/CN=$1" 2>/dev/null
}

issue() { # issue AUTHORITY NAME NAMES [DAYS]: NAME.pem, NAME.key; NAMES as DNS:x,IP:y
  openssl req "${new_key[@]}" -keyout "$certs/$2.key" -out "$certs/$2.csr" -subj "/CN=$2" 2>/dev/null
  openssl x509 -req -in "$certs/$2.csr" -CA "$certs/$1.pem" -CAkey "$certs/$1.key" -CAcreateserial -out "$certs/$2.pem" \
    -days "${4:-30}" -extfile <(echo "subjectAltName=$3") 2>/dev/null
}

# served PORT PROTOCOL: the subject of the certificate that is shown there.
served() { openssl s_client -connect "127.0.0.1:$1" -alpn "$2" </dev/null 2>/dev/null | openssl x509 -noout -subject; }

# --- Targets ---

# start_tcp_demo: the line service of examples/; sets $tcp_demo (process id) and $tcp_port.
start_tcp_demo() {
  mkfifo "$work/tcp-demo.out"
  "$bin/tcp-demo" --listen 127.0.0.1:0 >"$work/tcp-demo.out" 2>&1 &
  tcp_demo=$!
  started+=("$tcp_demo")
  read_line "$work/tcp-demo.out" "$tcp_demo" 10
  tcp_port=${line##*:}
}

postgres_bin() { printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1; }

# Postgres refuses to run as root: there it runs as its own user, in a folder that this user owns.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then
    setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"
  else
    "$@"
  fi
}

# start_postgres [AUTH [NAME]]: a private server; sets $pg_host (its socket folder), $pg_port, $pg_user, $pg_password.
# AUTH is what pg_hba.conf asks for (default: scram-sha-256). It listens on 127.0.0.1:$pg_port, too. NAME tells several
# servers of one script apart.
start_postgres() {
  local auth=${1:-scram-sha-256} where
  where=$(postgres_bin)
  [ -x "$where/postgres" ] || skip "no PostgreSQL server on this machine"
  pg_host=$work/${2:-pg} pg_log=$work/${2:-postgres}.log pg_user=app pg_password=app-secret
  mkdir "$pg_host"
  printf '%s' "$pg_password" >"$pg_host.password"
  if [ "$(id -u)" = 0 ]; then chown postgres: "$pg_host" "$pg_host.password"; fi
  (cd / && as_postgres "$where/initdb" -D "$pg_host/data" -A "$auth" -U "$pg_user" --pwfile "$pg_host.password" --no-sync \
    -E UTF8 --locale C.UTF-8) >"$pg_log" 2>&1 || fail "initdb: $(tail -n 5 "$pg_log")"
  pg_port=$(free_port)
  run_postgres
}

# run_postgres: starts the last server of start_postgres, also again after it was stopped; sets $pg_pid.
run_postgres() {
  (cd / && exec_postgres "$(postgres_bin)") >"$pg_log" 2>&1 &
  pg_pid=$!
  started+=("$pg_pid")
  wait_line "$pg_log" "$pg_pid" 60 'ready to accept connections'
}

pg_options=(-c log_statement=all)
exec_postgres() {
  local options=(-D "$pg_host/data" -k "$pg_host" -p "$pg_port" -c listen_addresses=127.0.0.1 -c fsync=off
    "${pg_options[@]}")
  if [ "$(id -u)" = 0 ]; then
    exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$1/postgres" "${options[@]}"
  fi
  exec "$1/postgres" "${options[@]}"
}

# Ports for who cannot be asked to choose one. Each script that runs has forty of its own, below those that the kernel
# gives to outgoing connections: it holds the lock of their number, and what it started holds it, too. The empty files
# that are locked stay: who removed one would let two scripts hold the same number.
reserve_ports() {
  local block
  for ((block = 0; block < 300; ++block)); do
    { exec {ports_lock}>"/tmp/hoop-e2e-ports.$UID.$block"; } 2>/dev/null || continue
    if flock -n "$ports_lock"; then
      first_port=$((20000 + 40 * block))
      return
    fi
    exec {ports_lock}>&-
  done
  fail "no ports are left: 300 scripts run"
}

# free_port: the next one of the script's own, unless somebody else listens there.
free_port() {
  local port
  while echo >>"$work/ports" && port=$(wc -l <"$work/ports") && [ "$port" -le 40 ]; do
    port=$((first_port + port - 1))
    if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      echo "$port"
      return
    fi
  done
  fail "all ports of the script are used" >&2
}

# psql as the server's own user, past hoop.
direct_psql() { PGPASSWORD=$pg_password psql -X -A -t -h "$pg_host" -p "$pg_port" -U "$pg_user" -d postgres "$@"; }

# --- The end ---

finish() {
  local code=$? id
  trap - EXIT
  # The last one first; Postgres takes INT for a quick end, the others take it for an end, too.
  for ((i = ${#started[@]} - 1; i >= 0; --i)); do
    id=${started[i]}
    kill -CONT "$id" 2>/dev/null || true
    kill -INT "$id" 2>/dev/null || true
    kill -TERM "$id" 2>/dev/null || true
    timeout 15 tail --pid="$id" -s 0.1 -f /dev/null || kill -KILL "$id" 2>/dev/null || true
    wait "$id" 2>/dev/null || true
  done
  if [ "$code" != 0 ] && [ "$code" != "$gone" ]; then
    for log in "$work"/*.log; do
      [ ! -s "$log" ] || { echo "--- ${log##*/}" && tail -n 20 "$log"; }
    done
    echo "FAIL $name"
  fi
  rm -rf "$work"
  [ "$code" != 0 ] || echo "ok $name"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

reserve_ports
