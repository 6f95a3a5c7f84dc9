#!/usr/bin/env python3
"""How right an inventory is of a simulated hospital: the class of each device, how sure that was, and its roles.

    wardtap-simulator generate --devices 220 --days 1 --seed N --out F.pcap --assets F.csv --messages F.messages
    wardtap replay F.pcap --inventory F.json
    benches/identity.py F.json F.csv [F.messages]

Devices of the assets file that were not heard are counted apart. Roles are compared with who sent and who answered the messages
of HL7, DICOM and Modbus that the simulator says it sent; roles in other protocols have no such list."""
import collections
import csv
import json
import sys

ROLES = {
    "hl7": ("HL7 sender", "HL7 receiver"),
    "dicom": ("DICOM SCU", "DICOM SCP"),
    "modbus": ("Modbus client", "Modbus server"),
}
# What says less than it could, and nothing wrong: class of the list, class that was told.
LESS = {(of, "controller") for of in ("medical-gas-panel", "pressure-controller", "blood-fridge", "ups")}


def classes(inventory, assets):
    by_mac = {device["mac"].lower(): device for device in inventory if device.get("mac")}
    by_address = {}
    for device in inventory:
        for address in device.get("addresses", []):
            by_address.setdefault(address, device)
    figures, others, silent = collections.Counter(), collections.Counter(), 0
    for asset in assets:
        device = by_mac.get(asset["mac"].lower()) or by_address.get(asset["address"])
        if not device or device.get("unheard"):
            silent += 1
            continue
        guess = device["identity"].get("class") or {}
        told, sure = guess.get("value"), guess.get("confidence", "-")
        if told == asset["class"]:
            how = "right"
        elif told is None:
            how = "none"
        elif (asset["class"], told) in LESS:
            how = "right, but not which"
        else:
            how = "another class"
        figures[how, sure] += 1
        if how != "right":
            others[asset["class"], told, sure] += 1
    return figures, others, silent


def roles(inventory, messages):
    said = {(address, role) for device in inventory for address in device.get("addresses", []) for role in device["roles"]}
    known = {role for both in ROLES.values() for role in both}
    said = {(address, role) for address, role in said if role in known}
    true = set()
    for line in messages:
        message = json.loads(line)
        if message["protocol"] in ROLES:
            is_answer = message["direction"] == "response"
            sender = message["src"].rsplit(":", 1)[0].strip("[]")
            # Storage commitment is reported by who keeps images, the SCP (DICOM PS3.4 section J.3.3).
            if message.get("dicom", {}).get("dimse", {}).get("command", "").startswith("N-EVENT-REPORT"):
                is_answer = not is_answer
            true.add((sender, ROLES[message["protocol"]][is_answer]))
    return true & said, true - said, said - true


def main():
    inventory = json.load(open(sys.argv[1]))
    figures, others, silent = classes(inventory, csv.DictReader(open(sys.argv[2])))
    total = sum(figures.values())
    print(f"{total} devices heard, {silent} of the list not")
    for how in ("right", "right, but not which", "another class", "none"):
        by = {sure: figures[how, sure] for sure in ("high", "medium", "low")}
        count = sum(number for (which, _), number in figures.items() if which == how)
        print(f"{how:21}", *(f"{sure} {number:3}" for sure, number in by.items()), f" all {count} ({100 * count / max(total, 1):.1f} %)")
    for (of, told, sure), count in others.most_common():
        print(f"  {count} x {of}: told {told}, {sure}")
    if len(sys.argv) > 3:
        both, missing, more = roles(inventory, open(sys.argv[3]))
        print(f"roles in HL7, DICOM and Modbus: {len(both)} right, {len(missing)} missing, {len(more)} that are none")
        for name, which in (("missing", missing), ("none", more)):
            for address, role in sorted(which)[:10]:
                print(f"  {name}: {address} {role}")


if __name__ == "__main__":
    main()
