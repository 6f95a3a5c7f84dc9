"""Writes the lines of the recorded captures into captures/SOURCES.md, from their truths.

    sources.py CAPTURES

Only what stands between the two marker lines is replaced; other sources' lines are left alone.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
HEAD = """# Sources of the captures

Every capture: where it is from, under which licence, what it shows.
"""


def main() -> int:
    captures = Path(sys.argv[1])
    lines = [
        BEGIN,
        "## Recorded from real implementations",
        "",
        "Recorded by `captures/peers/make.sh` between network namespaces; all patients and values are invented. Origin and",
        "licence: ours, as the repository. `*.truth.json` beside each holds what the peers themselves say they sent, or, for the",
        "protocols around HL7, DICOM and Modbus, who they are, what they announce and which invented data stand in clear.",
        "",
        "| capture | made by | peers | what it shows |",
        "| --- | --- | --- | --- |",
    ]
    for path in sorted(captures.glob("*/*.truth.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        peers = "; ".join(f"{role}: {what}" for role, what in truth["peers"].items())
        lines.append(f"| `{truth['capture']}` | `{truth['made_by'].removeprefix('captures/peers/')}` | {peers} | {truth['shows']} |")
    lines.append(END)
    page = captures / "SOURCES.md"
    text = page.read_text(encoding="utf-8") if page.exists() else HEAD + "\n"
    block = "\n".join(lines)
    if BEGIN in text and END in text:
        text = text[: text.index(BEGIN)] + block + text[text.index(END) + len(END):]
    else:
        text = text.rstrip("\n") + "\n\n" + block + "\n"
    page.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
