#!/usr/bin/env python3
"""What becomes of a sensor when its machine's clock is set: a kernel of its own, whose clock is set while packets come.

    apt-get install user-mode-linux
    sudo benches/clock.py --wardtap target/release/wardtap --simulator target/release/wardtap-simulator

Each step is tried in a Linux of its own that runs as a process (User-Mode Linux), on this machine's files, which it may only
read. Its clock is nobody else's, and its kernel stamps packets by it. There, a sensor with a baseline of eight days hears the
ninth day of the same hospital at the speed of life; half way through the clock is set. A run in which it is not set is what
all others are held against. Ends with status 1 where something did not hold.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import traceback
from pathlib import Path

from faults import Sensor, Wire, concluded, events, failures, must, newest, open_folder, records, run, say, wait

STEPS = (0, -86_400, -3600, -5, 5, 3600, 86_400, 20 * 365 * 86_400)
DEVICES, SEED, DAYS = 50, 2, 8
# Of the day that is played, in UTC: rounds are over, results come.
BEGIN_SECONDS = 10 * 3600
# finit_module(2) on x86-64, since not every machine has insmod.
FINIT_MODULE = 313
# What may be told when a clock is set, and is right: a server's time and the sensor's are apart, and a request that was on its way
# took as long. Answers also come late where this machine has other work.
MAY_BE = {"clock-shifted", "slow-answers"}
# Behind a packet: a block of the ring that is not full, a batch, and the second in which counts are told.
BEHIND_SECONDS = 5.0


def prepare(options: argparse.Namespace, folder: Path) -> None:
    """A baseline, and a part of the day after."""
    hospital = [options.simulator, "generate", "--devices", str(DEVICES), "--seed", str(SEED)]
    life = subprocess.Popen([*hospital, "--days", str(DAYS), "--out", "-"], stdout=subprocess.PIPE)
    learning = [options.wardtap, "learn", "-", "--out", str(folder / "site.baseline")]
    subprocess.run(learning, stdin=life.stdout, capture_output=True, check=True)
    run(*hospital, "--skip", str(DAYS), "--days", "1", "--out", str(folder / "day.pcap"))
    day = (folder / "day.pcap").read_bytes()
    part, begin = [day[:24]], None
    for at in records(day):
        seconds = struct.unpack_from("<I", day, at)[0]
        begin = begin or seconds - seconds % 86_400
        if 0 <= (seconds - BEGIN_SECONDS) % 86_400 < options.seconds:
            part.append(day[at : at + 16 + struct.unpack_from("<I", day, at + 8)[0]])
    (folder / "part.pcap").write_bytes(b"".join(part))
    (folder / "day.pcap").unlink()


def boot(options: argparse.Namespace, folder: Path, step: int) -> subprocess.Popen:
    """Starts a Linux that tries a step, and leaves what came of it in the folder."""
    inside = folder / f"init{step}"
    words = [__file__, "--inside", str(step), "--folder", str(folder), "--wardtap", options.wardtap, "--seconds", str(options.seconds)]
    words += ["--modules", options.modules]
    inside.write_text(f"#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin exec python3 {' '.join(words)}\n")
    inside.chmod(0o755)
    kernel = ["root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "mem=1G", f"init={inside}", "quiet", "con=null"]
    log = (folder / f"console{step}").open("w")
    return subprocess.Popen([options.linux, *kernel, "con0=null,fd:1"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def inside(options: argparse.Namespace) -> None:
    """Runs as the first process of that Linux."""
    for kind, at in (("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"), ("tmpfs", "/mnt")):
        run("mount", "-t", kind, kind, at)
    Path("/mnt/out").mkdir()
    run("mount", "-t", "hostfs", "-o", str(options.folder), "out", "/mnt/out")
    for module in ("ipv6.ko", "veth.ko"):
        load(next(Path(options.modules).rglob("modules.dep")), module)
    run("ip", "link", "set", "lo", "up")
    work = Path("/mnt/work")
    work.mkdir(mode=0o777)
    work.chmod(0o777)
    os.environ["TMPDIR"] = "/mnt"
    found = {"error": None}
    try:
        found |= attempt(options, work)
    except BaseException as error:  # noqa: BLE001: whoever started this is to know
        found["error"] = repr(error)
    Path(f"/mnt/out/found{options.inside}.json").write_text(json.dumps(found))


def load(dependencies: Path, module: str) -> None:
    """Loads a module behind those that it needs."""
    line = next(line for line in dependencies.read_text().splitlines() if line.split(":")[0].endswith("/" + module))
    for path in reversed(line.replace(":", "").split()):
        with (dependencies.parent / path).open("rb") as file:
            done = ctypes.CDLL(None, use_errno=True).syscall(FINIT_MODULE, file.fileno(), b"", 0)
        if done != 0 and ctypes.get_errno() != errno.EEXIST:
            raise OSError(ctypes.get_errno(), f"{path} cannot be loaded")


def attempt(options: argparse.Namespace, work: Path) -> dict:
    part = options.folder / "part.pcap"
    times = [at for at, _ in frames(part)]
    time.clock_settime(time.CLOCK_REALTIME, times[0] - 60)
    (work / "site.baseline").write_bytes((options.folder / "site.baseline").read_bytes())
    wire = Wire(work)
    sensor = Sensor(
        options.wardtap, wire, work, "--events", "events.jsonl", "--baseline", "site.baseline", "--state", "state", "--inventory", "devices.json",
        "--checkpoint-every", "5s", "--record", "recording.pcapng", "--rotate-age", "6h",
        "--event-types", "alert,incident,device,message",
    )
    command = ["ip", "netns", "exec", wire.space, sys.executable, __file__, "--play", str(part)]
    playing = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    playing.stdout.readline()
    # What NTP says in them is right, to begin with.
    time.clock_settime(time.CLOCK_REALTIME, times[0])
    begun, is_set, behind, ill = time.monotonic(), False, 0.0, []
    while playing.poll() is None:
        passed = time.monotonic() - begun
        if not is_set and passed >= options.seconds / 2:
            is_set = True
            time.clock_settime(time.CLOCK_REALTIME, time.time() + options.inside)
        if sensor.get("/healthz")[0] != 200 and passed > 5:
            ill.append(round(passed, 1))
        # How long a packet that was sent has not been counted.
        sent = sum(at - times[0] <= passed for at in times)
        read = int(sensor.metric("wardtap_packets_total"))
        if read < sent:
            behind = max(behind, passed - (times[read] - times[0]))
        time.sleep(0.5)
    wait("all was read", lambda: sensor.metric("wardtap_packets_total") >= len(times), 30)
    ready = sensor.get("/readyz")
    kept = newest(work / "state")["time"] / 1e9
    clock = sensor.metric("wardtap_clock_timestamp_seconds")
    checkpoints = sensor.metric('wardtap_checkpoints_total{result="done"}')
    status, told = sensor.end(), sensor.stderr()
    # Again, from what was kept, by a clock that may be behind it.
    later = Sensor(
        options.wardtap, wire, work, "--events", "later.jsonl", "--baseline", "site.baseline", "--state", "state", "--inventory", "later.json"
    )
    wait("it goes on", lambda: later.get("/healthz")[0] == 200)
    again_status, again_told = later.end(), later.stderr()
    live = [event for path in sorted(work.glob("events.jsonl*"), reverse=True) for event in events(path)]
    recordings = sorted(work.glob("recording.pcapng*"), reverse=True)
    replayed = work / "replayed.jsonl"
    again = ["--baseline", "site.baseline", "--adapt", "--event-types", "alert,incident,device,message"]
    subprocess.run([options.wardtap, "replay", *map(str, recordings), *again, "--events", str(replayed)], cwd=work, check=True, capture_output=True)
    # Where the recording was rotated, frames are counted from 1 again.
    same = bare(live) == bare(events(replayed)) if len(recordings) == 1 else None
    return {
        "sent": len(times), "status": status, "behind": behind, "ill": ill, "ready": ready, "checkpoints": checkpoints,
        "apart": clock - time.time(), "kept_apart": kept - clock, "files": len(list(work.glob("events.jsonl*"))), "same": same,
        "stats": live[-1]["stats"], "stderr": told, "again": again_status, "again_told": again_told,
        "alerts": [event["alert"] for event in live if event.get("alert", {}).get("state") == "new"],
    }


def bare(lines: list[dict]) -> list[str]:
    """Events but the last, without the names of captures."""
    return [json.dumps(without(line), sort_keys=True) for line in lines if line["type"] != "stats"]


def without(value: object) -> object:
    if isinstance(value, dict):
        return {name: without(each) for name, each in value.items() if name != "capture"}
    return [without(each) for each in value] if isinstance(value, list) else value


def frames(path: Path) -> list[tuple[float, bytes]]:
    """Times and octets; of microseconds or nanoseconds."""
    pcap = path.read_bytes()
    parts = 1e9 if pcap[:4] == b"\x4d\x3c\xb2\xa1" else 1e6
    found = []
    for at in records(pcap):
        seconds, fraction, length = struct.unpack_from("<III", pcap, at)
        found.append((seconds + fraction / parts, pcap[at + 16 : at + 16 + length]))
    return found


def play(path: Path) -> None:
    """Sends at the speed of life, by a clock that nobody sets: tcpreplay goes by the other one."""
    far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    far.bind(("tx0", 0))
    all_frames = frames(path)
    print("begins", flush=True)
    begun = time.monotonic()
    for at, frame in all_frames:
        time.sleep(max(0.0, at - all_frames[0][0] - (time.monotonic() - begun)))
        far.send(frame)


def judge(step: int, found: dict, plain: dict) -> None:
    stats, expected = found["stats"], counted(plain["alerts"])
    told = counted(found["alerts"])
    name = f"clock set by {step:+} s" if step else "clock not set"
    say(name, f"{stats['packets']} packets of {found['sent']}, {sum(stats['messages'].values())} messages, alerts {told}; "
        f"at most {found['behind']:.2f} s behind; {found['checkpoints']:.0f} checkpoints; {found['files']} events files; "
        f"time {found['apart']:+.0f} s from the clock at the end; live is its replay: {found['same']}")
    must(found["status"] == 0, f"{name}: it ends well: {found['stderr']}")
    must(stats["packets"] == found["sent"] and sum(stats["dropped"].values()) == 0, f"{name}: no packet is lost")
    must(stats["messages"] == plain["stats"]["messages"], f"{name}: no message is lost")
    must(set(told) - MAY_BE <= set(expected), f"{name}: nothing is told that is not told without")
    must(found["behind"] < BEHIND_SECONDS, f"{name}: packets are looked at as they come")
    must(not found["ill"] and found["ready"][0] == 200, f"{name}: it is well, and says so: {found['ill']}, {found['ready']}")
    must(found["checkpoints"] > 3 and abs(found["kept_apart"]) < 20, f"{name}: the state is kept, and is of now")
    must(found["same"] is not False, f"{name}: the replay of the recording tells the same")
    must(found["again"] == 0 and "goes on from" in found["again_told"], f"{name}: a later start goes on: {found['again_told']}")


def counted(alerts: list[dict]) -> dict[str, int]:
    """How many there are of each detection."""
    names = [alert["detection"] for alert in alerts]
    return {name: names.count(name) for name in sorted(set(names))}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wardtap", type=os.path.abspath, help="the program")
    parser.add_argument("--simulator", type=os.path.abspath, help="wardtap-simulator")
    parser.add_argument("--linux", default="/usr/bin/linux.uml", type=os.path.abspath, help="User-Mode Linux")
    parser.add_argument("--modules", default="/usr/lib/uml/modules", type=os.path.abspath, help="its modules")
    parser.add_argument("--seconds", type=int, default=240, help="of the day that is played")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--play", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.play:
        play(options.play)
        return 0
    if options.inside is not None:
        try:
            inside(options)
        finally:
            # The first process is not to end: this stops the kernel.
            if sys.exc_info()[0]:
                traceback.print_exc()
            subprocess.run(["poweroff", "-f", "-f"])
            signal.pause()
    with open_folder() as folder:
        prepare(options, folder)
        booted = {step: boot(options, folder, step) for step in STEPS}
        for linux in booted.values():
            linux.wait(options.seconds + 300)
        read = {}
        for step in STEPS:
            path = folder / f"found{step}.json"
            read[step] = json.loads(path.read_text()) if path.exists() else {"error": (folder / f"console{step}").read_text()}
            must(read[step]["error"] is None, f"a step of {step} s: {read[step]['error']}")
        if not failures:
            for step in STEPS:
                judge(step, read[step], read[0])
    return concluded()


if __name__ == "__main__":
    sys.exit(main())
