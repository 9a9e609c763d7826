#!/bin/bash
# Rubbish at each door, wrong credentials, unknown names: one clear error each, the process lives, its memory is flat.
. "$(dirname "$0")/lib.sh"

start_tcp_demo
cat >"$work/connections.yaml" <<Y
connections:
  - {name: shell, type: command-line, command: [sh]}
  - {name: tcp, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "$tcp_port"}}
  - {name: down, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "1"}}
Y
bad_file() { # bad_file REFUSAL SED: what is said of the file, as it is changed
  sed "$2" "$work/connections.yaml" >"$work/bad.yaml"
  refused "start dev: $work/bad.yaml:$1" \
    hoop start dev --data "$work/bad" --http 127.0.0.1:0 --grpc 127.0.0.1:0 --connections "$work/bad.yaml"
  [ ! -e "$work/bad" ] || fail "a refused file left $(ls "$work/bad")"
}
bad_file '2: connection "sh": name: it must contain between 3 and 254 alphanumeric characters' s/shell/sh/
bad_file '3: connection "tcp": type: nonsense is none' s#application/tcp#nonsense#
bad_file '3: this line is indented otherwise than those it belongs to' '3s/^  /   /'
bad_file '3: type: "database/" is incomplete' s#application/tcp#database/#
bad_file '3: connection "tcp": subtype: is missing; of type database there are postgres' s#application/tcp#database#
bad_file '3: connection "tcp": missing required secrets for type postgres [USER, PASS]; a server that asks for no password' \
  '3s#application/tcp#database/postgres#'
bad_file '5: overwrite: true or false is expected' '$a overwrite: perhaps'
bad_file '3: agent prod is not there: `hoop start dev` brings one along, dev' 's/name: tcp/agent: prod, &/'
sed -i 's/name: shell/&, groups: [nobody-yet, admin]/' "$work/connections.yaml"
start_dev "$work/connections.yaml"
wait_line "$work/dev.log" "$dev" 10 "hoop: nobody is in group nobody-yet; .hoop admin update user EMAIL --add-group 'nobody-yet'. puts"
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$dev/status"; }
http=${api_url##*:} grpc=${grpc_url##*:}

throw() { # throw PORT COUNT: random byte strings of random lengths, some behind a valid beginning
  local i
  for ((i = 0; i < $2; ++i)); do
    exec {door}<>"/dev/tcp/127.0.0.1/$1" || fail "port $1 does not accept any more"
    {
      case $((i % 4)) in
        1) printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n' ;;
        2) printf 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0' ;;
        3) printf 'GET /api/healthz HTTP/1.1\r\n' ;;
      esac
      head -c $((RANDOM % 3000)) /dev/urandom
    } >&"$door" 2>/dev/null || true
    exec {door}>&-
  done
}
throw "$http" 100
throw "$grpc" 100
before=$(memory)
throw "$http" "${STRINGS:-400}"
throw "$grpc" "${STRINGS:-400}"
kill -0 "$dev" || fail "the process ended"
after=$(memory)
[ $((after - before)) -lt 8192 ] || fail "memory grew from $before to $after KiB"
echo "memory: $before KiB before, $after KiB after"
same "still serving" 4 "$(hoop exec shell -s -i 'echo $((2+2))')"

refused "connection not found" hoop connect nothing -p 0
refused "exec is not allowed for tcp type connections" hoop exec tcp -i x
refused "failed connecting to remote host" hoop connect down -p 0
HOOP_TOKEN=wrong HOOP_APIURL=$api_url HOOP_GRPCURL=$grpc_url refused "invalid authentication" hoop connect tcp -p 0
HOOP_TOKEN=x HOOP_APIURL=http://127.0.0.1:1 HOOP_GRPCURL=grpc://127.0.0.1:1 refused "127.0.0.1:1" hoop exec shell -i x
same "an unknown route" 404 "$(curl -s -o /dev/null -w '%{http_code}' "$api_url/api/nothing")"
same "no token" 401 "$(curl -s -o /dev/null -w '%{http_code}' "$api_url/api/sessions")"
HOOP_KEY=grpc://x:xagt-$(printf 'A%.0s' {1..43})@127.0.0.1:$grpc spawn "$work/agent.log" "$bin/hoop-agent"
wait_line "$work/agent.log" "$spawned" 10 'invalid authentication'
stop "$spawned" TERM
refused "HOOP_KEY" env -u HOOP_KEY "$bin/hoop-agent"
