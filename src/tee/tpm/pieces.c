/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/tpm/pieces.h"

#include <string.h>

#include "base/memory.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/pem.h"

#define DER_SEQUENCE 0x30u
#define CBOR_MAJOR_MAP 0xa0u
#define PCRS_SIZE_MAX 8192u /* bytes: 24 values of SHA-512 need 3400 */

/* Vendors whose roots certify attestation keys of TPMs. */
static const char *const vendors[] = { "gce", "azure" };

static bool
starts_with(struct bulla_bytes bytes, struct bulla_bytes prefix)
{
    return bytes.size >= prefix.size && memcmp(bytes.data, prefix.data, prefix.size) == 0;
}

enum bl_tpm_form
bl_tpm_form_of(struct bulla_bytes evidence)
{
    static const uint8_t generated[] = { 0xff, 0x54, 0x43, 0x47 };

    if (evidence.size == 0)
        return BL_TPM_FORM_UNKNOWN;
    if ((evidence.data[0] & 0xe0u) == CBOR_MAJOR_MAP)
        return BL_TPM_FORM_EVIDENCE;
    if (starts_with(evidence, BL_BYTES_OF(generated)))
        return BL_TPM_FORM_QUOTE;
    if (evidence.data[0] == DER_SEQUENCE || starts_with(evidence, BL_LITERAL("-----BEGIN ")))
        return BL_TPM_FORM_CERTIFICATE;
    return BL_TPM_FORM_UNKNOWN;
}

/* -- parts ------------------------------------------------------------------------------------- */

static bool
has_part(const struct bl_verification *v, const char *role)
{
    for (size_t i = 0; i < v->part_count; i++)
        if (strcmp(v->parts[i].role, role) == 0)
            return true;
    return false;
}

bool
bl_tpm_has_quote_pieces(const struct bl_verification *verification)
{
    return has_part(verification, "signature") || has_part(verification, "pcrs") ||
           has_part(verification, "event_log");
}

/* The one part with this role, or an empty view if there is none. */
static enum bulla_status
find_piece(const struct bl_verification *v, const char *role, struct bulla_bytes *piece_out,
           struct bulla_error *err)
{
    struct bulla_bytes piece = bl_part_find(v, role);

    if (piece.size == 0 && has_part(v, role))
        return bulla_fail(err, BULLA_E_MALFORMED, role, "empty, or given more than once", 0);
    *piece_out = piece;
    return BULLA_OK;
}

/* -- PCR values: {"hash": "sha256", "pcrs": {"0": "00ff..", ..}} --------------------------------- */

/* "0" to "23", and no other way to write them. */
static bool
read_index(struct bulla_bytes text, unsigned *index_out)
{
    unsigned index = 0;

    if (text.size == 0 || text.size > 2 || (text.size == 2 && text.data[0] == '0'))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        index = index * 10 + (unsigned)(text.data[i] - '0');
    }
    *index_out = index;
    return index < BL_PCR_COUNT;
}

static enum bulla_status
read_value(struct bulla_bytes name, const struct bl_json *value, struct bl_pcr_bank *bank,
           struct bulla_error *err)
{
    uint8_t bytes[BL_HASH_SIZE_MAX];
    size_t size = bl_hash_size(bank->hash);
    struct bulla_bytes text;
    unsigned index = 0;

    if (!read_index(name, &index))
        return bulla_fail(err, BULLA_E_MALFORMED, "pcrs", "no such PCR", 0);
    BL_TRY(bl_json_as_text(value, "pcrs", 2 * sizeof bytes, &text, err));
    BL_TRY(bl_hex_decode_exact(text, bytes, size, err));
    return bl_pcr_set(bank, index, (struct bulla_bytes){ bytes, size }, err);
}

static enum bulla_status
read_pcrs(struct bulla_bytes text, struct bl_pcr_bank *bank_out, struct bulla_error *err)
{
    static const char *const known[] = { "hash", "pcrs" };
    BL_AUTO_FREE(bl_json) root = NULL;
    const struct bl_json *hash = NULL, *values = NULL, *value = NULL;
    struct bl_pcr_bank bank = { 0 };
    struct bulla_bytes word, name;
    void *cursor = NULL;

    BL_TRY(bl_json_parse(text, "pcrs", PCRS_SIZE_MAX, &root, err));
    BL_TRY(bl_json_as_object_of(root, "pcrs", known, BL_COUNT_OF(known), err));
    BL_TRY(bl_json_require(root, "hash", &hash, err));
    BL_TRY(bl_json_require(root, "pcrs", &values, err));
    BL_TRY(bl_json_as_text(hash, "hash", 16, &word, err));
    BL_TRY(bl_json_as_object(values, "pcrs", err));
    bank.hash = bl_bank_from_word(word);
    if (bank.hash == BL_HASH_NONE)
        return bulla_fail(err, BULLA_E_MALFORMED, "pcrs", "unknown hash", 0);
    while (bl_json_next(values, &cursor, &name, &value))
        BL_TRY(read_value(name, value, &bank, err));
    *bank_out = bank;
    return BULLA_OK;
}

/* -- certificates and keys --------------------------------------------------------------------- */

static enum bulla_status
add_anchor(struct bl_tpm_pieces *p, const struct bl_anchor *anchor, struct bulla_error *err)
{
    if (p->context.anchor_count == BL_ANCHOR_COUNT_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "anchors", "too many", BL_ANCHOR_COUNT_MAX);
    p->anchors[p->context.anchor_count++] = *anchor;
    return BULLA_OK;
}

static enum bulla_status
add_authority(struct bl_tpm_pieces *p, const struct bl_anchor *trusted,
              const struct bl_certificate *root, struct bulla_error *err)
{
    struct bl_anchor anchor = *trusted;

    anchor.kind = BL_ANCHOR_AK_AUTHORITY;
    anchor.der = bl_certificate_der(root);
    return add_anchor(p, &anchor, err);
}

/* A root among the collateral adds no trust: its key must be one of those pinned. */
static enum bulla_status
find_pinned(const struct bl_verification *v, const struct bl_certificate *root,
            const struct bl_anchor **anchor_out, struct bulla_error *err)
{
    enum bulla_status status = BULLA_OK;

    for (size_t i = 0; i < BL_COUNT_OF(vendors); i++) {
        struct bulla_error found = { 0 };
        status = bl_anchor_of_root(v, vendors[i], root, anchor_out, &found);
        if (found.cause == BULLA_CAUSE_WRONG_ROOT && i + 1 < BL_COUNT_OF(vendors))
            continue;
        if (status != BULLA_OK && err != NULL)
            *err = found;
        break;
    }
    return status;
}

static enum bulla_status
read_roots(const struct bl_verification *v, struct bl_tpm_pieces *p, struct bulla_error *err)
{
    const struct bl_anchor *anchor;
    struct bulla_bytes piece;

    for (size_t i = 0; (anchor = bl_anchor_given(v, "root", i)) != NULL; i++) {
        size_t first = p->roots.count;
        BL_TRY(bl_certificate_list_read(anchor->der, &p->roots, err));
        for (size_t k = first; k < p->roots.count; k++)
            BL_TRY(add_authority(p, anchor, p->roots.items[k], err));
    }
    for (size_t i = 0; (piece = bl_part_at(v, "root", i)).size > 0; i++) {
        size_t first = p->roots.count;
        BL_TRY(bl_certificate_list_read(piece, &p->roots, err));
        for (size_t k = first; k < p->roots.count; k++) {
            BL_TRY(find_pinned(v, p->roots.items[k], &anchor, err));
            BL_TRY(add_authority(p, anchor, p->roots.items[k], err));
        }
    }
    return BULLA_OK;
}

static enum bulla_status
read_certificates(const struct bl_verification *v, struct bl_tpm_pieces *p, struct bulla_error *err)
{
    static const char *const issuers[] = { "intermediate", "intermediates", "cert_chain" };
    struct bulla_bytes leaf = v->evidence, piece;

    if (bl_tpm_form_of(v->evidence) != BL_TPM_FORM_CERTIFICATE)
        BL_TRY(find_piece(v, "ak_cert", &leaf, err));
    if (leaf.size > 0)
        BL_TRY(bl_certificate_list_read(leaf, &p->certificates, err));
    for (size_t k = 0; leaf.size > 0 && k < BL_COUNT_OF(issuers); k++)
        for (size_t i = 0; (piece = bl_part_at(v, issuers[k], i)).size > 0; i++)
            BL_TRY(bl_certificate_list_read(piece, &p->certificates, err));
    for (size_t i = 0; i < p->certificates.count; i++)
        p->chain[i] = bl_certificate_der(p->certificates.items[i]);
    p->bare.chain = p->chain;
    p->bare.chain_count = p->certificates.count;
    return BULLA_OK;
}

static enum bulla_status
find_given(const struct bl_verification *v, const char *role, const struct bl_anchor **anchor_out,
           struct bulla_error *err)
{
    *anchor_out = bl_anchor_given(v, role, 0);
    if (bl_anchor_given(v, role, 1) != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, role, "which of several keys?");
    return BULLA_OK;
}

static enum bulla_status
add_key(struct bl_tpm_pieces *p, const struct bl_anchor *given, const struct bulla_buffer *spki,
        struct bulla_error *err)
{
    struct bl_anchor anchor = *given;

    anchor.kind = BL_ANCHOR_AK;
    anchor.der = bulla_buffer_bytes(spki);
    return add_anchor(p, &anchor, err);
}

static enum bulla_status
read_enrolled(const struct bl_verification *v, struct bl_tpm_pieces *p, struct bulla_error *err)
{
    const struct bl_anchor *given = NULL;

    BL_TRY(find_given(v, "ak_pub", &given, err));
    if (given == NULL)
        return BULLA_OK;
    if (given->der.size > 0 && given->der.data[0] == DER_SEQUENCE)
        BL_TRY(bulla_buffer_append(&p->enrolled, given->der, err));
    else
        BL_TRY(bl_pem_decode(given->der, "PUBLIC KEY", &p->enrolled, err));
    return add_key(p, given, &p->enrolled, err);
}

/* The key as its TPM describes it: what the operator says of it by SPKI must be the same one. */
static enum bulla_status
read_named(const struct bl_verification *v, struct bl_tpm_pieces *p, struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    const struct bl_anchor *given = NULL;
    struct bl_tpm_public ak;

    BL_TRY(find_given(v, "ak_tpmt_public", &given, err));
    if (given == NULL)
        return BULLA_OK;
    BL_TRY(bl_tpmt_public_decode(given->der, &ak, err));
    BL_TRY(bl_tpm_public_key(&ak, &key, err));
    BL_TRY(bl_key_spki(key, &p->named, err));
    p->bare.ak_public = given->der;
    if (p->enrolled.size == 0)
        return add_key(p, given, &p->named, err);
    if (bl_equal(bulla_buffer_bytes(&p->enrolled), bulla_buffer_bytes(&p->named)))
        return BULLA_OK;
    return bulla_fail_cause(err, BULLA_CAUSE_KEY_MISMATCH, "ak_tpmt_public",
                            "is another key than ak_pub");
}

/* Anchors of the library's callers, who have no roles: as they are. */
static enum bulla_status
copy_anchors(const struct bl_verification *v, enum bl_anchor_kind kind, struct bl_tpm_pieces *p,
             struct bulla_error *err)
{
    for (size_t i = 0; i < v->anchor_count; i++)
        if (v->anchors[i].kind == kind)
            BL_TRY(add_anchor(p, &v->anchors[i], err));
    return BULLA_OK;
}

static enum bulla_status
read_quote_pieces(const struct bl_verification *v, struct bl_tpm_pieces *p, struct bulla_error *err)
{
    struct bulla_bytes pcrs;

    BL_TRY(find_piece(v, "signature", &p->bare.signature, err));
    BL_TRY(find_piece(v, "event_log", &p->bare.event_log, err));
    BL_TRY(find_piece(v, "pcrs", &pcrs, err));
    p->bare.attest = v->evidence;
    if (pcrs.size == 0)
        return BULLA_OK;
    p->bare.pcrs = &p->pcrs;
    return read_pcrs(pcrs, &p->pcrs, err);
}

enum bulla_status
bl_tpm_pieces_read(const struct bl_verification *verification, struct bl_tpm_pieces *pieces_out,
                   struct bulla_error *err)
{
    struct bl_tpm_pieces *p = pieces_out;

    *p = (struct bl_tpm_pieces){ .context = *verification };
    p->context.anchors = p->anchors;
    p->context.anchor_count = 0;
    BL_TRY(read_quote_pieces(verification, p, err));
    BL_TRY(copy_anchors(verification, BL_ANCHOR_AK_AUTHORITY, p, err));
    BL_TRY(read_roots(verification, p, err));
    p->authority_count = p->context.anchor_count;
    BL_TRY(copy_anchors(verification, BL_ANCHOR_AK, p, err));
    BL_TRY(read_certificates(verification, p, err));
    BL_TRY(read_enrolled(verification, p, err));
    return read_named(verification, p, err);
}

void
bl_tpm_pieces_done(struct bl_tpm_pieces *pieces)
{
    bl_certificate_list_done(&pieces->certificates);
    bl_certificate_list_done(&pieces->roots);
    bulla_buffer_done(&pieces->enrolled);
    bulla_buffer_done(&pieces->named);
}
