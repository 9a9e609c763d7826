#!/bin/bash
# How long lists and look-ups of sessions take among SESSIONS (default 1000000) of them, on SQLite and on PostgreSQL.
. "$(dirname "$0")/../tests/e2e/lib.sh"
sessions=${SESSIONS:-1000000} questions=${QUESTIONS:-200}

pg_options=(-c log_min_messages=log)
echo "SQLite:"
"$bin/store_sessions" "$sessions" "$questions" "$work/hoop.db"
rm -f "$work"/hoop.db*
start_postgres
direct_psql -qc "create user hoop password 'hoop'" -c "create database hoop owner hoop"
echo "PostgreSQL:"
"$bin/store_sessions" "$sessions" "$questions" "postgres://hoop:hoop@127.0.0.1:$pg_port/hoop?sslmode=disable"
