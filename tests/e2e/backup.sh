#!/bin/bash
# Backup while the gateway serves, restore into an empty folder and over an older state; old sessions go by retention.
. "$(dirname "$0")/lib.sh"
need curl jq

# gateway FOLDER [VARIABLE=VALUE...]: sets $gateway and $api_url; the ports stay, so that the agent's key does.
http=$(free_port) grpc=$(free_port) api_url=http://127.0.0.1:$http
gateway() {
  local folder=$1
  shift
  spawn "$work/gateway.log" env HOOP_DATA_DIR="$work/$folder" HOOP_HTTP_LISTEN="127.0.0.1:$http" HOOP_GRPC_LISTEN="127.0.0.1:$grpc" \
    LOG_ENCODING=console "$@" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/gateway.log" "$gateway" 30 'gateway serving'
}
run() { # run COMMAND: on the connection, as soon as the agent is back
  local tries output
  for ((tries = 0; tries < 100; ++tries)); do
    output=$(hoop exec shell -s -i "$1" </dev/null 2>/dev/null) && break || read -r -t 0.2 _ <> <(:) || true
  done
  echo "$output"
}
sessions() { hoop sessions list --json --limit 100 | jq '.data | length'; }

gateway first
curl -fsS -o /dev/null -d "{\"email\":\"me@example.test\",\"password\":\"secret-word\",\"setup_token\":\"$(cat "$work/first/setup-token")\"}" "$api_url/api/localauth/register"
export HOOP_CONFIG=$work/config.toml
hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<secret-word >/dev/null
spawn "$work/agent.log" env LOG_ENCODING=console HOOP_KEY="$(hoop admin create agent agent)" "$bin/hoop-agent"
agent=$spawned
wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
hoop admin create connection shell -a agent -t command-line -- sh >/dev/null
same "before" one "$(run 'echo one')"
one=$(hoop sessions list --json --limit 1 | jq -r '.data[0].id')
contains "verified: flushed" "$(hoop audit verify "$one")" "whole and unchanged"

contains "backup while it serves" "$(HOOP_DATA_DIR=$work/first hoop admin backup "$work/saved")" "1 sessions"
same "mode of the backup" 600 "$(stat -c %a "$work/saved")"
refused "is there already" env HOOP_DATA_DIR="$work/first" hoop-gateway backup "$work/saved"
refused "another gateway runs in it" env HOOP_DATA_DIR="$work/first" hoop-gateway restore "$work/saved" --force
refused "POSTGRES_DB_URI" env POSTGRES_DB_URI=postgres://u@h/d hoop-gateway backup "$work/other"
same "after" two "$(run 'echo two')"
hoop audit verify last >/dev/null
stop "$gateway"
refused "has newer sessions" env HOOP_DATA_DIR="$work/first" hoop-gateway restore "$work/saved"

# Into an empty folder: tokens, the pinned audit key and the agent's key still count.
output=$(HOOP_DATA_DIR=$work/second hoop admin restore "$work/saved")
contains "restore" "$output" "restored to $work/second: 1 sessions"
contains "the key of secrets" "$output" "the key that opens the secrets of connections is not there: put back the secrets.key of the gateway that was backed up, as $work/second/secrets.key"
refused "which is not there: put secrets.key back" env HOOP_DATA_DIR="$work/second" hoop-gateway --check
refused "which is not there: put secrets.key back" env HOOP_DATA_DIR="$work/second" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 hoop-gateway
[ ! -e "$work/second/secrets.key" ] || fail "a start that was refused made a key"
cp -p "$work/first/secrets.key" "$work/second/" # kept apart from backups
gateway second
same "sessions of the backup" 1 "$(sessions)"
contains "the old record" "$(hoop audit verify "$one")" "whole and unchanged"
same "the agent comes back" three "$(run 'echo three')"
contains "a new record" "$(hoop audit verify last)" "whole and unchanged"
stop "$gateway"

# Over the newer state: what was there is kept.
output=$(HOOP_DATA_DIR=$work/first hoop-gateway restore "$work/saved" --force)
contains "restore by force" "$output" "before-restore-"
contains "the key of secrets" "$output" "$work/first/secrets.key opens the secrets of connections"
[ "$(find "$work/first" -name 'hoop.db.before-restore-*' | wc -l)" = 1 ] || fail "the database of before is gone"
head -c 5000 "$work/saved" >"$work/cut"
refused "$work/cut" env HOOP_DATA_DIR="$work/third" hoop-gateway restore "$work/cut"
[ ! -e "$work/third/hoop.db" ] || fail "a damaged backup was restored"

# Retention: what ended long ago goes, what runs stays.
gateway second HOOP_SESSION_RETENTION=2s
hoop exec shell -s -i 'echo up; exec sleep 600' >"$work/running.out" 2>&1 </dev/null &
runs=$!
started+=("$runs")
wait_line "$work/gateway.log" "$gateway" 30 'old sessions deleted sessions=[12] chunks='
for ((tries = 0; tries < 100; ++tries)); do
  [ -s "$work/running.out" ] && [ "$(sessions)" -le 1 ] && break || read -r -t 0.2 _ <> <(:) || true
done
info=$(hoop admin serverinfo --json)
same "retention" 2 "$(jq .storage.session_retention_seconds <<<"$info")"
[ "$(jq .storage.database_bytes <<<"$info")" -gt 10000 ] || fail "no size in $info"
refused "not found" hoop sessions get "$one"
stop "$runs" INT
stop "$agent"
stop "$gateway"
