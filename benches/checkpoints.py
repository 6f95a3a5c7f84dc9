#!/usr/bin/env python3
"""What a checkpoint costs while a sensor learns: memory, and processor time by thread.

    sudo benches/checkpoints.py --wardtap target/release/wardtap --baseline site.baseline
    sudo benches/checkpoints.py --wardtap ... --baseline ... --every 10m        without one, to compare with

The sensor goes on with what a baseline has learned: it finds a checkpoint of it in its state folder. Needs root and
iproute2: it watches one end of a veth pair, which is taken away again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

INTERFACE, OTHER = "wtck0", "wtck1"


def checkpoint(learned: bytes) -> bytes:
    kept = json.dumps({"time": 1_767_000_000 * 10**9, "learned_seconds": 1000}).encode()
    digest = hashlib.sha256(kept + learned).hexdigest()
    return b"wardtap checkpoint 1 %d %d %s\n" % (len(kept), len(learned), digest.encode()) + kept + learned


def memory(pid: int) -> tuple[int, int]:
    """Resident MiB now, and at most."""
    text = Path(f"/proc/{pid}/status").read_text()
    values = dict(line.split(":", 1) for line in text.splitlines())
    return tuple(int(values[key].split()[0]) >> 10 for key in ("VmRSS", "VmHWM"))


def processor(pid: int) -> Counter[str]:
    """Milliseconds of processor time by the name of the thread."""
    spent: Counter[str] = Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        name, _, rest = task.joinpath("stat").read_text().partition("(")[2].rpartition(")")
        fields = rest.split()
        spent[name] += 10 * (int(fields[11]) + int(fields[12]))
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wardtap", type=Path, required=True)
    parser.add_argument("--baseline", type=Path, required=True)
    parser.add_argument("--every", default="2s")
    parser.add_argument("--seconds", type=int, default=30)
    given = parser.parse_args()
    subprocess.run(["ip", "link", "add", INTERFACE, "type", "veth", "peer", "name", OTHER], check=True)
    try:
        for interface in (INTERFACE, OTHER):
            Path(f"/proc/sys/net/ipv6/conf/{interface}/disable_ipv6").write_text("1")
            subprocess.run(["ip", "link", "set", interface, "up"], check=True)
        with tempfile.TemporaryDirectory() as folder:
            watch(given, Path(folder))
    finally:
        subprocess.run(["ip", "link", "del", INTERFACE], check=True)


def watch(given: argparse.Namespace, folder: Path) -> None:
    state = folder / "state"
    state.mkdir()
    (state / "checkpoint").write_bytes(checkpoint(given.baseline.read_bytes()))
    command = [given.wardtap, "watch", "--interface", INTERFACE, "--learn-for", "90d", "--state", state]
    command += ["--baseline", folder / "site.baseline", "--checkpoint-every", given.every, "--events", folder / "events"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as sensor:
        try:
            for second in range(0, given.seconds, 5):
                time.sleep(5)
                resident, most = memory(sensor.pid)
                threads = ", ".join(f"{name} {spent} ms" for name, spent in processor(sensor.pid).items() if spent)
                print(f"{second + 5:4} s: {resident} MiB, {most} at most; {threads}", flush=True)
        finally:
            sensor.terminate()


if __name__ == "__main__":
    main()
