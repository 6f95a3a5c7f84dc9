#!/usr/bin/env python3
"""Draws text as a terminal would show it: standard input to an SVG on standard output. The one argument is the command.

Python's standard library only, and the same picture for the same text.
"""

import html
import re
import sys

COLUMNS = 120
FONT_SIZE = 12
CHARACTER = 7.2
LINE = 17
MARGIN = 18
BAR = 30

BACKGROUND, FOREGROUND, FAINT = "#12171d", "#d5dce4", "#7f8b99"
HEADING = re.compile(r"^(Capture|Devices|Messages|Anomalies|Alerts|Damage)\b")
SEVERITY = re.compile(r"^  (CRITICAL|HIGH|MEDIUM|LOW|INFO)  ")
FIELD = re.compile(r"^    (observed|at risk|means|do|evidence)  ")
COLOURS = {"CRITICAL": "#ff6b6b", "HIGH": "#ff9f5a", "MEDIUM": "#f2c14e", "LOW": "#8fd18f", "INFO": "#7cc4f0"}


def wrapped(line: str) -> list[str]:
    """A line as a terminal of COLUMNS columns breaks it."""
    return [line[start : start + COLUMNS] for start in range(0, len(line), COLUMNS)] or [""]


def spans(line: str) -> list[tuple[str, str, bool]]:
    """Pieces of a line: text, colour, bold."""
    if line.startswith("$ "):
        return [(line, "#8fd18f", True)]
    if HEADING.match(line):
        return [(line, "#7cc4f0", True)]
    if found := SEVERITY.match(line):
        end = found.end()
        return [(line[:end], COLOURS[found[1]], True), (line[end:], FOREGROUND, True)]
    if found := FIELD.match(line):
        return [(line[: found.end()], FAINT, False), (line[found.end() :], FOREGROUND, False)]
    return [(line, FOREGROUND, False)]


def main() -> None:
    title = sys.argv[1]
    lines = [f"$ {title}", *sys.stdin.read().rstrip("\n").split("\n")]
    rows = [(piece, number > 0, line) for line in lines for number, piece in enumerate(wrapped(line))]
    width = round(COLUMNS * CHARACTER + 2 * MARGIN)
    height = BAR + len(rows) * LINE + MARGIN
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img" aria-label="{html.escape(title)} and what it prints">',
        f'<rect width="{width}" height="{height}" rx="8" fill="{BACKGROUND}"/>',
    ]
    for position, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        out.append(f'<circle cx="{MARGIN + 4 + position * 18}" cy="15" r="5" fill="{colour}"/>')
    font = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
    out.append(f'<g font-family="{font}" font-size="{FONT_SIZE}" xml:space="preserve">')
    for row, (piece, continued, _) in enumerate(rows):
        column = 0
        baseline = BAR + row * LINE + 14
        for text, colour, bold in [(piece, FOREGROUND, False)] if continued else spans(piece):
            shown = text.lstrip(" ")
            at = column + len(text) - len(shown)
            column += len(text)
            shown = shown.rstrip(" ")
            if shown:
                # The length keeps columns in line whatever font there is.
                out.append(
                    f'<text x="{MARGIN + at * CHARACTER:.1f}" y="{baseline}" fill="{colour}"'
                    + (' font-weight="bold"' if bold else "")
                    + f' textLength="{len(shown) * CHARACTER:.1f}" lengthAdjust="spacingAndGlyphs">'
                    + html.escape(shown, quote=False)
                    + "</text>"
                )
    out.append("</g>\n</svg>")
    print("\n".join(out))


if __name__ == "__main__":
    main()
