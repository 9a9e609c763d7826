#!/bin/bash
# Runs test programs on a Postgres of their own instead of SQLite. Usage: HOOP_BIN=FOLDER on_postgres.sh PROGRAM...
. "$(dirname "$0")/../e2e/lib.sh"

# No autovacuum: tests wait a millisecond for locks.
pg_options=(-c max_connections=200 -c log_min_messages=log -c autovacuum=off)
start_postgres
# A machine that does much else may take longer than the store waits for a connection.
export HOOP_TEST_POSTGRES="host=$pg_host port=$pg_port user=$pg_user password=$pg_password dbname=postgres connect_timeout=60"
for program in "$@"; do
  code=0
  # Ends it before ctest does, which would not tell what it was at.
  timeout "${PROGRAM_SECONDS:-560}" "$bin/$program" --gtest_color=no >"$work/said" 2>&1 || code=$?
  [ "$code" = 0 ] && continue
  # What the tests said that passed is left out.
  awk '/^\[ RUN/ { test = "" } { test = test $0 "\n" } /^\[       OK/ { test = "" } /^\[  FAILED/ { printf "%s", test; test = "" }
    END { printf "%s", test }' "$work/said"
  fail "$program on Postgres (exit code $code)"
done
