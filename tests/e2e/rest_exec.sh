#!/bin/bash
# Sessions by REST alone, with curl: commands that are short, that outlive their answer, are watched, killed or refused;
# then lists, pages, downloads and numbers.
. "$(dirname "$0")/lib.sh"
need curl jq

cat >"$work/connections.yaml" <<EOF
connections:
  - {name: shell, type: command-line, command: [sh], env: {FIXED: operator}}
  - {name: tcp, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "1"}}
EOF
start_dev "$work/connections.yaml" --exec-wait 1

run() { api POST /sessions "$1"; } # run BODY: the answer

status() { # status METHOD PATH [BODY]: the status and the body of an answer
  curl -sS -o "$work/body" -w '%{http_code} ' -X "$1" -H "Authorization: Bearer $token" ${3:+--data "$3"} "$api_url/api$2"
  cat "$work/body"
}

# until_done ID: asks until the session is over; its row is in $session.
until_done() {
  local tries=0
  until session=$(api GET "/sessions/$1") && [ "$(json .status <<<"$session")" = done ]; do
    [ $((tries += 1)) -lt 300 ] || fail "session $1 does not end: $session"
    sleep 0.1
  done
}

# --- A short one ---
answer=$(run '{"connection":"shell","script":"echo $1 $BAR $FIXED; echo err >&2","client_args":["-s","one"],
  "env_vars":{"envvar:BAR":"YmFy","envvar:FIXED":"bWluZQ=="}}')
same "output" "err one bar operator" "$(json '.output / "\n" | map(select(. != "")) | sort | join(" ")' <<<"$answer")"
same "status" "success 0 false" "$(json '"\(.output_status) \(.exit_code) \(.truncated)"' <<<"$answer")"
id=$(json .session_id <<<"$answer")
session=$(api GET "/sessions/$id?expand=event_stream,session_input&event_stream=utf8")
same "row" "done 0 exec" "$(json '"\(.status) \(.exit_code) \(.verb)"' <<<"$session")"
contains "stream" "$(json '.event_stream[0]' <<<"$session")" 'one bar operator'
contains "script" "$(json .script.data <<<"$session")" 'echo $1'
"$bin/hoop" audit verify "$id" >"$work/verify" || fail "the record of $id is not sound: $(cat "$work/verify")"

answer=$(run '{"connection":"shell","script":"echo half; exit 3"}')
same "failure" $'half\nfailed executing command, reason=exit status 3' "$(json .output <<<"$answer")"
same "failure's code" "failed 3" "$(json '"\(.output_status) \(.exit_code)"' <<<"$answer")"

# --- Refused before it begins: an answer, and a row that is over ---
answer=$(run '{"connection":"tcp","script":"x"}')
contains "tcp" "$(json .output <<<"$answer")" "code = InvalidArgument desc = exec is not allowed for tcp"
same "tcp's code" "failed -2" "$(json '"\(.output_status) \(.exit_code)"' <<<"$answer")"
id=$(json .session_id <<<"$answer")
until_done "$id"
same "its code" 254 "$(json .exit_code <<<"$session")"
hoop audit verify "$id" >"$work/verify" || fail "the record of the refused $id is not sound: $(cat "$work/verify")"
same "unknown connection" '400 {"message":"connection nosuch not found"}' "$(status POST /sessions '{"connection":"nosuch"}')"

# --- One that outlives its answer ---
mkfifo "$work/go"
answer=$(run "{\"connection\":\"shell\",\"script\":\"read line <'$work/go'; echo \$line\"}")
same "still running" "running -2" "$(json '"\(.output_status) \(.exit_code)"' <<<"$answer")"
id=$(json .session_id <<<"$answer")
same "its row" "open" "$(api GET "/sessions/$id" | json .status)"
echo later >"$work/go"
until_done "$id"
same "its end" "0" "$(json .exit_code <<<"$session")"
same "its output" "later" "$(api GET "/sessions/$id?expand=event_stream&event_stream=utf8" | json '.event_stream[0]')"

# --- One that is watched ---
answer=$(run "{\"connection\":\"shell\",\"script\":\"read line <'$work/go'; echo \$line; exit 3\"}")
id=$(json .session_id <<<"$answer")
spawn "$work/live" curl -sS -N -H "Authorization: Bearer $token" "$api_url/api/sessions/$id/stream"
wait_line "$work/live" "$spawned" 10 '^: connected$'
echo watched >"$work/go"
wait "$spawned" || fail "the stream of $id broke off: $(cat "$work/live")"
events() { sed -n 's/^data: //p' "$work/live" | jq -j "select(.type == \"$1\").payload | @base64d"; }
same "live output" "watched" "$(events o)"
same "live error" "failed executing command, reason=exit status 3" "$(events e)"
same "live end" "event: session_end data: {}" "$(tail -n 3 "$work/live" | tr '\n' ' ' | sed 's/ *$//')"
until_done "$id"
same "over" $': connected\n\nevent: session_end\ndata: {}' "$(api GET "/sessions/$id/stream")"

# --- One that is killed ---
answer=$(run '{"connection":"shell","script":"sleep 3600"}')
id=$(json .session_id <<<"$answer")
api POST "/sessions/$id/kill" '{}'
until_done "$id"
contains "killed" "$(json .end_reason <<<"$session")" "killed by admin@hoop.local"

# --- One that is killed while it waits for an agent ---
hoop admin create agent away >/dev/null
hoop admin create connection gone -a away -t command-line -- sh >/dev/null
id=$(run '{"connection":"gone","script":"x"}' | json .session_id)
api POST "/sessions/$id/kill" '{}'
until_done "$id"
contains "killed while it waited" "$(json .end_reason <<<"$session")" "killed by admin@hoop.local"
hoop audit verify "$id" >"$work/verify" || fail "the record of the killed $id is not sound: $(cat "$work/verify")"

# --- Lists: filters, pages by key ---
run '{"connection":"shell","script":"printf \"a\\tb\"","metadata":{"ticket":"T-1"},"correlation_id":"c-1","session_batch_id":"b-1"}' >"$work/noted"
noted=$(json .session_id <"$work/noted")
same "correlation" "$noted" "$(api GET '/sessions?correlation_id=c-1' | json '.data | map(.id) | join(" ")')"
same "batch" "T-1" "$(api GET '/sessions?batch_id=b-1' | json '.data[0].metadata.ticket')"
same "nothing" "0" "$(api GET '/sessions?correlation_id=nosuch' | json '.data | length')"
all=$(api GET '/sessions?limit=100' | json '.data | map(.id) | join(" ")')
paged= cursor=
while :; do
  page=$(api GET "/sessions?limit=2&cursor=$cursor")
  paged+=" $(json '.data | map(.id) | join(" ")' <<<"$page")"
  cursor=$(jq -r .next_cursor <<<"$page")
  [ -n "$cursor" ] || break
done
same "pages" "$all" "${paged# }"
same "by name" "1" "$(api GET '/sessions?connection=tcp' | json '.data | length')"
same "status of a bad filter" 422 "$(status GET '/sessions?limit=x' | cut -d' ' -f1)"

# --- Downloads ---
url=$(api GET "/sessions/$noted?extension=csv" | json .download_url)
same "download" "a,b" "$(curl -sS --fail "$url")"
same "only once" 404 "$(curl -sS -o /dev/null -w '%{http_code}' "$url")"
same "result" "$(printf 'a\tb')" "$(api GET "/sessions/$noted/result/stream")"
big=$(run '{"connection":"shell","script":"head -c 20000000 /dev/zero | tr \"\\0\" x"}')
same "cut" "true" "$(json .truncated <<<"$big")"
url=$(api GET "/sessions/$(json .session_id <<<"$big")?extension=txt" | json .download_url)
same "the whole" "20000000" "$(curl -sS --fail "$url" | wc -c)"

# --- How it does ---
same "ready" '200 {"ready":true,"store":"ok","journal":"ok"}' "$(status GET /healthz/ready)"
metrics=$(api GET /metrics)
for line in 'hoop_sessions_open{type="command-line"} 0' 'hoop_agents_online 1' 'hoop_journal_full 0' \
  'hoop_http_requests_total{method="GET",route="/healthz/ready",status="200"} 1'; do
  contains "metrics" "$metrics" "$line"
done
if command -v promtool >/dev/null; then promtool check metrics <<<"$metrics" || fail "promtool refuses the metrics"; fi
