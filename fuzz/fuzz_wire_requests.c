/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes inside an open channel, and an attester's claims: the first byte chooses the decoder.
 */
#include "fuzz_again.h"

#include "wire/claims_message.h"
#include "wire/enroll.h"
#include "wire/release.h"

static enum bulla_status
read_and_write(unsigned which, struct bulla_bytes bytes, struct bulla_buffer *again,
               struct bulla_error *err)
{
    struct bl_get_request get;
    struct bl_get_reply reply;
    struct bl_claims_message claims;
    struct bl_enroll_request enroll;
    struct bl_enroll_challenge challenge;
    enum bulla_status status;

    switch (which) {
    case 0:
        status = bl_get_request_decode(bytes, &get, err);
        return status != BULLA_OK ? status : bl_get_request_encode(&get, again, err);
    case 1:
        status = bl_get_reply_decode(bytes, &reply, err);
        return status != BULLA_OK ? status : bl_get_reply_encode(&reply, again, err);
    case 2:
        status = bl_claims_message_decode(bytes, &claims, err);
        return status != BULLA_OK ? status : bl_claims_message_encode(&claims, again, err);
    case 3:
        status = bl_enroll_request_decode(bytes, &enroll, err);
        return status != BULLA_OK ? status : bl_enroll_request_encode(&enroll, again, err);
    default:
        status = bl_enroll_challenge_decode(bytes, &challenge, err);
        return status != BULLA_OK ? status : bl_enroll_challenge_encode(&challenge, again, err);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_check_again(read_and_write, 5, data, size);
    return 0;
}
