/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/subject_key.h: --subject-key: evidence must be for this public key and for a nonce. What it then
 * carries: docs/formats/attested-certificate.md.
 */
#ifndef BL_CMD_SUBJECT_KEY_H
#define BL_CMD_SUBJECT_KEY_H

#include "cmd/evidence_files.h"

#define BL_SUBJECT_KEY_OPTION                                                         \
    {                                                                                 \
        .name = "subject-key", .argument = "FILE",                                    \
        .help = "the evidence must be for this public key, and for the nonce besides" \
    }

/** Turn the nonce that was asked for into what evidence for the key and the nonce carries; nothing
 *  without the option. To be called once the kind is known. USAGE (no nonce, a kind that binds no key),
 *  and causes of reading a key. */
enum bulla_status bl_subject_key_ask(struct bl_evidence_files *files,
                                     const struct bl_arguments *arguments,
                                     struct bulla_error *err) BULLA_CHECKED;

#endif
