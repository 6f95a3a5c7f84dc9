"""What tshark sees in a capture, message by message, in the contract's terms.

Read from PDML, in which every PDU of a frame is an element of its own, in order: several ADUs in a segment cannot be
mixed up, as they are in columns of fields.

A Modbus ADU is an `mbtcp` element and the `modbus` element after it, its direction the port's (502 and the ports given
by `-d tcp.port==N,mbtcp`). An HL7 message is what begins with an MSH segment; an MLLP block can hold several. A DICOM
message is an association PDU, or a command set with the data set that it announces, however many PDVs carried them: it
stands in the frame that held the last of them.
"""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

from peerlog import hl7_messages

PDU_NAMES = {1: "A-ASSOCIATE-RQ", 2: "A-ASSOCIATE-AC", 3: "A-ASSOCIATE-RJ", 4: "P-DATA-TF", 5: "A-RELEASE-RQ",
             6: "A-RELEASE-RP", 7: "A-ABORT"}
COMMANDS = {0x0001: "C-STORE", 0x0010: "C-GET", 0x0020: "C-FIND", 0x0021: "C-MOVE", 0x0030: "C-ECHO",
            0x0100: "N-EVENT-REPORT", 0x0110: "N-GET", 0x0120: "N-SET", 0x0130: "N-ACTION", 0x0140: "N-CREATE",
            0x0150: "N-DELETE"}
NO_DATA_SET = 0x0101
TSHARK_SECONDS = 600


def command_name(code: int) -> str:
    if code == 0x0FFF:
        return "C-CANCEL-RQ"
    return COMMANDS.get(code & 0x7FFF, f"{code & 0x7FFF:04X}") + ("-RSP" if code & 0x8000 else "-RQ")


def modbus_ports(decode_as: list[str]) -> set[int]:
    ports = {502}
    for rule in decode_as:
        if found := re.fullmatch(r"tcp\.port==(\d+),(mbtcp|modbus)", rule):
            ports.add(int(found[1]))
    return ports


def command(capture: str, decode_as: list[str], *more: str) -> list[str]:
    line = ["tshark", "-r", capture, "-n", "-o", "tcp.reassemble_out_of_order:TRUE", "--enable-heuristic", "dicom_tcp"]
    for rule in decode_as:
        line += ["-d", rule]
    return line + list(more)


def packets(capture: str, decode_as: list[str]) -> Iterator[ElementTree.Element]:
    """The PDML packets that hold one of the three protocols. tshark's own complaints of a damaged end are ignored."""
    line = command(capture, decode_as, "-Y", "mbtcp || hl7 || dicom", "-T", "pdml", "-J", "mbtcp modbus hl7 dicom")
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tshark:
        try:
            parser = ElementTree.iterparse(tshark.stdout, events=("start", "end"))
            root = None
            for event, element in parser:
                if root is None:
                    root = element
                if event == "end" and element.tag == "packet":
                    yield element
                    root.clear()
        except ElementTree.ParseError:
            if tshark.wait() == 0:
                raise
        finally:
            tshark.kill()


def number_of(field: ElementTree.Element) -> int:
    return int(field.get("show"), 0)


def messages(capture: str, decode_as: list[str]) -> Iterator[dict]:
    """Every message, in order: `frame`, `protocol` and what belongs to it."""
    ports = modbus_ports(decode_as)
    pending: dict[tuple, str] = {}  # DICOM: (addresses and ports of a direction) -> command that awaits its data set
    for packet in packets(capture, decode_as):
        frame, addresses, source = 0, "", None
        header: dict = {}
        protos = list(packet.iter("proto"))
        if any(proto.get("name") in ("icmp", "icmpv6") for proto in protos):
            continue  # an ICMP error quotes a packet; it is no message of its own
        for proto in protos:
            name, title = proto.get("name"), proto.get("showname") or ""
            if name == "geninfo":
                frame = number_of(next(field for field in proto if field.get("name") == "num"))
            elif name in ("ip", "ipv6"):
                addresses = title
            elif name == "tcp":
                found = re.search(r"Src Port: (\d+), Dst Port: (\d+)", title)
                source = (int(found[1]), int(found[2])) if found else None
            elif name == "mbtcp":
                header = {field.get("name"): number_of(field) for field in proto if field.get("show") is not None}
            elif name == "modbus":
                fields = {field.get("name"): field for field in proto.iter("field")}
                if "modbus.func_code" not in fields or source is None:
                    continue
                exception = fields.get("modbus.exception_code")
                yield {
                    "frame": frame, "protocol": "modbus",
                    "direction": "response" if source[0] in ports and source[1] not in ports else "request",
                    "transaction_id": header.get("mbtcp.trans_id"), "unit_id": header.get("mbtcp.unit_id"),
                    "function": number_of(fields["modbus.func_code"]),
                    "exception": None if exception is None else number_of(exception),
                }
            elif name == "hl7":
                block = b"".join(bytes.fromhex(field.get("value")) for field in proto.iter("field")
                                 if field.get("name") == "hl7.segment")
                for message in hl7_messages(block):
                    yield {"frame": frame, "protocol": "hl7"} | message
            elif name == "dicom":
                yield from dicom_messages(proto, frame, (addresses, source), pending)


def dicom_messages(proto: ElementTree.Element, frame: int, way: tuple, pending: dict) -> Iterator[dict]:
    flags, code, data_set = 0, None, None

    def pdv_ended() -> str | None:
        """The command that is whole with this PDV."""
        if flags & 3 == 3 and code is not None:
            if data_set == NO_DATA_SET:
                return command_name(code)
            pending[way] = command_name(code)
        elif flags & 3 == 2 and way in pending:
            return pending.pop(way)
        return None

    def found(dimse: str) -> dict:
        return {"frame": frame, "protocol": "dicom", "pdu": "P-DATA-TF", "dimse": dimse}

    for field in proto.iter("field"):
        name, show = field.get("name"), field.get("show") or ""
        if name == "dicom.pdu.type":
            kind = PDU_NAMES.get(number_of(field))
            if kind and kind != "P-DATA-TF":
                yield {"frame": frame, "protocol": "dicom", "pdu": kind, "dimse": None}
        elif name == "dicom.pdv.flags":
            if dimse := pdv_ended():
                yield found(dimse)
            flags, code, data_set = number_of(field), None, None
        elif show.startswith("(0000,0100)") and field.get("value"):
            code = int.from_bytes(bytes.fromhex(field.get("value")[-4:]), "little")
        elif show.startswith("(0000,0800)") and field.get("value"):
            data_set = int.from_bytes(bytes.fromhex(field.get("value")[-4:]), "little")
    if dimse := pdv_ended():
        yield found(dimse)


def field_lines(capture: str, decode_as: list[str], display_filter: str, *fields: str) -> list[str]:
    """One line per frame that passes the filter."""
    line = command(capture, decode_as, "-Y", display_filter, "-T", "fields")
    for field in fields:
        line += ["-e", field]
    done = subprocess.run(line, capture_output=True, text=True, timeout=TSHARK_SECONDS, check=True)
    return done.stdout.splitlines()
