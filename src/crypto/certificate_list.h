/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto/certificate_list.h: the certificates that come with evidence, in whatever order.
 *
 * Guarantees: at most BL_CHAIN_COUNT_MAX; no search for a path: they are one chain or they are
 * refused. Does not: believe any of them; see bl_chain_verify().
 */
#ifndef BL_CRYPTO_CERTIFICATE_LIST_H
#define BL_CRYPTO_CERTIFICATE_LIST_H

#include "crypto/x509.h"

struct bl_certificate_list {
    struct bl_certificate *items[BL_CHAIN_COUNT_MAX]; /* owned */
    size_t count;
};

void bl_certificate_list_done(struct bl_certificate_list *list);
/** Append what is in it: PEM blocks "CERTIFICATE" and nothing else, or one certificate in DER.
 *  BULLA_E_MALFORMED, also for none; BULLA_E_LIMIT. The list is untouched unless BULLA_OK. */
enum bulla_status bl_certificate_list_read(struct bulla_bytes pem_or_der,
                                           struct bl_certificate_list *list,
                                           struct bulla_error *err) BULLA_CHECKED;
/** The same; `memo` (may be NULL) knows those that came before, each by itself. */
enum bulla_status bl_certificate_list_read_known(struct bulla_bytes pem_or_der,
                                                 struct bl_memo *memo,
                                                 struct bl_certificate_list *list,
                                                 struct bulla_error *err) BULLA_CHECKED;
/** Put them into the order leaf, its issuer, ..., by their names alone. BULLA_E_UNTRUSTED, with the
 *  list untouched, unless they are one chain in one way only. */
enum bulla_status bl_certificate_list_order(struct bl_certificate_list *list,
                                            struct bulla_error *err) BULLA_CHECKED;

#endif
