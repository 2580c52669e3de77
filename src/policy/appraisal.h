/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal.h: an appraisal policy with its reference values: data, canonical, hashed.
 *
 * Two forms of the same thing: YAML (or JSON, which the strict profile reads as well), which people
 * write, and deterministic CBOR, whose SHA-256 is the policy's digest. Two formats: 2, and 1, which is
 * still read and written as it always was. What format 1 has no word for is as the built-in baseline
 * has it. Format: docs/formats/appraisal-policy.md.
 * Guarantees: every field that the policy's kinds of evidence have must be said, but for the few whose
 * absence accepts no more than was accepted before there were such fields; an empty list of what
 * is accepted accepts nothing; "do not care" is its own explicit word, with its reason, and only where
 * it can be justified; unknown and repeated fields are refused; lists are sets, sorted in the
 * canonical form, so that equal policies have equal digests. No policy accepts a revoked TCB, or says
 * anything of debug mode: that is never accepted.
 * Does not: appraise (appraise/appraise.h), nor know who signed it.
 */
#ifndef BL_POLICY_APPRAISAL_H
#define BL_POLICY_APPRAISAL_H

#include "base/buffer.h"
#include "tee/claims.h"

#define BL_POLICY_FORMAT 2
#define BL_POLICY_FORMAT_1 1
#define BL_POLICY_SIZE_MAX ((size_t)1 << 20) /* bytes of the canonical form */
#define BL_POLICY_LIST_COUNT_MAX 1024        /* platform ids, code digests, ... */
#define BL_POLICY_PCR_COUNT_MAX 48           /* PCRs with values: two banks of 24 */
#define BL_POLICY_NAME_SIZE_MAX 64           /* bytes */
#define BL_POLICY_TEXT_SIZE_MAX 256          /* bytes of a source or a reason */
#define BL_POLICY_DIGEST_SIZE_MIN 16         /* bytes: device and instance ids are not shorter */
#define BL_POLICY_NEVER INT64_MAX            /* an end that does not come */

enum bl_policy_subject {
    BL_SUBJECT_ABSENT = 0,
    BL_SUBJECT_MACHINE, /* a machine's own TPM, a device; no enclave identity is asked for */
    BL_SUBJECT_ENCLAVE
};
/** "machine", "enclave"; "absent" for anything else. */
const char *bl_policy_subject_word(enum bl_policy_subject subject);
/** BL_SUBJECT_ABSENT for an unknown word. */
enum bl_policy_subject bl_policy_subject_from_word(struct bulla_bytes word);

/** Kinds of evidence as policies tell them apart: by what they can say. */
enum bl_policy_kind {
    BL_KIND_NONE = 0,
    BL_KIND_SGX,
    BL_KIND_TDX,
    BL_KIND_SNP,
    BL_KIND_TPM,
    BL_KIND_NITRO,    /* an enclave */
    BL_KIND_NITROTPM, /* a machine */
    BL_KIND_AZURE_SNP,
    BL_KIND_AZURE_TDX,
    BL_KIND_CCA,
    BL_KIND_PSA,
    BL_KIND_NVIDIA,
    BL_KIND_OPTEE,
    BL_KIND_COUNT
};
#define BL_KINDS_ALL (((uint64_t)1 << BL_KIND_COUNT) - 2)
/** "sgx", "azure-snp", ...; "none" for anything else. */
const char *bl_policy_kind_word(enum bl_policy_kind kind);
/** BL_KIND_NONE for an unknown word. */
enum bl_policy_kind bl_policy_kind_from_word(struct bulla_bytes word);
/** What these claims are of; BL_KIND_NONE for what no policy knows. */
enum bl_policy_kind bl_policy_kind_of(const struct bl_claims *claims);

/** What stands in the place of a list or a number. Zeroed memory is an empty list. */
enum bl_said {
    BL_SAID_LIST = 0,
    BL_SAID_ANY,   /* whatever the evidence says, but it must say something */
    BL_SAID_ABSENT /* the evidence must not say anything: its kind has no such thing */
};

/** The oldest TDX module of one line that is accepted. */
struct bl_module_floor {
    uint8_t version, svn;
};

/** One thing in a list; which members count depends on the list. */
struct bl_policy_item {
    struct bulla_bytes value;        /* digest or identifier; of names: text */
    struct bl_pcr_selection pcr;     /* registers, events: one bit of the mask */
    uint32_t event_type;             /* events, if `value` is empty */
    struct bl_firmware_claims floor; /* firmware */
    struct bl_module_floor module;   /* TDX modules */
    const char *check;               /* exceptions: static, one of bl_policy_exceptions[] */
    struct bulla_bytes platform;     /* exceptions: whose; empty: everybody's */
    struct bulla_bytes source;       /* where it comes from, or why it is here */
    int64_t until_s;                 /* Unix seconds: the last at which it counts */
};
struct bl_policy_list {
    enum bl_said said;
    struct bulla_bytes reason;    /* of ANY and ABSENT, format 2 */
    struct bl_policy_item *items; /* owned; what they point to is borrowed */
    size_t count;
};
void bl_policy_list_done(struct bl_policy_list *list);
/** Room for `count` items in an empty list, zeroed. */
enum bulla_status bl_policy_list_new(struct bl_policy_list *list, size_t count,
                                     struct bulla_error *err) BULLA_CHECKED;

enum bl_match { BL_MATCH_NONE = 0, BL_MATCH_EXPIRED, BL_MATCH_YES };
/** Does the list accept `value` at this time? What is absent (size 0) is accepted by ABSENT alone;
 *  an item whose end has passed matches no more. *item_out (may be NULL) is the item that matched, or
 *  that would have before it expired; else NULL. */
enum bl_match bl_policy_list_match(const struct bl_policy_list *list, struct bulla_bytes value,
                                   int64_t now_s, const struct bl_policy_item **item_out);

/** A least value. Zeroed memory is met by nothing. */
struct bl_floor {
    enum bl_said said;
    struct bulla_bytes reason;
    bool is_given; /* else `said` LIST is met by nothing */
    uint64_t least;
};

/** The checks that an exception may lift for a while: "tcb-status", "tcb-advisory", "firmware",
 *  "endorsement". Ends with NULL. */
extern const char *const bl_policy_exceptions[];

struct bl_appraisal_policy {
    uint64_t format;
    char name[BL_POLICY_NAME_SIZE_MAX + 1];
    uint64_t version;
    enum bl_policy_subject subject;
    enum bl_binding binding; /* weakest accepted */
    int64_t not_after_s;     /* Unix seconds: the policy itself expires */
    uint64_t kinds;          /* bit 1 << enum bl_policy_kind */
    uint64_t classes;        /* bit 1 << enum bl_platform_class */
    struct bl_policy_list platforms;
    struct bl_policy_list revoked_platforms; /* wins over `platforms` */
    struct bl_policy_list exceptions;
    struct bl_policy_list unchecked; /* names of endorsements that may be missing */
    /* what Intel rates */
    uint64_t tcb_statuses; /* bit 1 << enum bl_tcb_status */
    struct bl_floor tcb_evaluation;
    struct bl_floor tcb_date; /* Unix seconds */
    struct bl_policy_list denied_advisories;
    struct bl_policy_list accepted_advisories; /* of a status other than UpToDate */
    /* what nobody rates */
    struct bl_policy_list firmware; /* one item a generation that is accepted */
    /* flags: what is set must be required or permitted, and what is required must be set */
    uint64_t guest_policy_required, guest_policy_permitted;
    uint64_t platform_info_required, platform_info_permitted;
    uint64_t td_attributes_required, td_attributes_permitted;
    uint64_t sgx_attributes_required, sgx_attributes_permitted;
    uint64_t vmpls; /* bit 1 << VMPL */
    bool migratable;
    struct bl_policy_list service_tds; /* that may be bound to a TD; none need be */
    struct bl_policy_list
        tdx_modules; /* one item a line that is accepted; ANY without a reason: not
                                          said, Intel's rating alone decides */
    uint64_t launch_mitigations, current_mitigations; /* flags that must be set */
    uint64_t collateral_grace_days; /* that collateral may be used past its next update */
    /* what was measured */
    struct bl_policy_list platform_pcrs; /* of a TPM */
    struct bl_policy_list registers;     /* the workload's own */
    struct bl_policy_list required_events, forbidden_events;
    /* subject enclave only */
    uint64_t isolations; /* bit 1 << enum bl_isolation */
    struct bl_policy_list signers;
    struct bl_policy_list products; /* names */
    struct bl_floor minimum_version;
    struct bl_policy_list codes;
    struct bl_policy_list configs;

    uint8_t digest[32]; /* SHA-256 of the canonical form */
    struct bulla_buffer
        canonical; /* what the views above point into. Both are set by whatever reads a
                                      policy */
};
void bl_appraisal_policy_done(struct bl_appraisal_policy *policy);

/** From canonical CBOR; BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED (another format version). */
enum bulla_status bl_appraisal_policy_decode(struct bulla_bytes cbor,
                                             struct bl_appraisal_policy *policy_out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** Append the canonical CBOR, in the policy's format; lists may be in any order. */
enum bulla_status bl_appraisal_policy_encode(const struct bl_appraisal_policy *policy,
                                             struct bulla_buffer *out,
                                             struct bulla_error *err) BULLA_CHECKED;
/** From the YAML or JSON that people write: lists in any order, the canonical form is made here. */
enum bulla_status bl_appraisal_policy_from_yaml(struct bulla_bytes yaml,
                                                struct bl_appraisal_policy *policy_out,
                                                struct bulla_error *err) BULLA_CHECKED;

#endif
