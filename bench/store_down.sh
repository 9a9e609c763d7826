#!/bin/bash
# The store's Postgres is stopped for SECONDS_DOWN (60) under SESSIONS (16) sessions of RATE (20) statements a second
# each: their latency before and meanwhile, whether anything is lost, how long the store takes to catch up afterwards.
. "$(dirname "$0")/lib.sh"
need pgbench psql
sessions=${SESSIONS:-16} down=${SECONDS_DOWN:-60} before=${SECONDS_BEFORE:-20} rate=${RATE:-20}

start_target
target_port=$pg_port
PGPORT=$target_port pgbench -i -s 2 -q >/dev/null 2>&1
pg_options=(-c log_min_messages=log -c fsync=on)
start_postgres scram-sha-256 store
direct_psql -qc "create user hoop password 'hoop'" -c "create database hoop owner hoop"
POSTGRES_DB_URI="postgres://hoop:hoop@127.0.0.1:$pg_port/hoop?sslmode=disable"
export POSTGRES_DB_URI
store_port=$pg_port
pg_port=$target_port
hoop_way durable-plain # starts gateway and agent, makes the connection, opens the first session
ports=("$port") clients=("$client") ids=("$session")
for ((i = 1; i < sessions; ++i)); do
  connect durable
  spawn /dev/null cat <&"$events_hold"
  ports+=("$port") clients+=("$client") ids+=("$session")
done
pg_port=$store_port

# One pgbench for each session, at a fixed rate; microseconds of each statement into $work/NAME.
load() { # load NAME SECONDS
  local i pids=()
  mkdir "$work/$1"
  for ((i = 0; i < sessions; ++i)); do
    (cd "$work/$1" && PGPORT=${ports[i]} exec pgbench -n -S -M prepared -c 1 -R "$rate" -T "$2" -l --log-prefix="s$i" \
      >"$work/$1/out.$i" 2>&1) &
    pids+=("$!")
  done
  wait "${pids[@]}" || fail "a session failed: $(grep -h -m 3 -i error "$work/$1"/out.*)"
}
# A statement's time from when it was sent: the third column less the lag behind the schedule.
latencies() { cat "$work/$1"/s* | awk '{ print $3 - $7 }'; }
stored_records() { direct_psql -d hoop -c 'select coalesce(sum(records), 0) from sessions'; }

load warm 5
load before "$before"
stop "$pg_pid" INT
load down "$down"
begin=$(now_us)
run_postgres
returned=$(now_us)
last=-1 quiet_since=$(now_us) caught_up=$returned
# What is stored grows until all of it is there; then nothing happens for a while.
while [ $(($(now_us) - quiet_since)) -lt 6000000 ]; do
  records=$(stored_records)
  [ "$records" = "$last" ] || { last=$records quiet_since=$(now_us) caught_up=$quiet_since; }
  read -r -t 0.1 _ <> <(:) || true
done

statements=0
for name in warm before down; do statements=$((statements + $(cat "$work/$name"/s* | wc -l))); done
recorded=0
for ((i = 0; i < sessions; ++i)); do
  stop "${clients[i]}" INT
  contains "session $i" "$(hoop audit verify "${ids[i]}")" "whole and unchanged"
  recorded=$((recorded + $(hoop sessions get "${ids[i]}" | grep -c 'SELECT abalance')))
done
for name in before down; do
  printf '%-7s statements %6d  p50 %6.0f us  p99 %6.0f us\n' "$name" "$(latencies "$name" | wc -l)" \
    "$(latencies "$name" | percentile 50)" "$(latencies "$name" | percentile 99)"
done
awk -v a="$(latencies before | percentile 99)" -v b="$(latencies down | percentile 99)" 'BEGIN { printf "p99 ratio %.2f\n", b / a }'
echo "caught up $(((caught_up - returned) / 1000)) ms after the store was ready (start took $(((returned - begin) / 1000)) ms)"
echo "statements $statements, in the record $recorded"
same "statements in the record" "$statements" "$recorded"
