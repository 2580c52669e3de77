# SPDX-License-Identifier: Apache-2.0
"""Run the model of the attested channel through Spin: what must hold holds, and each variant that is
known to be broken is found broken, so that the model can tell the difference.

Usage: check_model.py MODEL. Needs spin and a C compiler; without spin the test is skipped (77).
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# [property, variant, expected to hold]
CASES = [
    # the channel as it is, also with a leaked TLS key, and in mutual mode
    *[(name, variant, True)
      for name in ("channel", "platform", "gate", "fresh", "secret")
      for variant in ({}, {"LEAK": 1}, {"MUTUAL": 1}, {"MUTUAL": 1, "LEAK": 1})],
    # honest runs finish: nothing above holds for want of runs
    ("never_releases", {}, False),
    ("never_releases", {"MUTUAL": 1, "LEAK": 1}, False),
    # weaker bindings
    ("channel", {"BIND": 1}, False),
    ("channel", {"BIND": 2}, True),
    ("channel", {"BIND": 2, "LEAK": 1}, False),
    # the wrap key still saves the secret where the channel binding is lost ...
    ("secret", {"BIND": 2, "LEAK": 1}, True),
    # ... and without it nothing does
    ("secret", {"BIND": 2, "LEAK": 1, "WRAP": 0}, False),
    # no binding survives a quote oracle
    ("channel", {"ORACLE": 1}, False),
    ("secret", {"ORACLE": 1}, False),
    # each of the other parts, taken away
    ("channel", {"MUTUAL": 1, "ROLES": 0}, False),
    ("platform", {"PLATFORM": 0}, False),
    ("channel", {"PLATFORM": 0}, True),
    ("gate", {"GATE": 0}, False),
    ("fresh", {"RESUME": 1, "LEAK": 1}, False),
]


def build(model, variant, directory):
    defines = [f"-D{name}={value}" for name, value in sorted(variant.items())]
    subprocess.run(["spin", "-a", *defines, model], cwd=directory, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([os.environ.get("CC", "cc"), "-O0", "-w", "-o", "pan", "pan.c"], cwd=directory,
                   check=True)


def holds(name, directory):
    run = subprocess.run(["./pan", "-a", "-m100000", "-N", name], cwd=directory, check=True,
                         capture_output=True, text=True, timeout=60)
    if "max search depth too small" in run.stdout or "Search not completed" in run.stdout:
        if not re.search(r"errors: [1-9]", run.stdout):
            raise RuntimeError(f"{name}: the search did not finish")
    return re.search(r"errors: 0\b", run.stdout) is not None


def main():
    if shutil.which("spin") is None:
        print("spin is not installed: skipped")
        return 77
    model = os.path.abspath(sys.argv[1])
    failed = 0
    by_variant = {}
    for name, variant, expected in CASES:
        by_variant.setdefault(tuple(sorted(variant.items())), []).append((name, expected))
    for variant, properties in by_variant.items():
        with tempfile.TemporaryDirectory() as directory:
            build(model, dict(variant), directory)
            for name, expected in properties:
                found = holds(name, directory)
                words = " ".join(f"{key}={value}" for key, value in variant) or "as it is"
                print(f"{'ok' if found == expected else 'WRONG'}: {name} "
                      f"{'holds' if found else 'is violated'} ({words})")
                failed += found != expected
    print(f"{len(CASES) - failed} of {len(CASES)} as expected")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
