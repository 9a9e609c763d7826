#!/bin/bash
# Programs through hoop get what they get without it: psycopg 3 and 2, pgbench in all its modes, dump and restore, and
# the tools of replication.
. "$(dirname "$0")/lib.sh"
need psql pgbench pg_dump
python=/usr/bin/python3 # Debian's modules
"$python" -c 'import psycopg, psycopg2' 2>/dev/null || skip "no psycopg on this machine"

start_postgres
{ echo "local all,replication all trust"; cat "$pg_host/data/pg_hba.conf"; } >"$work/hba" && cat "$work/hba" >"$pg_host/data/pg_hba.conf"
direct_psql -qc "select pg_reload_conf()" >/dev/null
echo "connections: [{name: orders, type: database/postgres, env: {HOST: 127.0.0.1, PORT: \"$pg_port\", USER: $pg_user, PASS: $pg_password}}]" >"$work/connections.yaml"
start_dev "$work/connections.yaml"
connect orders
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=noop PGPASSWORD=any PGDATABASE=postgres

drivers=$(dirname "$0")/postgres_drivers.py
"$python" "$drivers" "host=$pg_host port=$pg_port user=$pg_user dbname=postgres" >"$work/direct" || fail "past hoop"
timeout 120 "$python" "$drivers" "" >"$work/through" || fail "through hoop: $(tail -n 5 "$work/through")"
diff -u "$work/direct" "$work/through" || fail "drivers get something else through hoop"

pgbench -i -s 1 -q >/dev/null 2>&1 || fail "pgbench -i"
for mode in simple extended prepared; do
  contains "pgbench -M $mode" "$(pgbench -c 8 -j 2 -t 50 -M $mode 2>&1)" "number of failed transactions: 0"
done
cat >"$work/pipeline.sql" <<'S'
\startpipeline
select abalance from pgbench_accounts where aid = 1;
select abalance from pgbench_accounts where aid = 2;
select abalance from pgbench_accounts where aid = 3;
\endpipeline
S
contains "pgbench in pipelines" "$(pgbench -n -c 4 -t 100 -M extended -f "$work/pipeline.sql" 2>&1)" "number of failed transactions: 0"

pg_dump -Fc -f "$work/dump" || fail "pg_dump"
direct_psql -qc 'create database copy'
pg_restore -d copy "$work/dump" || fail "pg_restore"
rows="select md5(string_agg(a::text, ',' order by aid)) from pgbench_accounts a"
same "restored rows" "$(direct_psql -c "$rows")" "$(direct_psql -d copy -c "$rows")"

where=$(postgres_bin)
"$where/pg_basebackup" -X stream -c fast -D "$work/backup" --no-sync || fail "pg_basebackup"
same "the backup" "" "$("$where/pg_verifybackup" -q -n "$work/backup" 2>&1)"

stop "$client" INT
statements=$(hoop sessions get "$session")
same "statements of the pipelines" 1200 "$(grep -c 'select abalance from pgbench_accounts where aid = [123];' <<<"$statements")"
contains "the backup in the record" "$statements" "BASE_BACKUP"
contains "verification" "$(hoop audit verify "$session")" "whole and unchanged"
