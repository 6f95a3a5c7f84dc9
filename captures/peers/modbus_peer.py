"""Modbus/TCP peers: pymodbus and pyModbusTCP servers, pymodbus and plain-socket clients.

    modbus_peer.py serve pymodbus|pymodbustcp --port N --log FILE [--silent] [--ipv6]
    modbus_peer.py ask SCENARIO --host H --port N --log FILE

What is said is logged from the libraries' own trace hooks (pymodbus), from the engine hook (pyModbusTCP) or from the
bytes given to and taken from the socket. pymodbus's server reads one request a segment, so the pipelined scenario runs
against pyModbusTCP's.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import time

from pymodbus import ModbusDeviceIdentification
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.file_message import FileRecord
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from peerlog import PeerLog

UNITS = (1, 17)  # two devices behind one gateway
REGISTERS = 100  # each device's tables hold addresses 0..99
ANSWER_SECONDS = 1.0


# --- servers ----------------------------------------------------------------------------------------------------------

def tracers(log: PeerLog, received: str, sent: str):
    """pymodbus's hooks: sent ADUs as bytes, received ones as its decoder understood them."""

    def packet(sending: bool, data: bytes) -> bytes:
        if sending:
            log.modbus_adu("sent", sent, data)
        return data

    def pdu(sending: bool, message: ModbusPDU) -> ModbusPDU:
        if not sending:
            log.record(
                "received", "modbus", direction=received, transaction_id=message.transaction_id,
                unit_id=message.dev_id, function=message.function_code & 0x7F,
                exception=getattr(message, "exception_code", None) if message.isError() else None,
            )
        return message

    return packet, pdu


def device(unit: int) -> SimDevice:
    def table(value: int) -> list[SimData]:
        return [SimData(0, count=REGISTERS, values=value, datatype=DataType.REGISTERS)]

    def bits() -> list[SimData]:
        return [SimData(0, count=REGISTERS // 2, values=[True, False], datatype=DataType.BITS)]

    return SimDevice(unit, simdata=(bits(), bits(), table(unit), table(1000 + unit)))


async def serve_pymodbus(options: argparse.Namespace) -> None:
    packet, pdu = tracers(PeerLog(options.log, "server"), "request", "response")
    identity = ModbusDeviceIdentification(
        info_name={
            "VendorName": "Wardtap Peers", "ProductCode": "GASPANEL", "MajorMinorRevision": "1.2",
            "VendorUrl": "", "ProductName": "Medical gas panel", "ModelName": "GP-4", "UserApplicationName": "ward 3",
        }
    )
    server = ModbusTcpServer(
        [device(unit) for unit in UNITS], identity=identity,
        address=("::" if options.ipv6 else "0.0.0.0", options.port),
        trace_packet=packet, trace_pdu=pdu,
    )
    await server.serve_forever()


def serve_pymodbustcp(options: argparse.Namespace) -> None:
    from pyModbusTCP.server import DataBank, DeviceIdentification, ModbusServer

    log = PeerLog(options.log, "server")
    bank = DataBank(coils_size=REGISTERS, d_inputs_size=REGISTERS, h_regs_size=REGISTERS, i_regs_size=REGISTERS)
    identity = DeviceIdentification(
        vendor_name=b"Wardtap Peers", product_code=b"CHILLER", major_minor_revision=b"3.0", model_name=b"CH-9",
    )

    class Logging(ModbusServer):
        def _engine(self, session_data):
            log.modbus_adu("received", "request", session_data.request.raw)
            super()._engine(session_data)
            answer = session_data.response
            log.modbus_adu("sent", "response", answer.raw)

    # `engine` is looked up on the service's TCP server, which start() fills in from this method.
    Logging(
        host="::" if options.ipv6 else "0.0.0.0", port=options.port, ipv6=options.ipv6, data_bank=bank,
        device_id=identity,
    ).start()


def serve_silent(options: argparse.Namespace) -> None:
    """A gateway that answers only for the devices behind it and says nothing for the others."""
    log = PeerLog(options.log, "server")
    with socket.create_server(("0.0.0.0", options.port)) as listener:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while adu := read_adu(connection):
                log.modbus_adu("received", "request", adu)
                if adu[6] in UNITS:
                    answer = adu[:4] + b"\x00\x05" + adu[6:8] + b"\x02" + (adu[6]).to_bytes(2, "big")
                    connection.sendall(answer)
                    log.modbus_adu("sent", "response", answer)


# --- clients ----------------------------------------------------------------------------------------------------------

def read_adu(connection: socket.socket) -> bytes:
    """One ADU off a stream by its length field; empty at the end of the stream."""
    def exactly(size: int) -> bytes:
        taken = b""
        while len(taken) < size:
            more = connection.recv(size - len(taken))
            if not more:
                return b""
            taken += more
        return taken

    header = exactly(7)
    return header and header + exactly(int.from_bytes(header[4:6], "big") - 1)


def framed(request: ModbusPDU, transaction: int, unit: int) -> bytes:
    request.transaction_id, request.dev_id = transaction, unit
    return FramerSocket(DecodePDU(False)).buildFrame(request)


async def functions(client: AsyncModbusTcpClient) -> None:
    """Every function that pymodbus can ask for, to both devices."""
    for unit in UNITS:
        to = {"device_id": unit}
        await client.read_coils(0, count=13, **to)
        await client.read_discrete_inputs(4, count=16, **to)
        await client.read_holding_registers(0, count=10, **to)
        await client.read_holding_registers(0, count=100, **to)
        await client.read_input_registers(5, count=2, **to)
        await client.write_coil(3, True, **to)
        await client.write_coil(3, False, **to)
        await client.write_register(7, 0xBEEF, **to)
        await client.read_exception_status(**to)
        await client.diag_query_data(b"\x12\x34", **to)
        await client.diag_restart_communication(True, **to)
        await client.diag_read_diagnostic_register(**to)
        await client.diag_change_ascii_input_delimeter(delimiter=0x0A, **to)
        await client.diag_clear_counters(**to)
        await client.diag_read_bus_message_count(**to)
        await client.diag_read_bus_comm_error_count(**to)
        await client.diag_read_bus_exception_error_count(**to)
        await client.diag_read_device_message_count(**to)
        await client.diag_read_device_no_response_count(**to)
        await client.diag_read_device_nak_count(**to)
        await client.diag_read_device_busy_count(**to)
        await client.diag_read_bus_char_overrun_count(**to)
        await client.diag_read_iop_overrun_count(**to)
        await client.diag_clear_overrun_counter(**to)
        await client.diag_getclear_modbus_response(data=3, **to)
        await client.diag_get_comm_event_counter(**to)
        await client.diag_get_comm_event_log(**to)
        await client.write_coils(8, [True, False, True, True, False, True, True, False, True], **to)
        await client.write_registers(20, [1, 2, 3, 0xFFFF], **to)
        await client.report_device_id(**to)
        await client.read_file_record([FileRecord(file_number=4, record_number=1, record_length=4)], **to)
        await client.write_file_record(
            [FileRecord(file_number=4, record_number=7, record_data=b"\x00\x01\x02\x03")], **to)
        await client.mask_write_register(address=4, and_mask=0x00F2, or_mask=0x0025, **to)
        await client.readwrite_registers(read_address=3, read_count=6, write_address=14, values=[255, 254, 253], **to)
        await client.read_fifo_queue(address=4, **to)
        for code, first in ((1, 0), (2, 0), (3, 0), (4, 1)):
            await client.read_device_information(read_code=code, object_id=first, **to)


async def listen_only(client: AsyncModbusTcpClient) -> None:
    """Diagnostics that take a device away from its master: restart, then listen-only mode."""
    await client.read_holding_registers(0, count=4, device_id=1)
    await client.diag_restart_communication(True, device_id=1)
    await client.diag_restart_communication(False, device_id=1)
    # A device in this mode must not answer; pymodbus's server does, and its client does not wait for it.
    await client.diag_force_listen_only(device_id=1)
    await asyncio.sleep(0.1)


class Unknown(ModbusPDU):
    """Function 100, which no device knows (65..72 and 100..110 are free for vendors)."""

    function_code = 100

    def encode(self) -> bytes:
        return b"\x00"


async def unknown_function(client: AsyncModbusTcpClient) -> None:
    """A function that pymodbus's server does not know: its refusal names function 0, which its own client drops."""
    await client.read_holding_registers(0, count=1, device_id=1)
    for _ in range(2):
        try:
            await client.execute(False, Unknown(dev_id=1))
        except ModbusException:
            pass
    await client.read_holding_registers(0, count=1, device_id=1)


async def exceptions(client: AsyncModbusTcpClient) -> None:
    """Illegal data address from every function that has one, and what an unknown device gets."""
    for unit in UNITS:
        await client.read_holding_registers(REGISTERS, count=1, device_id=unit)
        await client.read_input_registers(REGISTERS - 1, count=2, device_id=unit)
        await client.read_coils(60000, count=1, device_id=unit)
        await client.read_discrete_inputs(60000, count=1, device_id=unit)
        await client.write_register(5000, 1, device_id=unit)
        await client.write_coil(50000, True, device_id=unit)
        await client.write_registers(REGISTERS - 1, [1, 2], device_id=unit)
        await client.mask_write_register(address=9999, device_id=unit)
        await client.readwrite_registers(read_address=9999, read_count=2, write_address=0, values=[1], device_id=unit)
        await client.read_holding_registers(0, count=1, device_id=unit)
    await client.read_holding_registers(0, count=1, device_id=99)


async def mixed(client: AsyncModbusTcpClient) -> None:
    """A master that polls two devices and sets one register now and then."""
    for turn in range(12):
        for unit in UNITS:
            await client.read_holding_registers(0, count=8, device_id=unit)
            await client.read_input_registers(0, count=4, device_id=unit)
        if turn % 4 == 3:
            await client.write_register(2, 20 + turn, device_id=UNITS[0])
        await asyncio.sleep(0.02)


async def unit_sweep(client: AsyncModbusTcpClient) -> None:
    """One read to each of the 247 unit ids, in order."""
    for unit in range(1, 248):
        await client.read_holding_registers(0, count=1, device_id=unit)


async def register_sweep(client: AsyncModbusTcpClient) -> None:
    """Reads all over the address space: the first hit a register, the others get illegal data address."""
    for address in range(0, 4096, 16):
        await client.read_holding_registers(address, count=16, device_id=1)
    for address in range(4096, 65536, 4096):
        await client.read_input_registers(address, count=1, device_id=1)


async def exception_storm(client: AsyncModbusTcpClient) -> None:
    """A misconfigured (or probing) master: the same refused write, 300 times."""
    await client.read_holding_registers(0, count=4, device_id=1)
    for _ in range(300):
        await client.write_register(40001, 1, device_id=1)


async def device_id(client: AsyncModbusTcpClient) -> None:
    """Asks what is there: function 43/14 with each read code (9 is none)."""
    for code, first in ((1, 0), (2, 0), (4, 0), (4, 5), (3, 0x80), (9, 0)):
        await client.read_device_information(read_code=code, object_id=first, device_id=1)


PYMODBUS = {
    "functions": functions, "listen-only": listen_only, "exceptions": exceptions, "mixed": mixed,
    "unit-sweep": unit_sweep, "register-sweep": register_sweep, "exception-storm": exception_storm,
    "device-id": device_id, "unknown-function": unknown_function,
}


async def ask_pymodbus(options: argparse.Namespace) -> None:
    packet, pdu = tracers(PeerLog(options.log, "client"), "response", "request")
    client = AsyncModbusTcpClient(
        options.host, port=options.port, timeout=ANSWER_SECONDS, retries=0, trace_packet=packet, trace_pdu=pdu)
    if not await client.connect():
        raise SystemExit(f"modbus_peer: no connection to {options.host}:{options.port}")
    try:
        await PYMODBUS[options.scenario](client)
    except ModbusException as refusal:
        print(f"modbus_peer: {options.scenario}: {refusal}")
        raise SystemExit(1) from refusal
    finally:
        client.close()
    await asyncio.sleep(0.1)


class Pipeline:
    """Sends requests without waiting for answers; numbers and logs them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.log, self.transaction = PeerLog(options.log, "client"), 0
        self.connection = socket.create_connection((options.host, options.port), timeout=ANSWER_SECONDS)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def requests(self, count: int, unit: int) -> bytes:
        together = b""
        for index in range(count):
            self.transaction += 1
            adu = framed(ReadHoldingRegistersRequest(address=index, count=1 + index), self.transaction, unit)
            self.log.modbus_adu("sent", "request", adu)
            together += adu
        return together

    def answers(self, count: int) -> None:
        for _ in range(count):
            self.log.modbus_adu("received", "response", read_adu(self.connection))


def ask_pipelined(options: argparse.Namespace) -> None:
    """Ten requests in one send, then ten, each in its own."""
    line = Pipeline(options)
    with line.connection:
        line.connection.sendall(line.requests(10, 1))
        line.answers(10)
        for _ in range(10):
            line.connection.sendall(line.requests(1, 1))
        line.answers(10)


def ask_cut(options: argparse.Namespace, sizes: tuple[int, ...]) -> None:
    """Ten requests whose bytes are sent in pieces of these sizes."""
    line = Pipeline(options)
    with line.connection:
        pieces, at, turn = line.requests(10, 2), 0, 0
        while at < len(pieces):
            size = sizes[turn % len(sizes)]
            line.connection.sendall(pieces[at:at + size])
            at, turn = at + size, turn + 1
            time.sleep(0.003)
        line.answers(10)


def ask_illegal_function(options: argparse.Namespace) -> None:
    """Functions that the server has not: diagnostics, masks, files, the vendor's own 65, 90 (Unity) and 100."""
    log = PeerLog(options.log, "client")
    with socket.create_connection((options.host, options.port), timeout=ANSWER_SECONDS) as connection:
        for transaction, pdu in enumerate((
            b"\x08\x00\x00\x12\x34", b"\x16\x00\x04\x00\xf2\x00\x25", b"\x14\x07\x06\x00\x04\x00\x01\x00\x02",
            b"\x18\x00\x04", b"\x41\x00", b"\x5a\x00\x02", b"\x64\x00", b"\x09\x00", b"\x2b\x0d\x00",
            b"\x03\x00\x00\x00\x7e", b"\x03\x00\x00\x00\x00", b"\x05\x00\x00\x12\x34", b"\x03\x00\x00\x00\x01",
        ), start=1):
            adu = transaction.to_bytes(2, "big") + b"\x00\x00" + (len(pdu) + 1).to_bytes(2, "big") + b"\x01" + pdu
            log.modbus_adu("sent", "request", adu)
            connection.sendall(adu)
            log.modbus_adu("received", "response", read_adu(connection))


def ask_silent_sweep(options: argparse.Namespace) -> None:
    """Each of the 247 unit ids is asked; only two answer, the scanner waits a moment and goes on."""
    log = PeerLog(options.log, "client")
    with socket.create_connection((options.host, options.port), timeout=ANSWER_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for unit in range(1, 248):
            adu = framed(ReadHoldingRegistersRequest(address=0, count=1), unit, unit)
            log.modbus_adu("sent", "request", adu)
            connection.sendall(adu)
            connection.settimeout(ANSWER_SECONDS if unit in UNITS else 0.008)
            try:
                log.modbus_adu("received", "response", read_adu(connection))
            except TimeoutError:
                pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("role", choices=("serve", "ask"))
    parser.add_argument("scenario")
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--log", required=True)
    parser.add_argument("--ipv6", action="store_true")
    options = parser.parse_args()
    if options.role == "serve":
        if options.scenario == "pymodbus":
            asyncio.run(serve_pymodbus(options))
        else:
            {"pymodbustcp": serve_pymodbustcp, "silent": serve_silent}[options.scenario](options)
    elif options.scenario in PYMODBUS:
        asyncio.run(ask_pymodbus(options))
    else:
        {
            "pipelined": ask_pipelined, "silent-sweep": ask_silent_sweep, "illegal-function": ask_illegal_function,
            "cut": lambda it: ask_cut(it, (8, 13, 13, 13, 13)), "dribbled": lambda it: ask_cut(it, (1, 2, 3, 5, 7)),
        }[options.scenario](options)


if __name__ == "__main__":
    main()
