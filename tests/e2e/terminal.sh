#!/bin/bash
# `hoop connect` to a command line is a real terminal: an editor, a pager, sizes, keys, colours, exit code; it is given
# back whatever happens; the replay shows the same screens.
. "$(dirname "$0")/lib.sh"
need tmux vim less script
export LC_ALL=C.UTF-8

cat >"$work/connections.yaml" <<Y
connections:
  - name: bash
    type: command-line
    command: [bash, --norc, -i]
    env: {PS1: 'far> ', HISTFILE: /dev/null, LESS: '', VIMINIT: 'set nocompatible ruler'}
Y
box=$work/box # where the far side's shells begin
mkdir "$box"
cd "$box"
start_dev "$work/connections.yaml"
key=$(hoop admin create agent apart)
hoop admin create connection there -a apart -t command-line -e 'PS1=there> ' -e HISTFILE=/dev/null -- bash --norc -i >/dev/null

# --- The user: tmux is the terminal, send-keys the hands, capture-pane the eyes ---

tm() { tmux -S "$work/tmux" -f /dev/null "$@"; }
tm new-session -d -s keeper -x 100 -y 30 'exec tail -f /dev/null'
tm set-option -g remain-on-exit on
tm set-option -g remain-on-exit-format ''
tm set-option -g status off
tm set-option -g history-limit 5000
tm set-option -g default-terminal screen-256color
tmux=$(tm display-message -p '#{pid}')
started+=("$tmux")

# sit NAME COLUMNS ROWS COMMAND...: a user at a terminal of this size.
sit() {
  tm new-session -d -s "$1" -x "$2" -y "$3" "${@:4}"
}
keys() { tm send-keys -t "=$1:" "${@:2}"; }
screen() { tm capture-pane -p -t "=$1:" "${@:2}"; }
pane() { tm display-message -p -t "=$1:" "$2"; }

# see NAME PATTERN: until a line of the screen matches (grep -E).
mkfifo "$work/nothing"
exec {nothing}<>"$work/nothing"
see() {
  local end=$((SECONDS + 40))
  until screen "$1" | grep -q -E -e "$2"; do
    [ $SECONDS -lt $end ] || fail "terminal $1 does not show [$2]: $(screen "$1" | grep .)"
    read -r -t 0.05 -u "$nothing" || true
  done
}
# left NAME: until its command has ended; its exit code in $code.
left() {
  local end=$((SECONDS + 40))
  until [ -n "$(pane "$1" '#{pane_dead_status}#{pane_dead_signal}')" ]; do
    [ $SECONDS -lt $end ] || fail "terminal $1: its command does not end: $(screen "$1" | grep .)"
    kill -CHLD "$tmux" # tmux misses the end of what ends at once
    read -r -t 0.05 -u "$nothing" || true
  done
  code=$(pane "$1" '#{pane_dead_status}')
}

# --- One session from beginning to end ---

sit live 100 30 hoop connect bash -s
see live '^far> *$'
keys live 'vim -u NONE -i NONE hello.txt' Enter
see live 'hello.txt. \[New'
keys live i 'edited from afar: äöü €' Escape
keys live ':wq' Enter
see live '^far> *$'
same "the file that vim saved" 'edited from afar: äöü €' "$(cat "$box/hello.txt")"

seq 1 500 >"$box/numbers"
keys live 'less numbers' Enter
see live '^29$'
keys live Space
see live '^58$'
keys live G
see live '^500$'
keys live q
see live '^far> *$'

keys live "printf '\\033[31mr''ed\\033[0m\\n'" Enter
see live '^red$'
contains "colours" "$(screen live -e)" $'\e[31mred'

keys live "sh -c 'echo ready; exec sleep 1000'" Enter # who says it is in the foreground
see live '^ready$'
keys live C-c
see live '^far> *$'
keys live 'echo code$?' Enter
see live '^code130$'

keys live "sh -c 'trap \"stty size; exit\" WINCH; stty size; while :; do read x; done'" Enter
see live '^30 100$'
tm resize-window -t =live: -x 90 -y 25
see live '^25 90$'
keys live 'exit 7' Enter
left live
same "exit code of the shell" 7 "$code"

# --- Its replay, on a screen of the same size ---

session=$(api GET '/sessions?limit=1' | json '.data[0].id')
contains "how to see it again" "$(hoop sessions get last)" "hoop sessions replay $session"
screen live -e >"$work/live.screen"
for speed in --no-timing --speed=1000; do
  sit "again$speed" 90 25 hoop sessions replay "$session" "$speed"
  left "again$speed"
  same "exit code of the replay" 0 "$code"
  screen "again$speed" -e >"$work/again.screen"
  diff "$work/live.screen" "$work/again.screen" >"$work/screens.log" || fail "the replay ($speed) ends with another screen"
  rm "$work/screens.log"
done
contains "sizes in the record" "$(script -q -e -c "hoop sessions replay $session --no-timing --resize" /dev/null </dev/null)" $'\e[8;25;90t'
stream=$(api GET "/sessions/$session?expand=event_stream")
same "kinds of events" 'e i o' "$(json '[.event_stream[][1]] | unique | join(" ")' <<<"$stream")"
contains "what was typed" "$(json '[.event_stream[] | select(.[1] == "i")[2] | @base64d] | join("")' <<<"$stream")" 'exit 7'
contains "verification" "$(hoop audit verify "$session")" "whole and unchanged"

# --- Ten megabytes pasted, every value of a byte ---

head -c 10485760 /dev/urandom >"$work/pasted"
sit paste 100 30 hoop connect bash -s
see paste '^far> *$'
keys paste 'stty raw -echo; echo ready; head -c 10485760 >pasted; stty sane; echo; echo done' Enter
see paste '^ready$'
tm load-buffer "$work/pasted"
tm paste-buffer -r -t =paste:
see paste '^done$'
same "ten pasted megabytes" "$(md5sum <"$work/pasted")" "$(md5sum <"$box/pasted")"
keys paste C-d
left paste
same "exit code at the end of input" 0 "$code"

# --- Ends ---

marker=32$RANDOM$RANDOM
gone() { # no process of the far side is left, within seconds
  local id
  for id in $(pgrep -f "sleep $marker" || true); do
    timeout 10 tail --pid="$id" -s 0.1 -f /dev/null || fail "$1: process $id is left"
  done
}
sit killed 100 30 hoop connect bash -s
see killed '^far> *$'
keys killed "setsid sleep $marker & sleep $marker & echo ready; sleep $marker" Enter
see killed '^ready$'
kill -KILL "$(pane killed '#{pane_pid}')"
left killed
gone "kill -9 of the client"
contains "sealed" "$(hoop audit verify last)" 'sealed "client left"'

# What the terminal is like behind `hoop`: its modes, and one line.
behind='echo "code=$?"; stty -a | tr " " "\n" | grep -x -e "-\?icanon;\?" -e "-\?echo;\?" -e "-\?opost;\?"; exec tail -f /dev/null'
client_of() { pgrep -P "$(pane "$1" '#{pane_pid}')" hoop; }
raw() { # raw NAME yes|no: until the terminal's modes are such
  local end=$((SECONDS + 40)) now
  while true; do
    [[ $(stty -a -F "$(pane "$1" '#{pane_tty}')") == *-icanon* ]] && now=yes || now=no
    [ "$now" != "$2" ] || break
    [ $SECONDS -lt $end ] || fail "terminal $1: raw mode is $now, should be $2"
    read -r -t 0.05 -u "$nothing" || true
  done
}
sit term 100 30 sh -c "hoop connect bash -s; $behind"
see term '^far> *$'
raw term yes
kill -TSTP "$(client_of term)"
raw term no
kill -CONT "$(client_of term)"
raw term yes
keys term 'echo ready' Enter
see term '^ready$'
kill -TERM "$(client_of term)"
see term '^code=143$'
see term '^echo$'
see term '^hoop: connection bash closed$'

sit broken 100 30 sh -c "hoop connect bash -s; $behind"
see broken '^far> *$'
kill -SEGV "$(client_of broken)"
see broken 'code=139$'
see broken '^icanon$'
see broken '^echo$'

export TMPDIR=$work/agent
mkdir "$TMPDIR"
HOOP_KEY=$key spawn "$work/agent.log" "$bin/hoop-agent"
agent=$spawned
wait_line "$work/agent.log" "$agent" 20 'connected to the gateway'
sit lost 100 30 sh -c "hoop connect there -s; $behind"
see lost '^there> *$'
keys lost 'vim -u NONE -i NONE' Enter
see lost '^~ *$'
same "vim's screen" 1 "$(pane lost '#{alternate_on}')"
stop "$agent" KILL
see lost '^hoop: .*agent has disconnected$'
see lost '^icanon$'
see lost '^echo$'
see lost '^opost$'
same "vim's screen is left" 0 "$(pane lost '#{alternate_on}')"
same "one line" 1 "$(screen lost | grep -c 'hoop:')"

sessions=$(hoop sessions list --all -q | wc -l)
refused "could not allocate a tty" sh -c 'echo exit | hoop connect bash'
refused "could not allocate a tty" hoop connect bash --json
same "no session is opened without a terminal" "$sessions" "$(hoop sessions list --all -q | wc -l)"
refused "session 00000000-0000-4000-8000-000000000000 not found" hoop sessions get 00000000-0000-4000-8000-000000000000
