#!/bin/bash
# Everything by the command line: a gateway and an agent from their environment, then users, groups, service accounts,
# agents, connections, who may use what, and sessions by `hoop admin`, `hoop sessions`, `connect` and `exec` alone.
. "$(dirname "$0")/lib.sh"

# --- Gateway, first account, agent ---

http=$(free_port) grpc=$(free_port) api_url=http://127.0.0.1:$http
HOOP_DATA_DIR=$work/gateway HOOP_HTTP_LISTEN=127.0.0.1:$http HOOP_GRPC_LISTEN=127.0.0.1:$grpc API_URL=$api_url \
  spawn "$work/gateway.log" "$bin/hoop-gateway"
wait_line "$work/gateway.log" "$spawned" 30 'gateway serving'

# not_done PART COMMAND...: as refused, for functions.
not_done() {
  local part=$1 output
  shift
  if output=$("$@" 2>&1); then fail "[$*] was not refused: $output"; fi
  contains "[$*]" "$output" "$part"
}
as() { HOOP_CONFIG=$work/$1.toml "${@:2}"; } # as WHO COMMAND...
export HOOP_CONFIG=$work/admin.toml
login() { as "$1" hoop login --api-url "$api_url" --email "$1@example.test" --password-stdin "${@:3}" <<<"$2"; }
not_done "not the gateway's set-up token" login admin admin-secret --setup-token wrong
same "the first account" "Login succeeded" "$(login admin admin-secret --setup-token "file://$work/gateway/setup-token")"
not_done "the first account is there already" login other other-secret --setup-token wrong

key=$(hoop admin create agent "Far Side" 2>"$work/note")
contains "the name" "$(cat "$work/note")" "taken as far_side"
refused "agent far_side exists already" hoop admin create agent far_side
refused "agent never_was not found" hoop admin delete agent never_was
refused "HOOP_KEY: not a key of a gateway: one is <scheme>://<name>:<secret>@<host>:<port>; \`hoop admin create agent NAME\` prints an agent's" env HOOP_KEY=garbage "$bin/hoop-agent"
HOOP_KEY=$key spawn "$work/agent.log" "$bin/hoop-agent"
wait_line "$work/agent.log" "$spawned" 20 'connected to the gateway'
contains "the agent" "$(hoop admin get agents)" "ONLINE"
same "the agent as JSON" far_side "$(hoop admin get agent/far_side -o json | json .name)"

# --- Connections ---

start_tcp_demo
same "created" "connection shell created" "$(hoop admin create connection shell -a far_side -t command-line -e GREETING=hello -e B=base64://YmI= -- bash)"
refused "connection shell exists already; --overwrite" hoop admin create connection shell -a far_side -- bash
same "replaced" "connection shell updated" "$(hoop admin create connection shell -a far_side -e GREETING=hello -e KEPT=kept --overwrite -- bash)"
refused 'invalid connection type "bogus": one of custom' hoop admin create connection x -a far_side -t bogus
refused "missing required envs [PORT] for application/tcp" hoop admin create connection x -a far_side -t application/tcp -e HOST=h
refused "command-line type must be at least one command" hoop admin create connection x -a far_side
refused "agent nobody not found; \`hoop admin get agents\`" hoop admin create connection x -a nobody -- bash
refused "-e PASS: $work/none: No such file or directory" \
  hoop admin create connection x -a far_side -t database/postgres -e HOST=h -e USER=u -e PASS="file://$work/none"
refused "name: it must contain between 3 and 254" hoop admin create connection x -a far_side -- bash
refused "connections file: $work/none: No such file or directory" hoop admin create connections --from-file "$work/none"
printf 'agent: far_side\nconnections:\n  - name: x\n    env: {A: "file://%s"}\n' "$work/none" >"$work/bad.yaml"
refused "$work/bad.yaml:4: env.A: $work/none: No such file or directory" hoop admin create connections --from-file "$work/bad.yaml"
echo 'from a file' >"$work/secret" # with a line feed
cat >"$work/team.yaml" <<END
agent: far_side
connections:
  - {name: lines, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "$tcp_port"}, tags: {team: data}, groups: [nobody-yet]}
  - {name: filed, command: [bash], env: {SECRET: "file://$work/secret"}}
  - {name: nowhere, agent: nobody, command: [bash]}
END
echo "connections: [{name: orders, agent: far_side, type: database/postgres, env: {HOST: h, USER: u}}]" >"$work/less.yaml"
refused 'connection orders: missing required envs [PASS] for database/postgres type: env: {PASS: VALUE}' hoop admin create connections --from-file "$work/less.yaml"
output=$(hoop admin create connections --from-file "$work/team.yaml" 2>"$work/note") && fail "one of them has no agent"
contains "each one" "$output" "[1/3] connection lines created"
same "the last one" "hoop: $work/team.yaml:5: connection nowhere: agent nobody not found; \`hoop admin get agents\` lists them" \
  "$(grep nowhere "$work/note")"
same "lines on standard error" 2 "$(wc -l <"$work/note")"
contains "the sum" "$output" "done: 2 succeeded, 1 failed out of 3 total"
contains "what nobody has" "$(cat "$work/note")" "nobody is in group nobody-yet; \`hoop admin update user EMAIL --add-group 'nobody-yet'\`"
same "its groups" nobody-yet "$(hoop admin get connections/lines -o json | json '.access_groups | join(" ")')"
hoop admin update connection lines --groups '' >/dev/null
same "a value from a file" "<from a file>" "$(hoop exec filed -s -i 'printf "<%s>" "$SECRET"')"

hoop admin update connection shell -e GREETING=good-bye >/dev/null
same "one variable changes, the others stay" "good-bye kept" "$(hoop exec shell -s -i 'echo $GREETING $KEPT')"
hoop admin update connection shell --unset KEPT --access-modes connect >/dev/null
refused "shell" hoop exec shell -s -i true
hoop admin update connection shell --access-modes exec,connect,runbooks >/dev/null
same "one goes" "good-bye" "$(hoop exec shell -s -i 'echo $GREETING $KEPT')"
refused "--unset KEPT: not set" hoop admin update connection shell --unset KEPT
refused "connection nowhere not found" hoop admin update connection nowhere --record buffered
refused "nothing to change is given; one of -- COMMAND, --agent, --type, --env, --record" hoop admin update connection shell
contains "described" "$(hoop describe shell)" "envvar:GREETING"
[[ $(hoop describe shell --json) != *good-bye* ]] || fail "a secret's value is shown"
same "listed" "filed lines shell" "$(hoop list --json | json '[.[].name] | sort | join(" ")')"
same "roles" "filed lines shell" "$(hoop roles -q | sort | xargs)"
same "resources" lines "$(hoop resources list --subtype tcp -q)"
contains "tags" "$(hoop list -o wide)" "team=data"

# --- People, and who may use what ---

hoop admin create user dev@example.test --password-stdin <<<dev-secret >/dev/null
hoop admin create user dba@example.test --name "Data Base" --groups dba,oncall --password-stdin <<<dba-secret 2>"$work/note" >/dev/null
same "mistyped groups are found" "hoop: nobody else is in groups dba, oncall, and no connection is for them: new, or mistyped?" "$(cat "$work/note")"
refused "user dba@example.test exists already" hoop admin create user dba@example.test
login dev dev-secret >/dev/null
login dba dba-secret >/dev/null
same "nothing is said of what is there" "connection lines updated" "$(hoop admin update connection lines --groups dba 2>&1)"
same "the developer sees" "filed shell" "$(as dev hoop roles -q | sort | xargs)"
same "who is in the group sees" "filed lines shell" "$(as dba hoop roles -q | sort | xargs)"
not_done "connection lines not found" as dev hoop describe lines
not_done "lines: connection not found" as dev hoop connect lines -p 0
same "an update" "user dev@example.test updated" "$(hoop admin update user dev@example.test --add-group dba --name Dev)"
same "in the group now" "filed lines shell" "$(as dev hoop roles -q | sort | xargs)"
same "with his name" "Dev dba" "$(hoop admin get user/dev@example.test -o json | json '.name + " " + (.groups | join(","))')"
contains "the groups" "$(hoop admin get groups)" "dev@example.test"
hoop admin update user --groups '' dev@example.test >/dev/null
same "one's own rights stay" "user admin@example.test updated, but the gateway made the groups: admin" \
  "$(hoop admin update user admin@example.test --remove-group admin)"
same "in no group any more" "filed shell" "$(as dev hoop roles -q | sort | xargs)"
same "made" "group empty created" "$(hoop admin create group empty)"
refused "nothing to change is given; one of --groups, --name, --disable, --add-group" hoop admin update user dev@example.test
refused "group empty exists already" hoop admin create group empty
same "gone" 'group "empty" deleted' "$(hoop admin delete group empty)"
refused "group empty not found" hoop admin delete group/empty
hoop admin update connection lines --groups '' >/dev/null
same "everybody may use it" "filed lines shell" "$(as dev hoop roles -q | sort | xargs)"

same "a password of one's own" "password changed" "$(printf 'dev-secret\ndev-secret-2\n' | as dev hoop password --password-stdin)"
as dev hoop list >/dev/null || fail "the new token is not kept"
not_done "wrong e-mail or password" login dev dev-secret
hoop admin update user dba@example.test --disable >/dev/null
not_done "hoop: " as dba hoop list
hoop admin update user dba@example.test --enable >/dev/null
hoop admin delete user/dba@example.test >/dev/null
refused "user dba@example.test not found" hoop admin get user dba@example.test -o json

contains "a group of its own" "$(hoop admin create serviceaccount ci --groups deploy 2>&1)" "nobody else is in group deploy"
token=$(hoop admin create token ci --days 1)
program() { HOOP_APIURL=$api_url HOOP_GRPCURL=grpc://127.0.0.1:$grpc HOOP_TOKEN=$token "$@"; }
same "a program's session" "by ci" "$(program hoop exec shell -s -i 'echo by ci')"
hoop admin update sa ci --disable >/dev/null
not_done "hoop: " program hoop exec shell -s -i true
contains "shut out" "$(hoop admin get sa)" inactive
refused "stay for the record" hoop admin delete sa/ci
refused "nothing to change is given; one of --groups, --name, --disable" hoop admin update sa ci

# --- Sessions ---

connect lines
exec {line_socket}<>"/dev/tcp/127.0.0.1/$port"
read -r -u "$line_socket" banner
contains "the service" "$banner" "tcp-demo ready"
same "it runs" open "$(hoop sessions get "$session" --json | json .status)"
same "those that run" "$session" "$(hoop sessions list --status open -q)"
same "in JSON" "[\"$session\"] 1 false" "$(hoop sessions list --status open --all --json | jq -r '"\(.data | map(.id)) \(.total) \(.has_next_page)"')"
done_ids=$(hoop sessions list --status done --all -q)
[[ $done_ids != *$session* ]] || fail "a running session is listed as done"
same "so many" "$(sed -n 2,3p <<<"$done_ids")" "$(hoop sessions list --status done --offset 1 --limit 2 -q 2>"$work/note")"
same "and more" "more: --offset 3, or --all" "$(cat "$work/note")"
same "so many in JSON" "1 null true" "$(hoop sessions list --status done --limit 1 --json | jq -r '"\(.data | length) \(.total) \(.has_next_page)"')"
refused "--status: running not in {open,ready,done}" hoop sessions list --status running
same "killed" "session $session killed" "$(hoop sessions kill "$session")"
code=0
wait "$client" || code=$?
[ "$code" != 0 ] || fail "a killed session's exit code is 0"
same "none runs" "" "$(hoop sessions list --status open -q)"
same "killed once" "session $session was over already" "$(hoop sessions kill "$session")"
contains "why it ended" "$(hoop sessions list --connection lines --limit 1)" "killed by admin"
mkfifo "$work/said"
as dev spawn "$work/said" "$bin/hoop" exec shell -s -i 'echo there; sleep 60'
command=$spawned
exec {said}<"$work/said"
read -r -u "$said" _
open=$(hoop sessions list --user dev@example.test --status open -q)
so_far() { # so_far COMMAND...: shows what there is, and says that there will be more
  same "${*:2}" there "$("$@" 2>"$work/note")"
  same "what comes" "hoop: session $open is still open: that is what was recorded so far" "$(cat "$work/note")"
}
so_far hoop sessions replay "$open"
so_far hoop sessions download "$open" -
hoop sessions kill "$open" >/dev/null
stop "$command" 0
contains "somebody else killed it" "$(cat <&"$said")" "shell: session killed by an administrator"
hoop exec shell -s -i 'printf "a\tb\n"; echo wrong >&2; exit 3' >/dev/null 2>&1 && fail "the exit code is lost"
contains "the newest" "$(hoop sessions list --limit 1 --fields id,connection,exit_code | tail -n 1)" "shell"
same "its code" 3 "$(hoop sessions list --limit 1 --fields exit_code | tail -n 1)"
same "one a line" 1 "$(hoop sessions list --limit 1 -q | wc -l)"
same "all pages" "$(hoop sessions list --all -q | wc -l)" "$(hoop sessions list --limit 1 --count exact --json | json .total)"
same "by age" 0 "$(hoop sessions list --end-date 1h -q | wc -l)"
refused "no date" hoop sessions list --start-date yesterday
refused "session nonsense not found" hoop sessions get nonsense
refused "session 00000000-0000-0000-0000-000000000000 not found" hoop sessions replay 00000000-0000-0000-0000-000000000000
for speed in 0 -1 nan inf x; do
  same "--speed $speed" "hoop: --speed: $speed is no number above 0; see \`hoop sessions replay --help\`" "$(hoop sessions replay last --speed=$speed 2>&1)"
done
same "--speed 2.5" $'a\tb' "$(hoop sessions replay last --speed 2.5 2>/dev/null)"
hoop sessions download last "$work/out.txt" >/dev/null
same "downloaded" $'a\tb\nwrong' "$(cat "$work/out.txt")"
refused "exists already; --overwrite" hoop sessions download last "$work/out.txt"
same "as CSV" "a,b" "$(hoop sessions download last - --format csv --events o)"
same "as JSON" "o e" "$(hoop sessions download last - --format json | json '[.[].type] | join(" ")')"
hoop exec shell -s -i true
contains "an empty one" "$(hoop sessions replay last 2>&1)" "has no output in its record"
contains "an empty file" "$(hoop sessions download last - 2>&1)" "has no output in its record"
same "its input is no output" "" "$(hoop sessions download last - --events i 2>&1 >/dev/null)"
contains "as the real one has it" "$(hoop admin get sessions -q connection=lines -q limit=1)" APPROVERS
refused "-q usr: no such filter" hoop admin get sessions -q usr=me
contains "proof" "$(hoop audit verify last)" "whole and unchanged"

same "the id alone" "$(hoop sessions list --limit 1 -q)" "$(hoop sessions get last -q)"
hoop exec shell -s --correlation-id ticket-7 -i true
same "found by others' name for it" "$(hoop sessions get last -q)" "$(hoop sessions list --correlation-id ticket-7 -q)"
refused "correlation-id: wants up to 255 printable ASCII characters" hoop exec shell -s --correlation-id 'two words' -i true

# --- Plugins, resources, what is made as JSON ---

same "a plugin" "plugin access_control updated" "$(hoop admin create plugin access_control --connection 'lines:dba;oncall' --overwrite 2>"$work/note")"
contains "what nobody has" "$(cat "$work/note")" "hoop: nobody is in groups dba, oncall; "
same "what it means" '["dba","oncall"]' "$(hoop admin get connections/lines -o json | jq -c .access_groups)"
contains "plugins" "$(hoop admin get plugins)" access_control
refused "plugin access_control exists already; --overwrite" hoop admin create plugin access_control
refused "there is none of this name" hoop admin create plugin nonsense
refused "connection nowhere not found" hoop admin create plugin access_control --connection nowhere:dba --overwrite
refused "plugin audit has no configuration" hoop admin create plugin audit -c A=b --overwrite
hoop admin update connection lines --groups '' >/dev/null
same "a resource" "resource store created" "$(hoop resources create store --type application --subtype tcp)"
refused "resource store exists already" hoop resources create store --type application
refused "a resource keeps no secrets" hoop resources create other --type custom --env-var A=b
same "its role" store "$(hoop resources roles create store-lines --resource store --type application --subtype tcp --agent-id far_side \
  --secret HOST=127.0.0.1 --secret PORT=1 --json | json .resource_name)"
same "listed" store-lines "$(hoop resources roles list store -q)"
hoop admin delete connection store-lines >/dev/null
same "an agent as JSON" true "$(hoop admin create agent json-agent -o json | json '.token | startswith("grpc")')"
hoop admin delete agent json-agent >/dev/null
refused "hoop: user notmail: an e-mail address such as you@example.com is expected" hoop admin create user notmail
same "a user as JSON" json@example.test "$(hoop admin create user json@example.test --json 2>"$work/note" | json .email)"
same "how he signs in" "hoop: json@example.test has no password and cannot sign in; \`hoop admin update user json@example.test --password-stdin\` sets one" \
  "$(cat "$work/note")"
same "an account as JSON" robot "$(hoop admin create sa robot --json | json .subject)"

refused "the minimum duration is 60 seconds" hoop connect lines -d 30s
refused "invalid duration, valid units" hoop connect lines -d soon

# --- What is around it ---

refused "reviews are not served by this gateway" hoop admin get reviews
key=$(hoop admin create orgkeys)
same "the organization's key, again" "$key" "$(hoop admin create orgkeys 2>/dev/null)"
hoop admin delete orgkeys >/dev/null
[ "$key" != "$(hoop admin create orgkeys)" ] || fail "the organization's key is the one that was deleted"
for kind in $(hoop complete admin get '' | cut -f 1); do
  [ "$kind" = reviews ] || hoop admin get "$kind" >/dev/null || fail "hoop admin get $kind"
  [ "$kind" = reviews ] || hoop admin get "$kind" -o json >/dev/null || fail "hoop admin get $kind -o json"
done
contains "did you mean" "$(hoop admin get conections 2>&1 || true)" 'resource type "conections" not supported: one of agents, connections'
contains "serverinfo" "$(hoop admin serverinfo)" "auth_method"
same "the same" "$(hoop admin serverinfo --json | json .version)" "$(hoop admin get serverinfo -o json | json .version)"
contains "gateway-info" "$(hoop admin gateway-info)" "API is running at $api_url, GET /api/healthz [hoop/"
contains "gateway-info" "$(hoop admin gateway-info)" "Ready for sessions: journal: ok, store: ok"
refused "cannot" env HOOP_APIURL=http://127.0.0.1:1 HOOP_GRPCURL=grpc://127.0.0.1:1 HOOP_TOKEN=x hoop admin gateway-info
refused 'there is no `hoop agent` here: as a service an agent is a unit of systemd' hoop agent start
refused '`hoop start dev` is gateway' hoop start standalone
refused 'there is no `hoop admin license` here' hoop admin license sign
contains "completion of commands" "$(hoop complete admin cre)" create
same "completion of names" "shell" "$(hoop complete exec sh | cut -f 1)"
same "completion of words" "durable" "$(hoop complete admin create connection --record d | cut -f 1)"
bash -n <(hoop completion bash) || fail "the lines for bash"
hoop man "$work/man"
[ -s "$work/man/hoop-sessions-list.1" ] || fail "no manual page"
if command -v man >/dev/null; then
  contains "a manual page" "$(MANPAGER=cat man -l "$work/man/hoop-admin-create-user.1" 2>&1)" "hoop-admin-create-user"
fi
for page in "$work"/man/*.1; do [ -s "$page" ] || fail "$page is empty"; done
refused "version 9 is not installed" hoop versions use 9
hoop versions install 9 --from "$(command -v hoop)" --use >/dev/null
same "another version beside it" "hoop $(hoop version | cut -d ' ' -f 2)" "$("$work/bin/hoop" version)"
contains "in use" "$(hoop versions list)" "*"
refused "version 9 is in use; --force" hoop versions remove 9
hoop versions remove 9 --force >/dev/null
same "gone" 'connection "filed" deleted' "$(hoop admin delete connection/filed)"
refused "connection filed not found" hoop admin delete connection filed
same "gone" 'agent "far_side" deleted' "$(hoop admin delete agent far_side)"
away="shell: agent is offline: shell is served by an agent that was deleted: \`hoop admin update connection shell -a AGENT\` gives it another"
refused "hoop: $away" hoop exec shell -s -i true
same "in JSON" '["error","'"$away"'",1]' "$(hoop exec shell --json -i true 2>/dev/null | jq -c '[.status, .message, .exit_code]')"
