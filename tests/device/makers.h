/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/makers.h: evidence as the hardware of each kind makes it, with keys of ours: one file a
 * kind, for what tests/tee has on paper for one has names of the other.
 */
#ifndef TESTS_DEVICE_MAKERS_H
#define TESTS_DEVICE_MAKERS_H

#include "base/buffer.h"
#include "device/snp_firmware.h"

/** A report of the SNP firmware at this level, of the platform, or of any (NULL). */
void make_snp(const struct snp_platform *platform, const uint8_t report_data[64], uint32_t vmpl,
              struct bulla_buffer *out);
/** The host's table of certificates for it. */
void make_snp_table(struct bulla_buffer *out);
void make_tdx(const uint8_t report_data[64], struct bulla_buffer *out);
/* The log that comes to the RTMRs of make_tdx(), in a buffer of a fixed size; or that of another boot. */
void make_ccel(bool is_other, struct bulla_buffer *out);
void make_sgx(const uint8_t report_data[64], struct bulla_buffer *out);
void make_cca(const uint8_t challenge[64], struct bulla_buffer *out);
/** `nonce` empty: a document without one. */
void make_nitro(struct bulla_bytes nonce, struct bulla_buffer *out);

/** OP-TEE's service: digest and signature; its key. */
void make_optee(struct bulla_bytes nonce, const uint8_t digest[32], struct bulla_buffer *out);
void make_optee_key(struct bulla_buffer *modulus, struct bulla_buffer *exponent);

/** What a verifier trusts for it: a certificate, or a public key; DER. */
void make_snp_anchor(struct bulla_buffer *out);
void make_nitro_anchor(struct bulla_buffer *out);
void make_cca_anchor(struct bulla_buffer *out);
void make_tdx_anchor(struct bulla_buffer *out);
void make_sgx_anchor(struct bulla_buffer *out);
void make_optee_anchor(struct bulla_buffer *out);

#endif
