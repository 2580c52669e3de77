/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_nsm.c: evidence of an AWS Nitro enclave (or of a machine with NitroTPM) through /dev/nsm:
 * one CBOR message to the Nitro Secure Module and one back.
 *
 * Spec: Linux 6.8, include/uapi/linux/nsm.h (the constants below, which the headers of Debian 12 do not
 * have yet); aws-nitro-enclaves-nsm-api, src/api/mod.rs: request {"Attestation": {"user_data",
 * "nonce", "public_key"}}, response {"Attestation": {"document": bytes}} or {"Error": text}.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/memory.h"
#include "codec/cbor.h"
#include "device/attest_internal.h"
#include "sys/file.h"

#define WHERE "/dev/nsm"
#define RESPONSE_SIZE_MAX 0x3000u /* bytes: NSM_RESPONSE_MAX_SIZE; a longer answer is cut off */

struct nsm_iovec {
    uint64_t addr;
    uint64_t len; /* bytes */
};
struct nsm_raw {
    struct nsm_iovec request;
    struct nsm_iovec response;
};
#define NSM_IOCTL_RAW _IOWR(0x0a, 0x0, struct nsm_raw)

/* Keys in the order of deterministic CBOR: shorter ones first. */
static enum bulla_status
write_request(struct bulla_bytes nonce, struct bulla_buffer *out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_map(&w, 1);
    bl_cbor_write_text(&w, BL_LITERAL("Attestation"));
    bl_cbor_write_map(&w, 3);
    bl_cbor_write_text(&w, BL_LITERAL("nonce"));
    bl_cbor_write_bytes(&w, nonce);
    bl_cbor_write_text(&w, BL_LITERAL("user_data"));
    bl_cbor_write_null(&w);
    bl_cbor_write_text(&w, BL_LITERAL("public_key"));
    bl_cbor_write_null(&w);
    return bl_writer_finish(&w, err);
}

/* What the module says in words of its own when it refuses. */
static enum bulla_status
fail_word(struct bulla_bytes word, struct bulla_error *err)
{
    static const struct {
        const char *word, *what;
    } known[] = {
        { "InvalidArgument", "the module refused: invalid argument" },
        { "InvalidOperation", "the module refused: invalid operation" },
        { "InputTooLarge", "the module refused: input too large" },
        { "BufferTooSmall", "the module refused: buffer too small" },
        { "InternalError", "the module refused: internal error" },
    };

    for (size_t i = 0; i < BL_COUNT_OF(known); i++)
        if (bl_equal(word,
                     (struct bulla_bytes){ (const uint8_t *)known[i].word, strlen(known[i].word) }))
            return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_FAILED, WHERE, known[i].what);
    return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_FAILED, WHERE, "the module refused");
}

static struct bulla_bytes
read_document(struct bl_reader *r)
{
    struct bl_cbor_map map = bl_cbor_read_foreign_map(r, 1);
    struct bulla_bytes key = { NULL, 0 }, document = { NULL, 0 };

    while (bl_cbor_map_next_text(r, &map, 16, &key)) {
        if (!bl_equal(key, BL_LITERAL("document")) || document.data != NULL)
            bl_reader_fail(r, "something else than a document");
        document = bl_cbor_read_bytes(r, RESPONSE_SIZE_MAX);
    }
    return document;
}

enum bulla_status
bl_nsm_response_decode(struct bulla_bytes bytes, struct bulla_bytes *document_out,
                       struct bulla_error *err)
{
    struct bl_reader r = bl_reader(bytes, "answer of the module");
    struct bl_cbor_map map = bl_cbor_read_foreign_map(&r, 1);
    struct bulla_bytes key = { NULL, 0 }, document = { NULL, 0 }, refusal = { NULL, 0 };

    while (bl_cbor_map_next_text(&r, &map, 16, &key)) {
        if (document.data != NULL || refusal.data != NULL)
            bl_reader_fail(&r, "two answers");
        else if (bl_equal(key, BL_LITERAL("Attestation")))
            document = read_document(&r);
        else if (bl_equal(key, BL_LITERAL("Error")))
            refusal = bl_cbor_read_text(&r, 64);
        else
            bl_reader_fail(&r, "an answer to something else");
    }
    BL_TRY(bl_reader_finish(&r, err));
    if (refusal.data != NULL)
        return fail_word(refusal, err);
    if (document.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, "answer of the module", "no document", 0);
    *document_out = document;
    return BULLA_OK;
}

static enum bulla_status
ask(int fd, int64_t deadline, struct bulla_bytes request, struct bulla_buffer *response,
    struct bulla_error *err)
{
    struct nsm_raw raw = { .request = { (uintptr_t)request.data, request.size } };
    uint8_t *start = NULL;
    int result = 0;

    BL_TRY(bulla_buffer_extend(response, RESPONSE_SIZE_MAX, &start, err));
    raw.response = (struct nsm_iovec){ (uintptr_t)start, RESPONSE_SIZE_MAX };
    BL_TRY(bl_node_ioctl(fd, NSM_IOCTL_RAW, &raw, deadline, &result, err));
    if (raw.response.len > RESPONSE_SIZE_MAX)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE,
                                "it says more than there was room for");
    response->size = (size_t)raw.response.len;
    return BULLA_OK;
}

static enum bulla_status
collect(const struct bl_attest_request *request, struct bl_collected *out, struct bulla_error *err)
{
    BL_AUTO_FD fd = -1;
    BL_AUTO(bulla_buffer) message = { 0 }, response = { 0 }, evidence = { 0 };
    BL_AUTO(bl_collected) collected = { .kind = "nitro" };
    struct bulla_bytes document = { NULL, 0 };
    struct bulla_error inner = { 0 };

    BL_TRY(write_request(request->nonce, &message, err));
    BL_TRY(bl_node_open(bl_attest_path(&bl_attester_nsm, request), O_RDWR, &fd, err));
    BL_TRY(ask(fd, request->deadline, bulla_buffer_bytes(&message), &response, err));
    if (bl_nsm_response_decode(bulla_buffer_bytes(&response), &document, &inner) != BULLA_OK)
        return bl_attest_answer(&inner, err);
    BL_TRY(bulla_buffer_append(&evidence, document, err));
    bl_collected_add(&collected, "evidence", &evidence);
    return bl_collected_deliver(&collected, request, out, err);
}

static const char *const kinds[] = { "nitro", NULL };

static void
probe(const char *path, struct bl_local_attester_probe *out)
{
    *out = (struct bl_local_attester_probe){ .state = bl_node_state(path), .kind = kinds[0] };
}

const struct bl_local_attester bl_attester_nsm = {
    .name = "nsm",
    .path = WHERE,
    .kinds = kinds,
    .probe = probe,
    .collect = collect,
};
