/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/enroll.h"

#include "codec/cbor.h"

enum bulla_status
bl_enroll_request_encode(const struct bl_enroll_request *request, struct bulla_buffer *out,
                         struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    if (request->certificate_count > BL_ENROLL_CERTIFICATE_COUNT_MAX)
        return bulla_fail(err, BULLA_E_ARGUMENT, "enrolment request", "too many certificates", 0);
    bl_cbor_write_array(&w, 3);
    bl_cbor_write_array(&w, request->certificate_count);
    for (size_t i = 0; i < request->certificate_count; i++)
        bl_cbor_write_bytes(&w, request->certificates[i]);
    bl_cbor_write_bytes(&w, request->ek_public);
    bl_cbor_write_bytes(&w, request->ak_public);
    return bl_writer_finish(&w, err);
}

/* Open an array of exactly `count` items. */
static struct bl_reader
open_array(struct bulla_bytes content, size_t count, const char *where)
{
    struct bl_reader r = bl_reader(content, where);

    if (bl_cbor_read_array(&r, count) != count)
        bl_reader_fail(&r, "wrong number of items");
    return r;
}

enum bulla_status
bl_enroll_request_decode(struct bulla_bytes content, struct bl_enroll_request *out,
                         struct bulla_error *err)
{
    struct bl_reader r = open_array(content, 3, "enrolment request");
    struct bl_enroll_request request = { 0 };

    request.certificate_count = bl_cbor_read_array(&r, BL_ENROLL_CERTIFICATE_COUNT_MAX);
    BL_TRY(bl_reader_ok(&r, err));
    for (size_t i = 0; i < request.certificate_count; i++)
        request.certificates[i] = bl_cbor_read_bytes(&r, BL_ENROLL_PART_SIZE_MAX);
    request.ek_public = bl_cbor_read_bytes(&r, BL_ENROLL_PART_SIZE_MAX);
    request.ak_public = bl_cbor_read_bytes(&r, BL_ENROLL_PART_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    *out = request;
    return BULLA_OK;
}

static enum bulla_status
encode_pair(struct bulla_bytes first, struct bulla_bytes second, struct bulla_buffer *out,
            struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_array(&w, 2);
    bl_cbor_write_bytes(&w, first);
    bl_cbor_write_bytes(&w, second);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
decode_pair(struct bulla_bytes content, const char *where, struct bulla_bytes *first_out,
            struct bulla_bytes *second_out, struct bulla_error *err)
{
    struct bl_reader r = open_array(content, 2, where);
    struct bulla_bytes first = bl_cbor_read_bytes(&r, BL_ENROLL_PART_SIZE_MAX);
    struct bulla_bytes second = bl_cbor_read_bytes(&r, BL_ENROLL_PART_SIZE_MAX);

    BL_TRY(bl_reader_finish(&r, err));
    *first_out = first;
    *second_out = second;
    return BULLA_OK;
}

enum bulla_status
bl_enroll_challenge_encode(const struct bl_enroll_challenge *challenge, struct bulla_buffer *out,
                           struct bulla_error *err)
{
    return encode_pair(challenge->id_object, challenge->encrypted_secret, out, err);
}

enum bulla_status
bl_enroll_challenge_decode(struct bulla_bytes content, struct bl_enroll_challenge *out,
                           struct bulla_error *err)
{
    return decode_pair(content, "enrolment challenge", &out->id_object, &out->encrypted_secret,
                       err);
}

enum bulla_status
bl_enroll_certificate_encode(const struct bl_enroll_certificate *certificate,
                             struct bulla_buffer *out, struct bulla_error *err)
{
    return encode_pair(certificate->ak_certificate, certificate->root_certificate, out, err);
}

enum bulla_status
bl_enroll_certificate_decode(struct bulla_bytes content, struct bl_enroll_certificate *out,
                             struct bulla_error *err)
{
    return decode_pair(content, "enrolment certificate", &out->ak_certificate,
                       &out->root_certificate, err);
}
