/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/claims.h: what verified evidence says.
 *
 * Holding a struct bl_claims means that a signature was checked up to an anchor which the caller
 * gave: only bl_scheme.verify fills one. Absent is not zero: every claim that evidence may lack has
 * its own way of being absent, and zeroed memory claims nothing.
 * Does not: say whether the claims are good enough; see appraise/.
 */
#ifndef BL_TEE_CLAIMS_H
#define BL_TEE_CLAIMS_H

#include "measure/enclave_pcrs.h"
#include "measure/pcr.h"

/** What stands behind the keys: taken from the anchor entry, never from the evidence. Ascending. */
enum bl_platform_class {
    BL_CLASS_ABSENT = 0,
    BL_CLASS_SOFTWARE,   /* whoever holds a key on some disk can forge all of it */
    BL_CLASS_HYPERVISOR, /* as good as the operator of the hypervisor */
    BL_CLASS_HARDWARE    /* a chip */
};
/** "software", "hypervisor", "hardware"; "absent" for anything else. */
const char *bl_platform_class_word(enum bl_platform_class platform_class);
/** BL_CLASS_ABSENT for an unknown word. */
enum bl_platform_class bl_platform_class_from_word(struct bulla_bytes word);

/** What the evidence is bound to. Ascending: a stronger one satisfies a demand for a weaker. */
enum bl_binding {
    BL_BINDING_ABSENT = 0, /* the caller gave nothing to compare with: freshness not checked */
    BL_BINDING_NONE,       /* a nonce, or evidence in a certificate */
    BL_BINDING_KEY,        /* a nonce and a public key (KBS wire) */
    BL_BINDING_CHANNEL     /* transcript, keys and exporter of one TLS connection (ours) */
};
/** "none", "key", "channel"; "absent" for anything else. */
const char *bl_binding_word(enum bl_binding binding);
/** BL_BINDING_ABSENT for an unknown word. */
enum bl_binding bl_binding_from_word(struct bulla_bytes word);

struct bl_claim_bytes {
    uint8_t bytes[68]; /* a digest, or a TPM Name with SHA-512 */
    size_t size;       /* bytes; 0: absent */
};
struct bl_claim_number {
    bool is_present;
    uint64_t value;
};
struct bl_claim_flag {
    bool is_present;
    bool value;
};

static inline struct bulla_bytes
bl_claim_view(const struct bl_claim_bytes *claim)
{
    return (struct bulla_bytes){ claim->bytes, claim->size };
}

/** State of one TPM as one verified quote shows it. */
struct bl_tpm_claims {
    bool is_present;
    struct bl_claim_bytes ak_name; /* absent if only a bare key was anchored */
    struct bl_claim_bytes qualified_signer;
    struct bl_claim_bytes extra_data; /* absent if empty */
    enum bl_hash signature_hash;
    struct bl_pcr_selection selection; /* exactly what the quote covers */
    struct bl_pcr_bank pcrs;           /* its values; nothing else is in here */
    uint32_t log_covers; /* bit i: PCR i has events and the log replays to its value */
    struct bl_claim_number clock_ms;
    struct bl_claim_number reset_count;
    struct bl_claim_number restart_count;
    struct bl_claim_flag clock_is_safe;
    struct bl_claim_number firmware_version;
};

struct bl_claims {
    const char *kind; /* static, the scheme's name; NULL: nothing was verified */
    enum bl_platform_class platform_class;
    const char *anchor; /* name of the anchor entry that the outermost layer ended at; borrowed */
    enum bl_binding binding;

    /* the platform: SHA-256 of the endorsement key's SubjectPublicKeyInfo, chip id, ... */
    struct bl_claim_bytes platform_id;
    struct bl_tpm_claims platform; /* the outer layer, or a machine's own TPM */

    /* the workload; each absent where the kind of evidence has no such thing */
    struct bl_claim_bytes code;            /* image digest, MRENCLAVE, launch measurement, ... */
    struct bl_claim_bytes signer;          /* SHA-256 of the signer's SPKI, MRSIGNER, ... */
    char product[BL_PRODUCT_SIZE_MAX + 1]; /* zero-terminated; "": absent */
    struct bl_claim_number version;
    struct bl_claim_bytes config; /* manifest digest, CONFIGID, ... */
    enum bl_isolation isolation;
    struct bl_claim_bytes isolation_facts; /* digest of the limits and facts in force */
    struct bl_tpm_claims enclave;          /* the vTPM of a process enclave */

    struct bl_claim_flag debug; /* absent for kinds that have no debug mode */
};

#endif
