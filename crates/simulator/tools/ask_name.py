"""Asks a name server for addresses, as any client does (RFC 1035).

    ask_name.py SERVER NAME...
"""

import socket
import struct
import sys

for number, name in enumerate(sys.argv[2:], 1):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    question = struct.pack(">6H", 0x4000 + number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(2)
        asker.sendto(question, (sys.argv[1], 53))
        asker.recv(512)
