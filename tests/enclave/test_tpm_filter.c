/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which raw TPM commands pass. What must pass for our own device code to work is in
 * test_vtpm_server.c, which runs it.
 */
#include "enclave/tpm_filter.h"

#include "measure/enclave_pcrs.h"
#include "unit.h"

#define COMMAND_SIZE_MAX 512

struct command {
    uint8_t bytes[COMMAND_SIZE_MAX];
    size_t size;
};

static void
put(struct command *c, uint64_t value, size_t size)
{
    assert_true(c->size + size <= sizeof c->bytes);
    for (size_t i = 0; i < size; i++)
        c->bytes[c->size++] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static struct command
command(uint16_t tag, uint32_t code, const uint32_t *handles, size_t handle_count)
{
    struct command c = { 0 };

    put(&c, tag, 2);
    put(&c, 0, 4);
    put(&c, code, 4);
    for (size_t i = 0; i < handle_count; i++)
        put(&c, handles[i], 4);
    return c;
}

static void
settle(struct command *c)
{
    size_t size = c->size;

    c->size = 2;
    put(c, size, 4);
    c->size = size;
}

static bool
passes(struct command c)
{
    settle(&c);
    return bl_tpm_filter_allows((struct bulla_bytes){ c.bytes, c.size });
}

/* With every code and these handles, without sessions. */
static bool
code_passes(uint32_t code, uint32_t first, uint32_t second, uint32_t third)
{
    const uint32_t handles[] = { first, second, third };

    return passes(command(0x8001, code, handles, 3));
}

/* Part 2, table 12. Not in the list: refused with whatever handles. */
static const struct {
    uint32_t code, handles[3];
} allowed[] = {
    { 0x131, { 0x40000001 } },
    { 0x134, { BL_ENCLAVE_NV_COUNTER, BL_ENCLAVE_NV_COUNTER } },
    { 0x147, { 0x80000000, 0x80000001 } },
    { 0x149, { BL_ENCLAVE_NV_VERSION, BL_ENCLAVE_NV_VERSION, 0x03000000 } },
    { 0x14e, { BL_ENCLAVE_NV_COUNTER, BL_ENCLAVE_NV_COUNTER } },
    { 0x151, { 0x4000000b, 0x03000000 } },
    { 0x153, { 0x80000000 } },
    { 0x157, { 0x81000001 } },
    { 0x158, { 0x80ffffff } },
    { 0x15e, { 0x80000000 } },
    { 0x165, { 0x02000000 } },
    { 0x169, { 0x01c0000a } },
    { 0x16b, { 0x03000001 } },
    { 0x173, { 0x81000001 } },
    { 0x176, { 0x40000007, 0x40000007 } },
    { 0x17a, { 0 } },
    { 0x17b, { 0 } },
    { 0x17e, { 0 } },
    { 0x17f, { 0x03000000 } },
    { 0x189, { 0x03000000 } },
};
#define ALLOWED_COUNT (sizeof allowed / sizeof allowed[0])

static void
test_every_code(void **state)
{
    (void)state;
    static const uint32_t some[] = { 0x80000000,
                                     0x81000001,
                                     0x40000001,
                                     0x40000007,
                                     0x4000000b,
                                     0x4000000c,
                                     0x4000000a,
                                     0x03000000,
                                     0x02000000,
                                     0x00000008,
                                     BL_ENCLAVE_NV_VERSION,
                                     BL_ENCLAVE_NV_COUNTER };
    size_t found = 0;

    for (uint32_t code = 0x11f; code <= 0x19e; code++) {
        bool listed = found < ALLOWED_COUNT && allowed[found].code == code;
        if (listed) {
            const uint32_t *h = allowed[found++].handles;
            assert_true(code_passes(code, h[0], h[1], h[2]));
            continue;
        }
        for (size_t a = 0; a < sizeof some / sizeof some[0]; a++)
            for (size_t b = 0; b < sizeof some / sizeof some[0]; b++)
                assert_false(code_passes(code, some[a], some[b], 0x03000000));
    }
    assert_int_equal(found, ALLOWED_COUNT);
    assert_false(code_passes(0x20000000, 0, 0, 0)); /* of a vendor */
    assert_false(code_passes(0, 0, 0, 0));
}

/* No handle of an allowed command may be the platform's, another index, or another kind. */
static void
test_every_handle(void **state)
{
    (void)state;
    static const uint32_t never[] = { 0x4000000c, 0x4000000a, 0x40000010, 0x00000008,
                                      0x01800b00, 0x01800b03, 0x01c00003, 0x81010001,
                                      0x81800000, 0x90000000, 0x40000009, 0xffffffff };

    for (size_t i = 0; i < ALLOWED_COUNT; i++) {
        for (size_t h = 0; h < 3 && allowed[i].handles[h] != 0; h++) {
            for (size_t n = 0; n < sizeof never / sizeof never[0]; n++) {
                uint32_t handles[3] = { 0 };
                memcpy(handles, allowed[i].handles, sizeof handles);
                handles[h] = never[n];
                assert_false(code_passes(allowed[i].code, handles[0], handles[1], handles[2]));
            }
        }
    }
    assert_false(code_passes(0x134, BL_ENCLAVE_NV_VERSION, BL_ENCLAVE_NV_VERSION, 0));
    assert_false(code_passes(0x134, 0x40000001, BL_ENCLAVE_NV_COUNTER, 0));
    assert_false(code_passes(0x165, 0x81000001, 0, 0)); /* the storage root key stays */
    assert_false(code_passes(0x151, 0x40000001, 0x03000000, 0));
    assert_true(code_passes(0x14e, 0x40000001, BL_ENCLAVE_NV_VERSION, 0));
    assert_true(code_passes(0x176, 0x80000001, 0x40000007, 0));
    assert_false(code_passes(0x176, 0x80000001, 0x80000001, 0)); /* bound to an object */
}

static void
test_header(void **state)
{
    (void)state;
    struct command get_random = command(0x8001, 0x17b, NULL, 0);

    put(&get_random, 16, 2);
    settle(&get_random);
    assert_true(bl_tpm_filter_allows((struct bulla_bytes){ get_random.bytes, get_random.size }));
    for (size_t size = 0; size <= get_random.size + 1; size++) {
        if (size != get_random.size)
            assert_false(bl_tpm_filter_allows((struct bulla_bytes){ get_random.bytes, size }));
    }
    for (uint32_t tag = 0; tag <= 0xffff; tag++) {
        struct command other = command((uint16_t)tag, 0x17b, NULL, 0);
        put(&other, 0, 4); /* as authorizations: none */
        assert_int_equal(passes(other), tag == 0x8001 || tag == 0x8002);
    }
}

static void
test_handles_cut_short(void **state)
{
    (void)state;

    for (size_t i = 0; i < ALLOWED_COUNT; i++) {
        size_t count = 0;
        while (count < 3 && allowed[i].handles[count] != 0)
            count++;
        for (size_t given = 0; given < count; given++)
            assert_false(passes(command(0x8001, allowed[i].code, allowed[i].handles, given)));
    }
}

static void
test_authorizations_that_run_over(void **state)
{
    (void)state;
    const uint32_t key = 0x80000000;
    struct command unseal = command(0x8002, 0x15e, &key, 1);

    assert_false(passes(unseal)); /* not even a size */
    put(&unseal, 9, 4);
    assert_false(passes(unseal));
    put(&unseal, 0x40000009, 4);
    put(&unseal, 0, 5);
    assert_true(passes(unseal));
    unseal.bytes[14] = 0xff;
    assert_false(passes(unseal));
}

/* -- the endorsement key ------------------------------------------------------------------------ */

static void
put_template(struct command *c, bool rsa)
{
    static const uint8_t policy[32] = { 0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
                                        0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
                                        0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64,
                                        0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa };

    put(c, rsa ? 0x0001 : 0x0023, 2);
    put(c, 0x000b, 2);
    put(c, 0x000300b2, 4);
    put(c, sizeof policy, 2);
    for (size_t i = 0; i < sizeof policy; i++)
        put(c, policy[i], 1);
    put(c, 0x000600800043, 6);
    put(c, 0x0010, 2);
    put(c, rsa ? 0x080000000000 : 0x00030010, rsa ? 6 : 4);
    for (unsigned part = 0; part < (rsa ? 1 : 2); part++) {
        size_t size = rsa ? 256 : 32;
        put(c, size, 2);
        for (size_t i = 0; i < size; i++)
            put(c, 0, 1);
    }
}

/* Where the template begins: header, handle, authorizations (4 + 9), sensitive (2 + 4), size. */
#define TEMPLATE_OFFSET (10 + 4 + 13 + 6 + 2)

static struct command
create_ek(uint32_t hierarchy, bool rsa)
{
    struct command c = command(0x8002, 0x131, &hierarchy, 1);

    put(&c, 9, 4);
    put(&c, 0x40000009, 4);
    put(&c, 0, 5);
    put(&c, 4, 2);
    put(&c, 0, 4);
    size_t at = c.size;
    put(&c, 0, 2);
    put_template(&c, rsa);
    size_t end = c.size;
    c.size = at;
    put(&c, end - at - 2, 2);
    c.size = end;
    put(&c, 0, 6); /* outside info, no PCRs */
    return c;
}

static void
test_endorsement_key_only(void **state)
{
    (void)state;

    for (unsigned rsa = 0; rsa < 2; rsa++) {
        struct command ek = create_ek(0x4000000b, rsa != 0);
        assert_true(passes(ek));
        assert_true(passes(create_ek(0x40000001, rsa != 0)));
        assert_false(passes(create_ek(0x4000000c, rsa != 0)));
        assert_false(passes(create_ek(0x40000007, rsa != 0)));
        for (size_t i = TEMPLATE_OFFSET; i < ek.size - 6; i++) {
            struct command other = ek;
            other.bytes[i] ^= 1;
            assert_false(passes(other));
        }
        for (size_t size = 14; size < ek.size - 6; size++) {
            struct command cut = ek;
            cut.size = size;
            assert_false(passes(cut));
        }
    }
}

static void
test_refusal(void **state)
{
    (void)state;

    assert_bytes_equal(bl_tpm_filter_refusal(), BL_LITERAL("\x80\x01\0\0\0\x0a\0\0\x01\x43"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code),
        cmocka_unit_test(test_every_handle),
        cmocka_unit_test(test_header),
        cmocka_unit_test(test_handles_cut_short),
        cmocka_unit_test(test_authorizations_that_run_over),
        cmocka_unit_test(test_endorsement_key_only),
        cmocka_unit_test(test_refusal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
