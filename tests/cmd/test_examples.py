#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every example that help and the manual pages show is run, in the order of the verb table."""
import os
import subprocess

from cli import PROGRAM, case, main


@case
def every_example_works(home):
    home.write("notes.txt", b"notes")
    os.symlink(PROGRAM, home / "bulla")
    home.environment["PATH"] = f"{home.path}:{home.environment['PATH']}"
    home.bulla("key", "generate", "-o", "first.key").ok()
    described = home.bulla("help", "--json").ok().json["verbs"]
    home.write("alice.pub", home.bulla("key", "generate", "-o", "other.key").ok().out)
    count = 0
    for verb in described:
        assert verb["examples"], verb["name"]
        for example in verb["examples"]:
            run = subprocess.run(["sh", "-euc", example], cwd=home.path, env=home.environment,
                                 capture_output=True, timeout=60, check=False)
            assert run.returncode == 0, (example, run)
            count += 1
    assert count >= 2 * len(described) - 2, count


main()
