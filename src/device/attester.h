/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attester.h: the attesters of the machine that we run on, in one table: what makes evidence,
 * through which interface of the kernel, and how it is asked.
 *
 * Guarantees: what a kernel, hypervisor or firmware answers is hostile input: sizes are checked, waiting
 * is bounded, and what the evidence carries is what was asked for, before it is given to anybody.
 * Does not: verify the evidence, nor say that the machine is what it says; a verifier does. Whoever can
 * call this can have any nonce quoted: it is for the operator of the machine (`bulla attest`), and no
 * interface of it is handed to a workload (docs/threat-model.md, X4).
 */
#ifndef BL_DEVICE_ATTESTER_H
#define BL_DEVICE_ATTESTER_H

#include "base/buffer.h"
#include "device/node.h"
#include "device/tpm.h"

#define BL_ATTEST_NONCE_SIZE_MAX 64      /* bytes: report data of SNP, TDX, SGX and CCA */
#define BL_ATTEST_TIMEOUT_MS 90000u      /* drivers themselves give up after 30 to 120 s */
#define BL_COLLECTED_COUNT_MAX 6         /* pieces of one collection */
#define BL_COLLECTED_SIZE_MAX (4u << 20) /* bytes of one piece, as a verifier takes it */

/** One piece: `role` as in `bulla verify --part ROLE=FILE`; "evidence" is the evidence itself. */
struct bl_collected_part {
    const char *role; /* static */
    struct bulla_buffer bytes;
};
struct bl_collected {
    const char *kind;     /* of tee/schemes.c, static */
    const char *left_out; /* role of what the host gave and is not usable, static; or NULL */
    struct bl_collected_part parts[BL_COLLECTED_COUNT_MAX]; /* the first is the evidence */
    size_t count;
};
void bl_collected_done(struct bl_collected *collected);
/** Take `bytes` over as the next piece; they are empty afterwards. */
void bl_collected_add(struct bl_collected *collected, const char *role, struct bulla_buffer *bytes);

/** What is asked for. Borrowed. */
struct bl_attest_request {
    const char *path;         /* device or directory; NULL: the attester's own place */
    struct bulla_bytes nonce; /* 1 to 64 bytes; where there is room for more, zeros follow */
    int64_t deadline;         /* sys/clock.h */
    uint64_t tag;             /* names what is made on the way; 0: by chance */
    const uint8_t *ta; /* OP-TEE: 16 bytes, the trusted application to measure; NULL: the TEE */
    /* Of kind tpm: opened by the caller, who knows where its state is, and which key is enrolled. */
    struct bl_tpm *tpm;
    const struct bl_tpm_key *ak;
    bool tpm_log; /* the log of this machine's firmware is about this TPM */
};

/** What is there. */
struct bl_local_attester_probe {
    enum bl_node_state state;
    const char *path; /* what was asked; borrowed */
    const char *kind; /* of evidence that would come, static; NULL: none, or not known */
};

struct bl_local_attester {
    const char *name;         /* of the interface: "configfs-tsm" */
    const char *path;         /* where it is, unless the operator says otherwise */
    const char *const *kinds; /* of evidence that can come of it; ends with NULL */
    bool is_bounded; /* collect() keeps the deadline by itself, and works in this process only */
    /** Changes nothing that stays. */
    void (*probe)(const char *path, struct bl_local_attester_probe *out);
    /** Remove what a collect() of this request, which was killed, left behind. NULL: nothing. */
    void (*tidy)(const struct bl_attest_request *request);
    /** *out is empty before, and after a failure. Causes: NO_ATTESTER, ATTESTER_NOT_PERMITTED,
     *  ATTESTER_FAILED, ATTESTER_ANSWER (it is not what was asked for), BUSY, TIMEOUT, LIMIT. */
    enum bulla_status (*collect)(const struct bl_attest_request *request, struct bl_collected *out,
                                 struct bulla_error *err);
};

/** The table, the best first: hardware before software, interfaces of today before older ones. */
const struct bl_local_attester *const *bl_local_attesters(size_t *count_out);
/** The first that is usable here; with `kind`, the first that gives evidence of it. NULL: none. Then
 *  *probe_out is of the one that comes nearest: there, but not permitted. `path` replaces the place of
 *  every attester that is asked; NULL: each its own. */
const struct bl_local_attester *bl_local_attester_find(const char *kind, const char *path,
                                                       struct bl_local_attester_probe *probe_out);
/** True if evidence of this kind can come of it. */
bool bl_local_attester_gives(const struct bl_local_attester *attester, const char *kind);

/** attester->collect, unless it is_bounded, in a process of its own that is killed at the deadline: no
 *  kernel that never answers, and no endless file, holds the caller. For a process of one thread. */
enum bulla_status bl_local_attester_collect(const struct bl_local_attester *attester,
                                            const struct bl_attest_request *request,
                                            struct bl_collected *out,
                                            struct bulla_error *err) BULLA_CHECKED;

#endif
