#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold the #include lines of src/ against the one table of the house, tools/layers.json.

A folder may include its own headers, include/bulla, and folders listed above it. A library's
headers may be included only by the rooms that the table names for it. Inside tee/ the order of
`tee_order` holds for sub-folders. Usage: check_layers.py TABLE SOURCE_ROOT
"""
import json
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def check_line(path, room, sub, quote, target, table):
    order = [r["name"] for r in table["rooms"]]
    if quote == "<":
        owners = {r["name"] for r in table["rooms"]
                  for h in r.get("headers", []) if target == h or (h.endswith("/") and target.startswith(h))}
        if owners and room not in owners:
            return f"<{target}> belongs to {', '.join(sorted(owners))}/"
        return None
    parts = target.split("/")
    if len(parts) < 2:
        return f'"{target}" must be included by its path from src/'
    folder = parts[0]
    if folder in ("bulla", room):
        tee = table["tee_order"]
        if room == "tee" == folder and sub in tee and len(parts) > 2 and parts[1] in tee \
                and tee.index(parts[1]) > tee.index(sub):
            return f"tee/{sub}/ may not include tee/{parts[1]}/"
        return None
    if folder not in order:
        return f'"{target}" is in no room of the table'
    if order.index(folder) > order.index(room):
        return f"{room}/ may not include {folder}/"
    return None


def main():
    table = json.loads(pathlib.Path(sys.argv[1]).read_text())
    root = pathlib.Path(sys.argv[2])
    order = [r["name"] for r in table["rooms"]]
    bad, files = [], 0
    for path in sorted(root.rglob("*.[ch]")):
        files += 1
        parts = path.relative_to(root).parts
        room, sub = parts[0], parts[1] if len(parts) > 2 else ""
        if room not in order:
            bad.append(f"{path}:1: {room}/ is in no room of the table")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if match:
                problem = check_line(path, room, sub, match[1], match[2], table)
                if problem:
                    bad.append(f"{path}:{number}: {problem}")
    print("\n".join(bad) or f"{files} files keep to the layers")
    sys.exit(bool(bad) or files == 0)


if __name__ == "__main__":
    main()
