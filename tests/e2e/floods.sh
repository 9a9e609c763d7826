#!/bin/bash
# The attacks of docs/floods.md on a real gateway beside a healthy session through a real agent: the gateway's memory
# stays within its bound, the attacker is cut where it must be, the session is answered, and everybody is served after.
# ATTACK_SECONDS (0.4): how long a flood lasts that nobody ends. ATTACKS, SKIP: parts of names, with commas. APART=1:
# attackers have the last core, all others the rest, so that the neighbour's times tell of the gateway. ROUNDS (1):
# each attack so often, with the median of what the neighbour felt.
. "$(dirname "$0")/lib.sh"

evil_keys='' evil_tokens=''
http=$(free_port) grpc=$(free_port)
start_gateway() { # start_gateway [LIMIT]: with so many descriptors
  (
    [ -z "${1:-}" ] || ulimit -n "$1"
    HOOP_DATA_DIR=$work/gateway HOOP_HTTP_LISTEN=127.0.0.1:$http HOOP_GRPC_LISTEN=127.0.0.1:$grpc \
      API_URL=http://127.0.0.1:$http exec "$bin/hoop-gateway"
  ) >"$work/gateway.log" 2>&1 &
  gateway=$!
  started+=("$gateway")
  wait_line "$work/gateway.log" "$gateway" 30 'gateway serving'
  api_url=http://127.0.0.1:$http
}

# sign_in EMAIL: the token on standard output.
sign_in() {
  curl -sSf -D - -o "$work/answer" -d "{\"email\":\"$1\",\"password\":\"a-secret\"}" "$api_url/api/localauth/login" |
    sed -n 's/^Token: \([^\r]*\)\r*$/\1/p'
}

# A real agent with a connection to the line service, and agents and users who attack: so many that nobody comes again
# soon.
prepare() {
  export HOOP_CONFIG=$work/config.toml
  curl -sSf -o "$work/answer" -d "{\"email\":\"me@example.test\",\"password\":\"a-secret\",\"setup_token\":\"$(cat "$work/gateway/setup-token")\"}" \
    "$api_url/api/localauth/register"
  hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<a-secret >/dev/null
  key=$(hoop admin create agent good)
  local number admin
  admin=$(sign_in me@example.test)
  for number in $(seq 40); do evil_keys+=,$(hoop admin create agent "evil-$number"); done
  for number in $(seq 8); do
    curl -sSf -o "$work/answer" -H "Authorization: Bearer $admin" "$api_url/api/users" \
      -d "{\"email\":\"evil-$number@example.test\",\"password\":\"a-secret\"}"
    evil_tokens+=,$(sign_in "evil-$number@example.test")
  done
  HOOP_KEY=$key spawn "$work/agent.log" "$bin/hoop-agent"
  wait_line "$work/agent.log" "$spawned" 20 'connected to the gateway'
  hoop admin create connection tcp -a good -t application/tcp --record buffered -e HOST=127.0.0.1 -e "PORT=$tcp_port" >/dev/null
  connect tcp
}

attack() { # attack SECONDS [OPTION...]
  hoop-floods --grpc "$grpc" --http "$http" --pid "$gateway" --neighbour "$port" --agent-keys "${evil_keys#,}" \
    --user-tokens "${evil_tokens#,}" --connection tcp ${APART:+--apart} ${ROUNDS:+--rounds "$ROUNDS"} --seconds "$@"
}

[ -z "${APART:-}" ] || taskset --cpu-list --pid "0-$(($(nproc) - 2))" $$ >/dev/null
start_tcp_demo
start_gateway
prepare
attack "${ATTACK_SECONDS:-0.4}" --only "${ATTACKS:-(}" --skip "descriptors,${SKIP:-nothing}" || fail "a promise is broken"

# Who comes again at once is not let in, whatever he knows.
if [ -z "${ATTACKS:-}" ]; then
  ROUNDS=2 attack 0.4 --only "rapid-reset (agent" >"$work/again" || fail "who came again did harm: $(<"$work/again")"
  contains "attacks of who came again" "$(<"$work/again")" "times not let in"
fi

# The same gateway with few descriptors: more connections come than it may have. The session goes on, and so does its
# record: files have descriptors that no connection gets.
if [[ ${ATTACKS:-descriptors} == *descriptors* ]]; then
  stop "$client" TERM
  stop "$gateway" TERM
  same "the gateway's exit code" 0 "$ended"
  start_gateway 200
  wait_line "$work/gateway.log" "$gateway" 30 'agent connected'
  connect tcp
  attack 1.5 --only descriptors || fail "descriptors ran out and something broke"
  stop "$client" TERM
  contains "verification" "$(hoop audit verify "$session")" "whole and unchanged"
fi
