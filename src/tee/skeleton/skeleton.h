/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/skeleton/skeleton.h: the shape of a kind of evidence, to start a new one from.
 *
 * It is compiled and tested with the rest, and in no table: a verifier that asks for it finds none.
 * Its "evidence" is one signed record of a fixed layout:
 *
 *   offset  size  field
 *   0x00    4     magic "BLSK"
 *   0x04    2     version, 1 (big-endian)
 *   0x06    32    report data: what the caller's binder must equal
 *   0x26    32    measurement
 *   0x46    64    ECDSA P-256 signature r|s over 0x00 to 0x45
 *
 * A new kind: copy the folder, write the real layout into the header, keep the order of the checks
 * (signature, then content, then trust), add one row to tee/schemes.c, one line to
 * tools/layers.json if the folder is new, tests as CONVENTIONS wants them, a fuzz target, mutants.
 */
#ifndef BL_TEE_SKELETON_SKELETON_H
#define BL_TEE_SKELETON_SKELETON_H

#include "tee/scheme.h"

#define BL_SKELETON_SIZE 0x86 /* bytes of evidence */

/** bl_scheme.verify of the skeleton. The key is the one BL_ANCHOR_AK entry that verifies it. */
enum bulla_status bl_skeleton_verify(const struct bl_verification *verification,
                                     struct bl_claims *claims_out,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif
