/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation lists and lists of certificates: a list in DER that is read is not read when it is
 * shortened or lengthened, verifies under no certificate of another name, and can be asked;
 * certificates that are put into order are one chain.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "crypto/certificate_list.h"
#include "crypto/crl.h"

static void
check_crl(struct bulla_bytes bytes, const struct bl_certificate_list *certificates)
{
    BL_AUTO_FREE(bl_crl) crl = NULL;
    BL_AUTO_FREE(bl_crl) shorter = NULL;
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_crl_parse(bytes, &crl, &err);

    if (status != BULLA_OK) {
        FUZZ_ASSERT(crl == NULL);
        fuzz_check_refusal(status, &err);
        return;
    }
    for (size_t i = 0; i < certificates->count; i++) {
        (void)bl_crl_lists(crl, certificates->items[i]);
        err = (struct bulla_error){ 0 };
        status = bl_crl_verify(crl, certificates->items[i], INT64_C(1800000000), &err);
        FUZZ_ASSERT(bl_crl_is_of(crl, certificates->items[i]) || status != BULLA_OK);
        if (status != BULLA_OK)
            fuzz_check_refusal(status, &err);
    }
    if (bytes.data[0] == 0x30) {
        bytes.size--;
        FUZZ_ASSERT(bl_crl_parse(bytes, &shorter, NULL) != BULLA_OK);
    }
}

static void
check_order(struct bl_certificate_list *list)
{
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_certificate_list_order(list, &err);

    if (status != BULLA_OK) {
        fuzz_check_refusal(status, &err);
        return;
    }
    for (size_t i = 1; i < list->count; i++)
        FUZZ_ASSERT(bl_certificate_is_issued_by(list->items[i - 1], list->items[i]));
}

static void
check_names(const struct bl_certificate *certificate)
{
    BL_AUTO(bulla_buffer) text = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status = bl_certificate_common_name(certificate, &text, &err);

    FUZZ_ASSERT(status != BULLA_OK || text.size == 0 || memchr(text.data, 0, text.size) == NULL);
    FUZZ_ASSERT(status == BULLA_OK || text.size == 0);
    (void)!bl_certificate_name_text(certificate, /* of_issuer= */ true, &text, NULL);
    FUZZ_ASSERT(bl_certificate_serial(certificate).size > 0);
}

/* Certificates in PEM, a zero byte, and a revocation list. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size == 0 ? NULL : memchr(data, 0, size);
    const size_t first = zero == NULL ? size : (size_t)(zero - data);
    BL_AUTO(bl_certificate_list) list = { 0 };
    struct bulla_error err = { 0 };
    enum bulla_status status =
        bl_certificate_list_read((struct bulla_bytes){ data, first }, &list, &err);

    if (status != BULLA_OK) {
        FUZZ_ASSERT(list.count == 0);
        fuzz_check_refusal(status, &err);
    } else {
        for (size_t i = 0; i < list.count; i++)
            check_names(list.items[i]);
        check_order(&list);
    }
    if (zero != NULL)
        check_crl((struct bulla_bytes){ zero + 1, size - first - 1 }, &list);
    return 0;
}
