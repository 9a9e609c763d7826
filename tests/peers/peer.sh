# Builds an independent peer. Sourced by run.sh and tests/e2e/peers.sh.
# build_peer go|js ROOT BUILD: sets the command in the array $peer; without tool or network returns 1 and says why.

build_peer() {
  local from=$2/tests/peers/$1 to=$3/peers/$1
  mkdir -p "$to"
  cp -R "$from/." "$to"
  case $1 in
    go) build_go "$2" "$to" ;;
    js) build_js "$2" "$to" ;;
  esac
}

# The generators are built from the same pinned modules as everything else.
build_go() (
  command -v go >/dev/null || { echo "no Go on this machine"; return 1; }
  command -v protoc >/dev/null || { echo "no protoc on this machine"; return 1; }
  cd "$2"
  export GOTOOLCHAIN=local GOFLAGS=-mod=readonly PATH=$2/bin:$PATH
  mkdir -p bin transportpb
  if ! go build -o bin google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc 2>build.log; then
    echo "grpc-go cannot be fetched or built: $(tail -n 1 build.log)"
    return 1
  fi
  local option=paths=source_relative,Mtransport.proto=hoop.test/peer/transportpb
  protoc -I "$1/proto" --go_out=transportpb --go_opt=$option --go-grpc_out=transportpb --go-grpc_opt=$option transport.proto
  go build -o peer . 2>build.log || { echo "grpc-go cannot be fetched or built: $(tail -n 1 build.log)"; return 1; }
)

build_js() (
  command -v node >/dev/null || { echo "no Node.js on this machine"; return 1; }
  command -v npm >/dev/null || { echo "no npm on this machine"; return 1; }
  cd "$2"
  cp "$1/proto/transport.proto" .
  [ -d node_modules ] && cmp -s package-lock.json node_modules/.installed && return 0
  npm ci --ignore-scripts --no-audit --no-fund >build.log 2>&1 ||
    { echo "grpc-js cannot be fetched: $(grep -m 1 'npm error' build.log)"; return 1; }
  cp package-lock.json node_modules/.installed
)

# peer_command go|js BUILD: how it is started.
peer_command() {
  case $1 in
    go) peer=("$2/peers/go/peer") ;;
    js) peer=(node "$2/peers/js/peer.js") ;;
  esac
}
