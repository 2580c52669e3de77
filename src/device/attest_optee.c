/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_optee.c: evidence of OP-TEE's attestation service (a pseudo TA of the TEE OS) through
 * /dev/tee0: a measurement of the TEE's own memory, or of the signed header of a trusted application.
 *
 * Spec: Linux, linux/tee.h; OP-TEE OS, lib/libutee/include/pta_attestation.h; GlobalPlatform TEE Client
 * API 1.0 (return codes). HASH_TA_MEMORY is for trusted applications themselves and not for us.
 * Guarantees: what the secure world wrote into shared memory is copied once and then looked at; it is
 * verified with the key that the service names, so that a wrong nonce is seen here and not first by a
 * verifier. That key is trusted by nobody for that reason.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <linux/tee.h>

#include "base/memory.h"
#include "crypto/key.h"
#include "device/attest_internal.h"
#include "sys/call.h"
#include "sys/file.h"
#include "tee/optee/structures.h"
#include "tee/optee/verify.h"

#define WHERE "/dev/tee0"
#define SHARED_SIZE 4096u /* bytes: one page, cut into thirds */
#define SLOT_SIZE 1024u   /* bytes of one parameter in it */
#define PARAMETER_COUNT 4 /* the TEE's ABI has that many, always */

enum command { GET_PUBKEY = 0, GET_TA_SHDR_DIGEST = 1, HASH_TEE_MEMORY = 3 };

/* GlobalPlatform TEE Client API 1.0, table 4-2 */
#define TEEC_ERROR_ACCESS_DENIED 0xffff0001u
#define TEEC_ERROR_ITEM_NOT_FOUND 0xffff0008u
#define TEEC_ERROR_NOT_SUPPORTED 0xffff000au
#define TEEC_ERROR_BUSY 0xffff000du

static const uint8_t service[TEE_IOCTL_UUID_LEN] = {
    0x39, 0x80, 0x08, 0x61, 0x18, 0x2a, 0x47, 0x20, 0x9b, 0x67, 0x2b, 0xcd, 0x62, 0x2b, 0xc0, 0xb5
};

/* A session with the service, and memory that both worlds see. */
struct session {
    int device, memory_fd;
    uint8_t *memory; /* NULL: none */
    uint32_t memory_id;
    uint32_t id;
    bool is_open;
    int64_t deadline;
};

static void
session_done(struct session *s)
{
    struct tee_ioctl_close_session_arg closing = { .session = s->id };

    if (s->is_open)
        (void)ioctl(s->device, TEE_IOC_CLOSE_SESSION, &closing);
    if (s->memory != NULL)
        munmap(s->memory, SHARED_SIZE);
    bl_fd_close(&s->memory_fd);
    bl_fd_close(&s->device);
    s->is_open = false;
    s->memory = NULL;
}

static enum bulla_status
fail_code(uint32_t code, struct bulla_error *err)
{
    switch (code) {
    case TEEC_ERROR_ITEM_NOT_FOUND:
    case TEEC_ERROR_NOT_SUPPORTED:
        return bulla_fail_detail(err, BULLA_CAUSE_NO_ATTESTER, WHERE,
                                 "this TEE has no attestation service (CFG_ATTESTATION_PTA), or no "
                                 "such trusted application",
                                 code);
    case TEEC_ERROR_ACCESS_DENIED:
        return bulla_fail_detail(err, BULLA_CAUSE_ATTESTER_NOT_PERMITTED, WHERE,
                                 "the TEE denies it to this caller", code);
    case TEEC_ERROR_BUSY:
        return bulla_fail_detail(err, BULLA_CAUSE_BUSY, WHERE, "the TEE is busy", code);
    default:
        return bulla_fail_detail(err, BULLA_CAUSE_ATTESTER_FAILED, WHERE, "the TEE refused", code);
    }
}

static enum bulla_status
check_version(struct session *s, struct bulla_error *err)
{
    struct tee_ioctl_version_data version = { 0 };
    int result = 0;

    BL_TRY(bl_node_ioctl(s->device, TEE_IOC_VERSION, &version, s->deadline, &result, err));
    if (version.impl_id != TEE_IMPL_ID_OPTEE)
        return bulla_fail_cause(err, BULLA_CAUSE_NO_ATTESTER, WHERE, "a TEE that is not OP-TEE");
    return BULLA_OK;
}

static enum bulla_status
share_memory(struct session *s, struct bulla_error *err)
{
    struct tee_ioctl_shm_alloc_data shared = { .size = SHARED_SIZE };

    BL_TRY(bl_node_ioctl(s->device, TEE_IOC_SHM_ALLOC, &shared, s->deadline, &s->memory_fd, err));
    if (shared.size < SHARED_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE,
                                "it shares less memory than was asked for");
    void *memory =
        BL_CALL(FILE, mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, s->memory_fd, 0));
    if (memory == MAP_FAILED)
        return bl_node_fail(errno, "its memory cannot be mapped", err);
    s->memory = memory;
    s->memory_id = (uint32_t)shared.id;
    memset(s->memory, 0, SHARED_SIZE);
    return BULLA_OK;
}

/* The kernel takes a structure with its parameters right behind it. */
static enum bulla_status
open_session(struct session *s, struct bulla_error *err)
{
    struct {
        _Alignas(8) uint8_t bytes[sizeof(struct tee_ioctl_open_session_arg) +
                                  PARAMETER_COUNT * sizeof(struct tee_ioctl_param)];
    } message = { { 0 } };
    struct tee_ioctl_open_session_arg head = { .clnt_login = TEE_IOCTL_LOGIN_PUBLIC,
                                               .num_params = PARAMETER_COUNT };
    struct tee_ioctl_buf_data call = { .buf_ptr = (uintptr_t)message.bytes,
                                       .buf_len = sizeof message.bytes };
    int result = 0;

    memcpy(head.uuid, service, sizeof head.uuid);
    memcpy(message.bytes, &head, sizeof head);
    BL_TRY(bl_node_ioctl(s->device, TEE_IOC_OPEN_SESSION, &call, s->deadline, &result, err));
    memcpy(&head, message.bytes, sizeof head);
    if (head.ret != 0)
        return fail_code(head.ret, err);
    s->id = head.session;
    s->is_open = true;
    return BULLA_OK;
}

/* A parameter in the i-th slot of the shared memory. */
static struct tee_ioctl_param
slot(const struct session *s, size_t i, uint64_t direction, size_t size)
{
    return (struct tee_ioctl_param){
        .attr = direction, .a = i * SLOT_SIZE, .b = size, .c = (uint64_t)s->memory_id
    };
}

static struct tee_ioctl_param
input(struct session *s, size_t i, struct bulla_bytes bytes)
{
    memcpy(s->memory + i * SLOT_SIZE, bytes.data, bytes.size);
    return slot(s, i, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_INPUT, bytes.size);
}

static struct tee_ioctl_param
output(const struct session *s, size_t i)
{
    return slot(s, i, TEE_IOCTL_PARAM_ATTR_TYPE_MEMREF_OUTPUT, SLOT_SIZE);
}

static enum bulla_status
invoke(struct session *s, enum command command, struct tee_ioctl_param parameters[PARAMETER_COUNT],
       struct bulla_error *err)
{
    struct {
        _Alignas(8) uint8_t bytes[sizeof(struct tee_ioctl_invoke_arg) +
                                  PARAMETER_COUNT * sizeof(struct tee_ioctl_param)];
    } message;
    struct tee_ioctl_invoke_arg head = { .func = command,
                                         .session = s->id,
                                         .num_params = PARAMETER_COUNT };
    struct tee_ioctl_buf_data call = { .buf_ptr = (uintptr_t)message.bytes,
                                       .buf_len = sizeof message.bytes };
    const size_t size = PARAMETER_COUNT * sizeof parameters[0];
    int result = 0;

    memcpy(message.bytes, &head, sizeof head);
    memcpy(message.bytes + sizeof head, parameters, size);
    BL_TRY(bl_node_ioctl(s->device, TEE_IOC_INVOKE, &call, s->deadline, &result, err));
    memcpy(&head, message.bytes, sizeof head);
    memcpy(parameters, message.bytes + sizeof head, size);
    return head.ret == 0 ? BULLA_OK : fail_code(head.ret, err);
}

/* What the service wrote into the i-th slot, copied. */
static enum bulla_status
copy_out(const struct session *s, size_t i, const struct tee_ioctl_param *parameter,
         struct bulla_buffer *out, struct bulla_error *err)
{
    if (parameter->b == 0 || parameter->b > SLOT_SIZE)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE,
                                "an answer larger than the room for it, or none");
    return bulla_buffer_append(
        out, (struct bulla_bytes){ s->memory + i * SLOT_SIZE, (size_t)parameter->b }, err);
}

/* -- the service -------------------------------------------------------------------------------- */

static enum bulla_status
make_spki(struct bulla_bytes exponent, struct bulla_bytes modulus, struct bulla_buffer *out,
          struct bulla_error *err)
{
    BL_AUTO_FREE(bl_key) key = NULL;
    uint32_t e = 0;

    if (exponent.size > sizeof e)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "no RSA key", 0);
    for (size_t i = 0; i < exponent.size; i++)
        e = e << 8 | exponent.data[i];
    BL_TRY(bl_key_from_rsa_public(modulus, e, &key, err));
    return bl_key_spki(key, out, err);
}

static enum bulla_status
get_key(struct session *s, struct bulla_buffer *spki_out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) exponent = { 0 }, modulus = { 0 };
    struct bulla_error inner = { 0 };
    struct tee_ioctl_param parameters[PARAMETER_COUNT] = {
        output(s, 0), output(s, 1), { .attr = TEE_IOCTL_PARAM_ATTR_TYPE_VALUE_OUTPUT }
    };

    BL_TRY(invoke(s, GET_PUBKEY, parameters, err));
    BL_TRY(copy_out(s, 0, &parameters[0], &exponent, err));
    BL_TRY(copy_out(s, 1, &parameters[1], &modulus, err));
    if (make_spki(bulla_buffer_bytes(&exponent), bulla_buffer_bytes(&modulus), spki_out, &inner) !=
        BULLA_OK)
        return bl_attest_answer(&inner, err);
    return BULLA_OK;
}

/* A UUID as the TEE has it in memory: its first three fields little-endian. */
static void
native_uuid(const uint8_t uuid[16], uint8_t out[16])
{
    static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };

    for (size_t i = 0; i < sizeof order; i++)
        out[i] = uuid[order[i]];
}

static enum bulla_status
measure(struct session *s, const struct bl_attest_request *request, struct bulla_buffer *out,
        struct bulla_error *err)
{
    struct tee_ioctl_param parameters[PARAMETER_COUNT] = { { 0 } };
    uint8_t uuid[16];
    size_t at = 0;

    memset(s->memory, 0, SHARED_SIZE);
    if (request->ta != NULL) {
        native_uuid(request->ta, uuid);
        parameters[0] = input(s, 0, BL_BYTES_OF(uuid));
        at = 1;
    }
    parameters[at] = input(s, at, request->nonce);
    parameters[at + 1] = output(s, at + 1);
    BL_TRY(invoke(s, request->ta != NULL ? GET_TA_SHDR_DIGEST : HASH_TEE_MEMORY, parameters, err));
    return copy_out(s, at + 1, &parameters[at + 1], out, err);
}

/* By the key that the service names, over the nonce that was asked for. */
static enum bulla_status
check(const struct bl_attest_request *request, const struct bl_collected *collected,
      struct bulla_error *err)
{
    const struct bl_anchor key = { .name = "named by the device",
                                   .kind = BL_ANCHOR_GIVEN,
                                   .role = "key",
                                   .der = bulla_buffer_bytes(&collected->parts[2].bytes) };
    const struct bl_verification v = { .evidence = bulla_buffer_bytes(&collected->parts[0].bytes),
                                       .anchors = &key,
                                       .anchor_count = 1,
                                       .binder = request->nonce,
                                       .binding = BL_BINDING_NONE };
    struct bulla_error inner = { 0 };
    struct bl_claims claims;

    if (bl_optee_verify(&v, &claims, &inner) == BULLA_OK)
        return BULLA_OK;
    return bl_attest_answer(&inner, err);
}

static enum bulla_status
begin(struct session *s, const char *path, struct bulla_error *err)
{
    BL_TRY(bl_node_open(path, O_RDWR, &s->device, err));
    BL_TRY(check_version(s, err));
    BL_TRY(share_memory(s, err));
    return open_session(s, err);
}

static enum bulla_status
collect(const struct bl_attest_request *request, struct bl_collected *out, struct bulla_error *err)
{
    BL_AUTO(session) s = { .device = -1, .memory_fd = -1, .deadline = request->deadline };
    BL_AUTO(bl_collected) collected = { .kind = "optee" };
    BL_AUTO(bulla_buffer) key = { 0 }, evidence = { 0 }, nonce = { 0 };
    uint8_t report_data[BL_REPORT_DATA_BYTES];

    BL_TRY(bl_attest_report_data(request, report_data, err)); /* the same limits */
    BL_TRY(begin(&s, bl_attest_path(&bl_attester_optee, request), err));
    BL_TRY(get_key(&s, &key, err));
    BL_TRY(measure(&s, request, &evidence, err));
    BL_TRY(bulla_buffer_append(&nonce, request->nonce, err));
    bl_collected_add(&collected, "evidence", &evidence);
    bl_collected_add(&collected, "nonce", &nonce);
    bl_collected_add(&collected, "device_key", &key);
    BL_TRY(check(request, &collected, err));
    *out = collected;
    collected = (struct bl_collected){ 0 };
    return BULLA_OK;
}

static const char *const kinds[] = { "optee", NULL };

static void
probe(const char *path, struct bl_local_attester_probe *out)
{
    *out = (struct bl_local_attester_probe){ .state = bl_node_state(path), .kind = kinds[0] };
}

const struct bl_local_attester bl_attester_optee = {
    .name = "optee",
    .path = WHERE,
    .kinds = kinds,
    .probe = probe,
    .collect = collect,
};
