#!/usr/bin/env bash
# Makes seeds for all targets out of the repository's captures, into fuzz/seeds/ (not kept: `fuzz/run minimise` keeps
# of them, and of what fuzzing has found, what reaches code that nothing shorter reaches).
set -euo pipefail
cd "$(dirname "$0")"
rm -rf seeds
find ../captures -name '*.pcap' -o -name '*.pcapng' -o -name '*.pcap.gz' | LC_ALL=C sort |
    xargs cargo run --locked --quiet --profile replay --bin seed -- seeds
for target in capture frame stream; do
    echo "$target: $(ls seeds/$target | wc -l) seeds"
done
