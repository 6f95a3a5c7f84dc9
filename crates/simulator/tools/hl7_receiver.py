"""An HL7 receiver that accepts whatever comes, as interface engines do.

    hl7_receiver.py PORT        listens
    hl7_receiver.py --message   prints the message that is sent again, in its MLLP frame
"""

import socketserver
import sys

MESSAGE = "\r".join([
    "MSH|^~\\&|LIS|LAB|ENGINE|WARD|20260105093000||ORU^R01^ORU_R01|LCANARY0001|P|2.5.1",
    "PID|1||CANARY0001||CANARY^ANNA",
    "OBR|1|CANARYORDER||2823-3^Potassium^LN|||20260105092500",
    "OBX|1|NM|2823-3^Potassium^LN||6.9|mmol/L|3.5-5.1|HH|||F",
    "",
])


class Receiver(socketserver.StreamRequestHandler):
    count = 0

    def handle(self) -> None:
        block = b""
        while octets := self.request.recv(4096):
            block += octets
            if b"\x1c\x0d" in block:
                msh = block[1:].decode().split("\r")[0].split("|")
                Receiver.count += 1
                header = ["MSH", "^~\\&", msh[4], msh[5], msh[2], msh[3], msh[6], "", "ACK^R01^ACK",
                          f"ACANARY{Receiver.count:04}", "P", "2.5.1"]
                answer = "|".join(header) + "\rMSA|AA|" + msh[9] + "\r"
                self.request.sendall(b"\x0b" + answer.encode() + b"\x1c\x0d")
                block = b""


if sys.argv[1] == "--message":
    sys.stdout.buffer.write(b"\x0b" + MESSAGE.encode() + b"\x1c\x0d")
else:
    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer(("0.0.0.0", int(sys.argv[1])), Receiver).serve_forever()
