#!/bin/bash
# HOOP_GRPC_CLIENT=grpc: gRPC C++ dials instead of our own gRPC, for the command line and for the agent.
. "$(dirname "$0")/lib.sh"
[ -f "$bin/libhoop_grpc.so" ] || skip "built without gRPC C++ (libhoop_grpc.so)"
need nm

cat >"$work/connections.yaml" <<'Y'
connections:
  - {name: sh, type: command-line, command: [sh]}
Y
start_dev "$work/connections.yaml"

# The command line.
export HOOP_GRPC_CLIENT=grpc
same "a command" "7" "$(hoop exec sh -s -i 'echo $((3+4))')"
head -c 5000000 /dev/urandom >"$work/big"
same "5 MB through" "$(md5sum <"$work/big")" "$(hoop exec sh -s -i "cat $work/big" | md5sum)"
code=0
hoop exec sh -s -i 'exit 3' 2>/dev/null || code=$?
same "exit code" 3 "$code"
refused "connection not found" hoop exec nothing -i x
HOOP_TOKEN=wrong HOOP_APIURL=$api_url HOOP_GRPCURL=$grpc_url refused "invalid authentication" hoop exec sh -i x
HOOP_TOKEN=wrong HOOP_APIURL=$api_url HOOP_GRPCURL=grpc://127.0.0.1:1 refused "Connection refused" hoop exec sh -i x

# The agent.
unset HOOP_GRPC_CLIENT
key=$(hoop admin create agent second)
HOOP_KEY=$key HOOP_GRPC_CLIENT=grpc spawn "$work/agent.log" "$bin/hoop-agent"
agent=$spawned
wait_line "$work/agent.log" "$agent" 30 'connected to the gateway'
contains "both capabilities" "$(grep -m 1 'connected to the gateway' "$work/agent.log")" "streams,chunks,ping"
start_tcp_demo
hoop admin create connection far-sh -a second -t command-line -- sh >/dev/null
hoop admin create connection far-tcp -a second -t application/tcp -e HOST=127.0.0.1 -e PORT="$tcp_port" >/dev/null
same "a command over the agent" "Linux" "$(hoop exec far-sh -s -i 'uname -s')"
same "gRPC C++ at both ends" "Linux" "$(HOOP_GRPC_CLIENT=grpc hoop exec far-sh -s -i 'uname -s')"
HOOP_GRPC_CLIENT=grpc connect far-tcp
for i in 1 2 3; do
  exec {socket}<>"/dev/tcp/127.0.0.1/$port"
  read -r -t 20 banner <&"$socket"
  echo "echo line $i" >&"$socket" && read -r -t 20 answer <&"$socket" && same "local connection $i" "line $i" "$answer"
  exec {socket}>&-
done
stop "$client" INT
stop "$agent"
same "the agent ends well" 0 "$ended"

# What cannot be.
HOOP_GRPC_CLIENT=other refused 'HOOP_GRPC_CLIENT: unknown value "other"' hoop exec sh -i x
HOOP_KEY=$key HOOP_GRPC_CLIENT=other refused 'HOOP_GRPC_CLIENT: unknown value "other"' hoop-agent
mkdir "$work/bare"
cp "$bin/hoop" "$bin/hoop-agent" "$work/bare"
HOOP_GRPC_CLIENT=grpc refused "libhoop_grpc.so: cannot open shared object file" "$work/bare/hoop" exec sh -i x
HOOP_KEY=$key HOOP_GRPC_CLIENT=grpc refused "libhoop_grpc.so: cannot open shared object file" "$work/bare/hoop-agent"

# Nobody sees what is inside it, and no program of ours needs it.
same "exported symbols" "hoop_grpc_make_dialer hoop_grpc_version" \
  "$(nm -D --defined-only --format=posix "$bin/libhoop_grpc.so" | cut -d' ' -f1 | sort | paste -sd' ')"
for program in hoop hoop-agent hoop-gateway; do
  ! ldd "$bin/$program" | grep -E 'grpc|protobuf' || fail "$program links gRPC"
done
