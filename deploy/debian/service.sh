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
    ip link add span0 mtu 9000 type veth peer name tx0 mtu 9000 netns far
    ip -n far link set dev tx0 up
}
is_prepared() {
    ip link show dev span0 | grep --quiet 'NOARP.*,UP' && [ -z "$(ip -brief address show dev span0 | awk '{print $3}')" ]
}
play() { ip netns exec far tcpreplay --quiet --intf1=tx0 --pps=5000 /root/played.pcap >/dev/null; }
metric() { curl --silent http://127.0.0.1:9464/metrics | sed -n "s/^$1 //p"; }
has_packets() { [ "$(metric wardtap_packets_total | cut -d. -f1)" -ge "$1" ] 2>/dev/null; }
of_unit() { systemctl show --value --property="$1" wardtap; }
is_active() { [ "$(of_unit ActiveState)" = active ]; }
was_started() { is_active && [ "$(of_unit NRestarts)" -gt "$1" ]; }
lines() { wc -l </var/log/wardtap/events.jsonl; }

ip netns add far
# The far end says nothing by itself.
ip netns exec far sysctl --quiet --write net.ipv6.conf.default.disable_ipv6=1

step "the interface, by ifupdown: up, without addresses, ARP and IPv6"
wire
cp /usr/share/wardtap/network/span0.interfaces /etc/network/interfaces.d/span0
ifup span0
is_prepared || fails "the interface: $(ip address show dev span0)"
ip -brief link show dev span0

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
for written in events.jsonl events.jsonl.1; do
    [ -s "/var/log/wardtap/$written" ] || fails "no events in $written"
done
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

step "its interface is gone: status 5, and it goes on once there is one again, prepared by systemd-networkd"
ip link del span0
gone() { [ "$(of_unit ActiveState)" != active ]; }
await "its end" gone
journalctl --no-pager --output=cat -u wardtap | grep -E 'gone|status=5' | head -n 2
rm /etc/network/interfaces.d/span0
cp /usr/share/wardtap/network/span0.network /usr/share/wardtap/network/span0.link /etc/systemd/network/
# A control: what is not known is complained of.
for kind in network link; do
    printf '[Match]\nOriginalName=nosuch0\n[Link]\nNonsense=yes\n' >"/etc/systemd/network/control.$kind"
done
systemctl restart systemd-networkd
wire
await "the interface is prepared" is_prepared
ip -brief link show dev span0
await "it watches again" is_active
play
await "packets" has_packets 500
systemctl stop wardtap

step "what networkd and udev do not know of the settings"
complaints() {
    {
        journalctl --no-pager --output=cat -u systemd-networkd
        udevadm test-builtin net_setup_link /sys/class/net/span0 2>&1
    } | grep -E "/$1\.(network|link):.*(Unknown|Invalid|Failed|ignoring)" | sort -u || true
}
[ "$(complaints control | grep -c Nonsense)" = 2 ] || fails "the control: $(complaints control)"
[ -z "$(complaints span0)" ] || fails "$(complaints span0)"
echo "nothing"

step "what the kernel and systemd refused meanwhile"
refused=$(journalctl --no-pager --output=cat -u wardtap | grep -iE 'denied|not permitted|audit|failed to' || true)
[ -z "$refused" ] || fails "$refused"
echo "nothing"
echo "PASSED"
