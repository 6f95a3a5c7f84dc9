"""QUIC peers: aioquic.

    quic_peer.py serve --address OWN --port N --certificate FILE --key FILE [--retry] [--version N]...
    quic_peer.py ask --address PEER --port N --name HOST [--protocol NAME] [--version N]... [--longer N]
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import StreamDataReceived

VERSIONS = {1: 0x00000001, 2: 0x6B3343CF}
REQUEST = b"GET /fhir/Patient?name=CANARYFAMILY\r\n"


class Answering(QuicConnectionProtocol):
    """Answers each request that has ended."""

    def quic_event_received(self, event) -> None:
        if isinstance(event, StreamDataReceived) and event.end_stream:
            self._quic.send_stream_data(event.stream_id, b"CANARYNOTE\r\n", end_stream=True)
            self.transmit()


def of(options: argparse.Namespace) -> list[int]:
    return [VERSIONS[version] for version in options.version or [1]]


async def answer(options: argparse.Namespace) -> None:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=["h3", "hq-interop"], supported_versions=of(options))
    configuration.load_cert_chain(options.certificate, options.key)
    await serve(options.address, options.port, configuration=configuration, create_protocol=Answering,
                retry=options.retry)
    await asyncio.Event().wait()


async def ask(options: argparse.Namespace) -> None:
    versions = of(options)
    # Names of protocols that nobody has make a hello longer than a datagram.
    longer = [f"invented-{number:03}" for number in range(options.longer)]
    configuration = QuicConfiguration(
        is_client=True, alpn_protocols=[options.protocol, *longer], server_name=options.name,
        original_version=versions[0], supported_versions=versions, verify_mode=ssl.CERT_NONE)
    async with connect(options.address, options.port, configuration=configuration) as peer:
        reader, writer = await peer.create_stream()
        writer.write(REQUEST)
        writer.write_eof()
        print(await asyncio.wait_for(reader.read(), 10))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("serve", "ask"))
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--retry", action="store_true")
    parser.add_argument("--name")
    parser.add_argument("--protocol", default="h3")
    parser.add_argument("--version", type=int, action="append", choices=sorted(VERSIONS))
    parser.add_argument("--longer", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(answer(options) if options.what == "serve" else ask(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
