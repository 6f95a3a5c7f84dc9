"""Peers of protocols of one datagram a message, where no program can be told to be wrong.

    datagram_peer.py ntp --port N [--shift SECONDS] [--kiss]
    datagram_peer.py ntp-control --host H --port N
    datagram_peer.py nbns-poison --port 137 --own ADDRESS
    datagram_peer.py llmnr --port 5355 --own ADDRESS [--name NAME]      without a name: whatever is asked for
    datagram_peer.py llmnr-ask --host OWN --port 5355 --name NAME...
    datagram_peer.py ssdp --host OWN --port 1900
    datagram_peer.py ssdp-ask --host OWN --port 1900
"""

from __future__ import annotations

import argparse
import select
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


def serve_nbns(options: argparse.Namespace) -> int:
    """RFC 1002 section 4.2.13: a positive answer, to every question for a name (NB)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", options.port))
        while True:
            asked, client = server.recvfrom(2048)
            if len(asked) >= 50 and asked[2] & 0xF8 == 0 and asked[46:48] == b"\0\x20":
                server.sendto(asked[:2] + bytes.fromhex("85000000000100000000") + asked[12:46]
                              + struct.pack(">HHIHH", 0x20, 1, 165, 6, 0) + socket.inet_aton(options.own), client)


LLMNR_GROUP, LLMNR_GROUP6 = "224.0.0.252", "ff02::1:3"
A, PTR, AAAA = 1, 12, 28


def name_bytes(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def llmnr_answer(asked: bytes, options: argparse.Namespace) -> bytes | None:
    """RFC 4795 section 2.1: the question repeated, one answer or none; nothing for somebody else's name."""
    end = asked.index(b"\0", 12) + 5
    question, kind = asked[12:end], int.from_bytes(asked[end - 4:end - 2], "big")
    if options.name and question[:-4].lower() != name_bytes(options.name[0]).lower():
        return None
    answer = b"\xc0\x0c" + struct.pack(">HHIH", A, 1, 30, 4) + socket.inet_aton(options.own) if kind == A else b""
    return asked[:2] + b"\x80\0" + struct.pack(">HHHH", 1, bool(answer), 0, 0) + question + answer


def serve_llmnr(options: argparse.Namespace) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        four.bind(("0.0.0.0", options.port))
        four.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(LLMNR_GROUP) + socket.inet_aton(options.own))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        six.bind(("::", options.port))
        six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, socket.inet_pton(socket.AF_INET6, LLMNR_GROUP6)
                       + struct.pack("@I", socket.if_nametoindex("cable")))
        while True:
            for server in select.select([four, six], [], [])[0]:
                asked, client = server.recvfrom(2048)
                if answer := llmnr_answer(asked, options):
                    server.sendto(answer, client)


def ask_llmnr(options: argparse.Namespace) -> int:
    cable = socket.if_nametoindex("cable")
    reverse = ".".join(reversed(options.host.split("."))) + ".in-addr.arpa"
    for family, group in ((socket.AF_INET, LLMNR_GROUP), (socket.AF_INET6, LLMNR_GROUP6)):
        for number, (name, kind) in enumerate([(name, kind) for name in options.name for kind in (A, AAAA)] + [(reverse, PTR)]):
            with socket.socket(family, socket.SOCK_DGRAM) as client:
                client.settimeout(0.15)
                to = (group, options.port)
                if family == socket.AF_INET:
                    client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(options.host))
                else:
                    to = (group, options.port, 0, cable)
                question = struct.pack(">HHHHHH", 0x7700 + number, 0, 1, 0, 0, 0) + name_bytes(name) + struct.pack(">HH", kind, 1)
                for _ in range(2):  # RFC 4795 section 2.7: asked again after a timeout
                    client.sendto(question, to)
                    try:
                        client.recvfrom(2048)
                        break
                    except TimeoutError:
                        pass
    return 0


SSDP_GROUP = "239.255.255.250"
SSDP_SERVER = "Linux/5.10 UPnP/1.1 InventedGateway/4.2.1"
SSDP_UUID = "uuid:5a5a0001-0000-1000-8000-025754000014"
SSDP_TYPES = ("upnp:rootdevice", SSDP_UUID, "urn:schemas-upnp-org:device:MediaServer:1",
              "urn:schemas-upnp-org:service:ContentDirectory:1")


def ssdp_text(first: str, *lines: str) -> bytes:
    return "\r\n".join((first, *lines, "", "")).encode()


def ssdp_notify(kind: str, state: str, own: str) -> bytes:
    name = kind if kind == SSDP_UUID else f"{SSDP_UUID}::{kind}"
    more = () if state == "ssdp:byebye" else (
        "CACHE-CONTROL: max-age=1800", f"LOCATION: http://{own}:49152/CANARYFILE.xml", f"SERVER: {SSDP_SERVER}",
        "X-User: CANARYUSER")
    return ssdp_text("NOTIFY * HTTP/1.1", f"HOST: {SSDP_GROUP}:1900", f"NT: {kind}", f"NTS: {state}", f"USN: {name}", *more)


def serve_ssdp(options: argparse.Namespace) -> int:
    """UPnP Device Architecture 1.1 section 1: alive, answers to M-SEARCH, byebye at the end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("0.0.0.0", options.port))
        server.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(SSDP_GROUP) + socket.inet_aton(options.host))
        server.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(options.host))
        server.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        server.settimeout(4)
        for kind in SSDP_TYPES:
            server.sendto(ssdp_notify(kind, "ssdp:alive", options.host), (SSDP_GROUP, 1900))
        try:
            while True:
                asked, client = server.recvfrom(2048)
                wanted = [line.split(":", 1)[1].strip() for line in asked.decode("latin-1").splitlines() if line.upper().startswith("ST:")]
                for kind in SSDP_TYPES:
                    if asked.startswith(b"M-SEARCH") and wanted and wanted[0] in (kind, "ssdp:all"):
                        name = kind if kind == SSDP_UUID else f"{SSDP_UUID}::{kind}"
                        server.sendto(ssdp_text("HTTP/1.1 200 OK", "CACHE-CONTROL: max-age=1800", "EXT:",
                                                f"LOCATION: http://{options.host}:49152/CANARYFILE.xml", f"SERVER: {SSDP_SERVER}",
                                                f"ST: {kind}", f"USN: {name}"), client)
        except TimeoutError:
            pass
        for kind in SSDP_TYPES:
            server.sendto(ssdp_notify(kind, "ssdp:byebye", options.host), (SSDP_GROUP, 1900))
    return 0


def ask_ssdp(options: argparse.Namespace) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(options.host))
        client.settimeout(0.3)
        for wanted in ("ssdp:all", "upnp:rootdevice", "urn:CANARYQUERY:device:nothing:1"):
            client.sendto(ssdp_text("M-SEARCH * HTTP/1.1", f"HOST: {SSDP_GROUP}:1900", 'MAN: "ssdp:discover"', "MX: 1", f"ST: {wanted}",
                                    "USER-AGENT: InventedStation/1.0 UPnP/1.1"), (SSDP_GROUP, 1900))
            try:
                while True:
                    client.recvfrom(2048)
            except TimeoutError:
                pass
    return 0


WHAT = {"ntp": serve_ntp, "ntp-control": ask_control, "nbns-poison": serve_nbns, "llmnr": serve_llmnr, "llmnr-ask": ask_llmnr,
        "ssdp": serve_ssdp, "ssdp-ask": ask_ssdp}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=sorted(WHAT))
    parser.add_argument("--host")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--shift", type=float, default=0)
    parser.add_argument("--kiss", action="store_true")
    parser.add_argument("--own")
    parser.add_argument("--name", action="append", default=[])
    options = parser.parse_args()
    return WHAT[options.what](options)


if __name__ == "__main__":
    sys.exit(main())
