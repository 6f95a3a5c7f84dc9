"""Turns a dcmtk tool's debug log (`-d`) into peer-log records.

    dcmtk_log.py SCU-LOG [--sub-releases SCP-LOG] >> client.jsonl

The SCU's log names every association event and DIMSE message of its own, but for two: an A-RELEASE-RP (taken to follow
each release, which the tool would otherwise report as failed), and movescu's C-STORE-RSP (taken to follow each
C-STORE-RQ; its C-MOVE-RSP counts them as completed). Who released movescu's sub-association stands in the SCP's log.
"""

from __future__ import annotations

import argparse
import json
import re


def say(way: str, pdu: str, dimse: str | None = None) -> None:
    print(json.dumps({"peer": "client", "way": way, "protocol": "dicom", "pdu": pdu, "dimse": dimse}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log")
    parser.add_argument("--sub-releases")
    options = parser.parse_args()

    way, sub_association = "", False
    with open(options.log, encoding="utf-8", errors="replace") as log:
        for line in log:
            if line[:3] not in ("I: ", "D: "):
                continue
            text = line[3:].strip()
            if text.startswith("Requesting Association"):
                say("sent", "A-ASSOCIATE-RQ")
            elif text.startswith("Association Accepted"):
                say("received", "A-ASSOCIATE-AC")
            elif text.startswith("Association Rejected"):
                say("received", "A-ASSOCIATE-RJ")
            elif text.startswith("Sub-Association Received"):
                sub_association = True
                say("received", "A-ASSOCIATE-RQ")
            elif text.startswith("Sub-Association Acknowledged"):
                say("sent", "A-ASSOCIATE-AC")
            elif text.startswith("Releasing Association"):
                say("sent", "A-RELEASE-RQ")
                say("received", "A-RELEASE-RP")
            elif text.startswith("Aborting Association"):
                say("sent", "A-ABORT")
            elif text.startswith("Sending Echo Request"):
                say("sent", "P-DATA-TF", "C-ECHO-RQ")
            elif text.startswith("Received Echo Response"):
                say("received", "P-DATA-TF", "C-ECHO-RSP")
            elif "OUTGOING DIMSE MESSAGE" in text:
                way = "sent"
            elif "INCOMING DIMSE MESSAGE" in text:
                way = "received"
            elif found := re.match(r"Message Type\s+: (.+)", text):
                command = found[1].strip().replace(" ", "-")
                say(way, "P-DATA-TF", command)
                if command == "C-STORE-RQ" and way == "received" and sub_association:
                    say("sent", "P-DATA-TF", "C-STORE-RSP")
    if options.sub_releases:
        with open(options.sub_releases, encoding="utf-8", errors="replace") as log:
            for line in log:
                if "Releasing Sub-Association" in line:
                    say("received", "A-RELEASE-RQ")
                    say("sent", "A-RELEASE-RP")


if __name__ == "__main__":
    main()
