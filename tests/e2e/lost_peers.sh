#!/bin/bash
# kill -9 of an agent, kill -9 of a client, a kill through REST: the other side says so in one line, the record is
# sealed with the reason, no process and no secret file is left.
. "$(dirname "$0")/lib.sh"

cat >"$work/connections.yaml" <<'Y'
connections:
  - {name: here, type: command-line, command: [sh]}
Y
start_dev "$work/connections.yaml"
key=$(hoop admin create agent apart)
hoop admin create connection there -a apart -t command-line -e filesystem:SECRET_FILE=hidden -- sh >/dev/null
export TMPDIR=$work/agent
mkdir "$TMPDIR"

start_agent() {
  HOOP_KEY=$key spawn "$work/agent.log" "$bin/hoop-agent"
  agent=$spawned
  wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
}

marker=31$RANDOM$RANDOM
running() { pgrep -f "sleep $marker" | grep -vx "$$" || true; }

# One command that also leaves its session group, and says when it runs.
start_command() { # start_command CONNECTION
  rm -f "$work/command.out"
  spawn "$work/command.log" bash -c 'exec "$0" exec "$1" -s -i "$2" >"$3"' "$bin/hoop" "$1" \
    "setsid sleep $marker & sleep $marker & echo running; wait" "$work/command.out"
  command=$spawned
  wait_line "$work/command.out" "$command" 20 running
}

gone() { # no process of the command is left, within seconds
  local id
  for id in $(running); do timeout 10 tail --pid="$id" -s 0.1 -f /dev/null || fail "$1: process $id is left"; done
  [ -z "$(running)" ] || fail "$1: $(running) are left"
}

start_agent
start_command there
[ -n "$(find "$TMPDIR" -type f -size +0)" ] || fail "the secret file is not where the test looks"
kill -KILL "$agent"
begin=$SECONDS
stop "$command" 0
[ $((SECONDS - begin)) -le 5 ] || fail "the client heard of it after $((SECONDS - begin)) s"
contains "client after kill -9 of the agent" "$(cat "$work/command.log")" "agent has disconnected"
same "exit code after kill -9 of the agent" 1 "$ended"
same "the record's code after kill -9 of the agent" 254 "$(hoop sessions list --limit 1 --fields exit_code 2>/dev/null | tail -n 1)"
same "one line" 1 "$(grep -c . "$work/command.log")"
gone "kill -9 of the agent"
contains "sealed" "$(hoop audit verify last)" 'sealed "agent has disconnected"'

start_agent
same "a new agent serves" ok "$(hoop exec there -s -i 'echo ok')"
start_command there
kill -KILL "$command"
gone "kill -9 of the client"
hoop sessions list --limit 1 >/dev/null
contains "sealed" "$(hoop audit verify last)" 'sealed "client left"'

start_command there
api POST "/sessions/$(api GET '/sessions?limit=1' | json '.data[0].id')/kill" >/dev/null
code=0
stop "$command" 0
same "exit code after a kill" 1 "$ended"
same "the record's code" 254 "$(hoop sessions list --limit 1 --fields exit_code 2>/dev/null | tail -n 1)"
contains "client after a kill" "$(cat "$work/command.log")" "session killed by the user"
gone "kill through REST"
contains "sealed" "$(hoop audit verify last)" 'sealed "killed by admin@hoop.local"'

start_command there
stop "$agent" TERM
stop "$command" 0
contains "client after TERM of the agent" "$(cat "$work/command.log")" "agent has disconnected"
same "exit code after TERM of the agent" 1 "$ended"
gone "TERM of the agent"
refused "agent is offline" hoop exec there -i x

# An agent that was stopped in order may come back: who is connected through it waits for that.
hoop admin create connection line -a apart -t application/tcp -e HOST=127.0.0.1 -e PORT="${api_url##*:}" >/dev/null
start_agent
spawn "$work/connect.log" "$bin/hoop" connect line -p 0
connected=$spawned
wait_line "$work/connect.log" "$connected" 20 'ready to accept connections'
stop "$agent" TERM
wait_line "$work/connect.log" "$connected" 20 'session lost .agent has disconnected.*, trying again'
start_agent
wait_line "$work/connect.log" "$connected" 20 'connected again, session'
stop "$connected" INT
stop "$agent" TERM
[ -z "$(find "$TMPDIR" -type f)" ] || fail "secret files are left: $(find "$TMPDIR" -type f)"
