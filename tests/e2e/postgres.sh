#!/bin/bash
# Postgres: statements, transfers, cancel, errors; what the record lists is what the server ran.
. "$(dirname "$0")/lib.sh"
need psql pgbench

start_postgres
cat >"$work/connections.yaml" <<Y
connections:
  - {name: orders, type: database/postgres, env: {HOST: 127.0.0.1, PORT: "$pg_port", USER: $pg_user, PASS: $pg_password}}
  - {name: socket, type: database/postgres, record: buffered, env: {HOST: $pg_host, PORT: "$pg_port", USER: $pg_user, PASS: $pg_password}}
  - {name: wrong, type: database/postgres, env: {HOST: 127.0.0.1, PORT: "$pg_port", USER: $pg_user, PASS: wrong}}
  - {name: down, type: database/postgres, env: {HOST: 127.0.0.1, PORT: "1", USER: $pg_user, PASS: x}}
Y
start_dev "$work/connections.yaml"

# What psql and pgbench go by.
use() {
  connect "$1"
  export PGHOST=127.0.0.1 PGPORT=$port PGUSER=noop PGPASSWORD=any PGDATABASE=postgres
}

use orders
same "select" 1 "$(psql -XAtc 'select 1')"
contains "startup parameters are kept" "$(PGAPPNAME=my-app psql -XAtc 'show application_name')" my-app
contains "an error is one error" "$(psql -XAtc 'select 1/0' 2>&1 || true)" "division by zero"

pgbench -i -s 2 -q >/dev/null 2>&1 || fail "pgbench -i"
report=$(pgbench -c 8 -j 2 -t 250 -S -M prepared 2>&1)
contains "pgbench" "$report" "number of failed transactions: 0"
same "prepared statements in the server's log" 2000 "$(grep -c 'execute P_' "$work/postgres.log")"

psql -XAtc "copy (select n, repeat('x', 500) from generate_series(1, 100000) n) to stdout" >"$work/copy"
same "COPY out" "$(direct_psql -c "copy (select n, repeat('x', 500) from generate_series(1, 100000) n) to stdout" | md5sum)" "$(md5sum <"$work/copy")"
psql -Xqc 'create table copied (n int, t text)'
psql -Xqc '\copy copied from stdin' <"$work/copy"
same "COPY in" "$(md5sum <"$work/copy")" "$(direct_psql -c 'copy (select * from copied order by n) to stdout' | md5sum)"

PGAPPNAME=sleeper psql -Xc 'select pg_sleep(60)' >"$work/cancel.out" 2>&1 &
sleeper=$!
started+=("$sleeper")
wait_line "$work/postgres.log" "$pg_pid" 20 'pg_sleep\(60\)'
kill -INT "$sleeper"
wait "$sleeper" || true
contains "Ctrl-C" "$(cat "$work/cancel.out")" "canceling statement due to user request"

stop "$client" INT
statements=$(hoop sessions get "$session")
same "prepared statements in the record" 2000 "$(grep -c 'SELECT abalance FROM pgbench_accounts' <<<"$statements")"
contains "statement with an error" "$statements" "division by zero"
hoop sessions replay "$session" --no-timing >"$work/replay"
same "executions in the replay" 2000 "$(grep -c 'query: SELECT abalance FROM pgbench_accounts WHERE aid = \$1;$' "$work/replay")"
same "their parameters" 2000 "$(grep -c '>  parameters: [0-9]*$' "$work/replay")"
same "their results" 2000 "$(grep -c '<  columns: abalance$' "$work/replay")"
contains "an error" "$(cat "$work/replay")" "<  error: 22012 division by zero"
same "rows of a COPY" 100000 "$(grep -c '<  copy: [0-9]*.txxx' "$work/replay")"
contains "verification" "$(hoop audit verify "$session")" "whole and unchanged"

use socket
same "by the socket folder" "$pg_user" "$(psql -XAtc 'select current_user')"
stop "$client" INT
use wrong
contains "wrong password at the target" "$(psql -XAtc 'select 1' 2>&1 || true)" "password authentication failed"
same "one error only" 1 "$(psql -XAtc 'select 1' 2>&1 | grep -c 'password authentication failed')"
stop "$client" INT
refused "failed connecting to remote host" hoop connect down -p 0
