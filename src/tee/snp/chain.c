/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/snp/chain.h"

#include <string.h>

#include "base/memory.h"
#include "codec/der.h"
#include "crypto/crl.h"
#include "tee/x509path/path.h"

#define CHAIN "SNP certificate chain"
#define LEAF "SNP certificate"
#define CHAIN_COUNT 3u
#define CRL_COUNT_MAX 4u /* one of each kind of intermediate, given and beside the report */
#define CHIP_ID_SIZE 64u
#define CHIP_ID_SIZE_TURIN 8u

#define OID "1.3.6.1.4.1.3704.1."
#define OID_STRUCT_VERSION OID "1"
#define OID_PRODUCT OID "2"
#define OID_HWID OID "4"
#define OID_CSP_ID OID "5"

struct generation {
    const char *name; /* of the product */
    const char *vendor;
    const char *issuers[2];  /* common names of the intermediates: VCEK's, VLEK's */
    const char *tcb_oids[8]; /* what certifies each byte of a TCB version */
    uint64_t struct_version;
    size_t chip_id_size;
};

/* What is reserved in a TCB version has extensions too, and they are compared like the others. */
#define TCB_OIDS                                                                               \
    {                                                                                          \
        OID "3.1", OID "3.2", OID "3.4", OID "3.5", OID "3.6", OID "3.7", OID "3.3", OID "3.8" \
    }
#define TCB_OIDS_TURIN                                                                         \
    {                                                                                          \
        OID "3.9", OID "3.1", OID "3.2", OID "3.3", OID "3.5", OID "3.6", OID "3.7", OID "3.8" \
    }

static const struct generation generations[] = {
    [BL_SNP_MILAN] = { "Milan",
                       "amd-milan",
                       { "SEV-Milan", "SEV-VLEK-Milan" },
                       TCB_OIDS,
                       0,
                       CHIP_ID_SIZE },
    [BL_SNP_GENOA] = { "Genoa",
                       "amd-genoa",
                       { "SEV-Genoa", "SEV-VLEK-Genoa" },
                       TCB_OIDS,
                       0,
                       CHIP_ID_SIZE },
    [BL_SNP_TURIN] = { "Turin",
                       "amd-turin",
                       { "SEV-Turin", "SEV-VLEK-Turin" },
                       TCB_OIDS_TURIN,
                       1,
                       CHIP_ID_SIZE_TURIN },
};

void
bl_snp_chain_done(struct bl_snp_chain *chain)
{
    bl_certificate_list_done(&chain->certificates);
}

/* -- extensions of the leaf -------------------------------------------------------------------- */

/* The value of an extension; its absence is a finding about the evidence, of this cause. */
static enum bulla_status
require_extension(const struct bl_certificate *leaf, const char *oid, enum bulla_cause cause,
                  struct bulla_bytes *value_out, struct bulla_error *err)
{
    if (!bl_certificate_extension(leaf, oid, value_out))
        return bulla_fail_cause(err, cause, LEAF, "an extension is missing");
    return BULLA_OK;
}

static enum bulla_status
read_number(const struct bl_certificate *leaf, const char *oid, uint64_t *number_out,
            struct bulla_error *err)
{
    struct bulla_bytes value;

    BL_TRY(require_extension(leaf, oid, BULLA_CAUSE_TCB_EXTENSION_MISMATCH, &value, err));
    struct bl_reader r = bl_reader(value, LEAF);
    uint64_t number = bl_der_read_u64(&r);
    BL_TRY(bl_reader_finish(&r, err));
    *number_out = number;
    return BULLA_OK;
}

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

/* "Milan", or with a stepping: "Milan-B0". */
static bool
is_product(struct bulla_bytes product, const char *name)
{
    struct bulla_bytes wanted = text_of(name);

    return product.size >= wanted.size && memcmp(product.data, wanted.data, wanted.size) == 0 &&
           (product.size == wanted.size || product.data[wanted.size] == '-');
}

static enum bulla_status
read_generation(const struct bl_certificate *leaf, enum bl_snp_generation *generation_out,
                struct bulla_error *err)
{
    struct bulla_bytes value;

    BL_TRY(require_extension(leaf, OID_PRODUCT, BULLA_CAUSE_UNTRUSTED, &value, err));
    struct bl_reader r = bl_reader(value, LEAF);
    struct bulla_bytes product = bl_der_read(&r, BL_DER_IA5_STRING);
    BL_TRY(bl_reader_finish(&r, err));
    for (size_t i = BL_SNP_MILAN; i < BL_COUNT_OF(generations); i++) {
        if (is_product(product, generations[i].name)) {
            *generation_out = (enum bl_snp_generation)i;
            return BULLA_OK;
        }
    }
    return bulla_fail(err, BULLA_E_UNSUPPORTED, LEAF, "a product that is not known", 0);
}

/* -- the chain --------------------------------------------------------------------------------- */

/* What was given under `role`, or else what is beside the report. */
static struct bulla_bytes
given_or(const struct bl_verification *v, const char *role, struct bulla_bytes beside)
{
    struct bulla_bytes given = bl_part_find(v, role);

    return given.size > 0 ? given : beside;
}

static enum bulla_status
collect_leaf(const struct bl_verification *v, const struct bl_snp_table *table, bool is_vlek,
             struct bl_certificate_list *list, struct bulla_error *err)
{
    struct bulla_bytes leaf =
        is_vlek ? given_or(v, "vlek", table->vlek) : given_or(v, "vcek", table->vcek);

    if (leaf.size == 0)
        return bulla_fail_cause(err, BULLA_CAUSE_UNTRUSTED, CHAIN,
                                "no certificate of the key that signed");
    return bl_certificate_list_read(leaf, list, err);
}

static enum bulla_status
collect_issuers(const struct bl_verification *v, const struct bl_snp_table *table, bool is_vlek,
                struct bl_certificate_list *list, struct bulla_error *err)
{
    struct bulla_bytes above = bl_part_find(v, "cert_chain");
    struct bulla_bytes issuer = given_or(v, "ask", table->ask);
    struct bulla_bytes root = given_or(v, "ark", table->ark);

    if (is_vlek)
        issuer = given_or(v, "asvk", issuer);
    if (above.size > 0)
        return bl_certificate_list_read(above, list, err);
    if (issuer.size > 0)
        BL_TRY(bl_certificate_list_read(issuer, list, err));
    return root.size > 0 ? bl_certificate_list_read(root, list, err) : BULLA_OK;
}

/* Providers hand out the leaf with its issuers; the same certificate again is no second one. */
static void
drop_repeated(struct bl_certificate_list *list)
{
    size_t kept = 0;

    for (size_t i = 0; i < list->count; i++) {
        size_t same = 0;
        while (same < kept &&
               !bl_equal(bl_certificate_der(list->items[i]), bl_certificate_der(list->items[same])))
            same++;
        if (same == kept)
            list->items[kept++] = list->items[i];
        else
            bl_certificate_free(list->items[i]);
    }
    list->count = kept;
}

static enum bulla_status
check_name(const struct bl_certificate *certificate, const char *wanted, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) name = { 0 };
    struct bulla_error inner = { 0 };
    enum bulla_status status = bl_certificate_common_name(certificate, &name, &inner);

    if (status != BULLA_OK && status != BULLA_E_NOT_FOUND) {
        if (err != NULL)
            *err = inner;
        return status;
    }
    if (bl_equal(bulla_buffer_bytes(&name), text_of(wanted)))
        return BULLA_OK;
    status = bulla_fail_cause(err, BULLA_CAUSE_UNTRUSTED, CHAIN, "certificate of another kind");
    bulla_error_values(err, bulla_value_bytes(bulla_buffer_bytes(&name)), bulla_value_word(wanted));
    return status;
}

/* RSASSA-PSS, SHA-384, MGF1 with SHA-384, salt of 48 bytes: the one algorithm of AMD's certificates.
 * The default trailer is written out by some of them. */
static bool
is_signed_as_amd_signs(const struct bl_certificate *certificate)
{
    static const uint8_t pss[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a };
    static const uint8_t parameters[] = {
        0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
        0x05, 0x00, 0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
        0x01, 0x08, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02,
        0x05, 0x00, 0xa2, 0x03, 0x02, 0x01, 0x30, 0xa3, 0x03, 0x02, 0x01, 0x01
    };
    const size_t trailer_size = 5;
    struct bl_reader r = bl_reader(bl_certificate_der(certificate), CHAIN);

    struct bl_reader outer = bl_der_enter(&r, BL_DER_SEQUENCE, CHAIN);
    (void)bl_der_skip(&outer);
    struct bl_reader algorithm = bl_der_enter(&outer, BL_DER_SEQUENCE, CHAIN);
    struct bulla_bytes oid = bl_der_read_oid(&algorithm);
    struct bulla_bytes found = bl_der_read(&algorithm, BL_DER_SEQUENCE);
    return bl_reader_finish(&algorithm, NULL) == BULLA_OK && bl_equal(oid, BL_BYTES_OF(pss)) &&
           (bl_equal(found, BL_BYTES_OF(parameters)) ||
            bl_equal(found, (struct bulla_bytes){ parameters, sizeof parameters - trailer_size }));
}

static const struct bl_certificate *
root_of(const struct bl_certificate_list *list)
{
    return list->items[list->count - 1];
}

static const struct bl_certificate *
intermediate_of(const struct bl_certificate_list *list)
{
    return list->items[list->count - 2];
}

static enum bulla_status
verify_path(const struct bl_verification *v, struct bl_snp_chain *chain, struct bulla_error *err)
{
    const struct bl_certificate_list *list = &chain->certificates;

    for (size_t i = 0; i < list->count; i++)
        if (!is_signed_as_amd_signs(list->items[i]))
            return bulla_fail(err, BULLA_E_UNTRUSTED, CHAIN, "signed with another algorithm", i);
    return bl_path_verify_to_root(v, generations[chain->generation].vendor,
                                  (const struct bl_certificate *const *)list->items, list->count,
                                  NULL, &chain->anchor, err);
}

/* Anything but a clear "false" demands one. */
static bool
is_crl_required(const struct bl_verification *v)
{
    for (size_t i = 0; i < v->input_count; i++)
        if (strcmp(v->inputs[i].role, "require_crl") == 0 &&
            !bl_equal(v->inputs[i].bytes, BL_LITERAL("false")))
            return true;
    return false;
}

static enum bulla_status
check_crl(struct bulla_bytes bytes, const struct bl_verification *v, struct bl_snp_chain *chain,
          struct bulla_error *err)
{
    BL_AUTO_FREE(bl_crl) crl = NULL;

    BL_TRY(bl_crl_parse(bytes, &crl, err));
    BL_TRY(bl_crl_verify_late(crl, root_of(&chain->certificates), v->now_s, v->collateral_grace_s,
                              v->memo, err));
    if (bl_crl_lists(crl, intermediate_of(&chain->certificates)))
        return bulla_fail_cause(err, BULLA_CAUSE_REVOKED, CHAIN, "the intermediate was revoked");
    chain->is_revocation_checked = true;
    const int64_t late_s = bl_crl_late_s(crl, v->now_s);
    if (late_s >= 0 && (!chain->late_s.is_present || chain->late_s.value < (uint64_t)late_s))
        chain->late_s = (struct bl_claim_number){ true, (uint64_t)late_s };
    return BULLA_OK;
}

/* A list that is there must be good, whether one was asked for or not. */
static enum bulla_status
check_revocation(const struct bl_verification *v, const struct bl_snp_table *table,
                 struct bl_snp_chain *chain, struct bulla_error *err)
{
    for (size_t i = 0; bl_part_at(v, "crl", i).size > 0; i++) {
        if (i == CRL_COUNT_MAX)
            return bulla_fail(err, BULLA_E_LIMIT, CHAIN, "too many revocation lists", i);
        BL_TRY(check_crl(bl_part_at(v, "crl", i), v, chain, err));
    }
    if (!chain->is_revocation_checked && table->crl.size > 0)
        BL_TRY(check_crl(table->crl, v, chain, err));
    if (!chain->is_revocation_checked && is_crl_required(v))
        return bulla_fail_cause(err, BULLA_CAUSE_CRL_MISSING, CHAIN, "no revocation list given");
    return BULLA_OK;
}

/* All of the chain, in order and of a known generation: names above the leaf, root, path, lists. */
static enum bulla_status
verify_issuers(const struct bl_verification *v, const struct bl_snp_table *table,
               struct bl_snp_chain *chain, struct bulla_error *err)
{
    const struct generation *generation = &generations[chain->generation];
    const struct bl_certificate_list *list = &chain->certificates;

    BL_TRY(check_name(intermediate_of(list), generation->issuers[chain->is_vlek], err));
    BL_TRY(verify_path(v, chain, err));
    return check_revocation(v, table, chain, err);
}

static enum bulla_status
verify_chain(const struct bl_verification *v, const struct bl_snp_table *table,
             struct bl_snp_chain *chain, struct bulla_error *err)
{
    struct bl_certificate_list *list = &chain->certificates;

    BL_TRY(collect_leaf(v, table, chain->is_vlek, list, err));
    BL_TRY(collect_issuers(v, table, chain->is_vlek, list, err));
    drop_repeated(list);
    BL_TRY(bl_certificate_list_order(list, err));
    if (list->count != CHAIN_COUNT)
        return bulla_fail(err, BULLA_E_UNTRUSTED, CHAIN, "not leaf, intermediate and root",
                          list->count);
    BL_TRY(check_name(list->items[0], chain->is_vlek ? "SEV-VLEK" : "SEV-VCEK", err));
    BL_TRY(read_generation(list->items[0], &chain->generation, err));
    return verify_issuers(v, table, chain, err);
}

static enum bulla_status
verify_issuers_alone(const struct bl_verification *v, struct bl_snp_chain *chain,
                     struct bulla_error *err)
{
    const struct bl_snp_table nothing = { 0 };
    struct bl_certificate_list *list = &chain->certificates;

    BL_TRY(collect_issuers(v, &nothing, chain->is_vlek, list, err));
    drop_repeated(list);
    BL_TRY(bl_certificate_list_order(list, err));
    if (list->count != CHAIN_COUNT - 1)
        return bulla_fail(err, BULLA_E_UNTRUSTED, CHAIN, "not intermediate and root", list->count);
    return verify_issuers(v, &nothing, chain, err);
}

enum bulla_status
bl_snp_issuers_verify(const struct bl_verification *v, enum bl_snp_generation generation,
                      bool is_vlek, struct bl_snp_chain *chain_out, struct bulla_error *err)
{
    struct bl_snp_chain chain = { .is_vlek = is_vlek, .generation = generation };
    enum bulla_status status = verify_issuers_alone(v, &chain, err);

    if (status == BULLA_OK)
        *chain_out = chain;
    else
        bl_snp_chain_done(&chain);
    return status;
}

enum bulla_status
bl_snp_chain_verify(const struct bl_verification *v, const struct bl_snp_table *table, bool is_vlek,
                    struct bl_snp_chain *chain_out, struct bulla_error *err)
{
    struct bl_snp_chain chain = { .is_vlek = is_vlek };
    enum bulla_status status = verify_chain(v, table, &chain, err);

    if (status == BULLA_OK)
        *chain_out = chain;
    else
        bl_snp_chain_done(&chain);
    return status;
}

/* -- the report's own -------------------------------------------------------------------------- */

static enum bulla_status
match_tcb(const struct bl_certificate *leaf, const struct generation *generation,
          const struct bl_snp_report *report, struct bulla_error *err)
{
    uint64_t found = 0;

    BL_TRY(read_number(leaf, OID_STRUCT_VERSION, &found, err));
    if (found != generation->struct_version)
        return bulla_fail_cause(err, BULLA_CAUSE_TCB_EXTENSION_MISMATCH, LEAF,
                                "structure version is not that of its generation");
    for (size_t i = 0; i < report->reported_tcb.size; i++) {
        BL_TRY(read_number(leaf, generation->tcb_oids[i], &found, err));
        if (found == report->reported_tcb.data[i])
            continue;
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_TCB_EXTENSION_MISMATCH, LEAF,
                                                    "is for another TCB than the reported one");
        bulla_error_values(err, bulla_value_number(found),
                           bulla_value_number(report->reported_tcb.data[i]));
        return status;
    }
    return BULLA_OK;
}

/* Some issues of the certificate have the bytes bare, some as an OCTET STRING. */
static enum bulla_status
read_hwid(const struct bl_certificate *leaf, size_t size, struct bulla_bytes *hwid_out,
          struct bulla_error *err)
{
    struct bulla_bytes value;

    BL_TRY(require_extension(leaf, OID_HWID, BULLA_CAUSE_CHIP_ID_MISMATCH, &value, err));
    if (value.size == size) {
        *hwid_out = value;
        return BULLA_OK;
    }
    struct bl_reader r = bl_reader(value, LEAF);
    struct bulla_bytes octets = bl_der_read_octets(&r, size);
    BL_TRY(bl_reader_finish(&r, err));
    *hwid_out = octets;
    return BULLA_OK;
}

static enum bulla_status
fail_chip(struct bulla_bytes found, struct bulla_bytes expected, struct bulla_error *err)
{
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_CHIP_ID_MISMATCH, LEAF,
                                                "is for another chip than the report's");
    bulla_error_values(err, bulla_value_bytes(found), bulla_value_bytes(expected));
    return status;
}

static enum bulla_status
match_chip(const struct bl_certificate *leaf, const struct generation *generation,
           const struct bl_snp_report *report, struct bulla_error *err)
{
    const size_t size = generation->chip_id_size;
    struct bulla_bytes chip = { report->chip_id.data, size };
    struct bulla_bytes rest = { report->chip_id.data + size, report->chip_id.size - size };
    struct bulla_bytes hwid;

    BL_TRY(read_hwid(leaf, size, &hwid, err));
    if (bl_all_zero(chip) || !bl_equal(hwid, chip) || !bl_all_zero(rest))
        return fail_chip(hwid, report->chip_id, err);
    return BULLA_OK;
}

/* A VLEK is a provider's: it says whose, and neither it nor the report says which chip. */
static enum bulla_status
match_provider(const struct bl_certificate *leaf, const struct bl_snp_report *report,
               struct bulla_error *err)
{
    struct bulla_bytes csp_id, hwid = { NULL, 0 };

    BL_TRY(require_extension(leaf, OID_CSP_ID, BULLA_CAUSE_CHIP_ID_MISMATCH, &csp_id, err));
    if (bl_certificate_extension(leaf, OID_HWID, &hwid) || !bl_all_zero(report->chip_id))
        return fail_chip(hwid, report->chip_id, err);
    return BULLA_OK;
}

/* AMD PPR. */
bool
bl_snp_is_cpu_of(enum bl_snp_generation generation, const struct bl_snp_report *report)
{
    const uint8_t family = report->cpuid.data[0], model = report->cpuid.data[1];

    if (report->version < 3)
        return true;
    switch (generation) {
    case BL_SNP_MILAN:
        return family == 0x19 && model <= 0x0f;
    case BL_SNP_GENOA: /* and Bergamo, Siena */
        return family == 0x19 && ((model >= 0x10 && model <= 0x1f) || (model & 0xf0) == 0xa0);
    case BL_SNP_TURIN:
        return family == 0x1a && model <= 0x1f;
    case BL_SNP_GENERATION_NONE:
        break;
    }
    return false;
}

enum bulla_status
bl_snp_chain_match(const struct bl_snp_chain *chain, const struct bl_snp_report *report,
                   struct bulla_error *err)
{
    const struct bl_certificate *leaf = chain->certificates.items[0];
    const struct generation *generation = &generations[chain->generation];

    if (!bl_snp_is_cpu_of(chain->generation, report)) {
        enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_UNTRUSTED, CHAIN,
                                                    "is of another generation than the report");
        bulla_error_values(err, bulla_value_word(generation->name),
                           bulla_value_bytes(report->cpuid));
        return status;
    }
    BL_TRY(match_tcb(leaf, generation, report, err));
    return chain->is_vlek ? match_provider(leaf, report, err)
                          : match_chip(leaf, generation, report, err);
}

enum bulla_status
bl_snp_leaf_generation(const struct bl_verification *v, const struct bl_snp_table *table,
                       bool is_vlek, enum bl_snp_generation *generation_out,
                       struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) list = { 0 };
    struct bulla_bytes leaf =
        is_vlek ? given_or(v, "vlek", table->vlek) : given_or(v, "vcek", table->vcek);

    if (leaf.size == 0) {
        *generation_out = BL_SNP_GENERATION_NONE;
        return BULLA_OK;
    }
    BL_TRY(bl_certificate_list_read(leaf, &list, err));
    return read_generation(list.items[0], generation_out, err);
}
