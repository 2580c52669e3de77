/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a source answers: the first byte is the kind that was asked for, then the header that has the
 * issuers, up to a zero, then the body. What is taken of the issuers are certificates and nothing else,
 * and a list has become DER or nothing.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "codec/der.h"
#include "collateral/source.h"

static void
check_issuers(const struct bl_collateral *piece)
{
    BL_AUTO(bl_certificate_list) list = { 0 };

    if (piece->issuers.size > 0)
        FUZZ_ASSERT(bl_certificate_list_read(bulla_buffer_bytes(&piece->issuers), &list, NULL) ==
                    BULLA_OK);
}

static bool
has_issuers(enum bl_collateral_kind kind)
{
    return kind == BL_COLLATERAL_PCK_CRL || kind == BL_COLLATERAL_TCB_INFO ||
           kind == BL_COLLATERAL_QE_IDENTITY;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BL_AUTO_FREE(bl_collateral_set) nothing = bl_collateral_set_new();
    BL_AUTO_FREE(bl_collateral) piece = bl_alloc(1, sizeof *piece);
    struct bulla_error err = { 0 };

    FUZZ_ASSERT(nothing != NULL && piece != NULL);
    if (size == 0)
        return 0;
    const uint8_t *zero = memchr(data + 1, 0, size - 1);
    const struct bulla_bytes header = { data + 1,
                                        zero == NULL ? size - 1 : (size_t)(zero - data) - 1 };
    const struct bulla_bytes body = zero == NULL
                                        ? (struct bulla_bytes){ NULL, 0 }
                                        : (struct bulla_bytes){ zero + 1, size - header.size - 2 };
    piece->name.kind = (enum bl_collateral_kind)(1 + data[0] % BL_COLLATERAL_ISSUER_CRL);
    enum bulla_status status = bl_source_take(piece, body, header, nothing, &err);
    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return 0;
    }
    check_issuers(piece);
    FUZZ_ASSERT(has_issuers(piece->name.kind) == (piece->issuers.size > 0));
    FUZZ_ASSERT(piece->name.kind != BL_COLLATERAL_ROOT_CRL); /* its issuer is not at hand */
    return 0;
}
