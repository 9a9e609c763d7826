# What the rows of bench/run share: the target, every way to it, and how an operation is measured.
# A way is a local port in front of one PostgreSQL: direct, ssh (-L), relay (TLS, stunnel), and hoop by the policy of
# its record: buffered and durable with TLS on both legs, buffered-plain and durable-plain without.
. "$(dirname "${BASH_SOURCE[0]}")/../tests/e2e/lib.sh"

declare -A way_port way_pids # way_pids: "client=PID gateway=PID agent=PID", whose CPU an operation costs

# --- The ways ---

start_target() {
  pg_options=(-c max_connections=400)
  start_postgres
  export PGPASSWORD=$pg_password PGDATABASE=postgres PGHOST=127.0.0.1 PGUSER=$pg_user PGSSLMODE=disable PGGSSENCMODE=disable
  way_port[direct]=$pg_port way_pids[direct]=
}

# Debian's sshd on a port of its own, with keys, configuration and log of its own.
start_ssh() {
  local sshd=/usr/sbin/sshd folder=$work/ssh
  ssh_port=$(free_port)
  [ -x "$sshd" ] || skip "no OpenSSH server on this machine"
  mkdir -m 700 "$folder"
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd # where sshd wants to change its root to
  ssh-keygen -q -t ed25519 -N '' -f "$folder/host" && ssh-keygen -q -t ed25519 -N '' -f "$folder/user"
  cat >"$folder/sshd_config" <<C
ListenAddress 127.0.0.1:$ssh_port
HostKey $folder/host
AuthorizedKeysFile $folder/user.pub
PidFile none
StrictModes no
UsePAM no
MaxSessions 1000
MaxStartups 1000
PermitRootLogin yes
C
  spawn "$work/sshd.log" "$sshd" -D -e -f "$folder/sshd_config"
  sshd_pid=$spawned
  wait_line "$work/sshd.log" "$sshd_pid" 10 'Server listening'
  ssh_options=(-p "$ssh_port" -i "$folder/user" -F none -o BatchMode=yes -o StrictHostKeyChecking=no
    -o UserKnownHostsFile="$folder/known" -o LogLevel=ERROR)
  way_port[ssh]=$(free_port)
  spawn "$work/ssh.log" ssh "${ssh_options[@]}" -N -o ExitOnForwardFailure=yes \
    -L "127.0.0.1:${way_port[ssh]}:127.0.0.1:$pg_port" 127.0.0.1
  local client=$spawned
  wait_port "${way_port[ssh]}" "$client"
  way_pids[ssh]="client=$client $(children_of "$sshd_pid" | sed 's/^/server=/' | tr '\n' ' ')"
}

# Two stunnels: plain to TLS to plain, nothing looked at.
start_relay() {
  local folder=$work/relay middle
  command -v stunnel >/dev/null || skip "no stunnel on this machine"
  middle=$(free_port)
  mkdir -m 700 "$folder"
  make_certificate "$folder/relay"
  way_port[relay]=$(free_port)
  for side in server client; do
    printf 'foreground = yes\npid =\noutput = %s\n[relay]\n' "$work/relay-$side.log" >"$folder/$side.conf"
  done
  printf 'accept = 127.0.0.1:%s\nconnect = 127.0.0.1:%s\ncert = %s\nkey = %s\n' "$middle" "$pg_port" \
    "$folder/relay.crt" "$folder/relay.key" >>"$folder/server.conf"
  printf 'client = yes\naccept = 127.0.0.1:%s\nconnect = 127.0.0.1:%s\n' "${way_port[relay]}" "$middle" >>"$folder/client.conf"
  spawn "$work/stunnel-server.log" stunnel "$folder/server.conf"
  local server=$spawned
  spawn "$work/stunnel-client.log" stunnel "$folder/client.conf"
  wait_port "$middle" "$server"
  wait_port "${way_port[relay]}" "$spawned"
  way_pids[relay]="client=$spawned server=$server"
}

make_certificate() { # make_certificate PATH: PATH.crt and PATH.key for 127.0.0.1 and localhost
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$1.key" -out "$1.crt" 2>/dev/null
}

# start_hoop LEGS tls|plain: gateway and agent as processes of their own, which use_hoop LEGS makes the current ones.
declare -A leg_api leg_grpc leg_token leg_gateway leg_agent
start_hoop() {
  local legs=$1 http grpc tls=() http_scheme=http grpc_scheme=grpc
  if [ "$2" = tls ]; then
    [ -e "$work/legs.crt" ] || make_certificate "$work/legs"
    tls=(TLS_CERT="file://$work/legs.crt" TLS_KEY="file://$work/legs.key")
    http_scheme=https grpc_scheme=grpcs
    export TLS_CA=file://$work/legs.crt CURL_CA_BUNDLE=$work/legs.crt
  fi
  http=$(free_port) grpc=$(free_port)
  leg_api[$legs]=$http_scheme://127.0.0.1:$http leg_grpc[$legs]=$grpc_scheme://127.0.0.1:$grpc
  spawn "$work/gateway-$legs.log" env -u TLS_CA "${tls[@]}" HOOP_DATA_DIR="$work/gateway-$legs" \
    HOOP_HTTP_LISTEN=127.0.0.1:$http HOOP_GRPC_LISTEN=127.0.0.1:$grpc API_URL="${leg_api[$legs]}" "$bin/hoop-gateway"
  leg_gateway[$legs]=$spawned
  wait_line "$work/gateway-$legs.log" "$spawned" 30 'set-up token'
  wait_line "$work/gateway-$legs.log" "$spawned" 30 'gateway serving'
  curl -sS --fail -o "$work/registered" -d "{\"email\":\"bench@example.test\",\"password\":\"bench-secret\",\"setup_token\":\"$(
    cat "$work/gateway-$legs/setup-token"
  )\"}" "${leg_api[$legs]}/api/localauth/register"
  HOOP_CONFIG=$work/config-$legs.toml hoop login --api-url "${leg_api[$legs]}" --email bench@example.test \
    --password-stdin <<<bench-secret >/dev/null
  leg_token[$legs]=$(sed -n 's/^token *= *"\(.*\)"/\1/p' "$work/config-$legs.toml")
  use_hoop "$legs"
  HOOP_KEY=$(hoop admin create agent bench) spawn "$work/agent-$legs.log" "$bin/hoop-agent"
  agent=$spawned leg_agent[$legs]=$spawned
  wait_line "$work/agent-$legs.log" "$agent" 20 'connected to the gateway'
}

use_hoop() { # of programs, api and connect
  api_url=${leg_api[$1]} grpc_url=${leg_grpc[$1]} token=${leg_token[$1]} gateway=${leg_gateway[$1]} agent=${leg_agent[$1]:-}
  export HOOP_CONFIG=$work/config-$1.toml
}

# hoop_connection NAME JSON: stores a connection served by our agent; hoop_way does so for PostgreSQL and opens it.
hoop_connection() {
  local agent_id
  agent_id=$(api GET /agents | json '.[0].id')
  api POST /connections "$(jq -n --arg name "$1" --arg agent "$agent_id" --argjson more "$2" \
    '{name: $name, agent_id: $agent} + $more')" >/dev/null
}

hoop_postgres() { # hoop_postgres durable|buffered: a connection of that name to the target
  local secret
  secret=$(for pair in HOST=127.0.0.1 "PORT=$pg_port" "USER=$pg_user" "PASS=$pg_password"; do
    jq -n --arg name "envvar:${pair%%=*}" --arg value "$(printf %s "${pair#*=}" | base64 -w0)" '{($name): $value}'
  done | jq -s add)
  hoop_connection "$1" "{\"type\":\"database\",\"subtype\":\"postgres\",\"record\":\"$1\",\"secret\":$secret}"
}

hoop_way() { # hoop_way (durable|buffered)[-plain]
  local legs=tls
  [ "$1" = "${1%-plain}" ] || legs=plain
  if [ -n "${leg_gateway[$legs]:-}" ]; then use_hoop "$legs"; else start_hoop "$legs" "$legs"; fi
  hoop_postgres "${1%-plain}"
  connect "${1%-plain}"
  spawn /dev/null cat <&"$events_hold" # or the client waits until somebody reads its events
  way_port[$1]=$port
  way_pids[$1]="client=$client gateway=$gateway agent=$agent"
}

wait_port() { # wait_port PORT PID
  until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do kill -0 "$2" || fail "nothing listens on port $1"; done
}

children_of() { # all descendants of a process
  local child
  for child in $(pgrep -P "$1"); do
    echo "$child"
    children_of "$child"
  done
}

# --- Measuring ---

ticks_per_second=$(getconf CLK_TCK)
cpu_us() { # cpu_us PID: microseconds of CPU so far; the name of the program may hold blanks
  local stat
  stat=$(</proc/"$1"/stat)
  set -- ${stat##*) }
  echo $(((${12} + ${13}) * 1000000 / ticks_per_second))
}

# cpu_snapshot WAY: "client=US gateway=US ..."; processes of the same part are added.
cpu_snapshot() {
  local pair
  for pair in ${way_pids[$1]}; do echo "${pair%%=*} $(cpu_us "${pair#*=}")"; done |
    awk '{ us[$1] += $2 } END { for (part in us) printf "%s=%d ", part, us[part] }'
}

# cpu_between BEFORE AFTER OPERATIONS: "client=12.1,gateway=20.5", microseconds per operation.
cpu_between() {
  awk -v before="$1" -v after="$2" -v n="$3" 'BEGIN {
    split(before, b, " "); for (i in b) { split(b[i], p, "="); us[p[1]] = p[2] }
    count = split(after, a, " ")
    for (i = 1; i <= count; ++i) { split(a[i], p, "="); printf "%s%s=%.1f", (i > 1 ? "," : ""), p[1], (p[2] - us[p[1]]) / n }
  }'
}

# percentile P: of the numbers on standard input.
percentile() { sort -n | awk -v p="$1" '{ v[NR] = $1 } END { i = int(NR * p / 100 + 0.999999); print NR ? v[i < 1 ? 1 : i] : "-" }'; }

now_us() { echo $((${EPOCHREALTIME/[.,]/})); }

# result ROW WAY VALUE UNIT P50_US P99_US CPU: one line of raw data.
result() {
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$run" "$1" "$2" "$round" "$3" "$4" "$5" "$6" "${7:--}" >>"$results"
}
