#!/bin/bash
# The API describes itself; a validator that is not ours agrees.
. "$(dirname "$0")/lib.sh"
need curl python3
python3 -c 'import openapi_spec_validator' 2>/dev/null ||
  skip "no python3 module openapi_spec_validator on this machine (pip install openapi-spec-validator)"

cat >"$work/connections.yaml" <<'Y'
connections:
  - {name: shell, type: command-line, command: [sh]}
Y
start_dev "$work/connections.yaml"
curl -sS "$api_url/api/openapiv3.json" >"$work/openapi.json" # nobody has to sign in for it
python3 -m openapi_spec_validator "$work/openapi.json" >"$work/validator.log" 2>&1 ||
  fail "the validator finds: $(tail -n 5 "$work/validator.log")"
contains "paths" "$(json '.paths | keys | join(" ")' <"$work/openapi.json")" "/sessions/{id}/kill"

# The validator does find something in a broken one.
python3 - "$work/openapi.json" "$work/broken.json" <<'P'
import json, sys
document = json.load(open(sys.argv[1]))
document["paths"]["/sessions/{id}"]["get"]["parameters"] = []
json.dump(document, open(sys.argv[2], "w"))
P
if python3 -m openapi_spec_validator "$work/broken.json" >/dev/null 2>&1; then fail "a broken description passes"; fi
