#!/bin/bash
# Runs test programs on a Postgres of their own instead of SQLite. Usage: HOOP_BIN=FOLDER on_postgres.sh PROGRAM...
. "$(dirname "$0")/../e2e/lib.sh"

pg_options=(-c max_connections=200 -c log_min_messages=log)
start_postgres
export HOOP_TEST_POSTGRES="host=$pg_host port=$pg_port user=$pg_user password=$pg_password dbname=postgres"
for program in "$@"; do
  "$bin/$program" --gtest_brief=1 || fail "$program on Postgres"
done
