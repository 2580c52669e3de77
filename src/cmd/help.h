/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_CMD_HELP_H
#define BL_CMD_HELP_H

#include "cmd/page.h"
#include "cmd/verb.h"

/** Every verb in one line each. */
void bl_help_overview(struct bl_page *page);
/** Synopsis, options and examples of one verb. */
void bl_help_verb(struct bl_page *page, const struct bl_verb *verb);
/** The one or, where `verb` is NULL, the other, on standard output. */
enum bulla_status bl_help_print(const struct bl_verb *verb, struct bulla_error *err) BULLA_CHECKED;
/** "bulla seal [-o FILE] ... [IN]", without a line end. */
void bl_help_synopsis(struct bl_page *page, const struct bl_verb *verb);

#endif
