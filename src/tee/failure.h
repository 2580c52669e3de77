/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/failure.h: the class of a failed verification, in the words that `bulla verify --json` and test
 * vectors use ("failure").
 */
#ifndef BL_TEE_FAILURE_H
#define BL_TEE_FAILURE_H

#include "bulla/cause.h"

/** "quote_signature" and so on; "malformed" for whatever has no class of its own. */
const char *bl_failure_word(enum bulla_cause cause);

#endif
