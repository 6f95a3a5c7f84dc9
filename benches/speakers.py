"""Who speaks in the benchmark captures: Modbus, HL7 and DICOM conversations, and other traffic around them.

Each speaker is a generator that writes a little at every step, so that conversations interleave. Every name, number
and octet of content is invented.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

from wire import ACK, PSH, Flow, Writer, ip4

# Opaque content: pixels, ciphertext, downloads.
NOISE = random.Random(99).randbytes(9 * 1024 * 1024)


# ---- Modbus/TCP


def modbus_pair(rng: random.Random, w: Writer, transaction: int, unit: int) -> tuple[bytes, bytes]:
    """A request and its response."""
    r = rng.random()
    address = rng.randrange(0, 9000)
    if r < 0.55:
        function, quantity = (3 if r < 0.4 else 4), 1 + int(rng.random() ** 2 * 60)
        request = struct.pack(">BHH", function, address, quantity)
        response = struct.pack(">BB", function, 2 * quantity) + rng.randbytes(2 * quantity)
    elif r < 0.75:
        function, quantity = (1 if r < 0.65 else 2), 1 + int(rng.random() * 120)
        octets = (quantity + 7) // 8
        request = struct.pack(">BHH", function, address, quantity)
        response = struct.pack(">BB", function, octets) + rng.randbytes(octets)
    elif r < 0.82:
        function = 5
        request = response = struct.pack(">BHH", 5, address, 0xFF00 if r < 0.79 else 0)
    elif r < 0.91:
        function = 6
        request = response = struct.pack(">BHH", 6, address, rng.getrandbits(16))
    elif r < 0.94:
        function, quantity = 15, 1 + int(rng.random() * 40)
        octets = (quantity + 7) // 8
        request = struct.pack(">BHHB", 15, address, quantity, octets) + rng.randbytes(octets)
        response = struct.pack(">BHH", 15, address, quantity)
    else:
        function, quantity = 16, 1 + int(rng.random() * 20)
        request = struct.pack(">BHHB", 16, address, quantity, 2 * quantity) + rng.randbytes(2 * quantity)
        response = struct.pack(">BHH", 16, address, quantity)
    if rng.random() < 0.01:
        response = bytes((function | 0x80, rng.choice((1, 2, 3, 4, 6))))
        w.count("modbus.exceptions")
    w.count("modbus.requests")
    w.count("modbus.responses")
    header = struct.Struct(">HHHB").pack
    return (
        header(transaction, 0, len(request) + 1, unit) + request,
        header(transaction, 0, len(response) + 1, unit) + response,
    )


def modbus(w: Writer, i: int, vlan: int = 0) -> Iterator[None]:
    """A master that polls one server: a message a segment."""
    rng = random.Random(1000003 * i + 7)
    client, server = ip4(10, 20, 1, 2 + i % 12), ip4(10, 20, 4 + i // 200, 2 + i % 200)
    cport = 40000 + i
    tcp, count = w.tcp, w.count
    while not w.stop:
        flow = Flow(rng, client, server, cport, 502, vlan)
        cport = 40000 + (cport - 39000) % 25000
        w.open(flow)
        yield
        unit = 1 + i % 3
        transaction = rng.getrandbits(16)
        for _ in range(rng.randrange(4000, 12000)):
            transaction = transaction + 1 & 0xFFFF
            request, response = modbus_pair(rng, w, transaction, unit)
            if tcp(flow, 0, PSH | ACK, request):
                count("whole.modbus")
            yield
            if tcp(flow, 1, PSH | ACK, response):
                count("whole.modbus")
            tcp(flow, 0, ACK)
            yield
            if w.stop:
                break
        w.shut(flow)


# ---- HL7 v2 over MLLP

FAMILY = ["AARDVARK", "BEISPIEL", "CASTORIA", "DUMMY", "ESSAI", "FICTIVE", "GENERIC", "HYPOTHET", "INVENTED", "JAMAIS"]
GIVEN = ["ALBA", "BORIS", "CLEO", "DANTE", "EDDA", "FLINT", "GWEN", "HUGO", "IRIS", "JONAS"]
LOINC = [
    "8867-4^Heart rate^LN",
    "9279-1^Respiratory rate^LN",
    "59408-5^SpO2 by pulse oximetry^LN",
    "8480-6^Systolic blood pressure^LN",
    "8462-4^Diastolic blood pressure^LN",
    "8310-5^Body temperature^LN",
    "2339-0^Glucose^LN",
    "2823-3^Potassium^LN",
    "2951-2^Sodium^LN",
    "718-7^Hemoglobin^LN",
]
ADMISSION = "ADT^A08^ADT_A01"


def hl7_message(rng: random.Random, w: Writer, app: str, facility: str, control: str, kind: str | None = None) -> bytes:
    """A framed message: a result of many observations, an admission or an order."""
    r = rng.random()
    if kind is None:
        kind = "ORU^R01^ORU_R01" if r < 0.7 else f"ADT^A0{rng.choice((1, 4, 8))}^ADT_A01" if r < 0.9 else "ORM^O01^ORM_O01"
    time = f"20260921{rng.randrange(24):02d}{rng.randrange(60):02d}{rng.randrange(60):02d}"
    segments = [f"MSH|^~\\&|{app}|{facility}|EHR|MAINHOSP|{time}||{kind}|{control}|P|2.5.1|||AL|NE"]
    if kind[0] == "A":
        segments.append("EVN|%s|%s|||OP%d" % (kind[4:7], time, rng.randrange(500)))
    segments.append(
        "PID|1||%08d^^^MAINHOSP^MR||%s^%s^%s||19%02d%02d%02d|%s|||%d EXAMPLE ST^^NOWHERE^ZZ^%05d||555-01%02d"
        % (
            rng.randrange(10**8), rng.choice(FAMILY), rng.choice(GIVEN), chr(65 + rng.randrange(26)),
            rng.randrange(20, 99), 1 + rng.randrange(12), 1 + rng.randrange(28), "FM"[rng.randrange(2)],
            rng.randrange(999), rng.randrange(99999), rng.randrange(100),
        )
    )  # fmt: skip
    segments.append(
        "PV1|1|I|ICU^%d^%s||||%d^HOUSE^GREGOR^^^DR|||MED||||1|||%d^HOUSE^GREGOR^^^DR|IN|V%07d"
        % (
            rng.randrange(40), "AB"[rng.randrange(2)], rng.randrange(9999), rng.randrange(9999),
            rng.randrange(10**7),
        )
    )  # fmt: skip
    if kind[1] == "R":
        segments.append(
            "ORC|%s|ORD%d|FIL%d||||^^^%s"
            % ("RE" if kind[2] == "U" else "NW", rng.randrange(10**6), rng.randrange(10**6), time)
        )
        segments.append(
            "OBR|1|ORD%d|FIL%d|%s|||%s||||||||||||||||%s||PHY|F"
            % (rng.randrange(10**6), rng.randrange(10**6), rng.choice(LOINC), time, time)
        )
    if kind[2] == "U":
        for k in range(1, 3 + int(rng.random() ** 3 * 190)):
            segments.append(
                "OBX|%d|NM|%s|1.%d|%.1f|{unit}|%d-%d|N|||F|||%s|||MON%04d^ACME^00%d^EUI-64"
                % (
                    k, LOINC[rng.randrange(10)], k, rng.random() * 200, rng.randrange(50), 60 + rng.randrange(90),
                    time, rng.randrange(4000), rng.randrange(999),
                )
            )  # fmt: skip
    elif kind[0] == "A" and r > 0.8:
        for k in range(1, 1 + rng.randrange(8)):
            segments.append("AL1|%d|DA|%d^INVENTED ALLERGEN %d|MO|RASH" % (k, rng.randrange(999), k))
    w.count("hl7.messages." + kind[:3])
    return b"\x0b" + ("\r".join(segments) + "\r").encode() + b"\x1c\r"


def hl7_ack(w: Writer, app: str, facility: str, control: str, code: str) -> bytes:
    w.count("hl7.messages.ACK")
    return (
        f"\x0bMSH|^~\\&|EHR|MAINHOSP|{app}|{facility}|20260921120000||ACK|A{control}|P|2.5.1\r"
        f"MSA|{code}|{control}\r\x1c\r"
    ).encode()


def hl7(w: Writer, i: int, vlan: int = 0) -> Iterator[None]:
    """A device that reports to an interface engine: large messages over many segments, small ones several in one."""
    rng = random.Random(7000003 * i + 11)
    client, server = ip4(10, 30, 1 + i // 200, 2 + i % 200), ip4(10, 30, 0, 10 + i % 3)
    cport = 50000 + i
    app, facility = "DEV%03d" % i, "WARD%d" % (i % 17)
    number = 0
    while not w.stop:
        flow = Flow(rng, client, server, cport, 2575, vlan)
        cport = 50000 + (cport - 49800) % 15000
        w.open(flow)
        yield
        for _ in range(rng.randrange(100, 900)):
            burst = 1 if rng.random() < 0.85 else rng.randrange(2, 5)
            controls, messages = [], []
            for _ in range(burst):
                number += 1
                controls.append("%s-%07d" % (app, number))
                messages.append(hl7_message(rng, w, app, facility, controls[-1], ADMISSION if burst > 1 else None))
            yield from w.send(flow, 0, b"".join(messages), "hl7", [len(message) for message in messages])
            yield
            acks = b"".join(hl7_ack(w, app, facility, c, "AA" if rng.random() < 0.99 else "AE") for c in controls)
            if w.tcp(flow, 1, PSH | ACK, acks):
                w.count("whole.hl7", len(controls))
            w.tcp(flow, 0, ACK)
            yield
            if w.stop:
                break
        w.shut(flow)


# ---- DICOM

VERIFICATION = "1.2.840.10008.1.1"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STORAGE = [
    "1.2.840.10008.5.1.4.1.1.2",
    "1.2.840.10008.5.1.4.1.1.4",
    "1.2.840.10008.5.1.4.1.1.1.1",
    "1.2.840.10008.5.1.4.1.1.6.1",
]
IMPLICIT_LE, EXPLICIT_LE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
OWN_ROOT = "1.2.826.0.1.3680043.9.9999"
# Command elements (PS3.7 annex E), by element number.
SOP_CLASS, COMMAND, ID, ANSWERED_ID, PRIORITY, DATA_SET, STATUS, SOP_INSTANCE = (
    0x2, 0x100, 0x110, 0x120, 0x700, 0x800, 0x900, 0x1000,
)  # fmt: skip
NO_DATA_SET = 0x101


def item(kind: int, data: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(data)) + data


def association(kind: int, called: str, calling: str, contexts: list, pdu_max: int, implementation: bytes) -> bytes:
    """An A-ASSOCIATE-RQ (1) or -AC (2); contexts are (id, abstract syntax, transfer syntaxes, result)."""
    body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
    body += item(0x10, b"1.2.840.10008.3.1.1.1")
    for context, abstract, transfers, result in contexts:
        if kind == 1:
            syntaxes = item(0x30, abstract.encode()) + b"".join(item(0x40, x.encode()) for x in transfers)
            body += item(0x20, bytes((context, 0, 0, 0)) + syntaxes)
        else:
            body += item(0x21, bytes((context, 0, result, 0)) + item(0x40, transfers[0].encode()))
    user = item(0x51, struct.pack(">I", pdu_max)) + item(0x52, (OWN_ROOT + ".1").encode()) + item(0x55, implementation)
    body += item(0x50, user)
    return struct.pack(">BBI", kind, 0, len(body)) + body


def uid(text: str) -> bytes:
    data = text.encode()
    return data + b"\0" if len(data) & 1 else data


def implicit(group: int, element: int, value: bytes) -> bytes:
    return struct.pack("<HHI", group, element, len(value)) + value


def us(n: int) -> bytes:
    return struct.pack("<H", n)


def explicit(group: int, element: int, vr: bytes, value: bytes) -> bytes:
    if len(value) & 1:
        value += b"\0" if vr == b"UI" else b" "
    if vr in (b"OW", b"OB", b"SQ", b"UN"):
        return struct.pack("<HH2sHI", group, element, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", group, element, vr, len(value)) + value


class Association:
    """Makes the messages of one association and counts them."""

    def __init__(self, w: Writer, pdu_max: int) -> None:
        self.w = w
        self.pdu_max = pdu_max

    def pdus(self, context: int, data: bytes, is_command: bool) -> bytes:
        """P-DATA-TF PDUs with one PDV each."""
        out: list[bytes | memoryview] = []
        step = self.pdu_max - 6
        n = len(data)
        view = memoryview(data)
        for offset in range(0, n, step):
            part = view[offset : offset + step]
            control = (1 if is_command else 0) | (2 if offset + step >= n else 0)
            out.append(struct.pack(">BBIIBB", 4, 0, len(part) + 6, len(part) + 2, context, control))
            out.append(part)
        self.w.count("dicom.pdus.P-DATA-TF", len(out) // 2)
        return b"".join(out)

    def message(self, name: str, context: int, elements: dict[int, bytes], data_set: bytes = b"") -> bytes:
        """A DIMSE message: the command set and, where there is one, the data set."""
        elements[DATA_SET] = us(0 if data_set else NO_DATA_SET)
        body = b"".join(implicit(0, element, value) for element, value in sorted(elements.items()))
        command = implicit(0, 0, struct.pack("<I", len(body))) + body
        self.w.count("dicom.dimse." + name)
        return self.pdus(context, command, True) + (self.pdus(context, data_set, False) if data_set else b"")

    def echo(self, number: int) -> tuple[bytes, bytes]:
        request = {SOP_CLASS: uid(VERIFICATION), COMMAND: us(0x30), ID: us(number)}
        response = {SOP_CLASS: uid(VERIFICATION), COMMAND: us(0x8030), ANSWERED_ID: us(number), STATUS: us(0)}
        return self.message("C-ECHO-RQ", 1, request), self.message("C-ECHO-RSP", 1, response)

    def find(self, number: int) -> bytes:
        identifier = implicit(8, 0x52, b"STUDY ") + implicit(0x10, 0x10, b"AARD* ") + implicit(0x20, 0xD, b"")
        elements = {SOP_CLASS: uid(STUDY_ROOT_FIND), COMMAND: us(0x20), ID: us(number), PRIORITY: us(0)}
        return self.message("C-FIND-RQ", 5, elements, identifier)

    def found(self, number: int, status: int, identifier: bytes = b"") -> bytes:
        elements = {SOP_CLASS: uid(STUDY_ROOT_FIND), COMMAND: us(0x8020), ANSWERED_ID: us(number), STATUS: us(status)}
        return self.message("C-FIND-RSP", 5, elements, identifier)

    def store(self, number: int, sop_class: str, instance: str, data_set: bytes) -> bytes:
        elements = {
            SOP_CLASS: uid(sop_class), COMMAND: us(1), ID: us(number), PRIORITY: us(0), SOP_INSTANCE: uid(instance),
        }  # fmt: skip
        return self.message("C-STORE-RQ", 3, elements, data_set)

    def stored(self, number: int, sop_class: str, instance: str) -> bytes:
        elements = {
            SOP_CLASS: uid(sop_class), COMMAND: us(0x8001), ANSWERED_ID: us(number), STATUS: us(0),
            SOP_INSTANCE: uid(instance),
        }  # fmt: skip
        return self.message("C-STORE-RSP", 3, elements)


def image(sop_class: str, instance: str, number: int, pixels: bytes) -> bytes:
    return (
        explicit(8, 0x16, b"UI", sop_class.encode())
        + explicit(8, 0x18, b"UI", instance.encode())
        + explicit(8, 0x60, b"CS", b"CT")
        + explicit(8, 0x70, b"LO", b"ACME IMAGING")
        + explicit(0x10, 0x10, b"PN", b"FICTIVE^EDDA")
        + explicit(0x10, 0x20, b"LO", b"%08d" % number)
        + explicit(0x28, 0x10, b"US", us(1024))
        + explicit(0x28, 0x11, b"US", us(min(65535, len(pixels) // 2048)))
        + explicit(0x7FE0, 0x10, b"OW", pixels)
    )


def dicom(w: Writer, i: int, vlan: int = 0, small: bool = False) -> Iterator[None]:
    """A modality and its archive: echoes, queries, and images stored."""
    rng = random.Random(9000011 * i + 13)
    client, server = ip4(10, 40, 1, 2 + i % 200), ip4(10, 40, 0, 5 + i % 2)
    cport = 33000 + i * 97
    port = 104 if i % 2 else 11112
    title = "MOD%02d_%s" % (i, ["CT", "MR", "DX", "US"][i % 4])
    sop_class = STORAGE[i % 4]
    instances = 0
    while not w.stop:
        flow = Flow(rng, client, server, cport, port, vlan)
        cport = 33000 + (cport - 32900) % 30000
        w.open(flow)
        speak = Association(w, rng.choice((16384, 16384, 28672, 65536, 131072)))

        def send(way: int, data: bytes, flow: Flow = flow) -> Iterator[None]:
            return w.send(flow, way, data, "dicom")

        offered = [(1, VERIFICATION, [IMPLICIT_LE]), (3, sop_class, [EXPLICIT_LE, IMPLICIT_LE]), (5, STUDY_ROOT_FIND, [IMPLICIT_LE])]
        proposed, accepted = [(*c, None) for c in offered], [(*c, 0) for c in offered]
        yield from send(0, association(1, "ARCHIVE", title, proposed, speak.pdu_max, b"WARDBENCH_1"))
        yield
        yield from send(1, association(2, "ARCHIVE", title, accepted, speak.pdu_max, b"ARCHIVE_7_2"))
        for name in ("associations", "pdus.A-ASSOCIATE-RQ", "pdus.A-ASSOCIATE-AC"):
            w.count("dicom." + name)
        number = 0
        yield
        r = rng.random()
        if r < 0.25:
            number += 1
            request, response = speak.echo(number)
            yield from send(0, request)
            yield
            yield from send(1, response)
        elif r < 0.45:
            number += 1
            yield from send(0, speak.find(number))
            yield
            for k in range(rng.randrange(1, 12)):
                study = uid(f"{OWN_ROOT}.2.{i}.{k}")
                match = (
                    implicit(8, 0x52, b"STUDY ")
                    + implicit(0x10, 0x10, b"AARDVARK^%c " % (65 + k))
                    + implicit(0x20, 0xD, study)
                )
                yield from send(1, speak.found(number, 0xFF00, match))
                w.tcp(flow, 0, ACK)
            yield from send(1, speak.found(number, 0))
        else:
            for _ in range(rng.randrange(1, 9)):
                number += 1
                instances += 1
                instance = f"{OWN_ROOT}.3.{i}.{instances}"
                octets = 2 * (rng.randrange(16384, 524288) if small else rng.randrange(262144, 4 * 1024 * 1024))
                offset = rng.randrange(0, len(NOISE) - octets)
                data_set = image(sop_class, instance, instances, NOISE[offset : offset + octets])
                yield from send(0, speak.store(number, sop_class, instance, data_set))
                yield
                yield from send(1, speak.stored(number, sop_class, instance))
                yield
                if w.stop:
                    break
        for way, kind, name in ((0, 5, "A-RELEASE-RQ"), (1, 6, "A-RELEASE-RP")):
            if w.tcp(flow, way, PSH | ACK, struct.pack(">BBII", kind, 0, 4, 0)):
                w.count("whole.dicom")
            w.count("dicom.pdus." + name)
        w.shut(flow)
        yield


# ---- everything else


def noise(w: Writer, i: int, vlan: int = 0) -> Iterator[None]:
    """A workstation: ARP, DNS, and downloads over TLS, HTTP and SMB."""
    rng = random.Random(5000011 * i + 17)
    client = ip4(10, 50, 1 + i // 200, 2 + i % 200)
    mac = b"\x00\x1b\x21" + struct.pack(">I", client)[1:]
    cport = 34000
    while not w.stop:
        cport = 34000 + (cport - 33999) % 20000
        k = rng.random()
        server = ip4(10, 60, rng.randrange(4), 2 + rng.randrange(200))
        if k < 0.15:
            ask = b"\x08\x06\x00\x01\x08\x00\x06\x04\x00\x01" + mac + struct.pack(">I", client)
            w.frame(b"\xff" * 6 + mac + ask + bytes(6) + struct.pack(">I", server))
            w.count("noise.arp")
            yield
        elif k < 0.45:
            flow = Flow(rng, client, ip4(10, 60, 0, 53), cport, 53, vlan)
            yield from name_lookup(rng, w, flow, server)
        else:
            port = 443 if k < 0.75 else 80 if k < 0.88 else 445
            flow = Flow(rng, client, server, cport, port, vlan)
            yield from download(rng, w, flow, port)


def name_lookup(rng: random.Random, w: Writer, flow: Flow, address: int) -> Iterator[None]:
    question = b"\x04host\x02%02d\x07example\x04test\x00\x00\x01\x00\x01" % rng.randrange(100)
    identification = rng.randbytes(2)
    answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + struct.pack(">I", address)
    w.udp(flow, 0, identification + b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00" + question)
    yield
    w.udp(flow, 1, identification + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + answer)
    w.count("noise.dns")
    yield


def download(rng: random.Random, w: Writer, flow: Flow, port: int) -> Iterator[None]:
    w.open(flow)
    w.count("noise.tcp")
    yield
    for _ in range(rng.randrange(1, 30)):
        n = 200 + int(rng.random() ** 3 * 60000)
        offset = rng.randrange(0, 8 * 1024 * 1024)
        if port == 443:
            up = b"\x17\x03\x03" + struct.pack(">H", 300) + NOISE[offset : offset + 300]
            n = min(n, 16384)
            down = b"\x17\x03\x03" + struct.pack(">H", n) + NOISE[offset : offset + n]
        elif port == 80:
            up = b"GET /r/%d HTTP/1.1\r\nHost: intranet.example.test\r\nUser-Agent: ward/1\r\n\r\n" % offset
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n" % n
            down = head + NOISE[offset : offset + n]
        else:
            header = b"\xfeSMB\x40\x00" + bytes(6)
            up = struct.pack(">I", 124) + header + NOISE[offset : offset + 112]
            down = struct.pack(">I", n + 12) + header + NOISE[offset : offset + n]
        w.tcp(flow, 0, PSH | ACK, up)
        yield
        yield from w.send(flow, 1, down)
        w.tcp(flow, 0, ACK)
        yield
        if w.stop:
            break
    w.shut(flow)
