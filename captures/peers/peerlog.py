"""What a peer says it sent or received, one JSON object a line.

Every scripted peer writes such a log beside its work; `truth.py` counts the logs into a capture's truth. A record holds
only what the peer's own library handed over (the bytes it gave the socket, the message its decoder returned), so a
truth never rests on the capture that it judges.

Record: `peer` (which log), `way` (`sent`/`received`), `protocol`, and the protocol's own fields.
"""

from __future__ import annotations

import json
import threading


class PeerLog:
    """Appends records to a file; safe to call from several threads."""

    def __init__(self, path: str, peer: str) -> None:
        self._file = open(path, "a", encoding="utf-8")
        self._peer = peer
        self._lock = threading.Lock()

    def record(self, way: str, protocol: str, **fields) -> None:
        entry = {"peer": self._peer, "way": way, "protocol": protocol, **fields}
        with self._lock:
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()

    def modbus_adu(self, way: str, direction: str, adu: bytes) -> None:
        """One ADU as bytes: MBAP header and PDU."""
        code = adu[7]
        self.record(
            way,
            "modbus",
            direction=direction,
            transaction_id=int.from_bytes(adu[0:2], "big"),
            unit_id=adu[6],
            function=code & 0x7F,
            exception=adu[8] if code & 0x80 else None,
            subfunction=int.from_bytes(adu[8:10], "big") if code == 8 else None,
            bytes=len(adu),
        )

    def hl7_block(self, way: str, block: bytes) -> None:
        """One MLLP block without its framing: a message, a batch of messages, or a commit acknowledgement."""
        if block in (b"\x06", b"\x15"):
            self.record(way, "mllp", commit="ack" if block == b"\x06" else "nak")
            return
        messages = hl7_messages(block)
        for message in messages:
            self.record(way, "hl7", **message, bytes=len(block) if len(messages) == 1 else None)


def hl7_messages(block: bytes) -> list[dict]:
    """The messages of a block, by their MSH and MSA segments; whatever the separators and line ends."""
    found: list[dict] = []
    for segment in block.replace(b"\r\n", b"\r").replace(b"\n", b"\r").split(b"\r"):
        name = segment[:3]
        if name == b"MSH" and len(segment) > 8:
            separator = segment[3:4]
            fields = segment.split(separator)
            component = fields[1][:1]
            kind = (fields[8] if len(fields) > 8 else b"").split(component)
            text = [part.decode("latin-1") for part in kind]
            code = text[0] or None
            found.append(
                {
                    "direction": "response" if code == "ACK" else "request",
                    "message_code": code,
                    "trigger_event": (text[1] if len(text) > 1 else "") or None,
                    "control_id": fields[9].decode("latin-1") if len(fields) > 9 else None,
                    "ack_code": None,
                }
            )
        elif name == b"MSA" and found and len(segment) > 4:
            separator = segment[3:4]
            found[-1]["ack_code"] = segment.split(separator)[1].decode("latin-1") or None
            found[-1]["direction"] = "response"
    return found
