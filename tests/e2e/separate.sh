#!/bin/bash
# Gateway and agent as programs of their own: first account by set-up token, login, agent key, a connection, a session;
# TERM ends both in order, a second start keeps everything.
. "$(dirname "$0")/lib.sh"

http=$(free_port) grpc=$(free_port)
start_gateway() {
  HOOP_DATA_DIR=$work/gateway HOOP_HTTP_LISTEN=127.0.0.1:$http HOOP_GRPC_LISTEN=127.0.0.1:$grpc \
    API_URL=http://127.0.0.1:$http spawn "$work/gateway.log" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/gateway.log" "$gateway" 30 'gateway serving'
}
api_url=http://127.0.0.1:$http
register() { curl -s -o "$work/answer" -w '%{http_code}' -d "{\"email\":\"me@example.test\",\"password\":\"a-secret\",\"setup_token\":\"$1\"}" "$api_url/api/localauth/register"; }

start_gateway
wait_line "$work/gateway.log" "$gateway" 10 'set-up token'
same "without the token" 403 "$(register wrong)"
same "the first account" 201 "$(register "$(cat "$work/gateway/setup-token")")"
[ ! -e "$work/gateway/setup-token" ] || fail "the set-up token is still there"
export HOOP_CONFIG=$work/config.toml
refused "wrong e-mail or password" hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<wrong
hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<a-secret >/dev/null
key=$(hoop admin create agent prod)
HOOP_KEY=$key spawn "$work/agent.log" "$bin/hoop-agent"
agent=$spawned
wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
hoop admin create connection shell -a prod -t command-line -- sh >/dev/null
same "a session" 42 "$(hoop exec shell -s -i 'echo $((6*7))')"
contains "verification" "$(hoop audit verify last)" "whole and unchanged"
refused "another gateway runs in it" env HOOP_DATA_DIR="$work/gateway" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 "$bin/hoop-gateway"

stop "$gateway" TERM
same "the gateway's exit code" 0 "$ended"
start_gateway
wait_line "$work/agent.log" "$agent" 30 'connected to the gateway.*' # it came back by itself
for ((i = 0; i < 100; ++i)); do hoop exec shell -s -i 'echo again' >"$work/out" 2>/dev/null && break || read -r -t 0.2 _ <> <(:) || true; done
same "after a restart" again "$(cat "$work/out")"
stop "$agent" TERM
same "the agent's exit code" 0 "$ended"
offline() { hoop exec shell -s -i true 2>&1 | grep -F "shell: agent is offline: shell is served by agent prod" >/dev/null; }
for ((i = 0; i < 50; ++i)); do offline && break || read -r -t 0.2 _ <> <(:) || true; done
same "who found no agent" "shell done (254)" "$(hoop sessions list --limit 1 --fields connection,status 2>/dev/null | tail -n 1 | awk '{print $1, $2, $3}')"
contains "who looks at once" "$(offline || true; hoop sessions get last)" ", sealed"
contains "its record" "$(hoop audit verify last)" "whole and unchanged"
