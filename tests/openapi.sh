#!/usr/bin/env bash
# Holds a running gateway to its /openapi.json: schemathesis sends what that allows, and what it does not, as the hub's own
# people and as a grid company, and every answer must be one that is described. Takes the binary that the tests have built.
# What is sent at random follows from a seed and goes on until OPENAPI_SECONDS are over for each of the two.
set -euo pipefail
cd "$(dirname "$0")/.."
tool=target/schemathesis
[ -x "$tool/bin/schemathesis" ] || {
    python3 -m venv "$tool"
    "$tool/bin/pip" install --quiet --disable-pip-version-check 'schemathesis==4.32.5'
}
house=$(mktemp -d)
trap 'kill "$gateway" 2>/dev/null || true; rm -rf "$house"' EXIT
target/debug/gridpost local --port 0 --certs "$house" >"$house/printed" 2>&1 & gateway=$!
for _ in $(seq 600); do grep -q '^More tokens' "$house/printed" && break; sleep 0.1; done
address=$(grep -o 'https://localhost:[0-9]*' "$house/printed" | head -n 1)
[ -n "$address" ] || { echo 'gridpost local did not open' >&2; exit 1; }

# A status, a header or a body that is not described is a failure, and so is any answer of 500.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks=$checks,response_schema_conformance,allow_header_conformance,unsupported_method
for caller in 5790001330552-DDZ 8100000000030-DDM; do
    "$tool/bin/schemathesis" --config-file tests/schemathesis.toml run "$address/openapi.json" --tls-verify "$house/authority.pem" \
        --header "Authorization: Bearer $(cat "$house/$caller.token")" --checks "$checks" \
        --phases examples,coverage,fuzzing --seed 1 --generation-database none --max-time "${OPENAPI_SECONDS:-40}" \
        --workers 2 --continue-on-failure --warnings off
done
