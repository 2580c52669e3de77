/* SPDX-License-Identifier: Apache-2.0 */
#include "device/makers.h"

#include "tee/paper_cca.h"

static struct bench *
machine(void)
{
    static struct bench bench;

    if (bench.cpak.key == NULL)
        setup(&bench);
    return &bench;
}

void
make_cca(const uint8_t challenge[64], struct bulla_buffer *out)
{
    struct bench *b = machine();
    struct bulla_error err = { 0 };

    paper_view(&b->realm, 10, (struct bulla_bytes){ challenge, 64 });
    sign(b);
    pack(b, BL_CCA_TAG_TOKEN);
    bulla_buffer_clear(out);
    assert_ok(bulla_buffer_append(out, bulla_buffer_bytes(&b->token), &err), &err);
}

void
make_cca_anchor(struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    assert_ok(bulla_buffer_append(out, bulla_buffer_bytes(&machine()->cpak.spki), &err), &err);
}
