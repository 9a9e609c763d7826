#!/bin/bash
# Our server and our diallers against an independent gRPC. Usage: run.sh go|js BUILD_DIR. Exit code 77: skipped, and why.
set -euo pipefail
language=$1 build=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
. "$root/tests/peers/peer.sh"
why=$(build_peer "$language" "$root" "$build") || { echo "$why"; exit 77; }
peer_command "$language" "$build"

# serving COMMAND...: a server in the background that ends when we close its input; sets $address.
serving() {
  coproc server { exec "$@"; }
  read -r -t 60 ready address <&"${server[0]}" && [ "$ready" = ready ] || { echo "[$*] does not serve"; exit 1; }
}
stop_serving() {
  exec {server[1]}>&-
  wait "$server_PID" || { echo "the server ended with exit code $?"; exit 1; }
}

echo "== $language dials our server"
serving "$build/bin/echo_server"
timeout 300 "${peer[@]}" dial "$address"
stop_serving

echo "== our diallers dial $language"
for dialer in Own GrpcCpp; do
  serving "${peer[@]}" serve
  HOOP_TEST_PEER=$address timeout 300 "$build/bin/transport_grpc_test" --gtest_brief=1 --gtest_filter="Foreign/DialerTest.*/${dialer}ToForeign"
  stop_serving
done
