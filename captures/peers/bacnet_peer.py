"""BACnet/IP peers: bacpypes3.

    bacnet_peer.py serve --address A/N:PORT
    bacnet_peer.py ask --address A/N:PORT --host H:PORT
"""

from __future__ import annotations

import argparse
import asyncio
import sys

from bacpypes3.app import Application
from bacpypes3.apdu import ErrorRejectAbortNack
from bacpypes3.local.analog import AnalogInputObject, AnalogValueObject
from bacpypes3.local.binary import BinaryValueObject
from bacpypes3.local.device import DeviceObject
from bacpypes3.local.networkport import NetworkPortObject
from bacpypes3.object import CharacterStringValueObject
from bacpypes3.pdu import Address
from bacpypes3.primitivedata import CharacterString, ObjectType, Real

DEVICE, VENDOR = 77017, 999


def application(options: argparse.Namespace, number: int, name: str, *objects) -> Application:
    device = DeviceObject(
        objectIdentifier=("device", number), objectName=name, vendorIdentifier=VENDOR, vendorName="Invented Devices",
        modelName="Isolation room controller 4", firmwareRevision="4.2.1", applicationSoftwareVersion="7.0",
        location="CANARYLOCATION", description="room of CANARYFAMILY")
    port = NetworkPortObject(options.address, objectIdentifier=("network-port", 1), objectName="port")
    return Application.from_object_list([device, port, *objects])


async def serve(options: argparse.Namespace) -> None:
    application(
        options, DEVICE, "isolation-room-04",
        AnalogInputObject(objectIdentifier=("analog-input", 1), objectName="pressure", presentValue=-12.5,
                          units="pascals", description="CANARYNOTE", statusFlags=[0, 0, 0, 0], eventState="normal",
                          outOfService=False),
        AnalogValueObject(objectIdentifier=("analog-value", 1), objectName="pressure setpoint", presentValue=-15.0,
                          units="pascals", statusFlags=[0, 0, 0, 0], eventState="normal", outOfService=False),
        BinaryValueObject(objectIdentifier=("binary-value", 1), objectName="fan", presentValue="active",
                          statusFlags=[0, 0, 0, 0], eventState="normal", outOfService=False),
        CharacterStringValueObject(objectIdentifier=("characterstring-value", 1), objectName="occupant",
                                   presentValue="CANARYFAMILY", statusFlags=[0, 0, 0, 0]),
    )
    await asyncio.Future()


async def refused(asked) -> None:
    """What the other side may refuse, as it is meant to."""
    try:
        print("answered", await asked)
    except ErrorRejectAbortNack as nack:
        print("refused", nack)


async def ask(options: argparse.Namespace) -> None:
    app = application(options, 77001, "building-management")
    there = Address(options.host)
    app.who_is()
    await asyncio.sleep(0.3)
    print([str(i_am.iAmDeviceIdentifier) for i_am in await app.who_is(DEVICE, DEVICE, there)])
    app.who_is(1000, 2000)
    app.who_has(object_name="pressure setpoint")
    device = f"device,{DEVICE}"
    for property_name in ("object-name", "vendor-name", "model-name", "firmware-revision", "location", "description",
                          "protocol-services-supported", "object-list"):
        print(property_name, await app.read_property(there, device, property_name))
    for name in ("analog-input,1", "analog-value,1", "binary-value,1", "characterstring-value,1"):
        print(name, await app.read_property(there, name, "present-value"))
    await refused(app.read_property_multiple(
        there, ["analog-input,1", ["present-value", "status-flags", "description"], "analog-value,1", ["all"]]))
    await refused(app.write_property(there, "analog-value,1", "present-value", Real(-5.0), priority=8))
    await refused(app.write_property(there, "characterstring-value,1", "present-value", CharacterString("CANARYVALUE")))
    await refused(app.write_property(there, "analog-value,1", "object-type", ObjectType("analogInput")))
    await refused(app.read_property(there, "analog-input,99", "present-value"))
    await refused(app.read_property(there, "analog-input,1", "file-size"))
    try:
        async with asyncio.timeout(2):
            async with app.change_of_value(there, "analog-value,1", 1, False, 30) as changes:
                print("change", await changes.get_value())
                await refused(app.write_property(there, "analog-value,1", "present-value", Real(-25.0), priority=8))
                print("change", await changes.get_value())
    except TimeoutError:
        print("no change told")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("serve", "ask"))
    parser.add_argument("--address", required=True)
    parser.add_argument("--host")
    options = parser.parse_args()
    asyncio.run(serve(options) if options.what == "serve" else ask(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
