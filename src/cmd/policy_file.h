/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/policy_file.h: an appraisal policy from a file: as people write it, or in canonical form.
 */
#ifndef BL_CMD_POLICY_FILE_H
#define BL_CMD_POLICY_FILE_H

#include "policy/appraisal.h"

/** "-" is standard input. The path is the object of a failure. Causes of the reading and of the
 *  decoders. */
enum bulla_status bl_policy_file_read(const char *path, struct bl_appraisal_policy *policy_out,
                                      struct bulla_error *err) BULLA_CHECKED;

#endif
