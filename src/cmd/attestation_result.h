/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/attestation_result.h: a signed attestation result (EAR) of what `bulla verify --policy` found.
 */
#ifndef BL_CMD_ATTESTATION_RESULT_H
#define BL_CMD_ATTESTATION_RESULT_H

#include "appraise/ear.h"
#include "cmd/stream.h"
#include "cmd/verify_outcome.h"

extern const char *const bl_result_formats[];

/** --result and what goes with it. */
#define BL_RESULT_OPTIONS                                                                    \
    { .name = "result",                                                                      \
      .argument = "FILE",                                                                    \
      .help = "write the verdict as a signed attestation result (EAR); needs --policy" },    \
        { .name = "result-key",                                                              \
          .argument = "FILE",                                                                \
          .help = "what signs it: a private key of P-256 or P-384 (PEM)" },                  \
        { .name = "result-format",                                                           \
          .argument = "FORMAT",                                                              \
          .choices = bl_result_formats,                                                      \
          .help = "jwt (default) or cwt" },                                                  \
        { .name = "result-issuer", .argument = "NAME", .help = "whose result it is (iss)" }, \
        { .name = "result-audience", .argument = "NAME", .help = "whom it is for (aud)" },   \
    {                                                                                        \
        .name = "force", .letter = 'f', .help = "replace FILE if it is there"                \
    }

/** What the options ask for; nothing without --result. */
struct bl_result_request {
    const char *path; /* NULL: no result is wanted */
    enum bl_ear_format format;
    struct bl_key *key;
    const char *issuer, *audience; /* NULL: none */
};
void bl_result_request_done(struct bl_result_request *request);
/** Before anything is verified: the options go together, and the key can sign. USAGE, and the causes of
 *  reading a key. */
enum bulla_status bl_result_request_read(const struct bl_arguments *arguments,
                                         struct bl_result_request *request_out,
                                         struct bulla_error *err) BULLA_CHECKED;
/** Append the token about genuine evidence, which ends at `expires_s`; 0: when results end. */
enum bulla_status bl_result_sign(const struct bl_result_request *request,
                                 const struct bl_verify_outcome *outcome, int64_t expires_s,
                                 struct bulla_buffer *token, struct bulla_error *err) BULLA_CHECKED;
/** Write what is wanted, if the evidence is genuine: of anything else there is nothing to say. */
enum bulla_status bl_result_request_write(const struct bl_result_request *request,
                                          const struct bl_verify_outcome *outcome,
                                          const struct bl_arguments *arguments,
                                          struct bulla_error *err) BULLA_CHECKED;

#endif
