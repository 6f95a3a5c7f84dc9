"""Frames for the benchmark captures: TCP and UDP conversations, written as classic pcap with microseconds.

All IP and TCP checksums are right, and frames shorter than 60 octets are padded as on a wire. What a capture holds
follows from its seed alone.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

RECORD = struct.Struct("<IIII").pack
TCP_FRAME = struct.Struct(">HHHHHHIIHHIIHHHH").pack
UDP_FRAME = struct.Struct(">HHHHHHIIHHHH").pack
PADDING = [b"\0" * n for n in range(61)]
BEGIN_MICROS = 1_790_000_000_000_000
SEGMENT_MAX = 1460
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
MSS_OPTION = b"\x02\x04\x05\xb4"

# What goes wrong in an impaired capture, as shares of the segments that carry data: sent twice, late, never captured.
TWICE, LATE, LOST = 0.01, 0.015, 0.0153


def ip4(a: int, b: int, c: int, d: int) -> int:
    return a << 24 | b << 16 | c << 8 | d


class Flow:
    """One conversation; direction 0 is from the client to the server."""

    __slots__ = ("macs", "src", "dst", "sport", "dport", "seq", "ip_sum", "tcp_sum", "ip_id", "window")

    def __init__(self, rng: random.Random, client: int, server: int, cport: int, sport: int, vlan: int = 0) -> None:
        client_mac = b"\x00\x1b\x21" + struct.pack(">I", client)[1:]
        server_mac = b"\x00\x09\x6e" + struct.pack(">I", server)[1:]
        tag = struct.pack(">HH", 0x8100, vlan) if vlan else b""
        self.macs = (server_mac + client_mac + tag + b"\x08\x00", client_mac + server_mac + tag + b"\x08\x00")
        self.src = (client, server)
        self.dst = (server, client)
        self.sport = (cport, sport)
        self.dport = (sport, cport)
        self.seq = [rng.getrandbits(32), rng.getrandbits(32)]
        self.ip_id = [rng.getrandbits(16), rng.getrandbits(16)]
        # Sums of what does not change. 2^16 is 1 modulo 65535, so words of 32 bits may be added as they are.
        self.ip_sum = 0x4500 + 0x4000 + 0x4006 + client + server
        self.tcp_sum = client + server + 6 + cport + sport
        self.window = 64240


class Writer:
    """A capture under way: frames in, times spread evenly over the octets, counts of what was sent."""

    def __init__(self, path: str, span_seconds: float, target: float, seed: int, impair: bool = False) -> None:
        self.file = open(path, "wb", buffering=0)
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        self.buffer: list[bytes] = []
        self.buffered = 0
        self.bytes = 24
        self.packets = 0
        self.target = target
        self.micros_per_byte = span_seconds * 1e6 / target
        self.stop = False
        self.rng = random.Random(seed)
        self.impairment = random.Random(seed + 1) if impair else None
        self.held: list[tuple[int, bytes]] = []  # (the packet number at which it is due, frame)
        self.kind = ""
        self.counts: dict[str, int] = {}

    def count(self, key: str, n: int = 1) -> None:
        self.counts[key] = self.counts.get(key, 0) + n

    def frame(self, frame: bytes) -> None:
        n = len(frame)
        if n < 60:
            frame = frame + PADDING[60 - n]
            n = 60
        micros = BEGIN_MICROS + int(self.bytes * self.micros_per_byte)
        self.buffer.append(RECORD(micros // 1000000, micros % 1000000, n, n))
        self.buffer.append(frame)
        self.packets += 1
        self.bytes += n + 16
        self.buffered += n + 16
        if self.buffered > 4000000:
            self.flush()
        if self.held and self.held[0][0] <= self.packets:
            self.frame(self.held.pop(0)[1])

    def flush(self) -> None:
        self.file.write(b"".join(self.buffer))
        self.buffer.clear()
        self.buffered = 0

    def tcp(self, flow: Flow, way: int, flags: int, data: bytes = b"", options: bytes = b"") -> bool:
        """A segment; false when an impairment kept it out of the capture for good."""
        seq = flow.seq[way]
        ack = flow.seq[1 - way] if flags & ACK else 0
        n = len(data)
        options_len = len(options)
        length = 20 + options_len + n
        ip_id = flow.ip_id[way] = flow.ip_id[way] + 1 & 0xFFFF
        offset_flags = (20 + options_len) << 10 | flags
        total = flow.tcp_sum + length + seq + ack + offset_flags + flow.window
        if n:
            value = int.from_bytes(data, "big")
            total += (value << 8 if n & 1 else value) % 65535
        if options_len:
            total += int.from_bytes(options, "big") % 65535
        frame = (
            flow.macs[way]
            + TCP_FRAME(
                0x4500, 20 + length, ip_id, 0x4000, 0x4006, -(flow.ip_sum + 20 + length + ip_id) % 65535,
                flow.src[way], flow.dst[way], flow.sport[way], flow.dport[way], seq, ack, offset_flags, flow.window,
                -total % 65535, 0,
            )
            + options
            + data
        )  # fmt: skip
        advance = n + 1 if flags & (FIN | SYN) else n
        if advance:
            flow.seq[way] = seq + advance & 0xFFFFFFFF
        if self.impairment is not None and n:
            luck = self.impairment.random()
            if luck < LOST:
                return self.impaired(luck, frame)
        self.frame(frame)
        return True

    def impaired(self, luck: float, frame: bytes) -> bool:
        if luck < TWICE:
            self.count("impair.retransmitted")
            self.hold(3 + int(luck * 4000), frame)
            self.frame(frame)
            return True
        if luck < LATE:
            self.count("impair.reordered")
            self.hold(2 + int((luck - TWICE) * 800), frame)
            return True
        self.count("impair.lost." + self.kind)
        return False

    def hold(self, packets: int, frame: bytes) -> None:
        self.held.append((self.packets + packets, frame))
        self.held.sort(key=lambda entry: entry[0])

    def udp(self, flow: Flow, way: int, data: bytes) -> None:
        n = len(data)
        length = 8 + n
        ip_id = flow.ip_id[way] = flow.ip_id[way] + 1 & 0xFFFF
        value = int.from_bytes(data, "big")
        total = flow.tcp_sum + 11 + length + length + (value << 8 if n & 1 else value) % 65535
        self.frame(
            flow.macs[way]
            + UDP_FRAME(
                0x4500, 20 + length, ip_id, 0x4000, 0x4011, -(flow.ip_sum + 11 + 20 + length + ip_id) % 65535,
                flow.src[way], flow.dst[way], flow.sport[way], flow.dport[way], length, 65535 - total % 65535,
            )
            + data
        )  # fmt: skip

    def open(self, flow: Flow) -> None:
        self.tcp(flow, 0, SYN, b"", MSS_OPTION)
        self.tcp(flow, 1, SYN | ACK, b"", MSS_OPTION)
        self.tcp(flow, 0, ACK)
        self.count("tcp_connections")

    def shut(self, flow: Flow) -> None:
        self.tcp(flow, 0, FIN | ACK)
        self.tcp(flow, 1, FIN | ACK)
        self.tcp(flow, 0, ACK)

    def send(self, flow: Flow, way: int, data: bytes, protocol: str = "", lengths: list[int] | None = None) -> Iterator[None]:
        """Data in segments, of which the receiver acknowledges every second one. Yields now and then.

        `lengths` are those of the messages in it (one, if not given); those with all their octets in the capture are
        counted as whole.
        """
        n = len(data)
        lost = []
        if n <= SEGMENT_MAX:
            if not self.tcp(flow, way, PSH | ACK, data):
                lost.append(0)
        else:
            view = memoryview(data)
            sent = 0
            for offset in range(0, n, SEGMENT_MAX):
                last = offset + SEGMENT_MAX >= n
                if not self.tcp(flow, way, PSH | ACK if last else ACK, bytes(view[offset : offset + SEGMENT_MAX])):
                    lost.append(offset)
                sent += 1
                if not sent & 1:
                    self.tcp(flow, 1 - way, ACK)
                    if sent & 7 == 0:
                        yield
        if protocol:
            begin = 0
            for length in lengths or [n]:
                end = begin + length
                if not any(begin < offset + SEGMENT_MAX and offset < end for offset in lost):
                    self.count("whole." + protocol)
                begin = end

    def close(self) -> None:
        while self.held:
            self.frame(self.held.pop(0)[1])
        self.flush()
        self.file.close()
