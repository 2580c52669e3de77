#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The layout of C files is what clang-format 14 makes of them (make format).

Other versions lay out some lines differently, so only this one decides; where it is missing the
check is skipped (exit code 77). Usage: check_format.py ROOT
"""
import pathlib
import shutil
import subprocess
import sys


def main():
    root = pathlib.Path(sys.argv[1])
    if shutil.which("clang-format-14") is None:
        print("clang-format 14 is not in this release")
        sys.exit(77)
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.c", "*.h"],
                            cwd=root, check=True, capture_output=True, text=True).stdout.split()
    names = [name for name in listed if (root / name).is_file()]
    if not names:
        sys.exit("no files")
    sys.exit(subprocess.run(["clang-format-14", "--dry-run", "-Werror", *names], cwd=root,
                            check=False).returncode)


if __name__ == "__main__":
    main()
