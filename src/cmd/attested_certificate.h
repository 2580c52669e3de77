/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/attested_certificate.h: a short-lived certificate for a key that permitted evidence is for. What is
 * in it: docs/formats/attested-certificate.md.
 *
 * Guarantees: none without a verdict that permits; no authority; no name but those that the operator
 * gives; never longer than the policy and the issuing authority.
 * Does not: keep a list of what was issued, or revoke.
 */
#ifndef BL_CMD_ATTESTED_CERTIFICATE_H
#define BL_CMD_ATTESTED_CERTIFICATE_H

#include "cmd/attestation_result.h"

/** --certificate and what goes with it; -f is the result's. */
#define BL_CERTIFICATE_OPTIONS                                                                    \
    { .name = "certificate",                                                                      \
      .argument = "FILE",                                                                         \
      .help = "if permitted, write a certificate for the subject key (PEM)" },                    \
        { .name = "ca-key",                                                                       \
          .argument = "FILE",                                                                     \
          .help = "what signs it: a private key of P-256 or P-384 (PEM)" },                       \
        { .name = "ca-cert", .argument = "FILE", .help = "the certificate of that key" },         \
        { .name = "lifetime",                                                                     \
          .argument = "SECONDS",                                                                  \
          .help = "how long it is valid: 3600 unless given, at most 86400" },                     \
    {                                                                                             \
        .name = "dns-name", .argument = "NAME", .help = "a name to put into it; you vouch for it" \
    }

/** What the options ask for; nothing without --certificate. */
struct bl_certificate_wish {
    const char *path; /* NULL: none is wanted */
    struct bl_key *authority_key;
    struct bl_certificate *authority;
    uint64_t lifetime_s;
    const char *dns_name; /* NULL: none */
};
void bl_certificate_wish_done(struct bl_certificate_wish *wish);
/** Before anything is verified: the options go together. USAGE, and causes of reading key and
 *  certificate. */
enum bulla_status bl_certificate_wish_read(const struct bl_arguments *arguments,
                                           struct bl_certificate_wish *wish_out,
                                           struct bulla_error *err) BULLA_CHECKED;
/** Issue what is wanted, if the policy permits. EXPIRED, NOT_YET_VALID: the authority or the policy is
 *  not in force. */
enum bulla_status bl_certificate_wish_grant(const struct bl_certificate_wish *wish,
                                            const struct bl_verify_outcome *outcome,
                                            const struct bl_arguments *arguments,
                                            struct bulla_error *err) BULLA_CHECKED;

#endif
