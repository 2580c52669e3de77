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
    uint32_t log_covers;          /* bit i: PCR i has events and the log replays to its value */
    struct bulla_bytes event_log; /* the log that was replayed, empty if there was none; borrowed
                                     from the evidence. Of it only what log_covers means anything */
    struct bl_claim_number clock_ms;
    struct bl_claim_number reset_count;
    struct bl_claim_number restart_count;
    struct bl_claim_flag clock_is_safe;
    struct bl_claim_number firmware_version;
};

/** How a vendor rates what firmware and microcode are at, in Intel's words (PCS API v4), which the
 *  others' can be put into. */
enum bl_tcb_status {
    BL_TCB_ABSENT = 0, /* nobody said */
    BL_TCB_UP_TO_DATE,
    BL_TCB_SW_HARDENING_NEEDED,
    BL_TCB_CONFIGURATION_NEEDED,
    BL_TCB_CONFIGURATION_AND_SW_HARDENING_NEEDED,
    BL_TCB_TD_RELAUNCH_ADVISED,
    BL_TCB_TD_RELAUNCH_ADVISED_CONFIGURATION_NEEDED,
    BL_TCB_OUT_OF_DATE,
    BL_TCB_OUT_OF_DATE_CONFIGURATION_NEEDED,
    BL_TCB_REVOKED
};
/** "UpToDate" and so on; "absent" for anything else. */
const char *bl_tcb_status_word(enum bl_tcb_status status);
/** BL_TCB_ABSENT for an unknown word. */
enum bl_tcb_status bl_tcb_status_from_word(struct bulla_bytes word);

#define BL_ADVISORY_COUNT_MAX 64
#define BL_ADVISORY_SIZE 24 /* bytes: "INTEL-SA-00615" and a zero */

struct bl_tcb_claims {
    bool is_rated;               /* the vendor rates platforms of this kind: without a status it is
                                    not known whether this one is any good */
    enum bl_tcb_status status;   /* of all together */
    enum bl_tcb_status platform; /* microcode and SVNs */
    enum bl_tcb_status quoter;   /* quoting enclave */
    enum bl_tcb_status module;   /* TDX module */
    struct bl_claim_number date_s;            /* Unix seconds: when the platform's level was new */
    struct bl_claim_number evaluation_number; /* of the TCB info: which of Intel's evaluations */
    char advisories[BL_ADVISORY_COUNT_MAX][BL_ADVISORY_SIZE]; /* sorted, each once */
    size_t advisory_count;
};
/** Keep one; the same again is no second. BULLA_E_LIMIT, or BULLA_E_MALFORMED for a word that is too
 *  long or not of printable ASCII. */
enum bulla_status bl_tcb_advise(struct bl_tcb_claims *tcb, struct bulla_bytes advisory,
                                struct bulla_error *err) BULLA_CHECKED;

/** Generations of AMD's processors, each with its own TCB structure. */
enum bl_snp_generation { BL_SNP_GENERATION_NONE = 0, BL_SNP_MILAN, BL_SNP_GENOA, BL_SNP_TURIN };
/** "milan", "genoa", "turin"; "none" for anything else. */
const char *bl_snp_generation_word(enum bl_snp_generation generation);
/** BL_SNP_GENERATION_NONE for an unknown word. */
enum bl_snp_generation bl_snp_generation_from_word(struct bulla_bytes word);

/** What of an SEV-SNP platform has a security version number. */
enum bl_svn {
    BL_SVN_BOOTLOADER,
    BL_SVN_TEE,
    BL_SVN_SNP,
    BL_SVN_MICROCODE,
    BL_SVN_FMC, /* from Turin on */
    BL_SVN_COUNT
};
/** "bootloader", "tee", "snp", "microcode", "fmc". */
const char *bl_svn_word(enum bl_svn component);
/** How many components a generation has: the first so many of enum bl_svn; 0 for NONE. */
size_t bl_svn_count(enum bl_snp_generation generation);

/** What an SEV-SNP platform is at: nobody rates it, so that a policy has to. */
struct bl_firmware_claims {
    enum bl_snp_generation generation; /* NONE: no such platform */
    uint8_t svns[BL_SVN_COUNT];        /* of the reported TCB; by enum bl_svn */
};

#define BL_UNCHECKED_COUNT_MAX 8
#define BL_COLLATERAL_GRACE_DAYS_MAX 366 /* what is late by more is no collateral to anybody */

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
    struct bl_pcr_bank registers;    /* its own: RTMR 0 to 3, PCRs of a Nitro enclave, REM 0 to
                                              3; mask 0: it has none */
    struct bulla_bytes register_log; /* of the events that made them, as it was replayed; empty if
                                        there was none; borrowed. Of it only what register_log_covers
                                        means anything */
    uint32_t register_log_covers;    /* bit i: the log replays to register i */

    struct bl_claim_flag debug; /* absent for kinds that have no debug mode */

    /* the platform's condition; each absent where the kind has no such thing */
    struct bl_tcb_claims tcb;
    struct bl_firmware_claims firmware;
    struct bl_claim_number attributes; /* how it was launched, 64 flags in the bits of the vendor:
                                             SGX ATTRIBUTES, TD_ATTRIBUTES, SEV-SNP guest policy */
    struct bl_claim_number platform_info; /* SEV-SNP: flags of PLATFORM_INFO */
    struct bl_claim_number vmpl;          /* SEV-SNP: privilege level of who asked for the report */
    struct bl_claim_number launch_mitigations;  /* SEV-SNP, reports from version 5 on: flags of the
                                                  mitigations in force at launch */
    struct bl_claim_number current_mitigations; /* and now */
    struct bl_claim_number module_version; /* TDX: which line of modules: 0 for those of TDX 1.0 */
    struct bl_claim_number module_svn;     /* TDX: security version within that line */
    struct bl_claim_flag migratable;       /* an agent or another TD may take its state along */
    struct bl_claim_bytes service_td;      /* TDX: digest of the service TDs that are bound to it */
    struct bl_claim_flag secured; /* life cycle (PSA, CCA): false is a test or decommissioned */

    struct bl_claim_number late_s; /* how long the next update of collateral had been due: that of
                                      the oldest piece; absent: of none */

    /* what could not be looked at for want of an endorsement: static words, as roles of parts */
    const char *unchecked[BL_UNCHECKED_COUNT_MAX];
    size_t unchecked_count;
};
/** Note it; more than there is room for are one "others". */
void bl_claims_unchecked(struct bl_claims *claims, const char *what);
/** Note that something was used `late_s` seconds after its next update was due, within the grace that
 *  was given; the latest counts. */
void bl_claims_late(struct bl_claims *claims, int64_t late_s);
/** Our own static word for what may stay unchecked; "others" for one that we do not use. */
const char *bl_unchecked_word(struct bulla_bytes word);

#endif
