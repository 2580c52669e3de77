#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages say what is so.

The table of rooms is that of tools/layers.json; the ids of threats that the sources cite exist, and
the tests that the threat model names exist too; every package that the build needs is in
debian/control; the pinned roots are those of the program. Usage: check_docs.py ROOT BUILD
"""
import fnmatch
import json
import pathlib
import re
import subprocess
import sys


def check_rooms(root):
    page = (root / "docs/architecture.md").read_text()
    shown = re.findall(r"^\| `(\w+)/` \|", page, re.M)
    rooms = json.loads((root / "tools/layers.json").read_text())["rooms"]
    if shown != [room["name"] for room in rooms]:
        yield "docs/architecture.md: its rooms are not those of tools/layers.json, in order"
    line = re.search(r"\*above this line", page)
    above = set(re.findall(r"^\| `(\w+)/` \|", page[:line.start()] if line else "", re.M))
    if above != {room["name"] for room in rooms if room.get("pure")}:
        yield "docs/architecture.md: the line is not where tools/layers.json has it"


def check_threats(root, build):
    page = (root / "docs/threat-model.md").read_text()
    known = set(re.findall(r"^\| ([XG]\d+) \|", page, re.M))
    for path in sorted(p for d in ("src", "include", "tests") for p in (root / d).rglob("*.[ch]")):
        for group in re.findall(r"\(([XG]\d{1,2}(?:[ ,]+[XG]\d{1,2})*)\)", path.read_text()):
            for cited in re.findall(r"[XG]\d+", group):
                if cited not in known:
                    yield f"{path.relative_to(root)}: {cited} is not in docs/threat-model.md"
    listed = subprocess.run(["meson", "introspect", "--tests", build], check=True, capture_output=True, text=True)
    tests = [test["name"] for test in json.loads(listed.stdout)]
    for goal, named in re.findall(r"^\| (G\d+) \|.*\| ([^|]*) \|$", page, re.M):
        for name in re.findall(r"`(\w+/[^`]+)`", named):
            if not fnmatch.filter(tests, name):
                yield f"docs/threat-model.md: {goal} is tested by {name}, which does not exist"


def check_packages(root):
    control = (root / "debian/control").read_text()
    for line in (root / "tools/packages").read_text().splitlines():
        words = line.split()
        if words[:1] == ["build"] and re.fullmatch(r"lib\w+-dev", words[1]) and words[1] != "libc6-dev" \
                and not re.search(rf"^\s*{re.escape(words[1])}\b", control, re.M):
            yield f"debian/control: {words[1]} is needed to build"


def check_anchors(root):
    """Each pinned root of the program stands in the table, and no other one."""
    entries = re.findall(r'\{ "([\w-]+)",\s*"[^"]+",\s*BL_CLASS_(\w+),\s*\{([^}]*)\},',
                         (root / "src/tee/anchors.c").read_text())
    pinned = sorted((vendor, "".join(re.findall(r"0x(\w\w)", key)), word.lower())
                    for vendor, word, key in entries)
    shown = sorted(re.findall(r"^\| `([\w-]+)` \| .* \| `([0-9a-f]{64})` \| (\w+) \|",
                              (root / "docs/anchors.md").read_text(), re.M))
    if not pinned or shown != pinned:
        yield "docs/anchors.md: its roots are not those of src/tee/anchors.c"


def main():
    root, build = pathlib.Path(sys.argv[1]), sys.argv[2]
    bad = [*check_rooms(root), *check_threats(root, build), *check_packages(root),
           *check_anchors(root)]
    print("\n".join(bad) or "the pages agree with the tree")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
