/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/nvidia/structures.h: the attestation report of an NVIDIA GPU: an SPDM 1.1 GET_MEASUREMENTS
 * request and its response (DMTF DSP0274 1.1 sections 10.11.1 and 10.11.2), with NVIDIA's opaque data
 * in the response.
 *
 * Guarantees: lengths follow from the fields of SPDM, never from the end of the file; one block per
 * index; opaque fields that we read are there once.
 * Behind the signature nothing but padding is taken (zeros, or the end of a line): captures have it,
 * and nothing signs it.
 */
#ifndef BL_TEE_NVIDIA_STRUCTURES_H
#define BL_TEE_NVIDIA_STRUCTURES_H

#include "codec/reader.h"

#define BL_NVIDIA_NONCE_SIZE 32
#define BL_NVIDIA_SIGNATURE_SIZE 96         /* bytes: r|s on P-384 */
#define BL_NVIDIA_MEASUREMENT_COUNT_MAX 255 /* the field is one byte */
#define BL_NVIDIA_OPAQUE_COUNT_MAX 64       /* fields; the devices of today have 15 */

struct bl_nvidia_measurement {
    uint8_t index;
    uint8_t type; /* DMTF: bit 7 raw, else a digest; the rest says of what */
    struct bulla_bytes value;
};

struct bl_nvidia_opaque {
    uint16_t type;
    struct bulla_bytes value;
};

enum bl_nvidia_opaque_type {
    BL_NVIDIA_DRIVER_VERSION = 3, /* text, zero-terminated */
    BL_NVIDIA_VBIOS_VERSION = 6,
    BL_NVIDIA_FWID = 20 /* digest of the firmware that the leaf certificate was made for */
};

struct bl_nvidia_report {
    struct bulla_bytes request_head; /* version, code, two parameters */
    struct bulla_bytes nonce;        /* of whoever asked */
    struct bulla_bytes responder_nonce;
    struct bl_nvidia_measurement measurements[BL_NVIDIA_MEASUREMENT_COUNT_MAX];
    size_t measurement_count;
    struct bl_nvidia_opaque opaque[BL_NVIDIA_OPAQUE_COUNT_MAX];
    size_t opaque_count;
    struct bulla_bytes signed_bytes; /* request and response up to the signature */
    struct bulla_bytes signature;
    size_t trailing_size; /* padding behind the signature, bytes */
};

/** Views into `bytes`. Nothing is verified. MALFORMED, UNSUPPORTED (another version of SPDM). */
enum bulla_status bl_nvidia_report_decode(struct bulla_bytes bytes,
                                          struct bl_nvidia_report *report_out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** The field of this type; empty if there is none. */
struct bulla_bytes bl_nvidia_opaque_find(const struct bl_nvidia_report *report,
                                         enum bl_nvidia_opaque_type type);

#endif
