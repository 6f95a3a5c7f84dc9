"""WS-Discovery peers: WSDiscovery.

    wsd_peer.py publish --address OWN
    wsd_peer.py search --address OWN
"""

from __future__ import annotations

import argparse
import sys
import time

from wsdiscovery import QName, Scope
from wsdiscovery.discovery import ThreadedWSDiscovery
from wsdiscovery.publishing import ThreadedWSPublishing

CAMERA = QName("http://www.onvif.org/ver10/network/wsdl", "NetworkVideoTransmitter", "tds")
DEVICE = QName("http://schemas.xmlsoap.org/ws/2006/02/devprof", "Device", "wsdp")
SCOPES = ("hardware/InventedCam-4", "name/Ward3", "location/CANARYLOCATION")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("publish", "search"))
    parser.add_argument("--address", required=True)
    options = parser.parse_args()
    peer = ThreadedWSPublishing() if options.what == "publish" else ThreadedWSDiscovery()
    peer.start()
    if options.what == "publish":
        peer.publishService(types=[CAMERA], scopes=[Scope(f"onvif://www.onvif.org/{scope}") for scope in SCOPES],
                            xAddrs=[f"http://{options.address}/onvif/device_service?note=CANARYNOTE"])
        time.sleep(60)
    else:
        for types in (None, [DEVICE]):
            for found in peer.searchServices(types=types, timeout=2):
                print(found.getEPR(), found.getTypes(), found.getXAddrs())
    peer.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
