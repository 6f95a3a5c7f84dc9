"""Peers of protocols of one datagram a message, where no program can be told to be wrong.

    datagram_peer.py ntp --port N [--shift SECONDS] [--kiss]
    datagram_peer.py ntp-control --host H --port N
"""

from __future__ import annotations

import argparse
import socket
import struct
import sys
import time

NTP_EPOCH = 2208988800  # seconds from 1900 to 1970
READVAR = b'version="ntpd 4.2.8p10 (invented)", processor="armv7l", system="Linux/5.10 (invented)", leap=0, stratum=2, refid=10.77.0.1'


def ntp_time(shift: float) -> bytes:
    now = time.time() + NTP_EPOCH + shift
    return struct.pack(">II", int(now) & 0xFFFFFFFF, int(now % 1 * 2**32))


def ntp_answer(asked: bytes, shift: float, kiss: int | None) -> bytes:
    """RFC 5905 section 7.3; `kiss` 0 has no time, 1 is a kiss of death (section 7.4)."""
    version = asked[0] >> 3 & 7
    leap, stratum, reference = {None: (0, 1, b"GPS\0"), 0: (3, 16, b"INIT"), 1: (3, 0, b"RATE")}[kiss]
    received = ntp_time(shift)
    return (bytes([leap << 6 | version << 3 | 4, stratum, asked[2], 0xE9]) + struct.pack(">II", 0, 0x20) + reference
            + received + asked[40:48] + received + ntp_time(shift))


def control_answer(asked: bytes) -> bytes:
    """Mode 6, RFC 9327 section 2: an answer to READVAR, without more to come."""
    head = bytes([asked[0] & 0x3F, 0x80 | asked[1] & 0x1F]) + asked[2:4] + struct.pack(">HHHH", 0x0615, 0, 0, len(READVAR))
    return head + READVAR + b"\0" * (-len(READVAR) % 4)


def serve_ntp(options: argparse.Namespace) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", options.port))
        answered = 0
        while True:
            asked, client = server.recvfrom(2048)
            mode = asked[0] & 7
            if mode == 3 and len(asked) >= 48:
                kiss = min(answered // 2, 1) if options.kiss else None
                server.sendto(ntp_answer(asked, options.shift, kiss), client)
                answered += 1
            elif mode == 6 and len(asked) >= 12:
                server.sendto(control_answer(asked), client)


def ask_control(options: argparse.Namespace) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(0.5)
        client.connect((options.host, options.port))
        client.send(bytes([0x16, 2]) + struct.pack(">HHHHH", 1, 0, 0, 0, 0))
        client.recv(2048)
        client.send(bytes([0x17, 0x00, 0x03, 0x2A]) + b"\0" * 4)  # mode 7, implementation 3, MON_GETLIST_1
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("ntp", "ntp-control"))
    parser.add_argument("--host")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--shift", type=float, default=0)
    parser.add_argument("--kiss", action="store_true")
    options = parser.parse_args()
    return {"ntp": serve_ntp, "ntp-control": ask_control}[options.what](options)


if __name__ == "__main__":
    sys.exit(main())
