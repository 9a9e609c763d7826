#!/bin/bash
# What fails under a running gateway, each played: the database does not answer, the journal is full meanwhile, the disk
# of the journal is full, a write fails. The page docs/failures.md tells the same. STORE=postgres: with PostgreSQL, which
# is shut down where another process holds SQLite's file.
. "$(dirname "$0")/lib.sh"
need curl jq python3
store=${STORE:-sqlite}
[ "$store" = sqlite ] || start_postgres
[ "$(id -u)" = 0 ] && unshare --mount true 2>/dev/null || skip "a small disk needs root and a mount name space"

# gateway NAME DISK [VARIABLE=VALUE...]: in a mount name space of its own, its journal on a disk of that size. Sets
# $gateway, $api_url, $small (the journal's disk as we reach it); signs in and starts an agent.
gateway() {
  local name=$1 disk=$2
  shift 2
  mkdir -p "$work/$name" "$work/$name-journal"
  if [ "$store" = postgres ]; then
    direct_psql -qc "create database $name"
    export POSTGRES_DB_URI="postgres://$pg_user:$pg_password@127.0.0.1:$pg_port/$name?sslmode=disable"
  fi
  chmod 700 "$work/$name"
  # shellcheck disable=SC2016 # for the inner shell
  spawn "$work/$name.log" unshare --mount bash -c 'mount -t tmpfs -o "size=$1" none "$0-journal" && shift && exec env "$@"' "$work/$name" "$disk" \
    HOOP_DATA_DIR="$work/$name" PLUGIN_AUDIT_PATH="$work/$name-journal" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 \
    LOG_ENCODING=console "$@" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/$name.log" "$gateway" 30 'gateway serving'
  small=/proc/$gateway/root$work/$name-journal
  api_url=$(grep -o 'api_url=[^ ]*' "$work/$name.log" | tail -n 1 | cut -d= -f2-)
  curl -fsS -o /dev/null -d "{\"email\":\"me@example.test\",\"password\":\"secret-word\",\"setup_token\":\"$(cat "$work/$name/setup-token")\"}" \
    "$api_url/api/localauth/register"
  export HOOP_CONFIG=$work/$name.toml
  hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<secret-word >/dev/null
  spawn "$work/$name-agent.log" env LOG_ENCODING=console HOOP_KEY="$(hoop admin create agent agent)" "$bin/hoop-agent"
  agent=$spawned
  wait_line "$work/$name-agent.log" "$agent" 20 'connected to the gateway'
  hoop admin create connection shell -a agent -t command-line -- sh >/dev/null
}

end_both() {
  stop "$agent"
  stop "$gateway"
  same "$1: TERM" 0 "$ended"
}

# store_down NAME / store_up: another process holds the database, as a broken one would; a server is shut down.
store_down() {
  [ "$store" = sqlite ] || {
    stop "$pg_pid" INT
    return
  }
  spawn "$work/lock.log" python3 -c 'import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute("pragma busy_timeout = 30000"); c.execute("begin immediate"); print("held", flush=True); time.sleep(600)' "$work/$1/hoop.db"
  lock=$spawned
  wait_line "$work/lock.log" "$lock" 40 held
}
store_up() {
  if [ "$store" = sqlite ]; then stop "$lock" KILL; else run_postgres; fi
}

# session NAME SCRIPT: a shell that runs in the background, its output in $work/NAME.out; sets $session_process.
session() {
  hoop exec shell -s -i "$2" >"$work/$1.out" 2>"$work/$1.err" &
  session_process=$!
  started+=("$session_process")
}
ended_with() { # ended_with NAME PART: the session's client ended, and says so
  local code=0
  timeout 60 tail --pid="$session_process" -s 0.1 -f /dev/null || fail "$1: the session goes on"
  wait "$session_process" || code=$?
  [ "$code" != 0 ] || fail "$1: the client was not told"
  contains "$1: the client" "$(cat "$work/$1.err")" "$2"
}
retry() { # retry SECONDS COMMAND...: until it succeeds
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "[$*] does not succeed"
    read -r -t 0.5 _ <> <(:) || true
  done
}

# --- The database does not answer: what runs goes on, what is new is refused, all is caught up. ---

gateway store 64m HOOP_JOURNAL_BYTES_MAX=32MiB
session running 'for i in $(seq 400); do echo line $i; sleep 0.1; done'
wait_line "$work/running.out" "$session_process" 20 'line 3'
store_down store
wait_line "$work/store.log" "$gateway" 60 'flushing the journal fails'
line=$(tail -n 1 "$work/running.out")
wait_line "$work/running.out" "$session_process" 20 "line $((${line#line } + 20))"
echo "store down: the session that ran went on"
output=$(timeout 60 hoop exec shell -s -i 'echo new' 2>&1) && fail "store down: a new session was let in"
echo "store down: a new session: $output"
store_up
retry 20 hoop exec shell -s -i 'echo again'
echo "store back: new sessions are let in again"
wait_line "$work/running.out" "$session_process" 60 'line 400'
wait "$session_process"
same "what ran through it" 400 "$(grep -c '^line' "$work/running.out")"
for id in $(hoop sessions list --json --limit 5 | jq -r '.[].id // .data[].id' 2>/dev/null | head -n 2); do
  contains "its record" "$(hoop audit verify "$id")" "whole and unchanged"
done

# --- The journal is full: who writes most is held at a quarter; when all of it is full sessions end. ---

# New sessions are refused while the database is down: they are opened before, and told by a file when to begin.
filler() { session "filler$1" "echo up; until [ -e $work/go.$1 ]; do sleep 0.1; done; while :; do head -c 48000 /dev/urandom | base64 -w 0; done"; }
session quiet 'for i in $(seq 3000); do echo line $i; sleep 0.1; done'
quiet=$session_process
wait_line "$work/quiet.out" "$quiet" 20 'line 3'
fillers=()
for i in 1 2 3 4 5 6; do
  filler "$i"
  fillers+=("$session_process")
  wait_line "$work/filler$i.out" "$session_process" 20 up
done
store_down store
touch "$work/go.1"
grew=0
for ((still = 0; still < 20; )); do # until it is held: a quarter of the journal is what it may have
  read -r -t 0.2 _ <> <(:) || true
  now=$(stat -c %s "$work/filler1.out")
  if [ "$now" = "$grew" ]; then still=$((still + 1)); else still=0; fi
  grew=$now
done
kill -0 "${fillers[0]}" || fail "journal full: one session alone ended"
[ "$grew" -gt 2000000 ] && [ "$grew" -lt 20000000 ] || fail "journal full: one session got $grew bytes"
line=$(tail -n 1 "$work/quiet.out")
wait_line "$work/quiet.out" "$quiet" 20 "line $((${line#line } + 10))"
echo "journal full: a session that fills it is held at $((grew >> 20)) MiB, another goes on"
for i in 2 3 4 5 6; do touch "$work/go.$i"; done
session_process=${fillers[1]}
ended_with filler2 'the journal was full'
echo "journal full: after 10 s: $(tail -n 1 "$work/filler2.err")"
output=$(timeout 60 hoop exec shell -s -i 'echo new' 2>&1) && fail "journal full: a new session was let in"
echo "journal full: a new session: $output"
store_up
retry 30 hoop exec shell -s -i 'echo again'
for id in "${fillers[@]}" "$quiet"; do kill -INT "$id" 2>/dev/null || true; done
end_both "journal full"

# --- The disk of the journal is full: it goes on in the segments that it has, as the database takes them over. ---

gateway disk 40m HOOP_JOURNAL_BYTES_MAX=64MiB # more than the disk has
session before 'for i in $(seq 50); do echo line $i; sleep 0.1; done; echo whole'
before=$session_process
wait_line "$work/before.out" "$before" 20 'line 3'
head -c 100m /dev/zero >"$small/fill" 2>/dev/null || true
session filler 'while :; do head -c 48000 /dev/urandom | base64 -w 0; done'
filler=$session_process
wait_line "$work/disk.log" "$gateway" 30 'no new journal segment.*No space left on device'
for ((i = 0; i < 10; ++i)); do same "disk full: a session" "new $i" "$(hoop exec shell -s -i "echo new $i")"; done
wait_line "$work/before.out" "$before" 60 whole
echo "disk full: sessions go on and new ones are let in"
kill -0 "$filler" || fail "disk full: the session that fills it ended"
store_down disk
session_process=$filler
ended_with filler 'the journal was full'
echo "disk full, and the database down: after 10 s: $(tail -n 1 "$work/filler.err")"
store_up
rm -f "$small/fill"
retry 30 hoop exec shell -s -i 'echo again'
contains "a record through it" "$(hoop audit verify last)" "whole and unchanged"
end_both "disk full"
