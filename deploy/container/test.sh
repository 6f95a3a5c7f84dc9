#!/usr/bin/env bash
# Builds the container image by its Containerfile and runs it, without a registry of images and without a container runtime:
# its two base images are made here of Debian's packages, and buildah runs each step, and the container, in a chroot.
#
#   cargo build --release -p wardtap && deploy/container/test.sh [PROGRAM]
#
# In place of Rust's image stands Debian with a `cargo` that hands out PROGRAM: compiling is tried elsewhere. Needs root,
# buildah, mmdebstrap, tcpreplay and zstd; fetches some 100 MB from Debian's mirror. Takes two minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."

program=$(realpath "${1:-${CARGO_TARGET_DIR:-target}/release/wardtap}")
work=$(mktemp -d)
near=wtc$((RANDOM % 10000)) pid=
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
finish() {
    [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true
    ip link del "$near" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

step() { printf '\n==> %s\n' "$*"; }
fails() { echo "FAILED: $*" >&2; cat "$work/printed" >&2; exit 1; }
images() { buildah --root "$work/images" --runroot "$work/run" "$@"; }
touch "$work/printed"

step "the two base images"
mmdebstrap --quiet --variant=minbase bookworm "$work/debian.tar"
container=$(images from scratch)
images add --quiet "$container" "$work/debian.tar" / >/dev/null
images commit --quiet --rm "$container" docker.io/library/debian:bookworm-slim
printf '#!/bin/sh\nmkdir -p target/release && cp /usr/local/share/wardtap target/release/\n' >"$work/cargo"
chmod 755 "$work/cargo"
container=$(images from docker.io/library/debian:bookworm-slim)
images copy --quiet "$container" "$work/cargo" /usr/local/bin/cargo >/dev/null
images copy --quiet "$container" "$program" /usr/local/share/wardtap >/dev/null
images commit --quiet --rm "$container" "$(sed -n 's/^FROM \(.*\) AS build$/\1/p' deploy/container/Containerfile)"

step "the image"
images bud --pull-never --quiet --file deploy/container/Containerfile --tag wardtap . >/dev/null 2>"$work/printed" || fails "it is not built"
images inspect --format '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}} {{.OCIv1.Config.StopSignal}}' --type image wardtap

step "the container, with the capabilities that its Containerfile names"
mkdir -m 755 "$work/log"
chown 990:990 "$work/log"
ip link add "$near" type veth peer name "${near}f"
for end in "$near" "${near}f"; do echo 1 >"/proc/sys/net/ipv6/conf/$end/disable_ipv6"; done
ip link set "$near" addrgenmode none arp off mtu 9000 up
ip link set "${near}f" mtu 9000 up
container=$(images from wardtap)
given=$(sed -n 's/.*--cap-add \([A-Z_,]*\) .*/\1/p' deploy/container/Containerfile | sed 's/^/CAP_/; s/,/,CAP_/g')
# `--cap-drop all` is podman's; here what buildah gives by itself, and the Containerfile does not name, is taken away.
taken=$(printf 'CAP_%s\n' CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SYS_CHROOT | paste --serial --delimiters=,)
images run --network host --cap-drop "$taken" --cap-add "$given" "$container" -- grep ^CapBnd: /proc/self/status
images run --network host --cap-drop "$taken" --cap-add "$given" --volume "$work/log:/var/log/wardtap" "$container" -- \
    /usr/bin/wardtap watch --interface "$near" --listen 127.0.0.1:0 --user wardtap --events /var/log/wardtap/events.jsonl \
    >"$work/printed" 2>&1 &
for _ in $(seq 200); do
    address=$(sed -n 's!.*\(http://[0-9.:]*\)/metrics.*!\1!p' "$work/printed")
    [ -z "$address" ] || break
    sleep 0.1
done
[ -n "$address" ] || fails "it does not watch"
pid=$(pgrep --full "^/usr/bin/wardtap watch --interface $near ")
grep -E '^(Uid|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' "/proc/$pid/status"
[ "$(stat --format %u "/proc/$pid/environ")" = 0 ] || fails "others of its user look into it"
zstd --quiet --decompress --stdout captures/simulated/hl7-results-tampered.pcap.zst >"$work/played.pcap"
tcpreplay --quiet --intf1="${near}f" --pps=2000 "$work/played.pcap" >/dev/null 2>&1
for _ in $(seq 100); do
    [ "$(curl --silent "$address/readyz")" != ok ] || break
    sleep 0.1
done
[ "$(curl --silent "$address/readyz")" = ok ] || fails "it is not ready: $(curl --silent "$address/readyz")"

step "its end"
kill -TERM "$pid"
wait %% || fails "it ends with status $?"
pid=
[ "$(stat --format %u "$work/log/events.jsonl")" = 990 ] || fails "events are another user's"
tail -n 1 "$work/log/events.jsonl" | python3 -c 'import json, sys; print(json.loads(sys.stdin.readline())["stats"]["packets"], "packets")'
echo PASSED
