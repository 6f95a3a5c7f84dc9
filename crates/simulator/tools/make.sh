#!/usr/bin/env bash
# Records what real tools of attackers do to real servers, for the simulator to splice in.
#
#   make.sh              every capture
#   make.sh NAME...      some
#   make.sh --list       their names
#
# Each scenario gets a switch and hosts in network namespaces of their own; tcpdump sees what the switch carries. Nothing
# leaves them; everything has a time limit and is taken down at the end, however that comes. Writes captures/NAME.pcap
# and, with the messages that tshark finds in it, captures/NAME.json. Needs root and what install.sh installs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peers=$here/../../../captures/peers # servers and objects that the dissectors' captures are made with
python=${TOOLS_VENV:-/opt/wardtap-tools}/bin/python
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=$peers

readonly PREFIX=wardtap-tools
readonly SECONDS_EACH=120 # the longest that anything may run
readonly BYTES=400000     # a capture is small: it becomes part of the program

declare -a jobs=()
recorder='' work='' rate=''

# --- the laboratory -----------------------------------------------------------------------------

# shellcheck source=../../../captures/peers/laboratory.sh
source "$peers/laboratory.sh"

lab_down() {
  local pid ns
  for pid in "${jobs[@]}" $recorder; do kill "$pid" 2>/dev/null || true; done
  jobs=() recorder=''
  for ns in $(ip netns list | sed -n "s/^\($PREFIX-[a-z0-9]*\).*/\1/p"); do
    # Whatever still runs in our own namespace was started by us.
    for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
    ip netns del "$ns" || true
  done
  wait 2>/dev/null || true
}

in_ns() { # HOST COMMAND...
  ip netns exec "$PREFIX-$1" "${@:2}"
}

# A host 10.77.0.LAST with the Ethernet address 02:57:54:00:00:LAST, on the switch.
host() { # NAME LAST
  local ns=$PREFIX-$1 port=p$2
  ip netns add "$ns"
  in_ns "$1" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 \
    net.ipv4.ip_local_port_range='33000 47999' # below the simulated hosts' own ports
  ip -n "$ns" link add eth0 type veth peer name "$port" netns "$PREFIX-switch"
  ip -n "$ns" link set eth0 address "$(printf '02:57:54:00:00:%02x' "$2")"
  # Frames look as on a cable: whole checksums, no segment above the MTU.
  in_ns "$1" ethtool -K eth0 tx off tso off gso off gro off >/dev/null 2>&1
  in_ns switch ethtool -K "$port" tx off tso off gso off gro off >/dev/null 2>&1
  ip -n "$PREFIX-switch" link set "$port" master bridge up
  ip -n "$ns" link set lo up
  ip -n "$ns" link set eth0 up
  ip -n "$ns" addr add "10.77.0.$2/24" broadcast 10.77.0.255 dev eth0
}

# begin HOST=LAST...: a laboratory with these hosts, recorded.
begin() {
  local pair try
  lab_down
  rm -rf "$work"
  work=$(mktemp -d)
  chmod 755 "$work"
  ip netns add "$PREFIX-switch"
  in_ns switch sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip -n "$PREFIX-switch" link add bridge type bridge stp_state 0 mcast_snooping 0
  ip -n "$PREFIX-switch" link set bridge up
  for pair in "$@"; do host "${pair%=*}" "${pair#*=}"; done
  sleep 0.3
}

# record: from here on, frames are kept.
record() {
  ip netns exec "$PREFIX-switch" tcpdump -Z root -i bridge -n -U -s 0 -B 16384 --immediate-mode -w "$work/raw" \
    2>"$work/recorder.err" 9>&- &
  recorder=$!
  local try
  for try in $(seq 100); do
    if grep -qs 'listening on' "$work/recorder.err"; then sleep 0.1; return; fi
    sleep 0.05
  done
  echo "make: $name: the recorder did not start" >&2
  return 1
}

# serve HOST tcp|udp PORT COMMAND...: a server, up once it listens.
serve() {
  local host=$1 kind=$2 port=$3 try
  shift 3
  timeout "$SECONDS_EACH" ip netns exec "$PREFIX-$host" "$@" >>"$work/server.$host.$port" 2>&1 9>&- &
  jobs+=("$!")
  for try in $(seq 200); do
    [[ -z $(in_ns "$host" ss -Hln"${kind:0:1}" "sport = :$port") ]] || return 0
    sleep 0.05
  done
  echo "make: $name: nothing listens on port $port:" >&2
  tail -20 "$work/server.$host.$port" >&2
  return 1
}

# background HOST COMMAND...: goes on until the scenario ends; its process id is in `last`.
background() {
  timeout "$SECONDS_EACH" ip netns exec "$PREFIX-$1" "${@:2}" >>"$work/background.$1" 2>&1 9>&- &
  last=$!
  jobs+=("$last")
}

# run HOST COMMAND...: fails with it.
run() {
  if ! timeout "$SECONDS_EACH" ip netns exec "$PREFIX-$1" "${@:2}" >>"$work/out" 2>&1; then
    echo "make: $name: failed: ${*:2}" >&2
    tail -20 "$work/out" >&2
    return 1
  fi
}

# attempt HOST COMMAND...: as `run`, where failing is part of it.
attempt() { timeout "$SECONDS_EACH" ip netns exec "$PREFIX-$1" "${@:2}" >>"$work/out" 2>&1 || true; }

# finish: stops the recording, checks it, puts capture and messages into their places.
finish() {
  sleep 0.5
  kill -TERM "$recorder"
  wait "$recorder" || true
  recorder=''
  if ! grep -q '^0 packets dropped by kernel' "$work/recorder.err"; then
    echo "make: $name: the recorder lost packets" >&2
    return 1
  fi
  [[ -z ${KEEP:-} ]] || cp -r "$work" "$KEEP"
  lab_down
  local size
  size=$(stat -c %s "$work/raw")
  ((size <= BYTES)) || { echo "make: $name: $size octets are too many" >&2; return 1; }
  "$python" "$here/messages.py" "$work/raw" "$work/messages.json" "$@"
  install -m 644 "$work/raw" "$here/captures/$name.pcap"
  install -m 644 "$work/messages.json" "$here/captures/$name.json"
}

# shellcheck source=scenarios.sh
source "$here/scenarios.sh"

mapfile -t all < <(scenarios)
if [[ ${1:-} == --list ]]; then
  printf '%s\n' "${all[@]}"
  exit 0
fi
chosen=("$@")
((${#chosen[@]})) || chosen=("${all[@]}")
for name in "${chosen[@]}"; do
  declare -F "scenario_${name//-/_}" >/dev/null || { echo "make: no scenario $name" >&2; exit 2; }
done
# The machine's own name appears in nothing.
[[ -n ${OWN_NAME:-} ]] || OWN_NAME=1 exec unshare --uts "$0" "$@"
echo ward >/proc/sys/kernel/hostname
hold wardtap-tools
play "${chosen[@]}"
((${#failed[@]} == 0)) || { echo "make: failed: ${failed[*]}" >&2; exit 1; }
