#!/bin/bash
# The protocol byte by byte (postgres_wire.py), past hoop and through it: the server's words are the same, whatever the
# state; and the record lists what the server ran, by its own log.
. "$(dirname "$0")/lib.sh"
need psql python3 openssl

start_postgres
{ echo "local all,replication all trust"; cat "$pg_host/data/pg_hba.conf"; } >"$work/hba" && cat "$work/hba" >"$pg_host/data/pg_hba.conf"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout "$pg_host/data/server.key" -out "$pg_host/data/server.crt" 2>/dev/null
chmod 600 "$pg_host/data/server.key"
if [ "$(id -u)" = 0 ]; then chown postgres: "$pg_host"/data/server.*; fi
direct_psql -qc "alter system set ssl = on"
direct_psql -qc "select pg_reload_conf()" >/dev/null
wait_line "$work/postgres.log" "$pg_pid" 20 'parameter "ssl" changed to "on"'
{
  echo "connections:"
  for mode in disable require; do
    echo "  - {name: $mode, type: database/postgres, env: {HOST: 127.0.0.1, PORT: \"$pg_port\", USER: $pg_user, PASS: $pg_password, SSLMODE: $mode}}"
  done
} >"$work/connections.yaml"
start_dev "$work/connections.yaml"

wire=$(dirname "$0")/postgres_wire.py
timeout 120 python3 "$wire" "$pg_host" "$pg_port" "$pg_user" >"$work/direct" || fail "past hoop: $(tail -n 3 "$work/direct")"
[ "$(wc -l <"$work/direct")" -gt 400 ] || fail "the conversations are too short: $(wc -l <"$work/direct") lines"
through() { # through MODE
  connect "$1"
  timeout 120 python3 "$wire" 127.0.0.1 "$port" noop >"$work/through" || fail "through hoop, SSLMODE $1: $(tail -n 3 "$work/through")"
  diff -u "$work/direct" "$work/through" || fail "the server's words are not the same through hoop, SSLMODE $1"
}
through require
stop "$client" INT
through disable

# A program that begins with TLS is told what to do.
refused "" openssl s_client -connect "127.0.0.1:$port" -alpn postgresql </dev/null
until read -r -t 10 -u "$events_hold" line && [[ $line == *"begins with TLS without asking"* ]]; do
  [ -n "$line" ] || fail "hoop connect does not say what is wrong with a program that begins with TLS"
done

stop "$client" INT
statements=$(hoop sessions get "$session")
for part in 'select $1::int * 2' "select 1/0" "copy t from stdin" "copy t to stdout" "START_REPLICATION PHYSICAL" \
  "function call 1397" "select n from generate_series(1, 5) n" "select pg_sleep(60)" "deferrable initially deferred" \
  "select length(\$1), md5(\$1)"; do
  contains "statements" "$statements" "$part"
done
contains "verification" "$(hoop audit verify "$session")" "whole and unchanged"
