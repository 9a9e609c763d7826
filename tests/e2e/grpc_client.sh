#!/bin/bash
# HOOP_GRPC_CLIENT=grpc: gRPC C++ dials instead of our own gRPC, for the command line and for the agent.
. "$(dirname "$0")/lib.sh"
[ -f "$bin/libhoop_grpc.so" ] || skip "built without gRPC C++ (libhoop_grpc.so)"
need nm openssl curl

cat >"$work/connections.yaml" <<'Y'
connections:
  - {name: shell, type: command-line, command: [sh]}
Y
start_dev "$work/connections.yaml"

# The command line.
export HOOP_GRPC_CLIENT=grpc
same "a command" "7" "$(hoop exec shell -s -i 'echo $((3+4))')"
head -c 5000000 /dev/urandom >"$work/big"
same "5 MB through" "$(md5sum <"$work/big")" "$(hoop exec shell -s -i "cat $work/big" | md5sum)"
code=0
hoop exec shell -s -i 'exit 3' 2>/dev/null || code=$?
same "exit code" 3 "$code"
refused "connection not found" hoop exec nothing -i x
HOOP_TOKEN=wrong HOOP_APIURL=$api_url HOOP_GRPCURL=$grpc_url refused "invalid authentication" hoop exec shell -i x
HOOP_TOKEN=wrong HOOP_APIURL=$api_url HOOP_GRPCURL=grpc://127.0.0.1:1 refused "Connection refused" hoop exec shell -i x

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

# Over TLS: our own authority, another one, no authority that is known here; who skips verification is told so.
authority ours
authority theirs
issue ours gw DNS:localhost,IP:127.0.0.1
http=$(free_port) grpc=$(free_port)
TLS_CERT=file://$certs/gw.pem TLS_KEY=file://$certs/gw.key HOOP_DATA_DIR=$work/tls-gateway HOOP_HTTP_LISTEN=127.0.0.1:$http \
  HOOP_GRPC_LISTEN=127.0.0.1:$grpc spawn "$work/gateway.log" "$bin/hoop-gateway"
wait_line "$work/gateway.log" "$spawned" 30 'gateway serving'
dev_config=$HOOP_CONFIG
export HOOP_CONFIG=$work/tls.toml TLS_CA=file://$certs/ours.pem HOOP_GRPC_CLIENT=grpc
hoop login --api-url "https://127.0.0.1:$http" --email me@example.test --password-stdin \
  --setup-token "$(cat "$work/tls-gateway/setup-token")" <<<a-secret >/dev/null
tls_key=$(hoop admin create agent tls)
HOOP_KEY=$tls_key TLS_CA=file://$certs/theirs.pem spawn "$work/stranger.log" "$bin/hoop-agent"
wait_line "$work/stranger.log" "$spawned" 30 'not connected to the gateway.*certificate verify failed'
stop "$spawned"
HOOP_KEY=$tls_key spawn "$work/tls-agent.log" "$bin/hoop-agent"
wait_line "$work/tls-agent.log" "$spawned" 30 'connected to the gateway'
hoop admin create connection tls-sh -a tls -t command-line -- sh >/dev/null
same "gRPC C++ at both ends over TLS" 42 "$(hoop exec tls-sh -s -i 'echo $((6*7))')"
same "our own gRPC at one of them" 42 "$(HOOP_GRPC_CLIENT='' hoop exec tls-sh -s -i 'echo $((6*7))')"
same "5 MB through" "$(md5sum <"$work/big")" "$(hoop exec tls-sh -s -i "cat $work/big" | md5sum)"
HOOP_TLS_SKIP_VERIFY=true refused 'gRPC library: it verifies always' hoop exec tls-sh -s -i x
HOOP_TLSSERVERNAME=other.test refused 'other.test' hoop exec tls-sh -s -i x
stop "$spawned"
export HOOP_CONFIG=$dev_config
unset HOOP_GRPC_CLIENT TLS_CA

# What cannot be.
HOOP_GRPC_CLIENT=other refused 'HOOP_GRPC_CLIENT: unknown value "other"' hoop exec shell -i x
HOOP_KEY=$key HOOP_GRPC_CLIENT=other refused 'HOOP_GRPC_CLIENT: unknown value "other"' hoop-agent
mkdir "$work/bare"
cp "$bin/hoop" "$bin/hoop-agent" "$work/bare"
HOOP_GRPC_CLIENT=grpc refused "libhoop_grpc.so: cannot open shared object file" "$work/bare/hoop" exec shell -i x
HOOP_KEY=$key HOOP_GRPC_CLIENT=grpc refused "libhoop_grpc.so: cannot open shared object file" "$work/bare/hoop-agent"

# Nobody sees what is inside it, and no program of ours needs it.
same "exported symbols" "hoop_grpc_make_dialer hoop_grpc_version" \
  "$(nm -D --defined-only --format=posix "$bin/libhoop_grpc.so" | cut -d' ' -f1 | sort | paste -sd' ')"
for program in hoop hoop-agent hoop-gateway; do
  ! ldd "$bin/$program" | grep -E 'grpc|protobuf' || fail "$program links gRPC"
done
