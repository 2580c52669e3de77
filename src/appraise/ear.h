/* SPDX-License-Identifier: Apache-2.0 */
/*
 * appraise/ear.h: attestation results: EAR (draft-ietf-rats-ear-03) with the trustworthiness vector of
 * AR4SI (draft-ietf-rats-ar4si), as JWT or CWT. Which check comes to which entry of the vector:
 * docs/formats/attestation-result.md.
 *
 * Guarantees: no status is better than the verdict or than the worst entry beside it; one result has
 * one payload (the signature is random). Read: integers where the draft wants integers, nothing twice,
 * all bounded; what is not known is passed over.
 * Does not: carry raw evidence or identifiers of the platform.
 */
#ifndef BL_APPRAISE_EAR_H
#define BL_APPRAISE_EAR_H

#include "appraise/appraise.h"
#include "tee/scheme.h"

#define BL_EAR_PROFILE "tag:ietf.org,2026:rats/ear#03"
#define BL_EAR_SIZE_MAX ((size_t)1 << 20) /* bytes of a token; others put raw evidence into it */
#define BL_EAR_APPRAISAL_COUNT_MAX 16
#define BL_EAR_POLICY_COUNT_MAX 8
#define BL_EAR_TEXT_SIZE_MAX 1024 /* bytes of a name, URI, nonce */
#define BL_EAR_LIFETIME_S 300     /* of those that we make, unless asked for less */

/** Entries of the vector, by their number in CBOR. */
enum bl_trust_claim {
    BL_TRUST_INSTANCE_IDENTITY = 0,
    BL_TRUST_CONFIGURATION,
    BL_TRUST_EXECUTABLES,
    BL_TRUST_FILE_SYSTEM,
    BL_TRUST_HARDWARE,
    BL_TRUST_RUNTIME_OPAQUE,
    BL_TRUST_STORAGE_OPAQUE,
    BL_TRUST_SOURCED_DATA,
    BL_TRUST_CLAIM_COUNT
};
/** "instance-identity" and so on. */
const char *bl_trust_word(enum bl_trust_claim claim);
/** The tier of a value (AR4SI section 2.3.2). */
enum bl_tier bl_trust_tier(int64_t value);

/** What an appraisal was about: ours alone, beside what the draft has. Empty: not said. */
struct bl_ear_subject {
    const char *kind, *platform_class, *binding; /* words; kind NULL: nothing is said */
    struct bulla_bytes code, signer, config, product;
    struct bl_claim_number version;
    struct bulla_bytes policy_name;
    uint64_t policy_version;
};

struct bl_ear_appraisal {
    struct bulla_bytes label;
    enum bl_tier status;
    unsigned present; /* bit i: vector[i] is there */
    int64_t vector[BL_TRUST_CLAIM_COUNT];
    struct bulla_bytes policy_ids[BL_EAR_POLICY_COUNT_MAX];
    size_t policy_id_count;
    struct bulla_bytes nonce; /* of the evidence; as JSON has it: its text */
    struct bulla_bytes
        key; /* DER: that the evidence is for (ear_veraison_key_attestation); made only */
    struct bl_ear_subject subject;
};

/** Views into what it was made or decoded from. */
struct bl_ear {
    struct bulla_bytes issuer, audience; /* empty: none */
    struct bulla_bytes developer, build; /* of the verifier */
    int64_t issued_s;
    struct bl_claim_number expires_s, not_before_s;
    struct bulla_bytes nonce; /* of who asked for the result */
    bool has_status;          /* of all together */
    enum bl_tier status;
    bool is_json; /* nonces are text */
    struct bl_ear_appraisal appraisals[BL_EAR_APPRAISAL_COUNT_MAX];
    size_t appraisal_count;
    char policy_id[sizeof "sha256:" + 64]; /* of a verdict's */
    struct bulla_buffer text;              /* owned; what JSON had in another form */
};
void bl_ear_done(struct bl_ear *ear);

/** The result of a verdict about verified claims. `nonce` is what the evidence carries (may be empty).
 *  *ear_out, which is empty, borrows from all, and from itself: it must not be moved.
 *  BULLA_E_ARGUMENT for claims that were not verified: nothing can be said of those. */
enum bulla_status bl_ear_from_verdict(const struct bl_claims *claims,
                                      const struct bl_verdict *verdict,
                                      const struct bl_appraisal_policy *policy,
                                      struct bulla_bytes nonce, int64_t now_s,
                                      struct bl_ear *ear_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Fill the vector and the status of an appraisal. */
void bl_ear_rate(const struct bl_claims *claims, const struct bl_verdict *verdict,
                 struct bl_ear_appraisal *appraisal);
/** The status, or the tier of the worst entry if that is worse. */
enum bl_tier bl_ear_tier(const struct bl_ear_appraisal *appraisal);

enum bl_ear_format { BL_EAR_JWT = 1, BL_EAR_CWT };
/** Append the claims: JSON for a JWT, deterministic CBOR for a CWT. */
enum bulla_status bl_ear_encode(const struct bl_ear *ear, enum bl_ear_format format,
                                struct bulla_buffer *out, struct bulla_error *err) BULLA_CHECKED;
/** Append the token, signed by a key pair of P-256 (ES256) or P-384 (ES384). */
enum bulla_status bl_ear_sign(const struct bl_ear *ear, enum bl_ear_format format,
                              const struct bl_key *key, struct bulla_buffer *out,
                              struct bulla_error *err) BULLA_CHECKED;

/** The claims of a token; *ear_out is empty, and to be released on failure, too. MALFORMED, LIMIT,
 *  CLAIM_MISSING, UNSUPPORTED (another profile). */
enum bulla_status bl_ear_decode(struct bulla_bytes claims, enum bl_ear_format format,
                                struct bl_ear *ear_out, struct bulla_error *err) BULLA_CHECKED;
/** The same of a token that this key signed. */
enum bulla_status bl_ear_open(struct bulla_bytes token, const struct bl_key *key,
                              struct bl_ear *ear_out, struct bulla_error *err) BULLA_CHECKED;

/** `--kind ear`: a result that one of the keys given as `issuer` signed, which is in force, and for who
 *  asks. Inputs: issuer, audience (exact; required if the result names one), max_age (seconds, if the
 *  result has no end). Causes besides: SIGNATURE, UNTRUSTED (no issuer was given), NOT_YET_VALID,
 *  EXPIRED, BINDING_MISMATCH (of another issuer, for another audience), NONCE_MISMATCH. */
extern const struct bl_scheme bl_ear_scheme;
/** Every appraisal of a result that was verified is affirming; the reasons if not. */
enum bulla_status bl_ear_judge(const struct bl_verification *verification, const char **reason_out,
                               struct bulla_error *err) BULLA_CHECKED;

#endif
