#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages say what is so.

The table of rooms is that of tools/layers.json; the ids of threats that the sources cite exist, and
the tests that the threat model names exist too; every package that the build needs is in
debian/control; the pinned roots and the typed claims are those of the program; each published flaw has a test, and a
mutant that this test must notice. Usage: check_docs.py ROOT BUILD
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


def members_of(header, name):
    """The names that `struct name` has, in order."""
    body = re.search(rf"^struct {name} \{{\n(.*?)^\}};", header, re.M | re.S).group(1)
    body = re.sub(r"/\*.*?\*/", "", body, flags=re.S)
    return re.findall(r"(\w+)(?:\[[^;]*\])?;", body)


def check_claims(root):
    """Each typed claim stands on the page, in order, and no other one."""
    header = (root / "src/tee/claims.h").read_text()
    page = (root / "docs/formats/claims.md").read_text()
    tables = re.findall(r"^### `(bl_\w+_claims|bl_claims)`\n\n(.*?)(?=\n\n|\Z)", page, re.M | re.S)
    if [name for name, _ in tables] != ["bl_claims", "bl_tpm_claims", "bl_tcb_claims", "bl_firmware_claims"]:
        yield "docs/formats/claims.md: not a table for each struct of claims"
    for name, table in tables:
        shown = [word for row in table.splitlines()[2:] for word in re.findall(r"`(\w+)`", row.split("|")[1])]
        if shown != members_of(header, name):
            yield f"docs/formats/claims.md: the claims of {name} are not those of src/tee/claims.h, in order"


def program_of(path):
    """The name under which the test program of this file runs: tests/tee/test_snp.c is tee/snp."""
    return re.sub(r"^tests/(\w+)/test_(\w+)\.(?:c|py)$", r"\1/\2", path)


def flaw_problems(root, tests, mutants):
    """What does not hold of one row: (file, function) of its tests, names of its mutants."""
    for path, function in tests:
        text = (root / path).read_text() if (root / path).is_file() else ""
        if not re.search(rf"^(?:{function}\(void \*\*|@case\ndef {function}\()", text, re.M) \
                or len(re.findall(rf"\b{function}\b", text)) < (1 if path.endswith(".py") else 2):
            yield f"there is no test {function} in {path}"
    patches = {m: root / f"tests/mutants/{m}.patch" for m in mutants}
    tried = {m: "".join(re.findall(r"^# test: (.+)$", p.read_text(), re.M)) for m, p in patches.items() if p.is_file()}
    yield from (f"there is no mutant {m}" for m in mutants if m not in tried)
    programs = {program_of(path) for path, _ in tests}
    yield from (f"the mutant {m} is for {name}, which is not named" for m, name in tried.items()
                if name not in programs)
    yield from (f"no mutant is for {name}" for name in sorted(programs - set(tried.values())))


def check_flaws(root):
    where = "docs/published-flaws.md"
    rows = re.findall(r"^\| (?!flaw |---)(.*) \|$", (root / where).read_text(), re.M)
    if not rows:
        yield f"{where}: no flaws"
    for row in rows:
        flaw, *rest = row.split(" | ")
        tests = re.findall(r"`(tests/[^`:]+): (\w+)`", rest[1]) if len(rest) == 3 else []
        mutants = re.findall(r"`(\w+)`", rest[2]) if len(rest) == 3 else []
        if not tests or not mutants:
            yield f"{where}: {flaw}: a row is: flaw, rule, tests, mutants"
        yield from (f"{where}: {flaw}: {problem}" for problem in flaw_problems(root, tests, mutants))


def main():
    root, build = pathlib.Path(sys.argv[1]), sys.argv[2]
    bad = [*check_rooms(root), *check_threats(root, build), *check_packages(root),
           *check_anchors(root), *check_claims(root), *check_flaws(root)]
    print("\n".join(bad) or "the pages agree with the tree")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
