/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/seal/seal_fixture.h: keys, requests and descriptors for the tests of sealing.
 */
#ifndef TESTS_SEAL_FIXTURE_H
#define TESTS_SEAL_FIXTURE_H

#include "unit.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/fault.h"
#include "seal/seal.h"

#define NOW_S 1700000000
#define QUICK_LOG_N 14 /* the least scrypt cost there is */

static inline struct bl_key *
new_key(enum bl_key_kind kind)
{
    struct bulla_error err = { 0 };
    struct bl_key *key = NULL;

    assert_ok(bl_key_generate(kind, &key, &err), &err);
    return key;
}

static inline struct bl_slot_request
recipient_slot(const struct bl_key *key)
{
    return (struct bl_slot_request){ .type = BL_SLOT_HPKE, .recipient = key };
}

static inline struct bl_slot_request
passphrase_slot(const char *passphrase)
{
    return (struct bl_slot_request){ .type = BL_SLOT_PASSPHRASE,
                                     .passphrase = text_bytes(passphrase),
                                     .scrypt_log_n = QUICK_LOG_N };
}

static inline struct bl_seal_request
request_for(const struct bl_slot_request *slots, size_t slot_count)
{
    return (struct bl_seal_request){
        .name = "test", .created_s = NOW_S, .slots = slots, .slot_count = slot_count
    };
}

/** Somebody who knows a passphrase, and how often he was asked. */
struct person {
    const char *passphrase;
    unsigned asked_count;
};

static inline enum bulla_status
ask_person(void *context, struct bl_secret *passphrase_out, struct bulla_error *err)
{
    struct person *person = context;

    person->asked_count++;
    if (person->passphrase == NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_TERMINAL, "test", "nobody answers");
    return bl_secret_copy(passphrase_out, text_bytes(person->passphrase), err);
}

static inline struct bl_opener
opener_of(const struct bl_key *const *identities, size_t identity_count, struct person *person)
{
    return (struct bl_opener){ .identities = identities,
                               .identity_count = identity_count,
                               .ask_passphrase = person != NULL ? ask_person : NULL,
                               .ask_context = person };
}

static inline void
fill_pattern(uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(i * 7 + (i >> 9));
}

/** An unnamed file with these bytes, read from its beginning. */
static inline int
file_of(struct bulla_bytes bytes)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    for (size_t done = 0; done < bytes.size;) {
        ssize_t written = write(fd, bytes.data + done, bytes.size - done);
        assert_true(written > 0);
        done += (size_t)written;
    }
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/** All that was written to `fd`. */
static inline void
read_back(int fd, struct bulla_buffer *out)
{
    struct bulla_error err = { 0 };
    uint8_t *place = NULL;
    off_t size = lseek(fd, 0, SEEK_END);

    bulla_buffer_clear(out);
    if (size == 0)
        return;
    assert_ok(bulla_buffer_extend(out, (size_t)size, &place, &err), &err);
    assert_int_equal(pread(fd, place, (size_t)size, 0), size);
}

#endif
