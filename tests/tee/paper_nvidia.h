/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tee/paper_nvidia.h: a GPU on paper: its report, and a leaf certificate under a root of ours.
 */
#ifndef TESTS_TEE_PAPER_NVIDIA_H
#define TESTS_TEE_PAPER_NVIDIA_H

#include "unit.h"

#include "codec/pem.h"
#include "codec/writer.h"
#include "crypto/x509.h"
#include "tee/scheme.h"

#define NOW_S INT64_C(1800000000)
#define COMPOSITE_OID "2.23.133.5.4.1"
#define TCB_INFO_OID "2.23.133.5.4.1.1"

/* What a report says; report() gives an honest one to be changed. */
struct report {
    uint8_t request[4];
    uint8_t request_slot;
    uint8_t response[4];
    uint8_t block_count;
    uint32_t record_size; /* of the field; 0: what is written */
    uint8_t specification;
    uint16_t size_more; /* of a block's outer size */
    bool same_index;
    uint16_t opaque_size; /* of the field; 0: what is written */
    const uint8_t *fwid;  /* 48 bytes; NULL: not said */
    bool driver_twice;
    struct bulla_bytes opaque_more;
    struct bulla_bytes trailing;
};

static const uint8_t fwid[48] = { 0xf1, 0xd0 };
static const uint8_t other_fwid[48] = { 0xf1, 0xd1 };
static const uint8_t nonce[32] = { 0x40, 0x41 };

static inline struct report
report(void)
{
    return (struct report){ .request = { 0x11, 0xe0, 0x01, 0xff },
                            .response = { 0x11, 0x60, 0x00, 0x00 },
                            .block_count = 3,
                            .specification = 1,
                            .fwid = fwid };
}

static inline void
write_record(const struct report *r, struct bulla_buffer *out)
{
    struct bl_writer w = bl_writer(out);
    uint8_t value[48] = { 0 };

    for (uint8_t i = 0; i < r->block_count; i++) {
        value[0] = i;
        bl_write_u8(&w, r->same_index ? 7 : (uint8_t)(i + 1));
        bl_write_u8(&w, r->specification);
        bl_write_u16le(&w, (uint16_t)(51 + r->size_more));
        bl_write_u8(&w, 1);
        bl_write_u16le(&w, 48);
        bl_write_bytes(&w, BL_BYTES_OF(value));
    }
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

static inline void
write_field(struct bl_writer *w, uint16_t type, struct bulla_bytes value)
{
    bl_write_u16le(w, type);
    bl_write_u16le(w, (uint16_t)value.size);
    bl_write_bytes(w, value);
}

static inline void
write_opaque(const struct report *r, struct bulla_buffer *out)
{
    struct bl_writer w = bl_writer(out);
    struct bulla_bytes driver = BL_LITERAL("550.90.07\0");

    write_field(&w, 6, BL_LITERAL("\x01\x02"));
    write_field(&w, 13, BL_LITERAL(""));
    for (int i = 0; i < (r->driver_twice ? 2 : 1); i++)
        write_field(&w, 3, driver);
    if (r->fwid != NULL)
        write_field(&w, 20, (struct bulla_bytes){ r->fwid, 48 });
    bl_write_bytes(&w, r->opaque_more);
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

static inline void
write_u24le(struct bl_writer *w, uint32_t value)
{
    bl_write_u16le(w, (uint16_t)value);
    bl_write_u8(w, (uint8_t)(value >> 16));
}

static inline void
write_report(const struct report *r, const struct bl_key *key, struct bulla_buffer *out)
{
    BL_AUTO(bulla_buffer) record = { 0 };
    BL_AUTO(bulla_buffer) opaque = { 0 };
    BL_AUTO(bulla_buffer) signature = { 0 };
    struct bulla_error err = { 0 };
    struct bl_writer w = bl_writer(out);
    static const uint8_t responder[32] = { 0x99 };

    bulla_buffer_clear(out);
    write_record(r, &record);
    write_opaque(r, &opaque);
    bl_write_bytes(&w, BL_BYTES_OF(r->request));
    bl_write_bytes(&w, BL_BYTES_OF(nonce));
    bl_write_u8(&w, r->request_slot);
    bl_write_bytes(&w, BL_BYTES_OF(r->response));
    bl_write_u8(&w, r->block_count);
    write_u24le(&w, r->record_size != 0 ? r->record_size : (uint32_t)record.size);
    bl_write_bytes(&w, bulla_buffer_bytes(&record));
    bl_write_bytes(&w, BL_BYTES_OF(responder));
    bl_write_u16le(&w, r->opaque_size != 0 ? r->opaque_size : (uint16_t)opaque.size);
    bl_write_bytes(&w, bulla_buffer_bytes(&opaque));
    assert_ok(bl_writer_finish(&w, &err), &err);
    struct bulla_bytes part = bulla_buffer_bytes(out);
    assert_ok(bl_key_sign(key, &part, 1, &signature, &err), &err);
    bl_write_bytes(&w, bulla_buffer_bytes(&signature));
    bl_write_bytes(&w, r->trailing);
    assert_ok(bl_writer_finish(&w, &err), &err);
}

/* -- the device and its certificates ------------------------------------------------------------- */

/* SEQUENCE { OID of SHA-384, OCTET STRING } */
static inline void
write_fwid(struct bl_writer *w, const uint8_t digest[48])
{
    bl_write_bytes(w, BL_LITERAL("\x30\x3d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x04\x30"));
    bl_write_bytes(w, (struct bulla_bytes){ digest, 48 });
}

static inline void
write_composite(struct bulla_buffer *out)
{
    struct bl_writer w = bl_writer(out);

    bulla_buffer_clear(out);
    bl_write_bytes(&w, BL_LITERAL("\x30\x44\x02\x01\x01\x30\x00"));
    write_fwid(&w, fwid);
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

/* TcbInfo with two digests, and flags if there are any. */
static inline void
write_tcb_info(const char *flags, struct bulla_buffer *out)
{
    struct bl_writer w = bl_writer(out);

    bulla_buffer_clear(out);
    bl_write_u8(&w, 0x30);
    bl_write_u8(&w, 0x81);
    bl_write_u8(&w, (uint8_t)(9 + 126 + (flags != NULL ? 4 : 0)));
    bl_write_bytes(&w, BL_LITERAL("\x80\x02GP\x83\x01\x01\xa6\x7e"));
    write_fwid(&w, other_fwid);
    write_fwid(&w, fwid);
    if (flags != NULL) {
        bl_write_bytes(&w, BL_LITERAL("\x87\x02\x00"));
        bl_write_u8(&w, (uint8_t)flags[0]);
    }
    assert_int_equal(bl_writer_finish(&w, NULL), BULLA_OK);
}

struct bench {
    struct bl_key *root_key, *leaf_key;
    struct bulla_buffer root, chain, evidence;
    struct bl_part parts[2];
    size_t part_count;
    struct bl_anchor anchor;
};

static inline void
bench_done(struct bench *b)
{
    bl_key_free(b->root_key);
    bl_key_free(b->leaf_key);
    bulla_buffer_done(&b->root);
    bulla_buffer_done(&b->chain);
    bulla_buffer_done(&b->evidence);
}

static inline void
issue(const struct bl_key *subject, const struct bulla_buffer *issuer, const struct bl_key *key,
      const char *oid, struct bulla_bytes extension, struct bulla_buffer *out)
{
    BL_AUTO_FREE(bl_certificate) parsed = NULL;
    struct bulla_error err = { 0 };
    struct bl_certificate_request request = { .common_name = issuer == NULL ? "root" : "leaf",
                                              .subject = subject,
                                              .not_before_s = NOW_S - 1000,
                                              .not_after_s = NOW_S + 1000,
                                              .is_authority = issuer == NULL,
                                              .is_self_signed = issuer == NULL,
                                              .extension_oid = oid,
                                              .extension_value = extension };

    if (issuer != NULL)
        assert_ok(bl_certificate_parse(bulla_buffer_bytes(issuer), &parsed, &err), &err);
    assert_ok(bl_certificate_issue(&request, parsed, key, out, &err), &err);
}

/* A device whose leaf has this extension (or none), its chain with or without the root. */
static inline void
setup(struct bench *b, enum bl_key_kind kind, const char *oid, struct bulla_bytes extension,
      bool with_root)
{
    BL_AUTO(bulla_buffer) leaf = { 0 };
    struct bulla_error err = { 0 };
    struct report honest = report();

    assert_ok(bl_key_generate(BL_KEY_P384, &b->root_key, &err), &err);
    assert_ok(bl_key_generate(kind, &b->leaf_key, &err), &err);
    issue(b->root_key, NULL, b->root_key, NULL, BL_LITERAL(""), &b->root);
    issue(b->leaf_key, &b->root, b->root_key, oid, extension, &leaf);
    assert_ok(bl_pem_encode(bulla_buffer_bytes(&leaf), "CERTIFICATE", &b->chain, &err), &err);
    if (with_root)
        assert_ok(bl_pem_encode(bulla_buffer_bytes(&b->root), "CERTIFICATE", &b->chain, &err),
                  &err);
    b->anchor = (struct bl_anchor){ .name = "paper",
                                    .kind = BL_ANCHOR_GIVEN,
                                    .der = bulla_buffer_bytes(&b->root),
                                    .platform_class = BL_CLASS_HARDWARE,
                                    .role = "root" };
    b->parts[0] = (struct bl_part){ "cert_chain", bulla_buffer_bytes(&b->chain) };
    b->part_count = 1;
    write_report(&honest, b->leaf_key, &b->evidence);
}

static inline void
setup_composite(struct bench *b)
{
    BL_AUTO(bulla_buffer) extension = { 0 };

    write_composite(&extension);
    setup(b, BL_KEY_P384, COMPOSITE_OID, bulla_buffer_bytes(&extension), /* with_root= */ true);
}

#endif
