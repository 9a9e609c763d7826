#!/bin/bash
# A gateway managed over HTTP alone: the first account, people, groups, a service account, an agent, connections, who may
# use what; and what each change means to somebody at the command line.
. "$(dirname "$0")/lib.sh"

http=$(free_port) grpc=$(free_port)
api_url=http://127.0.0.1:$http
HOOP_DATA_DIR=$work/gateway HOOP_HTTP_LISTEN=127.0.0.1:$http HOOP_GRPC_LISTEN=127.0.0.1:$grpc API_URL=$api_url \
  spawn "$work/gateway.log" "$bin/hoop-gateway"
gateway=$spawned
wait_line "$work/gateway.log" "$gateway" 30 'gateway serving'

# call TOKEN METHOD PATH [BODY]: sets $status and $answer; headers in $work/headers.
call() {
  status=$(curl -sS -o "$work/answer" -D "$work/headers" -w '%{http_code}' -X "$2" ${1:+-H "Authorization: Bearer $1"} \
    ${4:+--data "$4"} "$api_url/api$3")
  answer=$(cat "$work/answer")
}
# expect STATUS TOKEN METHOD PATH [BODY]
expect() {
  call "${@:2}"
  same "$3 $4${5:+ with $5}: $answer" "$1" "$status"
}
# sign_in EMAIL PASSWORD: the token on standard output, and as the command line's in $work/EMAIL.toml.
sign_in() {
  HOOP_CONFIG=$work/$1.toml hoop login --api-url "$api_url" --email "$1" --password-stdin <<<"$2" >/dev/null
  expect 200 '' POST /localauth/login "{\"email\":\"$1\",\"password\":\"$2\"}"
  sed -n 's/^Token: \([^\r]*\)\r*$/\1/p' "$work/headers"
}
as() { HOOP_CONFIG=$work/$1.toml "${@:2}"; } # as EMAIL COMMAND...

# The first account.
expect 200 '' GET /publicserverinfo
same "set-up" true "$(json .setup_required <<<"$answer")"
first() { echo "{\"email\":\"root@example.test\",\"password\":\"$1\",\"setup_token\":\"$2\"}"; }
setup=$(cat "$work/gateway/setup-token")
expect 403 '' POST /localauth/register "$(first 'a good one' wrong)"
expect 422 '' POST /localauth/register "$(first short "$setup")"
expect 201 '' POST /localauth/register "$(first 'a good one' "$setup")"
expect 403 '' POST /localauth/register "$(first 'a good one' "$setup")"
root=$(sign_in root@example.test 'a good one')
expect 200 "$root" GET /userinfo
same "role" admin "$(json .role <<<"$answer")"

# People and groups.
expect 201 "$root" POST /users '{"email":"ann@example.test","name":"Ann","groups":["dba"],"password":"her password"}'
expect 201 "$root" POST /users '{"email":"ben@example.test","password":"his password"}'
expect 409 "$root" POST /users '{"email":"Ann@example.test"}'
expect 422 "$root" POST /users '{"email":"nobody"}'
expect 201 "$root" POST /users/groups '{"name":"ops"}'
ann=$(sign_in ann@example.test 'her password') ben=$(sign_in ben@example.test 'his password')
expect 403 "$ben" POST /agents '{"name":"mine"}'
expect 403 "$ben" PUT /users/ben@example.test '{"groups":["admin"]}'
expect 200 "$ben" GET /users/groups
same "groups" admin,dba,ops "$(json 'join(",")' <<<"$answer")"
expect 401 '' GET /users

# An agent and a connection for dba only.
expect 201 "$root" POST /agents '{"name":"prod"}'
HOOP_KEY=$(json .token <<<"$answer") spawn "$work/agent.log" "$bin/hoop-agent"
agent=$spawned
wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
expect 200 "$ben" GET /agents/prod
same "agent" CONNECTED "$(json .status <<<"$answer")"
agent_id=$(json .id <<<"$answer")
expect 201 "$root" POST /connections "{\"name\":\"shell\",\"type\":\"custom\",\"agent_id\":\"$agent_id\",
  \"command\":[\"bash\"],\"secret\":{\"envvar:WORD\":\"Y2FuYXJ5\"},\"access_groups\":[\"dba\"],\"tags\":[\"demo\"]}"
contains "Ann's list" "$(as ann@example.test hoop list)" shell
same "Ben's list" '' "$(as ben@example.test hoop list 2>/dev/null | grep shell || true)"
same "Ann's command" canary "$(as ann@example.test hoop exec shell -s -i 'echo $WORD')"
refused "connection not found" env HOOP_CONFIG="$work/ben@example.test.toml" hoop exec shell -s -i 'echo no'
expect 404 "$ben" GET /connections/shell
expect 200 "$root" GET /connections/shell
same "the secret" null "$(jq -c '.secret["envvar:WORD"]' <<<"$answer")"

# Changed: who may use it, what it may be used for; a secret that is null stays.
expect 200 "$root" PATCH /connections/shell '{"access_groups":[],"secret":{"envvar:WORD":null}}'
same "Ben's command" canary "$(as ben@example.test hoop exec shell -s -i 'echo $WORD')"
expect 200 "$root" PATCH /connections/shell '{"access_mode_exec":"disabled"}'
refused "exec is disabled" env HOOP_CONFIG="$work/ben@example.test.toml" hoop exec shell -s -i 'echo no'
expect 200 "$root" PUT /connections/shell "{\"type\":\"custom\",\"agent_id\":\"$agent_id\",\"command\":[\"bash\",\"-u\"]}"
same "enabled again, secret kept" canary "$(as ben@example.test hoop exec shell -s -i 'echo $WORD')"
expect 200 "$ben" GET '/connections?tags=demo'
same "PUT dropped the tag" 0 "$(json length <<<"$answer")"
expect 422 "$root" PATCH /connections/shell '{"type":"nosuch"}'

# A service account runs commands with the token that an administrator made.
expect 201 "$root" POST /serviceaccounts '{"subject":"ci","name":"CI","groups":["dba"],"status":"active"}'
expect 201 "$root" POST /serviceaccounts/ci/token '{"lifetime_sec":600}'
ci=$(json .token <<<"$answer")
expect 200 "$ci" GET /userinfo
same "who" ci "$(json .id <<<"$answer")"
expect 403 "$ci" POST /users '{"email":"x@example.test"}'
sed "s/^token *=.*/token = \"$ci\"/" "$work/ann@example.test.toml" >"$work/ci.toml"
same "its command" canary "$(as ci hoop exec shell -s -i 'echo $WORD')"
expect 200 "$root" PUT /serviceaccounts/ci '{"subject":"ci","groups":[],"status":"inactive"}'
expect 401 "$ci" GET /userinfo
refused "not active" env HOOP_CONFIG="$work/ci.toml" hoop exec shell -s -i 'echo no'

# An API key does not run out, until it is revoked.
expect 201 "$root" POST /api-keys '{"name":"robot","groups":["dba"]}'
key=$(json .key <<<"$answer")
sed "s/^token *=.*/token = \"$key\"/" "$work/ann@example.test.toml" >"$work/robot.toml"
same "its command" canary "$(as robot hoop exec shell -s -i 'echo $WORD')"
expect 204 "$root" DELETE /api-keys/robot
expect 401 "$key" GET /userinfo
refused "not active" env HOOP_CONFIG="$work/robot.toml" hoop exec shell -s -i 'echo no'

# Deactivated: out at once, also in the middle of a session.
running() { # running EMAIL: a command of that user that would go on
  mkfifo "$work/running"
  HOOP_CONFIG=$work/$1.toml "$bin/hoop" exec shell -s -i 'echo begun; sleep 600' >"$work/running" 2>"$work/running.log" &
  client=$!
  started+=("$client")
  read_line "$work/running" "$client" 30
  rm "$work/running"
}
running ann@example.test
expect 200 "$root" PUT /users/ann@example.test '{"status":"inactive"}'
ended=0 && wait "$client" || ended=$?
[ "$ended" != 0 ] || fail "the session of a deactivated user ended well"
contains "what she reads" "$(cat "$work/running.log")" "user is not active"
expect 401 "$ann" GET /userinfo
refused "not active" env HOOP_CONFIG="$work/ann@example.test.toml" hoop exec shell -s -i 'echo no'
expect 401 '' POST /localauth/login '{"email":"ann@example.test","password":"her password"}'
expect 200 "$root" PUT /users/ann@example.test '{"status":"active"}'
expect 200 "$ann" GET /userinfo

# A new password ends the tokens of before.
sleep 1 # tokens name whole seconds
expect 403 "$ben" PUT /users/self/password '{"old_password":"wrong","password":"a better one"}'
expect 200 "$ben" PUT /users/self/password '{"old_password":"his password","password":"a better one"}'
expect 401 "$ben" GET /userinfo
ben=$(sign_in ben@example.test 'a better one')
expect 204 "$root" PUT /users/ben@example.test/password '{"password":"set by another"}'
ben=$(sign_in ben@example.test 'set by another')

# Deleted: group, connection, user, agent. The last administrator stays.
expect 204 "$root" DELETE /users/groups/dba
expect 200 "$root" GET /users/ann@example.test
same "her groups" 0 "$(json '.groups | length' <<<"$answer")"
running ben@example.test
expect 204 "$root" DELETE /connections/shell
wait "$client" && fail "the session of a deleted connection ended well"
contains "what he reads" "$(cat "$work/running.log")" "connection was deleted"
refused "connection not found" env HOOP_CONFIG="$work/ben@example.test.toml" hoop exec shell -s -i 'echo no'
expect 204 "$root" DELETE /users/ben@example.test
expect 401 "$ben" GET /userinfo
expect 422 "$root" DELETE /users/root@example.test
expect 204 "$root" DELETE /agents/prod
expect 404 "$root" GET /agents/prod
wait_line "$work/agent.log" "$agent" 20 'agent was deleted|invalid authentication'

# What was changed is kept, for auditors and administrators only.
expect 403 "$ann" GET /audit/logs
expect 200 "$root" GET '/audit/logs?page_size=100'
same "deleted, newest first" agents,users,users,connections,user_groups,api_keys \
  "$(json '[.data[] | select(.action == "delete") | .resource_type] | join(",")' <<<"$answer")"
same "refused" 422 "$(json '[.data[] | select(.http_path == "/api/users/root@example.test")][0].http_status' <<<"$answer")"
kept=$answer

# Nothing of it in the log or there: passwords, tokens, secrets.
for word in 'her password' 'his password' 'a good one' 'a better one' canary Y2FuYXJ5 "$root" "$ci" "$key"; do
  ! grep -qF -- "$word" "$work/gateway.log" || fail "the log says [$word]"
  ! grep -qF -- "$word" <<<"$kept" || fail "what is kept says [$word]"
done
contains "refused sign-ins" "$(cat "$work/gateway.log")" 'sign-in refused'
