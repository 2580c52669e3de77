/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/sealing_root.h: keys that a TEE derives from its own hardware for the guest or enclave that
 * asks: SEV-SNP (MSG_KEY_REQ), SGX (EGETKEY), TDX (TDG.MR.KEY.GET).
 *
 * A key K(v) for a vector of versions v can be derived by every state u >= v, component by component.
 * So a slot records the vector that it was made with, and asks for that one: an update keeps the key,
 * a downgrade loses it.
 *
 * Guarantees: a key that another guest or enclave on the same hardware could derive is not given, nor
 * one of a TEE that its host can debug, nor a key of zeros; a status of the firmware that is not zero is
 * a failure, whatever the call says. What is derived is in a bl_secret alone; what carried it is wiped.
 * Does not: prove to anybody else that this is such hardware: whoever runs the machine under us answers
 * as he likes. A key that he answers protects nothing from him, and only attestation says which it was.
 */
#ifndef BL_DEVICE_SEALING_ROOT_H
#define BL_DEVICE_SEALING_ROOT_H

#include "base/cleanup.h"
#include "base/secret.h"
#include "tee/claims.h"

enum bl_root_kind { BL_ROOT_NONE = 0, BL_ROOT_SNP, BL_ROOT_SGX, BL_ROOT_TDX };

/* -- versions ----------------------------------------------------------------------------------- */

#define BL_ROOT_COMPONENT_COUNT_MAX 36 /* TDX: 16 + 16 + 3 */
#define BL_ROOT_VERSION_NAME "version" /* of the software: guest SVN, ISVSVN */

struct bl_root_component {
    const char *name; /* static: "tcb.snp", "version" */
    uint64_t value;
};
/** A vector of versions, as recorded in a slot or as a state can ask for at most. */
struct bl_root_version {
    struct bl_root_component components[BL_ROOT_COMPONENT_COUNT_MAX];
    size_t count;
};
void bl_root_version_add(struct bl_root_version *version, const char *name, uint64_t value);
/** NULL: there is no such component. */
const struct bl_root_component *bl_root_version_find(const struct bl_root_version *version,
                                                     const char *name);

/** Where the recorded vector stands towards the present one. */
enum bl_root_order {
    BL_ROOT_INCOMPARABLE = 0, /* some components are ahead and some behind, or one is missing */
    BL_ROOT_EQUAL,
    BL_ROOT_BEHIND, /* the machine is newer: it opens, and a new slot at the present vector is due */
    BL_ROOT_AHEAD   /* the machine is older: it does not open */
};
struct bl_root_comparison {
    enum bl_root_order order;
    const char *component; /* that decides, static; NULL if equal */
    uint64_t recorded;
    uint64_t present; /* 0 if it is missing there */
};
/** Pure. Components that were not recorded do not count; of those ahead the first decides, else the
 *  first behind. */
struct bl_root_comparison bl_root_version_compare(const struct bl_root_version *recorded,
                                                  const struct bl_root_version *present);
/** True if a state with the `present` vector can derive the key of the `recorded` one. */
bool bl_root_version_reaches(const struct bl_root_comparison *comparison);

/* -- identity ----------------------------------------------------------------------------------- */

#define BL_ROOT_FIELD_COUNT_MAX 16
#define BL_ROOT_FIELD_SIZE_MAX 64 /* bytes */

/** What of a state a key may depend on. */
enum bl_root_field_kind {
    BL_ROOT_FIELD_NONE = 0,
    BL_ROOT_FIELD_CODE,    /* measurement, MRENCLAVE, MRTD */
    BL_ROOT_FIELD_SIGNER,  /* digest of the ID key and of its author's, MRSIGNER */
    BL_ROOT_FIELD_PRODUCT, /* family and image id, ISVPRODID */
    BL_ROOT_FIELD_CONFIG,  /* HOST_DATA, CONFIGID, MRCONFIGID, MROWNER, MROWNERCONFIG */
    BL_ROOT_FIELD_STATE,   /* RTMRs */
    BL_ROOT_FIELD_HOST,    /* chip id */
    BL_ROOT_FIELD_POLICY   /* guest policy, VMPL, ATTRIBUTES, XFAM: how it was launched */
};
struct bl_root_field {
    unsigned id;      /* of its kind of root, as slots record it */
    const char *name; /* static: "measurement" */
    enum bl_root_field_kind kind;
    uint8_t bytes[BL_ROOT_FIELD_SIZE_MAX];
    size_t size;
};
struct bl_root_identity {
    struct bl_root_field fields[BL_ROOT_FIELD_COUNT_MAX];
    size_t count;
};
/** Add a field of this kind of root. False if it has no field of this id and size. */
bool bl_root_identity_put(struct bl_root_identity *identity, enum bl_root_kind kind, unsigned id,
                          struct bulla_bytes bytes);
/** NULL: there is no such field. */
const struct bl_root_field *bl_root_identity_find(const struct bl_root_identity *identity,
                                                  unsigned id);

/** What runs now, as the hardware says it. */
struct bl_root_state {
    enum bl_root_kind kind;
    struct bl_root_version version; /* what it may ask for at most */
    struct bl_root_identity identity;
    enum bl_snp_generation generation; /* SNP */
    uint32_t vmpl;                     /* SNP */
    bool is_debug;                     /* its host may read and change it */
    bool has_signer; /* somebody's signature over its code was checked when it was launched */
    bool uses_vlek;  /* SNP: the host has loaded its provider's key */
};

/* -- what is asked for -------------------------------------------------------------------------- */

enum bl_root_bind { /* bits; docs/binding.md */
                    BL_ROOT_BIND_CODE = 1,
                    BL_ROOT_BIND_SIGNER = 2, /* and product */
                    BL_ROOT_BIND_VERSION = 4,
                    BL_ROOT_BIND_CONFIG = 8,
                    BL_ROOT_BIND_STATE = 16,
                    BL_ROOT_BIND_HOST = 32
};
#define BL_ROOT_BIND_ALL 63u

/** What a new slot is to be bound to. */
struct bl_root_binding {
    unsigned bits;      /* enum bl_root_bind */
    uint32_t rtmr_mask; /* TDX, with BL_ROOT_BIND_STATE; 0: all of them */
    bool allow_vlek; /* SNP: the provider's key is enough: any machine of his, and no older TCB */
};

/** A key as it is asked for: what a slot records, and nothing else. */
struct bl_snp_key_request {
    uint32_t root_key_select;
    uint64_t guest_field_select;
    uint32_t vmpl;
    uint32_t guest_svn;
    uint8_t tcb_version[8];
    enum bl_snp_generation generation; /* says which byte of it is which; not sent */
};
struct bl_sgx_key_request {
    uint16_t key_policy;
    uint8_t cpu_svn[16];
    uint16_t isv_svn, config_svn;
    uint64_t flags_mask, xfrm_mask;
    uint32_t misc_mask;
    uint8_t key_ids[2][32]; /* of two keys of 128 bits */
};
struct bl_tdx_key_request {
    uint64_t key_policy; /* bit 32 and on: RTMRs */
    uint64_t attributes_mask, xfam_mask;
    uint8_t cpu_svn[16], tee_tcb_svn[16];
    uint16_t isv_svn, mr_config_svn, mr_owner_config_svn;
    uint8_t salt[32];
};
struct bl_root_request {
    enum bl_root_kind kind;
    union {
        struct bl_snp_key_request snp;
        struct bl_sgx_key_request sgx;
        struct bl_tdx_key_request tdx;
    };
};
#define BL_ROOT_SALT_SIZE 64 /* bytes: two key ids of SGX, or a salt of TDX; SNP has none */
#define BL_ROOT_KEY_SIZE 32  /* bytes */

/** The request for a key of `state` that is bound so. Pure. `salt` is fresh for each slot.
 *  BINDING_REFUSED: this kind of root has no mechanism for it; UNDER_BOUND: others could derive it;
 *  DEBUG_ROOT. */
enum bulla_status bl_root_request_make(const struct bl_root_state *state,
                                       const struct bl_root_binding *binding,
                                       const uint8_t salt[BL_ROOT_SALT_SIZE],
                                       struct bl_root_request *request_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** What it is bound to: CODE for what is named code, config or state where one register holds all. */
struct bl_root_binding bl_root_request_binding(const struct bl_root_request *request);
struct bl_root_version bl_root_request_version(const struct bl_root_request *request);
/** Another request that is as good, and whose key must be another. */
struct bl_root_request bl_root_request_neighbour(const struct bl_root_request *request);
/** True if the key depends on this field. */
bool bl_root_request_uses(const struct bl_root_request *request, const struct bl_root_field *field);

/* -- the root ----------------------------------------------------------------------------------- */

#define BL_ROOT_TIMEOUT_MS 30000u /* a throttled host lets a request through every second or two */

/** Where its devices are; NULL: at their usual places. */
struct bl_root_paths {
    const char *sev_guest;   /* /dev/sev-guest */
    const char *tdx_guest;   /* /dev/tdx_guest */
    const char *attestation; /* /dev/attestation, of Gramine and Occlum */
};

struct bl_sealing_root;
/** BL_ROOT_NONE: the one that is there. Causes: NO_SEALING_ROOT, ROOT_NOT_PERMITTED, ROOT_FAILED. */
enum bulla_status bl_sealing_root_open(enum bl_root_kind kind, const struct bl_root_paths *paths,
                                       struct bl_sealing_root **root_out,
                                       struct bulla_error *err) BULLA_CHECKED;
/** Accepts NULL. */
void bl_sealing_root_free(struct bl_sealing_root *root);
BL_DEFINE_FREEP(bl_sealing_root)
enum bl_root_kind bl_sealing_root_kind(const struct bl_sealing_root *root);
/** "snp", "sgx", "tdx"; "none". */
const char *bl_root_kind_word(enum bl_root_kind kind);
/** BL_ROOT_NONE for an unknown word. */
enum bl_root_kind bl_root_kind_from_word(const char *word);

/** Asked once, then remembered: nothing of it changes while we run, but RTMRs, which are asked anew.
 *  Borrowed. */
enum bulla_status bl_sealing_root_state(struct bl_sealing_root *root,
                                        const struct bl_root_state **state_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** May this state ask for it? All that can be said without asking: DEBUG_ROOT; UNDER_BOUND, also for a
 *  request that came from a blob; LAUNCH_CHANGED; VERSION_AHEAD: found and expected are those of the
 *  component that err->what names. */
enum bulla_status bl_sealing_root_admit(struct bl_sealing_root *root,
                                        const struct bl_root_request *request,
                                        struct bulla_error *err) BULLA_CHECKED;
/** The key; *key_out must be empty. Causes as above, and ROOT_KEY_REFUSED: the platform gives no such
 *  keys; ROOT_FAILED; ROOT_KEY_WEAK. */
enum bulla_status bl_sealing_root_derive(struct bl_sealing_root *root,
                                         const struct bl_root_request *request,
                                         struct bl_secret *key_out,
                                         struct bulla_error *err) BULLA_CHECKED;

#endif
