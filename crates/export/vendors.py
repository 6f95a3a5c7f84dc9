#!/usr/bin/env python3
"""Makes src/inventory/vendors.tsv.gz of the registries of the IEEE (MA-L, MA-M, MA-S, CID and IAB).

    crates/export/vendors.py FOLDER

FOLDER holds the registries as CSV (oui.csv, oui28.csv, oui36.csv, cid.csv, iab.csv), as the IEEE gives them out and the crate
oui-data ships them (in its folder `data`). A line of the result is a prefix in hexadecimal, a tab and who registered it; the lines
are sorted. The same registries give the same octets.
"""

import csv
import gzip
import pathlib
import sys

NAMES = ["oui.csv", "oui28.csv", "oui36.csv", "cid.csv", "iab.csv"]
HERE = pathlib.Path(__file__).parent


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    found: dict[str, str] = {}
    for name in NAMES:
        with open(pathlib.Path(sys.argv[1]) / name, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                prefix = row["Assignment"].strip().upper()
                maker = " ".join(row["Organization Name"].split())
                if maker and maker != "Private" and not maker.startswith("IEEE Registration"):
                    found.setdefault(prefix, maker)
    text = "".join(f"{prefix}\t{found[prefix]}\n" for prefix in sorted(found))
    target = HERE / "src/inventory/vendors.tsv.gz"
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(found):,} prefixes, {target.stat().st_size:,} octets")


main()
