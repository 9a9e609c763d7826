#!/bin/bash
# kill -9 of the whole development process at random points under 16 busy sessions, then a new start: what was
# acknowledged is in the record once and in order, sessions are sealed with a reason. CRASHES=20 for the long run.
. "$(dirname "$0")/lib.sh"
rounds=${CRASHES:-3} sessions=${SESSIONS:-16}

start_tcp_demo
cat >"$work/connections.yaml" <<Y
connections:
  - {name: durable, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "$tcp_port"}}
  - {name: buffered, type: application/tcp, record: buffered, env: {HOST: 127.0.0.1, PORT: "$tcp_port"}}
Y

# One user: a listener of its own, numbered lines as fast as they are answered; each answer is noted.
busy() { # busy NUMBER CONNECTION
  local events=$work/busy.$1 port line n answer
  mkfifo "$events"
  exec {hold}<>"$events"
  "$bin/hoop" connect "$2" -p 0 --json >"$events" 2>/dev/null &
  echo "$!" >"$work/client.$1"
  port=
  while [ -z "$port" ] && IFS= read -r -t 20 -u "$hold" line; do
    case $(json .status <<<"$line") in
      connected) json .data.session_id <<<"$line" >"$work/session.$1" ;;
      ready) port=$(json .data.port <<<"$line") ;;
    esac
  done
  [ -n "$port" ] || return 0
  exec {socket}<>"/dev/tcp/127.0.0.1/$port" || return 0
  IFS= read -r -t 20 -u "$socket" answer || return 0
  echo up >"$work/up.$1"
  for ((n = 0; ; ++n)); do
    echo "echo line $1 $n" >&"$socket" 2>/dev/null || return 0
    IFS= read -r -t 20 -u "$socket" answer || return 0
    [ "$answer" = "line $1 $n" ] || return 0
    echo "$n" >>"$work/acknowledged.$1"
  done
}

for ((round = 1; round <= rounds; ++round)); do
  start_dev "$work/connections.yaml"
  users=()
  for ((i = 0; i < sessions; ++i)); do
    rm -f "$work"/{busy,client,session,acknowledged,up}."$i"
    connection=durable
    [ $((i % 2)) = 0 ] || connection=buffered
    busy "$i" "$connection" &
    users+=("$!")
  done
  for ((i = 0; i < sessions; ++i)); do
    for ((wait = 0; wait < 200; ++wait)); do [ -s "$work/up.$i" ] && break || read -r -t 0.1 _ <> <(:) || true; done
    [ -s "$work/up.$i" ] || fail "session $i did not come up"
  done
  read -r -t "0.$((RANDOM % 900 + 100))" _ <> <(:) || true # the random point
  kill -KILL "$dev"
  wait "$dev" 2>/dev/null || true
  for ((i = 0; i < sessions; ++i)); do kill -KILL "$(cat "$work/client.$i")" 2>/dev/null || true; done
  wait "${users[@]}" 2>/dev/null || true
  begin=$(date +%s%N)
  start_dev "$work/connections.yaml"
  echo "round $round: up again after $((($(date +%s%N) - begin) / 1000000)) ms"
  total=0
  for ((i = 0; i < sessions; ++i)); do
    session=$(cat "$work/session.$i")
    [ -s "$work/acknowledged.$i" ] || continue
    hoop sessions replay "$session" --raw >"$work/replayed" 2>/dev/null || fail "replay of $session"
    acknowledged=$(tail -n 1 "$work/acknowledged.$i")
    # Every answer up to the last acknowledged one, once and in order; a tail beyond it is allowed.
    grep -a "^line $i " "$work/replayed" | head -n $((acknowledged + 1)) >"$work/got"
    seq -f "line $i %.0f" 0 "$acknowledged" >"$work/wanted"
    cmp -s "$work/wanted" "$work/got" || fail "session $i: acknowledged up to $acknowledged, record differs: $(diff "$work/wanted" "$work/got" | head -n 5)"
    contains "session $i is sealed" "$(hoop audit verify "$session")" 'sealed "gateway restarted"'
    total=$((total + acknowledged + 1))
  done
  [ "$total" -gt 0 ] || fail "nothing was acknowledged"
  echo "round $round: $total acknowledged lines, all there"
  stop "$dev" TERM
done
