/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure/enclave_pcrs.h: where the identity of a process enclave sits in its own vTPM, and the
 * event log that explains it.
 *
 * The monitor extends each of these PCRs of the SHA-256 bank exactly once, before the agent starts,
 * in ascending order; so each is SHA-256(32 zero bytes | digest) for a digest that a verifier knows
 * beforehand. They are in the range that no command of the enclave can reset (8 to 15).
 *
 *   PCR  what                       digest extended
 *    8   code                       the image digest
 *    9   signer and product         SHA-256(det-CBOR ["bulla-signer/1", signer, product])
 *   10   configuration              the manifest digest
 *   11   isolation really in force  SHA-256(det-CBOR ["bulla-isolation/1", word, {limits}, [facts]])
 *   12   version                    SHA-256(det-CBOR ["bulla-version/1", version])
 *
 * Sealing binds a minimum version through the NV index below (PolicyNV, >=), never through PCR 12,
 * which is there so that a quote shows the version; the monitor writes both from one number.
 * The log is a TCG2 log of five EV_EVENT_TAG events, with the CBOR above as data of PCR 9, 11 and
 * 12, and the label "code" or "config" as data of PCR 8 and 10. docs/formats/tpm-evidence.md.
 *
 * Does not: mean anything by itself. What only a monitor asserts is worth what measures the monitor
 * (DESIGN 4.11): see tee/tpm/evidence.h for the platform layer.
 */
#ifndef BL_MEASURE_ENCLAVE_PCRS_H
#define BL_MEASURE_ENCLAVE_PCRS_H

#include "measure/event_log.h"

enum {
    BL_ENCLAVE_PCR_CODE = 8,
    BL_ENCLAVE_PCR_SIGNER = 9,
    BL_ENCLAVE_PCR_CONFIG = 10,
    BL_ENCLAVE_PCR_ISOLATION = 11,
    BL_ENCLAVE_PCR_VERSION = 12
};
#define BL_ENCLAVE_PCR_FIRST 8u
#define BL_ENCLAVE_PCR_COUNT 5u
#define BL_ENCLAVE_PCR_MASK 0x00001f00u

#define BL_ENCLAVE_NV_VERSION 0x01800b01u /* 8 bytes, big-endian, written once, then locked */
#define BL_ENCLAVE_NV_COUNTER 0x01800b02u /* the enclave's own freshness counter */

#define BL_PRODUCT_SIZE_MAX 64 /* bytes of UTF-8 */
#define BL_FACT_COUNT_MAX 32   /* words */
#define BL_FACT_SIZE_MAX 48    /* bytes of one word */

enum bl_isolation {
    BL_ISOLATION_ABSENT = 0, /* not claimed */
    BL_ISOLATION_NONE,       /* an ordinary process */
    BL_ISOLATION_OS,         /* namespaces, seccomp, landlock, resource limits */
    BL_ISOLATION_VM,         /* a virtual machine of its own */
    BL_ISOLATION_HARDWARE    /* memory that the processor keeps from the host */
};
/** "none", "os", "vm", "hardware"; "absent" for anything else. */
const char *bl_isolation_word(enum bl_isolation isolation);
/** BL_ISOLATION_ABSENT for an unknown word. */
enum bl_isolation bl_isolation_from_word(struct bulla_bytes word);

/** What the kernel really enforces around a process enclave. 0 is "no limit in force". */
struct bl_isolation_facts {
    enum bl_isolation isolation;
    uint64_t memory_max;    /* bytes */
    uint64_t pids_max;      /* processes and threads */
    uint64_t cpu_max_milli; /* thousandths of one processor */
    uint64_t open_files_max;
    const char *facts[BL_FACT_COUNT_MAX]; /* ascending words, e.g. "landlock", "netns", "seccomp" */
    size_t fact_count;
};

/** Identity of an enclave, as one monitor asserts it. */
struct bl_enclave_identity {
    uint8_t code[32];                      /* image digest */
    uint8_t signer[32];                    /* SHA-256 of the signer's SubjectPublicKeyInfo */
    char product[BL_PRODUCT_SIZE_MAX + 1]; /* zero-terminated UTF-8, not empty */
    uint8_t config[32];                    /* manifest digest */
    uint64_t version;
    enum bl_isolation isolation;
    uint8_t isolation_digest[32]; /* of the facts: what PCR 11 was extended with */
};

/** The digest that PCR 11 is extended with, and the CBOR behind it, appended to *data_out if it is
 *  not NULL. BULLA_E_ARGUMENT if words do not ascend or exceed their limits. */
enum bulla_status bl_isolation_digest(const struct bl_isolation_facts *facts,
                                      struct bulla_buffer *data_out, uint8_t digest_out[32],
                                      struct bulla_error *err) BULLA_CHECKED;
/** The digests to extend, by PCR from BL_ENCLAVE_PCR_FIRST. */
enum bulla_status bl_enclave_digests(const struct bl_enclave_identity *identity,
                                     uint8_t digests_out[BL_ENCLAVE_PCR_COUNT][32],
                                     struct bulla_error *err) BULLA_CHECKED;
/** The values of PCR 8 to 12 that this identity gives; no others are known in *bank_out. */
enum bulla_status bl_enclave_predict(const struct bl_enclave_identity *identity,
                                     struct bl_pcr_bank *bank_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Append the log of an enclave; `isolation_data` is what bl_isolation_digest() gave. */
enum bulla_status bl_enclave_log_write(const struct bl_enclave_identity *identity,
                                       struct bulla_bytes isolation_data,
                                       struct bulla_buffer *log_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Read such a log strictly: five events, in order, data and digests in agreement;
 *  BULLA_E_MALFORMED. Believe the result only if bl_enclave_predict() of it equals quoted PCRs. */
enum bulla_status bl_enclave_log_read(struct bulla_bytes log,
                                      struct bl_enclave_identity *identity_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
