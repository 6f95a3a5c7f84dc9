#!/usr/bin/env python3
"""Compares the FHIR resource types that the HTTP dissector knows with those of others' models of the standard.

    pip download --no-deps --dest DIR fhir.resources==8.3.0
    pip download --no-deps --dest DIR fhir.resources==6.4.0
    fhir_vocabulary.py DIR/*.whl

Reads the wheels of fhir.resources (made from HL7's own definitions: 8.3.0 holds R5 5.0.0, R4B 4.3.0 and STU3, 6.4.0 holds R4
4.0.1), without installing them. Prints each difference, and exits 1 where there is one that ODD does not explain.
"""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2] / "crates" / "dissect" / "src" / "http" / "fhir.rs"

# Bases of resources, which no path names; and what stands in no version that is read here.
ABSTRACT = {"Resource", "DomainResource", "CanonicalResource", "MetadataResource"}
ODD: set[str] = set()

RESOURCE = re.compile(r"^class (\w+)\((?:domainresource\.DomainResource|resource\.Resource|\w+\.(?:Canonical|Metadata)Resource)\)", re.M)
VERSION = re.compile(r"^Version: (\S+)", re.M)
# Versions that hospitals' servers speak by now; STU3 and DSTU2 had other names for some types.
READ = ("4.", "5.")


def theirs(wheels: list[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as file:
            for name in file.namelist():
                if not name.endswith(".py") or "/tests/" in name:
                    continue
                text = file.read(name).decode("utf-8")
                version = VERSION.search(text)
                if version and version[1].startswith(READ):
                    found.setdefault(version[1], set()).update(RESOURCE.findall(text))
    return {version: names - ABSTRACT for version, names in sorted(found.items())}


def main() -> int:
    known = set(re.search(r"TYPES: &\[&str\] = types!\((.*?)\);", SOURCE.read_text(encoding="utf-8"), re.S)[1].split())
    wrong, all_names = 0, set()
    for version, names in theirs(sys.argv[1:]).items():
        missing = sorted(names - known)
        wrong += len(missing)
        all_names |= names
        print(f"FHIR {version}: {len(names)} types" + (f"; not known here: {' '.join(missing)}" if missing else ""))
    more = sorted(known - all_names - ODD)
    print(f"known here: {len(known)} types" + (f"; in no version: {' '.join(more)}" if more else ""))
    return 1 if wrong or more or not all_names else 0


if __name__ == "__main__":
    sys.exit(main())
