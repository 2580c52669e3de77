/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stranger's bytes never open as a challenge, a request or a reply: there is no key that signed
 * them. The payload decoders behind the signature are reached by fuzz_wire_requests.
 */
#include "fuzz_key.h"

#include "wire/admin.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t zeros[32];
    struct bulla_error err = { 0 };
    struct bulla_bytes content = { data, size };
    struct bl_admin_challenge challenge;
    struct bl_admin_request request;
    struct bl_admin_reply reply;
    uint8_t id[BL_ADMIN_KEY_ID_SIZE];

    if (bl_admin_request_key_id(content, id, &err) != BULLA_OK)
        fuzz_check_refusal(err.status, &err);
    err = (struct bulla_error){ 0 };
    FUZZ_ASSERT(bl_admin_challenge_open(content, fuzz_known_key(), &challenge, &err) != BULLA_OK);
    fuzz_check_refusal(err.status, &err);
    err = (struct bulla_error){ 0 };
    FUZZ_ASSERT(bl_admin_request_open(content, fuzz_known_key(), zeros, zeros, &request, &err) !=
                BULLA_OK);
    fuzz_check_refusal(err.status, &err);
    err = (struct bulla_error){ 0 };
    FUZZ_ASSERT(bl_admin_reply_open(content, fuzz_known_key(), zeros, &reply, &err) != BULLA_OK);
    fuzz_check_refusal(err.status, &err);
    return 0;
}
