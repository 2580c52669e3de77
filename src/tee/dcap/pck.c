/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/dcap/pck.h"

#include <string.h>

#include "base/memory.h"
#include "tee/x509path/path.h"

#define WHERE "PCK certificate chain"

static const char *const known_critical[] = { BL_PCK_EXTENSION_OID, NULL };

void
bl_pck_done(struct bl_pck *pck)
{
    bl_certificate_list_done(&pck->chain);
}

static enum bulla_status
read_parts(const struct bl_verification *v, struct bl_certificate_list *list,
           struct bulla_error *err)
{
    static const char *const roles[] = { "pck_chain", "pckCert.pem", "pckSignChain.pem" };

    for (size_t i = 0; i < BL_COUNT_OF(roles); i++) {
        struct bulla_bytes part = bl_part_find(v, roles[i]);
        if (part.size > 0)
            BL_TRY(bl_certificate_list_read_known(part, v->memo, list, err));
    }
    if (list->count > 0)
        return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_CERTIFICATION_DATA, "DCAP quote",
                            "it names its platform, but carries no PCK certificate");
}

/* Quoting libraries write the PEM text as a C string: with its terminator. */
static struct bulla_bytes
without_terminator(struct bulla_bytes text)
{
    while (text.size > 0 && text.data[text.size - 1] == 0)
        text.size--;
    return text;
}

enum bulla_status
bl_pck_read(const struct bl_verification *v, const struct bl_dcap_quote *quote, struct bl_pck *pck,
            struct bulla_error *err)
{
    if (quote->certification_type == BL_DCAP_CERTIFICATION_CHAIN)
        BL_TRY(bl_certificate_list_read_known(without_terminator(quote->certification), v->memo,
                                              &pck->chain, err));
    else if (quote->certification_type >= 1 &&
             quote->certification_type <= BL_DCAP_CERTIFICATION_PPID_RSA3072)
        BL_TRY(read_parts(v, &pck->chain, err));
    else
        return bulla_fail_cause(err, BULLA_CAUSE_CERTIFICATION_DATA, "DCAP quote",
                                "certification data of another type");
    BL_TRY(bl_certificate_list_order(&pck->chain, err));
    if (pck->chain.count != BL_PCK_CHAIN_COUNT)
        return bulla_fail(err, BULLA_E_UNTRUSTED, WHERE, "not three certificates",
                          pck->chain.count);
    return BULLA_OK;
}

enum bulla_status
bl_pck_is_named(const struct bl_certificate *certificate, const char *name, bool *is_named_out,
                struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) found = { 0 };
    struct bulla_bytes wanted = { (const uint8_t *)name, strlen(name) };
    struct bulla_error no_name = { 0 };
    enum bulla_status status = bl_certificate_common_name(certificate, &found, &no_name);

    *is_named_out = status == BULLA_OK && bl_equal(bulla_buffer_bytes(&found), wanted);
    if (status == BULLA_OK || status == BULLA_E_NOT_FOUND || status == BULLA_E_MALFORMED)
        return BULLA_OK;
    if (err != NULL)
        *err = no_name;
    return status;
}

static enum bulla_status
check_name(const struct bl_certificate *certificate, const char *name, const char *or_name,
           size_t depth, struct bulla_error *err)
{
    bool is_named = false;

    BL_TRY(bl_pck_is_named(certificate, name, &is_named, err));
    if (!is_named)
        BL_TRY(bl_pck_is_named(certificate, or_name, &is_named, err));
    return is_named
               ? BULLA_OK
               : bulla_fail(err, BULLA_E_UNTRUSTED, WHERE, "not of the name it should have", depth);
}

enum bulla_status
bl_pck_check_authority_name(const struct bl_certificate *authority, struct bulla_error *err)
{
    return check_name(authority, "Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA",
                      BL_PCK_AUTHORITY, err);
}

static enum bulla_status
check_names(const struct bl_pck *pck, struct bulla_error *err)
{
    struct bl_certificate *const *items = pck->chain.items;

    BL_TRY(check_name(items[BL_PCK_LEAF], "Intel SGX PCK Certificate", "Intel SGX PCK Certificate",
                      BL_PCK_LEAF, err));
    BL_TRY(bl_pck_check_authority_name(items[BL_PCK_AUTHORITY], err));
    return check_name(items[BL_PCK_ROOT], "Intel SGX Root CA", "Intel SGX Root CA", BL_PCK_ROOT,
                      err);
}

enum bulla_status
bl_pck_verify(const struct bl_verification *v, struct bl_pck *pck, struct bulla_error *err)
{
    BL_TRY(check_names(pck, err));
    return bl_path_verify_to_root(v, "intel",
                                  (const struct bl_certificate *const *)pck->chain.items,
                                  pck->chain.count, known_critical, &pck->anchor, err);
}

enum bulla_status
bl_pck_read_extension(struct bl_pck *pck, struct bulla_error *err)
{
    struct bulla_bytes der;

    if (!bl_certificate_extension(pck->chain.items[BL_PCK_LEAF], BL_PCK_EXTENSION_OID, &der))
        return bulla_fail(err, BULLA_E_MALFORMED, "PCK certificate", "no SGX extension", 0);
    return bl_pck_extension_decode(der, &pck->extension, err);
}
