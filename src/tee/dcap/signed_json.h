/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/dcap/signed_json.h: Intel's collateral as the Provisioning Certification Service sends it:
 *
 *     {"tcbInfo": {...}, "signature": "128 hexadecimal digits"}
 *
 * The signature is over the bytes of the inner object as they were received, so they are found here
 * and kept: nothing is parsed and written again. Only what verified is parsed (bl_json_parse).
 *
 * Guarantees: the outer object has these two members, each once, in either order, under names
 * without escapes; nothing before or after it but white space.
 * Does not: check what is between the braces of the inner object but strings and brackets; the
 * parse that follows takes those very bytes and all of them.
 */
#ifndef BL_TEE_DCAP_SIGNED_JSON_H
#define BL_TEE_DCAP_SIGNED_JSON_H

#include "codec/json.h"

#define BL_COLLATERAL_SIZE_MAX ((size_t)256 << 10) /* bytes; PCS bodies have up to 30 KiB */

struct bl_signed_json {
    struct bulla_bytes object; /* from "{" to "}", borrowed */
    uint8_t signature[64];     /* r|s */
};

/** Find the member `name` and the signature over it. `name` is static. Causes: MALFORMED, LIMIT. */
enum bulla_status bl_signed_json_find(struct bulla_bytes text, const char *name,
                                      struct bl_signed_json *found_out,
                                      struct bulla_error *err) BULLA_CHECKED;

/* Members of the inner object, each required. `name` is static; failures name it. */

/** Exactly `size` bytes in hexadecimal digits. */
enum bulla_status bl_member_hex(const struct bl_json *object, const char *name, uint8_t *out,
                                size_t size, struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_member_number(const struct bl_json *object, const char *name, int64_t least,
                                   int64_t most, int64_t *number_out,
                                   struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_member_text(const struct bl_json *object, const char *name, size_t size_max,
                                 struct bulla_bytes *text_out,
                                 struct bulla_error *err) BULLA_CHECKED;
/** RFC 3339, in Unix seconds. */
enum bulla_status bl_member_time(const struct bl_json *object, const char *name,
                                 int64_t *seconds_out, struct bulla_error *err) BULLA_CHECKED;
/** An array of 1 to `count_max` items. */
enum bulla_status bl_member_array(const struct bl_json *object, const char *name, size_t count_max,
                                  const struct bl_json **array_out, size_t *count_out,
                                  struct bulla_error *err) BULLA_CHECKED;
/** True if a member has a name that is not among `known`. */
bool bl_members_unknown(const struct bl_json *object, const char *const *known, size_t known_count);

#endif
