#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build with GCC, build with Clang and sanitizers, run every test in both, and count.

Then some mutants of tests/mutants/ are tried (run_mutants.py), other ones at each commit. Counts
test cases (TAP), not programs; a mutant that is killed is one passed. The last line is `N passed, N failed`, with `, N skipped`
where there were skips; each skip is printed with its reason. With CI=true a skip is a failure
unless the machine really cannot run it (IMPOSSIBLE below). A build that fails, a test that did not
run, and a missing log are failures too; so is a run of no tests.

Usage: tools/run_tests.py [NAME...]   (meson test names or suites; everything without)
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

import run_mutants

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUMMARY = ROOT / "build" / "test-summary"
BUILDS = [
    # Lines in a trace, and no more of debug information: a fifth of the time to build.
    # Sweeps over fault points and mutations see more under sanitizers, and take long.
    ("gcc", "build", "gcc", ["-Dc_args=-g1"], ["--no-suite", "faults", "--no-suite", "fuzz"]),
    # What looks at source text or the model alone needs to run only once.
    ("clang, ASan and UBSan", "build-clang", "clang",
     ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1", "-Dc_args=-gline-tables-only"],
     ["--no-suite", "text", "--no-suite", "model"]),
]
MEMORY_MIN = 1 << 30  # free bytes for what tests write
MUTANT_COUNT = 3  # tried at each run, other ones at each commit

TAP_LINE = re.compile(r"^(not ok|ok)\b\s*\d*\s*(?:- )?([^#]*?)\s*(?:#\s*(SKIP)\S*\s*(.*))?$", re.I)


def debian_release():
    match = re.search(r'^VERSION_ID="?(\d+)', pathlib.Path("/etc/os-release").read_text(), re.M)
    return int(match[1]) if match else None


def user_namespaces():
    return subprocess.run(["unshare", "--user", "--map-root-user", "true"],
                          capture_output=True, check=False).returncode == 0


# Start of the reason a test gives -> does this machine bear it out?
IMPOSSIBLE = {
    "clang-format 14 is not in this release": lambda: debian_release() != 12,
    "no user namespaces": lambda: not user_namespaces(),
    "/dev/fuse cannot be opened": lambda: not os.access("/dev/fuse", os.R_OK | os.W_OK),
    "no recorded evidence": lambda: not os.environ.get("BULLA_VECTORS")
    and not (ROOT / "../shared/vectors").is_dir(),
}


def impossible(reason):
    return any(reason.startswith(start) and check() for start, check in IMPOSSIBLE.items())


def tap_cases(text):
    """Yield (name, 'ok' | 'failed' | 'skipped', reason). A comment `# SKIP reason` before an `ok`
    line skips that case, because cmocka cannot say why in TAP."""
    announced = None
    for line in text.splitlines():
        if line.startswith("# SKIP "):
            announced = line[len("# SKIP "):].strip()
            continue
        match = TAP_LINE.match(line)
        if not match:
            continue
        result, name, directive, reason = match.groups()
        if result == "not ok":
            yield name, "failed", None
        elif announced or (directive or "").upper() == "SKIP":
            yield name, "skipped", announced or reason or "no reason given"
        else:
            yield name, "ok", None
        announced = None


def cases_of(entry):
    """The cases of one program, from its record in testlog.json."""
    name, output = entry["name"], entry.get("stdout", "")
    cases = list(tap_cases(output)) if re.search(r"^1\.\.\d+", output, re.M) else []
    if entry["result"] == "SKIP" and not cases:
        lines = (output + entry.get("stderr", "")).strip().splitlines()
        return [(name, "skipped", re.sub(r"^1\.\.0 # SKIP ", "", lines[-1]) if lines else "no reason given")]
    if not cases:
        return [(name, "ok" if entry["result"] == "OK" else "failed", None)]
    if entry["result"] not in ("OK", "SKIP") and all(c[1] != "failed" for c in cases):
        cases.append((f"whole program ({entry['result'].lower()})", "failed", None))
    return [(f"{name}: {case}", result, reason) for case, result, reason in cases]


def run(command, **keywords):
    print("+", *command, flush=True)
    return subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL, **keywords).returncode


def build(directory, compiler, options):
    if not (ROOT / directory / "build.ninja").exists():
        if run(["meson", "setup", directory, *options], env={**os.environ, "CC": compiler},
               stdout=subprocess.DEVNULL):
            return False
    return run(["ninja", "--quiet", "-C", directory]) == 0


def expected_names(directory, arguments):
    listed = subprocess.run(["meson", "test", "-C", directory, "--no-rebuild", "--list", *arguments],
                            cwd=ROOT, check=False, capture_output=True, text=True)
    return {line.split(" / ")[-1] for line in listed.stdout.splitlines() if line.strip()}


def temporary_folder():
    """Where tests write: in memory where there is room, because half of the time of what stores would
    go into waiting for a disk that nobody looks at afterwards."""
    memory = "/dev/shm"
    if "TMPDIR" in os.environ or not os.access(memory, os.W_OK):
        return {}
    has = os.statvfs(memory)
    if has.f_bavail * has.f_frsize < MEMORY_MIN or has.f_flag & os.ST_NOEXEC:
        return {}
    return {"TMPDIR": memory}


def test(label, directory, arguments):
    """Run the tests of one build; return [(name, result, reason)] and [(seconds, name)]."""
    log = ROOT / directory / "meson-logs" / "testlog.json"
    log.unlink(missing_ok=True)
    sanitizers = {"ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1",
                  "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    run(["meson", "test", "-C", directory, "--no-rebuild", "--print-errorlogs", *arguments],
        env={**sanitizers, **temporary_folder(), **os.environ})
    if not log.exists():
        return [(f"{label}: no test log", "failed", None)], []
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    cases = [case for entry in entries for case in cases_of(entry)]
    ran = {entry["name"].split(" / ")[-1] for entry in entries}
    cases += [(f"{name}: did not run", "failed", None)
              for name in sorted(expected_names(directory, arguments) - ran)]
    return cases or [(f"{label}: no tests", "failed", None)], \
        [(entry["duration"], entry["name"]) for entry in entries]


def mutants():
    """Try some of the mutants, as test(): all of them take longer than a landing may."""
    known = run_mutants.mutants_named([])
    chosen = run_mutants.sample(known, MUTANT_COUNT)
    begun = time.monotonic()
    cases, durations = [], []
    try:
        for mutant, outcome, seconds in run_mutants.run_all(chosen):
            cases.append((f"mutant {mutant.name}", "ok" if outcome == "killed" else "failed", None))
            durations.append((seconds, f"mutant {mutant.name}"))
    except subprocess.CalledProcessError as problem:
        cases.append((f"mutants: {problem}", "failed", None))
    print(f"mutants: {len(chosen)} of {len(known)} in {time.monotonic() - begun:.0f} s; "
          "make mutants tries all")
    return cases or [("mutants: there are none", "failed", None)], durations


def main():
    started = time.monotonic()
    cases, durations = [], []
    SUMMARY.unlink(missing_ok=True)
    for label, directory, compiler, options, selection in BUILDS:
        begun = time.monotonic()
        if not build(directory, compiler, options):
            cases.append((f"{label}: build", "failed", None))
            continue
        built = time.monotonic()
        more, times = test(label, directory, [*selection, *sys.argv[1:]])
        cases += [(f"{label}: {name}", result, reason) for name, result, reason in more]
        durations += [(seconds, f"{label}: {name}") for seconds, name in times]
        print(f"{label}: built in {built - begun:.0f} s, tested in {time.monotonic() - built:.0f} s")

    if not sys.argv[1:]:
        more, times = mutants()
        cases += more
        durations += times

    print("slowest:", *(f"  {s:6.1f} s  {name}" for s, name in sorted(durations, reverse=True)[:10]), sep="\n")
    counts = {"ok": 0, "failed": 0, "skipped": 0}
    for name, result, reason in cases:
        if result == "skipped":
            print(f"skipped: {name}: {reason}")
            if os.environ.get("CI") == "true" and not impossible(reason):
                print(f"failed: {name}: this machine could have run it")
                result = "failed"
        elif result == "failed":
            print(f"failed: {name}")
        counts[result] += 1
    print(f"{time.monotonic() - started:.0f} s in all")
    line = f"{counts['ok']} passed, {counts['failed']} failed"
    if counts["skipped"]:
        line += f", {counts['skipped']} skipped"
    SUMMARY.parent.mkdir(exist_ok=True)
    SUMMARY.write_text(line + "\n")
    print(line, flush=True)
    sys.exit(counts["failed"] > 0 or counts["ok"] == 0)


if __name__ == "__main__":
    main()
