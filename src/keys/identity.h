/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keys/identity.h: recipients and identities (HPKE key pairs) as text that people can copy.
 *
 *     bulla-x25519:BASE64URL            a recipient: who the data is sealed to
 *     bulla-secret-x25519:BASE64URL     an identity: who can open it
 *
 * BASE64URL (RFC 4648 section 5, no padding) holds the raw key and four check bytes, the first of
 * SHA-256("bulla-key/1" | prefix | raw key), so that a slip of the pen is refused and data is never
 * sealed to a key that nobody has. Kinds: x25519, p256, p384. A file has one key a line; empty lines
 * and lines that begin with "#" say nothing. Format: docs/formats/identity.md.
 * Does not: protect the identity by a passphrase; the file's mode does (bl_file_read_secret()).
 */
#ifndef BL_KEYS_IDENTITY_H
#define BL_KEYS_IDENTITY_H

#include "crypto/key.h"

/** What every identity line begins with, and no other line. */
#define BL_IDENTITY_SECRET_PREFIX "bulla-secret-"

#define BL_KEYRING_COUNT_MAX 63   /* keys: a blob has at most 64 slots */
#define BL_KEYRING_SIZE_MAX 32768 /* bytes of a file of keys */

/** Keys from files and arguments, in the order given. */
struct bl_keyring {
    struct bl_key *keys[BL_KEYRING_COUNT_MAX];
    size_t count;
};
void bl_keyring_done(struct bl_keyring *keyring);

/** The kind that the words of the text form name ("x25519", "p256", "p384"), or BL_KEY_NONE. */
enum bl_key_kind bl_recipient_kind(const char *word);
const char *bl_recipient_kind_word(enum bl_key_kind kind); /* "" if it cannot be a recipient */

/** One recipient, all of `text`; BULLA_E_MALFORMED (an identity is none), BULLA_E_UNSUPPORTED. */
enum bulla_status bl_recipient_parse(struct bulla_bytes text, struct bl_keyring *keyring,
                                     struct bulla_error *err) BULLA_CHECKED;
/** Append the recipient text of the public half. */
enum bulla_status bl_recipient_format(const struct bl_key *key, struct bulla_buffer *text_out,
                                      struct bulla_error *err) BULLA_CHECKED;

/** Add the keys of a file: identities as key pairs, recipients as public keys. At least one.
 *  BULLA_E_MALFORMED with the line number as offset, BULLA_E_LIMIT. On failure nothing is added. */
enum bulla_status bl_keyring_parse(struct bulla_bytes text, struct bl_keyring *keyring,
                                   struct bulla_error *err) BULLA_CHECKED;
/** A whole identity file in *text_out, which must be empty: two comment lines, one of them the
 *  recipient, and the identity. `created` is a date in words of ours. */
enum bulla_status bl_identity_format(const struct bl_key *key, const char *created,
                                     struct bl_secret *text_out,
                                     struct bulla_error *err) BULLA_CHECKED;

/* Signing keys (Ed25519: administrators, signers of enclaves) have the same text form and files:
 *     bulla-ed25519:BASE64URL           a signer: whose signatures count
 *     bulla-secret-ed25519:BASE64URL    who can make them
 * They are never taken for recipients or identities, nor these for them. */

/** A whole signing key file in *text_out, which must be empty. */
enum bulla_status bl_signer_format(const struct bl_key *key, const char *created,
                                   struct bl_secret *text_out,
                                   struct bulla_error *err) BULLA_CHECKED;
/** Append the text of the public half. */
enum bulla_status bl_signer_public_format(const struct bl_key *key, struct bulla_buffer *text_out,
                                          struct bulla_error *err) BULLA_CHECKED;
/** The one signing key, pair or public, of a file or of a line; BULLA_E_MALFORMED. */
enum bulla_status bl_signer_parse(struct bulla_bytes text, struct bl_key **key_out,
                                  struct bulla_error *err) BULLA_CHECKED;

#endif
