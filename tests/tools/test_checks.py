#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of the house see what they are there for: each is shown one planted defect.

Usage: test_checks.py TOOLS
"""
import importlib.util
import pathlib
import subprocess
import sys
import tempfile

TOOLS = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(TOOLS))
LICENCE = "# SPDX-License-Identifier: Apache-2.0\n"
# file, content, what the complaint must say; None: there must be no complaint
TEXTS = [
    ("src/good.py", LICENCE + "x = 1\n", None),
    ("src/a.c", "int x;\n", "no SPDX"),
    ("src/b.py", LICENCE + "x = 1 \n", "space at the end"),
    ("src/c.py", LICENCE + "\tx = 1\n", "tabulator"),
    ("src/d.py", LICENCE + "x = 1", "no newline"),
    ("src/e.py", LICENCE + "# TO" "DO: later\n", "unfinished work"),
    ("src/f.py", LICENCE + 'x = "/ho' 'me/anna/bulla"\n', "belongs to one machine"),
    ("src/g.py", LICENCE + "x = 1\n" * 600, "two ideas"),
    ("README.md", "Run `bulla seal --inse" "cure`.\n", "switch a check off"),
    ("docs/a.md", "If it fails, dis" "able the signature check.\n", "switch a check off"),
    ("docs/b.md", "See [the page](nowhere.md).\n", "dead link"),
    ("docs/formats/blob.md", "A format.\n", "named by no source file"),
    ("docs/news/Long Name.md", "News.\n", "a fragment is"),
]
INCLUDES = [
    ("src/codec/a.c", '#include "base/memory.h"\n', 0),
    ("src/codec/a.c", '#include "seal/seal.h"\n', 1),
    ("src/codec/a.c", "#include <openssl/evp.h>\n", 1),
    ("src/codec/a.c", '#include "hex.h"\n', 1),
    ("src/nowhere/a.c", "int x;\n", 1),
]
FLAW_TREE = {
    "tests/room/test_a.c": "static void\ntest_it(void **state)\n{\n}\n\ntest_idle(void **state)\n\n{ test_it }\n",
    "tests/room/test_b.py": "@case\ndef it(home):\n    pass\n\n\ndef helper(home):\n    pass\n",
    "tests/mutants/m.patch": "# test: room/a\n# why: x\n",
    "tests/mutants/n.patch": "# test: room/b\n# why: x\n",
}
# row of the page, what the complaint must say; None: there must be no complaint
FLAWS = [
    ("| CVE-1 | r | `tests/room/test_a.c: test_it` | `m` |", None),
    ("| CVE-1 | r | `tests/room/test_a.c: test_it`, `tests/room/test_b.py: it` | `m`, `n` |", None),
    ("| CVE-1 | r | `tests/room/test_a.c: test_gone` | `m` |", "no test test_gone"),
    ("| CVE-1 | r | `tests/room/test_a.c: test_idle` | `m` |", "no test test_idle"),
    ("| CVE-1 | r | `tests/room/test_c.c: test_it` | `m` |", "no test test_it"),
    ("| CVE-1 | r | `tests/room/test_b.py: helper` | `n` |", "no test helper"),
    ("| CVE-1 | r | `tests/room/test_a.c: test_it` | `gone` |", "no mutant gone"),
    ("| CVE-1 | r | `tests/room/test_a.c: test_it` | `m`, `n` |", "the mutant n is for room/b"),
    ("| CVE-1 | r | `tests/room/test_a.c: test_it`, `tests/room/test_b.py: it` | `m` |", "no mutant is for room/b"),
    ("| CVE-1 | r | `tests/room/test_a.c: test_it` | - |", "a row is"),
    ("| CVE-1 | r | by design | `m` |", "a row is"),
    ("| CVE-1 | r |", "a row is"),
    ("", "no flaws"),
]
TAP = """1..4
ok 1 - a
not ok 2 - b
# SKIP no printer
ok 3 - c
ok 4 - d # SKIP no paper
"""


def load(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def complaints(files, command):
    """Output and exit code of a check in a repository that has these files only."""
    with tempfile.TemporaryDirectory(prefix="bulla-checks-") as name:
        root = pathlib.Path(name)
        subprocess.run(["git", "init", "-q", root], check=True)
        for path, content in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
        done = subprocess.run([sys.executable, *[str(c).replace("ROOT", name) for c in command]],
                              capture_output=True, text=True, check=False)
        return done.stdout + done.stderr, done.returncode


def flaw_complaints(row):
    with tempfile.TemporaryDirectory(prefix="bulla-checks-") as name:
        root = pathlib.Path(name)
        page = "| flaw | rule | test | mutant |\n|---|---|---|---|\n" + row + "\n"
        for path, content in [*FLAW_TREE.items(), ("docs/published-flaws.md", page)]:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content)
        return list(load("check_docs").check_flaws(root))


def cases():
    for path, content, expected in TEXTS:
        out, code = complaints([(path, content)], [TOOLS / "check_text.py", "ROOT"])
        yield f"check_text: {path}: {expected or 'fine'}", \
            code == 0 if expected is None else code == 1 and expected in out
    for path, content, expected in INCLUDES:
        _, code = complaints([(path, content)], [TOOLS / "check_layers.py", TOOLS / "layers.json", "ROOT/src"])
        yield f"check_layers: {path}: {content.strip()}", code == expected
    for row, expected in FLAWS:
        found = flaw_complaints(row)
        yield f"check_docs: {row or 'an empty table'}: {expected or 'fine'}", \
            not found if expected is None else any(expected in complaint for complaint in found)
    run_tests = load("run_tests")
    yield "run_tests: a skip is neither passed nor failed", list(run_tests.tap_cases(TAP)) == [
        ("a", "ok", None), ("b", "failed", None), ("c", "skipped", "no printer"), ("d", "skipped", "no paper")]
    for name, entry, expected in [
            ("a program that died after its last case", {"result": "ERROR", "stdout": "1..1\nok 1 - a\n"}, "failed"),
            ("a program without cases", {"result": "OK", "stdout": "fine\n"}, "ok"),
            ("a program that failed without cases", {"result": "FAIL", "stdout": ""}, "failed"),
            ("a program that timed out", {"result": "TIMEOUT", "stdout": "1..2\nok 1 - a\n"}, "failed")]:
        yield f"run_tests: {name}", run_tests.cases_of({"name": "t", **entry})[-1][1] == expected
    mutants = load("run_mutants")
    with tempfile.TemporaryDirectory(prefix="bulla-checks-") as name:
        patch = pathlib.Path(name) / "m.patch"
        for text, fine in [("# test: a\n# why: b\n--- a/src/x.c\n+++ b/src/x.c\n", True),
                           ("# why: b\n--- a/src/x.c\n+++ b/src/x.c\n", False),
                           ("# test: a\n# why: b\n--- a/tests/x.c\n+++ b/tests/x.c\n", False)]:
            patch.write_text(text)
            yield f"run_mutants: header {'accepted' if fine else 'refused'}: {text.splitlines()[0]}", \
                (mutants.Mutant(patch).header_problem() is None) == fine


def main():
    results = list(cases())
    print(f"1..{len(results)}")
    for number, (name, fine) in enumerate(results, 1):
        print(f"{'ok' if fine else 'not ok'} {number} - {name.replace('#', '')}")
    sys.exit(not all(fine for _, fine in results))


if __name__ == "__main__":
    main()
