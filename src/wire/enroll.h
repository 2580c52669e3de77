/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire/enroll.h: how a platform gets its attestation key certified (TPM credential activation).
 */
#ifndef BL_WIRE_ENROLL_H
#define BL_WIRE_ENROLL_H

#include "wire/channel.h"

#define BL_ENROLL_CERTIFICATE_COUNT_MAX 4
#define BL_ENROLL_PART_SIZE_MAX 16384 /* bytes of one certificate or public area */

struct bl_enroll_request {
    struct bulla_bytes certificates[BL_ENROLL_CERTIFICATE_COUNT_MAX]; /* EK first, then issuers */
    size_t certificate_count;
    struct bulla_bytes ek_public; /* TPM2B_PUBLIC */
    struct bulla_bytes ak_public; /* TPM2B_PUBLIC */
};
enum bulla_status bl_enroll_request_encode(const struct bl_enroll_request *request,
                                           struct bulla_buffer *out,
                                           struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_enroll_request_decode(struct bulla_bytes content,
                                           struct bl_enroll_request *out,
                                           struct bulla_error *err) BULLA_CHECKED;

struct bl_enroll_challenge {
    struct bulla_bytes id_object;        /* TPM2B_ID_OBJECT */
    struct bulla_bytes encrypted_secret; /* TPM2B_ENCRYPTED_SECRET */
};
enum bulla_status bl_enroll_challenge_encode(const struct bl_enroll_challenge *challenge,
                                             struct bulla_buffer *out,
                                             struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_enroll_challenge_decode(struct bulla_bytes content,
                                             struct bl_enroll_challenge *out,
                                             struct bulla_error *err) BULLA_CHECKED;

/** The last message: the AK's certificate and the broker's root certificate, both DER. */
struct bl_enroll_certificate {
    struct bulla_bytes ak_certificate;
    struct bulla_bytes root_certificate;
};
enum bulla_status bl_enroll_certificate_encode(const struct bl_enroll_certificate *certificate,
                                               struct bulla_buffer *out,
                                               struct bulla_error *err) BULLA_CHECKED;
enum bulla_status bl_enroll_certificate_decode(struct bulla_bytes content,
                                               struct bl_enroll_certificate *out,
                                               struct bulla_error *err) BULLA_CHECKED;

#endif
