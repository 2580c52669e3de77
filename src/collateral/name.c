/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/name.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"

#define WHERE "name of collateral"
#define HEX_SIZE (2 * BL_CHIP_ID_SIZE + 1)

static const char issuer_prefix[] = "issuer/";
static const char issuer_crl_prefix[] = "issuer-crl/";

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

size_t
bl_snp_chip_id_size(enum bl_snp_generation generation)
{
    return generation == BL_SNP_TURIN ? BL_CHIP_ID_SIZE_TURIN : BL_CHIP_ID_SIZE;
}

/* -- to text ------------------------------------------------------------------------------------- */

static const char *
hex(const uint8_t *bytes, size_t size, char out[HEX_SIZE])
{
    for (size_t i = 0; i < size; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return out;
}

static int
print(struct bl_collateral_name *name)
{
    const char *tee = name->is_tdx ? "tdx" : "sgx";
    const char *leaf = name->is_vlek ? "vlek" : "vcek";
    const char *generation = bl_snp_generation_word(name->generation);
    char chip[HEX_SIZE], tcb[HEX_SIZE];

    switch (name->kind) {
    case BL_COLLATERAL_ROOT_CRL:
        return snprintf(name->text, sizeof name->text, "intel/root-crl");
    case BL_COLLATERAL_PCK_CRL:
        return snprintf(name->text, sizeof name->text, "intel/pck-crl/%s",
                        name->is_platform ? "platform" : "processor");
    case BL_COLLATERAL_TCB_INFO:
        return snprintf(name->text, sizeof name->text, "intel/%s/tcb-info/%s", tee,
                        hex(name->fmspc, sizeof name->fmspc, chip));
    case BL_COLLATERAL_QE_IDENTITY:
        return snprintf(name->text, sizeof name->text, "intel/%s/qe-identity", tee);
    case BL_COLLATERAL_AMD_CHAIN:
        return snprintf(name->text, sizeof name->text, "amd/%s/%s-chain", generation, leaf);
    case BL_COLLATERAL_AMD_CRL:
        return snprintf(name->text, sizeof name->text, "amd/%s/%s-crl", generation, leaf);
    case BL_COLLATERAL_VCEK:
        return snprintf(name->text, sizeof name->text, "amd/%s/vcek/%s/%s", generation,
                        hex(name->chip_id, bl_snp_chip_id_size(name->generation), chip),
                        hex(name->tcb, sizeof name->tcb, tcb));
    case BL_COLLATERAL_ISSUER:
    case BL_COLLATERAL_ISSUER_CRL:
    case BL_COLLATERAL_NONE:
        break;
    }
    return 0;
}

static bool
is_of_amd(enum bl_collateral_kind kind)
{
    return kind == BL_COLLATERAL_AMD_CHAIN || kind == BL_COLLATERAL_AMD_CRL ||
           kind == BL_COLLATERAL_VCEK;
}

enum bulla_status
bl_collateral_name_finish(struct bl_collateral_name *name, struct bulla_error *err)
{
    if (is_of_amd(name->kind) && name->generation == BL_SNP_GENERATION_NONE)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "no generation", 0);
    if (print(name) <= 0)
        return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "no kind that has one", 0);
    return BULLA_OK;
}

enum bulla_status
bl_collateral_name_of_url(enum bl_collateral_kind kind, struct bulla_bytes url,
                          struct bl_collateral_name *name_out, struct bulla_error *err)
{
    struct bl_collateral_name name = { .kind = kind };
    struct bl_endpoint endpoint = { 0 };

    BL_TRY(bl_url_endpoint(url, &endpoint, err));
    (void)snprintf(name.text, sizeof name.text, "%s%.*s",
                   kind == BL_COLLATERAL_ISSUER ? issuer_prefix : issuer_crl_prefix, (int)url.size,
                   (const char *)url.data);
    *name_out = name;
    return BULLA_OK;
}

struct bulla_bytes
bl_collateral_name_url(const struct bl_collateral_name *name)
{
    switch (name->kind) {
    case BL_COLLATERAL_ISSUER:
        return text_of(name->text + sizeof issuer_prefix - 1);
    case BL_COLLATERAL_ISSUER_CRL:
        return text_of(name->text + sizeof issuer_crl_prefix - 1);
    case BL_COLLATERAL_ROOT_CRL:
    case BL_COLLATERAL_PCK_CRL:
    case BL_COLLATERAL_TCB_INFO:
    case BL_COLLATERAL_QE_IDENTITY:
    case BL_COLLATERAL_AMD_CHAIN:
    case BL_COLLATERAL_AMD_CRL:
    case BL_COLLATERAL_VCEK:
    case BL_COLLATERAL_NONE:
        break;
    }
    return (struct bulla_bytes){ NULL, 0 };
}

/* -- from text ----------------------------------------------------------------------------------- */

/* The next part before a slash, or the rest. */
static struct bulla_bytes
next_part(struct bulla_bytes *rest)
{
    const uint8_t *slash = rest->size == 0 ? NULL : memchr(rest->data, '/', rest->size);
    size_t size = slash == NULL ? rest->size : (size_t)(slash - rest->data);
    struct bulla_bytes part = { rest->data, size };
    size_t used = slash == NULL ? size : size + 1;

    *rest = (struct bulla_bytes){ rest->data + used, rest->size - used };
    return part;
}

static bool
is(struct bulla_bytes part, const char *word)
{
    return bl_equal(part, text_of(word));
}

static bool
starts_with(struct bulla_bytes text, const char *prefix, struct bulla_bytes *rest_out)
{
    const size_t size = strlen(prefix);

    if (text.size < size || memcmp(text.data, prefix, size) != 0)
        return false;
    *rest_out = (struct bulla_bytes){ text.data + size, text.size - size };
    return true;
}

static bool
read_hex(struct bulla_bytes part, uint8_t *out, size_t size)
{
    return bl_hex_decode_exact(part, out, size, NULL) == BULLA_OK;
}

/* What follows "intel/". False for what is surely none; finish() and the comparison settle the rest. */
static bool
read_intel(struct bulla_bytes rest, struct bl_collateral_name *name)
{
    struct bulla_bytes part = next_part(&rest);

    if (is(part, "root-crl")) {
        name->kind = BL_COLLATERAL_ROOT_CRL;
        return true;
    }
    if (is(part, "pck-crl")) {
        name->kind = BL_COLLATERAL_PCK_CRL;
        name->is_platform = is(next_part(&rest), "platform");
        return true;
    }
    name->is_tdx = is(part, "tdx");
    part = next_part(&rest);
    if (is(part, "qe-identity")) {
        name->kind = BL_COLLATERAL_QE_IDENTITY;
        return true;
    }
    name->kind = BL_COLLATERAL_TCB_INFO;
    return is(part, "tcb-info") && read_hex(next_part(&rest), name->fmspc, sizeof name->fmspc);
}

/* What follows "amd/". */
static bool
read_amd(struct bulla_bytes rest, struct bl_collateral_name *name)
{
    name->generation = bl_snp_generation_from_word(next_part(&rest));
    struct bulla_bytes part = next_part(&rest);
    bool is_list = is(part, "vcek-crl") || is(part, "vlek-crl");

    if (name->generation == BL_SNP_GENERATION_NONE)
        return false;
    name->is_vlek = is(part, "vlek-chain") || is(part, "vlek-crl");
    name->kind = is_list ? BL_COLLATERAL_AMD_CRL : BL_COLLATERAL_AMD_CHAIN;
    if (!is(part, "vcek"))
        return true;
    name->kind = BL_COLLATERAL_VCEK;
    return read_hex(next_part(&rest), name->chip_id, bl_snp_chip_id_size(name->generation)) &&
           read_hex(next_part(&rest), name->tcb, sizeof name->tcb);
}

enum bulla_status
bl_collateral_name_parse(struct bulla_bytes text, struct bl_collateral_name *name_out,
                         struct bulla_error *err)
{
    struct bl_collateral_name name = { 0 };
    struct bulla_bytes rest = { NULL, 0 };
    bool is_known = false;

    if (starts_with(text, issuer_prefix, &rest))
        return bl_collateral_name_of_url(BL_COLLATERAL_ISSUER, rest, name_out, err);
    if (starts_with(text, issuer_crl_prefix, &rest))
        return bl_collateral_name_of_url(BL_COLLATERAL_ISSUER_CRL, rest, name_out, err);
    if (starts_with(text, "intel/", &rest))
        is_known = read_intel(rest, &name);
    else if (starts_with(text, "amd/", &rest))
        is_known = read_amd(rest, &name);
    if (!is_known || bl_collateral_name_finish(&name, NULL) != BULLA_OK || !is(text, name.text))
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "names nothing that is known", 0);
    *name_out = name;
    return BULLA_OK;
}
