/* SPDX-License-Identifier: Apache-2.0 */
#include "device/snp_firmware.h"

#include "crypto/hash.h"
#include "unit.h"

#define INVALID_PARAM 0x16
#define INVALID_KEY 0x27

struct snp_platform
snp_platform(void)
{
    struct snp_platform p = { .chip = 1,
                              .current = { 10, 0, 0, 0, 0, 0, 25, 84 },
                              .cpuid = { 0x19, 0x11, 0x01 },
                              .launch = 1,
                              .policy = 0x3001f,
                              .has_id_block = true,
                              .guest_svn = 7 };

    memcpy(p.committed, p.current, 8);
    memcpy(p.reported, p.current, 8);
    memset(p.measurement, 0xd2, sizeof p.measurement);
    memset(p.host_data, 0xd3, sizeof p.host_data);
    memset(p.id_key_digest, 0xd4, sizeof p.id_key_digest);
    memset(p.family_id, 0xd5, sizeof p.family_id);
    memset(p.image_id, 0xd6, sizeof p.image_id);
    return p;
}

static void
mac(const uint8_t key[32], struct bulla_bytes message, uint8_t out[32])
{
    struct bulla_error err = { 0 };

    assert_ok(bl_hmac(BL_SHA256, (struct bulla_bytes){ key, 32 }, &message, 1, out, &err), &err);
}

/* The VCEK for a TCB: a chain of hashes for each component, which goes from higher to lower versions
 * and not back. */
static void
vcek_hash_derive(uint8_t chip, const uint8_t tcb[8], uint8_t out[32])
{
    uint8_t sticks[8][32];

    for (uint8_t i = 0; i < 8; i++) {
        const uint8_t seed[2] = { chip, i };
        static const uint8_t fuse[32] = "the fuses of a chip on paper";
        mac(fuse, BL_BYTES_OF(seed), sticks[i]);
        for (unsigned version = 255; version > tcb[i]; version--)
            mac(sticks[i], BL_LITERAL("down"), sticks[i]);
    }
    static const uint8_t joint[32] = "vcek";
    mac(joint, (struct bulla_bytes){ &sticks[0][0], sizeof sticks }, out);
}

static uint64_t
number(const uint8_t *at, size_t size)
{
    uint64_t value = 0;

    while (size-- > 0)
        value = value << 8 | at[size];
    return value;
}

static bool
is_at_most(const uint8_t a[8], const uint8_t b[8])
{
    for (size_t i = 0; i < 8; i++)
        if (a[i] > b[i])
            return false;
    return true;
}

/* As the request's fields lie: 0 root_key_select, 8 guest_field_select, 16 vmpl, 20 guest_svn, 24 tcb. */
static uint32_t
choose_root(const struct snp_platform *p, const uint8_t request[32], uint8_t root[32])
{
    const uint32_t select = (uint32_t)number(request, 4);
    const unsigned key = select >> 1 & 3;
    const bool by_tcb = (number(request + 8, 8) >> 5 & 1) != 0;
    const uint8_t vlek[2] = { 0x7e, p->reported[6] }, vmrk[2] = { 0x3f, p->launch };
    static const uint8_t other[32] = "keys that are not the chip's";

    if (select >> 3 != 0 || key == 3)
        return INVALID_PARAM;
    if ((select & 1) != 0) {
        mac(other, BL_BYTES_OF(vmrk), root);
        return 0;
    }
    if (key == 2 || (key == 0 && p->has_vlek)) {
        mac(other, BL_BYTES_OF(vlek), root);
        return p->has_vlek ? 0 : INVALID_KEY;
    }
    if (p->vcek_disabled)
        return INVALID_KEY;
    vcek_hash_derive(p->chip, by_tcb ? request + 24 : p->reported, root);
    return 0;
}

static uint32_t
check(const struct snp_platform *p, const uint8_t request[32])
{
    const uint32_t vmpl = (uint32_t)number(request + 16, 4);

    if (number(request + 8, 8) >> 6 != 0 || vmpl > 3 || vmpl < p->vmpl)
        return INVALID_PARAM;
    if (number(request + 20, 4) > (p->has_id_block ? p->guest_svn : 0))
        return INVALID_PARAM;
    return is_at_most(request + 24, p->committed) ? 0 : INVALID_PARAM;
}

static void
mix(const struct snp_platform *p, const uint8_t request[32], const uint8_t root[32],
    uint8_t key[32])
{
    const unsigned fields = (unsigned)number(request + 8, 8);
    const uint8_t *signer = p->has_author ? p->author_key_digest : p->id_key_digest;
    uint8_t data[176] = { 0 };

    memcpy(data, request, 4);
    memcpy(data + 8, request + 8, 8);
    memcpy(data + 16, request + 16, 4);
    if ((fields & 0x01) != 0)
        memcpy(data + 32, &p->policy, 8);
    if ((fields & 0x02) != 0 && p->has_id_block)
        memcpy(data + 40, p->image_id, 16);
    if ((fields & 0x04) != 0 && p->has_id_block)
        memcpy(data + 56, p->family_id, 16);
    if ((fields & 0x08) != 0)
        memcpy(data + 72, p->measurement, 32); /* 32 of 48 bytes, as published */
    if ((fields & 0x10) != 0)
        memcpy(data + 20, request + 20, 4);
    if ((fields & 0x20) != 0)
        memcpy(data + 24, request + 24, 8);
    memcpy(data + 104, p->host_data, 32);
    if (p->has_id_block)
        memcpy(data + 136, signer, 32);
    mac(root, BL_BYTES_OF(data), key);
}

void
snp_key(struct snp_platform *p, const uint8_t request[32], uint8_t response[64])
{
    uint8_t root[32] = { 0 };

    memset(response, 0, 64);
    uint32_t status = p->status != 0 ? p->status : check(p, request);
    if (status == 0)
        status = choose_root(p, request, root);
    memcpy(response, &status, 4);
    if (status != 0 || p->forgets_key || p->gives_zeros)
        return;
    p->keys_given++;
    if (p->gives_constant)
        memset(response + 32, 0x5a, 32);
    else
        mix(p, request, root, response + 32);
    memcpy(p->last_key, response + 32, 32);
}

void
snp_report_fields(const struct snp_platform *p, uint8_t report[0x4a0])
{
    const uint32_t svn = p->has_id_block ? p->guest_svn : 0;
    const uint32_t key_info = (p->has_vlek ? 4u : 0u) | (p->has_author ? 1u : 0u);

    memcpy(report + 0x04, &svn, 4);
    memcpy(report + 0x08, &p->policy, 8);
    memset(report + 0x10, 0, 32);
    if (p->has_id_block) {
        memcpy(report + 0x10, p->family_id, 16);
        memcpy(report + 0x20, p->image_id, 16);
    }
    memcpy(report + 0x38, p->current, 8);
    memcpy(report + 0x48, &key_info, 4);
    memcpy(report + 0x90, p->measurement, 48);
    memcpy(report + 0xc0, p->host_data, 32);
    memset(report + 0xe0, 0, 96);
    if (p->has_id_block)
        memcpy(report + 0xe0, p->id_key_digest, 48);
    if (p->has_id_block && p->has_author)
        memcpy(report + 0x110, p->author_key_digest, 48);
    memcpy(report + 0x180, p->reported, 8);
    memcpy(report + 0x188, p->cpuid, 3);
    for (size_t i = 0; i < 64;
         i++) /* 1: the chip that tests/tee/paper_snp.h has certificates for */
        report[0x1a0 + i] = p->masks_chip_id ? 0 : (uint8_t)(0x40 + p->chip + i);
    memcpy(report + 0x1e0, p->committed, 8);
    memcpy(report + 0x1f0, p->current, 8);
}
