#!/usr/bin/env bash
# Makes docs/images/replay.svg from a real run over captures of the repository. Needs python3.
set -euo pipefail
cd "$(dirname "$0")/../.."

captures=(captures/hl7/feeds.pcap captures/modbus/unit-sweep.pcap captures/dicom/part10-mz.pcap)
program="${CARGO_TARGET_DIR:-target}/release/wardtap"
if [ "$program" = target/release/wardtap ] || [ ! -x "$program" ]; then
    cargo build --locked --release -p wardtap
fi
"$program" replay "${captures[@]}" |
    python3 docs/images/terminal.py "wardtap replay ${captures[*]}" >docs/images/replay.svg
echo "docs/images/replay.svg is made"
