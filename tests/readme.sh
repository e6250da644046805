#!/usr/bin/env bash
# Runs the commands of the README and of docs/integrating.md as written, in order, and those that `gridpost local` prints.
#
#   tests/readme.sh          with the release build, which it makes
#   tests/readme.sh debug    with the binary that the tests have built: the same effects, and no second build
set -euo pipefail
cd "$(dirname "$0")/.."
printed=$(mktemp)
trap 'kill "$gateway" 2>/dev/null || true; rm -f "$printed"' EXIT

gridpost=(cargo run --release --quiet --)
[ "${1:-release}" = release ] || gridpost=(target/debug/gridpost)
chosen() { [ "${gridpost[0]}" = cargo ] && cat || sed 's#cargo run --release --#target/debug/gridpost#; s#target/release/#target/debug/#g'; }

# Blocks fenced as sh; the two set-up commands are handled by themselves.
commands() { awk '/^```sh$/{inside=1; next} /^```$/{inside=0} inside' README.md docs/integrating.md; }
[ "$(commands | head -n 2 | tr '\n' '|')" = 'cargo run --release -- local|./test|' ] || {
    echo 'README.md must begin with the two set-up commands' >&2; exit 1; }

"${gridpost[@]}" local >"$printed" & gateway=$!
for _ in $(seq 600); do grep -q '^More tokens' "$printed" && break; sleep 0.1; done
grep -q '^More tokens' "$printed" || { echo 'gridpost local did not open' >&2; exit 1; }

run() { # run a command and show it; refused samples (1) are as they should be, not being able to run (2) is not
    printf '$ %s\n' "$1" >&2
    local code=0; bash -c "$1" >/dev/null || code=$?
    [ "$code" -le "${2:-0}" ] || { echo "ended with $code: $1" >&2; exit 1; }
}
commands | tail -n +3 | chosen | while read -r line; do
    case "$line" in *' check '* | *' replay '* | *' --dry-run '*) run "$line" 1 ;; *) run "$line" ;; esac
done
grep -E '^  (/|\.|curl|gridpost|target)' "$printed" | while read -r line; do
    printf '$ %s\n' "$line"
    # A document is decided a moment after it is answered, so a peek may have to be repeated.
    for _ in $(seq 50); do
        answer=$(bash -c "$line") && [ -n "$answer" ] && break
        case "$line" in *' peek '* | *masterdata) sleep 0.1 ;; *) break ;; esac
    done
    case "$line" in
        *--data-binary*) [ "$answer" = 202 ] ;;
        *'-X DELETE'*) [ "$answer" = 200 ] ;;
        *' peek '* | *masterdata) grep -q MarketDocument <<<"$answer" ;;
    esac || { echo "unexpected answer: $answer" >&2; exit 1; }
done
[ "$(grep -cE '^  (/|\.|curl|gridpost|target)' "$printed")" = 6 ] || { echo 'six commands are printed' >&2; exit 1; }
