#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Let libFuzzer work on every target of fuzz/ for a while, with ASan and UBSan.

New inputs that reach new code go to build-fuzz/found/NAME/; a crash is written to
build-fuzz/crash/ and belongs, once understood, into fuzz/corpus/NAME/ with a test.

Usage: tools/run_fuzz.py SECONDS [NAME...]
"""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-fuzz"


def build():
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, "-Dfuzzing=true", "-Db_lundef=false",
                        "-Db_sanitize=address,undefined"],
                       cwd=ROOT, env={**os.environ, "CC": "clang"}, check=True)
    subprocess.run(["ninja", "--quiet", "-C", BUILD], check=True)


def fuzz(program, name, seconds):
    found, crash = BUILD / "found" / name, BUILD / "crash"
    found.mkdir(parents=True, exist_ok=True)
    crash.mkdir(exist_ok=True)
    run = subprocess.run([program, f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=1024",
                          "-print_final_stats=1", f"-artifact_prefix={crash}/{name}-",
                          found, ROOT / "fuzz" / "corpus" / name],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                         errors="replace")
    count = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    fine = run.returncode == 0 and count is not None and int(count[1]) > 0
    print(f"{name}: {count[1] if count else 0} inputs, {'no crash' if fine else 'FAILED'}", flush=True)
    if not fine:
        print(run.stderr[-4000:])
    return fine


def main():
    seconds = int(sys.argv[1])
    build()
    programs = {path.name.removeprefix("fuzz_"): path for path in sorted((BUILD / "fuzz").glob("fuzz_*"))
                if path.is_file() and os.access(path, os.X_OK)}
    names = sys.argv[2:] or sorted(programs)
    sys.exit(not names or not all([fuzz(programs[name], name, seconds) for name in names]))


if __name__ == "__main__":
    main()
