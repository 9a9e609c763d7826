#!/bin/bash
# First numbers: pgbench -S through hoop (both policies) beside a direct connection, interleaved in one run, medians;
# and what an idle session costs the gateway. ROUNDS=3 SECONDS_EACH=5 IDLE=1000
. "$(dirname "$0")/../tests/e2e/lib.sh"
need pgbench psql
rounds=${ROUNDS:-3} each=${SECONDS_EACH:-5} idle=${IDLE:-1000}

start_postgres
start_tcp_demo
cat >"$work/connections.yaml" <<Y
connections:
  - {name: durable, type: database/postgres, env: {HOST: $pg_host, PORT: "$pg_port", USER: $pg_user, PASS: $pg_password}}
  - {name: buffered, type: database/postgres, record: buffered, env: {HOST: $pg_host, PORT: "$pg_port", USER: $pg_user, PASS: $pg_password}}
  - {name: tcp, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "$tcp_port"}}
Y
direct_psql -qc "alter system set log_statement = 'none'" -c 'select pg_reload_conf()' >/dev/null
start_dev "$work/connections.yaml"
export PGPASSWORD=$pg_password PGDATABASE=postgres
pgbench -i -s 5 -q -h "$pg_host" -p "$pg_port" -U "$pg_user" >/dev/null 2>&1

declare -A ports
for way in durable buffered; do
  connect "$way"
  ports[$way]=$port
done

rate() { # rate WAY CLIENTS: transactions per second
  local where=(-h 127.0.0.1 -p "${ports[$1]:-}" -U noop)
  [ "$1" != direct ] || where=(-h 127.0.0.1 -p "$pg_port" -U "$pg_user")
  pgbench "${where[@]}" -n -S -M prepared -c "$2" -j 2 -T "$each" 2>&1 | awk '/^tps/ { printf "%.0f\n", $3 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

echo "clients  direct  buffered (ratio)  durable (ratio)   pgbench -S -M prepared, transactions/s, medians of $rounds x $each s"
for clients in 1 16; do
  rm -f "$work"/rate.*
  for ((i = 0; i < rounds; ++i)); do
    for way in direct buffered durable; do rate "$way" "$clients" >>"$work/rate.$way"; done
  done
  for way in direct buffered durable; do declare "$way=$(median <"$work/rate.$way")"; done
  echo "$clients $direct $buffered $durable" | awk '{ printf "%7d %7d %9d (%.2f) %8d (%.2f)\n", $1, $2, $3, $3 / $2, $4, $4 / $2 }'
done

[ "$idle" != 0 ] || exit 0
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$dev/status"; }
before=$(memory)
for ((i = 0; i < idle; ++i)); do
  "$bin/hoop" connect tcp -p 0 --json >"$work/idle.$i" 2>&1 &
  started+=("$!")
done
for ((i = 0; i < idle; ++i)); do wait_line "$work/idle.$i" "$dev" 120 '"ready"'; done
after=$(memory)
echo "idle sessions: $idle, $(((after - before) / idle)) KiB each in the process of gateway and agent together ($before -> $after KiB)"
