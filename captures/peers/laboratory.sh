# What both recordings of real programs have in common, the one here and the simulator's (crates/simulator/tools). To be
# sourced by a script that has functions scenario_NAME, and `lab_down`, which takes down all that it has set up.

# Their names, with - for _.
scenarios() { declare -F | sed -n 's/^declare -f scenario_//p' | tr _ -; }

# Run at every end, whatever comes: `work` is the folder of what is under way.
cleanup() {
  local status=$?
  lab_down
  [[ -z $work ]] || rm -rf "$work"
  exit "$status"
}

# hold NAME: this run alone has the laboratory of that name, and leaves nothing of it behind.
hold() {
  ((EUID == 0)) || { echo "make: needs root, for network namespaces" >&2; exit 1; }
  exec 9>"/run/lock/$1.lock"
  flock -w 600 9 || { echo "make: another run holds the laboratory" >&2; exit 1; }
  trap cleanup EXIT
  trap 'exit 130' INT TERM
}

# play NAME...: each scenario, in `name` while it goes on; `failed` has the names of those that failed.
play() {
  local started status
  failed=()
  for name in "$@"; do
    started=$SECONDS
    # In a subshell that ends at the first failure (which `if` or `||` around it would switch off).
    set +e
    (
      set -e
      trap cleanup EXIT
      "scenario_${name//-/_}"
    )
    status=$?
    set -e
    if ((status == 0)); then
      echo "make: $name: done in $((SECONDS - started)) s"
    else
      failed+=("$name")
      echo "make: $name: FAILED" >&2
    fi
  done
}
