/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/appraiser.h: hostile bytes are decoded and verified in a process of their own.
 *
 * The appraiser has no key, file or socket but the one to the vault, and is asked by the vault
 * alone. Its answer is typed and bounded; a crash is a refusal, and the supervisor starts another.
 */
#ifndef BL_BROKER_APPRAISER_H
#define BL_BROKER_APPRAISER_H

#include "tee/scheme.h"

/** The vault's end. Calls from several threads take turns. */
struct bl_appraiser;
/** `fd` is a connected stream socket, taken over. */
enum bulla_status bl_appraiser_new(int fd, struct bl_appraiser **appraiser_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Speak to another process from now on: the old one died. Takes `fd` over. */
void bl_appraiser_replace(struct bl_appraiser *appraiser, int fd);
void bl_appraiser_free(struct bl_appraiser *appraiser);
BL_DEFINE_FREEP(bl_appraiser)

/** Have evidence of `kind` verified (bl_scheme.verify). The claims' `anchor` then points to the
 *  name of one of verification->anchors. BULLA_E_UNREACHABLE if the process died. */
enum bulla_status bl_appraiser_verify(struct bl_appraiser *appraiser, const char *kind,
                                      const struct bl_verification *verification,
                                      struct bl_claims *claims_out,
                                      struct bulla_error *err) BULLA_CHECKED;

/** What stands behind an endorsement key, and the attestation key that wants to be certified. */
struct bl_enrolment {
    enum bl_platform_class platform_class;
    uint8_t platform_id[32];
    struct bl_claim_bytes ak_name;
};
/** Have an enrolment request (wire/enroll.h) checked: EK chain up to one of the anchors, EK public
 *  area of the certificate's key, AK attributes. */
enum bulla_status bl_appraiser_enrol(struct bl_appraiser *appraiser, struct bulla_bytes request,
                                     const struct bl_anchor *anchors, size_t anchor_count,
                                     int64_t now_s, struct bl_enrolment *enrolment_out,
                                     struct bulla_error *err) BULLA_CHECKED;

/** Where the issuer's certificate can be had, as `certificate` (DER) says; appended.
 *  BULLA_E_NOT_FOUND, BULLA_E_MALFORMED. */
enum bulla_status bl_appraiser_issuer_url(struct bl_appraiser *appraiser,
                                          struct bulla_bytes certificate,
                                          struct bulla_buffer *url_out,
                                          struct bulla_error *err) BULLA_CHECKED;

/** The process: answer questions on `fd` until it ends. */
enum bulla_status bl_appraiser_run(int fd, struct bulla_error *err) BULLA_CHECKED;

#endif
