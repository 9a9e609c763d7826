# The rows of bench/run. A row is a function: for each round it measures each way once, so that what the machine does
# besides hits all of them.
# row select-prepared-N: pgbench -S -M prepared with N clients
# row select-simple-N: the same, simple protocol
# row copy-out: COPY of 1 GB to the client
# row copy-in: COPY of 1 GB from the client
# row rows: a million small rows
# row open: connect, one query, close
# row exec: one command (ways direct, ssh, durable)
# row echo: microseconds from a key to its echo in a terminal (ways direct, ssh, durable)
# row mixed: 16 interactive clients alone and beside a bulk transfer and a stopped reader, one agent (ways ssh, durable)
# row idle-N: KiB of gateway and agent for each of N idle sessions with a plain connection of its own
# row idle-tls-N: the same, over TLS
# row idle-shared-N: the same, all sessions on one plain connection
# row all: all rows that docs/speed.md shows, one after the other

all_rows=(select-prepared-{1,16,64,256} select-simple-{1,16,64,256} copy-out copy-in rows open exec echo mixed
  idle-{1000,5000,10000} idle-tls-{1000,5000,10000} idle-shared-{1000,5000,10000})

run_row() {
  case $1 in
    select-prepared-*) select_row "$1" prepared "${1##*-}" ;;
    select-simple-*) select_row "$1" simple "${1##*-}" ;;
    copy-out | copy-in | rows) transfer_row "$1" ;;
    open) open_row ;;
    exec) exec_row ;;
    echo) echo_row ;;
    mixed) mixed_row ;;
    idle-shared-*) idle_row "$1" plain "${1##*-}" shared ;;
    idle-tls-*) idle_row "$1" tls "${1##*-}" own ;;
    idle-*) idle_row "$1" plain "${1##*-}" own ;;
    *) fail "no row $1; bench/run --list shows them" ;;
  esac
}

# start_ways WAY...: those that were asked for, once.
start_ways() {
  local way
  ways=()
  [ -n "${pg_pid:-}" ] || { start_target && pgbench -i -s 5 -q -p "$pg_port" >/dev/null 2>&1; }
  for way in ${wanted_ways:-"$@"}; do
    ways+=("$way")
    [ -z "${way_port[$way]:-}" ] || continue
    case $way in
      ssh) start_ssh ;;
      relay) start_relay ;;
      durable* | buffered*) hoop_way "$way" ;;
    esac
  done
}
tls_ways=(direct ssh relay buffered durable)
all_ways=("${tls_ways[@]}" buffered-plain durable-plain)

# timed WAY OPERATIONS COMMAND...: runs it; sets $us and $cpu (per operation).
timed() {
  local way=$1 operations=$2 before begin
  shift 2
  before=$(cpu_snapshot "$way") begin=$(now_us)
  "$@"
  us=$(($(now_us) - begin))
  cpu=$(cpu_between "$before" "$(cpu_snapshot "$way")" "$operations")
}

# select_once PORT MODE CLIENTS: sets $tps, $count, $p50 and $p99 (microseconds, of a sample where there are many).
select_once() {
  local out rate=1
  [ "$3" -lt 4 ] || rate=0.1
  rm -f "$work"/latency.*
  out=$(cd "$work" && pgbench -p "$1" -n -S -M "$2" -c "$3" -j 2 -T "$seconds" -l --log-prefix=latency --sampling-rate=$rate 2>&1) ||
    fail "pgbench: $out"
  tps=$(awk '/^tps/ { printf "%.0f", $3 }' <<<"$out")
  count=$(awk '/^number of transactions actually processed/ { print $6 }' <<<"$out")
  p50=$(cat "$work"/latency.* | awk '{ print $3 }' | percentile 50)
  p99=$(cat "$work"/latency.* | awk '{ print $3 }' | percentile 99)
}

select_row() {
  local way before
  if [ "$2" = prepared ]; then start_ways "${all_ways[@]}"; else start_ways "${tls_ways[@]}"; fi
  for ((round = 1; round <= rounds; ++round)); do
    for way in "${ways[@]}"; do
      before=$(cpu_snapshot "$way")
      select_once "${way_port[$way]}" "$2" "$3"
      result "$1" "$way" "$tps" "tx/s" "$p50" "$p99" "$(cpu_between "$before" "$(cpu_snapshot "$way")" "$count")"
    done
  done
}

gigabyte=1000000 # rows of about 1 kB
transfer() {
  case $1 in
    copy-out) psql -qXp "$2" -c "copy (select repeat(md5(i::text), 31) from generate_series(1, $gigabyte) i) to stdout" >/dev/null ;;
    copy-in) head -n "$gigabyte" < <(yes "$(printf '0123456789abcdefghijklmnopqrstuv%.0s' {1..31})" 2>/dev/null) |
      psql -qXp "$2" -c 'copy sink from stdin where false' >/dev/null ;; # parsed and thrown away
    rows) psql -qXAtp "$2" -c 'select i, -i from generate_series(1, 1000000) i' >/dev/null ;;
  esac
}

transfer_row() {
  local way operations=1 unit=MB/s
  [ "$1" != rows ] || { operations=1000000 && unit=rows/s; }
  start_ways "${all_ways[@]}"
  psql -qXp "$pg_port" -c 'create unlogged table if not exists sink (t text)'
  for ((round = 1; round <= rounds; ++round)); do
    for way in "${ways[@]}"; do
      timed "$way" $((operations == 1 ? 1000 : operations)) transfer "$1" "${way_port[$way]}"
      result "$1" "$way" "$(awk -v us="$us" -v n="$operations" 'BEGIN { printf "%.0f", n == 1 ? 1e9 / us : n * 1e6 / us }')" "$unit" - - "$cpu"
    done
  done
}

open_row() {
  local way out before
  start_ways "${tls_ways[@]}"
  for ((round = 1; round <= rounds; ++round)); do
    for way in "${ways[@]}"; do
      before=$(cpu_snapshot "$way")
      out=$(pgbench -p "${way_port[$way]}" -n -S -C -c 1 -T "$seconds" 2>&1) || fail "pgbench: $out"
      count=$(awk '/^number of transactions actually processed/ { print $6 }' <<<"$out")
      result open "$way" "$(awk '/^tps/ { printf "%.0f", $3 }' <<<"$out")" "opens/s" - - \
        "$(cpu_between "$before" "$(cpu_snapshot "$way")" "$count")"
    done
  done
}

# What a user waits for one command, its program's start included.
exec_once() {
  local i
  for ((i = 0; i < 20; ++i)); do
    case $1 in
      direct) sh -c true ;;
      ssh) ssh "${ssh_options[@]}" 127.0.0.1 true ;;
      durable) hoop exec shell -s -i true ;;
    esac
  done
}

exec_row() {
  local way
  start_ways direct ssh durable
  start_shell
  for ((round = 1; round <= rounds; ++round)); do
    for way in "${ways[@]}"; do
      timed "$way" 20 exec_once "$way"
      result exec "$way" "$((us / 20))" us - - "$cpu"
    done
  done
}

start_shell() { # and makes the gateway of durable the current one
  use_hoop tls
  [ -n "${shell:=}" ] || shell=$(hoop admin create connection shell -a bench -t command-line -- sh)
}

echo_row() {
  local way command
  start_ways direct ssh durable
  start_shell
  for ((round = 1; round <= rounds; ++round)); do
    for way in "${ways[@]}"; do
      case $way in
        direct) command=(sh) ;;
        ssh) command=(ssh "${ssh_options[@]}" -tt 127.0.0.1 sh) ;;
        durable) command=(hoop connect shell) ;;
      esac
      "$bin/echo_latency" 500 "${command[@]}" >"$work/echo"
      result echo "$way" "$(percentile 50 <"$work/echo")" us "$(percentile 50 <"$work/echo")" "$(percentile 99 <"$work/echo")"
    done
  done
}

# Each way twice: 16 clients alone, then beside a COPY that never ends and a psql that was stopped in a large select.
# Both rows come from a set in the select list: one in the from clause is written to a file first. Long enough for what
# the first second of the transfer left behind: records that are not flushed yet.
mixed_row() {
  local way bulk reader seconds=$((seconds < 5 ? 5 : seconds))
  start_ways ssh durable
  for ((round = 1; round <= rounds; ++round)); do
    for way in "${ways[@]}"; do
      select_once "${way_port[$way]}" prepared 16
      result mixed "$way" "$tps" "tx/s" "$p50" "$p99"
      PGPORT=${way_port[$way]} psql -qXc "copy (select repeat(md5(i::text), 31)
        from (select generate_series(1, 1000000000) i) s) to stdout" >/dev/null 2>&1 &
      bulk=$!
      started+=("$bulk")
      PGPORT=${way_port[$way]} psql -qXAtc "select repeat('x', 1000) from (select generate_series(1, 10000000)) s" \
        >/dev/null 2>&1 &
      reader=$!
      started+=("$reader")
      read -r -t 1 _ <> <(:) || true
      kill -STOP "$reader"
      select_once "${way_port[$way]}" prepared 16
      result mixed "$way-beside" "$tps" "tx/s" "$p50" "$p99"
      kill -KILL "$bulk" "$reader" && wait "$bulk" "$reader" 2>/dev/null || true
    done
  done
}

resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

# Gateway and agent of its own, asked before and after; the sessions are held by one process (bench/hold_sessions.cc).
idle_row() { # idle_row ROW tls|plain N own|shared
  local gateway_before agent_before holders=()
  round=1
  start_ways direct
  [ -x "$bin/hold_sessions" ] || fail "no $bin/hold_sessions: configure with -D HOOP_BENCH=ON"
  ulimit -n "$(ulimit -H -n)"
  start_hoop "$1" "$2"
  hoop_postgres durable
  rm -f "$work/held"
  mkfifo "$work/held"
  hold_sessions 200 "$4" # what the first ones bring once: pages of the database, buffers
  gateway_before=$(resident "$gateway") agent_before=$(resident "$agent")
  hold_sessions "$3" "$4"
  result "$1" gateway "$(awk -v b="$gateway_before" -v a="$(resident "$gateway")" -v n="$3" 'BEGIN { printf "%.1f", (a - b) / n }')" KiB - -
  result "$1" agent "$(awk -v b="$agent_before" -v a="$(resident "$agent")" -v n="$3" 'BEGIN { printf "%.1f", (a - b) / n }')" KiB - -
  for pid in "${holders[@]}" "$agent" "$gateway"; do stop "$pid" KILL; done
}

hold_sessions() { # hold_sessions N own|shared
  "$bin/hold_sessions" "$grpc_url" "$token" durable "$1" "$2" >"$work/held" 2>"$work/hold.log" &
  started+=("$!")
  holders+=("$!")
  read_line "$work/held" "$!" 200
}
