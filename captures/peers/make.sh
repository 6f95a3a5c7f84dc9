#!/usr/bin/env bash
# Records what real implementations of Modbus, HL7, DICOM and of the protocols around them say to each other.
#
#   make.sh              every capture
#   make.sh NAME...      some (a scenario such as modbus-functions, or a protocol such as hl7)
#   make.sh --list       their names
#
# Each scenario gets two network namespaces of its own, joined by a veth pair: `a` holds the stations that ask, `b` the
# servers, and tcpdump on b's end of the cable. Nothing leaves the two namespaces; every peer has a time limit; all of it
# is taken down at the end, however that comes. Writes captures/<protocol>/<name>.pcap[.gz] and .truth.json, and only
# when the capture is complete and tshark finds nothing malformed in it. Needs root and what install.sh installs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
captures=$(dirname "$here")
python=${PEERS_VENV:-/opt/wardtap-peers}/bin/python
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=$here

readonly NS_A=wardtap-peers-a NS_B=wardtap-peers-b NS_C=wardtap-peers-c # (c: a second server)
readonly A=10.77.0.10 B=10.77.0.20 A6=fd77::10 B6=fd77::20
readonly PEER_SECONDS=90 # the longest that any peer may run

declare -a servers=()
recorder='' work=''

# --- the laboratory -----------------------------------------------------------------------------

# shellcheck source=laboratory.sh
source "$here/laboratory.sh"

lab_down() {
  local pid ns
  for pid in "${servers[@]}" $recorder; do kill "$pid" 2>/dev/null || true; done
  for pid in "${servers[@]}" $recorder; do wait "$pid" 2>/dev/null || true; done
  servers=() recorder=''
  for ns in "$NS_A" "$NS_B" "$NS_C"; do
    if [[ -e /run/netns/$ns ]]; then
      # Whatever still runs in our own namespace was started by us.
      for pid in $(ip netns pids "$ns" 2>/dev/null); do kill -KILL "$pid" 2>/dev/null || true; done
      ip netns del "$ns" || true
    fi
  done
}

in_a() { ip netns exec "$NS_A" "$@"; }
in_b() { ip netns exec "$NS_B" "$@"; }

lab_up() { # [offload]
  local side ns
  ip netns add "$NS_A"
  ip netns add "$NS_B"
  ip -n "$NS_A" link add cable type veth peer name cable netns "$NS_B"
  ip -n "$NS_A" link set cable address 02:57:54:00:00:0a
  ip -n "$NS_B" link set cable address 02:57:54:00:00:14
  for side in a b; do
    ns=wardtap-peers-$side
    # No router solicitation, no MLD, no duplicate address detection by chance of timing.
    ip netns exec "$ns" sysctl -qw net.ipv6.conf.cable.accept_dad=0 net.ipv6.conf.cable.router_solicitations=0 \
      net.ipv6.conf.cable.addr_gen_mode=1
    [[ ${1:-} == offload ]] || ip netns exec "$ns" ethtool -K cable tx off tso off gso off gro off >/dev/null 2>&1
    ip -n "$ns" link set lo up
    ip -n "$ns" link set cable up
  done
  ip -n "$NS_A" addr add "$A/24" dev cable
  ip -n "$NS_B" addr add "$B/24" dev cable
  ip -n "$NS_A" addr add "$A6/64" dev cable nodad
  ip -n "$NS_B" addr add "$B6/64" dev cable nodad
}

# begin FILE SHOWS [lab options]: an empty lab that records into FILE (below captures/).
begin() {
  file=$1 shows=$2
  shift 2
  lab_down
  rm -rf "$work"
  work=$(mktemp -d)
  lab_up "$@"
  # `ip netns exec` becomes the recorder itself, so that its process id is the recorder's.
  case $file in
    *.pcapng) ip netns exec "$NS_B" dumpcap -q -n -i cable -B 16 -w "$work/raw" 2>"$work/recorder.err" 9>&- & ;;
    *.ns.pcap) ip netns exec "$NS_B" tcpdump -Z root -i cable -n -U -s 0 -B 16384 --immediate-mode --time-stamp-precision=nano \
      -w "$work/raw" 2>"$work/recorder.err" 9>&- & ;;
    *) ip netns exec "$NS_B" tcpdump -Z root -i cable -n -U -s 0 -B 16384 --immediate-mode -w "$work/raw" 2>"$work/recorder.err" 9>&- & ;;
  esac
  recorder=$!
  local try
  for try in $(seq 100); do
    if grep -qE 'listening on|^File: ' "$work/recorder.err" 2>/dev/null; then sleep 0.1; return; fi
    sleep 0.05
  done
  echo "make: $file: the recorder did not start:" >&2
  cat "$work/recorder.err" >&2
  return 1
}

# serve PORT COMMAND...: a server in b, up once it listens.
serve() { serve_in "$NS_B" "$@"; }

serve_in() { # NS PORT COMMAND...
  local ns=$1 port=$2 try
  shift 2
  timeout "$PEER_SECONDS" ip netns exec "$ns" "$@" >>"$work/server.$port.out" 2>&1 9>&- &
  servers+=("$!")
  for try in $(seq 200); do
    [[ -z $(ip netns exec "$ns" ss -Hltn "sport = :$port") ]] || return 0
    kill -0 "${servers[-1]}" 2>/dev/null || break
    sleep 0.05
  done
  echo "make: $file: nothing listens on port $port:" >&2
  tail -20 "$work/server.$port.out" >&2
  return 1
}

# ask COMMAND...: a station in a; its failure fails the scenario.
ask() {
  if ! timeout "$PEER_SECONDS" ip netns exec "$NS_A" "$@" >>"$work/client.out" 2>&1; then
    echo "make: $file: failed: $*" >&2
    tail -20 "$work/client.out" >&2
    return 1
  fi
}

# finish TRUTH-OPTIONS...: stops the recording, checks it, and puts capture and truth into their places.
finish() {
  stop_recorder
  "$python" "$here/truth.py" --capture "$target" --made-by "captures/peers/make.sh $name" --shows "$shows" \
    --out "$work/truth.json" "$@" "$work"/*.jsonl
  keep
}

# The recording is whole, and is $work/capture; `target` is its name below captures/.
stop_recorder() {
  sleep 0.4 # the last ACKs
  kill -TERM "$recorder" # (INT is ignored in a script's background jobs)
  wait "$recorder" || true
  recorder=''
  if ! grep -qE '^0 packets dropped by kernel|received/dropped on interface .*: [0-9]+/0 ' "$work/recorder.err"; then
    echo "make: $file: the recorder lost packets:" >&2
    cat "$work/recorder.err" >&2
    return 1
  fi
  lab_down
  case $file in
    *.gz) gzip -n -9 -c "$work/raw" >"$work/capture" ;;
    *) cp "$work/raw" "$work/capture" ;;
  esac
  target=${file/.ns.pcap/.pcap}
}

# Puts $work/capture and $work/truth.json into their places, if they are in order.
keep() {
  local name=${target%.gz}
  name=${name%.*}
  cp "$work/capture" "$work/${target##*/}"
  "$python" "$here/verify.py" "$work/${target##*/}" "$work/truth.json"
  mkdir -p "$captures/$(dirname "$file")"
  install -m 644 "$work/capture" "$captures/$target"
  install -m 644 "$work/truth.json" "$captures/$name.truth.json"
}

# --- Modbus -------------------------------------------------------------------------------------

modbus_pair() { # FILE SHOWS SERVER SCENARIO PORT [truth options]
  local path=$1 what=$2 server=$3 asking=$4 port=$5 client=pymodbus
  shift 5
  case $asking in pipelined | cut | dribbled | illegal-function) client=sockets ;; esac
  begin "$path" "$what"
  serve "$port" "$python" "$here/modbus_peer.py" serve "$server" --port "$port" --log "$work/server.jsonl"
  ask "$python" "$here/modbus_peer.py" ask "$asking" --host "$B" --port "$port" --log "$work/client.jsonl"
  finish --port "$port" --peer "server=$server" --peer "client=$client, $asking" "$@"
}

scenario_modbus_functions() {
  modbus_pair modbus/functions.pcap 'every function pymodbus can ask for (1-8, 11, 12, 15-17, 20-24, 43/14), two unit ids behind one server' \
    pymodbus functions 502
}
scenario_modbus_listen_only() {
  modbus_pair modbus/listen-only.pcap 'diagnostics that take a device away: restart communications, force listen only' \
    pymodbus listen-only 502
}
scenario_modbus_exceptions() {
  modbus_pair modbus/exceptions.pcap 'illegal data address from every function that has one, and the failure an unknown unit id gets' \
    pymodbus exceptions 502
}
scenario_modbus_odd_port() {
  modbus_pair modbus/odd-port.pcapng 'polling and a few writes on port 15020; pcapng with nanoseconds' \
    pymodbus mixed 15020
}
scenario_modbus_nanoseconds() {
  modbus_pair modbus/nanoseconds.ns.pcap 'polling and a few writes; pcap with nanoseconds' \
    pymodbus mixed 502
}
scenario_modbus_illegal_function() {
  modbus_pair modbus/illegal-function.pcap 'functions the server lacks (8, 9, 20, 22, 24, 65, 90, 100, 43/13) and quantities it refuses' \
    pymodbustcp illegal-function 502
}
scenario_modbus_unknown_function() {
  modbus_pair modbus/unknown-function.pcap 'a function pymodbus does not know: its refusal carries function 0, and its client gives up' \
    pymodbus unknown-function 502 --note 'the server logs no request it cannot decode, the client no answer: they cannot agree'
}
scenario_modbus_ipv6() {
  begin modbus/ipv6.pcap 'polling and a few writes over IPv6'
  serve 502 "$python" "$here/modbus_peer.py" serve pymodbus --ipv6 --port 502 --log "$work/server.jsonl"
  ask "$python" "$here/modbus_peer.py" ask mixed --host "$B6" --port 502 --log "$work/client.jsonl"
  finish --port 502 --peer server=pymodbus --peer 'client=pymodbus, mixed'
}
scenario_modbus_pipelined() {
  modbus_pair modbus/pipelined.pcap 'ten requests in one segment, then ten without waiting' pymodbustcp pipelined 502
}
scenario_modbus_cut() {
  modbus_pair modbus/cut.pcap 'ten requests, cut into segments of 8 to 13 bytes: every ADU begins or ends within one' pymodbustcp cut 502
}
scenario_modbus_dribbled() {
  modbus_pair modbus/dribbled.pcap 'ten requests, their bytes cut into segments of 1 to 7' pymodbustcp dribbled 502 \
    --tshark-differs 'tshark does not begin an ADU in a segment of less than 8 bytes'
}
scenario_modbus_device_id() {
  modbus_pair modbus/device-id.pcap 'function 43/14 with every read code, one refused' \
    pymodbustcp device-id 502
}
scenario_modbus_libmodbus() {
  begin modbus/libmodbus.pcap 'mbpoll (libmodbus) reads every table and writes a register and coils'
  serve 502 "$python" "$here/modbus_peer.py" serve pymodbustcp --port 502 --log "$work/server.jsonl"
  local table
  for table in 0 1 3 4; do ask mbpoll -1 -a 1 -t "$table" -r 1 -c 8 "$B"; done
  ask mbpoll -1 -a 1 -t 4 -r 5 "$B" 321
  ask mbpoll -1 -a 1 -t 4 -r 5 "$B" 1 2 3
  ask mbpoll -1 -a 1 -t 0 -r 5 "$B" 1 0 1
  in_a mbpoll -1 -a 1 -t 4 -r 500 -c 4 "$B" >>"$work/client.out" 2>&1 || true # refused: exits 1
  finish --port 502 --count server --peer server=pyModbusTCP --peer client=mbpoll
}
scenario_modbus_unit_sweep() {
  modbus_pair modbus/unit-sweep.pcap 'a scan of unit ids 1 to 247: two devices answer, the others get an exception' \
    pymodbus unit-sweep 502
}
scenario_modbus_unit_sweep_silent() {
  begin modbus/unit-sweep-silent.pcap 'a scan of unit ids 1 to 247: two devices answer, the others stay silent'
  serve 502 "$python" "$here/modbus_peer.py" serve silent --port 502 --log "$work/server.jsonl"
  ask "$python" "$here/modbus_peer.py" ask silent-sweep --host "$B" --port 502 --log "$work/client.jsonl"
  finish --port 502 --peer server=sockets --peer 'client=sockets, pymodbus frames'
}
scenario_modbus_register_sweep() {
  modbus_pair modbus/register-sweep.pcap 'a scan of the address space: nearly all illegal data address' \
    pymodbus register-sweep 502
}
scenario_modbus_exception_storm() {
  modbus_pair modbus/exception-storm.pcap 'one write refused 300 times in a row' \
    pymodbus exception-storm 502
}

# shellcheck source=hl7_scenarios.sh
[[ ! -e $here/hl7_scenarios.sh ]] || source "$here/hl7_scenarios.sh"
# shellcheck source=dicom_scenarios.sh
[[ ! -e $here/dicom_scenarios.sh ]] || source "$here/dicom_scenarios.sh"
# shellcheck source=network.sh
source "$here/network.sh"
for part in "$here"/network/*.sh; do
  # shellcheck source=/dev/null
  source "$part"
done

# --- which --------------------------------------------------------------------------------------

mapfile -t all < <(scenarios)
if [[ ${1:-} == --list ]]; then
  printf '%s\n' "${all[@]}"
  exit 0
fi
chosen=()
for wanted in "${@:-}"; do
  before=${#chosen[@]}
  for name in "${all[@]}"; do
    if [[ -z $wanted || $name == "$wanted" || $name == "$wanted"-* && $wanted != *-* ]]; then
      chosen+=("$name")
    fi
  done
  if ((${#chosen[@]} == before)); then
    echo "make: no scenario $wanted; make.sh --list names them" >&2
    exit 2
  fi
done
[[ -x $python ]] || { echo "make: no $python; run install.sh first" >&2; exit 1; }
hold wardtap-peers
play "${chosen[@]}"
"$python" "$here/sources.py" "$captures"
if ((${#failed[@]})); then
  echo "make: failed: ${failed[*]}" >&2
  exit 1
fi
