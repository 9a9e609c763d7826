#!/bin/bash
# The store on PostgreSQL: an ordinary user with a password full of signs, two gateways that start at once, sessions that
# go on while the server is stopped or killed, nothing lost when it is back. CRASHES=50 for the long run.
. "$(dirname "$0")/lib.sh"
need psql pg_dump openssl
crashes=${CRASHES:-2}

pg_options=(-c log_min_messages=log)
start_postgres
target=(-h 127.0.0.1 -U noop -d postgres -X -A -t -q)
target_secrets="HOST: 127.0.0.1, PORT: \"$pg_port\", USER: $pg_user, PASS: $pg_password"
start_postgres scram-sha-256 store
direct_psql -qc "create user hoop password 'p@ss/w:rd#%'" -c "create database hoop owner hoop"
key=$(openssl rand -base64 32)
uri=postgres://hoop:p%40ss%2Fw%3Ard%23%25@127.0.0.1:$pg_port/hoop?sslmode=disable
stored() { direct_psql -d hoop -c "$1"; }

start_gateway() { # start_gateway NAME HTTP GRPC: sets $gateway
  HOOP_DATA_DIR=$work/$1 HOOP_HTTP_LISTEN=127.0.0.1:$2 HOOP_GRPC_LISTEN=127.0.0.1:$3 API_URL=http://127.0.0.1:$2 \
    POSTGRES_DB_URI=$uri HOOP_SECRETS_KEY=$key spawn "$work/$1.log" "$bin/hoop-gateway"
  gateway=$spawned
}
serving() { wait_line "$work/$1.log" "$2" 30 'gateway serving'; }

# Wrong values end with one line that shows no part of the value.
wrong() { # wrong URI PART
  local output
  output=$(HOOP_DATA_DIR=$work/wrong POSTGRES_DB_URI=$1 "$bin/hoop-gateway" 2>&1) && fail "started with $1"
  same "lines for $1" 1 "$(wc -l <<<"$output")"
  contains "reason for $1" "$output" "$2"
  [[ $output != *hunter2* ]] || fail "the password is shown: $output"
}
wrong mysql://hoop:hunter2@db/hoop 'POSTGRES_DB_URI: begins with neither'
wrong postgres://hoop:hunter2/x@db/hoop 'POSTGRES_DB_URI: its port'
wrong "postgres://hoop:hunter2@127.0.0.1:$pg_port/hoop" 'POSTGRES_DB_URI: database: connection to server'
wrong "${uri/\/hoop\?/\/postgres\?}" 'needs a schema to make tables in'

# Two at once: the schema is made once.
http=$(free_port) grpc=$(free_port)
start_gateway one "$http" "$grpc"
one=$gateway
start_gateway two "$(free_port)" "$(free_port)"
two=$gateway
serving one "$one"
serving two "$two"
same "organizations" 1 "$(stored 'select count(*) from organizations')"
stop "$two" TERM
output=$(HOOP_DATA_DIR=$work/three HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 POSTGRES_DB_URI=$uri \
  "$bin/hoop-gateway" 2>&1) && fail "started with another key"
contains "another key" "$output" 'encrypted with key'
[ ! -e "$work/one/hoop.db" ] || fail "there is a SQLite file, too"

api_url=http://127.0.0.1:$http
token_file=$work/one/setup-token
curl -sS --fail -o "$work/answer" "$api_url/api/localauth/register" \
  -d "{\"email\":\"me@example.test\",\"password\":\"a-secret\",\"setup_token\":\"$(cat "$token_file")\"}"
export HOOP_CONFIG=$work/config.toml
hoop login --api-url "$api_url" --email me@example.test --password-stdin <<<a-secret >/dev/null
HOOP_KEY=$(hoop admin create agent prod) spawn "$work/agent.log" "$bin/hoop-agent"
agent=$spawned
wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
hoop admin create connection shell -a prod -t command-line -- sh >/dev/null
IFS=$'\n' read -r -d '' -a variables < <(sed 's/, /\n/g; s/: /=/g; s/"//g' <<<"$target_secrets") || true
hoop admin create connection records -a prod -t database/postgres "${variables[@]/#/--env=}" >/dev/null

same "a command" 42 "$(hoop exec shell -s -i 'echo $((6*7))')"
contains "its record" "$(hoop audit verify last)" "whole and unchanged"

# A session that is open while the store goes: psql reads statements from a pipe.
connect records
mkfifo "$work/statements" "$work/answers"
PGPORT=$port psql "${target[@]}" <"$work/statements" >"$work/answers" 2>"$work/psql.log" &
psql_pid=$!
started+=("$psql_pid")
exec {statements}>"$work/statements" {answers}<"$work/answers"
ask() { # ask NUMBER: a statement of its own, answered
  echo "select 'answer $1';" >&"$statements"
  local answer
  IFS= read -r -t 20 -u "$answers" answer || fail "no answer to statement $1: $(cat "$work/psql.log")"
  same "answer" "answer $1" "$answer"
}
refuse_new() {
  wait_line "$work/one.log" "$one" 30 'flushing the journal fails'
  refused "database: it cannot be reached: Connection refused" hoop exec shell -s -i 'echo never'
}
served() { # served TEXT: waits until a command runs again
  for ((i = 0; i < 100; ++i)); do hoop exec shell -s -i "echo $1" >"$work/out" 2>/dev/null && break || read -r -t 0.2 _ <> <(:) || true; done
  same "a command" "$1" "$(cat "$work/out")"
}
again() { # again ROUND: the server is back, what waited is stored
  run_postgres
  served "back $1"
}

for ((n = 0; n < 20; ++n)); do ask "$n"; done
# Another gateway's start leaves it alone, also before anything of its record is stored; that gateway cannot end it.
cp "$work/one/token.key" "$work/two/token.key"
http_of_two=$(free_port)
start_gateway two "$http_of_two" "$(free_port)"
two=$gateway
serving two "$two"
same "a session of the other gateway" open "$(stored "select status from sessions where id = '$session'")"
refused "runs on another gateway" curl -sS --fail-with-body -X POST \
  -H "Authorization: Bearer $(hoop config view token --raw)" \
  "http://127.0.0.1:$http_of_two/api/sessions/$session/kill"
stop "$two" TERM
stop "$pg_pid" INT
for ((; n < 200; ++n)); do ask "$n"; done
refuse_new
for ((; n < 400; ++n)); do ask "$n"; done
again 1
for ((; n < 420; ++n)); do ask "$n"; done

# kill -9 of the server and all it runs, at random points of the flusher's work.
for ((round = 1; round <= crashes; ++round)); do
  for ((stop_at = n + RANDOM % 300 + 100; n < stop_at; ++n)); do ask "$n"; done
  backends=$(pgrep -P "$pg_pid" | tr '\n' ' ')
  kill -KILL "$pg_pid" $backends
  stop "$pg_pid" KILL
  for ((stop_at = n + 50; n < stop_at; ++n)); do ask "$n"; done
  again "after crash $round"
done

echo '\q' >&"$statements" # closing it would not do: servers started since have it, too
exec {statements}>&-
wait "$psql_pid"
stop "$client" INT
answers_recorded=$(hoop sessions get "$session" | grep -c "select 'answer ")
same "statements in the record" "$n" "$answers_recorded"
contains "the record" "$(hoop audit verify "$session")" "whole and unchanged"

# A restart finds everything; the agent comes back by itself.
stop "$one" TERM
same "the gateway's exit code" 0 "$ended"
start_gateway one "$http" "$grpc"
serving one "$gateway"
contains "the record after a restart" "$(hoop audit verify "$session")" "whole and unchanged"

# Nothing of a secret lies in the database in clear; another key replaces the first one.
dumped() { pg_dump -h "$pg_host" -p "$pg_port" -U "$pg_user" hoop; }
in_clear() { PGPASSWORD=$pg_password dumped | grep -c -e app-secret -e "$(printf app-secret | base64)" || true; }
same "secrets in clear" 0 "$(in_clear)"
stop "$gateway" TERM
new_key=$(openssl rand -base64 32)
reencrypt() { HOOP_DATA_DIR=$work/one POSTGRES_DB_URI=$uri HOOP_SECRETS_KEY=$key HOOP_SECRETS_KEY_NEW=$new_key "$bin/hoop-gateway" reencrypt-secrets; }
contains "another key" "$(reencrypt)" 'secrets of 2 connections are encrypted with key'
contains "once more" "$(reencrypt)" 'secrets of 0 connections'
key=$new_key
start_gateway one "$http" "$grpc"
serving one "$gateway"
served "the agent is back"
connect records
same "with the new key" 7 "$(PGPORT=$port psql "${target[@]}" -c 'select 7')"
stop "$client" INT
hoop sessions list >/dev/null # what ended is stored before it is listed
same "sessions that are open" 0 "$(stored "select count(*) from sessions where status <> 'done'")"
