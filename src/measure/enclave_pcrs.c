/* SPDX-License-Identifier: Apache-2.0 */
#include "measure/enclave_pcrs.h"

#include <string.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "codec/words.h"

#define SIGNER_LABEL "bulla-signer/1"
#define ISOLATION_LABEL "bulla-isolation/1"
#define VERSION_LABEL "bulla-version/1"

enum { LIMIT_MEMORY = 1, LIMIT_PIDS, LIMIT_CPU, LIMIT_FILES, LIMIT_COUNT = 4 };

static const char *const isolation_words[] = {
    [BL_ISOLATION_ABSENT] = "absent",
    [BL_ISOLATION_NONE] = "none",
    [BL_ISOLATION_OS] = "os",
    [BL_ISOLATION_VM] = "vm",
    [BL_ISOLATION_HARDWARE] = "hardware",
};

const char *
bl_isolation_word(enum bl_isolation isolation)
{
    return bl_word_of(isolation_words, BL_COUNT_OF(isolation_words), (int)isolation);
}

enum bl_isolation
bl_isolation_from_word(struct bulla_bytes word)
{
    return (enum bl_isolation)bl_word_value(isolation_words, BL_COUNT_OF(isolation_words), word);
}

static struct bulla_bytes
text(const char *string)
{
    return (struct bulla_bytes){ (const uint8_t *)string, strlen(string) };
}

/* -- the CBOR behind PCR 9, 11 and 12 ----------------------------------------------------------- */

static void
write_signer(struct bl_writer *w, const struct bl_enclave_identity *identity)
{
    bl_cbor_write_array(w, 3);
    bl_cbor_write_text(w, BL_LITERAL(SIGNER_LABEL));
    bl_cbor_write_bytes(w, BL_BYTES_OF(identity->signer));
    bl_cbor_write_text(w, text(identity->product));
}

static void
write_version(struct bl_writer *w, const struct bl_enclave_identity *identity)
{
    bl_cbor_write_array(w, 2);
    bl_cbor_write_text(w, BL_LITERAL(VERSION_LABEL));
    bl_cbor_write_uint(w, identity->version);
}

static void
write_isolation(struct bl_writer *w, const struct bl_isolation_facts *facts)
{
    bl_cbor_write_array(w, 4);
    bl_cbor_write_text(w, BL_LITERAL(ISOLATION_LABEL));
    bl_cbor_write_text(w, text(bl_isolation_word(facts->isolation)));
    bl_cbor_write_map(w, LIMIT_COUNT);
    bl_cbor_write_uint(w, LIMIT_MEMORY);
    bl_cbor_write_uint(w, facts->memory_max);
    bl_cbor_write_uint(w, LIMIT_PIDS);
    bl_cbor_write_uint(w, facts->pids_max);
    bl_cbor_write_uint(w, LIMIT_CPU);
    bl_cbor_write_uint(w, facts->cpu_max_milli);
    bl_cbor_write_uint(w, LIMIT_FILES);
    bl_cbor_write_uint(w, facts->open_files_max);
    bl_cbor_write_array(w, facts->fact_count);
    for (size_t i = 0; i < facts->fact_count; i++)
        bl_cbor_write_text(w, text(facts->facts[i]));
}

static enum bulla_status
check_facts(const struct bl_isolation_facts *facts, struct bulla_error *err)
{
    if (facts->isolation < BL_ISOLATION_NONE || facts->isolation > BL_ISOLATION_HARDWARE ||
        facts->fact_count > BL_FACT_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "isolation facts", "no word, or too many facts",
                          0);
    for (size_t i = 0; i < facts->fact_count; i++) {
        size_t size = strlen(facts->facts[i]);
        bool ascends = i == 0 || strcmp(facts->facts[i - 1], facts->facts[i]) < 0;
        if (size == 0 || size > BL_FACT_SIZE_MAX || !ascends)
            return bulla_fail(err, BULLA_E_ARGUMENT, "isolation facts", "word out of order or size",
                              i);
    }
    return BULLA_OK;
}

enum bulla_status
bl_isolation_digest(const struct bl_isolation_facts *facts, struct bulla_buffer *data_out,
                    uint8_t digest_out[32], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) data = { 0 };
    struct bl_writer w = bl_writer(&data);

    BL_TRY(check_facts(facts, err));
    write_isolation(&w, facts);
    BL_TRY(bl_writer_finish(&w, err));
    if (data_out != NULL)
        BL_TRY(bulla_buffer_append(data_out, bulla_buffer_bytes(&data), err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&data), digest_out, err);
}

/* -- identity -> digests -> PCRs ---------------------------------------------------------------- */

static enum bulla_status
hash_written(void (*write)(struct bl_writer *, const struct bl_enclave_identity *),
             const struct bl_enclave_identity *identity, uint8_t digest_out[32],
             struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) data = { 0 };
    struct bl_writer w = bl_writer(&data);

    write(&w, identity);
    BL_TRY(bl_writer_finish(&w, err));
    return bl_hash_once(BL_SHA256, bulla_buffer_bytes(&data), digest_out, err);
}

enum bulla_status
bl_enclave_digests(const struct bl_enclave_identity *identity,
                   uint8_t digests_out[BL_ENCLAVE_PCR_COUNT][32], struct bulla_error *err)
{
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];

    if (identity->product[0] == 0 || memchr(identity->product, 0, sizeof identity->product) == NULL)
        return bulla_fail(err, BULLA_E_ARGUMENT, "enclave identity", "no product", 0);
    memcpy(digests[BL_ENCLAVE_PCR_CODE - BL_ENCLAVE_PCR_FIRST], identity->code, 32);
    memcpy(digests[BL_ENCLAVE_PCR_CONFIG - BL_ENCLAVE_PCR_FIRST], identity->config, 32);
    memcpy(digests[BL_ENCLAVE_PCR_ISOLATION - BL_ENCLAVE_PCR_FIRST], identity->isolation_digest,
           32);
    BL_TRY(hash_written(write_signer, identity,
                        digests[BL_ENCLAVE_PCR_SIGNER - BL_ENCLAVE_PCR_FIRST], err));
    BL_TRY(hash_written(write_version, identity,
                        digests[BL_ENCLAVE_PCR_VERSION - BL_ENCLAVE_PCR_FIRST], err));
    memcpy(digests_out, digests, sizeof digests);
    return BULLA_OK;
}

enum bulla_status
bl_enclave_predict(const struct bl_enclave_identity *identity, struct bl_pcr_bank *bank_out,
                   struct bulla_error *err)
{
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];
    struct bl_pcr_bank bank;

    BL_TRY(bl_enclave_digests(identity, digests, err));
    BL_TRY(bl_pcr_bank_start(BL_SHA256, 0, &bank, err));
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        BL_TRY(bl_pcr_extend(&bank, BL_ENCLAVE_PCR_FIRST + i, BL_BYTES_OF(digests[i]), err));
    bank.mask = BL_ENCLAVE_PCR_MASK;
    *bank_out = bank;
    return BULLA_OK;
}

/* -- the log ------------------------------------------------------------------------------------ */

enum bulla_status
bl_enclave_log_write(const struct bl_enclave_identity *identity, struct bulla_bytes isolation_data,
                     struct bulla_buffer *log_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) log = { 0 };
    BL_AUTO(bulla_buffer) signer = { 0 };
    BL_AUTO(bulla_buffer) version = { 0 };
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];

    BL_TRY(bl_enclave_digests(identity, digests, err));
    struct bl_writer w = bl_writer(&signer);
    write_signer(&w, identity);
    BL_TRY(bl_writer_finish(&w, err));
    w = bl_writer(&version);
    write_version(&w, identity);
    BL_TRY(bl_writer_finish(&w, err));

    const struct bulla_bytes data[BL_ENCLAVE_PCR_COUNT] = { BL_LITERAL("code"),
                                                            bulla_buffer_bytes(&signer),
                                                            BL_LITERAL("config"), isolation_data,
                                                            bulla_buffer_bytes(&version) };
    w = bl_writer(&log);
    bl_event_log_write_header(&w);
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        bl_event_log_write(&w, BL_ENCLAVE_PCR_FIRST + i, BL_EV_EVENT_TAG, digests[i], data[i]);
    BL_TRY(bl_writer_finish(&w, err));
    return bulla_buffer_append(log_out, bulla_buffer_bytes(&log), err);
}

static void
expect_label(struct bl_reader *r, size_t count, struct bulla_bytes label)
{
    if (bl_cbor_read_array(r, count) != count || !bl_equal(bl_cbor_read_text(r, label.size), label))
        bl_reader_fail(r, "another label");
}

static enum bulla_status
read_signer(struct bulla_bytes data, struct bl_enclave_identity *identity, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(data, "signer event");

    expect_label(&r, 3, BL_LITERAL(SIGNER_LABEL));
    bl_cbor_read_bytes_exact(&r, identity->signer, sizeof identity->signer);
    struct bulla_bytes product = bl_cbor_read_text(&r, BL_PRODUCT_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    if (product.size == 0 || memchr(product.data, 0, product.size) != NULL)
        return bulla_fail(err, BULLA_E_MALFORMED, "signer event", "product", 0);
    memcpy(identity->product, product.data, product.size);
    return BULLA_OK;
}

static enum bulla_status
read_version(struct bulla_bytes data, struct bl_enclave_identity *identity, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(data, "version event");

    expect_label(&r, 2, BL_LITERAL(VERSION_LABEL));
    identity->version = bl_cbor_read_uint(&r);
    return bl_reader_finish(&r, err);
}

static void
read_limits(struct bl_reader *r)
{
    struct bl_cbor_map map = bl_cbor_read_map(r, LIMIT_COUNT);
    uint64_t key = 0;

    if (map.left != LIMIT_COUNT)
        bl_reader_fail(r, "limits");
    for (uint64_t expected = LIMIT_MEMORY; bl_cbor_map_next_uint(r, &map, &key); expected++) {
        if (key != expected)
            bl_reader_fail(r, "limits");
        (void)bl_cbor_read_uint(r);
    }
}

static enum bulla_status
read_isolation(struct bulla_bytes data, struct bl_enclave_identity *identity,
               struct bulla_error *err)
{
    struct bl_reader r = bl_reader(data, "isolation event");

    expect_label(&r, 4, BL_LITERAL(ISOLATION_LABEL));
    identity->isolation = bl_isolation_from_word(bl_cbor_read_text(&r, BL_FACT_SIZE_MAX));
    if (identity->isolation == BL_ISOLATION_ABSENT)
        bl_reader_fail(&r, "unknown isolation");
    read_limits(&r);
    size_t count = bl_cbor_read_array(&r, BL_FACT_COUNT_MAX);
    for (size_t i = 0; i < count && r.failed == NULL; i++)
        if (bl_cbor_read_text(&r, BL_FACT_SIZE_MAX).size == 0)
            bl_reader_fail(&r, "empty fact");
    BL_TRY(bl_reader_finish(&r, err));
    return bl_hash_once(BL_SHA256, data, identity->isolation_digest, err);
}

static enum bulla_status
read_enclave_event(const struct bl_event *event, struct bl_enclave_identity *identity,
                   struct bulla_error *err)
{
    switch (event->pcr) {
    case BL_ENCLAVE_PCR_CODE:
        memcpy(identity->code, event->digests[0].data, 32);
        return bl_equal(event->data, BL_LITERAL("code"))
                   ? BULLA_OK
                   : bulla_fail(err, BULLA_E_MALFORMED, "enclave log", "code event", 0);
    case BL_ENCLAVE_PCR_SIGNER:
        return read_signer(event->data, identity, err);
    case BL_ENCLAVE_PCR_CONFIG:
        memcpy(identity->config, event->digests[0].data, 32);
        return bl_equal(event->data, BL_LITERAL("config"))
                   ? BULLA_OK
                   : bulla_fail(err, BULLA_E_MALFORMED, "enclave log", "config event", 0);
    case BL_ENCLAVE_PCR_ISOLATION:
        return read_isolation(event->data, identity, err);
    default:
        return read_version(event->data, identity, err);
    }
}

enum bulla_status
bl_enclave_log_read(struct bulla_bytes log_bytes, struct bl_enclave_identity *identity_out,
                    struct bulla_error *err)
{
    struct bl_enclave_identity identity = { 0 };
    struct bl_event_log log;
    struct bl_event events[BL_ENCLAVE_PCR_COUNT];
    uint8_t digests[BL_ENCLAVE_PCR_COUNT][32];
    bool more = false;

    BL_TRY(bl_event_log_open(log_bytes, &log, err));
    if (log.bank_count != 1 || log.banks[0].hash != BL_SHA256)
        return bulla_fail(err, BULLA_E_MALFORMED, "enclave log", "another bank than SHA-256", 0);
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++) {
        BL_TRY(bl_event_log_next(&log, &events[i], &more, err));
        if (!more || events[i].pcr != BL_ENCLAVE_PCR_FIRST + i ||
            events[i].type != BL_EV_EVENT_TAG || events[i].digests[0].size != 32)
            return bulla_fail(err, BULLA_E_MALFORMED, "enclave log", "not the expected event", i);
        BL_TRY(read_enclave_event(&events[i], &identity, err));
    }
    if (bl_reader_left(&log.reader) != 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "enclave log", "something behind the last event",
                          log.reader.offset);
    BL_TRY(bl_enclave_digests(&identity, digests, err));
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        if (!bl_equal(events[i].digests[0], BL_BYTES_OF(digests[i])))
            return bulla_fail(err, BULLA_E_MALFORMED, "enclave log", "data and digest disagree", i);
    *identity_out = identity;
    return BULLA_OK;
}
