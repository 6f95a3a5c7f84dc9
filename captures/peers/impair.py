#!/usr/bin/env python3
"""Rewrites a capture as a worse sensor would have seen it: lost, doubled, reordered frames, one side only.

    impair.py IN OUT --seed N [--drop P] [--duplicate P] [--reorder P] [--start-at FRAME] [--one-way A|B]

IN and OUT are pcap (IN also .gz); `-` is standard input and output. P is a share from 0 to 1 of the frames. The same IN,
seed and options always give the same OUT. What was done is printed as JSON (to stderr when OUT is `-`), frames numbered
from 1 as in IN.

--start-at keeps frames from that number on. --one-way keeps what A (the sender of the first TCP segment, or of the first
IP packet where there is none) or B (everyone else) sent; frames that are not IP stay. --reorder lets a frame arrive
one to three places later; time stamps stay in order, since a sensor stamps what it sees when it sees it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import struct
import sys

MAGICS = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">", b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}
FARTHEST = 3  # places a reordered frame may fall back


class Frame:
    """One record: its number in the input, its stamp, its lengths and bytes."""

    def __init__(self, number: int, stamp: tuple[int, int], original: int, data: bytes) -> None:
        self.number, self.stamp, self.original, self.data = number, stamp, original, data


def read(path: str) -> tuple[bytes, str, list[Frame]]:
    raw = sys.stdin.buffer.read() if path == "-" else open(path, "rb").read()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    if raw[:4] not in MAGICS or len(raw) < 24:
        raise SystemExit(f"impair: {path}: not a pcap file (pcapng: convert it with editcap -F pcap)")
    order = MAGICS[raw[:4]]
    frames, at = [], 24
    while at + 16 <= len(raw):
        seconds, fraction, captured, original = struct.unpack_from(order + "IIII", raw, at)
        if at + 16 + captured > len(raw):
            break
        frames.append(Frame(len(frames) + 1, (seconds, fraction), original, raw[at + 16:at + 16 + captured]))
        at += 16 + captured
    return raw[:24], order, frames


def addresses(frame: Frame, link: int) -> tuple[bytes, int, bytes] | None:
    """Source address, IP protocol and the bytes after the IP header; None where the frame is not IP."""
    data = frame.data
    if link == 1:
        at = 12
        while data[at:at + 2] in (b"\x81\x00", b"\x88\xa8"):
            at += 4
        if data[at:at + 2] not in (b"\x08\x00", b"\x86\xdd"):
            return None
        data = data[at + 2:]
    elif link == 113:
        data = data[16:]
    elif link == 0:
        data = data[4:]
    if len(data) >= 20 and data[0] >> 4 == 4:
        return data[12:16], data[9], data[(data[0] & 15) * 4:]
    if len(data) >= 40 and data[0] >> 4 == 6:
        return data[8:24], data[6], data[40:]
    return None


def one_way(frames: list[Frame], link: int, side: str) -> tuple[list[Frame], list[int]]:
    seen = {frame.number: addresses(frame, link) for frame in frames}
    transported = [frame for frame in frames if seen[frame.number] and seen[frame.number][1] == 6]
    first = next(iter(transported or [frame for frame in frames if seen[frame.number]]), None)
    if first is None:
        return frames, []
    opener = seen[first.number][0]
    kept = [f for f in frames if seen[f.number] is None or (seen[f.number][0] == opener) == (side == "A")]
    numbers = {frame.number for frame in kept}
    return kept, [frame.number for frame in frames if frame.number not in numbers]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--drop", type=float, default=0.0, metavar="P")
    parser.add_argument("--duplicate", type=float, default=0.0, metavar="P")
    parser.add_argument("--reorder", type=float, default=0.0, metavar="P")
    parser.add_argument("--start-at", type=int, default=1, metavar="FRAME")
    parser.add_argument("--one-way", choices=("A", "B"))
    options = parser.parse_args()
    for name in ("drop", "duplicate", "reorder"):
        if not 0 <= getattr(options, name) <= 1:
            parser.error(f"--{name} is a share from 0 to 1")

    header, order, frames = read(options.input)
    link = struct.unpack_from(order + "I", header, 20)[0] & 0xFFFF
    report = {"input_frames": len(frames), "seed": options.seed, "before_start": [], "other_way": [], "dropped": [],
              "duplicated": [], "reordered": []}

    # The direction is judged on the whole capture, so that a late start does not swap A and B.
    if options.one_way:
        frames, report["other_way"] = one_way(frames, link, options.one_way)
    report["before_start"] = [frame.number for frame in frames if frame.number < options.start_at]
    frames = [frame for frame in frames if frame.number >= options.start_at]

    # A generator per impairment: turning one on does not change what another does.
    chance = {name: random.Random(f"{options.seed}:{name}") for name in ("drop", "duplicate", "reorder")}
    survivors = []
    for frame in frames:
        if chance["drop"].random() < options.drop:
            report["dropped"].append(frame.number)
            continue
        survivors.append(frame)
        if chance["duplicate"].random() < options.duplicate:
            report["duplicated"].append(frame.number)
            survivors.append(frame)

    # A late frame's place is its own plus 1 to 3 and a half: it lands behind the frame it was held back for.
    places = []
    for index, frame in enumerate(survivors):
        late = chance["reorder"].random() < options.reorder
        back = chance["reorder"].randint(1, FARTHEST)
        if late and index + 1 < len(survivors):
            report["reordered"].append(frame.number)
            places.append((index + back + 0.5, index, frame))
        else:
            places.append((index, index, frame))
    arrived = [frame for _, _, frame in sorted(places, key=lambda place: place[:2])]

    stamps = sorted(frame.stamp for frame in survivors)
    out = bytearray(header)
    for stamp, frame in zip(stamps, arrived):
        out += struct.pack(order + "IIII", *stamp, len(frame.data), frame.original) + frame.data
    if options.output == "-":
        sys.stdout.buffer.write(out)
    else:
        with open(options.output, "wb") as target:
            target.write(out)
    report["output_frames"] = len(arrived)
    json.dump(report, sys.stderr if options.output == "-" else sys.stdout)
    print(file=sys.stderr if options.output == "-" else sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
