#!/usr/bin/env python3
"""How much a sensor takes without losing a packet, with everything on, and how soon it tells: beside its reader alone.

    benches/corpus.py --only live --scale 0.5
    cargo build --release -p wardtap && cargo build --release -p wardtap-capture --example heard
    sudo benches/rate.py --wardtap target/release/wardtap --reader target/release/examples/heard

Needs root, iproute2 and tcpreplay. The corpus is played into a veth pair, as fast as tcpreplay can, to nobody, to the reader
alone (the ring and its copy, with nothing behind it), and to a sensor with a baseline of the same network, events, inventory
and state. Then at half of the rate that the sensor took, somebody else claims addresses of others in between: the second claim of
each is an alert at once, and it is measured how long after that frame it stands in the events file and on /metrics. The best of the rounds is shown:
other work on the machine only ever takes away. Ends with status 1 where the sensor lost packets in every round.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from faults import Sensor, Wire, concluded, must, open_folder, run, say, wait

IDLE_SECONDS = 20.0
# Who claims addresses of two others: so many, one after the other, so many seconds apart.
THIEVES, APART = 60, 0.15
# Of whom, in 10.20.251.0/24.
VICTIMS = [(2 * number, 2 * number + 1) for number in range(1, THIEVES + 1)]


def reached(playing: subprocess.Popen) -> float:
    """The rate that tcpreplay says it has reached, in packets a second."""
    told = playing.communicate()[0]
    return float(re.search(r"([0-9.]+) pps", told).group(1))


def play(wire: Wire, corpus: Path, *options: str) -> subprocess.Popen:
    command = ["ip", "netns", "exec", wire.space, "tcpreplay", "-K", "-i", "tx0", *options, str(corpus)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def nobody(options: argparse.Namespace, wire: Wire) -> float:
    return max(reached(play(wire, options.corpus, "--topspeed")) for _ in range(options.rounds))


def reader(options: argparse.Namespace, wire: Wire, packets: int) -> None:
    best = (0.0, 0.0)
    for _ in range(options.rounds):
        heard = subprocess.Popen([options.reader, wire.near, str(packets)], stdout=subprocess.PIPE, text=True)
        heard.stdout.readline()
        rate = reached(play(wire, options.corpus, "--topspeed"))
        read, lost = map(int, heard.stdout.readline().split())
        used = os.wait4(heard.pid, 0)[2]
        best = max(best, (rate if lost == 0 else 0.0, (used.ru_utime + used.ru_stime) / max(1, read) * 1e9))
    say("the reader alone", f"{best[0]:,.0f} packets/s without loss; {best[1]:.0f} ns of processor time a packet" if best[0] else "lost packets")


def watching(options: argparse.Namespace, wire: Wire, folder: Path) -> Sensor:
    """A sensor with everything on."""
    everything = ["--baseline", "site.baseline", "--state", "state", "--inventory", "devices.json", "--event-types", "alert,incident,device"]
    sensor = Sensor(options.wardtap, wire, folder, "--events", "events.jsonl", *everything)
    wait("it counts", lambda: sensor.metric("wardtap_clock_timestamp_seconds") > 0)
    return sensor


def sensor(options: argparse.Namespace, wire: Wire, packets: int) -> float:
    """The best rate at which nothing was lost."""
    best, tried = (0.0, 0.0), []
    for number in range(options.rounds):
        with open_folder() as folder:
            (folder / "site.baseline").write_bytes(options.baseline)
            one = watching(options, wire, folder)
            if number == 0:
                before = one.metric("process_cpu_seconds_total")
                time.sleep(IDLE_SECONDS)
                idle = one.metric("process_cpu_seconds_total") - before
                say("idle", f"{idle:.2f} s of processor time in {IDLE_SECONDS:.0f} s, asked for /metrics twice")
                must(idle < IDLE_SECONDS / 100, "idle, it takes less than 1 % of a core")
            before = one.metric("process_cpu_seconds_total")
            rate = reached(play(wire, options.corpus, "--topspeed"))
            wait("all was read", lambda: one.metric("wardtap_packets_total") + one.lost() >= packets)
            lost, cpu = one.lost(), one.metric("process_cpu_seconds_total") - before
            tried.append(f"{rate:,.0f} ({lost:,.0f} lost, {cpu / packets * 1e9:.0f} ns a packet)")
            if lost == 0:
                best = max(best, (rate, cpu / packets * 1e9))
            must(one.end() == 0, "it ends well")
    say("the sensor, each round", "; ".join(tried))
    must(best[0] > 0, "there is a round in which no packet was lost")
    if best[0]:
        say("the sensor, with everything on", f"{best[0]:,.0f} packets/s without loss; {best[1]:.0f} ns of processor time a packet")
    return best[0]


def latency(options: argparse.Namespace, wire: Wire, rate: float) -> None:
    """From a frame on the wire to its alert, beside so many packets a second."""
    best = None
    for _ in range(options.rounds):
        with open_folder() as folder:
            (folder / "site.baseline").write_bytes(options.baseline)
            one = watching(options, wire, folder)
            playing = play(wire, options.corpus, f"--pps={rate:.0f}", "--loop=1000")
            time.sleep(1.0)
            in_file, on_page = Follower(folder / "events.jsonl"), Scraper(one)
            sending = [sys.executable, __file__, "--send"]
            sent = run("ip", "netns", "exec", wire.space, *sending).split()
            time.sleep(1.5)
            playing.kill()
            playing.wait()
            times = [int(each) / 1e9 for each in sent]
            found, seen = in_file.end(), on_page.end()
            # Each is two alerts: one for each address.
            file_ms = sorted((found.get(second, float("inf")) - begun) * 1000 for (_, second), begun in zip(VICTIMS, times, strict=True))
            page_ms = sorted(
                (next((at for at, count in seen if count >= 2 * number), float("inf")) - begun) * 1000 for number, begun in enumerate(times, 1)
            )
            lost = one.lost()
            must(one.end() == 0, "it ends well")
            must(len(found) == 2 * THIEVES, f"each frame is an alert: {len(found)}")
            if file_ms and (best is None or percentile(page_ms, 99) < percentile(best[1], 99)):
                best = (file_ms, page_ms, lost)
    if best:
        for what, ms in (("in the file", best[0]), ("on /metrics, asked all the time", best[1])):
            say(f"from a frame to its alert {what}, at {rate:,.0f} packets/s", f"p50 {percentile(ms, 50):.1f} ms, p99 {percentile(ms, 99):.1f} ms of {len(ms)}")
            must(percentile(ms, 99) < 100, f"it is {what} within 100 ms")
        say("lost meanwhile", f"{best[2]:,.0f} packets")


def percentile(numbers: list[float], share: int) -> float:
    return numbers[min(len(numbers) - 1, len(numbers) * share // 100)]


class Follower(threading.Thread):
    """When each alert on an address that was taken came to stand in the events file, by the last octet of the address."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.file, self.over, self.found = path.open("rb"), False, {}
        self.file.seek(0, os.SEEK_END)
        self.start()

    def run(self) -> None:
        rest = b""
        while not self.over:
            rest += self.file.read()
            now = time.time()
            *whole, rest = rest.split(b"\n")
            for line in whole:
                event = json.loads(line)
                alert = event.get("alert", {})
                if alert.get("state") == "new" and alert["detection"] == "address-taken":
                    self.found[int(event["device"]["ip"].rsplit(".", 1)[1])] = now
            time.sleep(0.001)

    def end(self) -> dict[int, float]:
        self.over = True
        self.join()
        return self.found


class Scraper(threading.Thread):
    """When /metrics had so many more alerts on addresses that were taken than at first."""

    def __init__(self, one: Sensor) -> None:
        super().__init__(daemon=True)
        self.one, self.over, self.seen = one, False, []
        self.first = self.count()
        self.start()

    def count(self) -> int:
        lines = self.one.get("/metrics")[1].splitlines()
        return sum(int(line.rsplit(" ", 1)[1]) for line in lines if line.startswith("wardtap_alerts_total{detection=\"address-taken\""))

    def run(self) -> None:
        while not self.over:
            count = self.count() - self.first
            self.seen.append((time.time(), count))
            time.sleep(0.005)

    def end(self) -> list[tuple[float, int]]:
        self.over = True
        self.join()
        return self.seen


def send() -> None:
    """Announcements of all victims, then claims of their addresses; prints when each second claim was sent, in nanoseconds since 1970."""
    far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    far.bind(("tx0", 0))
    for _ in range(2):
        for one in sum(VICTIMS, ()):
            far.send(arp(b"\x02\x00\x00\x00\xfa" + bytes([one]), one, 1))
            time.sleep(0.002)
    for thief, (one, other) in enumerate(VICTIMS):
        far.send(arp(b"\x02\x00\x00\x00\xfb" + bytes([thief]), one, 2))
        time.sleep(APART)
        print(time.time_ns(), flush=True)
        far.send(arp(b"\x02\x00\x00\x00\xfb" + bytes([thief]), other, 2))


def arp(mac: bytes, last: int, operation: int) -> bytes:
    address = bytes([10, 20, 251, last])
    body = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + mac + address + bytes(6) + address
    return b"\xff" * 6 + mac + b"\x08\x06" + body + bytes(18)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wardtap", type=os.path.abspath, help="the program")
    parser.add_argument("--reader", type=os.path.abspath, help="the example `heard`")
    parser.add_argument("--corpus", type=Path, default=Path("target/corpus/live.pcap"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--half", type=float, help="only how soon it tells, at this rate")
    parser.add_argument("--send", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send:
        send()
        return 0
    truth = json.loads((options.corpus.parent / "truth.json").read_text())["live"]
    packets, octets = truth["packets"], truth["file_bytes"] - 16 * truth["packets"]
    say("corpus", f"{packets:,} packets of {octets / packets:.0f} octets on average")
    with open_folder() as folder:
        learned = folder / "learned"
        run(options.wardtap, "learn", str(options.corpus), "--out", str(learned))
        options.baseline = learned.read_bytes()
        wire = Wire(folder)
        try:
            if options.half:
                latency(options, wire, options.half)
                return concluded()
            say("tcpreplay, to nobody", f"{nobody(options, wire):,.0f} packets/s")
            if options.reader:
                reader(options, wire, packets)
            rate = sensor(options, wire, packets)
            if rate:
                latency(options, wire, rate / 2)
        finally:
            wire.end()
    return concluded()


if __name__ == "__main__":
    sys.exit(main())
