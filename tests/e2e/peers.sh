#!/bin/bash
# grpc-go and grpc-js at the real gateway, as an old command line and as an old agent.
. "$(dirname "$0")/lib.sh"
. "$root/tests/peers/peer.sh"
kept=${HOOP_PEERS_BUILD:-$root/build/e2e} # where the peers are built, for the next run

cat >"$work/connections.yaml" <<'Y'
connections:
  - {name: shell, type: command-line, command: [sh]}
Y
start_dev "$work/connections.yaml"
address=${grpc_url#grpc://}
missing=()
for language in go js; do
  # The languages' own caches lie in the developer's home.
  if ! why=$(HOME=$(getent passwd "$(id -u)" | cut -d: -f6) build_peer "$language" "$root" "$kept"); then
    missing+=("$why")
    continue
  fi
  peer_command "$language" "$kept"

  same "$language: a command" "Linux" "$("${peer[@]}" exec "$address" "$token" shell 'uname -s')"
  code=0
  "${peer[@]}" exec "$address" "$token" shell 'echo out; echo err >&2; exit 5' >"$work/out" 2>"$work/err" || code=$?
  same "$language: exit code" 5 "$code"
  same "$language: stdout alone" "out" "$(cat "$work/out")"
  contains "$language: stderr" "$(cat "$work/err")" "err"
  head -c 3000000 /dev/urandom >"$work/big"
  same "$language: 3 MB" "$(md5sum <"$work/big")" "$("${peer[@]}" exec "$address" "$token" shell "cat $work/big" | md5sum)"
  refused "invalid authentication" "${peer[@]}" exec "$address" wrong shell x
  refused "connection not found" "${peer[@]}" exec "$address" "$token" nothing x

  key=$(hoop admin create agent "$language-peer")
  spawn "$work/$language-agent.log" "${peer[@]}" agent "$address" "$key"
  agent=$spawned
  wait_line "$work/$language-agent.log" "$agent" 30 '^ready'
  hoop admin create connection "$language-sh" -a "$language-peer" -t command-line -- sh >/dev/null
  code=0
  hoop exec "$language-sh" -s -i "over $language" >"$work/out" 2>"$work/err" || code=$?
  same "$language agent: exit code" 3 "$code"
  contains "$language agent: stdout" "$(cat "$work/out")" "over $language"
  contains "$language agent: stderr" "$(cat "$work/err")" "said on stderr"
  contains "$language agent: the record" "$(hoop audit verify last)" "whole and unchanged"
  code=0
  "${peer[@]}" exec "$address" "$token" "$language-sh" "both ends" >"$work/out" 2>/dev/null || code=$?
  same "$language at both ends: exit code" 3 "$code"
  contains "$language at both ends" "$(cat "$work/out")" "both ends"
  refused "invalid authentication" "${peer[@]}" agent "$address" "${key/xagt-/xagt-0}"
  stop "$agent"
  echo "ok $language"
done
[ ${#missing[@]} = 0 ] || skip "$(printf '%s; ' "${missing[@]}")the others passed"
