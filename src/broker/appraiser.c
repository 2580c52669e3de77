/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/appraiser.c: both ends of the appraiser's socket. A question is [1, kind, evidence, binder,
 * binding, now, anchors], [2, enrolment request, now, anchors] or [3, certificate].
 */
#include "broker/appraiser.h"

#include <string.h>

#include "base/memory.h"
#include "broker/claims_codec.h"
#include "broker/helper.h"
#include "crypto/x509.h"
#include "tee/tpm/ak.h"
#include "wire/enroll.h"

#define BINDER_SIZE_MAX 64
#define NAME_SIZE_MAX 64
#define KIND_SIZE_MAX 16
#define ROLE_SIZE_MAX 32
#define ANCHOR_ITEMS 6

enum { QUESTION_VERIFY = 1, QUESTION_ENROL = 2, QUESTION_ISSUER_URL = 3 };

struct bl_appraiser {
    struct bl_helper helper;
};

enum bulla_status
bl_appraiser_new(int fd, struct bl_appraiser **appraiser_out, struct bulla_error *err)
{
    struct bl_appraiser *appraiser = bl_alloc(1, sizeof *appraiser);

    if (appraiser == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "appraiser", "out of memory", 0);
    bl_helper_start(&appraiser->helper, "appraiser", fd);
    *appraiser_out = appraiser;
    return BULLA_OK;
}

void
bl_appraiser_replace(struct bl_appraiser *appraiser, int fd)
{
    bl_helper_replace(&appraiser->helper, fd);
}

void
bl_appraiser_free(struct bl_appraiser *appraiser)
{
    if (appraiser == NULL)
        return;
    bl_helper_done(&appraiser->helper);
    bl_free(appraiser);
}

static struct bulla_bytes
c_text(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

/* -- the vault's end --------------------------------------------------------------------------- */

static void
write_anchors(struct bl_writer *w, const struct bl_anchor *anchors, size_t anchor_count)
{
    bl_cbor_write_array(w, anchor_count);
    for (size_t i = 0; i < anchor_count; i++) {
        bl_cbor_write_array(w, ANCHOR_ITEMS);
        bl_cbor_write_text(w, c_text(anchors[i].name));
        bl_cbor_write_uint(w, (uint64_t)anchors[i].kind);
        bl_cbor_write_bytes(w, anchors[i].der);
        bl_cbor_write_uint(w, (uint64_t)anchors[i].platform_class);
        bl_cbor_write_bytes(w, anchors[i].platform_id);
        bl_cbor_write_text(w, c_text(anchors[i].role == NULL ? "" : anchors[i].role));
    }
}

enum bulla_status
bl_appraiser_verify(struct bl_appraiser *appraiser, const char *kind,
                    const struct bl_verification *verification, struct bl_claims *claims_out,
                    struct bulla_error *err)
{
    const struct bl_scheme *scheme = bl_scheme_find_verifier(kind);
    BL_AUTO(bulla_buffer) question = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    struct bl_writer w = bl_writer(&question);
    struct bl_reader r;
    struct bl_claims claims = { 0 };

    if (scheme == NULL)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "evidence", "no such kind", 0);
    bl_cbor_write_array(&w, 7);
    bl_cbor_write_uint(&w, QUESTION_VERIFY);
    bl_cbor_write_text(&w, c_text(kind));
    bl_cbor_write_bytes(&w, verification->evidence);
    bl_cbor_write_bytes(&w, verification->binder);
    bl_cbor_write_uint(&w, (uint64_t)verification->binding);
    bl_cbor_write_int(&w, verification->now_s);
    write_anchors(&w, verification->anchors, verification->anchor_count);
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_helper_ask(&appraiser->helper, bulla_buffer_bytes(&question), &answer, &r, err));
    bl_claims_read(&r, scheme->kind, verification->anchors, verification->anchor_count, &claims);
    BL_TRY(bl_reader_finish(&r, err));
    *claims_out = claims;
    return BULLA_OK;
}

enum bulla_status
bl_appraiser_enrol(struct bl_appraiser *appraiser, struct bulla_bytes request,
                   const struct bl_anchor *anchors, size_t anchor_count, int64_t now_s,
                   struct bl_enrolment *enrolment_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) question = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    struct bl_writer w = bl_writer(&question);
    struct bl_reader r;
    struct bl_enrolment enrolment = { 0 };

    bl_cbor_write_array(&w, 4);
    bl_cbor_write_uint(&w, QUESTION_ENROL);
    bl_cbor_write_bytes(&w, request);
    bl_cbor_write_int(&w, now_s);
    write_anchors(&w, anchors, anchor_count);
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_helper_ask(&appraiser->helper, bulla_buffer_bytes(&question), &answer, &r, err));
    if (bl_cbor_read_array(&r, 3) != 3)
        bl_reader_fail(&r, "not an enrolment");
    uint64_t index = bl_cbor_read_uint(&r);
    bl_cbor_read_bytes_exact(&r, enrolment.platform_id, sizeof enrolment.platform_id);
    struct bulla_bytes name = bl_cbor_read_bytes(&r, sizeof enrolment.ak_name.bytes);
    if (index >= anchor_count || name.size == 0)
        bl_reader_fail(&r, "not an enrolment");
    BL_TRY(bl_reader_finish(&r, err));
    enrolment.platform_class = anchors[index].platform_class; /* the anchor's, not its word */
    memcpy(enrolment.ak_name.bytes, name.data, name.size);
    enrolment.ak_name.size = name.size;
    *enrolment_out = enrolment;
    return BULLA_OK;
}

enum bulla_status
bl_appraiser_issuer_url(struct bl_appraiser *appraiser, struct bulla_bytes certificate,
                        struct bulla_buffer *url_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) question = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    struct bl_writer w = bl_writer(&question);
    struct bl_reader r;

    bl_cbor_write_array(&w, 2);
    bl_cbor_write_uint(&w, QUESTION_ISSUER_URL);
    bl_cbor_write_bytes(&w, certificate);
    BL_TRY(bl_writer_finish(&w, err));
    BL_TRY(bl_helper_ask(&appraiser->helper, bulla_buffer_bytes(&question), &answer, &r, err));
    struct bulla_bytes url = bl_cbor_read_bytes(&r, BL_ISSUER_URL_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    return bulla_buffer_append(url_out, url, err);
}

/* -- the appraiser's end ------------------------------------------------------------------------ */

struct anchors_read {
    struct bl_anchor anchors[BL_ANCHOR_COUNT_MAX];
    char names[BL_ANCHOR_COUNT_MAX][NAME_SIZE_MAX + 1];
    char roles[BL_ANCHOR_COUNT_MAX][ROLE_SIZE_MAX + 1];
    size_t count;
};

static void
read_anchors(struct bl_reader *r, struct anchors_read *read)
{
    read->count = bl_cbor_read_array(r, BL_ANCHOR_COUNT_MAX);
    for (size_t i = 0; i < read->count && bl_reader_ok(r, NULL) == BULLA_OK; i++) {
        struct bl_anchor *anchor = &read->anchors[i];
        if (bl_cbor_read_array(r, ANCHOR_ITEMS) != ANCHOR_ITEMS)
            bl_reader_fail(r, "not an anchor");
        struct bulla_bytes name = bl_cbor_read_text(r, NAME_SIZE_MAX);
        if (name.size > 0)
            memcpy(read->names[i], name.data, name.size);
        anchor->name = read->names[i];
        anchor->kind = (enum bl_anchor_kind)bl_cbor_read_uint(r);
        anchor->der = bl_cbor_read_bytes(r, BL_CERTIFICATE_SIZE_MAX);
        anchor->platform_class = (enum bl_platform_class)bl_cbor_read_uint(r);
        anchor->platform_id = bl_cbor_read_bytes(r, 32);
        struct bulla_bytes role = bl_cbor_read_text(r, ROLE_SIZE_MAX);
        if (role.size > 0)
            memcpy(read->roles[i], role.data, role.size);
        anchor->role = role.size > 0 ? read->roles[i] : NULL;
    }
}

static enum bulla_status
answer_verify(struct bl_reader *r, struct bl_writer *w, struct bulla_error *err)
{
    struct anchors_read anchors = { 0 };
    struct bl_verification verification = { 0 };
    struct bl_claims claims = { 0 };
    char kind[KIND_SIZE_MAX + 1] = { 0 };
    struct bulla_bytes kind_text = bl_cbor_read_text(r, KIND_SIZE_MAX);

    verification.evidence = bl_cbor_read_bytes(r, BL_HELPER_MESSAGE_SIZE_MAX);
    verification.binder = bl_cbor_read_bytes(r, BINDER_SIZE_MAX);
    verification.binding = (enum bl_binding)bl_cbor_read_uint(r);
    verification.now_s = bl_cbor_read_int(r);
    read_anchors(r, &anchors);
    BL_TRY(bl_reader_finish(r, err));
    verification.anchors = anchors.anchors;
    verification.anchor_count = anchors.count;
    memcpy(kind, kind_text.data, kind_text.size);
    const struct bl_scheme *scheme = bl_scheme_find_verifier(kind);
    if (scheme == NULL)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, "evidence", "no such kind", 0);
    BL_TRY(scheme->verify(&verification, &claims, err));
    bl_claims_write(w, &claims, anchors.anchors, anchors.count);
    return BULLA_OK;
}

static enum bulla_status
answer_enrol(struct bl_reader *r, struct bl_writer *w, struct bulla_error *err)
{
    struct anchors_read anchors = { 0 };
    struct bl_enroll_request request = { 0 };
    struct bl_tpm_public ek = { 0 };
    struct bl_tpm_public ak = { 0 };
    struct bl_tpm_name ak_name = { 0 };
    struct bl_tpm_trust trust = { 0 };
    struct bulla_bytes bytes = bl_cbor_read_bytes(r, BL_FRAME_SIZE_MAX);
    int64_t now_s = bl_cbor_read_int(r);
    size_t index = 0;

    read_anchors(r, &anchors);
    BL_TRY(bl_reader_finish(r, err));
    BL_TRY(bl_enroll_request_decode(bytes, &request, err));
    BL_TRY(bl_tpm2b_public_decode(request.ek_public, &ek, err));
    BL_TRY(bl_tpm2b_public_decode(request.ak_public, &ak, err));
    BL_TRY(bl_tpm_ek_trust(&ek, request.certificates, request.certificate_count, anchors.anchors,
                           anchors.count, now_s, &trust, err));
    BL_TRY(bl_tpm_ak_attributes(&ak, err));
    BL_TRY(bl_tpm_public_name(&ak, &ak_name, err));
    while (index < anchors.count && &anchors.anchors[index] != trust.anchor)
        index++;
    if (index == anchors.count || trust.platform_id.size != 32)
        return bulla_fail(err, BULLA_E_UNTRUSTED, "endorsement key", "it names no platform", 0);
    bl_cbor_write_array(w, 3);
    bl_cbor_write_uint(w, index);
    bl_cbor_write_bytes(w, bl_claim_view(&trust.platform_id));
    bl_cbor_write_bytes(w, (struct bulla_bytes){ ak_name.bytes, ak_name.size });
    return BULLA_OK;
}

static enum bulla_status
answer_issuer_url(struct bl_reader *r, struct bl_writer *w, struct bulla_error *err)
{
    struct bulla_bytes der = bl_cbor_read_bytes(r, BL_CERTIFICATE_SIZE_MAX);
    BL_AUTO_FREE(bl_certificate) certificate = NULL;
    BL_AUTO(bulla_buffer) url = { 0 };

    BL_TRY(bl_reader_finish(r, err));
    BL_TRY(bl_certificate_parse(der, &certificate, err));
    BL_TRY(bl_certificate_issuer_url(certificate, &url, err));
    bl_cbor_write_bytes(w, bulla_buffer_bytes(&url));
    return BULLA_OK;
}

static enum bulla_status
answer_question(struct bulla_bytes question, struct bl_writer *w, struct bulla_error *err)
{
    struct bl_reader r = bl_reader(question, "question");
    size_t count = bl_cbor_read_array(&r, 7);
    uint64_t kind = bl_cbor_read_uint(&r);

    if (count == 7 && kind == QUESTION_VERIFY)
        return answer_verify(&r, w, err);
    if (count == 4 && kind == QUESTION_ENROL)
        return answer_enrol(&r, w, err);
    if (count == 2 && kind == QUESTION_ISSUER_URL)
        return answer_issuer_url(&r, w, err);
    return bulla_fail(err, BULLA_E_MALFORMED, "question", "not one that we know", 0);
}

enum bulla_status
bl_appraiser_run(int fd, struct bulla_error *err)
{
    return bl_helper_serve(fd, answer_question, err);
}
