"""HTTP requests as no library would send them: several in one segment, byte by byte, of old versions, malformed.

    http_raw.py HOST PORT
"""

from __future__ import annotations

import socket
import sys
import time

AGENT = "InventedPump/3.0"


def get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: gateway.hospital.test\r\nUser-Agent: {AGENT}\r\n\r\n".encode()


def said(address: tuple[str, int], pieces: list[bytes], wait: float = 0.2) -> None:
    """One connection: each piece in a segment of its own; then whatever is answered within `wait`."""
    with socket.create_connection(address) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.001)
        connection.settimeout(wait)
        try:
            while connection.recv(65536):
                pass
        except OSError:
            pass


def main() -> int:
    address = (sys.argv[1], int(sys.argv[2]))
    said(address, [get("/fhir/Patient?name=CANARYFAMILY") + get("/") + get("/files/") + get("/none") + get("/old")])
    posted = b"patient=CANARYFAMILY&note=CANARYNOTE"
    post = b"POST /fhir/Patient/_search HTTP/1.1\r\nHost: gateway\r\nContent-Length: %d\r\n\r\n" % len(posted)
    said(address, [post + posted[:7], posted[7:] + get("/")])
    said(address, [bytes([one]) for one in get("/CANARYFILE")])
    said(address, [b"GET / HTTP/1.0\r\n\r\n"])
    said(address, [b"GET CANARYNOTE\r\n\r\n"])
    said(address, [b"GET /\r\n"])
    said(address, [b"OPTIONS * HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n"])
    said(address, [b"POST / HTTP/1.1\r\nHost: gateway\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"])
    said(address, [b"GET / HTTP/1.1\r\nHost: a\r\nX-Note: CANARYNOTE\r\n continued\r\nHost: b\r\n\r\n"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
