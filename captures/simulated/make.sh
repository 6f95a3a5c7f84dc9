#!/usr/bin/env bash
# Makes the simulated captures anew: what lies within four seconds of a scenario's frames, in a hospital of 50 devices.
# The same simulator gives the same bytes. Needs zstd; then rewrite the goldens:
#   UPDATE=1 cargo test -p wardtap --test it goldens
set -euo pipefail
cd "$(dirname "$0")/../.."

scenarios="dicom-executable-stored dicom-title-guessing hl7-control-id-reuse hl7-results-tampered
    modbus-isolation-setpoint pump-foreign-commands broadcast-storm tool-arpspoof-modbus tool-dnsmasq-rogue-dhcp
    tool-nmap-modbus-discover dicom-uids-with-paths"

cargo build --locked --release -p wardtap-simulator
program="${CARGO_TARGET_DIR:-target}/release/wardtap-simulator"
for scenario in $scenarios; do
    "$program" generate --seed 1 --devices 50 --scenarios "$scenario" --around 4 \
        --out "captures/simulated/$scenario.pcap" --labels "captures/simulated/$scenario.labels.json"
    zstd --quiet --rm --force -19 "captures/simulated/$scenario.pcap"
done
