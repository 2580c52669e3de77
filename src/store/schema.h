/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BL_STORE_SCHEMA_H
#define BL_STORE_SCHEMA_H

/** Statements that take an empty database to the present schema; ends with NULL. Portable SQL. */
extern const char *const bl_store_schema[];

#endif
