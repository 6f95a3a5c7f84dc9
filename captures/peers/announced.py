"""Writes the truth of a capture whose peers keep no log: who they are, and what they were told to announce.

    announced.py --capture REL --file RECORDED --made-by TEXT --shows TEXT --peer ROLE=TEXT... --protocol NAME
                 [--tshark NAME...] [--decode-as RULE...] [--port N...] [--say KEY VALUE...]... --out FILE

`announced` holds what stands in the peers' own configuration, options or answers. `canaries` are those invented
patients' data that the capture's bytes hold in clear; where there must be none (`--sealed`), one is an error, and where
there must be some, none is.
"""

from __future__ import annotations

import argparse
import json
import sys

import canary

ENCODINGS = ("utf-8", "utf-16-le")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--capture", "--file", "--made-by", "--shows", "--protocol", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--peer", action="append", default=[])
    parser.add_argument("--tshark", action="append", help="what tshark calls it, where that is not the protocol's name")
    parser.add_argument("--decode-as", action="append", default=[])
    parser.add_argument("--port", action="append", type=int, default=[])
    parser.add_argument("--say", action="append", nargs="+", default=[], help="several values become a list")
    parser.add_argument("--note", action="append", default=[])
    parser.add_argument("--tshark-differs", metavar="WHY")
    parser.add_argument("--sealed", action="store_true")
    options = parser.parse_args()

    with open(options.file, "rb") as file:
        recorded = file.read()
    found = sorted({word for word in canary.ALL if any(word.encode(code) in recorded for code in ENCODINGS)})
    if bool(found) == options.sealed:
        print(f"announced: {options.capture}: canaries in clear: {found}", file=sys.stderr)
        return 1
    truth = {
        "capture": options.capture,
        "made_by": options.made_by,
        "shows": options.shows,
        "peers": dict(item.split("=", 1) for item in options.peer),
        "protocol": options.protocol,
        "ports": options.port,
        "tshark": options.tshark or [options.protocol],
        "announced": {key: values[0] if len(values) == 1 else values for key, *values in options.say},
        "canaries": found,
    }
    if options.decode_as:
        truth["decode_as"] = options.decode_as
    if options.tshark_differs:
        truth["tshark_differs"] = options.tshark_differs
    if options.note:
        truth["notes"] = options.note
    with open(options.out, "w", encoding="utf-8") as out:
        out.write(json.dumps(truth, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
