/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codec/cbor_json.h: CBOR of foreign make, shown as JSON.
 *
 * Byte strings become lower-case hexadecimal, integer keys their decimal digits. What has no such
 * form (integers of more than 63 bits, text with a NUL, tags, what is nested too deeply) is shown as
 * the hexadecimal of its encoding: a description, from which nothing is read back.
 */
#ifndef BL_CODEC_CBOR_JSON_H
#define BL_CODEC_CBOR_JSON_H

#include "codec/cbor.h"
#include "codec/json.h"

/** Read one item and write it as the member `name`, or as an item of an array (NULL). */
void bl_cbor_to_json(struct bl_reader *r, struct bl_json_writer *j, const char *name);
/** Read one map and write its pairs as members of the object that is open. */
void bl_cbor_members_to_json(struct bl_reader *r, struct bl_json_writer *j);

#endif
