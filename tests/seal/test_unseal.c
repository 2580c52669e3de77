/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attacker who has the blob but no key can do to it, and what a caller can demand of it.
 */
#include "seal_fixture.h"

#include "seal/keys.h"
#include "seal/open.h"

static const struct bl_unseal_requirements no_demands = { .now_s = NOW_S };

/* One recipient and, beside him, somebody else whose slot is never opened here. */
struct fixture {
    struct bl_key *key;
    struct bl_key *other;
    const struct bl_key *identities[1];
    struct bl_slot_request slots[2];
    struct bl_seal_request request;
    struct bl_opener opener;
};

static int
set_up(void **state)
{
    static struct fixture f;

    f.key = new_key(BL_KEY_X25519);
    f.other = new_key(BL_KEY_P256);
    f.identities[0] = f.key;
    f.slots[0] = recipient_slot(f.key);
    f.slots[1] = recipient_slot(f.other);
    f.slots[1].label = "spare";
    f.request = request_for(f.slots, 2);
    f.opener = opener_of(f.identities, 1, NULL);
    *state = &f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    bl_key_free(f->key);
    bl_key_free(f->other);
    return 0;
}

static void
seal_text(const struct fixture *f, const char *text, struct bulla_buffer *blob)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_seal_bytes(&f->request, &f->opener, text_bytes(text), blob, &err), &err);
}

static enum bulla_cause
cause_of(const struct fixture *f, struct bulla_bytes blob,
         const struct bl_unseal_requirements *demands)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    enum bulla_status status = bl_unseal_bytes(demands, &f->opener, blob, &opened, &err);

    assert_int_equal(status, err.status);
    if (status != BULLA_OK) {
        assert_null(opened.data);
        assert_non_null(err.what);
    }
    return err.cause;
}

/* -- altered bytes -- */

static bool
is_one_of(enum bulla_cause cause, const enum bulla_cause *causes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (causes[i] == cause)
            return true;
    }
    return false;
}

/* What a flipped bit at `offset` may be called. */
static bool
is_right_cause(const struct bl_header *header, size_t offset, enum bulla_cause cause)
{
    static const enum bulla_cause sizes[] = {
        BULLA_CAUSE_LIMIT,     BULLA_CAUSE_BLOB_TRUNCATED, BULLA_CAUSE_NOT_CANONICAL,
        BULLA_CAUSE_MALFORMED, BULLA_CAUSE_BLOB_VERSION,
    };
    static const enum bulla_cause parts[] = {
        BULLA_CAUSE_NOT_CANONICAL,   BULLA_CAUSE_MALFORMED,      BULLA_CAUSE_BLOB_VERSION,
        BULLA_CAUSE_SLOT_ALTERED,    BULLA_CAUSE_HEADER_ALTERED, BULLA_CAUSE_LIMIT,
        BULLA_CAUSE_WRONG_RECIPIENT, BULLA_CAUSE_UNSUPPORTED,    BULLA_CAUSE_NO_SLOT_OPENS,
    };
    size_t core_end = BL_BLOB_PREAMBLE_SIZE + header->core_bytes.size;
    size_t slots_end = core_end + header->slots_bytes.size;

    if (offset < 8)
        return cause == BULLA_CAUSE_NOT_A_BLOB;
    if (offset < 12 || (offset >= 20 && offset < 24))
        return cause == BULLA_CAUSE_BLOB_VERSION;
    if (offset < 20)
        return is_one_of(cause, sizes, COUNT_OF(sizes));
    if (offset < 32)
        return cause == BULLA_CAUSE_HEADER_ALTERED; /* the epoch */
    if (offset < BL_BLOB_PREAMBLE_SIZE)
        return cause == BULLA_CAUSE_SLOT_ALTERED; /* the blob id */
    if (offset < slots_end)
        return is_one_of(cause, parts, COUNT_OF(parts));
    if (offset < slots_end + BL_BLOB_MAC_SIZE)
        return cause == BULLA_CAUSE_HEADER_ALTERED;
    return cause == BULLA_CAUSE_BODY_ALTERED;
}

static void
every_byte_altered(void **state)
{
    const struct fixture *f = *state;
    static const uint8_t bits[] = { 0x01, 0x80, 0xff };
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    seal_text(f, "attack at dawn", &blob);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&blob), &header, &err), &err);
    for (size_t offset = 0; offset < blob.size; offset++) {
        for (size_t b = 0; b < COUNT_OF(bits); b++) {
            blob.data[offset] ^= bits[b];
            enum bulla_cause cause = cause_of(f, bulla_buffer_bytes(&blob), &no_demands);
            blob.data[offset] ^= bits[b];
            if (!is_right_cause(&header, offset, cause))
                fail_msg("offset %zu, bits %02x: cause %d", offset, bits[b], (int)cause);
        }
    }
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &no_demands), BULLA_CAUSE_NONE);
}

static void
every_truncation_and_any_addition(void **state)
{
    const struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_header) header = { 0 };

    seal_text(f, "attack at dawn", &blob);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&blob), &header, &err), &err);
    for (size_t size = 0; size < blob.size; size++) {
        enum bulla_cause cause = cause_of(f, (struct bulla_bytes){ blob.data, size }, &no_demands);
        if (size < 8)
            assert_int_equal(cause, BULLA_CAUSE_NOT_A_BLOB);
        else if (size < header.bytes.size)
            assert_int_equal(cause, BULLA_CAUSE_BLOB_TRUNCATED);
        else if (size < header.bytes.size + 56 + 16)
            assert_int_equal(cause, BULLA_CAUSE_BODY_TRUNCATED);
        else
            assert_int_equal(cause, BULLA_CAUSE_BODY_ALTERED);
    }
    assert_ok(bulla_buffer_append(&blob, text_bytes("x"), &err), &err);
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &no_demands), BULLA_CAUSE_BODY_ALTERED);
}

/* -- parts of one blob in another -- */

struct parts {
    struct bl_header header; /* its views are the parts */
    struct bulla_bytes body;
};

static void
parts_of(const struct bulla_buffer *blob, struct parts *parts)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_header_decode(bulla_buffer_bytes(blob), &parts->header, &err), &err);
    parts->body = (struct bulla_bytes){ blob->data + parts->header.bytes.size,
                                        blob->size - parts->header.bytes.size };
}

/* The preamble of `a` around parts of both; sizes are put right. */
static enum bulla_cause
spliced(const struct fixture *f, const struct parts *a, struct bulla_bytes core,
        struct bulla_bytes slots, struct bulla_bytes mac, struct bulla_bytes body)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    uint8_t preamble[BL_BLOB_PREAMBLE_SIZE];
    const struct bulla_bytes pieces[] = { BL_BYTES_OF(preamble), core, slots, mac, body };

    bl_preamble_encode(a->header.blob_id, core.size, slots.size, a->header.slots_epoch, preamble);
    for (size_t i = 0; i < COUNT_OF(pieces); i++)
        assert_ok(bulla_buffer_append(&blob, pieces[i], &err), &err);
    return cause_of(f, bulla_buffer_bytes(&blob), &no_demands);
}

static void
parts_of_another_blob(void **state)
{
    const struct fixture *f = *state;
    struct parts a = { 0 }, b = { 0 };
    BL_AUTO(bulla_buffer) first = { 0 };
    BL_AUTO(bulla_buffer) second = { 0 };

    seal_text(f, "one", &first);
    seal_text(f, "two", &second);
    parts_of(&first, &a);
    parts_of(&second, &b);
    const struct bl_header *h = &a.header, *o = &b.header;

    assert_int_equal(spliced(f, &a, h->core_bytes, h->slots_bytes, h->mac, a.body),
                     BULLA_CAUSE_NONE);
    assert_int_equal(spliced(f, &a, h->core_bytes, h->slots_bytes, h->mac, b.body),
                     BULLA_CAUSE_BODY_ALTERED);
    assert_int_equal(spliced(f, &a, h->core_bytes, h->slots_bytes, o->mac, a.body),
                     BULLA_CAUSE_HEADER_ALTERED);
    assert_int_equal(spliced(f, &a, h->core_bytes, o->slots_bytes, h->mac, a.body),
                     BULLA_CAUSE_SLOT_ALTERED);
    assert_int_equal(spliced(f, &a, h->core_bytes, o->slots_bytes, o->mac, b.body),
                     BULLA_CAUSE_SLOT_ALTERED);
    bl_header_done(&a.header);
    bl_header_done(&b.header);
}

/* A core of the same size with another name: the slot's key is right, its wrap is not. */
static void
another_core(void **state)
{
    struct fixture *f = *state;
    struct parts a = { 0 }, b = { 0 };
    BL_AUTO(bulla_buffer) first = { 0 };
    BL_AUTO(bulla_buffer) second = { 0 };

    seal_text(f, "one", &first);
    f->request.name = "tast";
    seal_text(f, "two", &second);
    f->request.name = "test";
    parts_of(&first, &a);
    parts_of(&second, &b);
    assert_int_equal(
        spliced(f, &a, b.header.core_bytes, a.header.slots_bytes, a.header.mac, a.body),
        BULLA_CAUSE_SLOT_ALTERED);
    bl_header_done(&a.header);
    bl_header_done(&b.header);
}

/* Any change of the slots by somebody without the content key: here one that opens nothing. */
static void
slots_changed_without_the_key(void **state)
{
    const struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct parts a = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bulla_buffer) slots = { 0 };

    seal_text(f, "one", &blob);
    parts_of(&blob, &a);
    struct bl_slot_table table = a.header.table;
    for (size_t i = 0; i < table.slot_count; i++) {
        if (table.slots[i].label.size > 0)
            table.slots[i].label = text_bytes("mine");
    }
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    assert_int_equal(
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), a.header.mac, a.body),
        BULLA_CAUSE_HEADER_ALTERED);

    /* the wraps of the two slots exchanged */
    table = a.header.table;
    struct bl_slot kept = table.slots[0];
    memcpy(table.slots[0].wrap, table.slots[1].wrap, sizeof kept.wrap);
    memcpy(table.slots[1].wrap, kept.wrap, sizeof kept.wrap);
    bulla_buffer_clear(&slots);
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    assert_int_equal(
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), a.header.mac, a.body),
        BULLA_CAUSE_SLOT_ALTERED);

    /* their ids exchanged: each set of parameters under the other's name */
    table = a.header.table;
    memcpy(table.slots[0].id, table.slots[1].id, sizeof kept.id);
    memcpy(table.slots[1].id, kept.id, sizeof kept.id);
    bulla_buffer_clear(&slots);
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    assert_int_equal(
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), a.header.mac, a.body),
        BULLA_CAUSE_SLOT_ALTERED);
    bl_header_done(&a.header);
}

/* -- slots that an authentic table may hold -- */

/* The same blob with a changed table, its MAC made by somebody who holds the content key. */
static enum bulla_cause
with_table(const struct fixture *f, const struct bulla_buffer *blob,
           void (*change)(struct bl_slot_table *table))
{
    struct bulla_error err = { 0 };
    struct parts a = { 0 };
    struct bl_blob_binding binding;
    BL_AUTO(bl_slot_session) session = { .opener = &f->opener, .now_s = NOW_S };
    BL_AUTO(bl_secret) prk = { 0 };
    BL_AUTO(bulla_buffer) slots = { 0 };
    uint8_t mac[BL_BLOB_MAC_SIZE], preamble[BL_BLOB_PREAMBLE_SIZE];

    parts_of(blob, &a);
    assert_ok(bl_blob_bind(a.header.preamble, a.header.core_bytes, &binding, &err), &err);
    assert_ok(bl_header_open(&a.header, &binding, 0, &session, &prk, &err), &err);
    struct bl_slot_table table = a.header.table;
    change(&table);
    assert_ok(bl_slot_table_encode(&table, &slots, &err), &err);
    bl_preamble_encode(a.header.blob_id, a.header.core_bytes.size, slots.size, a.header.slots_epoch,
                       preamble);
    assert_ok(bl_blob_header_mac(&binding, &prk, BL_BYTES_OF(preamble), a.header.core_bytes,
                                 bulla_buffer_bytes(&slots), mac, &err),
              &err);
    enum bulla_cause cause =
        spliced(f, &a, a.header.core_bytes, bulla_buffer_bytes(&slots), BL_BYTES_OF(mac), a.body);
    bl_header_done(&a.header);
    return cause;
}

static struct bl_slot *
other_slot(struct bl_slot_table *table)
{
    return table->slots[0].label.size > 0 ? &table->slots[0] : &table->slots[1];
}

static struct bl_slot *
own_slot(struct bl_slot_table *table)
{
    return table->slots[0].label.size > 0 ? &table->slots[1] : &table->slots[0];
}

static void
relabel_other(struct bl_slot_table *table)
{
    other_slot(table)->label = text_bytes("renamed");
}

static void
make_other_unknown(struct bl_slot_table *table)
{
    other_slot(table)->type = 4711;
}

static void
let_own_expire(struct bl_slot_table *table)
{
    own_slot(table)->not_after_s = NOW_S - 1;
    other_slot(table)->type = 4711;
}

static void
let_own_last_until_now(struct bl_slot_table *table)
{
    own_slot(table)->not_after_s = NOW_S;
}

static void
a_table_changed_by_its_owner(void **state)
{
    const struct fixture *f = *state;
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_text(f, "one", &blob);
    assert_int_equal(with_table(f, &blob, relabel_other), BULLA_CAUSE_NONE);
    assert_int_equal(with_table(f, &blob, make_other_unknown), BULLA_CAUSE_NONE);
    assert_int_equal(with_table(f, &blob, let_own_last_until_now), BULLA_CAUSE_NONE);
    assert_int_equal(with_table(f, &blob, let_own_expire), BULLA_CAUSE_EXPIRED);
}

/* -- what the caller demands -- */

static void
the_name_must_fit(void **state)
{
    const struct fixture *f = *state;
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_text(f, "x", &blob);
    demands.name = "test";
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_NONE);
    static const char *const wrong[] = { "tes", "test2", "TEST", "" };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        demands.name = wrong[i];
        assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands),
                         BULLA_CAUSE_NAME_MISMATCH);
    }
}

static void
the_associated_data_must_fit(void **state)
{
    struct fixture *f = *state;
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bulla_buffer) with = { 0 };
    BL_AUTO(bulla_buffer) without = { 0 };

    seal_text(f, "x", &without);
    f->request.with_associated_data = true;
    f->request.associated_data = text_bytes("build 7");
    seal_text(f, "x", &with);
    f->request.with_associated_data = false;

    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
    demands.with_associated_data = true;
    demands.associated_data = text_bytes("build 7");
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands), BULLA_CAUSE_NONE);
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&without), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
    demands.associated_data = text_bytes("build 8");
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
    demands.associated_data = text_bytes("");
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&with), &demands),
                     BULLA_CAUSE_ASSOCIATED_DATA_MISMATCH);
}

static void
its_time_must_not_be_over(void **state)
{
    struct fixture *f = *state;
    struct bl_unseal_requirements demands = { .now_s = NOW_S };
    BL_AUTO(bulla_buffer) blob = { 0 };

    f->request.not_after_s = NOW_S;
    seal_text(f, "x", &blob);
    f->request.not_after_s = 0;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_NONE);
    demands.now_s = NOW_S + 1;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_EXPIRED);
}

static void
only_kinds_that_were_allowed(void **state)
{
    const struct fixture *f = *state;
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bulla_buffer) blob = { 0 };

    seal_text(f, "x", &blob);
    demands.slot_types_allowed = 1u << BL_SLOT_TPM2 | 1u << BL_SLOT_PASSPHRASE;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands),
                     BULLA_CAUSE_SLOT_TYPE_REFUSED);
    demands.slot_types_allowed = 1u << BL_SLOT_HPKE;
    assert_int_equal(cause_of(f, bulla_buffer_bytes(&blob), &demands), BULLA_CAUSE_NONE);
}

static void
what_cannot_be_honoured_is_refused(void **state)
{
    (void)state;
    struct bulla_error err = { 0 };
    struct bl_header header = { .core = { .name = text_bytes("n") } };

    assert_ok(bl_header_check(&header, &no_demands, &err), &err);
    header.core.has_freshness_anchor = true;
    assert_fails(bl_header_check(&header, &no_demands, &err), BULLA_E_UNSUPPORTED, &err);
    header.core.has_freshness_anchor = false;
    header.core.has_policy_authority = true;
    assert_fails(bl_header_check(&header, &no_demands, &err), BULLA_E_UNSUPPORTED, &err);
    header.core.has_policy_authority = false;
    header.core.has_padding = true;
    assert_fails(bl_header_check(&header, &no_demands, &err), BULLA_E_UNSUPPORTED, &err);
}

/* -- why nothing opens -- */

static void
the_most_telling_reason(void **state)
{
    const struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO_FREE(bl_key) stranger = new_key(BL_KEY_X25519);
    const struct bl_key *const strangers[] = { stranger };
    const struct bl_slot_request slots[] = { f->slots[0], passphrase_slot("right") };
    const struct bl_seal_request request = request_for(slots, 2);
    struct person wrong = { .passphrase = "wrong" }, mute = { .passphrase = NULL };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    const struct {
        struct bl_opener opener;
        enum bulla_cause cause;
    } cases[] = {
        { opener_of(NULL, 0, NULL), BULLA_CAUSE_NO_SLOT_OPENS },
        { opener_of(strangers, 1, NULL), BULLA_CAUSE_WRONG_RECIPIENT },
        { opener_of(NULL, 0, &wrong), BULLA_CAUSE_WRONG_PASSPHRASE },
        { opener_of(strangers, 1, &wrong), BULLA_CAUSE_WRONG_PASSPHRASE },
        { opener_of(NULL, 0, &mute), BULLA_CAUSE_NO_TERMINAL },
    };

    assert_ok(bl_seal_bytes(&request, &f->opener, text_bytes("x"), &blob, &err), &err);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_cause(bl_unseal_bytes(&no_demands, &cases[i].opener, bulla_buffer_bytes(&blob),
                                     &opened, &err),
                     cases[i].cause, &err);
        assert_null(opened.data);
    }
    assert_int_equal(wrong.asked_count, 2);
    assert_int_equal(mute.asked_count, 1);
}

/* The stranger's public half alone, or under the same number, does not count as an identity. */
static void
a_public_key_opens_nothing(void **state)
{
    const struct fixture *f = *state;
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) raw = { 0 };
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_secret) opened = { 0 };
    BL_AUTO_FREE(bl_key) public_half = NULL;

    seal_text(f, "x", &blob);
    assert_ok(bl_key_raw_public(f->key, &raw, &err), &err);
    assert_ok(bl_key_from_raw_public(BL_KEY_X25519, bulla_buffer_bytes(&raw), &public_half, &err),
              &err);
    const struct bl_key *const identities[] = { public_half };
    const struct bl_opener opener = opener_of(identities, 1, NULL);
    assert_cause(bl_unseal_bytes(&no_demands, &opener, bulla_buffer_bytes(&blob), &opened, &err),
                 BULLA_CAUSE_WRONG_RECIPIENT, &err);
}

/* What a foreign blob may make us compute ends before the eighth slot is through. */
static void
passphrase_work_is_bounded(void **state)
{
    const struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_slot_request slot = passphrase_slot("right");
    const struct bl_seal_request request = request_for(&slot, 1);
    struct person person = { .passphrase = "right" };
    const struct bl_opener opener = opener_of(NULL, 0, &person);
    struct bl_blob_binding binding;
    BL_AUTO(bulla_buffer) blob = { 0 };
    BL_AUTO(bl_header) header = { 0 };
    BL_AUTO(bl_secret) share = { 0 };
    BL_AUTO(bl_slot_session) session = { .opener = &opener };

    assert_ok(bl_seal_bytes(&request, &f->opener, text_bytes("x"), &blob, &err), &err);
    assert_ok(bl_header_decode(bulla_buffer_bytes(&blob), &header, &err), &err);
    assert_ok(bl_blob_bind(header.preamble, header.core_bytes, &binding, &err), &err);
    session.passphrase_tries = BL_PASSPHRASE_SLOT_COUNT_MAX;
    assert_fails(bl_slot_unwrap(&header.table.slots[0], &binding, &session, &share, &err),
                 BULLA_E_LIMIT, &err);
    session.passphrase_tries = 0;
    session.scrypt_work = BL_SCRYPT_WORK_MAX - (1u << QUICK_LOG_N) + 1;
    assert_fails(bl_slot_unwrap(&header.table.slots[0], &binding, &session, &share, &err),
                 BULLA_E_LIMIT, &err);
    session.scrypt_work--;
    assert_ok(bl_slot_unwrap(&header.table.slots[0], &binding, &session, &share, &err), &err);
    assert_int_equal(session.scrypt_work, BL_SCRYPT_WORK_MAX);
}

/* -- streams -- */

#define STREAM_SIZE ((size_t)3 * 1024 * 1024 + 5)

static int
sealed_stream(const struct fixture *f, struct bl_secret *plaintext)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_secret_new(plaintext, STREAM_SIZE, &err), &err);
    fill_pattern(plaintext->data, STREAM_SIZE);
    int in = file_of(bl_secret_bytes(plaintext));
    int sealed = file_of(text_bytes(""));
    assert_ok(bl_seal_stream(&f->request, &f->opener, in, sealed, &err), &err);
    assert_int_equal(lseek(sealed, 0, SEEK_SET), 0);
    close(in);
    return sealed;
}

static void
alter_last_byte(int fd)
{
    uint8_t byte = 0;
    off_t last = lseek(fd, -1, SEEK_END);

    assert_int_equal(pread(fd, &byte, 1, last), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, last), 1);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
}

static void
a_stream_altered_at_its_end(void **state)
{
    const struct fixture *f = *state;
    struct bulla_error err = { 0 };
    struct bl_unseal_requirements demands = no_demands;
    BL_AUTO(bl_secret) plaintext = { 0 };
    BL_AUTO(bulla_buffer) got = { 0 };
    int sealed = sealed_stream(f, &plaintext), out = file_of(text_bytes(""));

    alter_last_byte(sealed);
    assert_cause(bl_unseal_stream(&demands, &f->opener, sealed, out, &err),
                 BULLA_CAUSE_BODY_ALTERED, &err);
    read_back(out, &got); /* what came before was verified, and is a beginning */
    assert_int_equal(got.size, 3 * 1024 * 1024);
    assert_memory_equal(got.data, plaintext.data, got.size);

    assert_int_equal(ftruncate(out, 0), 0);
    assert_int_equal(lseek(sealed, 0, SEEK_SET), 0);
    demands.verify_first = true; /* not a byte */
    assert_cause(bl_unseal_stream(&demands, &f->opener, sealed, out, &err),
                 BULLA_CAUSE_BODY_ALTERED, &err);
    read_back(out, &got);
    assert_int_equal(got.size, 0);
    close(sealed);
    close(out);
}

static void
verified_first_and_then_written(void **state)
{
    const struct fixture *f = *state;
    struct bulla_error err = { 0 };
    const struct bl_unseal_requirements demands = { .now_s = NOW_S, .verify_first = true };
    BL_AUTO(bl_secret) plaintext = { 0 };
    BL_AUTO(bulla_buffer) got = { 0 };
    int sealed = sealed_stream(f, &plaintext), out = file_of(text_bytes(""));
    int ends[2];

    assert_ok(bl_unseal_stream(&demands, &f->opener, sealed, out, &err), &err);
    read_back(out, &got);
    assert_bytes_equal(bulla_buffer_bytes(&got), bl_secret_bytes(&plaintext));
    close(sealed);

    BL_AUTO(bulla_buffer) blob = { 0 }; /* a pipe cannot be read twice */
    seal_text(f, "x", &blob);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], blob.data, blob.size), blob.size);
    close(ends[1]);
    assert_fails(bl_unseal_stream(&demands, &f->opener, ends[0], out, &err), BULLA_E_IO, &err);
    close(ends[0]);
    close(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_altered),
        cmocka_unit_test(every_truncation_and_any_addition),
        cmocka_unit_test(parts_of_another_blob),
        cmocka_unit_test(another_core),
        cmocka_unit_test(slots_changed_without_the_key),
        cmocka_unit_test(a_table_changed_by_its_owner),
        cmocka_unit_test(the_name_must_fit),
        cmocka_unit_test(the_associated_data_must_fit),
        cmocka_unit_test(its_time_must_not_be_over),
        cmocka_unit_test(only_kinds_that_were_allowed),
        cmocka_unit_test(what_cannot_be_honoured_is_refused),
        cmocka_unit_test(the_most_telling_reason),
        cmocka_unit_test(a_public_key_opens_nothing),
        cmocka_unit_test(passphrase_work_is_bounded),
        cmocka_unit_test(a_stream_altered_at_its_end),
        cmocka_unit_test(verified_first_and_then_written),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
