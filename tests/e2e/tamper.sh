#!/bin/bash
# A stored record of which one byte was changed does not verify; neither does one under another key.
. "$(dirname "$0")/lib.sh"
need sqlite3

cat >"$work/connections.yaml" <<'Y'
connections:
  - {name: shell, type: command-line, command: [sh]}
Y
start_dev "$work/connections.yaml"
hoop exec shell -s -i 'seq 1 2000' >/dev/null
session=$(api GET '/sessions?limit=1' | json '.data[0].id')
contains "before" "$(hoop audit verify "$session")" "whole and unchanged"
refused "" hoop audit verify "$session" --key "$(head -c 32 /dev/zero | base64)"
stop "$dev" TERM

db=$work/dev/hoop.db
row=$(sqlite3 "$db" "select rowid from record_chunks where session_id = '$session' order by seq limit 1")
[ -n "$row" ] || fail "the record is not in the store"
size=$(sqlite3 "$db" "select length(content) from record_chunks where rowid = $row")
hex=$(sqlite3 "$db" "select hex(content) from record_chunks where rowid = $row")
at=$((size / 2 * 2))
digit=${hex:at:1}
changed=${hex:0:at}$([ "$digit" = 0 ] && echo 1 || echo 0)${hex:at+1}
sqlite3 "$db" "update record_chunks set content = x'$changed' where rowid = $row"
start_dev "$work/connections.yaml"
refused "" hoop audit verify "$session"
