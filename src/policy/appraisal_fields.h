/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/appraisal_fields.h: the fields of a policy of format 2 in one table, which reading, writing,
 * comparing and explaining go by.
 */
#ifndef BL_POLICY_APPRAISAL_FIELDS_H
#define BL_POLICY_APPRAISAL_FIELDS_H

#include "policy/appraisal.h"

enum bl_field_type {
    BL_FIELD_WORDS, /* uint64_t: a set of words, by bit */
    BL_FIELD_LIST,  /* struct bl_policy_list */
    BL_FIELD_FLOOR, /* struct bl_floor */
    BL_FIELD_TIME,  /* struct bl_floor: Unix seconds */
    BL_FIELD_DAYS,  /* uint64_t: at most so many */
    BL_FIELD_FLAG   /* bool */
};

/* Members of an item, in the order of the canonical form. */
#define BL_ITEM_CHECK 1u      /* what an exception lifts */
#define BL_ITEM_GENERATION 2u /* with the floors of its components */
#define BL_ITEM_PCR 4u        /* bank and index */
#define BL_ITEM_EVENT 8u      /* digest or type */
#define BL_ITEM_DIGEST 16u
#define BL_ITEM_TEXT 32u /* alone: the item is this text */
#define BL_ITEM_PLATFORM 64u
#define BL_ITEM_SOURCE 128u
#define BL_ITEM_UNTIL 256u
#define BL_ITEM_MODULE 512u /* line of TDX modules with the floor of its SVN; before the others */

/* What may stand in the place of a list or floor. */
#define BL_MAY_BE_ANY 1u
#define BL_MAY_BE_ABSENT 2u

struct bl_policy_field {
    uint64_t key; /* in the canonical form */
    const char *name;
    enum bl_field_type type;
    size_t offset;    /* in struct bl_appraisal_policy */
    unsigned members; /* of items */
    unsigned waivers;
    bool accepts_more;     /* a longer list, or a set with more words, accepts more; else less */
    uint64_t kinds;        /* that have it */
    uint64_t optional_for; /* those of them for which it need not be said. What is not said is in no
                              canonical form, and what is as if it were not said is not in it either:
                              policies from before the field are read, and keep their digests */
    bool unsaid_is_any;    /* a list that is not said is ANY without a reason; else it is empty */
    bool of_enclave;       /* subject enclave only */
    /** Of WORDS: the word of a bit; NULL for one that may not be named. */
    const char *(*word)(unsigned bit);
    const char *help; /* for people: what it decides */
};

extern const struct bl_policy_field bl_policy_fields[];
extern const size_t bl_policy_field_count;

/** Does a policy for these kinds and this subject have the field? */
bool bl_policy_has_field(const struct bl_appraisal_policy *policy,
                         const struct bl_policy_field *field);
/** Must it be in the canonical form, whatever it says? */
bool bl_policy_must_say(const struct bl_appraisal_policy *policy,
                        const struct bl_policy_field *field);
/** Is it in there: because it must be, or because it is not as if it were not said? */
bool bl_policy_says(const struct bl_appraisal_policy *policy, const struct bl_policy_field *field);
/** Put there what it says without a word. */
void bl_policy_leave_unsaid(struct bl_appraisal_policy *policy,
                            const struct bl_policy_field *field);
/** The place of a field, as what its type says. */
void *bl_field_of(struct bl_appraisal_policy *policy, const struct bl_policy_field *field);
const void *bl_field_in(const struct bl_appraisal_policy *policy,
                        const struct bl_policy_field *field);

/* Flags that no policy decides: they are always set, or other checks have them. */
#define BL_GUEST_POLICY_JUDGED \
    (~(uint64_t)0xeffff) /* not: ABI 0 to 15, 17 reserved, migration, debug */
#define BL_TD_ATTRIBUTES_JUDGED (~(uint64_t)0x200000ff) /* not: TUD 0 to 7, MIGRATABLE */
#define BL_SGX_ATTRIBUTES_JUDGED (~(uint64_t)0x3)       /* not: INIT, DEBUG */
#define BL_PLATFORM_INFO_JUDGED (~(uint64_t)0)

#define BL_BIT_WORD_SIZE 40 /* bytes of the longest word of a bit, with its zero */
/** The word of a bit, or "bit40" for one without a name, in `out`; NULL if it may not be named. */
const char *bl_field_bit_word(const struct bl_policy_field *field, unsigned bit,
                              char out[BL_BIT_WORD_SIZE]);
/** The bit that a word names; false if none. */
bool bl_field_bit_find(const struct bl_policy_field *field, struct bulla_bytes word,
                       unsigned *bit_out);

/** A name of the TCG for an event type, or NULL. */
const char *bl_event_type_word(uint32_t type);
/** False for an unknown name. */
bool bl_event_type_find(struct bulla_bytes word, uint32_t *type_out);

/** What a field that is of digests, names or times must satisfy beyond its form; for both readers. */
enum bulla_status bl_policy_check(const struct bl_appraisal_policy *policy,
                                  struct bulla_error *err) BULLA_CHECKED;

/* The formats, each in its own files: canonical form. `policy` is empty, and its `canonical` set. */
enum bulla_status bl_policy_decode_1(struct bulla_bytes cbor, struct bl_appraisal_policy *policy,
                                     struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_policy_decode_2(struct bulla_bytes cbor, struct bl_appraisal_policy *policy,
                                     struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_policy_encode_1(const struct bl_appraisal_policy *policy,
                                     struct bulla_buffer *out,
                                     struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_policy_encode_2(const struct bl_appraisal_policy *policy,
                                     struct bulla_buffer *out,
                                     struct bulla_error *err) BULLA_CHECKED;

struct bl_yaml_node;
/** Room for what hexadecimal digits of a document stand for: half as many bytes as it has. */
struct bl_policy_arena {
    uint8_t *at;
    size_t left; /* bytes */
};
/** Hexadecimal digits, into the arena; their view. BULLA_E_MALFORMED with the node's line. */
enum bulla_status bl_policy_read_hex(const struct bl_yaml_node *node, const char *key,
                                     struct bl_policy_arena *arena, struct bulla_bytes *bytes_out,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Fill an empty policy, whose views then borrow from document and arena. */
enum bulla_status bl_policy_read_1(const struct bl_yaml_node *root, struct bl_policy_arena *arena,
                                   struct bl_appraisal_policy *policy,
                                   struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_policy_read_2(const struct bl_yaml_node *root, struct bl_policy_arena *arena,
                                   struct bl_appraisal_policy *policy,
                                   struct bulla_error *err) BULLA_CHECKED;

#endif
