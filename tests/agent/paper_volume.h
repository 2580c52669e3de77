/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_AGENT_PAPER_VOLUME_H
#define TESTS_AGENT_PAPER_VOLUME_H

#include "seal/volume.h"

#define PAPER_VOLUME_SIZE_MAX ((uint64_t)8 << 20) /* bytes of one file */

struct bl_volume *paper_volume_new(void);
uint64_t paper_volume_syncs(const struct bl_volume *volume);
uint64_t paper_volume_nodes(const struct bl_volume *volume);

#endif
