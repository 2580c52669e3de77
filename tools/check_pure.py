#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Show that the libraries above the line cannot reach the outside world and keep no state.

Reads the undefined symbols of each pure library against `impure_symbols` of the table, and its
writable data symbols against the named exceptions. Usage: check_pure.py TABLE LIBRARY...
(a library is named after its room: libbl_ROOM.a).
"""
import json
import pathlib
import re
import subprocess
import sys


LINE = re.compile(r"^[0-9a-f]+ (.{7}) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$")


def symbols(library):
    """Yield (section, size, name) of each symbol in the library."""
    out = subprocess.run(["objdump", "-t", library], check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        match = LINE.match(line)
        if match and "d" not in match[1][5:6]:
            yield match[2], int(match[3], 16), match[4]


def main():
    table = json.loads(pathlib.Path(sys.argv[1]).read_text())
    impure = set(table["impure_symbols"])
    allowed = table["impure_exceptions"]
    bad, seen = [], []
    for library in sys.argv[2:]:
        room = re.fullmatch(r"libbl_(\w+)\.a", pathlib.Path(library).name)[1]
        seen.append(room)
        for section, size, name in symbols(library):
            if section == "*UND*" and name in impure and name not in allowed["symbols"].get(room, {}):
                bad.append(f"{room}/ uses {name}")
            writable = re.match(r"\.(t?data|t?bss)(\.(?!rel\.ro)|$)", section) or section == "*COM*"
            if writable and size > 0 and name.split(".")[0] not in allowed["globals"].get(room, {}):
                bad.append(f"{room}/ keeps state in {name}")
    print("\n".join(sorted(set(bad))) or "pure: " + " ".join(seen))
    sys.exit(bool(bad) or not seen)


if __name__ == "__main__":
    main()
