/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faulty_bulla: the bulla program with one fault armed: faulty_bulla KIND NTH once|forever ARGUMENT...
 *
 * Ends with the program's exit code, and with 99 if the armed point was never reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "cmd/verb.h"

#define NOT_REACHED 99

static const char *const kinds[BL_FAULT_KINDS] = {
    [BL_FAULT_MEMORY] = "memory",   [BL_FAULT_FILE] = "file",         [BL_FAULT_SOCKET] = "socket",
    [BL_FAULT_PROCESS] = "process", [BL_FAULT_DATABASE] = "database", [BL_FAULT_TPM] = "tpm",
    [BL_FAULT_RANDOM] = "random",
};

int
main(int argc, char **argv)
{
    int kind = 0;

    if (argc < 5)
        return 2;
    while (kind < BL_FAULT_KINDS && strcmp(kinds[kind], argv[1]) != 0)
        kind++;
    if (kind == BL_FAULT_KINDS)
        return 2;
    bool forever = strcmp(argv[3], "forever") == 0;
    bl_fault_arm((enum bl_fault)kind, strtoull(argv[2], NULL, 10), forever);
    argv[3] = argv[0];
    int code = bl_main(argc - 3, argv + 3);
    return bl_fault_disarm() ? code : NOT_REACHED;
}
