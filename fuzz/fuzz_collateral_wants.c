/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that nobody has verified, and what it wants: every name is one that reads back as itself,
 * there are not many, and what one kind refuses is refused with a reason. The same bytes as a name.
 */
#include "fuzz.h"

#include "base/memory.h"
#include "collateral/wants.h"

static void
check_names(const struct bl_wants *wants)
{
    FUZZ_ASSERT(wants->count <= 2 * BL_CHAIN_COUNT_MAX + 4);
    for (size_t i = 0; i < wants->count; i++) {
        struct bl_collateral_name name;
        struct bulla_bytes text = { (const uint8_t *)wants->items[i].text,
                                    strlen(wants->items[i].text) };
        FUZZ_ASSERT(bl_collateral_name_parse(text, &name, NULL) == BULLA_OK);
        FUZZ_ASSERT(strcmp(name.text, wants->items[i].text) == 0);
    }
}

static void
check_kind(const char *kind, struct bulla_bytes evidence)
{
    const struct bl_verification v = { .evidence = evidence };
    BL_AUTO_FREE(bl_wants) wants = bl_wants_new();
    struct bulla_error err = { 0 };

    FUZZ_ASSERT(wants != NULL);
    enum bulla_status status = bl_wants_of_evidence(wants, kind, &v, BL_SNP_GENERATION_NONE, &err);
    if (status != BULLA_OK && status != BULLA_E_USAGE && status != BULLA_E_ARGUMENT)
        fuzz_check_refusal(status, &err);
    check_names(wants);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = { "sgx", "snp", "azure", "tpm", "nitro" };
    const struct bulla_bytes bytes = { data, size };
    struct bl_collateral_name name;

    for (size_t i = 0; i < BL_COUNT_OF(kinds); i++)
        check_kind(kinds[i], bytes);
    if (bl_evidence_kind(bytes) != NULL)
        check_kind(bl_evidence_kind(bytes), bytes);
    if (bl_collateral_name_parse(bytes, &name, NULL) == BULLA_OK)
        FUZZ_ASSERT(fuzz_same_bytes(
            bytes, (struct bulla_bytes){ (const uint8_t *)name.text, strlen(name.text) }));
    return 0;
}
