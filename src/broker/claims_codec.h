/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/claims_codec.h: claims on their way from the appraiser to the vault, as deterministic CBOR.
 *
 * Both ends are this program, but the appraiser handled hostile bytes: so the vault decodes its
 * answer as strictly as any other.
 */
#ifndef BL_BROKER_CLAIMS_CODEC_H
#define BL_BROKER_CLAIMS_CODEC_H

#include "codec/cbor.h"
#include "tee/scheme.h"

/** Write one array. `anchors` are those of the verification: the anchor travels as its index. */
void bl_claims_write(struct bl_writer *w, const struct bl_claims *claims,
                     const struct bl_anchor *anchors, size_t anchor_count);
/** Read it back; fails the reader on anything else. `kind` is what was asked for, static. */
void bl_claims_read(struct bl_reader *r, const char *kind, const struct bl_anchor *anchors,
                    size_t anchor_count, struct bl_claims *claims_out);

#endif
