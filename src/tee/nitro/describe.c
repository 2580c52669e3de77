/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/memory.h"
#include "tee/nitro/verify.h"

static void
write_field(struct bl_json_writer *out, const char *name, const struct bl_nitro_field *field)
{
    if (field->is_present)
        bl_json_write_hex(out, name, field->bytes);
}

static void
write_pcrs(struct bl_json_writer *out, const struct bl_nitro_document *d)
{
    char name[12];

    bl_json_write_word(out, "pcr_map_key", d->is_of_tpm ? "nitrotpm_pcrs" : "pcrs");
    bl_json_open_object(out, "pcrs");
    for (unsigned i = 0; i < BL_NITRO_PCR_COUNT; i++) {
        if ((d->pcr_mask >> i & 1u) == 0)
            continue;
        (void)snprintf(name, sizeof name, "%u", i);
        bl_json_write_hex(out, name, d->pcrs[i]);
    }
    bl_json_close(out);
}

static const char *
digest_word(enum bl_hash digest)
{
    return digest == BL_SHA256 ? "SHA256" : digest == BL_SHA384 ? "SHA384" : "SHA512";
}

enum bulla_status
bl_nitro_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                  struct bulla_error *err)
{
    struct bl_nitro_document d;
    uint8_t code[48];

    BL_TRY(bl_nitro_decode(verification->evidence, &d, err));
    bl_json_write_text(out, "module_id", d.module_id);
    bl_json_write_word(out, "digest", digest_word(d.digest));
    bl_json_write_u64(out, "timestamp_ms", d.timestamp_ms);
    write_pcrs(out, &d);
    write_field(out, "public_key", &d.public_key);
    write_field(out, "user_data", &d.user_data);
    write_field(out, "nonce", &d.nonce);
    bl_json_write_number(out, "cabundle_len", (int64_t)d.cabundle_count);
    bl_json_write_number(out, "cose_alg", d.message.algorithm);
    bl_json_write_bool(out, "tagged", d.is_tagged);
    bl_json_write_number(out, "trailing", 0); /* there is nothing behind a document that is read */
    if (!d.is_of_tpm) {
        bl_json_write_bool(out, "debug_mode", bl_nitro_is_debug(&d));
        BL_TRY(bl_nitro_code(&d, code, err));
        bl_json_write_hex(out, "code", BL_BYTES_OF(code));
    }
    return BULLA_OK;
}
