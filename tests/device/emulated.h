/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/emulated.h: the attestation devices of five platforms, honest or lying.
 */
#ifndef TESTS_DEVICE_EMULATED_H
#define TESTS_DEVICE_EMULATED_H

#include "base/buffer.h"
#include "device/emulator.h"
#include "device/snp_firmware.h"

#define FOREVER 1000000000u /* times */

/** How a device behaves; zeroed: well. */
struct behaviour {
    unsigned interrupted; /* so many calls end with EINTR first */
    unsigned busy;        /* so many calls are refused as too many */
    int error;            /* errno of the call that makes evidence; 0: none */
    bool denied;          /* nobody may open it */
    bool absent;          /* it is not there */
    bool never;           /* the call that makes evidence does not return */
    bool wrong_data;      /* evidence is about something else */
    unsigned wrong_count; /* the first so many pieces of evidence are about something else */
    bool garbage;         /* evidence is none */
    bool endless;         /* files do not end */
    bool bytewise;        /* files come a byte at a time */
    size_t cut;           /* bytes that evidence lacks at its end */
    size_t more;          /* zero bytes after it */
    uint64_t size;        /* what the device says how much it is; 0: the truth */
    uint32_t code;        /* what firmware, hypervisor or TEE answers instead of success */

    /* configfs-tsm */
    const char *provider;     /* NULL: "sev_guest" */
    unsigned floor;           /* least privilege level */
    unsigned moves;           /* somebody else writes so many times before evidence is read */
    unsigned interrupts;      /* so often the program is ended while its report is made */
    bool deaf;                /* inblob is taken, and nothing comes of it */
    const char *generation;   /* NULL: the number */
    bool with_log, other_log; /* ACPI has an event log of the TD; one of another boot */

    /* sev-guest */
    bool without_table, broken_table;
    uint32_t pages;      /* the host's certificates take so many; 0: fit */
    uint32_t pages_said; /* the host says so many, whatever is offered; 0: the truth */
    uint32_t vmm_error;
    struct snp_platform *snp; /* NULL: one with reports and no keys; borrowed */

    /* optee */
    bool is_another_tee, without_service;
    uint64_t size_said; /* of evidence; 0: the truth */

    /* gramine */
    const char *type; /* NULL: "dcap" */
};

/** What happened, in memory that both processes see. */
struct happening {
    unsigned made;    /* pieces of evidence */
    unsigned entries; /* report directories that are there */
    unsigned entries_made;
    unsigned descriptors; /* open ones */
    unsigned sessions;    /* open ones */
    unsigned calls;
};

struct device {
    struct behaviour does;
    struct happening happened;
    struct emulated emulated;
    const char *place;
    /* what was written, and what is being read */
    uint8_t report_data[64];
    size_t report_data_size;
    struct bulla_buffer files[8]; /* by handle */
    size_t offsets[8];
    unsigned generation, level, inblob_pending;
    char entry[256];
    uint64_t sessions_made;
    int memory_fd; /* of shared memory */
};

/** `name`: configfs-tsm, sev-guest, nsm, gramine, optee; at its usual place. */
void device_make(struct device *device, const char *name, const struct behaviour *does);
void device_done(struct device *device);

/** For the files of this folder. */
void device_make_tsm(struct device *device);
void device_make_sev_guest(struct device *device);
void device_make_nsm(struct device *device);
void device_make_gramine(struct device *device);
void device_make_optee(struct device *device);

/** What is at `place`, a node or a folder, is of the device; who may, opens and closes it. */
void device_make_place(struct device *device, const char *place);
/** A node that is there for its ioctl() alone. */
void device_make_node(struct device *device, const char *place,
                      long (*ioctl)(void *state, struct remote *remote, unsigned long request,
                                    uint64_t argument));
/** Whether `path` may be opened: 0, or why not. */
long device_access(void *state, const char *path);

/** One less of `count`; true while there was one. */
bool happens(unsigned *count);
/** Errors that any call may meet first; 0: none. */
long device_trouble(struct device *device);
/** What the evidence is about, changed where it is to be wrong. */
void device_asked(struct device *device, uint8_t report_data[64]);
/** Cut off, extended, or replaced, as the behaviour says. */
void device_spoil(const struct device *device, struct bulla_buffer *evidence);
/** The next bytes of the file behind `handle`. */
long device_read(struct device *device, int handle, void *out, size_t size);

#endif
