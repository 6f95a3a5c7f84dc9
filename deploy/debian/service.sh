#!/usr/bin/env bash
# Runs inside of the Debian that test.sh boots, as root, with the package installed: the service under systemd itself.
set -euo pipefail

step() { printf '\n==> %s\n' "$*"; }
fails() {
    echo "FAILED: $*"
    systemctl status --no-pager --full wardtap || true
    journalctl --no-pager -u wardtap -n 30 || true
    exit 1
}
# Waits a minute for a command to succeed.
await() {
    local what=$1
    shift
    for _ in $(seq 120); do
        if "$@"; then return 0; fi
        sleep 0.5
    done
    fails "waited in vain: $what"
}
wire() {
    ip link add span0 type veth peer name tx0 netns far
    # As in span0.interfaces.
    echo 1 >/proc/sys/net/ipv6/conf/span0/disable_ipv6
    ip link set dev span0 addrgenmode none
    ip link set dev span0 mtu 9000 arp off multicast off up
    ip -n far link set dev tx0 mtu 9000 up
}
play() { ip netns exec far tcpreplay --quiet --intf1=tx0 --pps=5000 /root/played.pcap >/dev/null; }
metric() { curl --silent http://127.0.0.1:9464/metrics | sed -n "s/^$1 //p"; }
has_packets() { [ "$(metric wardtap_packets_total | cut -d. -f1)" -ge "$1" ] 2>/dev/null; }
of_unit() { systemctl show --value --property="$1" wardtap; }
is_active() { [ "$(of_unit ActiveState)" = active ]; }
was_started() { is_active && [ "$(of_unit NRestarts)" -gt "$1" ]; }
lines() { wc -l </var/log/wardtap/events.jsonl; }

ip netns add far
wire

step "start: the unit waits until the sensor says that it watches"
systemctl start wardtap
is_active || fails "it is not active"
echo "$(of_unit StatusText), as $(ps -o user= -p "$(of_unit MainPID)")"
grep -E '^(Cap(Inh|Prm|Eff|Amb)|NoNewPrivs|Seccomp):' "/proc/$(of_unit MainPID)/status"

step "it hears, and tells"
play
await "packets" has_packets 500
echo "$(metric wardtap_packets_total) packets, $(lines) events; readyz: $(curl --silent http://127.0.0.1:9464/readyz)"
[ "$(lines)" -gt 10 ] || fails "few events"

step "reload"
systemctl reload wardtap
await "the reload" [ "$(sleep 2; metric 'wardtap_reloads_total{result="done"}')" = 1 ]

step "logrotate: what comes then goes to the new file"
logrotate --force /etc/logrotate.d/wardtap
sleep 2
play
systemctl stop wardtap
[ -s /var/log/wardtap/events.jsonl ] && [ -s /var/log/wardtap/events.jsonl.1 ] || fails "no events in the one or the other"
stat --format '%A %U:%G %n' /var/log/wardtap/*
echo "ended with status $(of_unit ExecMainStatus), result $(of_unit Result)"
[ "$(of_unit Result)" = success ] || fails "it did not end well"

step "killed: it is started anew"
systemctl start wardtap
kill -KILL "$(of_unit MainPID)"
await "a new start" was_started 0

step "it stands still: the watchdog ends it, and it is started anew"
before=$(of_unit NRestarts)
kill -STOP "$(of_unit MainPID)"
await "a new start" was_started "$before"
journalctl --no-pager --output=cat -u wardtap | grep -i watchdog | head -n 2

step "its interface is gone: status 5, and it goes on once there is one again"
ip link del span0
gone() { [ "$(of_unit ActiveState)" != active ]; }
await "its end" gone
journalctl --no-pager --output=cat -u wardtap | grep -E 'gone|status=5' | head -n 2
wire
await "it watches again" is_active
play
await "packets" has_packets 500
systemctl stop wardtap

step "what the kernel and systemd refused meanwhile"
journalctl --no-pager --output=cat -u wardtap | grep -iE 'denied|not permitted|audit|failed to' || echo "nothing"
echo "PASSED"
