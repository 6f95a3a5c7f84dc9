"""Is a capture whole, and does tshark count in it what the peers say?

    verify.py CAPTURE TRUTH

Exits 1, saying why, when tshark finds a malformed frame or a lost segment, when a connection lacks its handshake, or when
its messages are not the truth's. Where the truth says that tshark's dissector is known to be wrong (`tshark_differs`), the
peers' agreement with each other and the whole connections have to do. A truth without messages (announced.py) names the
tshark protocol of which there must be frames, and the ports at which tshark does not look for it.
"""

from __future__ import annotations

import json
import sys
from collections import Counter

import tsharked

KEYS = {"modbus": ("direction", "function", "exception"),
        "hl7": ("direction", "message_code", "trigger_event", "ack_code"), "dicom": ("pdu", "dimse")}
DISSECTORS = {"modbus": "mbtcp", "hl7": "hl7", "dicom": "dicom"}


def main() -> int:
    capture, truth_path = sys.argv[1:3]
    with open(truth_path, encoding="utf-8") as file:
        truth = json.load(file)
    decode_as = [f"tcp.port=={port},{DISSECTORS[protocol]}"
                 for protocol in truth.get("messages", ()) for port in truth["ports"]] + truth.get("decode_as", [])
    problems = []
    # SYN 1, SYN-ACK 2, ACK 4. (tcp.completeness loses the SYN where another connection announced this one, as FTP does.)
    seen: dict[str, int] = {}
    for line in tsharked.field_lines(capture, decode_as, "tcp", "tcp.stream", "tcp.flags.syn", "tcp.flags.ack"):
        stream, syn, ack = line.split("\t")[:3]
        flags = (syn in ("1", "True"), ack in ("1", "True"))
        seen[stream] = seen.get(stream, 0) | {(True, False): 1, (True, True): 2, (False, True): 4}.get(flags, 0)
    problems += [f"connection {stream} lacks its handshake" for stream, what in seen.items() if what & 7 != 7]
    lost = "tcp.analysis.lost_segment || tcp.analysis.ack_lost_segment"
    problems += [f"frame {line}: lost segment" for line in tsharked.field_lines(capture, decode_as, lost, "frame.number")]
    problems += [] if truth.get("tshark_differs") else tshark_problems(capture, decode_as, truth)
    for problem in problems:
        print(f"verify: {truth['capture']}: {problem}", file=sys.stderr)
    return 1 if problems else 0


def tshark_problems(capture: str, decode_as: list[str], truth: dict) -> list[str]:
    problems = [f"frame {line}: malformed"
                 for line in tsharked.field_lines(capture, decode_as, "_ws.malformed", "frame.number")]
    if "messages" not in truth:
        for name in truth["tshark"]:
            if not tsharked.field_lines(capture, decode_as, name, "frame.number"):
                problems.append(f"tshark finds no {name}")
        return problems
    wanted = Counter({(protocol, *(row[name] for name in KEYS[protocol])): row["count"]
                      for protocol, table in truth["messages"].items() for row in table})
    got = Counter((m["protocol"], *(m[name] for name in KEYS[m["protocol"]]))
                  for m in tsharked.messages(capture, decode_as))
    problems += [f"{' '.join(map(str, key))}: peers {wanted[key]}, tshark {got[key]}"
                 for key in sorted(set(wanted) | set(got), key=str) if wanted[key] != got[key]]
    return problems


if __name__ == "__main__":
    sys.exit(main())
