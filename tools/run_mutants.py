#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Show that the tests see it when a check is gone.

Each tests/mutants/NAME.patch removes one check that matters. Its first lines say which test must
notice, and why it matters:

    # test: codec/cbor
    # why: an indefinite length lets two encodings stand for one value

For each: the test must pass without the patch; then the patch is applied to a copy of the tree,
the test is built, and it must fail (or hang). A patch that no longer applies, a change that does
not compile and a test that does not exist are errors, not kills.

Usage: tools/run_mutants.py [--since REVISION] [--jobs N] [NAME...]
         all of them, or those named; with --since those whose patch or patched files changed
       tools/run_mutants.py --check BUILD
         apply nothing: every patch still applies and names a test of that build
"""
import argparse
import concurrent.futures
import fcntl
import hashlib
import json
import os
import pathlib
import queue
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
MUTANTS = ROOT / "tests" / "mutants"
SCRATCH = ROOT / "build-mutants"


class Mutant:
    def __init__(self, path):
        self.path, self.name = path, path.stem
        text = path.read_text()
        header = dict(re.findall(r"^# (\w+): (.+)$", text.split("\ndiff ")[0].split("\n--- ")[0], re.M))
        self.test, self.why = header.get("test", "").strip(), header.get("why", "").strip()
        self.files = sorted(set(re.findall(r"^\+\+\+ b/(\S+)", text, re.M)))

    def header_problem(self):
        if not self.test or not self.why:
            return "its first lines must be `# test: NAME` and `# why: ...`"
        if not self.files or any(not f.startswith(("src/", "include/", "ta/")) for f in self.files):
            return "it must change the program, and nothing else"
        return None


def mutants_named(names):
    every = [Mutant(path) for path in sorted(MUTANTS.glob("*.patch"))]
    unknown = set(names) - {m.name for m in every}
    if unknown:
        sys.exit(f"no such mutant: {', '.join(sorted(unknown))}")
    return [m for m in every if not names or m.name in names]


def git_apply(tree, mutant, *options):
    """git apply in `tree`, even where that lies inside another repository."""
    return subprocess.run(["git", "apply", *options, mutant.path], cwd=tree, check=False,
                          capture_output=True, text=True,
                          env={**os.environ, "GIT_CEILING_DIRECTORIES": str(tree.parent)})


def tests_of(build):
    """Test name -> the files that must be built before it runs."""
    meson = subprocess.run(["meson", "introspect", "--tests", "--targets", "--force-object-output", build],
                           check=True, capture_output=True, text=True)
    known = json.loads(meson.stdout)
    outputs = {t["id"]: t["filename"] for t in known["targets"]}
    return {t["name"]: [os.path.relpath(f, build) for d in t["depends"] for f in outputs.get(d, [])]
            for t in known["tests"]}


def check(mutants, build):
    """The fast part."""
    tests = tests_of(build)
    problems = []
    for mutant in mutants:
        problem = mutant.header_problem()
        if problem is None and mutant.test not in tests:
            problem = f"there is no test {mutant.test}"
        if problem is None:
            applied = git_apply(ROOT, mutant, "--check")
            problem = applied.stderr.strip().splitlines()[0] if applied.returncode else None
        if problem:
            problems.append(f"{mutant.path.relative_to(ROOT)}: {problem}")
    print("\n".join(problems) or f"{len(mutants)} mutants apply and name a test")
    sys.exit(bool(problems) or not mutants)


class Workshop:
    """A copy of the tree with a build of its own, in which mutants are tried one after another."""

    def __init__(self, number):
        self.tree = SCRATCH / str(number) / "tree"
        self.build = SCRATCH / str(number) / "build"
        self.synchronise()
        if not (self.build / "build.ninja").exists():
            self.call("meson", "setup", self.build, self.tree, "-Dwerror=false", "-Doptimization=0", "-Ddebug=false",
                      env={**os.environ, "CC": "gcc"})
        self.call("ninja", "-C", self.build, "build.ninja")  # the list of tests may have changed
        self.tests = tests_of(self.build)
        self.sound = {}

    def call(self, *command, **keywords):
        return subprocess.run(command, cwd=self.tree, check=True, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, **keywords)

    def synchronise(self):
        """Make the tree equal to the checkout; what is equal already keeps its time."""
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                cwd=ROOT, check=True, capture_output=True).stdout.decode().split("\0")
        wanted = {name for name in listed if name and (ROOT / name).is_file()}
        self.tree.mkdir(parents=True, exist_ok=True)
        for path in self.tree.rglob("*"):
            if path.is_file() and str(path.relative_to(self.tree)) not in wanted:
                path.unlink()
        for name in wanted:
            self.restore(name)

    def restore(self, name):
        source, target = ROOT / name, self.tree / name
        if not target.exists() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(source, target)

    def make(self, test):
        return subprocess.run(["ninja", "-C", self.build, "-j1", *self.tests[test]], check=False,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def passes(self, test):
        """With half the patience of the test run: a mutant that hangs is a mutant that is seen."""
        return subprocess.run(["meson", "test", "-C", self.build, "--no-rebuild", "-t", "0.5", test],
                              check=False, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL).returncode == 0

    def is_sound(self, test):
        """Does the test pass as things are?"""
        if test not in self.sound:
            self.sound[test] = self.make(test).returncode == 0 and self.passes(test)
        return self.sound[test]

    def try_mutant(self, mutant):
        """Return 'killed', or what went wrong."""
        if mutant.header_problem():
            return "ERROR: " + mutant.header_problem()
        if mutant.test not in self.tests:
            return f"ERROR: there is no test {mutant.test}"
        if not self.is_sound(mutant.test):
            return f"ERROR: {mutant.test} fails without the mutant"
        try:
            applied = git_apply(self.tree, mutant)
            if applied.returncode:
                return "ERROR: does not apply: " + applied.stderr.strip()
            made = self.make(mutant.test)
            if made.returncode:
                return "ERROR: does not compile:\n" + made.stdout[-2000:]
            return "SURVIVED" if self.passes(mutant.test) else "killed"
        finally:
            for name in mutant.files:
                self.restore(name)


def changed_since(mutants, revision):
    diff = subprocess.run(["git", "diff", "--name-only", revision], cwd=ROOT, check=True,
                          capture_output=True, text=True).stdout.split()
    return [m for m in mutants if {str(m.path.relative_to(ROOT)), *m.files} & set(diff)]


def sample(mutants, count):
    """`count` of them, others at each commit: in time all are tried, at each landing a few."""
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, check=False, capture_output=True)
    return sorted(mutants, key=lambda m: hashlib.sha256(head.stdout + m.name.encode()).digest())[:count]


def run_all(mutants, jobs=os.cpu_count() or 1):
    """Try them all; yield (mutant, outcome, seconds) in order. Only one run per checkout at a time."""
    SCRATCH.mkdir(exist_ok=True)
    with open(SCRATCH / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Mutants of one test, then of one file, follow each other, so that less is rebuilt.
        ordered = sorted(mutants, key=lambda m: (m.test, m.files, m.name))
        jobs = max(1, min(jobs, len(ordered)))
        workshops = queue.SimpleQueue()
        for number in range(jobs):
            workshops.put(Workshop(number))

        def one(mutant):
            workshop = workshops.get()
            begun = time.monotonic()
            try:
                return mutant, workshop.try_mutant(mutant), time.monotonic() - begun
            finally:
                workshops.put(workshop)

        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            for mutant, outcome, seconds in pool.map(one, ordered):
                print(f"{outcome}: {mutant.name} ({mutant.test}, {seconds:.1f} s): {mutant.why}", flush=True)
                yield mutant, outcome, seconds


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", metavar="BUILD")
    parser.add_argument("--since", metavar="REVISION")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    mutants = mutants_named(arguments.names)
    if arguments.check:
        check(mutants, arguments.check)
    if arguments.since:
        mutants = changed_since(mutants, arguments.since)
    killed = sum(outcome == "killed" for _, outcome, _ in run_all(mutants, arguments.jobs))
    print(f"{killed} of {len(mutants)} mutants killed")
    sys.exit(killed != len(mutants) or (not mutants and not arguments.since))


if __name__ == "__main__":
    main()
