/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/schemes.c: the kinds of evidence that this build verifies, in one table.
 */
#include "tee/scheme.h"

#include <string.h>

#include "base/memory.h"
#include "crypto/certificate_list.h"
#include "tee/azure/verify.h"
#include "tee/cca/verify.h"
#include "tee/ccel/log.h"
#include "tee/ccel/td.h"
#include "tee/cert/verify.h"
#include "tee/dcap/tcbjson.h"
#include "tee/nitro/verify.h"
#include "tee/nvidia/verify.h"
#include "tee/optee/verify.h"
#include "tee/psa/verify.h"
#include "tee/sgx/verify.h"
#include "tee/snp/verify.h"
#include "tee/tpm/scheme.h"
#include "tee/x509path/inspect.h"

static const struct bl_scheme schemes[] = {
    { .kind = "sgx", .verify = bl_sgx_verify, .describe = bl_sgx_describe },
    { .kind = "tdx", .verify = bl_td_verify, .describe = bl_td_describe },
    { .kind = "tcbjson", .inspect = bl_tcbjson_inspect, .describe = bl_tcbjson_describe },
    { .kind = "snp",
      .verify = bl_snp_verify,
      .inspect = bl_snp_inspect,
      .describe = bl_snp_describe },
    { .kind = "tpm",
      .verify = bl_tpm_scheme_verify,
      .inspect = bl_tpm_scheme_inspect,
      .describe = bl_tpm_scheme_describe },
    { .kind = "ccel", .inspect = bl_ccel_inspect, .describe = bl_ccel_describe },
    { .kind = "nitro", .verify = bl_nitro_verify, .describe = bl_nitro_describe },
    { .kind = "azure", .verify = bl_azure_verify, .describe = bl_azure_describe },
    { .kind = "cert", .verify = bl_cert_verify, .describe = bl_cert_describe },
    { .kind = "x509", .inspect = bl_x509path_inspect, .describe = bl_x509path_describe },
    { .kind = "cca", .verify = bl_cca_verify, .describe = bl_cca_describe },
    { .kind = "psa", .verify = bl_psa_verify, .describe = bl_psa_describe },
    { .kind = "optee", .verify = bl_optee_verify, .describe = bl_optee_describe },
    { .kind = "nvidia", .verify = bl_nvidia_verify, .describe = bl_nvidia_describe },
};
#define SCHEME_COUNT (sizeof schemes / sizeof schemes[0])

const struct bl_scheme *
bl_schemes(size_t *count_out)
{
    *count_out = SCHEME_COUNT;
    return schemes;
}

const struct bl_scheme *
bl_scheme_find(const char *kind)
{
    for (size_t i = 0; i < SCHEME_COUNT; i++)
        if (strcmp(schemes[i].kind, kind) == 0)
            return &schemes[i];
    return NULL;
}

const struct bl_scheme *
bl_scheme_find_verifier(const char *kind)
{
    const struct bl_scheme *scheme = bl_scheme_find(kind);

    return scheme != NULL && scheme->verify != NULL ? scheme : NULL;
}

/* What one of `parts` with this role is: the one if `only`, else the i-th. */
static struct bulla_bytes
find_part(const struct bl_part *parts, size_t part_count, const char *role, bool only, size_t index)
{
    struct bulla_bytes found = { NULL, 0 };
    size_t count = 0;

    for (size_t i = 0; i < part_count; i++) {
        if (strcmp(parts[i].role, role) != 0)
            continue;
        if (count == index)
            found = parts[i].bytes;
        count++;
    }
    return !only || count == 1 ? found : (struct bulla_bytes){ NULL, 0 };
}

struct bulla_bytes
bl_part_find(const struct bl_verification *verification, const char *role)
{
    return find_part(verification->parts, verification->part_count, role, /* only= */ true, 0);
}

struct bulla_bytes
bl_part_at(const struct bl_verification *verification, const char *role, size_t i)
{
    return find_part(verification->parts, verification->part_count, role, /* only= */ false, i);
}

struct bulla_bytes
bl_input_find(const struct bl_verification *verification, const char *name)
{
    return find_part(verification->inputs, verification->input_count, name, /* only= */ true, 0);
}

const struct bl_anchor *
bl_anchor_given(const struct bl_verification *verification, const char *role, size_t i)
{
    for (size_t at = 0; at < verification->anchor_count; at++) {
        const struct bl_anchor *anchor = &verification->anchors[at];
        if (anchor->kind == BL_ANCHOR_GIVEN && strcmp(anchor->role, role) == 0 && i-- == 0)
            return anchor;
    }
    return NULL;
}

/* The file that was given, PEM or DER, has this very certificate in it. */
static enum bulla_status
is_given_root(const struct bl_anchor *anchor, const struct bl_certificate *root, bool *is_given_out,
              struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) given = { 0 };

    *is_given_out = false;
    if (anchor->kind != BL_ANCHOR_GIVEN || strcmp(anchor->role, "root") != 0)
        return BULLA_OK;
    BL_TRY(bl_certificate_list_read(anchor->der, &given, err));
    for (size_t i = 0; i < given.count; i++)
        if (bl_equal(bl_certificate_der(given.items[i]), bl_certificate_der(root)))
            *is_given_out = true;
    return BULLA_OK;
}

enum bulla_status
bl_anchor_of_root(const struct bl_verification *verification, const char *vendor,
                  const struct bl_certificate *root, const struct bl_anchor **anchor_out,
                  struct bulla_error *err)
{
    uint8_t digest[32];

    BL_TRY(bl_certificate_spki_digest(root, digest, err));
    for (size_t i = 0; i < verification->anchor_count; i++) {
        const struct bl_anchor *anchor = &verification->anchors[i];
        const bool is_pinned = anchor->kind == BL_ANCHOR_ROOT_KEY &&
                               strcmp(anchor->role, vendor) == 0 &&
                               bl_equal(anchor->der, BL_BYTES_OF(digest));
        bool is_given = false;
        BL_TRY(is_given_root(anchor, root, &is_given, err));
        if (is_pinned || is_given) {
            *anchor_out = anchor;
            return BULLA_OK;
        }
    }
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_WRONG_ROOT, "certificate chain",
                                                "it ends at a root that is not pinned");
    bulla_error_values(err, bulla_value_bytes(BL_BYTES_OF(digest)), bulla_value_word(vendor));
    return status;
}

enum bulla_status
bl_check_arguments(const struct bl_verification *v, struct bulla_error *err)
{
    if (v->binding != BL_BINDING_ABSENT && v->binder.size == 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, "verification", "binding without a binder", 0);
    return BULLA_OK;
}

enum bulla_status
bl_check_binder(const struct bl_verification *verification, struct bulla_bytes carried,
                struct bulla_error *err)
{
    if (verification->binding == BL_BINDING_ABSENT)
        return BULLA_OK;
    if (bl_equal(carried, verification->binder))
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_NONCE_MISMATCH, "evidence",
                                                "it does not carry what was asked for");
    bulla_error_values(err, bulla_value_bytes(carried), bulla_value_bytes(verification->binder));
    return status;
}

enum bulla_status
bl_check_report_data(const struct bl_verification *verification, struct bulla_bytes report_data,
                     struct bulla_error *err)
{
    const size_t size = verification->binder.size;

    if (size < report_data.size &&
        bl_all_zero((struct bulla_bytes){ report_data.data + size, report_data.size - size }))
        report_data.size = size;
    return bl_check_binder(verification, report_data, err);
}
