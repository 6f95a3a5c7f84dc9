#!/usr/bin/env bash
# Keeps the examples of README.md and docs/*.md true: runs what stands behind "$ " in their `console` blocks and puts
# the output behind it.
#
#   docs/examples.sh          write them
#   docs/examples.sh --check  fail where they differ from what is printed
#
# Takes the program from target/debug (or $CARGO_TARGET_DIR/debug), built first where it is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

folder="${CARGO_TARGET_DIR:-target}/debug"
cargo build --locked --quiet -p wardtap
PATH="$(cd "$folder" && pwd):$PATH"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Rewrites a page with the output of its examples.
rewrite() {
    local inside="" line
    while IFS= read -r line || [ -n "$line" ]; do
        if [ -n "$inside" ]; then
            case $line in
                '```')
                    inside=""
                    printf '%s\n' "$line"
                    ;;
                '$ '*)
                    printf '%s\n' "$line"
                    (set +eo pipefail; eval "${line#\$ }") </dev/null 2>&1
                    ;;
            esac
        else
            printf '%s\n' "$line"
            if [ "$line" = '```console' ]; then
                inside=yes
            fi
        fi
    done <"$1"
}

failed=""
for page in README.md docs/*.md; do
    if ! grep -q '^```console$' "$page"; then
        continue
    fi
    rewrite "$page" >"$scratch/page"
    if [ "${1:-}" = --check ]; then
        diff -u --label "$page" --label "$page, run anew" "$page" "$scratch/page" || failed=yes
    else
        cat "$scratch/page" >"$page"
    fi
done
if [ -n "$failed" ]; then
    echo "examples differ from what is printed: run 'make docs', look at the difference, and commit" >&2
    exit 1
fi
