# What the scenarios of network/*.sh have in common; make.sh reads this file. Their peers are programs as Debian has
# them, which keep no log that could be counted: a truth says who they are and what they announce.

declare -a told=()

# debian PROGRAM PACKAGE: the program and its upstream version.
debian() { printf '%s %s' "$1" "$(dpkg-query -W -f='${Version}' "$2" | sed -E 's/^[0-9]+://; s/[-+~].*//')"; }
# pypi PACKAGE
pypi() { printf '%s %s' "$1" "$("$python" -c 'import importlib.metadata as m, sys; print(m.version(sys.argv[1]))' "$1")"; }

peer() { told+=(--peer "$1=$2"); } # ROLE WHO
say() { told+=(--say "$@"); }      # KEY VALUE...
truly() { told+=("$@"); }          # more options of announced.py

# conclude PROTOCOL PORT...: as finish, with what peer, say and truly told.
conclude() {
  local protocol=$1 port
  shift
  for port in "$@"; do told+=(--port "$port"); done
  stop_recorder
  "$python" "$here/announced.py" --capture "$target" --file "$work/raw" --made-by "captures/peers/make.sh $name" \
    --shows "$shows" --protocol "$protocol" "${told[@]}" --out "$work/truth.json"
  keep
}

# start NAME COMMAND...: a program in b that need not listen on TCP.
start() { start_in "$NS_B" "$@"; }
start_in() { # NS NAME COMMAND...
  local ns=$1 name=$2
  shift 2
  timeout "$PEER_SECONDS" ip netns exec "$ns" "$@" >>"$work/$name.out" 2>&1 9>&- &
  servers+=("$!")
}

# udp PORT: waits until something in b listens there.
udp() {
  local try
  for try in $(seq 100); do
    [[ -z $(in_b ss -Hlun "sport = :$1") ]] || return 0
    sleep 0.05
  done
  echo "make: $file: nothing listens on UDP port $1:" >&2
  tail -n 20 "$work"/*.out >&2
  return 1
}

# try COMMAND...: a station in a, whose failure is no failure of the scenario (it is refused, as meant).
try() { timeout "$PEER_SECONDS" ip netns exec "$NS_A" "$@" >>"$work/client.out" 2>&1 || true; }

# pipe TEXT COMMAND...: as try, with the text (printf's escapes) as its input, which stays open a second.
pipe() {
  local text=$1
  shift
  { printf '%b' "$text"; sleep 1; } | timeout "$PEER_SECONDS" ip netns exec "$NS_A" "$@" >>"$work/client.out" 2>&1 || true
}

# firmware FILE [BYTES]: bytes that begin as an ELF file does and are no program.
firmware() { { printf '\177ELF\2\1\1'; head -c "$((${2:-3000} - 7))" /dev/zero | tr '\0' 'w'; } >"$1"; }
