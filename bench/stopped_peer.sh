#!/bin/bash
# What one stopped peer costs its neighbours: the rate of another session on the same agent beside a psql that was
# stopped in a large select, and beside an upload whose target does not read. ROUNDS=3 SECONDS_EACH=5
. "$(dirname "$0")/../tests/e2e/lib.sh"
need pgbench psql
rounds=${ROUNDS:-3} each=${SECONDS_EACH:-5}

start_postgres
start_tcp_demo
cat >"$work/connections.yaml" <<Y
connections:
  - {name: orders, type: database/postgres, env: {HOST: $pg_host, PORT: "$pg_port", USER: $pg_user, PASS: $pg_password}}
  - {name: tcp, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "$tcp_port"}}
Y
direct_psql -qc "alter system set log_statement = 'none'" -c 'select pg_reload_conf()' >/dev/null
start_dev "$work/connections.yaml"
export PGUSER=noop PGPASSWORD=$pg_password PGDATABASE=postgres PGHOST=127.0.0.1
PGHOST=$pg_host PGPORT=$pg_port PGUSER=$pg_user pgbench -i -s 2 -q >/dev/null 2>&1
connect orders
measured=$port
connect orders
stopped=$port
connect tcp
upload=$port

rate() { PGPORT=$measured pgbench -n -S -M prepared -c 4 -j 2 -T "$each" 2>&1 | awk '/^tps/ { printf "%.0f\n", $3 }'; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

rate >/dev/null
for ((i = 0; i < rounds; ++i)); do
  rate >>"$work/alone"
  PGPORT=$stopped psql -XAtc "select repeat('x', 1000) from (select generate_series(1, 10000000)) s" >/dev/null 2>&1 &
  reader=$!
  started+=("$reader")
  read -r -t 1 _ <> <(:) || true
  kill -STOP "$reader"
  rate >>"$work/reader"
  kill -KILL "$reader" && wait "$reader" 2>/dev/null || true
  exec {socket}<>"/dev/tcp/127.0.0.1/$upload"
  yes "echo $(printf 'x%.0s' {1..1000})" >&"$socket" 2>/dev/null & # nobody reads the answers
  sender=$!
  started+=("$sender")
  read -r -t 1 _ <> <(:) || true
  rate >>"$work/upload"
  kill -KILL "$sender" && wait "$sender" 2>/dev/null || true
  exec {socket}>&-
done
for way in alone reader upload; do declare "$way=$(median <"$work/$way")"; done
echo "alone $alone, beside a stopped reader $reader, beside a target that does not read $upload transactions/s (medians of $rounds x $each s)" |
  awk -v a="$alone" -v r="$reader" -v u="$upload" '{ printf "%s\nratios %.2f %.2f\n", $0, r / a, u / a }'
