/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tools/without_userns.c: run a command as in a container that forbids namespaces.
 *
 * Usage: without_userns COMMAND [ARGUMENT...]
 *
 * Refuses what the usual default filters of container engines refuse: making or entering
 * namespaces, mounting, changing the root. clone3 does not exist there, because a filter cannot see
 * its flags. Everything started from the command inherits it. It is for tests: it confines nothing
 * that wants to get out by other ways.
 */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <seccomp.h>

static const int namespace_flags[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                       CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP };

/** Refuse `call` where argument 0 has any of the namespace flags. */
static bool
refuse_flags(scmp_filter_ctx filter, int call)
{
    for (size_t i = 0; i < sizeof namespace_flags / sizeof namespace_flags[0]; i++) {
        scmp_datum_t flag = (scmp_datum_t)namespace_flags[i];
        if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1,
                             SCMP_A0(SCMP_CMP_MASKED_EQ, flag, flag)) != 0)
            return false;
    }
    return true;
}

static bool
refuse_namespaces(void)
{
    static const int refused[] = { SCMP_SYS(setns), SCMP_SYS(mount), SCMP_SYS(umount2),
                                   SCMP_SYS(pivot_root) };
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    bool fine = filter != NULL && refuse_flags(filter, SCMP_SYS(unshare)) &&
                refuse_flags(filter, SCMP_SYS(clone)) &&
                seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;

    for (size_t i = 0; fine && i < sizeof refused / sizeof refused[0]; i++)
        fine = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0) == 0;
    /* libseccomp sets no_new_privs, without which an ordinary user may load no filter. */
    fine = fine && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return fine;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: without_userns COMMAND [ARGUMENT...]\n");
        return 2;
    }
    if (!refuse_namespaces()) {
        perror("without_userns");
        return 125;
    }
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 127;
}
