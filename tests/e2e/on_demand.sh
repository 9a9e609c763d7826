#!/bin/bash
# Agents that connect when somebody wants them: `hoop run` with the organization's key, an embedded agent that asks by
# PreConnect, the same one asking by REST as in 2024; and the desktop app's proxy manager.
. "$(dirname "$0")/lib.sh"
need curl jq python3

cat >"$work/connections.yaml" <<EOF
connections:
  - {name: shell, type: command-line, command: [sh]}
EOF
start_dev "$work/connections.yaml"

# --- hoop run: the connection is there while its command runs, and has this environment ---
key=$("$bin/hoop" admin create orgkeys)
[[ $key == grpc://_default:xagt-*@127.0.0.1:* && $key != *'?'* ]] || fail "the organization's key: $key"
mkfifo "$work/go"
export ONLY_HERE=yes
HOOP_KEY=$key spawn "$work/run.log" "$bin/hoop" run -n box --command sh -- sh -c "read word <'$work/go'; exit 5"
run=$spawned
wait_line "$work/run.log" "$run" 20 "serving connection box at 127.0.0.1"
# It was called already: the first user need not wait until it asks again, which would take 5 s.
timeout 4 "$bin/hoop" exec box -s -i 'echo $ONLY_HERE $HOOP_KEY$HOOP_CONFIG-' >"$work/out" || fail "the first exec: $?"
same "the process's own variables, but none of hoop's" "yes -" "$(cat "$work/out")"
row=$(api GET /connections/box)
same "row" "hoopagent online custom" "$(json '"\(.managed_by) \(.status) \(.type)"' <<<"$row")"
same "it is no agent of the list" "dev" "$(api GET /agents | json '.[].name')"
"$bin/hoop" admin create connection mine -a dev -t command-line -- sh >/dev/null
HOOP_KEY=$key spawn "$work/taken.log" "$bin/hoop" run -n mine
ended=0
wait "$spawned" || ended=$?
same "hoop run, refused" 1 "$ended"
same "why" "hoop: connection mine is not being managed by this process, choose another name (-n)" "$(cat "$work/taken.log")"
! grep -q "serving connection" "$work/taken.log" || fail "it says that it serves: $(cat "$work/taken.log")"
HOOP_KEY=${key/xagt-/xagt-x} spawn "$work/bad.log" "$bin/hoop" run -n bad -- touch "$work/bad.began"
ended=0
wait "$spawned" || ended=$?
same "hoop run, with another key" 1 "$ended"
same "why, in one line" "hoop: connection bad is not served: HOOP_KEY: invalid authentication; \`hoop admin create orgkeys\` prints the organization's, which is needed here" \
  "$(cat "$work/bad.log")"
[ ! -e "$work/bad.began" ] || fail "its command began"
same "hoop run, with no key" \
  "hoop: HOOP_KEY: not a key of a gateway: one is <scheme>://<name>:<secret>@<host>:<port>; \`hoop admin create orgkeys\` prints the organization's, which is needed here" \
  "$(HOOP_KEY=x "$bin/hoop" run -n none 2>&1)"
agent_key=$("$bin/hoop" admin create agent spare)
same "hoop run, with an agent's key" \
  "hoop: HOOP_KEY: it is the key of an agent of mode standard, which brings no connection along; \`hoop admin create orgkeys\` prints the organization's, which is needed here" \
  "$(HOOP_KEY=$agent_key "$bin/hoop" run -n none 2>&1)"
same "hoop-agent, with the organization's" \
  "hoop-agent: HOOP_KEY: it is the organization's key, for programs that bring a connection along (\`hoop run\`); \`hoop admin create agent NAME\` prints an agent's" \
  "$(HOOP_KEY=$key "$bin/hoop-agent" 2>&1)"
same "the organization's key, again" "$key" "$("$bin/hoop" admin create orgkeys 2>"$work/err")"
contains "what is said with it" "$(cat "$work/err")" "this is the key that the organization has"
same "hoop run, for a command that is not there" "hoop: no-such-program: command not found" \
  "$(HOOP_KEY=$key "$bin/hoop" run -n none -- no-such-program 2>&1)"
same "the same, by its path" "hoop: $work/none: No such file or directory" \
  "$(HOOP_KEY=$key "$bin/hoop" run -n none -- "$work/none" 2>&1)"
same "what was made for it" "404" "$(curl -sS -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$api_url/api/connections/none")"
# With the signal as a terminal's shell leaves it to what it starts.
HOOP_KEY=$key spawn "$work/sent.log" env --default-signal=INT "$bin/hoop" run -n sent -- sleep 1000
wait_line "$work/sent.log" "$spawned" 20 "serving connection sent"
for ((i = 0; i < 100; ++i)); do pgrep -P "$spawned" -x sleep >/dev/null && break || sleep 0.1; done
stop "$spawned" INT
same "hoop run, interrupted by a process" 130 "$ended"
HOOP_KEY=$key spawn "$work/other.log" "$bin/hoop" run -n other
wait_line "$work/other.log" "$spawned" 20 "serving connection other"
stop "$spawned" INT
same "hoop run, interrupted" 130 "$ended"
same "what stays" "hoop: connection other is offline now and stays defined; \`hoop admin delete connection other\` removes it" "$(tail -n 1 "$work/other.log")"
same "it does" "other offline" "$(api GET /connections/other | json '"\(.name) \(.status)"')"
"$bin/hoop" admin delete connection box >/dev/null # it brings it along again
until "$bin/hoop" exec box -s -i true 2>"$work/err"; do
  grep -q -e "connection not found" -e "agent is offline" "$work/err" || fail "exec: $(cat "$work/err")"
  kill -0 "$run" || fail "hoop run ended: $(cat "$work/run.log")"
  sleep 0.2
done
# Who uses it when it ends hears so at once, and the session is in the list.
"$bin/hoop" exec box -i 'echo in; sleep 1000' >"$work/used.out" 2>"$work/used.log" &
user=$!
started+=("$user")
wait_line "$work/used.out" "$user" 20 in
echo on >"$work/go"
ended=0
timeout 10 tail --pid="$user" -s 0.1 -f /dev/null || fail "the exec that ran goes on"
wait "$user" || ended=$?
same "an exec while hoop run ends" 1 "$ended"
contains "what it says" "$(cat "$work/used.log")" "box: agent has disconnected"
same "its record" 254 "$("$bin/hoop" sessions list --limit 1 --fields exit_code | tail -n 1)"
same "its row" "box done" "$("$bin/hoop" sessions list --limit 1 --fields connection,status | tail -n 1 | awk '{print $1, $2}')"
ended=0
wait "$run" || ended=$?
same "the command's exit code" 5 "$ended"
for ((i = 0; i < 50; ++i)); do # its process is gone; the gateway hears so in a moment
  status=$(api GET /connections/box | json .status)
  [ "$status" = online ] || break
  sleep 0.1
done
same "its connection" offline "$status"
refused "box: agent is offline" timeout 5 "$bin/hoop" exec box -s -i true

# --- An embedded agent: PreConnect at the gRPC port, REST of 2024 at the other one ---
dsn=$("$bin/hoop" admin create agent emb --mode embedded)
"$bin/hoop" admin create connection on-emb -a emb -t command-line -- sh >/dev/null
secret=$(sed -E 's#.*:(xagt-[^@]*)@.*#\1#' <<<"$dsn")
export OWN=emb
for key in "$dsn" "http://emb:$secret@${api_url#http://}?mode=embedded"; do
  HOOP_KEY=$key spawn "$work/emb.log" "$bin/hoop-agent"
  [[ $key == http:* ]] && line="waiting for somebody who wants this agent" || line="connected to the gateway"
  wait_line "$work/emb.log" "$spawned" 30 "$line"
  same "embedded, ${key%%:*}" "emb" "$("$bin/hoop" exec on-emb -s -i 'echo $OWN')"
  stop "$spawned"
done

# --- The proxy manager ---
echo through >"$work/page"
spawn "$work/web.log" python3 -u -m http.server --bind 127.0.0.1 0 --directory "$work"
wait_line "$work/web.log" "$spawned" 20 "port [0-9]+"
web=$(grep -oE 'port [0-9]+' "$work/web.log" | grep -oE '[0-9]+')
"$bin/hoop" admin create connection web -a dev -t application/tcp -e HOST=127.0.0.1 -e "PORT=$web" >/dev/null
spawn "$work/pm.log" "$bin/hoop" proxy-manager --json
manager=$spawned
state() { curl -sS -H "Authorization: Bearer $token" "$api_url/api/proxymanager/status" | jq -r .status; }
until [ "$(state)" = ready ]; do
  kill -0 "$manager" || fail "proxy-manager ended: $(cat "$work/pm.log")"
  sleep 0.2
done
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
answer=$(api POST /proxymanager/connect "{\"connection_name\":\"web\",\"port\":\"$port\",\"access_duration\":60000000000}")
same "state" "connected web $port 60000000000" \
  "$(json '"\(.status) \(.connection_name) \(.port) \(.access_duration)"' <<<"$answer")"
same "through the ordered port" "through" "$(curl -sS "http://127.0.0.1:$port/page")"
session=$(json .metadata.session <<<"$answer")
api POST /proxymanager/disconnect >/dev/null
until [ "$(state)" = ready ]; do sleep 0.2; done
"$bin/hoop" audit verify "$session" >"$work/verify" || fail "the record of $session is not sound: $(cat "$work/verify")"
stop "$manager" INT
same "proxy-manager's exit code" 130 "$ended"
echo "$name: ok"
