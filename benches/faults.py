#!/usr/bin/env python3
"""What becomes of a sensor when things go wrong: each fault of docs/reliability.md, brought about and measured.

    sudo benches/faults.py --wardtap target/release/wardtap            all of it, with a soak of ten minutes
    sudo benches/faults.py --wardtap ... --only kill,disk --kills 20   a part
    sudo benches/faults.py --wardtap ... --only soak --soak-minutes 60

A clock that is set has a script of its own: benches/clock.py.

Needs root, iproute2, tcpreplay and zstd. Everything happens on a veth pair whose far end lies in a network namespace, and in
a folder that is deleted afterwards. Prints a line for each figure, and ends with status 1 where something did not hold.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from wire import ACK, PSH, Flow, Writer, ip4

ROOT = Path(__file__).resolve().parent.parent
CAPTURE = ROOT / "captures/simulated/hl7-results-tampered.pcap.zst"
OTHER = ROOT / "captures/simulated/modbus-isolation-setpoint.pcap.zst"
DEADLINE = 60.0
# Between checkpoints, in seconds.
INTERVAL = 3.0

failures: list[str] = []


def concluded() -> int:
    """Says how much did not hold; gives back the exit status."""
    print(f"{len(failures)} did not hold", flush=True)
    return 1 if failures else 0


def must(holds: bool, what: str) -> None:
    if not holds:
        failures.append(what)
        print(f"  DOES NOT HOLD: {what}", flush=True)


def say(what: str, figure: str) -> None:
    print(f"  {what}: {figure}", flush=True)


def run(*arguments: str, check: bool = True) -> str:
    done = subprocess.run(arguments, capture_output=True, text=True)
    if check and done.returncode:
        raise RuntimeError(f"{arguments}: {done.stderr}")
    return done.stdout


def wait(what: str, done, seconds: float = DEADLINE) -> float:
    begun = time.monotonic()
    while not done():
        if time.monotonic() - begun > seconds:
            raise RuntimeError(f"waited in vain: {what}")
        time.sleep(0.02)
    return time.monotonic() - begun


class Wire:
    """A veth pair, and what is played into its far end."""

    def __init__(self, folder: Path) -> None:
        self.near = f"wtf{os.getpid() % 100000}"
        self.space = self.near
        run("ip", "netns", "add", self.space)
        self.make()
        self.played = folder / "played.pcap"
        self.other = folder / "other.pcap"
        for packed, path in ((CAPTURE, self.played), (OTHER, self.other)):
            run("zstd", "-dqf", str(packed), "-o", str(path))
        self.packets = frames(self.played.read_bytes())

    def make(self) -> None:
        run("ip", "link", "add", self.near, "type", "veth", "peer", "name", "tx0", "netns", self.space)
        Path(f"/proc/sys/net/ipv6/conf/{self.near}/disable_ipv6").write_text("1")
        run("ip", "link", "set", self.near, "addrgenmode", "none")
        run("ip", "link", "set", self.near, "mtu", "9000", "arp", "off", "up")
        self.far("sysctl", "-qw", "net.ipv6.conf.tx0.disable_ipv6=1")
        self.far("ip", "link", "set", "tx0", "mtu", "9000", "up")

    def far(self, *arguments: str) -> str:
        return run("ip", "netns", "exec", self.space, *arguments)

    def play(self, path: Path, rate: int, loops: int = 1) -> subprocess.Popen:
        replay = ["tcpreplay", "-q", "-K", "-i", "tx0", f"--pps={rate}", f"--loop={loops}", str(path)]
        command = ["ip", "netns", "exec", self.space, *replay]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self) -> None:
        run("ip", "link", "del", self.near, check=False)
        run("ip", "netns", "del", self.space, check=False)


def frames(pcap: bytes) -> int:
    return len(list(records(pcap)))


def records(pcap: bytes) -> Iterator[int]:
    """Where each record of a little-endian pcap begins."""
    at = 24
    while at < len(pcap):
        yield at
        at += 16 + struct.unpack_from("<I", pcap, at + 8)[0]


class Sensor:
    """A running `wardtap watch`, as nobody."""

    def __init__(self, wardtap: str, wire: Wire, folder: Path, *options: str) -> None:
        self.errors = folder / "stderr"
        command = [wardtap, "watch", "--interface", wire.near, "--listen", "127.0.0.1:0", "--user", "nobody", *options]
        begun = time.monotonic()
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)
        found = None

        def is_watching() -> bool:
            nonlocal found
            found = re.search(r"http://([0-9.:]+)/metrics\n", self.stderr())
            if self.process.poll() is not None:
                raise RuntimeError(self.stderr())
            return found is not None

        wait("the sensor watches", is_watching)
        self.took = time.monotonic() - begun
        self.address = found.group(1)

    def stderr(self) -> str:
        return self.errors.read_text()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=15) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, series: str) -> float:
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(series + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def lost(self) -> float:
        stages = ("interface", "ring", "pipeline")
        return sum(self.metric(f'wardtap_packets_dropped_total{{stage="{stage}"}}') for stage in stages)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        self.signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)


def events(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def detections(all_events: list[dict], name: str) -> list[dict]:
    return [event["alert"] for event in all_events if event.get("alert", {}).get("detection") == name]


@contextlib.contextmanager
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def kill(options: argparse.Namespace, wire: Wire) -> None:
    """kill -9 at random moments, while it learns and packets come."""
    dice = random.Random(options.seed)
    with open_folder() as folder:
        keep = ["--state", "state", "--checkpoint-every", f"{INTERVAL:.0f}s", "--learn-for", "7d", "--baseline", "site.baseline"]
        before, lines, behind, took, picked_up = b"", 0, [], [], 0
        playing = wire.play(wire.played, options.rate, 1_000_000)
        try:
            for number in range(options.kills):
                sensor = Sensor(options.wardtap, wire, folder, "--events", "events.jsonl", *keep)
                watching = time.time()
                took.append(sensor.took)
                time.sleep(dice.uniform(0.0, 2 * INTERVAL))
                picked_up += "goes on from" in sensor.stderr()
                sensor.signal(signal.SIGKILL)
                killed = time.time()
                sensor.process.wait()
                text = (folder / "events.jsonl").read_bytes()
                whole = text[: text.rfind(b"\n") + 1]
                must(whole.startswith(before), f"round {number}: what was written stays")
                for line in whole[len(before) :].splitlines():
                    json.loads(line)
                before, lines = whole, whole.count(b"\n")
                state = newest(folder / "state")
                behind.append(killed - max(watching, state["time"] / 1e9 if state else 0.0))
        finally:
            playing.kill()
            playing.wait()
        sensor = Sensor(options.wardtap, wire, folder, "--events", "events.jsonl", *keep)
        time.sleep(2)
        learned = newest(folder / "state")["learned_seconds"]
        must(sensor.end() == 0, "it ends well after all that")
        must((folder / "events.jsonl").read_bytes().startswith(before), "all lines are there at the end")
        say("kills", str(options.kills))
        say("event lines, each whole and none lost", str(lines))
        say("starts that went on from a checkpoint and had read packets", f"{picked_up}")
        say(f"watched and not kept, with a checkpoint every {INTERVAL:.0f} s", f"{max(behind):.2f} s at most, {median(behind):.2f} s median")
        say("seconds learned over all of them", str(learned))
        say("from start to watching", f"{max(took):.2f} s at most, {median(took):.2f} s median")
        must(max(behind) <= INTERVAL, "no more than the interval is lost")
        must(learned > 0, "what was learned adds up over kills")


def newest(state: Path) -> dict | None:
    """The first part of the latest checkpoint that is whole."""
    for name in ("checkpoint", "checkpoint.1"):
        try:
            line, rest = (state / name).read_bytes().split(b"\n", 1)
        except (OSError, ValueError):
            continue
        return json.loads(rest[: int(line.split()[3])])
    return None


def median(numbers: list[float]) -> float:
    return sorted(numbers)[len(numbers) // 2]


def disk(options: argparse.Namespace, wire: Wire) -> None:
    """A disk that fills up, with events, state, recording and inventory on it."""
    with open_folder() as folder:
        full = folder / "disk"
        full.mkdir()
        run("mount", "-t", "tmpfs", "-o", "size=4m,mode=777", "tmpfs", str(full))
        try:
            sensor = Sensor(
                options.wardtap, wire, folder, "--events", "disk/events.jsonl", "--event-types", "alert,device,message",
                "--state", "disk/state", "--checkpoint-every", "1s", "--record", "disk/recording.pcapng",
                "--inventory", "disk/devices.json",
            )
            wait("it keeps its state", lambda: newest(full / "state") is not None)
            with contextlib.suppress(OSError), (full / "filler").open("wb", buffering=0) as filler:
                while True:
                    filler.write(bytes(4096))
            wire.play(wire.played, options.rate).wait()
            wait("all was read", lambda: sensor.metric("wardtap_packets_total") >= wire.packets)
            wait("it is told", lambda: sensor.get("/readyz")[1].count("cannot be") == 4)
            time.sleep(5)
            must(sensor.get("/healthz")[0] == 200, "it is well while the disk is full")
            must(newest(full / "state") is not None, "the state before is whole")
            told = sensor.get("/readyz")[1].splitlines()
            (full / "filler").unlink()
            recovered = wait("it recovers", lambda: sensor.get("/readyz")[0] == 200)
            lost = sensor.metric("wardtap_events_lost_total")
            must(sensor.end() == 0, "it ends well")
            all_events = events(full / "events.jsonl")
            alerts = {alert["id"] for alert in detections(all_events, "sensor-cannot-write")}
            must(len(alerts) == 1, f"one alert tells of it: {len(alerts)}")
            must(newest(full / "state") is not None, "the state is kept again")
            must(len(json.loads((full / "devices.json").read_text())) > 0, "the inventory is whole")
            for path in full.glob("recording.pcapng*"):
                done = subprocess.run([options.wardtap, "replay", str(path)], capture_output=True)
                must(done.returncode == 0, f"{path.name} is whole: {done.stderr!r}")
            say("what /readyz said", "; ".join(told))
            say("packets read meanwhile", f"{all_events[-1]['stats']['packets']} of {wire.packets}")
            say("from room to ready", f"{recovered:.1f} s")
            say("events lost", f"{lost:.0f}; alerts of it: {len(alerts)}")
        finally:
            run("umount", "-l", str(full))


def interface(options: argparse.Namespace, wire: Wire) -> None:
    """An interface that goes down and comes back, and one that is gone."""
    with open_folder() as folder:
        keep = ["--state", "state", "--checkpoint-every", "1h"]
        sensor = Sensor(options.wardtap, wire, folder, "--events", "events.jsonl", *keep)
        wire.play(wire.played, options.rate).wait()
        wait("it sees", lambda: sensor.get("/readyz")[0] == 200)
        run("ip", "link", "set", wire.near, "down")
        down = wait("blindness is told", lambda: "the link is down" in sensor.get("/readyz")[1])
        run("ip", "link", "set", wire.near, "up")
        up = wait("it sees again", lambda: sensor.get("/readyz")[0] == 200)
        wire.play(wire.played, options.rate).wait()
        wait("it hears", lambda: sensor.metric("wardtap_packets_total") >= 2 * wire.packets)
        must(sensor.lost() == 0, "nothing was lost")
        begun = time.monotonic()
        run("ip", "link", "del", wire.near)
        status = sensor.process.wait(DEADLINE)
        say("from down to /readyz", f"{down:.2f} s")
        say("from up to /readyz", f"{up:.2f} s")
        say("from gone to the end of the process", f"{time.monotonic() - begun:.2f} s, with status {status}")
        must(status == 5, "with a status of its own")
        must(newest(folder / "state") is not None, "after a checkpoint")
        wire.make()


def scraper(options: argparse.Namespace, wire: Wire) -> None:
    """Clients that connect and say hardly anything, beside one that is well-behaved."""
    with open_folder() as folder:
        sensor = Sensor(options.wardtap, wire, folder, "--events", "events.jsonl")
        playing = wire.play(wire.played, options.rate, 1_000_000)
        try:
            wait("it counts", lambda: sensor.metric("wardtap_packets_total") > 0)
            host, port = sensor.address.split(":")
            slow = []
            took = []
            begun = time.monotonic()
            while time.monotonic() - begun < options.scraper_seconds:
                while len(slow) < 16:
                    client = socket.socket()
                    client.bind(("127.0.0.2", 0))
                    client.connect((host, int(port)))
                    slow.append(client)
                for client in list(slow):
                    try:
                        client.send(b"G")
                    except OSError:
                        slow.remove(client)
                asked = time.monotonic()
                must(sensor.get("/metrics")[0] == 200, "another address is served")
                took.append(time.monotonic() - asked)
                time.sleep(0.2)
            for client in slow:
                client.close()
            took.sort()
            say("scrapes beside 16 slow clients", f"{len(took)}, {took[len(took) // 2] * 1000:.1f} ms median, {took[-1] * 1000:.1f} ms at most")
            say("packets read meanwhile, and lost", f"{sensor.metric('wardtap_packets_total'):.0f}, {sensor.lost():.0f}")
            must(sensor.lost() == 0, "no packet is lost")
        finally:
            playing.kill()
            playing.wait()
        must(sensor.end() == 0, "it ends well")


def reload(options: argparse.Namespace, wire: Wire) -> None:
    """SIGHUP, SIGUSR1 and another baseline each time, while packets come."""
    with open_folder() as folder:
        baselines = []
        for path in (wire.played, wire.other):
            baselines.append(folder / f"{path.stem}.baseline")
            run(options.wardtap, "learn", str(path), "--out", str(baselines[-1]))
        (folder / "site.baseline").write_bytes(baselines[0].read_bytes())
        (folder / "assets.csv").write_text("address,name\n10.20.40.24,one\n")
        sensor = Sensor(
            options.wardtap, wire, folder, "--events", "events.jsonl", "--baseline", "site.baseline", "--assets", "assets.csv"
        )
        loops = max(1, options.rate * 20 // wire.packets)
        playing = wire.play(wire.played, options.rate, loops)
        sent = 0
        while playing.poll() is None:
            fresh = folder / "fresh"
            fresh.write_bytes(baselines[sent % 2].read_bytes())
            fresh.rename(folder / "site.baseline")
            (folder / "assets.csv").write_text(f"address,name\n10.20.40.24,number {sent}\n")
            sensor.signal(signal.SIGHUP)
            sensor.signal(signal.SIGUSR1)
            sent += 1
            time.sleep(0.5)
        wait("all was read", lambda: sensor.metric("wardtap_packets_total") + sensor.lost() >= loops * wire.packets)
        done = sensor.metric('wardtap_reloads_total{result="done"}')
        say("SIGHUPs, each with another baseline", f"{sent}; taken {done:.0f} times")
        say("packets sent, read, lost", f"{loops * wire.packets}, {sensor.metric('wardtap_packets_total'):.0f}, {sensor.lost():.0f}")
        must(sensor.lost() == 0, "no packet is lost")
        must(sensor.metric('wardtap_reloads_total{result="failed"}') == 0, "none is refused")
        must(sensor.end() == 0, "it ends well")
        events(folder / "events.jsonl")


def soak(options: argparse.Namespace, wire: Wire) -> None:
    """A steady rate for a long time: memory, and packets lost."""
    with open_folder() as folder:
        run(options.wardtap, "learn", str(wire.other), "--out", str(folder / "site.baseline"))
        (folder / "site.baseline").chmod(0o666)
        sensor = Sensor(
            options.wardtap, wire, folder, "--events", "events.jsonl", "--baseline", "site.baseline",
            "--state", "state", "--checkpoint-every", "10s",
        )
        seconds = int(options.soak_minutes * 60)
        playing = wire.play(wire.played, options.rate, max(1, options.rate * seconds // wire.packets))
        resident = []
        while playing.poll() is None:
            time.sleep(min(10.0, seconds / 20))
            resident.append(sensor.metric("process_resident_memory_bytes") / 1e6)
        cpu = sensor.metric("process_cpu_seconds_total")
        read, lost = sensor.metric("wardtap_packets_total"), sensor.lost()
        settled = resident[len(resident) // 5 :]
        say("packets at a steady rate", f"{read:.0f} at {options.rate} a second, {lost:.0f} lost")
        say("resident memory", f"{settled[0]:.1f} MB after a fifth of the time, {settled[-1]:.1f} MB at the end, {max(resident):.1f} MB at most")
        say("processor time", f"{cpu:.1f} s of {seconds} s")
        stored = sensor.metric('wardtap_checkpoints_total{result="done"}')
        say("checkpoints", f"{stored:.0f}")
        must(lost == 0, "no packet is lost")
        must(settled[-1] < settled[0] * 1.02 + 1, "memory does not grow")
        must(sensor.end() == 0, "it ends well")


def hostile(options: argparse.Namespace, wire: Wire) -> None:
    """Far more conversations and devices than there is memory for, played to a sensor that compares, and to one that learns and then compares."""
    with open_folder() as folder:
        many = folder / "many.pcap"
        packets = conversations(many, options.conversations)
        run(options.wardtap, "learn", str(wire.other), "--out", str(folder / "site.baseline"))
        (folder / "site.baseline").chmod(0o666)
        everything = ["--events", "events.jsonl", "--state", "state", "--checkpoint-every", "10s", "--inventory", "devices.json"]
        for what, more in (
            ("with a baseline", ["--baseline", "site.baseline"]),
            ("that learns, and makes a baseline half-way", ["--baseline", "learned.baseline", "--learn-for", f"{packets // options.rate // 2}s"]),
        ):
            shutil.rmtree(folder / "state", ignore_errors=True)
            sensor = Sensor(options.wardtap, wire, folder, *everything, *more)
            before = resident(sensor)
            playing = wire.play(many, options.rate)
            most = 0.0
            while playing.poll() is None:
                time.sleep(1.0)
                most = max(most, resident(sensor))
            wait("all was read", lambda: sensor.metric("wardtap_packets_total") + sensor.lost() >= packets)
            say(f"a sensor {what}: resident memory", f"{before:.0f} MiB idle, {most:.0f} MiB at most, of 512")
            say("packets, and lost", f"{packets}, {sensor.lost():.0f}; {sensor.metric('process_cpu_seconds_total'):.1f} s of processor time")
            evicted = re.findall(r'wardtap_evicted_total\{table="(\w+)"\} (\d+)', sensor.get("/metrics")[1])
            say("given up for it", ", ".join(f"{count} of {table}" for table, count in evicted if count != "0") or "nothing")
            must(most <= 512, "it stays within --memory")
            must(sensor.get("/healthz")[0] == 200, "it is well")
            wire.play(wire.played, options.rate).wait()
            wait("it hears", lambda: sensor.metric("wardtap_packets_total") + sensor.lost() >= packets + wire.packets)
            must(sensor.end() == 0, "it ends well")


def resident(sensor: Sensor) -> float:
    """What the kernel counts as the process's, with the ring and the program's own file, in MiB."""
    status = Path(f"/proc/{sensor.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1)) / 1024


def conversations(path: Path, count: int) -> int:
    """Writes a capture of so many TCP connections that stay open, each of two others and with sixteen sizes of payloads of no known protocol;
    gives back its packets."""
    dice, capture = random.Random(1), Writer(str(path), span_seconds=60.0, target=count * 10_000, seed=1)
    for number in range(count):
        flow = Flow(dice, ip4(10, 0, 0, 0) + number, ip4(172, 16, 0, 0) + number, 2000 + number % 60_000, 4000)
        capture.open(flow)
        for turn in range(16):
            for way in (0, 1):
                capture.tcp(flow, way, PSH | ACK, b"z" * (16 << turn % 8))
    capture.close()
    return capture.packets


FAULTS = {"kill": kill, "disk": disk, "interface": interface, "scraper": scraper, "reload": reload, "hostile": hostile, "soak": soak}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wardtap", required=True, type=os.path.abspath, help="the program")
    parser.add_argument("--only", default=",".join(FAULTS), help="faults, with commas between them")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--rate", type=int, default=20_000, help="packets a second")
    parser.add_argument("--soak-minutes", type=float, default=10.0)
    parser.add_argument("--conversations", type=int, default=131_072, help="of the hostile capture")
    parser.add_argument("--scraper-seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with open_folder() as folder:
        wire = Wire(folder)
        try:
            for name in options.only.split(","):
                fault = FAULTS[name]
                print(f"{name}: {fault.__doc__.strip()}", flush=True)
                try:
                    fault(options, wire)
                except RuntimeError as error:
                    must(False, str(error))
        finally:
            wire.end()
    return concluded()


if __name__ == "__main__":
    sys.exit(main())
