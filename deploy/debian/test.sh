#!/usr/bin/env bash
# Tries the Debian package in a Debian 12 of its own: it installs, works as its user, runs as a service under systemd, keeps
# what an administrator has changed, and is removed without a trace.
#
#   cargo deb -p wardtap && deploy/debian/test.sh [PACKAGE]
#
# Needs root, mmdebstrap, and for the service systemd-nspawn (package systemd-container); fetches some 70 MB from Debian's
# mirror. Takes four minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."

package=${1:-$(find "${CARGO_TARGET_DIR:-target}/debian" -name 'wardtap_*.deb' | sort | tail -n 1)}
[ -f "$package" ] || { echo "no package: cargo deb -p wardtap makes one" >&2; exit 1; }
work=$(mktemp -d)
root=$work/root booted=$work/booted
finish() {
    umount -l "$root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

step() { printf '\n==> %s\n' "$*"; }
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }
as_wardtap() { inside setpriv --reuid=wardtap --regid=wardtap --clear-groups "$@"; }
fails() { echo "FAILED: $*" >&2; exit 1; }
# Everything there is, but for what apt, dpkg and their triggers note down.
everything() {
    (cd "$root" && find . -xdev \( -path ./proc -o -path ./tmp -o -path ./run -o -path ./var/cache -o -path ./var/log/dpkg.log \
        -o -path ./var/lib/dpkg -o -path './etc/*-' -o -path './var/lib/systemd/deb-systemd-helper-*' \) -prune -o -printf '%p %u:%g %m %l\n' | sort)
    cat "$root/etc/passwd" "$root/etc/group"
}

step "a Debian 12"
mmdebstrap --quiet --variant=minbase \
    --include=adduser,systemd-sysv,dbus,logrotate,libpcap0.8,iproute2,procps,curl,tcpreplay,ifupdown,udev bookworm "$root"
mount -t proc proc "$root/proc"
cp "$package" "$root/tmp/wardtap.deb"
cp captures/modbus/unit-sweep.pcap "$root/tmp/"
everything >"$root/tmp/before"

step "install"
inside dpkg --install /tmp/wardtap.deb
inside wardtap --version
inside id wardtap
inside stat --format '%A %U:%G %n' /etc/wardtap /etc/wardtap/wardtap.toml /var/log/wardtap /var/lib/wardtap
[ "$(inside systemctl is-enabled wardtap.service || true)" = disabled ] || fails "the service is not to start by itself"

step "as its user"
as_wardtap wardtap check --config /etc/wardtap/wardtap.toml
as_wardtap wardtap replay --config /etc/wardtap/wardtap.toml --events /var/log/wardtap/events.jsonl /tmp/unit-sweep.pcap | head -n 3
if inside setpriv --reuid=nobody --regid=nogroup --clear-groups cat /etc/wardtap/wardtap.toml 2>/dev/null; then
    fails "everybody reads the configuration"
fi

step "the unit"
inside systemd-analyze verify --man=no wardtap.service
inside systemd-analyze security --offline=true --threshold=20 wardtap.service | tail -n 1

step "logrotate"
inside logrotate --state /tmp/logrotate --force /etc/logrotate.d/wardtap
inside stat --format '%A %U:%G %s %n' /var/log/wardtap/events.jsonl /var/log/wardtap/events.jsonl.1

step "the service, under systemd"
if command -v systemd-nspawn >/dev/null; then
    umount "$root/proc"
    cp --archive "$root" "$booted"
    mount -t proc proc "$root/proc"
    zstd --quiet --decompress --stdout captures/simulated/hl7-results-tampered.pcap.zst >"$booted/root/played.pcap"
    install deploy/debian/service.sh "$booted/root/"
    sed -i 's/^WARDTAP_INTERFACES=.*/WARDTAP_INTERFACES="--interface span0"/' "$booted/etc/default/wardtap"
    cat >"$booted/etc/systemd/system/try.service" <<'UNIT'
[Service]
Type=oneshot
ExecStart=/root/service.sh
StandardOutput=file:/root/printed
StandardError=inherit
ExecStopPost=/bin/systemctl --no-block poweroff
UNIT
    ln -s ../try.service "$booted/etc/systemd/system/multi-user.target.wants/"
    timeout 300 systemd-nspawn --quiet --directory="$booted" --private-network --register=no --keep-unit --boot \
        >"$work/console" 2>&1 </dev/null || true
    cat "$booted/root/printed"
    grep --quiet '^PASSED' "$booted/root/printed" || fails "the service; the console: $(tail -n 20 "$work/console")"
else
    echo "NOT TRIED: there is no systemd-nspawn"
fi

step "a newer package keeps what was changed"
echo '# mine' >>"$root/etc/wardtap/wardtap.toml"
echo 'WARDTAP_INTERFACES="--interface tap0"' >>"$root/etc/default/wardtap"
inside dpkg --force-confold --install /tmp/wardtap.deb
inside grep --quiet '^# mine' /etc/wardtap/wardtap.toml || fails "the configuration was overwritten"
inside grep --quiet tap0 /etc/default/wardtap || fails "the interfaces were overwritten"

step "remove"
inside dpkg --remove wardtap
[ ! -e "$root/usr/bin/wardtap" ] || fails "the program is still there"
for kept in /etc/wardtap/wardtap.toml /etc/default/wardtap /var/log/wardtap/events.jsonl.1; do
    [ -e "$root$kept" ] || fails "$kept went before the purge"
done

step "purge"
inside dpkg --purge wardtap
everything >"$root/tmp/after"
diff "$root/tmp/before" "$root/tmp/after" || fails "the above is left behind, or gone"
echo "nothing is left"
