#!/bin/bash
# A marked secret in every place that takes one: none of them shows up in the logs of the programs at debug level, in
# answers of the API, in arguments of processes, and what need not be kept is not in the database.
. "$(dirname "$0")/lib.sh"
need curl jq openssl

mark=canary$RANDOM$RANDOM # part of every secret that people choose
given=given$RANDOM$RANDOM # with -e: as input, it is in the record and nowhere else
http=$(free_port) grpc=$(free_port)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/tls.key" -out "$work/tls.pem" -days 30 -subj /CN=localhost \
  -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null
start_gateway() {
  spawn "$work/gateway.log" env HOOP_DATA_DIR="$work/data" HOOP_HTTP_LISTEN="127.0.0.1:$http" HOOP_GRPC_LISTEN="127.0.0.1:$grpc" LOG_LEVEL=debug \
    LOG_GRPC=2 GIN_MODE=debug API_URL="https://127.0.0.1:$http" TLS_KEY="$(cat "$work/tls.key")" TLS_CERT="$(cat "$work/tls.pem")" \
    IDP_CLIENT_SECRET="$mark-idp" "$@" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/gateway.log" "$gateway" 30 'gateway serving'
}
start_gateway
export HOOP_CONFIG=$work/config.toml TLS_CA=file://$work/tls.pem
api_url=https://127.0.0.1:$http
setup_token=$(cat "$work/data/setup-token")
curl -fsS --cacert "$work/tls.pem" -o /dev/null -d "{\"email\":\"me@example.test\",\"password\":\"$mark-password\",\"setup_token\":\"$setup_token\"}" \
  "$api_url/api/localauth/register"
hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<"$mark-password" >/dev/null
hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<"$mark-wrong" >"$work/wrong.out" 2>&1 && fail "a wrong password is good"
token=$(hoop config view token --raw)
key=$(hoop admin create agent prod)
organization_key=$(hoop admin create orgkeys)
same "the organization's key is shown again" "$organization_key" "$(hoop admin get orgkeys -o json | jq -r .key)"
spawn "$work/agent.log" env HOOP_KEY="$key" LOG_LEVEL=debug LOG_GRPC=2 "$bin/hoop-agent" --debug --debug-grpc
agent=$spawned
wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
# Connections with secrets of every form; none by the arguments of a process, which others could see.
api() { curl -sS --cacert "$work/tls.pem" -H "Authorization: Bearer $token" "$@"; }
encoded() { printf '%s' "$1" | base64 -w 0; }
connection() { # connection NAME TYPE SUBTYPE COMMAND SECRETS
  api -o "$work/answer.$1" -H 'Content-Type: application/json' -d @- "$api_url/api/connections" <<J
{"name":"$1","type":"$2","subtype":"$3","agent_id":"$(api "$api_url/api/agents" | jq -r '.[0].id')","command":$4,"access_modes":["exec","connect"],"secret":$5}
J
}
connection shell custom "" '["sh"]' "{\"envvar:SECRET\":\"$(encoded "$mark-envvar")\",\"filesystem:FILE\":\"$(encoded "$mark-filesystem")\"}"
connection orders database postgres '[]' "{\"envvar:HOST\":\"$(encoded 127.0.0.1)\",\"envvar:PORT\":\"$(encoded 1)\",\"envvar:USER\":\"$(encoded me)\",\"envvar:PASS\":\"$(encoded "$mark-pass")\"}"
# shellcheck disable=SC2016 # for the far shell
same "the command has its secrets" "${#mark} ok" "$(hoop exec shell -s -e "GIVEN=$given" -i 'grep -q "$1" "$FILE" 2>/dev/null; [ -n "$SECRET$GIVEN" ] && echo "'${#mark}' ok"; sleep 0.5' 2>"$work/exec.err" &
  for ((i = 0; i < 20; ++i)); do cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >>"$work/cmdlines" || true; done
  wait)"
timeout 30 hoop connect orders -p 0 --json >"$work/pg.out" 2>&1 || true
curl -s --cacert "$work/tls.pem" -H "Authorization: Bearer $mark-token" "$api_url/api/sessions?token=$mark-query" >"$work/answer.refused" || true
HOOP_KEY="${key/xagt-/xagt-$mark}" timeout 5 "$bin/hoop-agent" >"$work/stranger.log" 2>&1 || true
for path in connections connections/shell connections/orders agents sessions serverinfo userinfo users; do
  api "$api_url/api/$path" >"$work/answer.${path//\//-}"
done
for id in $(jq -r '.data[].id' <"$work/answer.sessions"); do api "$api_url/api/sessions/$id" >>"$work/answer.session"; done
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >>"$work/cmdlines" || true

# --- Starts that fail ---

for bad in "POSTGRES_DB_URI=postgres://u:$mark-uri@127.0.0.1:1/x" "POSTGRES_DB_URI=postgres://u:$mark-uri@h:port/x" "TLS_KEY=$mark-key" \
  "API_URL=https://u:$mark-url@h" "HOOP_HTTP_LISTEN=$http"; do
  env HOOP_DATA_DIR="$work/bad" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 LOG_LEVEL=debug "$bad" timeout 30 "$bin/hoop-gateway" >>"$work/bad.log" 2>&1 &&
    fail "started with $bad"
done
HOOP_KEY="grpc://a:$mark-dsn" "$bin/hoop-agent" >>"$work/bad.log" 2>&1 && fail "an agent with a wrong key"
stop "$agent"
stop "$gateway"

# --- No trace ---

grep -v '^[A-Za-z0-9+/=]*$' "$work/tls.key" >/dev/null
key_text=$(sed -n 2p "$work/tls.key") agent_key=${key#*:*:} agent_key=${agent_key%%@*}
organization_key=${organization_key##*xagt-} organization_key=${organization_key%%@*}
secrets=("$mark" "$(encoded "$mark" | cut -c1-16)" "$key_text" "$agent_key" "$organization_key" "${token##*.}")
no_trace() { # no_trace WHAT FILE...
  local what=$1 secret
  shift
  for secret in "${secrets[@]}"; do
    if grep -a -l -F -e "$secret" "$@" >"$work/hits" 2>/dev/null; then
      fail "$what: a secret in $(tr '\n' ' ' <"$work/hits"): $(grep -a -h -F -m 1 -o -e ".\{0,60\}$secret" "$@" | head -n 1)"
    fi
  done
}
grep -a -v "setup_token" "$work/gateway.log" >"$work/gateway.checked" # printed once, on purpose, and used up
no_trace "logs" "$work/gateway.checked" "$work/agent.log" "$work/stranger.log" "$work/bad.log"
(secrets=("$given" "$(encoded "$given" | cut -c1-16)") && no_trace "logs" "$work/gateway.checked" "$work/agent.log")
no_trace "answers" "$work"/answer.*
no_trace "what the command line says" "$work/wrong.out" "$work/exec.err" "$work/pg.out"
no_trace "arguments of processes" "$work/cmdlines"
no_trace "the journal and the database" "$work"/data/hoop.db* "$work"/data/journal/*/*/*
for file in audit.key token.key hoop.db; do same "mode of $file" 600 "$(stat -c %a "$work/data/$file")"; done
