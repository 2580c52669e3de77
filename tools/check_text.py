#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hold every text file of the project against rules that need no compiler.

Licence line, length, unfinished work, paths of one machine, links between pages, and: nothing that
a user reads advises to switch a check off. Usage: check_text.py ROOT
"""
import pathlib
import re
import subprocess
import sys

LINE_COUNT_MAX = 600  # a longer file holds two ideas
TEST_LINE_COUNT_MAX = 700  # tests are lists
SOURCE = re.compile(r"(\.(c|h|py|sh|sql|pml)|/?(meson\.build|meson_options\.txt|Makefile)|\.ci/run)$")
# Bytes of others and lists of patterns, this one included.
NOT_TEXT = re.compile(r"^(fuzz/corpus/|tests/vectors/|LICENSE$|tools/check_text\.py$)")

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|placeholder|unimplemented|not implemented|for now)\b", re.I)
ONE_MACHINE = re.compile(r"(^|[\s\"'=(])/(work|farm|root|home/\w+)/|/tmp/bash_jobs|deb\.debian\.org|"
                         r"snapshot\.debian|registry\.npmjs|pypi\.org|crates\.io")
# What a user reads: pages, manuals, messages, scripts.
FOR_USERS = re.compile(r"^(README\.md|docs/|src/|include/|debian/|tools/.*\.sh|CONTRIBUTING)")
SWITCHED_OFF = [re.compile(pattern, re.I) for pattern in (
    r"--(insecure|no-check|skip-|no-verify|allow-unauthenticated|no-sandbox|privileged)\b",
    r"\bcurl\b[^|\n]* -\w*k\b", r"\bsetenforce 0\b", r"\bchmod (-R )?0?777\b", r"\bseccomp[=:]unconfined\b",
    r"\bapparmor[=:]unconfined\b", r"\btrusted=yes\b", r"\bsslVerify[= ]*false\b", r"VERIFY_NONE\b",
    r"\b(disable|turn off|switch off|deactivate|bypass)\b (the )?(\w+ )?"
    r"(check|verification|validation|signature|secure boot|selinux|apparmor|seccomp|sandbox|firewall|tls|audit)",
)]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")


def files(root):
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=root, check=True, capture_output=True).stdout.decode()
    return sorted(name for name in listed.split("\0") if name and (root / name).is_file())


def check_lines(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{name}:{number}"
        if line != line.rstrip() and not name.endswith(".patch"):
            yield f"{where}: space at the end"
        if "\t" in line and name.endswith((".c", ".h", ".py")):
            yield f"{where}: tabulator"
        if UNFINISHED.search(line):
            yield f"{where}: unfinished work: {UNFINISHED.search(line)[0]}"
        if ONE_MACHINE.search(line):
            yield f"{where}: belongs to one machine, or names a package host"
        if FOR_USERS.match(name) and any(p.search(line) for p in SWITCHED_OFF):
            yield f"{where}: advises to switch a check off: {line.strip()}"


def check_file(root, name):
    try:
        text = (root / name).read_text()
    except UnicodeDecodeError:
        yield f"{name}: not UTF-8 (binary test data belongs in fuzz/corpus/ or tests/vectors/)"
        return
    if text and not text.endswith("\n"):
        yield f"{name}: no newline at the end"
    if SOURCE.search(name) or text.startswith("#!"):
        if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.splitlines()[:3]):
            yield f"{name}: no SPDX-License-Identifier line"
        count = text.count("\n")
        if count > (TEST_LINE_COUNT_MAX if name.startswith("tests/") else LINE_COUNT_MAX):
            yield f"{name}: {count} lines: two ideas in one file?"
    if name.endswith(".md"):
        for target, _ in LINK.findall(text):
            if "://" not in target and not (root / name).parent.joinpath(target).exists():
                yield f"{name}: dead link {target}"
    yield from check_lines(name, text)


def check_pages(root, names):
    """A format page is named by the code that implements it; a fragment of news is short."""
    sources = "".join((root / n).read_text() for n in names if n.startswith(("src/", "include/", "ta/")))
    for name in names:
        if re.match(r"docs/formats/(?!README)", name) and name not in sources:
            yield f"{name}: named by no source file"
        if re.match(r"docs/news/(?!README)", name):
            text = (root / name).read_text()
            if not re.fullmatch(r"docs/news/[a-z0-9-]+\.md", name) or text.count("\n") > 6:
                yield f"{name}: a fragment is docs/news/short-name.md of at most six lines"


def main():
    root = pathlib.Path(sys.argv[1])
    names = files(root)
    bad = [problem for name in names if not NOT_TEXT.match(name) for problem in check_file(root, name)]
    bad += check_pages(root, names)
    print("\n".join(bad) or f"{len(names)} files are in order")
    sys.exit(bool(bad) or not names)


if __name__ == "__main__":
    main()
