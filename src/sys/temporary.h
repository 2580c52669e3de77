/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/temporary.h: how the temporaries of sys/file_new.c are named; sys/directory.c sweeps them.
 */
#ifndef BL_SYS_TEMPORARY_H
#define BL_SYS_TEMPORARY_H

#define BL_TEMPORARY_PREFIX ".bulla-"
#define BL_TEMPORARY_SUFFIX ".tmp"
#define BL_TEMPORARY_FORMAT BL_TEMPORARY_PREFIX "%016llx" BL_TEMPORARY_SUFFIX
#define BL_TEMPORARY_NAME_SIZE \
    (sizeof(BL_TEMPORARY_PREFIX) - 1 + 16 + sizeof(BL_TEMPORARY_SUFFIX) - 1)

#endif
