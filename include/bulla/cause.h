/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulla/cause.h: every reason why something was not done, with its stable number.
 *
 * A number is EENN: EE is the exit code of the command, NN counts within it. It is shown as
 * "BL-EENN" and `bulla explain BL-EENN` says what it means and what to do; the text lives in
 * src/cmd/. Numbers are never reused and never change meaning.
 */
#ifndef BULLA_CAUSE_H
#define BULLA_CAUSE_H

/* X(symbol, number, status) */
#define BULLA_CAUSES(X)                                           \
    /* 01: general, ours */                                       \
    X(INTERNAL, 101, ARGUMENT)                                    \
    X(MEMORY, 102, MEMORY)                                        \
    X(IO, 103, IO)                                                \
    X(CRYPTO, 104, CRYPTO)                                        \
    X(OUTCOME_UNKNOWN, 105, OUTCOME_UNKNOWN)                      \
    X(EXISTS, 106, EXISTS)                                        \
    X(BUSY, 107, BUSY)                                            \
    X(PROGRAM_FAILED, 108, IO)                                    \
    X(UNHEALTHY, 109, IO)                                         \
    /* 02: usage */                                               \
    X(USAGE, 201, USAGE)                                          \
    X(SECRET_IN_ARGUMENTS, 202, USAGE)                            \
    X(NO_RECOVERY_CHOSEN, 203, USAGE)                             \
    X(BINARY_TO_TERMINAL, 204, USAGE)                             \
    X(BINDING_REFUSED, 205, USAGE)                                \
    X(NO_TERMINAL, 206, USAGE)                                    \
    X(SLOT_NEEDED, 207, USAGE)                                    \
    /* 03: the input is not ours, or is corrupt */                \
    X(MALFORMED, 301, MALFORMED)                                  \
    X(UNSUPPORTED, 302, UNSUPPORTED)                              \
    X(LIMIT, 303, LIMIT)                                          \
    X(NOT_A_BLOB, 304, MALFORMED)                                 \
    X(BLOB_VERSION, 305, UNSUPPORTED)                             \
    X(NOT_CANONICAL, 306, MALFORMED)                              \
    X(BLOB_TRUNCATED, 307, MALFORMED)                             \
    /* 04: integrity: altered after it was made */                \
    X(INTEGRITY, 401, INTEGRITY)                                  \
    X(HEADER_ALTERED, 402, INTEGRITY)                             \
    X(BODY_ALTERED, 403, INTEGRITY)                               \
    X(BODY_TRUNCATED, 404, INTEGRITY)                             \
    X(SLOT_ALTERED, 405, INTEGRITY)                               \
    X(AUDIT_ALTERED, 406, INTEGRITY)                              \
    X(AUDIT_TRUNCATED, 407, INTEGRITY)                            \
    X(AUDIT_HEAD_MISSING, 408, INTEGRITY)                         \
    X(STORE_MISSING, 409, INTEGRITY)                              \
    X(CACHE_ALTERED, 410, INTEGRITY)                              \
    /* 05: the state of the machine changed */                    \
    X(STATE, 501, STATE)                                          \
    X(PCR_CHANGED, 502, STATE)                                    \
    X(TPM_LOCKOUT, 503, STATE)                                    \
    X(RTMR_CHANGED, 504, STATE)                                   \
    X(LAUNCH_CHANGED, 505, STATE)                                 \
    X(COUNTER_MISSING, 506, STATE)                                \
    X(COUNTER_BEHIND, 507, STATE)                                 \
    X(WOULD_NOT_OPEN, 508, STATE)                                 \
    /* 06: another machine, enclave, key or name */               \
    X(IDENTITY, 601, IDENTITY)                                    \
    X(WRONG_TPM, 602, IDENTITY)                                   \
    X(NAME_MISMATCH, 603, IDENTITY)                               \
    X(NO_SLOT_OPENS, 604, IDENTITY)                               \
    X(WRONG_PASSPHRASE, 605, IDENTITY)                            \
    X(WRONG_RECIPIENT, 606, IDENTITY)                             \
    X(ASSOCIATED_DATA_MISMATCH, 607, IDENTITY)                    \
    X(WRONG_CODE, 608, IDENTITY)                                  \
    X(WRONG_SIGNER, 609, IDENTITY)                                \
    X(WRONG_PRODUCT, 610, IDENTITY)                               \
    X(WRONG_CONFIG, 611, IDENTITY)                                \
    X(WRONG_MACHINE, 612, IDENTITY)                               \
    X(ROOT_KEY_CHANGED, 613, IDENTITY)                            \
    /* 07: policy refused */                                      \
    X(DENIED, 701, DENIED)                                        \
    X(SLOT_TYPE_REFUSED, 702, DENIED)                             \
    X(DEBUG_ROOT, 703, DENIED)                                    \
    X(TRUST_LABEL_REFUSED, 704, DENIED)                           \
    X(UNDER_BOUND, 705, DENIED)                                   \
    /* 08: evidence is not genuine */                             \
    X(SIGNATURE, 801, SIGNATURE)                                  \
    X(UNTRUSTED, 802, UNTRUSTED)                                  \
    X(MISMATCH, 803, MISMATCH)                                    \
    X(PCR_MISMATCH, 804, MISMATCH)                                \
    X(SELECTION_MISMATCH, 805, MISMATCH)                          \
    X(LOG_MISMATCH, 806, MISMATCH)                                \
    X(KEY_MISMATCH, 807, MISMATCH)                                \
    X(KEY_ATTRIBUTES, 808, UNTRUSTED)                             \
    X(NOT_A_QUOTE, 809, MISMATCH)                                 \
    X(ADMIN_UNKNOWN, 810, UNTRUSTED)                              \
    X(WRONG_ROOT, 832, UNTRUSTED)                                 \
    X(CRL_MISSING, 811, UNTRUSTED)                                \
    X(CRL_ISSUER_MISMATCH, 812, UNTRUSTED)                        \
    X(COLLATERAL_SIGNATURE, 813, SIGNATURE)                       \
    X(REPORT_SIGNATURE, 814, SIGNATURE)                           \
    X(QUOTE_SIGNATURE, 815, SIGNATURE)                            \
    X(COSE_SIGNATURE, 816, SIGNATURE)                             \
    X(BINDING_MISMATCH, 817, MISMATCH)                            \
    X(CHIP_ID_MISMATCH, 818, MISMATCH)                            \
    X(TCB_EXTENSION_MISMATCH, 819, MISMATCH)                      \
    X(TCB_NOT_SUPPORTED, 820, UNTRUSTED)                          \
    X(FMSPC_MISMATCH, 821, MISMATCH)                              \
    X(PCEID_MISMATCH, 822, MISMATCH)                              \
    X(TCB_INFO_MISMATCH, 823, MISMATCH)                           \
    X(QE_IDENTITY_MISMATCH, 824, MISMATCH)                        \
    X(TDX_MODULE_MISMATCH, 825, MISMATCH)                         \
    X(SEPARATOR_REPEATED, 826, MISMATCH)                          \
    X(CLAIM_MISSING, 827, MISMATCH)                               \
    X(ALGORITHM_MISSING, 828, MISMATCH)                           \
    X(MESSAGE_AUTHENTICATION_CODE, 829, UNTRUSTED)                \
    X(CERTIFICATION_DATA, 830, UNTRUSTED)                         \
    X(EVIDENCE_MALFORMED, 831, MISMATCH)                          \
    X(POLICY_NOT_SIGNED, 833, SIGNATURE)                          \
    /* 09: stale: nonce, expiry, revocation, rollback */          \
    X(STALE, 901, STALE)                                          \
    X(EXPIRED, 902, STALE)                                        \
    X(ROLLED_BACK, 903, STALE)                                    \
    X(VERSION_BELOW_FLOOR, 904, STALE)                            \
    X(REPLAYED, 907, STALE)                                       \
    X(REVOKED, 906, STALE)                                        \
    X(NONCE_MISMATCH, 905, STALE)                                 \
    X(COLLATERAL_EXPIRED, 908, STALE)                             \
    X(NOT_YET_VALID, 909, STALE)                                  \
    X(COLLATERAL_OLDER, 910, STALE)                               \
    X(VERSION_AHEAD, 911, STALE)                                  \
    X(POLICY_REVOKED, 912, STALE)                                 \
    X(NO_FRESHNESS, 913, STALE)                                   \
    /* 10: a device is missing or lacks something */              \
    X(UNAVAILABLE, 1001, UNAVAILABLE)                             \
    X(NO_TPM, 1002, UNAVAILABLE)                                  \
    X(TPM_NOT_PERMITTED, 1003, UNAVAILABLE)                       \
    X(TPM_FAILED, 1004, UNAVAILABLE)                              \
    X(NO_USER_NAMESPACES, 1005, UNAVAILABLE)                      \
    X(KERNEL_FEATURE_MISSING, 1006, UNAVAILABLE)                  \
    X(NO_ATTESTER, 1007, UNAVAILABLE)                             \
    X(ATTESTER_NOT_PERMITTED, 1008, UNAVAILABLE)                  \
    X(ATTESTER_FAILED, 1009, UNAVAILABLE)                         \
    X(ATTESTER_ANSWER, 1010, UNAVAILABLE)                         \
    X(NO_SEALING_ROOT, 1011, UNAVAILABLE)                         \
    X(ROOT_NOT_PERMITTED, 1012, UNAVAILABLE)                      \
    X(ROOT_FAILED, 1013, UNAVAILABLE)                             \
    X(ROOT_KEY_REFUSED, 1014, UNAVAILABLE)                        \
    X(ROOT_KEY_WEAK, 1015, UNAVAILABLE)                           \
    /* 11: the server cannot be reached */                        \
    X(UNREACHABLE, 1101, UNREACHABLE)                             \
    X(CONNECTION_CLOSED, 1102, UNREACHABLE)                       \
    X(SOURCE_BUSY, 1103, UNREACHABLE)                             \
    X(SOURCE_ANSWER, 1104, UNREACHABLE)                           \
    /* 12: the server said no (its reason is in its audit log) */ \
    X(REFUSED, 1201, REFUSED)                                     \
    X(ADMIN_REFUSED, 1202, REFUSED)                               \
    /* 13: not found */                                           \
    X(NOT_FOUND, 1301, NOT_FOUND)                                 \
    X(POLICY_MISSING, 1302, NOT_FOUND)                            \
    /* 14: timed out */                                           \
    X(TIMEOUT, 1401, TIMEOUT)

enum bulla_cause {
    BULLA_CAUSE_NONE = 0,
#define BULLA_CAUSE_ENUM_(symbol, number, status) BULLA_CAUSE_##symbol = (number),
    BULLA_CAUSES(BULLA_CAUSE_ENUM_)
#undef BULLA_CAUSE_ENUM_
};

#endif
