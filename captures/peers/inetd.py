"""Runs a program for every connection, as inetd does: its standard input and output are the connection.

    inetd.py PORT COMMAND...
"""

from __future__ import annotations

import socket
import subprocess
import sys


def main() -> int:
    with socket.create_server(("0.0.0.0", int(sys.argv[1]))) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                subprocess.Popen(sys.argv[2:], stdin=connection, stdout=connection, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
