#!/bin/bash
# A TCP service: several local connections in one session, one that ends does not end the others, half close.
. "$(dirname "$0")/lib.sh"

start_tcp_demo
cat >"$work/connections.yaml" <<Y
connections:
  - {name: tcp, type: application/tcp, env: {HOST: 127.0.0.1, PORT: "$tcp_port"}}
Y
start_dev "$work/connections.yaml"
connect tcp

exec {one}<>"/dev/tcp/127.0.0.1/$port" {two}<>"/dev/tcp/127.0.0.1/$port"
read -r -t 10 banner <&"$one" && contains "the server speaks first" "$banner" "tcp-demo ready"
read -r -t 10 banner <&"$two"
echo 'echo one' >&"$one" && read -r -t 10 answer <&"$one" && same "first" one "$answer"
exec {one}>&-
echo 'sum 1 2 3' >&"$two" && read -r -t 10 answer <&"$two" && same "second goes on" 6 "$answer"
exec {three}<>"/dev/tcp/127.0.0.1/$port"
read -r -t 10 banner <&"$three"
echo quit >&"$three" && read -r -t 10 answer <&"$three" && same "the target closes" bye "$answer"
code=0
read -r -t 10 answer <&"$three" || code=$?
same "its end arrives" 1 "$code"
echo 'echo still here' >&"$two" && read -r -t 10 answer <&"$two" && same "second goes on" "still here" "$answer"
# Recorded bytes do not speak to the terminal of who reads them.
printf 'echo \x9b31m \x1b[31m \xc2\x9b31m \xc3\xbc\n' >&"$two" && read -r -t 10 answer <&"$two"
stop "$client" INT
contains "controls in a replay" "$(hoop sessions replay last --no-timing)" '\x9b31m \x1b[31m \xc2\x9b31m ü'
contains "replay" "$(hoop sessions replay last --raw)" "still here"
contains "verification" "$(hoop audit verify last)" "whole and unchanged"

# A port that is taken is found before a session is opened, the default one, too. (Somebody else may have it already.)
sessions=$(hoop sessions list --all -q | wc -l)
refused "127.0.0.1:$tcp_port" hoop connect tcp -p "$tcp_port"
for port in 65536 -1 x; do refused "hoop: --port: Value $port not in range 0 to 65535" hoop connect tcp "--port=$port"; done
spawn "$work/holder.log" "$bin/tcp-demo" --listen 127.0.0.1:8999
wait_line "$work/holder.log" "$spawned" 10 8999
code=0
said=$(timeout 60 hoop connect tcp 2>&1 </dev/null) || code=$?
same "one line" "hoop: tcp: listen on 127.0.0.1:8999: Address already in use; -p 0 takes any free port" "$said"
same "exit code" 1 "$code"
same "no session was opened" "$sessions" "$(hoop sessions list --all -q | wc -l)"
