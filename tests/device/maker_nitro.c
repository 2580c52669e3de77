/* SPDX-License-Identifier: Apache-2.0 */
#include "device/makers.h"

#include "tee/paper_nitro.h"

static const struct paper_house *
house(void)
{
    static struct paper_house made;

    if (made.parties[ROOT].key == NULL)
        made = paper_house(PARTY_COUNT, (struct saying){ 0 });
    return &made;
}

void
make_nitro(struct bulla_bytes nonce, struct bulla_buffer *out)
{
    const struct paper_document says = { .with_nonce = nonce.size > 0, .nonce = nonce };

    bulla_buffer_done(out);
    *out = paper_document(house(), says);
}

void
make_nitro_anchor(struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };

    assert_ok(
        bulla_buffer_append(out, bl_certificate_der(house()->parties[ROOT].certificate), &err),
        &err);
}
