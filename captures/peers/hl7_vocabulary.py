#!/usr/bin/env python3
"""Compares the HL7 names that the dissector knows with tables that others made of the standard.

    hl7_vocabulary.py

Segments, message codes, trigger events, message structures and versions stand in `crates/dissect/src/hl7`. They are held
against hl7apy (2.1 to 2.8.2: its segments, messages, and tables 0003, 0076, 0104 and 0354), and for what is newer or was
withdrawn against NEWER below: what HL7's own repositories HL7/UTG (tables) and HL7/v2ig (2.9.1) have beyond it. Prints
each difference, and exits 1 where there is one that ODD does not explain.
"""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

import hl7apy

SOURCES = Path(__file__).resolve().parents[2] / "crates" / "dissect" / "src" / "hl7"

# What hl7apy does not have, and HL7/UTG (cs-v2-0076, cs-v2-0104) or HL7/v2ig (segments and message structures) has.
NEWER = {
    "segments": "CTR DEV DST GSC GSP GSR OH1 OH2 OH3 OH4",
    "codes": "CNQ ERQ RCV ROC ROD SET",
    "structures": "RCV_O59",
    "triggers": "",
    "versions": "2.3.2 2.8.2 2.9 2.9.1",
}

# What stands in the tables and is none of these names: misprints, placeholders, words for "any".
ODD = {
    "segments": "ANYHL7SEGMENT",
    "codes": "",
    "structures": "BRP_030 MFD_MFA MFN_Znn NUL QBP_Qnn QRF_W02 RPI_I0I RQI_I0I RSP_Znn RTB_Knn",
    "triggers": "R0R Varies varies",
    "versions": "2",
}


def ours() -> dict[str, set[str]]:
    segments, wire = ((SOURCES / name).read_text(encoding="utf-8") for name in ("segments.rs", "wire.rs"))

    def names(table: str) -> set[str]:
        text = re.search(rf'static {table}: Names = Names::of\(\s*"(.*?)"', segments, re.DOTALL)[1]
        return set(text.replace("\\\n", " ").split())

    versions = re.search(r"const fn is_version.*?\n}\n", wire, re.DOTALL)[0]
    return {"segments": names("SEGMENTS"), "codes": names("MESSAGE_CODES"), "triggers": names("TRIGGERS"),
            "versions": set(re.findall(r'b"([^"]+)"', versions))}


def theirs() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {kind: set(NEWER[kind].split()) for kind in NEWER}
    tables = {"HL70003": "triggers", "HL70076": "codes", "HL70104": "versions", "HL70354": "structures"}
    for version in hl7apy.SUPPORTED_LIBRARIES.values():
        found["segments"] |= set(importlib.import_module(f"{version}.segments").SEGMENTS)
        found["structures"] |= set(importlib.import_module(f"{version}.messages").MESSAGES)
        try:
            of_version = importlib.import_module(f"{version}.tables").TABLES
        except ImportError:
            continue
        for table, kind in tables.items():
            found[kind] |= set(of_version.get(table, ("", ()))[1])
    found["codes"] |= {name[:3] for name in found["structures"] - set(ODD["structures"].split())}
    return found


def main() -> int:
    known, expected = ours(), theirs()

    def is_trigger(name: str) -> bool:
        """As Name::is_trigger."""
        return bool(re.fullmatch(r"[A-Z]\d\d|Z[A-Z0-9]{2}", name)) or name in known["triggers"]

    def is_structure(name: str) -> bool:
        """As wire.rs has it."""
        return name[:3] in known["codes"] and (len(name) == 3 or (name[3] == "_" and is_trigger(name[4:])))

    accepted = {"triggers": is_trigger, "structures": is_structure}
    wrong = 0
    for kind, names in expected.items():
        accepts = accepted.get(kind) or known[kind].__contains__
        missing = {name for name in names if not accepts(name)}
        more = known.get(kind, set()) - names
        print(f"{kind}: {len(names)} in the tables")
        for what, odd in (("not known here", missing), ("in no table", more)):
            unexplained = sorted(odd - set(ODD[kind].split()))
            wrong += len(unexplained)
            if unexplained:
                print(f"  {what}: {' '.join(unexplained)}")
        if explained := sorted(missing & set(ODD[kind].split())):
            print(f"  left out: {' '.join(explained)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
