"""Multicast DNS peers: zeroconf.

    mdns_peer.py publish --address A --host NAME --instance NAME --type T [--text KEY=VALUE] [--seconds N]
    mdns_peer.py browse --address A --type T... --seconds N
"""

from __future__ import annotations

import argparse
import signal
import socket
import sys
import time

from zeroconf import ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf


class Resolving(ServiceListener):
    """Asks for everything of whatever it finds."""

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        print(zc.get_service_info(type_, name))

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        pass

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        print("gone", name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("publish", "browse"))
    parser.add_argument("--address", required=True)
    parser.add_argument("--type", action="append", required=True)
    parser.add_argument("--host")
    parser.add_argument("--instance")
    parser.add_argument("--text", action="append", default=[])
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    zc = Zeroconf(interfaces=[options.address])
    try:
        if options.what == "publish":
            for kind in options.type:
                zc.register_service(ServiceInfo(
                    kind, f"{options.instance}.{kind}", addresses=[socket.inet_aton(options.address)], port=80,
                    server=f"{options.host}.local.", properties=dict(item.split("=", 1) for item in options.text)))
        else:
            for kind in options.type:
                ServiceBrowser(zc, kind, Resolving())
        time.sleep(options.seconds)
    finally:
        zc.close()  # with goodbyes
    return 0


if __name__ == "__main__":
    sys.exit(main())
