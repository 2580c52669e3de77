#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Namespaces can be forbidden to a command and to what it starts, and nothing else changes.
wrapper=$1
count=0
check() { # NAME EXPECTED-STATUS COMMAND...
    name=$1 expected=$2
    shift 2
    count=$((count + 1))
    "$@" >/dev/null 2>&1
    status=$?
    if [ $status -eq "$expected" ]; then echo "ok $count - $name"; else echo "not ok $count - $name"; fi
}
echo 1..7
check 'a user namespace is refused' 1 "$wrapper" unshare --user true
check 'a mount namespace is refused' 1 "$wrapper" unshare --mount true
check 'a grandchild is refused too' 1 "$wrapper" sh -c 'sh -c "unshare --user true"'
check 'clone is refused as unshare is' 1 "$wrapper" python3 -c '
import ctypes, os, signal, sys
number = {"x86_64": 56, "aarch64": 220}[os.uname().machine]
sys.exit(ctypes.CDLL(None).syscall(number, 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0) == -1)'
check 'processes start as ever' 0 "$wrapper" sh -c 'true | cat'
check 'the exit code is that of the command' 7 "$wrapper" sh -c 'exit 7'
check 'without a command there is a usage' 2 "$wrapper"
