#!/bin/bash
# Logins at a real server: every method of pg_hba.conf, every SSLMODE against good and bad servers; one line where it
# cannot be. The server's own view (pg_stat_ssl) says what was used.
. "$(dirname "$0")/lib.sh"
need psql openssl python3

# --- Certificates: an authority, the server's for "localhost" only, a client's, and another authority's ---
tls=$work/tls
mkdir "$tls"
authority() { # authority NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout "$tls/$1.key" -out "$tls/$1.crt" 2>/dev/null
}
certificate() { # certificate NAME SUBJECT AUTHORITY
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout "$tls/$1.key" -out "$tls/$1.csr" 2>/dev/null
  openssl x509 -req -in "$tls/$1.csr" -days 2 -CA "$tls/$3.crt" -CAkey "$tls/$3.key" -CAcreateserial \
    -extfile <(printf 'subjectAltName=DNS:%s' "$2") -out "$tls/$1.crt" 2>/dev/null
}
authority ours
authority theirs
certificate server localhost ours
certificate client u_cert ours
certificate stranger u_cert theirs
certificate middle localhost theirs

# --- A server with a line for each method ---
start_postgres
me=$(id -un)
cat >"$pg_host/data/pg_hba.conf" <<H
local all $pg_user scram-sha-256
local all $me peer
host all u_trust all trust
host all u_clear all password
host all u_md5 all md5
host all u_gss all gss
hostssl all u_cert all cert
hostssl all u_ssl all scram-sha-256
hostnossl all u_plain all scram-sha-256
host all u_cert,u_ssl,u_plain all reject
host all all all scram-sha-256
H
direct_psql -qc "select pg_reload_conf()" >/dev/null
direct_psql -qc "create role \"$me\" login" -c "create role u_trust login" -c "create role u_clear login password 'clear text'" \
  -c "set password_encryption = md5; create role u_md5 login password 'md5 text'; reset password_encryption" -c "create role u_gss login" \
  -c "create role u_cert login" -c "create role u_ssl login password 'ssl'" -c "create role u_plain login password 'plain'"

# Passwords that SASLprep changes, or refuses; the same text in the SQL and in the connection.
odd=('\00AA' '\2168' 'a\0308' 'I\00ADX' 'a\00A0b' '\200B' '\FB01n' '\0340' '\05D0z' '\0627\0031' '\+01F600\00AD' 'pässwörd')
for i in "${!odd[@]}"; do direct_psql -qc "create role u_odd$i login password U&'${odd[i]}'"; done

port_of_middle=$(free_port)
secret() { # secret NAME USER PASS [MORE]: a connection to the server by TCP
  echo "  - {name: $1, type: database/postgres, env: {HOST: localhost, PORT: \"$pg_port\", USER: $2, PASS: \"$3\", DB: postgres${4:+, $4}}}"
}
pem() { jq -Rs . <"$tls/$1"; } # a YAML string
{
  echo "connections:"
  echo "  - {name: peer, type: database/postgres, env: {HOST: $pg_host, PORT: \"$pg_port\", USER: $me, PASS: \"\", SSLMODE: verify-full}}"
  secret trust u_trust ''
  secret clear u_clear 'clear text'
  secret clear-wrong u_clear 'wrong'
  secret md5 u_md5 'md5 text'
  secret md5-wrong u_md5 'wrong'
  secret gss u_gss ''
  secret scram "$pg_user" "$pg_password"
  secret scram-wrong "$pg_user" 'wrong'
  secret nobody u_nobody 'x'
  secret plain-only u_plain plain 'SSLMODE: disable'
  secret plain-only-prefer u_plain plain
  secret ssl-only u_ssl ssl
  secret ssl-only-disable u_ssl ssl 'SSLMODE: disable'
  secret cert u_cert '' "SSLMODE: verify-full, SSLROOTCERT: $(pem ours.crt), SSLCERT: $(pem client.crt), SSLKEY: $(pem client.key)"
  secret cert-missing u_cert '' 'SSLMODE: require'
  secret cert-stranger u_cert '' "SSLMODE: require, SSLCERT: $(pem stranger.crt), SSLKEY: $(pem stranger.key)"
  secret cert-swapped u_cert '' "SSLMODE: require, SSLCERT: $(pem client.crt), SSLKEY: $(pem stranger.key)"
  secret require "$pg_user" "$pg_password" 'SSLMODE: require'
  secret verify-ca "$pg_user" "$pg_password" "SSLMODE: verify-ca, SSLROOTCERT: $(pem ours.crt)"
  secret verify-ca-unknown "$pg_user" "$pg_password" "SSLMODE: verify-ca, SSLROOTCERT: $(pem theirs.crt)"
  secret verify-full "$pg_user" "$pg_password" "SSLMODE: verify-full, SSLROOTCERT: $(pem ours.crt)"
  secret verify-full-machine "$pg_user" "$pg_password" "SSLMODE: verify-full"
  secret verify-full-no-pem "$pg_user" "$pg_password" "SSLMODE: verify-full, SSLROOTCERT: /etc/ssl/ca.pem"
  for mode in verify-ca verify-full; do
    echo "  - {name: $mode-address, type: database/postgres, env: {HOST: 127.0.0.1, PORT: \"$pg_port\", USER: $pg_user, PASS: $pg_password, SSLMODE: $mode, SSLROOTCERT: $(pem ours.crt)}}"
  done
  echo "  - {name: server-name, type: database/postgres, env: {HOST: 127.0.0.1, PORT: \"$pg_port\", USER: $pg_user, PASS: $pg_password, SSLMODE: verify-full, SSLROOTCERT: $(pem ours.crt), SSLSERVERNAME: localhost}}"
  echo "  - {name: middle, type: database/postgres, env: {HOST: localhost, PORT: \"$port_of_middle\", USER: $pg_user, PASS: $pg_password, SSLMODE: require}}"
  secret half-cert "$pg_user" x "SSLCERT: $(pem client.crt)"
  for i in "${!odd[@]}"; do secret "odd$i" "u_odd$i" "$(sed -E 's/\\\+(.{6})/\\U00\1/g; s/\\([0-9A-F]{4})/\\u\1/g' <<<"${odd[i]}")"; done
} >"$work/connections.yaml"
start_dev "$work/connections.yaml"

# ask NAME: who one is behind connection NAME, and whether by TLS, as the server sees it; or the error. In $answer.
ask() {
  connect "$1"
  answer=$(PGHOST=127.0.0.1 PGPORT=$port PGUSER=noop PGPASSWORD=any PGDATABASE=postgres psql -XAtF ' ' \
    -c 'select current_user, ssl from pg_stat_ssl where pid = pg_backend_pid()' 2>&1) || true
  stop "$client" INT
}
good() { # good NAME USER t|f
  ask "$1"
  same "$1" "$2 $3" "$answer"
}
bad() { # bad NAME PART: one line that says so
  ask "$1"
  contains "$1" "$answer" "$2"
  same "$1: lines" 1 "$(wc -l <<<"$answer")"
}

# --- A server without TLS ---
good trust u_trust f
good clear u_clear f
good md5 u_md5 f
good scram "$pg_user" f
good peer "$me" f
for mode in require verify-ca verify-full; do
  bad "$mode" "FATAL:  failed initializing connection, reason=sslmode $mode: SSL is not enabled on the postgres server"
done
bad clear-wrong 'password authentication failed for user "u_clear"'
bad md5-wrong 'password authentication failed for user "u_md5"'
bad scram-wrong "password authentication failed for user \"$pg_user\""
bad nobody 'password authentication failed for user "u_nobody"'
bad gss "server asks for GSSAPI (Kerberos) authentication, which is not supported here"
bad ssl-only 'pg_hba.conf rejects connection'
for i in "${!odd[@]}"; do good "odd$i" "u_odd$i" f; done

# --- The same server with TLS ---
cp "$tls/server.crt" "$tls/server.key" "$tls/ours.crt" "$pg_host/data/"
chmod 600 "$pg_host/data/server.key"
if [ "$(id -u)" = 0 ]; then chown postgres: "$pg_host"/data/{server.crt,server.key,ours.crt}; fi
direct_psql -qc "alter system set ssl = on" -c "alter system set ssl_ca_file = 'ours.crt'"
direct_psql -qc "select pg_reload_conf()" >/dev/null
wait_line "$work/postgres.log" "$pg_pid" 20 'parameter "ssl" changed to "on"'

good trust u_trust t
good clear u_clear t
good md5 u_md5 t
good scram "$pg_user" t # with channel binding: see below
good ssl-only u_ssl t
bad ssl-only-disable 'pg_hba.conf rejects connection'
good plain-only u_plain f
bad plain-only-prefer 'pg_hba.conf rejects connection'
good require "$pg_user" t
good verify-ca "$pg_user" t
good verify-full "$pg_user" t
good verify-ca-address "$pg_user" t
good server-name "$pg_user" t
good cert u_cert t
good peer "$me" f
bad verify-full-address 'sslmode verify-full: '
contains "the wrong name" "$answer" "localhost"
bad verify-ca-unknown 'sslmode verify-ca: '
contains "the unknown authority" "$answer" "ours"
bad verify-full-machine 'sslmode verify-full: '
bad verify-full-no-pem 'secrets for TLS: authorities: no certificate in PEM form'
bad cert-missing 'connection requires a valid client certificate'
bad cert-stranger 'the peer refuses: our certificate is signed by an authority that it does not know'
bad cert-swapped 'secrets for TLS: key: it does not belong to the certificate'
{
  echo connections:
  secret bad-mode "$pg_user" x 'SSLMODE: allow'
} >"$work/bad-mode.yaml"
refused 'connection "bad-mode": secret envvar:SSLMODE: it is none of disable, prefer, require, verify-ca, verify-full' \
  hoop start dev --data "$work/bad-mode" --http 127.0.0.1:0 --grpc 127.0.0.1:0 --connections "$work/bad-mode.yaml"
refused 'SSLCERT and SSLKEY belong together, one is missing' hoop connect half-cert -p 0

# Somebody in the middle with a certificate of its own: `require` lets it in, channel binding does not.
spawn "$work/middle.log" python3 "$(dirname "$0")/postgres_middle.py" "$port_of_middle" "$pg_port" "$tls/middle.crt" "$tls/middle.key"
middle=$spawned
wait_line "$work/middle.log" "$middle" 20 listening
bad middle 'SCRAM channel binding check failed'
stop "$middle" TERM

# --- Commands on such a connection go by its SSLMODE, too ---
sql='select ssl from pg_stat_ssl where pid = pg_backend_pid()'
same "exec by TLS" t "$(hoop exec verify-full -i "$sql" 2>/dev/null | sed -n 2p)"
contains "exec with an unknown authority" "$(hoop exec verify-ca-unknown -i "$sql" 2>&1 || true)" "certificate verify failed"

# --- An agent that demands verified TLS ---
HOOP_KEY=$(hoop admin create agent strict)
HOOP_KEY=$HOOP_KEY HOOP_REQUIRE_VERIFIED_TLS=true spawn "$work/strict.log" "$bin/hoop-agent"
strict=$spawned
wait_line "$work/strict.log" "$strict" 20 'connected to the gateway'
for mode in disable prefer require; do
  hoop admin create connection "strict-$mode" -a strict -t database/postgres -e HOST=localhost -e PORT="$pg_port" \
    -e USER="$pg_user" -e PASS="$pg_password" -e SSLMODE="$mode" >/dev/null
  refused "sslmode $mode: this agent demands verify-ca or verify-full" hoop connect "strict-$mode" -p 0
  refused "sslmode $mode: this agent demands verify-ca or verify-full" hoop exec "strict-$mode" -i "$sql"
done
hoop admin create connection strict-full -a strict -t database/postgres -e HOST=localhost -e PORT="$pg_port" \
  -e USER="$pg_user" -e PASS="$pg_password" -e SSLMODE=verify-full -e SSLROOTCERT="$(cat "$tls/ours.crt")" >/dev/null
good strict-full "$pg_user" t
stop "$strict" TERM
refused 'HOOP_REQUIRE_VERIFIED_TLS: yes is neither true nor false' env HOOP_KEY="$HOOP_KEY" HOOP_REQUIRE_VERIFIED_TLS=yes "$bin/hoop-agent"
