#!/bin/bash
# kill -9 of the gateway, and of its Postgres, at random points under 16 users (psql sessions and exec commands): every
# request whose answer was seen is in the record, and every record verifies. POINTS=50 for the long run (of each kind).
. "$(dirname "$0")/lib.sh"
need psql jq curl
points=${POINTS:-2} users=${USERS:-16} kinds=${KINDS:-"sqlite postgres store"}

pg_options=(-c max_connections=200)
start_postgres # the target of the sessions
target_port=$pg_port target_pid=$pg_pid
http=$(free_port) grpc=$(free_port) store_port=$(free_port)
export HOOP_CONFIG=$work/config.toml
api_url=http://127.0.0.1:$http

# --- The store's own server ---

make_store() {
  rm -rf "$work/store" "$work/store.sock"
  mkdir "$work/store.sock"
  [ "$(id -u)" != 0 ] || chown postgres: "$work/store.sock"
  (cd / && as_postgres "$(postgres_bin)/initdb" -D "$work/store.sock/data" -A trust -U hoop -E UTF8 --locale C.UTF-8) >"$work/initdb.log" 2>&1 ||
    fail "initdb"
  start_store
  psql -X -q -h "$work/store.sock" -p "$store_port" -U hoop -d postgres -c 'create database hoop'
}
start_store() { # after a kill its children need a moment to end
  local tries
  for ((tries = 0; tries < 50; ++tries)); do
    : >"$work/store.log"
    (
      cd /
      set -- "$(postgres_bin)/postgres" -D "$work/store.sock/data" -k "$work/store.sock" -p "$store_port" -c listen_addresses=
      [ "$(id -u)" != 0 ] || set -- setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"
      exec "$@"
    ) >>"$work/store.log" 2>&1 &
    store_pid=$!
    if grep -m 1 -q 'ready to accept' < <(timeout 30 tail -n +1 --pid="$store_pid" -s 0.1 -F "$work/store.log" 2>/dev/null); then
      started+=("$store_pid")
      return
    fi
  done
  fail "the store's server does not start: $(tail -n 3 "$work/store.log")"
}

# --- Programs ---

start_gateway() {
  local uri=()
  [ "$kind" = sqlite ] || uri=(POSTGRES_DB_URI="postgres://hoop@/hoop?host=$work/store.sock&port=$store_port")
  spawn "$work/gateway.log" env HOOP_DATA_DIR="$work/$kind" HOOP_HTTP_LISTEN="127.0.0.1:$http" HOOP_GRPC_LISTEN="127.0.0.1:$grpc" \
    LOG_ENCODING=console "${uri[@]}" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/gateway.log" "$gateway" 60 'gateway serving'
}

# A psql that asks numbered questions over a session of its own; notes each number that was answered.
psql_user() { # psql_user NUMBER
  local events=$work/events.$1 line n answer
  mkfifo "$events"
  exec {hold}<>"$events"
  "$bin/hoop" connect orders -p 0 --json >"$events" 2>/dev/null &
  echo "$!" >"$work/client.$1"
  local port=
  while [ -z "$port" ] && IFS= read -r -t 30 -u "$hold" line; do
    case $(json .status <<<"$line") in
      connected) json .data.session_id <<<"$line" >"$work/session.$1" ;;
      ready) port=$(json .data.port <<<"$line") ;;
    esac
  done
  [ -n "$port" ] || return 0
  coproc PSQL { PGPASSWORD=any exec psql -X -A -t -q -h 127.0.0.1 -p "$port" -U noop -d postgres 2>/dev/null; }
  echo "$PSQL_PID" >>"$work/client.$1"
  local from=${PSQL[0]} to=${PSQL[1]}
  for ((n = 0; ; ++n)); do
    echo "select 'line $1 $n';" >&"$to" 2>/dev/null || return 0
    IFS= read -r -t 30 -u "$from" answer || return 0
    [ "$answer" = "line $1 $n" ] || return 0
    echo "$n" >>"$work/answered.$1"
  done
}

# Commands, one after the other; notes the session of each that was answered. Refused ones are tried again.
exec_user() { # exec_user NUMBER
  local n=0 output
  while [ -e "$work/go" ]; do
    n=$((n + 1))
    output=$("$bin/hoop" exec shell --json -i "echo done $1 $n" </dev/null 2>/dev/null) || continue
    [ "$(tail -n 1 <<<"$output" | jq -r '.data.stdout' 2>/dev/null)" = "done $1 $n" ] || continue
    echo "$(head -n 1 <<<"$output" | jq -r .data.session_id) $n" >>"$work/executed.$1"
  done
}

start_users() {
  rm -f "$work"/{events,client,session,answered,executed}.*
  touch "$work/go"
  running=()
  for ((i = 0; i < users; ++i)); do
    if [ $((i % 2)) = 0 ]; then psql_user "$i" & else exec_user "$i" & fi
    running+=("$!")
  done
  for ((i = 0; i < users; ++i)); do
    for ((wait = 0; wait < 600; ++wait)); do
      [ ! -s "$work/answered.$i" ] && [ ! -s "$work/executed.$i" ] || break
      read -r -t 0.1 _ <> <(:) || true
    done
  done
}

end_users() {
  local id
  rm -f "$work/go"
  for id in $(cat "$work"/client.* 2>/dev/null); do kill -KILL "$id" 2>/dev/null || true; done
  wait "${running[@]}" 2>/dev/null || true
}

# The statements of a session, as soon as the database is back and has them; in $work/statements.
fetch() { # fetch SESSION
  local tries
  for ((tries = 0; tries < 40; ++tries)); do
    ! curl -fsS -H "Authorization: Bearer $token" "$api_url/api/sessions/$1/statements?limit=100000" >"$work/statements" 2>/dev/null || return 0
    read -r -t 0.5 _ <> <(:) || true
  done
  fail "session $1: its record is not answered"
}

# Everything that was answered is in its record.
check() { # check WHAT
  local i id n last asked=0 executed=0
  for ((i = 0; i < users; ++i)); do
    if [ -s "$work/answered.$i" ]; then
      id=$(cat "$work/session.$i") last=$(tail -n 1 "$work/answered.$i")
      fetch "$id"
      jq -r '.data[].sql' <"$work/statements" | grep "^select 'line $i " | head -n $((last + 1)) >"$work/got" || true
      seq -f "select 'line $i %.0f'" 0 "$last" >"$work/wanted"
      sed -i 's/;$//' "$work/got"
      cmp -s "$work/wanted" "$work/got" || fail "$1: session $id: answered up to $last, its record differs: $(diff "$work/wanted" "$work/got" | head -n 3)"
      contains "$1: session $id" "$(hoop audit verify "$id" 2>&1)" "whole and unchanged"
      asked=$((asked + last + 1))
    fi
    [ -s "$work/executed.$i" ] || continue
    while read -r id n; do
      same "$1: session $id" "done $i $n" "$(hoop sessions replay "$id" --raw 2>&1)"
      contains "$1: session $id" "$(hoop audit verify "$id" 2>&1)" "whole and unchanged"
      executed=$((executed + 1))
    done <"$work/executed.$i"
  done
  [ "$asked" -gt 0 ] && [ "$executed" -gt 0 ] || fail "$1: nothing was answered ($asked, $executed)"
  echo "$1: $asked statements and $executed commands were answered, all are recorded and verify"
}

a_moment() { read -r -t "0.$((RANDOM % 900 + 100))" _ <> <(:) || true; }

for kind in $kinds; do
  [ "$kind" = sqlite ] || make_store
  start_gateway
  curl -fsS -o /dev/null -d "{\"email\":\"me@example.test\",\"password\":\"secret-word\",\"setup_token\":\"$(cat "$work/$kind/setup-token")\"}" "$api_url/api/localauth/register"
  rm -f "$HOOP_CONFIG"
  hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<secret-word >/dev/null
  token=$(hoop config view token --raw)
  spawn "$work/agent.log" env LOG_ENCODING=console HOOP_KEY="$(hoop admin create agent agent)" "$bin/hoop-agent"
  agent=$spawned
  wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
  hoop admin create connection shell -a agent -t command-line -- sh >/dev/null
  hoop admin create connection orders -a agent -t database/postgres -e HOST=127.0.0.1 -e PORT="$target_port" -e USER="$pg_user" -e PASS="$pg_password" >/dev/null
  for ((point = 1; point <= points; ++point)); do
    start_users
    a_moment
    if [ "$kind" = store ]; then
      kill -KILL "$store_pid"
      wait "$store_pid" 2>/dev/null || true
      a_moment
      start_store
      a_moment
      end_users
    else
      kill -KILL "$gateway"
      wait "$gateway" 2>/dev/null || true
      end_users
      begin=$(date +%s%N)
      start_gateway
      echo "$kind $point: up again after $((($(date +%s%N) - begin) / 1000000)) ms"
    fi
    check "$kind $point"
    until hoop exec shell -s -i true </dev/null >/dev/null 2>&1; do read -r -t 0.3 _ <> <(:) || true; done # the agent is back
  done
  stop "$agent"
  stop "$gateway"
done
kill -0 "$target_pid"
