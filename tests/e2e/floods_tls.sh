#!/bin/bash
# The attacks of docs/floods.md on TLS: handshakes that are half, slow, many or begun again cost a gateway whose
# listeners speak it no more than its bound, and others are served.
# ATTACK_SECONDS (0.4), ATTACKS: as in floods.sh.
. "$(dirname "$0")/lib.sh"
need openssl
[[ $("$bin/hoop-gateway" --help 2>&1 || true) == *TLS_KEY* ]] || skip "this gateway does not speak TLS"

http=$(free_port) grpc=$(free_port)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/key" -out "$work/cert" -days 2 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
TLS_KEY=file://$work/key TLS_CERT=file://$work/cert HOOP_DATA_DIR=$work/gateway HOOP_HTTP_LISTEN=127.0.0.1:$http \
  HOOP_GRPC_LISTEN=127.0.0.1:$grpc spawn "$work/gateway.log" "$bin/hoop-gateway"
wait_line "$work/gateway.log" "$spawned" 30 'gateway serving'
hoop-floods --tls --grpc "$grpc" --http "$http" --pid "$spawned" --seconds "${ATTACK_SECONDS:-0.4}" \
  --only "${ATTACKS:-(}" || fail "a promise is broken"
