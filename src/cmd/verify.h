/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CMD_VERIFY_H
#define BL_CMD_VERIFY_H

#include "cmd/evidence_files.h"

/** Look at what the options name without believing it, and print what was found: `bulla inspect
 *  --kind`. */
enum bulla_status bl_evidence_inspect(const struct bl_arguments *arguments,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
