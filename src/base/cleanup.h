/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/cleanup.h: release at the end of the scope.
 *
 *     BL_AUTO(bl_secret) key = { 0 };
 *
 * calls bl_secret_done(&key) however the scope ends. For heap objects handed around by pointer,
 * BL_AUTO_FREE(bl_tpm) tpm = NULL; calls bl_tpm_free(tpm). Both accept what is already empty.
 */
#ifndef BL_BASE_CLEANUP_H
#define BL_BASE_CLEANUP_H

#define BL_AUTO(type) __attribute__((cleanup(type##_done))) struct type
#define BL_AUTO_FREE(type) __attribute__((cleanup(type##_freep))) struct type *

/** Define the helper that BL_AUTO_FREE(type) needs; `type##_free` accepts NULL. */
#define BL_DEFINE_FREEP(type)                             \
    static inline void type##_freep(struct type **object) \
    {                                                     \
        type##_free(*object);                             \
        *object = NULL;                                   \
    }

#endif
