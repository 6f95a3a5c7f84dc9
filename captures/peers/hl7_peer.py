"""HL7 v2 over MLLP peers: python-hl7's server and client, and plain sockets for what they cannot do.

    hl7_peer.py serve MODE --port N --log FILE
    hl7_peer.py send SCENARIO --host H --port N --log FILE

Server modes: `library` (python-hl7's asyncio server), and on sockets `plain` (an ACK without trigger event for each
message, batches answered by a batch), `stale` (repeats its first ACK), `mute` (answers the first only), `storm` (AR and
AE alone), `commit` (MLLP release 2), `split` (its ACK's end block in a segment of its own).
The first component of the receiving application decides a code where the mode leaves it open: `ERRORS` AE, `REJECTS` AR.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import socket
import threading
import time

import hl7
import hl7.client
import hl7.mllp

import canary
from peerlog import PeerLog

VT, FS_CR = b"\x0b", b"\x1c\x0d"
ANSWER_SECONDS = 5.0


# --- messages ---------------------------------------------------------------------------------------------------------

class Messages:
    """Builds messages with running control ids, in one encoding and one set of separators."""

    def __init__(self, prefix: str, separators: str = "|^~\\&", line_end: str = "\r", encoding: str = "ascii",
                 last_end: bool = True, version: str = "2.5.1") -> None:
        self.prefix, self.separators, self.line_end, self.encoding = prefix, separators, line_end, encoding
        self.last_end, self.version, self.number = last_end, version, 0

    def build(self, event: str, application: str = "EHR", sender: str = "ADMIT", extra: list[str] | None = None) -> bytes:
        """One message as bytes; `event` is `ADT^A01` and the like."""
        self.number += 1
        family = canary.LATIN_FAMILY if self.encoding == "latin-1" else canary.FAMILY
        code = event.split("^")[0]
        structure = {"ADT^A08": "ADT_A01", "ORM^O01": "ORM_O01"}.get(event, event.replace("^", "_"))
        charset = "8859/1" if self.encoding == "latin-1" else ""
        lines = [
            f"MSH|^~\\&|{sender}|WARD3|{application}|MAIN|20261124101500||{event}^{structure}"
            f"|{self.prefix}{self.number:05}|P|{self.version}||||||{charset}".rstrip("|"),
        ]
        if code == "ADT":
            lines.append(f"EVN|{event[4:]}|20261124101459|||{canary.OPERATOR}")
        lines.append(
            f"PID|1||{canary.PATIENT_ID}^^^MAIN^MR~{canary.OTHER_ID}^^^MAIN^PI||{family}^{canary.GIVEN}^{canary.MIDDLE}"
            f"||{canary.BIRTH_DATE}|F|||{canary.STREET} 1^^{canary.CITY}^^12345||{canary.PHONE}||||"
            f"{canary.ACCOUNT}|{canary.SOCIAL}")
        if code in ("ADT", "DFT"):
            lines.append(f"NK1|1|{canary.KIN}^{canary.GIVEN}|SPO|{canary.STREET} 1^^{canary.CITY}|{canary.PHONE}")
        lines.append(f"PV1|1|I|3^12^A||||{canary.DOCTOR}^{canary.GIVEN}||||||||||||{canary.VISIT}")
        if code == "ADT":
            lines += [f"AL1|1|DA|^{canary.ALLERGY}|SV", f"DG1|1||^{canary.DIAGNOSIS}", f"IN1|1|PLAN|{canary.POLICY}"]
        elif code == "ORM":
            lines += [f"ORC|NW|{canary.ORDER}||||||||||{canary.DOCTOR}",
                      f"OBR|1|{canary.ORDER}||CXR^Chest X-ray|||20261124||||||{canary.NOTE}||||||{canary.ACCESSION}"]
        elif code == "ORU":
            lines += [f"OBR|1|{canary.ORDER}|{canary.ACCESSION}|8867-4^Heart rate^LN|||20261124101400",
                      f"OBX|1|NM|8867-4^Heart rate^LN||{canary.NUMBER}|/min|60-100|N|||F",
                      f"OBX|2|ST|REM^Remark||{canary.VALUE}||||||F", f"NTE|1||{canary.NOTE}"]
        elif code == "SIU":
            lines += [f"SCH|{canary.ORDER}|||||CHECKUP^{canary.NOTE}", "RGS|1", f"AIP|1||{canary.DOCTOR}^{canary.GIVEN}"]
        elif code == "MDM":
            lines += [f"TXA|1|DS|TX|20261124||||||||{canary.ACCESSION}",
                      f"OBX|1|TX|DOC^Summary||{canary.DOCUMENT} {canary.DIAGNOSIS}||||||F"]
        elif code == "DFT":
            lines += [f"FT1|1|||20261124||CG|9921^{canary.PROCEDURE}"]
        lines += extra or []
        return self.encode(lines)

    def encode(self, lines: list[str]) -> bytes:
        field, component, repetition, escape, sub = self.separators
        swap = str.maketrans({"|": field, "^": component, "~": repetition, "\\": escape, "&": sub})
        return (self.line_end.join(line.translate(swap) for line in lines)
                + (self.line_end if self.last_end else "")).encode(self.encoding)


def acknowledgement(block: bytes, code: str, number: int, trigger: bool = False) -> bytes:
    """An ACK in the message's own separators and line end, as a small engine would write it."""
    line_end = b"\r\n" if b"\r\n" in block else b"\r"
    header = block.split(line_end)[0]
    separator = header[3:4]
    fields = header.split(separator)
    answered = fields[9]
    component = fields[1][:1]
    kind = b"ACK" + (component + fields[8].split(component)[1] if trigger else b"")
    fields[2:6] = fields[4:6] + fields[2:4]
    fields[8], fields[9] = kind, b"ACK%05d" % number
    return (separator.join(fields[:12]) + line_end
            + separator.join((b"MSA", code.encode(), answered)) + line_end)


# --- blocks on a socket -----------------------------------------------------------------------------------------------

class Link:
    """MLLP blocks over a connected socket, logged as they pass."""

    def __init__(self, connection: socket.socket, log: PeerLog) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(ANSWER_SECONDS)
        self.connection, self.log, self.buffer = connection, log, b""

    def send(self, *blocks: bytes) -> None:
        """Several blocks in one send."""
        for block in blocks:
            self.log.hl7_block("sent", block)
        self.connection.sendall(b"".join(VT + block + FS_CR for block in blocks))

    def dribble(self, block: bytes, sizes: tuple[int, ...], pause: float = 0.002) -> None:
        """One block in many small sends, so that framing and separators fall on every border."""
        self.log.hl7_block("sent", block)
        framed, at, turn = VT + block + FS_CR, 0, 0
        while at < len(framed):
            size = sizes[turn % len(sizes)]
            self.connection.sendall(framed[at:at + size])
            at, turn = at + size, turn + 1
            time.sleep(pause)

    def cut_end(self, block: bytes) -> None:
        """The block, then FS, then CR, each in a segment of its own."""
        self.log.hl7_block("sent", block)
        for piece in (VT + block, b"\x1c", b"\x0d"):
            self.connection.sendall(piece)
            time.sleep(0.03)

    def receive(self) -> bytes:
        """The next block without its framing; empty at the end of the stream."""
        while FS_CR not in self.buffer:
            more = self.connection.recv(65536)
            if not more:
                return b""
            self.buffer += more
        block, self.buffer = self.buffer.split(FS_CR, 1)
        block = block[block.index(VT) + 1:]
        self.log.hl7_block("received", block)
        return block


# --- servers ----------------------------------------------------------------------------------------------------------

def code_for(block: bytes) -> str:
    separator = block[3:4]
    fields = block.split(b"\r")[0].split(separator)
    return {b"ERRORS": "AE", b"REJECTS": "AR"}.get(fields[4] if block.startswith(b"MSH") else b"", "AA")


async def serve_library(options: argparse.Namespace, log: PeerLog) -> None:
    async def connected(reader, writer) -> None:
        while True:
            try:
                message = await reader.readmessage()
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            block = str(message).encode(options.encoding)
            log.hl7_block("received", block)
            answer = message.create_ack(code_for(block))
            log.hl7_block("sent", str(answer).encode(options.encoding))
            writer.writemessage(answer)
            await writer.drain()
        writer.close()

    server = await hl7.mllp.start_hl7_server(
        connected, "0.0.0.0", options.port, encoding=options.encoding, limit=1 << 20)
    async with server:
        await server.serve_forever()


def serve_sockets(options: argparse.Namespace, log: PeerLog) -> None:
    mode = options.scenario

    def serve(connection: socket.socket) -> None:
        link, number, first = Link(connection, log), 0, b""
        with connection:
            while block := link.receive():
                if block in (b"\x06", b"\x15"):
                    continue
                number += 1
                if mode == "storm":
                    link.send(acknowledgement(block, "AE" if number % 3 == 0 else "AR", number))
                elif mode == "mute" and number > 1:
                    continue
                elif mode == "stale":
                    first = first or acknowledgement(block, "AA", number, trigger=True)
                    link.send(first)
                elif mode == "split":
                    link.cut_end(acknowledgement(block, "AA", number, trigger=True))
                elif mode == "commit":
                    refuse = number == 2
                    link.send(b"\x15" if refuse else b"\x06")
                    if not refuse:
                        time.sleep(0.02)
                        link.send(acknowledgement(block, "AA", number, trigger=True))
                elif block[:3] in (b"FHS", b"BHS"):
                    link.send(batch_answer(block, number))
                else:
                    link.send(acknowledgement(block, code_for(block), number))

    with socket.create_server(("0.0.0.0", options.port)) as listener:
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


def batch_answer(block: bytes, number: int) -> bytes:
    """A batch of ACKs for a batch of messages."""
    messages = block.split(b"\rMSH")[1:]
    answers = b"".join(
        acknowledgement(b"MSH" + message, "AA", number * 100 + index) for index, message in enumerate(messages))
    file_level = block.startswith(b"FHS")
    head = b"BHS|^~\\&|EHR|MAIN|LAB|WARD3|20261124101501\r"
    tail = b"BTS|%d\r" % len(messages)
    if file_level:
        return b"FHS|^~\\&|EHR|MAIN|LAB|WARD3|20261124101501\r" + head + answers + tail + b"FTS|1\r"
    return head + answers + tail


# --- senders ----------------------------------------------------------------------------------------------------------

def feeds(options: argparse.Namespace, log: PeerLog) -> None:
    """python-hl7's client: an admission feed, orders, results, appointments, documents, charges; some refused."""
    made = Messages("FEED")
    plan = [("ADT^A01", "EHR"), ("ADT^A08", "EHR"), ("ORM^O01", "RIS"), ("ORU^R01", "EHR"), ("SIU^S12", "EHR"),
            ("MDM^T02", "EHR"), ("DFT^P03", "BILLING"), ("ADT^A03", "EHR"), ("ORU^R01", "ERRORS"), ("ADT^A40", "REJECTS"),
            ("ORU^R01", "EHR"), ("ADT^A01", "ERRORS")]
    with hl7.client.MLLPClient(options.host, options.port) as client:
        for event, application in plan:
            block = made.build(event, application)
            log.hl7_block("sent", block)
            answer = client.send_message(block)
            log.hl7_block("received", answer.removeprefix(VT).removesuffix(FS_CR))


def link_to(options: argparse.Namespace, log: PeerLog) -> Link:
    return Link(socket.create_connection((options.host, options.port), timeout=ANSWER_SECONDS), log)


def in_turn(options: argparse.Namespace, log: PeerLog, blocks: list[bytes]) -> None:
    """Each message after the ACK of the one before."""
    link = link_to(options, log)
    with link.connection:
        for block in blocks:
            link.send(block)
            link.receive()


def latin1(options: argparse.Namespace, log: PeerLog) -> None:
    made = Messages("LAT", encoding="latin-1")
    in_turn(options, log, [made.build(event) for event in ("ADT^A01", "ORU^R01", "ADT^A08")])


def separators(options: argparse.Namespace, log: PeerLog) -> None:
    in_turn(options, log, [
        Messages("SEPA", separators="#:~\\&").build("ADT^A01"), Messages("SEPB", separators="!*%$@").build("ORU^R01"),
        Messages("SEPC", separators="@^~\\&").build("ORM^O01"), Messages("SEPD").build("ADT^A08")])


def line_ends(options: argparse.Namespace, log: PeerLog) -> None:
    in_turn(options, log, [
        Messages("CRLF", line_end="\r\n").build("ADT^A01"), Messages("LAST", last_end=False).build("ORU^R01"),
        Messages("BOTH", line_end="\r\n", last_end=False).build("ORM^O01"), Messages("CR").build("ADT^A08")])


def versions(options: argparse.Namespace, log: PeerLog) -> None:
    in_turn(options, log, [Messages(f"V{v.replace('.', '')}X", version=v).build("ADT^A01")
                           for v in ("2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.6", "2.7", "2.8.2")])


def pipelined(options: argparse.Namespace, log: PeerLog) -> None:
    """Five messages in one send, one dribbled byte by byte, one whose end block is cut in two."""
    made = Messages("PIPE")
    link = link_to(options, log)
    with link.connection:
        link.send(*(made.build(event) for event in ("ADT^A01", "ADT^A08", "ORU^R01", "ORM^O01", "ADT^A03")))
        for _ in range(5):
            link.receive()
        link.dribble(made.build("ORU^R01"), sizes=(1, 2, 3, 5, 7))
        link.receive()
        link.cut_end(made.build("ADT^A08"))
        link.receive()
        link.send(made.build("ADT^A01"), made.build("ADT^A03"))
        link.receive()
        link.receive()


def batch(options: argparse.Namespace, log: PeerLog) -> None:
    """A file of one batch of three results, then a bare batch of two, then a single message."""
    made = Messages("BAT")
    results = b"".join(made.build("ORU^R01", sender="LAB") for _ in range(3))
    more = b"".join(made.build("ORU^R01", sender="LAB") for _ in range(2))
    head = b"BHS|^~\\&|LAB|WARD3|EHR|MAIN|20261124101500\r"
    in_turn(options, log, [
        b"FHS|^~\\&|LAB|WARD3|EHR|MAIN|20261124101500\r" + head + results + b"BTS|3\rFTS|1\r",
        head + more + b"BTS|2\r", made.build("ORU^R01", sender="LAB")])


def commit(options: argparse.Namespace, log: PeerLog) -> None:
    """MLLP release 2: a commit byte for every block; the second is refused once and sent again."""
    made = Messages("CMT")
    link = link_to(options, log)
    with link.connection:
        for event in ("ADT^A01", "ORU^R01", "ADT^A08"):
            block = made.build(event)
            for _ in range(2):
                link.send(block)
                if link.receive() == b"\x06":
                    break
            link.receive()
            link.send(b"\x06")


def attachment(options: argparse.Namespace, log: PeerLog) -> None:
    """A result with a document of more than 100 kB in base64 in one OBX."""
    document = base64.b64encode((canary.DOCUMENT.encode() + b" page of a report. ") * 2600).decode()
    made = Messages("DOC")
    in_turn(options, log, [
        made.build("ADT^A08"),
        made.build("ORU^R01", extra=[f"OBX|3|ED|PDF^Report||^application^pdf^Base64^{document}||||||F", f"NTE|2||{canary.NOTE}"]),
        made.build("ORU^R01")])


def stale(options: argparse.Namespace, log: PeerLog) -> None:
    made = Messages("STA")
    in_turn(options, log, [made.build("ORU^R01") for _ in range(5)])


def never(options: argparse.Namespace, log: PeerLog) -> None:
    """The second message is never acknowledged: the sender waits, sends it again, gives up."""
    made = Messages("NEV")
    link = link_to(options, log)
    with link.connection:
        link.send(made.build("ADT^A01"))
        link.receive()
        lost = made.build("ORU^R01")
        for _ in range(2):
            link.send(lost)
            time.sleep(0.7)


def storm(options: argparse.Namespace, log: PeerLog) -> None:
    """Sixty messages, all refused."""
    made = Messages("NAK")
    in_turn(options, log, [made.build("ADT^A01" if n % 2 else "ORU^R01") for n in range(60)])


def split(options: argparse.Namespace, log: PeerLog) -> None:
    made = Messages("CUT")
    link = link_to(options, log)
    with link.connection:
        for event in ("ADT^A01", "ORU^R01", "ADT^A03"):
            link.cut_end(made.build(event))
            link.receive()


SENDERS = {
    "feeds": feeds, "latin1": latin1, "separators": separators, "line-ends": line_ends, "versions": versions,
    "pipelined": pipelined, "batch": batch, "commit": commit, "attachment": attachment, "stale": stale, "never": never,
    "storm": storm, "split": split,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=("serve", "send"))
    parser.add_argument("scenario")
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--encoding", default="ascii")
    options = parser.parse_args()
    log = PeerLog(options.log, "server" if options.role == "serve" else "client")
    if options.role == "send":
        SENDERS[options.scenario](options, log)
    elif options.scenario == "library":
        asyncio.run(serve_library(options, log))
    else:
        serve_sockets(options, log)


if __name__ == "__main__":
    main()
