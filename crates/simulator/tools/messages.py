"""Finds the HL7, DICOM and Modbus messages of a capture and checks with tshark that they are all.

    messages.py CAPTURE OUT

Writes a JSON array: each message with its frame (counted from 1), source and destination and what the simulator's truth
says of a message. Reads the streams itself, since tshark does not tell a message's octets; tshark has to agree on every
frame and kind.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator

import tsharked

DICOM_PORTS = {104, 11112, 11113}
PDUS = tsharked.PDU_NAMES


def frames(path: str) -> Iterator[bytes]:
    with open(path, "rb") as capture:
        header = capture.read(24)
        order = "<" if header[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        while record := capture.read(16):
            yield capture.read(struct.unpack(order + "4I", record)[2])


class Stream:
    """One direction of a connection: octets in order, and which frame brought them."""

    def __init__(self) -> None:
        self.next: int | None = None
        self.octets = bytearray()
        self.command: dict | None = None  # DICOM: a command that awaits its data set
        self.parts = bytearray()  # DICOM: fragments of a command set
        self.size = 0  # DICOM: octets of PDUs of an unfinished message

    def take(self, seq: int, flags: int, payload: bytes) -> bool:
        """True where something new came. A segment that was relayed or repeated is not new."""
        if flags & 2:
            self.next = (seq + 1) & 0xFFFFFFFF
            return False
        if self.next is None or not payload or (seq - self.next) & 0x80000000:
            return False
        if seq != self.next:
            raise SystemExit("messages: a segment is missing: the capture has a gap")
        self.octets += payload
        self.next = (seq + len(payload)) & 0xFFFFFFFF
        return True


def title(raw: bytes) -> str:
    return raw.decode("latin-1").strip(" \0")


def element(command: bytes, tag: int) -> bytes | None:
    """A value of a command set: implicit VR, little endian (PS3.7 section 6.3.1)."""
    at = 0
    while at + 8 <= len(command):
        group, number, length = struct.unpack_from("<HHI", command, at)
        if (group, number) == (0, tag):
            return command[at + 8 : at + 8 + length]
        at += 8 + length
    return None


def dicom(stream: Stream) -> Iterator[dict]:
    while len(stream.octets) >= 6:
        kind, length = stream.octets[0], int.from_bytes(stream.octets[2:6], "big")
        if len(stream.octets) < 6 + length:
            return
        body = bytes(stream.octets[6 : 6 + length])
        del stream.octets[: 6 + length]
        if kind != 4:
            found = {"protocol": "dicom", "pdu": PDUS[kind], "bytes": 6 + length,
                     "direction": "request" if kind in (1, 5, 7) else "response"}
            if kind == 1:
                found |= {"called_ae": title(body[4:20]), "calling_ae": title(body[20:36])}
            yield found
            continue
        stream.size += 6 + length
        at = 0
        while at < len(body):
            size = int.from_bytes(body[at : at + 4], "big")
            control, data = body[at + 5], body[at + 6 : at + 4 + size]
            at += 4 + size
            if control & 1:
                stream.parts += data
                if control & 2:
                    stream.command = dimse(bytes(stream.parts))
                    stream.parts.clear()
            if control & 2 and stream.command and (not control & 1 or not stream.command.pop("data_set")):
                command, stream.command = stream.command, None
                yield command | {"bytes": stream.size}
                stream.size = 0


def dimse(command: bytes) -> dict:
    def word(tag: int) -> int:
        return int.from_bytes(element(command, tag) or b"", "little")

    code = word(0x0100)
    response = bool(code & 0x8000)
    found = {"protocol": "dicom", "pdu": "P-DATA-TF", "direction": "response" if response else "request",
             "dimse": {"command": tsharked.command_name(code), "message_id": word(0x0120 if response else 0x0110)}}
    if response:
        found["dimse"]["status"] = f"{word(0x0900):04x}"
    return found | {"data_set": word(0x0800) != tsharked.NO_DATA_SET}


def modbus(stream: Stream, to_server: bool, asked: dict) -> Iterator[dict]:
    while len(stream.octets) >= 8:
        length = 6 + int.from_bytes(stream.octets[4:6], "big")
        if len(stream.octets) < length:
            return
        adu = bytes(stream.octets[:length])
        del stream.octets[:length]
        transaction, unit, code = int.from_bytes(adu[:2], "big"), adu[6], adu[7]
        found = {"protocol": "modbus", "direction": "request" if to_server else "response", "bytes": length,
                 "transaction_id": transaction, "unit_id": unit, "function": code & 0x7F}
        if code & 0x80:
            found["exception"] = adu[8]
        what = asked.get((transaction, unit), {})
        if to_server:
            what = {}
            if code in (1, 2, 3, 4, 15, 16):
                what = {"address": int.from_bytes(adu[8:10], "big"), "quantity": int.from_bytes(adu[10:12], "big")}
            elif code in (5, 6):
                what = {"address": int.from_bytes(adu[8:10], "big"), "quantity": 1}
            asked[transaction, unit] = what
        yield found | what


def hl7(stream: Stream) -> Iterator[dict]:
    while (end := stream.octets.find(b"\x1c\x0d")) >= 0:
        block = bytes(stream.octets[1:end])
        del stream.octets[: end + 2]
        found: dict = {"protocol": "hl7", "bytes": len(block)}
        for segment in block.decode("utf-8").split("\r"):
            fields = segment.split("|")
            if fields[0] == "MSH":
                kind = fields[8].split("^")
                found |= {"sending_application": fields[2], "receiving_application": fields[4], "message_code": kind[0],
                          "trigger_event": kind[1] if len(kind) > 1 else None, "control_id": fields[9],
                          "direction": "response" if kind[0] == "ACK" else "request"}
            elif fields[0] == "MSA":
                found |= {"ack_code": fields[1], "ack_control_id": fields[2], "direction": "response"}
        yield found


def messages(path: str) -> Iterator[dict]:
    streams: dict[tuple, Stream] = {}
    asked: dict[tuple, dict] = {}
    for number, frame in enumerate(frames(path), 1):
        if frame[12:14] != b"\x08\x00" or frame[23] != 6:
            continue
        tcp = frame[34 : 14 + int.from_bytes(frame[16:18], "big")]
        ports = struct.unpack(">HH", tcp[:4])
        src, dst = (".".join(map(str, frame[at : at + 4])) + f":{port}" for at, port in zip((26, 30), ports))
        if tcp[13] & 2:
            streams[src, dst] = Stream()
        stream = streams.setdefault((src, dst), Stream())
        if not stream.take(int.from_bytes(tcp[4:8], "big"), tcp[13], tcp[(tcp[12] >> 4) * 4 :]):
            continue
        if set(ports) & DICOM_PORTS:
            found = dicom(stream)
        elif 502 in ports:
            client = src if ports[1] == 502 else dst
            found = modbus(stream, ports[1] == 502, asked.setdefault(client, {}))
        elif stream.octets[:1] == b"\x0b":
            found = hl7(stream)
        else:
            continue
        for message in found:
            yield {"frame": number, "src": src, "dst": dst} | message


COMMON = ("frame", "src", "dst", "protocol", "direction", "bytes")


def as_truth(message: dict) -> dict:
    """As the simulator's truth writes it: what belongs to a protocol in an object of its name."""
    own = {name: value for name, value in message.items() if name not in COMMON and value is not None}
    return {name: message[name] for name in COMMON} | {message["protocol"]: own}


def kinds(found: Iterator[dict]) -> list[tuple]:
    """What tshark and we have to agree upon."""

    def dimse(message: dict) -> str | None:
        command = message.get("dimse")
        return command["command"] if isinstance(command, dict) else command

    return sorted(
        (message["frame"], message["protocol"], str(message.get("pdu")), str(dimse(message)), str(message.get("function")),
         str(message.get("exception")), str(message.get("control_id")))
        for message in found
    )


def main() -> None:
    path, out = sys.argv[1:3]
    found = list(messages(path))
    ours, theirs = kinds(found), kinds(tsharked.messages(path, sys.argv[3:]))
    if ours != theirs:
        for line in sorted(set(ours) ^ set(theirs))[:20]:
            print("messages:", "only here" if line in ours else "only tshark", line, file=sys.stderr)
        raise SystemExit(1)
    with open(out, "w", encoding="utf-8") as file:
        file.write("[" + ",\n".join(json.dumps(as_truth(message)) for message in found) + "]\n")
    print(f"messages: {len(found)} in {sum(1 for _ in frames(path))} frames")


if __name__ == "__main__":
    main()
