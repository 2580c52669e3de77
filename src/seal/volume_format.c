/* SPDX-License-Identifier: Apache-2.0 */
#include "seal/volume_format.h"

#include <string.h>

#include "base/memory.h"
#include "codec/reader.h"
#include "crypto/hash.h"
#include "crypto/random.h"

/* The domain strings. Each ends where the next field begins because a fixed number of bytes
 * follows it. */
#define DOMAIN_CHECK BL_LITERAL("bulla.volume/1 check")
#define DOMAIN_HEAD BL_LITERAL("bulla.volume/1 head")
#define DOMAIN_PAGE BL_LITERAL("bulla.volume/1 page\0")
#define DOMAIN_JOURNAL BL_LITERAL("bulla.volume/1 journal\0")
#define DOMAIN_STATE BL_LITERAL("bulla.volume/1 state\0")

#define SECOND_PLACE 0x80000000u
#define PAGE_BINDING_SIZE 16 /* bytes: level 4 | epoch 4 | number 8 */
#define HEAD_KEY_SIZE 64     /* bytes */
#define FORMAT_MAJOR 1

static const uint8_t head_magic[8] = { 0x89, 'B', 'L', 'V', 0x0d, 0x0a, 0x1a, 0x0a };
static const uint8_t entry_magic[4] = { 'B', 'L', 'J', '1' };
static const char where[] = "sealed volume";

void
bl_volume_record_load(const uint8_t in[BL_VOLUME_RECORD_SIZE], struct bl_volume_record *record_out)
{
    uint32_t word = (uint32_t)bl_volume_get(in, 4);

    record_out->epoch = word & ~SECOND_PLACE;
    record_out->second = (word & SECOND_PLACE) != 0;
    memcpy(record_out->nonce, in + 4, BL_AEAD_NONCE_SIZE);
    memcpy(record_out->tag, in + 16, BL_AEAD_TAG_SIZE);
}

void
bl_volume_record_store(const struct bl_volume_record *record, uint8_t out[BL_VOLUME_RECORD_SIZE])
{
    bl_volume_put(out, 4, record->epoch | (record->second ? SECOND_PLACE : 0));
    memcpy(out + 4, record->nonce, BL_AEAD_NONCE_SIZE);
    memcpy(out + 16, record->tag, BL_AEAD_TAG_SIZE);
}

static enum bulla_status
expand(const struct bl_volume_keys *keys, struct bulla_bytes domain, uint32_t epoch, size_t size,
       struct bl_secret *out, struct bulla_error *err)
{
    uint8_t number[4];

    bl_volume_put(number, sizeof number, epoch);
    const struct bulla_bytes info[] = { domain, BL_BYTES_OF(number) };
    return bl_hkdf_expand(BL_SHA512, bl_secret_bytes(&keys->root), info, 2, size, out, err);
}

enum bulla_status
bl_volume_keys_new(struct bl_volume_keys *keys, const struct bl_secret *key,
                   const uint8_t volume_id[BL_VOLUME_ID_SIZE], struct bulla_error *err)
{
    BL_AUTO(bl_secret) check = { 0 };

    if (key == NULL || key->size != BL_VOLUME_KEY_SIZE)
        return bulla_fail(err, BULLA_E_ARGUMENT, where, "size of its key", 0);
    if (bl_all_zero(bl_secret_bytes(key)))
        return bulla_fail(err, BULLA_E_CRYPTO, where, "a key of zeros", 0);
    memcpy(keys->volume_id, volume_id, BL_VOLUME_ID_SIZE);
    BL_TRY(bl_hkdf_extract(BL_SHA512, BL_BYTES_OF(keys->volume_id), bl_secret_bytes(key),
                           &keys->root, err));
    BL_TRY(expand(keys, DOMAIN_CHECK, 0, sizeof keys->check, &check, err));
    memcpy(keys->check, check.data, sizeof keys->check);
    return BULLA_OK;
}

void
bl_volume_keys_done(struct bl_volume_keys *keys)
{
    bl_secret_done(&keys->root);
    for (unsigned i = 0; i < BL_VOLUME_EPOCH_KEYS; i++)
        bl_aead_free(keys->pages[i].aead);
    bl_aead_free(keys->journal);
    *keys = (struct bl_volume_keys){ 0 };
}

static enum bulla_status
new_context(const struct bl_volume_keys *keys, struct bulla_bytes domain, uint32_t epoch,
            struct bl_aead **aead_out, struct bulla_error *err)
{
    BL_AUTO(bl_secret) key = { 0 };

    BL_TRY(expand(keys, domain, epoch, BL_AEAD_KEY_SIZE, &key, err));
    return bl_aead_new(BL_AES_256_GCM, bl_secret_bytes(&key), aead_out, err);
}

static enum bulla_status
page_context(struct bl_volume_keys *keys, uint32_t epoch, struct bl_aead **aead_out,
             struct bulla_error *err)
{
    for (unsigned i = 0; i < BL_VOLUME_EPOCH_KEYS; i++) {
        if (keys->pages[i].epoch == epoch) {
            *aead_out = keys->pages[i].aead;
            return BULLA_OK;
        }
    }
    struct bl_aead *aead = NULL;
    BL_TRY(new_context(keys, DOMAIN_PAGE, epoch, &aead, err));
    unsigned i = keys->next++ % BL_VOLUME_EPOCH_KEYS;
    bl_aead_free(keys->pages[i].aead);
    keys->pages[i].epoch = epoch;
    keys->pages[i].aead = aead;
    *aead_out = aead;
    return BULLA_OK;
}

static enum bulla_status
journal_context(struct bl_volume_keys *keys, uint32_t epoch, struct bulla_error *err)
{
    struct bl_aead *aead = NULL;

    if (keys->journal != NULL && keys->journal_epoch == epoch)
        return BULLA_OK;
    BL_TRY(new_context(keys, DOMAIN_JOURNAL, epoch, &aead, err));
    bl_aead_free(keys->journal);
    keys->journal = aead;
    keys->journal_epoch = epoch;
    return BULLA_OK;
}

/* A page is good at one place only: threat of exchanged pages. */
static void
bind_page(struct bl_volume_place place, uint32_t epoch, uint8_t out[PAGE_BINDING_SIZE])
{
    bl_volume_put(out, 4, place.level);
    bl_volume_put(out + 4, 4, epoch);
    bl_volume_put(out + 8, 8, place.number);
}

enum bulla_status
bl_volume_page_seal(struct bl_volume_keys *keys, uint32_t epoch, struct bl_volume_place place,
                    const uint8_t page[BL_VOLUME_PAGE_SIZE], uint8_t out[BL_VOLUME_PAGE_SIZE],
                    struct bl_volume_record *record_out, struct bulla_error *err)
{
    struct bl_aead *aead = NULL;
    uint8_t binding[PAGE_BINDING_SIZE], sealed[BL_VOLUME_PAGE_SIZE + BL_AEAD_TAG_SIZE];

    BL_TRY(page_context(keys, epoch, &aead, err));
    BL_TRY(bl_random(record_out->nonce, BL_AEAD_NONCE_SIZE, err));
    bind_page(place, epoch, binding);
    BL_TRY(bl_aead_seal(aead, record_out->nonce, BL_BYTES_OF(binding),
                        (struct bulla_bytes){ page, BL_VOLUME_PAGE_SIZE }, sealed, err));
    memcpy(out, sealed, BL_VOLUME_PAGE_SIZE);
    memcpy(record_out->tag, sealed + BL_VOLUME_PAGE_SIZE, BL_AEAD_TAG_SIZE);
    record_out->epoch = epoch;
    return BULLA_OK;
}

enum bulla_status
bl_volume_page_open(struct bl_volume_keys *keys, struct bl_volume_place place,
                    const struct bl_volume_record *record,
                    const uint8_t ciphertext[BL_VOLUME_PAGE_SIZE], uint8_t out[BL_VOLUME_PAGE_SIZE],
                    struct bulla_error *err)
{
    struct bl_aead *aead = NULL;
    uint8_t binding[PAGE_BINDING_SIZE], sealed[BL_VOLUME_PAGE_SIZE + BL_AEAD_TAG_SIZE];

    if (record->epoch == 0)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "a page that was never written",
                          place.number);
    BL_TRY(page_context(keys, record->epoch, &aead, err));
    bind_page(place, record->epoch, binding);
    memcpy(sealed, ciphertext, BL_VOLUME_PAGE_SIZE);
    memcpy(sealed + BL_VOLUME_PAGE_SIZE, record->tag, BL_AEAD_TAG_SIZE);
    enum bulla_status status =
        bl_aead_open(aead, record->nonce, BL_BYTES_OF(binding), BL_BYTES_OF(sealed), out, NULL);
    if (status == BULLA_E_INTEGRITY)
        return bulla_fail(err, status, where, "a page was altered, moved or set back",
                          place.number);
    return status == BULLA_OK ? BULLA_OK
                              : bulla_fail(err, status, where, "a page cannot be opened", 0);
}

/* -- head -- */

static enum bulla_status
head_mac(const struct bl_volume_keys *keys, struct bulla_bytes bytes,
         uint8_t out[BL_VOLUME_HEAD_MAC_SIZE], struct bulla_error *err)
{
    BL_AUTO(bl_secret) key = { 0 };
    uint8_t mac[BL_HASH_SIZE_MAX];

    BL_TRY(expand(keys, DOMAIN_HEAD, 0, HEAD_KEY_SIZE, &key, err));
    BL_TRY(bl_hmac(BL_SHA512, bl_secret_bytes(&key), &bytes, 1, mac, err));
    memcpy(out, mac, BL_VOLUME_HEAD_MAC_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_volume_head_encode(const struct bl_volume_keys *keys, struct bl_volume_head *head,
                      uint8_t out[BL_VOLUME_HEAD_SIZE], struct bulla_error *err)
{
    memcpy(out, head_magic, sizeof head_magic); /* 0 */
    bl_volume_put(out + 8, 2, FORMAT_MAJOR);
    bl_volume_put(out + 10, 2, BL_VOLUME_SUITE);
    bl_volume_put(out + 12, 4, head->flags);
    memcpy(out + 16, keys->volume_id, BL_VOLUME_ID_SIZE);
    memcpy(out + 48, keys->check, sizeof keys->check);
    bl_volume_put(out + 80, 8, head->checkpoint);
    bl_volume_put(out + 88, 4, head->epoch);
    bl_volume_put(out + 92, 4, 0);
    bl_volume_put(out + 96, 8, head->generation);
    memcpy(out + 104, head->state, BL_VOLUME_STATE_SIZE);
    memcpy(out + 136, head->state_before, BL_VOLUME_STATE_SIZE);
    bl_volume_record_store(&head->root, out + 168);
    const struct bulla_bytes covered = { out, BL_VOLUME_HEAD_SIZE - BL_VOLUME_HEAD_MAC_SIZE };
    BL_TRY(head_mac(keys, covered, head->mac, err));
    memcpy(out + covered.size, head->mac, BL_VOLUME_HEAD_MAC_SIZE); /* 200 */
    return BULLA_OK;
}

/* Straight down the table; what cannot be ours is refused before a key is derived. */
static enum bulla_status
read_head(struct bulla_bytes bytes, struct bl_volume_head *head, uint8_t check[32],
          struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, where);
    uint8_t magic[sizeof head_magic], record[BL_VOLUME_RECORD_SIZE];

    bl_read_into(&r, magic, sizeof magic);                           /* 0 */
    uint16_t major = bl_read_u16be(&r);                              /* 8 */
    uint16_t suite = bl_read_u16be(&r);                              /* 10 */
    head->flags = bl_read_u32be(&r);                                 /* 12 */
    bl_read_into(&r, head->volume_id, sizeof head->volume_id);       /* 16 */
    bl_read_into(&r, check, 32);                                     /* 48 */
    head->checkpoint = bl_read_u64be(&r);                            /* 80 */
    head->epoch = bl_read_u32be(&r);                                 /* 88 */
    uint32_t reserved = bl_read_u32be(&r);                           /* 92 */
    head->generation = bl_read_u64be(&r);                            /* 96 */
    bl_read_into(&r, head->state, sizeof head->state);               /* 104 */
    bl_read_into(&r, head->state_before, sizeof head->state_before); /* 136 */
    bl_read_into(&r, record, sizeof record);                         /* 168 */
    bl_read_into(&r, head->mac, sizeof head->mac);                   /* 200 */
    if (bl_reader_finish(&r, NULL) != BULLA_OK || memcmp(magic, head_magic, sizeof magic) != 0)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "its head is damaged", 0);
    if (major != FORMAT_MAJOR || suite != BL_VOLUME_SUITE)
        return bulla_fail_cause(err, BULLA_CAUSE_BLOB_VERSION, where, "of another version");
    if ((head->flags & ~BL_VOLUME_ANCHORED) != 0 || reserved != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_BLOB_VERSION, where, "a flag that is not known");
    bl_volume_record_load(record, &head->root);
    if (head->epoch == 0 || head->epoch > BL_VOLUME_EPOCH_MAX)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "its head is damaged", 88);
    return BULLA_OK;
}

static enum bulla_status
check_head(const struct bl_volume_keys *keys, struct bulla_bytes bytes,
           const struct bl_volume_head *head, const uint8_t check[32], struct bulla_error *err)
{
    uint8_t mac[BL_VOLUME_HEAD_MAC_SIZE];

    if (!bl_equal(BL_BYTES_OF(keys->check), (struct bulla_bytes){ check, 32 }))
        return bulla_fail_cause(err, BULLA_CAUSE_WRONG_RECIPIENT, where, "made with another key");
    bytes.size -= BL_VOLUME_HEAD_MAC_SIZE;
    BL_TRY(head_mac(keys, bytes, mac, err));
    if (!bl_equal(BL_BYTES_OF(mac), BL_BYTES_OF(head->mac)))
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "its head was altered", 0);
    return BULLA_OK;
}

enum bulla_status
bl_volume_head_decode(struct bulla_bytes bytes, const struct bl_secret *key,
                      struct bl_volume_keys *keys, struct bl_volume_head *head_out,
                      struct bulla_error *err)
{
    struct bl_volume_head head = { 0 };
    uint8_t check[32];

    BL_TRY(read_head(bytes, &head, check, err));
    enum bulla_status status = bl_volume_keys_new(keys, key, head.volume_id, err);
    if (status == BULLA_OK)
        status = check_head(keys, bytes, &head, check, err);
    if (status != BULLA_OK) {
        bl_volume_keys_done(keys);
        return status;
    }
    *head_out = head;
    return BULLA_OK;
}

/* -- journal -- */

size_t
bl_volume_entry_extent(size_t payload_size)
{
    size_t size = BL_VOLUME_ENTRY_HEAD_SIZE + payload_size + BL_AEAD_TAG_SIZE;

    return (size + BL_VOLUME_ENTRY_ALIGNMENT - 1) / BL_VOLUME_ENTRY_ALIGNMENT *
           BL_VOLUME_ENTRY_ALIGNMENT;
}

bool
bl_volume_entry_peek(const uint8_t head[BL_VOLUME_ENTRY_HEAD_SIZE],
                     struct bl_volume_entry *entry_out)
{
    uint32_t kind = (uint32_t)bl_volume_get(head + 8, 4);
    struct bl_volume_entry entry = {
        .payload_size = (uint32_t)bl_volume_get(head + 4, 4),
        .checkpoint = bl_volume_get(head + 12, 8),
        .sequence = bl_volume_get(head + 20, 8),
        .synced = bl_volume_get(head + 28, 8),
        .generation = bl_volume_get(head + 36, 8),
    };

    if (memcmp(head, entry_magic, sizeof entry_magic) != 0 ||
        entry.payload_size > BL_VOLUME_ENTRY_SIZE_MAX ||
        (kind != BL_VOLUME_CHANGES && kind != BL_VOLUME_SYNC) || bl_volume_get(head + 72, 8) != 0)
        return false;
    entry.kind = kind == BL_VOLUME_SYNC ? BL_VOLUME_SYNC : BL_VOLUME_CHANGES;
    memcpy(entry.before, head + 44, sizeof entry.before);
    *entry_out = entry;
    return true;
}

enum bulla_status
bl_volume_entry_seal(struct bl_volume_keys *keys, uint32_t epoch, struct bl_volume_entry *entry,
                     uint8_t *bytes, struct bulla_error *err)
{
    uint8_t *payload = bytes + BL_VOLUME_ENTRY_HEAD_SIZE;
    const struct bulla_bytes head = { bytes, BL_VOLUME_ENTRY_HEAD_SIZE };

    BL_TRY(journal_context(keys, epoch, err));
    memcpy(bytes, entry_magic, sizeof entry_magic); /* 0 */
    bl_volume_put(bytes + 4, 4, entry->payload_size);
    bl_volume_put(bytes + 8, 4, entry->kind);
    bl_volume_put(bytes + 12, 8, entry->checkpoint);
    bl_volume_put(bytes + 20, 8, entry->sequence);
    bl_volume_put(bytes + 28, 8, entry->synced);
    bl_volume_put(bytes + 36, 8, entry->generation);
    memcpy(bytes + 44, entry->before, sizeof entry->before);
    BL_TRY(bl_random(bytes + 60, BL_AEAD_NONCE_SIZE, err));
    bl_volume_put(bytes + 72, 8, 0);
    BL_TRY(bl_aead_seal(keys->journal, bytes + 60, head,
                        (struct bulla_bytes){ payload, entry->payload_size }, payload, err));
    memcpy(entry->tag, payload + entry->payload_size, BL_AEAD_TAG_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_volume_entry_open(struct bl_volume_keys *keys, uint32_t epoch, struct bl_volume_entry *entry_out,
                     uint8_t *bytes, size_t size, struct bulla_error *err)
{
    struct bl_volume_entry entry;
    uint8_t *payload = bytes + BL_VOLUME_ENTRY_HEAD_SIZE;

    if (size < BL_VOLUME_ENTRY_HEAD_SIZE || !bl_volume_entry_peek(bytes, &entry) ||
        size < BL_VOLUME_ENTRY_HEAD_SIZE + (size_t)entry.payload_size + BL_AEAD_TAG_SIZE)
        return bulla_fail(err, BULLA_E_INTEGRITY, where, "no record of the journal", 0);
    BL_TRY(journal_context(keys, epoch, err));
    memcpy(entry.tag, payload + entry.payload_size, BL_AEAD_TAG_SIZE);
    const struct bulla_bytes head = { bytes, BL_VOLUME_ENTRY_HEAD_SIZE };
    const struct bulla_bytes sealed = { payload, (size_t)entry.payload_size + BL_AEAD_TAG_SIZE };
    BL_TRY(bl_aead_open(keys->journal, bytes + 60, head, sealed, payload, err));
    *entry_out = entry;
    return BULLA_OK;
}

void
bl_volume_change_head(const struct bl_volume_change *change,
                      uint8_t out[BL_VOLUME_CHANGE_HEAD_SIZE])
{
    bl_volume_put(out, 8, change->number);
    bl_volume_put(out + 8, 2, change->is_fresh ? 1 : 0);
    bl_volume_put(out + 10, 2, change->offset);
    bl_volume_put(out + 12, 4, change->bytes.size);
}

bool
bl_volume_change_read(struct bl_reader *r, struct bl_volume_change *change_out)
{
    struct bl_volume_change change = { .number = bl_read_u64be(r) };
    uint16_t flags = bl_read_u16be(r);

    change.is_fresh = flags == 1;
    change.offset = bl_read_u16be(r);
    uint32_t size = bl_read_u32be(r);
    if (change.number >= BL_VOLUME_PAGE_COUNT_MAX || flags > 1 || size > BL_VOLUME_PAGE_SIZE ||
        change.offset > BL_VOLUME_PAGE_SIZE - size || (size == 0 && flags != 1))
        bl_reader_fail(r, "a change outside its page");
    change.bytes = bl_read_view(r, size);
    if (bl_reader_ok(r, NULL) != BULLA_OK)
        return false;
    *change_out = change;
    return true;
}

enum bulla_status
bl_volume_state_next(const struct bl_volume_keys *keys, uint64_t generation,
                     const uint8_t before[BL_VOLUME_STATE_SIZE],
                     const uint8_t tag[BL_AEAD_TAG_SIZE], uint8_t out[BL_VOLUME_STATE_SIZE],
                     struct bulla_error *err)
{
    uint8_t number[8];

    bl_volume_put(number, sizeof number, generation);
    const struct bulla_bytes parts[] = {
        DOMAIN_STATE,
        BL_BYTES_OF(keys->volume_id),
        BL_BYTES_OF(number),
        { before, BL_VOLUME_STATE_SIZE },
        { tag, BL_AEAD_TAG_SIZE },
    };
    return bl_hash_parts(BL_SHA256, parts, 5, out, err);
}
