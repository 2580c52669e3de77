/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/parts.h"

#include <string.h>

#include "base/memory.h"

struct filling {
    struct bl_part *parts;
    size_t part_count_max, given_count; /* given: by hand */
    size_t *part_count;
};

static enum bulla_status
add(struct filling *filling, const char *role, const struct bulla_buffer *bytes,
    struct bulla_error *err)
{
    for (size_t i = 0; i < filling->given_count; i++)
        if (strcmp(filling->parts[i].role, role) == 0)
            return BULLA_OK;
    if (bytes->size == 0)
        return BULLA_OK;
    if (*filling->part_count == filling->part_count_max)
        return bulla_fail(err, BULLA_E_LIMIT, "collateral", "more pieces than can be given",
                          *filling->part_count);
    filling->parts[(*filling->part_count)++] = (struct bl_part){ role, bulla_buffer_bytes(bytes) };
    return BULLA_OK;
}

/* A root of its own stands for itself; what others issued stands between. */
static const char *
role_of_issuer(const struct bl_collateral *piece)
{
    BL_AUTO(bl_certificate_list) list = { 0 };

    if (bl_certificate_list_read(bulla_buffer_bytes(&piece->body), &list, NULL) == BULLA_OK &&
        bl_certificate_is_self_issued(list.items[0]))
        return "root";
    return "intermediate";
}

static enum bulla_status
add_piece(struct filling *filling, const struct bl_collateral *piece, struct bulla_error *err)
{
    switch (piece->name.kind) {
    case BL_COLLATERAL_ROOT_CRL:
        return add(filling, "root_ca_crl", &piece->body, err);
    case BL_COLLATERAL_PCK_CRL:
        return add(filling, "pck_crl", &piece->body, err);
    case BL_COLLATERAL_TCB_INFO:
        BL_TRY(add(filling, "tcb_info", &piece->body, err));
        return add(filling, "tcb_info_issuer_chain", &piece->issuers, err);
    case BL_COLLATERAL_QE_IDENTITY:
        BL_TRY(add(filling, "qe_identity", &piece->body, err));
        return add(filling, "qe_identity_issuer_chain", &piece->issuers, err);
    case BL_COLLATERAL_AMD_CHAIN:
        return add(filling, "cert_chain", &piece->body, err);
    case BL_COLLATERAL_AMD_CRL:
    case BL_COLLATERAL_ISSUER_CRL:
        return add(filling, "crl", &piece->body, err);
    case BL_COLLATERAL_VCEK:
        return add(filling, "vcek", &piece->body, err);
    case BL_COLLATERAL_ISSUER:
        return add(filling, role_of_issuer(piece), &piece->body, err);
    case BL_COLLATERAL_NONE:
        break;
    }
    return BULLA_OK;
}

enum bulla_status
bl_collateral_parts(const struct bl_wants *wants, const struct bl_collateral_set *set,
                    struct bl_part *parts, size_t part_count_max, size_t *part_count,
                    struct bulla_error *err)
{
    struct filling filling = { parts, part_count_max, *part_count, part_count };

    for (size_t i = 0; i < wants->count; i++) {
        const struct bl_collateral *piece = bl_collateral_find(set, &wants->items[i]);
        if (piece != NULL)
            BL_TRY(add_piece(&filling, piece, err));
    }
    return BULLA_OK;
}
