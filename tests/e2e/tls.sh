#!/bin/bash
# TLS everywhere, with the real programs and certificates made here: who is let in, who is not, and the one line that
# says why at both ends; another certificate while sessions run.
. "$(dirname "$0")/lib.sh"
need openssl curl jq

# --- Certificates ---

authority ours
authority theirs
for certificate in good second third fourth fifth; do issue ours "$certificate" DNS:localhost,IP:127.0.0.1; done
issue ours elsewhere DNS:elsewhere.test
issue ours expired DNS:localhost,IP:127.0.0.1 -1
issue theirs unknown DNS:localhost,IP:127.0.0.1
issue ours agent DNS:agent
issue theirs stranger DNS:stranger

# --- Programs ---

http=$(free_port) grpc=$(free_port)

# start_gateway CERTIFICATE [VARIABLE=VALUE...]: with files that reload can replace; CERTIFICATE - is none.
start_gateway() {
  local certificate=$1
  shift
  if [ "$certificate" != - ]; then
    cp "$certs/$certificate.pem" "$work/tls.pem"
    cp "$certs/$certificate.key" "$work/tls.key"
    set -- "TLS_CERT=file://$work/tls.pem" "TLS_KEY=file://$work/tls.key" "$@"
  fi
  spawn "$work/gateway.log" env HOOP_DATA_DIR="$work/gateway" HOOP_HTTP_LISTEN="0.0.0.0:$http" \
    HOOP_GRPC_LISTEN="127.0.0.1:$grpc" API_URL="https://127.0.0.1:$http" LOG_ENCODING=console "$@" "$bin/hoop-gateway"
  gateway=$spawned
  wait_line "$work/gateway.log" "$gateway" 30 'gateway serving'
}

start_agent() { # start_agent [VARIABLE=VALUE...]
  spawn "$work/agent.log" env LOG_ENCODING=console HOOP_KEY="$key" TLS_CA="file://$certs/ours.pem" "$@" "$bin/hoop-agent"
  agent=$spawned
}

says() { wait_line "$work/$1.log" "${!1}" 20 "$2"; } # says gateway|agent PATTERN

# unfit CERTIFICATE AGENT_LINE GATEWAY_LINE [VARIABLE=VALUE for the agent]: an agent that does not get in
unfit() {
  local certificate=$1 agent_line=$2 gateway_line=$3
  shift 3
  start_gateway "$certificate"
  start_agent "$@"
  says agent "$agent_line"
  says gateway "$gateway_line"
}
stop_both() {
  stop "$agent"
  stop "$gateway"
}

# --- Right: account, agent and sessions over TLS only ---

start_gateway good
says gateway 'speaking tls.*CN=good'
code=$(curl -s --cacert "$certs/ours.pem" -o "$work/answer" -w '%{http_code}' "https://127.0.0.1:$http/api/localauth/register" -d \
  "{\"email\":\"me@example.test\",\"password\":\"a-secret\",\"setup_token\":\"$(cat "$work/gateway/setup-token")\"}")
same "the first account, over https" 201 "$code"
export HOOP_CONFIG=$work/config.toml TLS_CA="file://$certs/ours.pem"
hoop login --api-url "https://127.0.0.1:$http" --email me@example.test --password-stdin <<<a-secret >/dev/null
same "the gateway's address" "grpcs://127.0.0.1:$grpc" "$(hoop config view grpc_url)"
token=$(hoop config view token)
key=$(hoop admin create agent prod)
contains "the agent's key" "$key" grpcs://
start_agent
says agent "agent starting.*grpc_server=\"?127.0.0.1:$grpc\"?.*tls=\"?true\"?.*strict-tls=\"?true"
says agent 'connected to the gateway'
start_tcp_demo
hoop admin create connection shell -a prod -t command-line -- sh >/dev/null
hoop admin create connection tcp -a prod -t application/tcp -e HOST=127.0.0.1 -e PORT="$tcp_port" >/dev/null
same "exec over TLS" 42 "$(hoop exec shell -s -i 'echo $((6*7))')"
same "a megabyte over TLS" "$(seq 200000 | sha256sum)" "$(hoop exec shell -s -i 'seq 200000' | sha256sum)"
contains "verification" "$(hoop audit verify last)" "whole and unchanged"

# --- Reload: nothing is dropped ---

ask() { # ask TEXT: over the running session
  echo "echo $1" >&"$line_socket" && read -r -t 10 answer <&"$line_socket" && same "a running session" "$1" "$answer"
}

connect tcp
exec {line_socket}<>"/dev/tcp/127.0.0.1/$port"
read -r -t 10 answer <&"$line_socket"
ask before
spawn "$work/load.log" bash -c 'for ((i = 0; i < 40; ++i)); do "$0" exec shell -s -i "echo run $i" || exit 1; done' "$bin/hoop"
load=$spawned
wait_line "$work/load.log" "$load" 20 'run 5'
for certificate in second third fourth; do
  cp "$certs/$certificate.pem" "$work/tls.pem"
  cp "$certs/$certificate.key" "$work/tls.key"
  kill -HUP "$gateway"
  says gateway "tls certificate replaced.*CN=$certificate"
  ask "after $certificate"
done
tail --pid="$load" -s 0.1 -f /dev/null
stop "$load"
same "new sessions under reload" "0 40" "$ended $(grep -c '^run ' "$work/load.log")"
same "the new certificate on gRPC" "subject=CN = fourth" "$(served "$grpc" h2)"
same "the new certificate on HTTP" "subject=CN = fourth" "$(served "$http" http/1.1)"
cp "$certs/unknown.key" "$work/tls.key"
kill -HUP "$gateway"
says gateway 'tls certificate not replaced.*TLS_KEY: it does not belong to the certificate of CN=fourth'
ask "after a wrong one"
cp "$certs/fifth.pem" "$work/tls.pem"
cp "$certs/fifth.key" "$work/tls.key" # noticed without a signal
wait_line "$work/gateway.log" "$gateway" 30 'tls certificate replaced.*CN=fifth'
ask "after a change of the files"
stop "$client" INT
same "reload leaves the agent alone" 1 "$(grep -c 'connected to the gateway' "$work/agent.log")"

# --- Plain to TLS ---

plain=(env -u TLS_CA HOOP_APIURL="https://127.0.0.1:$http" HOOP_TOKEN="$token")
refused "this port speaks TLS: use grpcs://" "${plain[@]}" HOOP_GRPCURL="grpc://127.0.0.1:$grpc" hoop exec shell -s -i true
says gateway 'connection refused.*listener="?grpc.*127.0.0.1:[0-9]+: the peer does not speak TLS'
same "plain HTTP on this machine" 200 "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$http/api/publicserverinfo")"
far=$(hostname -I | tr ' ' '\n' | grep -m 1 -E '^[0-9.]+$' || true)
if [ -n "$far" ]; then
  same "plain HTTP from elsewhere" 400 "$(curl -s -o "$work/answer" -w '%{http_code}' "http://$far:$http/api/publicserverinfo")"
  contains "plain HTTP from elsewhere" "$(cat "$work/answer")" "this port speaks TLS: use https://"
  says gateway "connection refused.*listener=\"?http.*$far:[0-9]+: the peer does not speak TLS"
else
  echo "no address but loopback: plain HTTP from elsewhere not shown"
fi

# --- Old TLS, garbage, and tricks ---

old() { openssl s_client -connect "127.0.0.1:$grpc" "$1" -cipher ALL:@SECLEVEL=0 </dev/null 2>&1 || true; }
contains "TLS 1.0" "$(old -tls1)" "alert protocol version"
contains "TLS 1.1" "$(old -tls1_1)" "alert protocol version"
says gateway 'connection refused.*the peer speaks no TLS version that we speak'
contains "TLS 1.2" "$(old -tls1_2)" "Protocol  : TLSv1.2"
contains "renegotiation" "$( (echo R && cat <(:)) | openssl s_client -connect "127.0.0.1:$grpc" -tls1_2 2>&1 || true)" "no renegotiation"
printf '\026\003\001\377\377garbage' | timeout 5 bash -c "cat >/dev/tcp/127.0.0.1/$grpc" || true
says gateway 'connection refused.*tls handshake with 127.0.0.1'
same "and the gateway still serves" 42 "$(hoop exec shell -s -i 'echo $((6*7))')"

# --- What the command line believes ---

contains "the system's authorities" "$(env -u TLS_CA hoop exec shell -s -i true 2>&1 || true)" "signed by an unknown authority (CN=ours)"
contains "https by the system's authorities" "$(env -u TLS_CA hoop admin get agents 2>&1 || true)" \
  "the server's certificate is not trusted: its certificate is signed by an unknown authority (CN=ours); TLS_CA=file://CA.pem trusts one for this run"
contains "a login, too" "$(env -u TLS_CA HOOP_CONFIG="$work/none.toml" hoop login --api-url "https://127.0.0.1:$http" --email me@example.test --password-stdin <<<x 2>&1 || true)" \
  "signed by an unknown authority (CN=ours); TLS_CA=file://CA.pem trusts one for this run, \`hoop login --tls-ca CA.pem\` keeps it"
trust() { HOOP_CONFIG=$work/trust.toml env -u TLS_CA hoop config create --api-url "https://127.0.0.1:$http" --tls-ca "$1" >/dev/null; }
for ca in "$certs/ours.pem" "file://$certs/ours.pem" "base64://$(base64 -w 0 "$certs/ours.pem")" "$(cat "$certs/ours.pem")"; do
  trust "$ca"
  contains "an authority that is kept" "$(HOOP_CONFIG=$work/trust.toml env -u TLS_CA hoop admin gateway-info)" "Ready for sessions"
done
refused "--tls-ca: $certs/none.pem: No such file or directory" hoop config create --api-url https://h --tls-ca "file://$certs/none.pem"
same "an explicit choice" yes "$(env -u TLS_CA hoop exec shell --skip-tls-verify -s -i 'echo yes')"
same "by variable" yes "$(env -u TLS_CA HOOP_TLS_SKIP_VERIFY=true hoop exec shell -s -i 'echo yes')"
same "SSL_CERT_FILE" yes "$(env -u TLS_CA SSL_CERT_FILE="$certs/ours.pem" hoop exec shell -s -i 'echo yes')"
contains "another server name" "$(TLS_SERVER_NAME=other.test hoop exec shell -s -i true 2>&1 || true)" "is for localhost, 127.0.0.1 and not for other.test"
contains "a wrong authority" "$(TLS_CA=rubbish! hoop exec shell -s -i true 2>&1 || true)" "hoop: TLS_CA: neither PEM nor base64"
stop_both

# --- Certificates that are not good: one line at each end ---

unfit expired 'its certificate has expired \(CN=expired, on 20' 'the peer refuses: our certificate has expired'
refused 'its certificate has expired (CN=expired' hoop exec shell -s -i true
stop_both
unfit unknown 'its certificate is signed by an unknown authority \(CN=theirs\)' 'our certificate is signed by an authority that it does not know'
refused 'its certificate is signed by an unknown authority (CN=theirs)' hoop exec shell -s -i true
stop_both
unfit elsewhere 'its certificate is for elsewhere.test and not for 127.0.0.1' 'the peer refuses: it does not accept our certificate'
refused 'its certificate is for elsewhere.test and not for 127.0.0.1' hoop exec shell -s -i true
stop "$agent"
start_agent TLS_SERVER_NAME=elsewhere.test
says agent 'connected to the gateway'
same "by its real name" yes "$(TLS_SERVER_NAME=elsewhere.test hoop exec shell -s -i 'echo yes')"
contains "REST by its real name" "$(TLS_SERVER_NAME=elsewhere.test hoop admin get agents)" ONLINE
contains "REST by another name" "$(hoop admin get agents 2>&1 || true)" "is for elsewhere.test and not for 127.0.0.1; TLS_SERVER_NAME says which name to expect"
says gateway 'listener="?http.*the peer refuses: it does not accept our certificate'
stop_both
unfit unknown 'HOOP_TLS_SKIP_VERIFY is ignored' 'an authority that it does not know' HOOP_TLS_SKIP_VERIFY=true
stop_both

# --- Without API_URL the gateway announces https ---

start_gateway good API_URL=
says gateway "gateway serving api_url=\"?https://127.0.0.1:$http"
same "serverinfo" "https://127.0.0.1:$http" "$(hoop admin serverinfo --json | json .api_url)"
stop "$gateway"

# --- TLS to plain ---

unfit - 'tls handshake with 127.0.0.1:[0-9]+: the peer does not speak TLS' 'connection refused.*the peer speaks TLS, this listener does not'
refused 'the peer does not speak TLS' hoop exec shell -s -i true
contains "https to a plain port" "$(hoop admin get agents 2>&1 || true)" "TLS handshake failed; does the server speak TLS"
stop_both
openssl s_server -accept "$grpc" -cert "$certs/good.pem" -key "$certs/good.key" -tls1_1 -cipher ALL:@SECLEVEL=0 -quiet </dev/null >/dev/null 2>&1 &
old_server=$!
started+=("$old_server")
start_agent
says agent 'speaks no TLS version that we speak|no parameters in common'
stop "$agent"
stop "$old_server"

# --- Client certificates ---

certificates=(TLS_CA="file://$certs/ours.pem" TLS_CLIENT_AUTH=agents)
start_gateway good "${certificates[@]}"
start_agent
says agent 'the gateway refused this agent.*agents of this gateway need a client certificate'
says gateway 'agent refused.*it shows no client certificate'
same "users need none" "" "$(hoop admin get agents | grep CONNECTED | grep -v DISCONNECTED || true)"
stop "$agent"
start_agent TLS_CLIENT_CERT="file://$certs/stranger.pem" TLS_CLIENT_KEY="file://$certs/stranger.key"
says agent 'the peer refuses: our certificate is signed by an authority that it does not know'
says gateway 'the peer is not trusted: its certificate is signed by an unknown authority \(CN=theirs\)'
stop "$agent"
start_agent TLS_CLIENT_CERT="file://$certs/agent.pem" TLS_CLIENT_KEY="file://$certs/agent.key"
says agent 'connected to the gateway'
same "with its certificate" yes "$(hoop exec shell -s -i 'echo yes')"
stop_both
start_gateway good TLS_CA="file://$certs/ours.pem" # optional
start_agent
says agent 'connected to the gateway'
stop_both

# --- A plain listener behind a proxy, forms of the variables, wrong values ---

if [ -n "$far" ]; then
  start_gateway good GATEWAY_ALLOW_PLAINTEXT=true
  same "plain HTTP where it is allowed" 200 "$(curl -s -o /dev/null -w '%{http_code}' "http://$far:$http/api/publicserverinfo")"
  stop "$gateway"
fi
start_gateway - TLS_KEY="$(base64 "$certs/good.key")" TLS_CERT="base64://$(base64 -w 0 "$certs/good.pem")"
says gateway 'speaking tls.*CN=good'
stop "$gateway"
start_gateway - TLS_KEY="$(cat "$certs/good.key")" TLS_CERT="$(cat "$certs/good.pem")"
stop "$gateway"

wrong() { # wrong LINE VARIABLE=VALUE...: the start stops with this one line
  local expected=$1 output
  shift
  output=$(env HOOP_DATA_DIR="$work/wrong" HOOP_HTTP_LISTEN=127.0.0.1:0 HOOP_GRPC_LISTEN=127.0.0.1:0 LOG_LEVEL=error "$@" "$bin/hoop-gateway" 2>&1) &&
    fail "started with $*"
  same "$*" "hoop-gateway: $expected" "$output"
}
unset TLS_CA
wrong 'TLS_KEY: neither PEM nor base64 of PEM nor file://<path>' TLS_KEY=rubbish!
wrong "TLS_KEY: $work/none: No such file or directory" TLS_KEY="file://$work/none"
wrong 'TLS_CERT: is missing, TLS_KEY is set' TLS_KEY="file://$certs/good.key"
wrong 'TLS_KEY: it does not belong to the certificate of CN=good' TLS_KEY="file://$certs/second.key" TLS_CERT="file://$certs/good.pem"
wrong 'TLS_CERT: no certificate in PEM form' TLS_KEY="file://$certs/good.key" TLS_CERT="file://$certs/good.key"
good=(TLS_KEY="file://$certs/good.key" TLS_CERT="file://$certs/good.pem")
wrong 'TLS_CLIENT_AUTH: sometimes is none of off, optional, agents' "${good[@]}" TLS_CLIENT_AUTH=sometimes
wrong 'TLS_CA: is missing, TLS_CLIENT_AUTH is set' "${good[@]}" TLS_CLIENT_AUTH=agents
wrong 'GATEWAY_ALLOW_PLAINTEXT: perhaps is neither true nor false' "${good[@]}" GATEWAY_ALLOW_PLAINTEXT=perhaps
refused 'hoop-agent: TLS_CLIENT_CERT: no certificate in PEM form' env HOOP_KEY="$key" TLS_CLIENT_CERT="file://$certs/good.key" \
  TLS_CLIENT_KEY="file://$certs/good.key" "$bin/hoop-agent"
