/* SPDX-License-Identifier: Apache-2.0 */
#include "client/get.h"

#include "base/memory.h"
#include "crypto/cose_sign1.h"
#include "crypto/hpke.h"

/* Signed by the pinned root, for what was asked, over the evidence that was given here. */
static enum bulla_status
check_reply(const struct bl_get_reply *reply, const struct bl_broker_connection *connection,
            const struct bl_channel *channel, struct bulla_bytes name, uint64_t version_min,
            struct bulla_error *err)
{
    const struct bulla_bytes report_data = { bl_channel_report_data(channel), BL_REPORT_DATA_SIZE };

    if (!bl_equal(BL_BYTES_OF(reply->broker_id), BL_BYTES_OF(connection->broker_id)))
        return bulla_fail(err, BULLA_E_MISMATCH, "released secret", "of another broker", 0);
    if (!bl_equal(reply->name, name))
        return bulla_fail(err, BULLA_E_MISMATCH, "released secret", "of another name", 0);
    if (!bl_equal(BL_BYTES_OF(reply->report_data), report_data))
        return bulla_fail(err, BULLA_E_MISMATCH, "released secret", "for other evidence", 0);
    if (reply->version < version_min)
        return bulla_fail_cause(err, BULLA_CAUSE_ROLLED_BACK, "released secret",
                                "an older version than asked for");
    return BULLA_OK;
}

enum bulla_status
bl_client_get(const struct bl_broker_connection *connection, struct bl_channel *channel,
              struct bulla_bytes name, uint64_t version_min, unsigned timeout_ms,
              struct bl_secret *value_out, uint64_t *version_out, struct bulla_error *err)
{
    const struct bl_get_request request = { .name = name, .version_min = version_min };
    const struct bl_cose_context purpose = { .content_type = bl_release_info() };
    BL_AUTO(bulla_buffer) question = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };
    BL_AUTO(bulla_buffer) binding = { 0 };
    struct bl_cose_sign1 message = { 0 };
    struct bl_get_reply reply = { 0 };

    if (!bl_secret_name_is_valid(name))
        return bulla_fail(err, BULLA_E_USAGE, "name", "not a name of a secret", 0);
    BL_TRY(bl_get_request_encode(&request, &question, err));
    BL_TRY(bl_channel_ask(channel, bulla_buffer_bytes(&question), timeout_ms, &answer, err));
    BL_TRY(bl_cose_sign1_verify(connection->root, &purpose, bulla_buffer_bytes(&answer), &message,
                                err));
    BL_TRY(bl_get_reply_decode(message.payload, &reply, err));
    BL_TRY(check_reply(&reply, connection, channel, name, version_min, err));
    BL_TRY(bl_get_reply_binding(&reply, &binding, err));
    BL_TRY(bl_hpke_open(bl_channel_wrap_key(channel), reply.enc, bl_release_info(),
                        bulla_buffer_bytes(&binding), reply.ciphertext, value_out, err));
    *version_out = reply.version;
    return BULLA_OK;
}
