/* SPDX-License-Identifier: Apache-2.0 */
/* Every pair of state and message is walked; the allowed ones are listed here a second time. */
#include "unit.h"

#include "wire/session.h"

struct step {
    enum bl_role role;
    enum bl_session_state state;
    enum bl_message message;
    enum bl_session_state next;
};

static const struct step allowed[] = {
    { BL_ROLE_SERVER, BL_SESSION_FRESH, BL_MESSAGE_CLIENT_HELLO, BL_SESSION_HELLO_DONE },
    { BL_ROLE_SERVER, BL_SESSION_HELLO_DONE, BL_MESSAGE_EVIDENCE, BL_SESSION_EVIDENCE_DONE },
    { BL_ROLE_SERVER, BL_SESSION_EVIDENCE_DONE, BL_MESSAGE_CONFIRM, BL_SESSION_OPEN },
    { BL_ROLE_SERVER, BL_SESSION_OPEN, BL_MESSAGE_REQUEST, BL_SESSION_OPEN },
    { BL_ROLE_SERVER, BL_SESSION_OPEN, BL_MESSAGE_CLIENT_HELLO, BL_SESSION_HELLO_DONE },
    { BL_ROLE_SERVER, BL_SESSION_FRESH, BL_MESSAGE_ADMIN_OPEN, BL_SESSION_ADMIN_CHALLENGED },
    { BL_ROLE_SERVER, BL_SESSION_ADMIN_CHALLENGED, BL_MESSAGE_ADMIN_REQUEST, BL_SESSION_ENDED },
    { BL_ROLE_SERVER, BL_SESSION_FRESH, BL_MESSAGE_ENROLL_REQUEST, BL_SESSION_ENROLL_CHALLENGED },
    { BL_ROLE_SERVER, BL_SESSION_ENROLL_CHALLENGED, BL_MESSAGE_ENROLL_PROOF, BL_SESSION_ENDED },
    { BL_ROLE_CLIENT, BL_SESSION_HELLO_SENT, BL_MESSAGE_SERVER_HELLO, BL_SESSION_EVIDENCE_DONE },
    { BL_ROLE_CLIENT, BL_SESSION_HELLO_SENT_WANTING, BL_MESSAGE_SERVER_HELLO,
      BL_SESSION_PEER_EVIDENCE },
    { BL_ROLE_CLIENT, BL_SESSION_PEER_EVIDENCE, BL_MESSAGE_EVIDENCE, BL_SESSION_EVIDENCE_DONE },
    { BL_ROLE_CLIENT, BL_SESSION_EVIDENCE_DONE, BL_MESSAGE_CONFIRM, BL_SESSION_OPEN },
    { BL_ROLE_CLIENT, BL_SESSION_OPEN, BL_MESSAGE_REPLY, BL_SESSION_OPEN },
    { BL_ROLE_CLIENT, BL_SESSION_ADMIN_OPENED, BL_MESSAGE_ADMIN_CHALLENGE,
      BL_SESSION_ADMIN_REQUESTED },
    { BL_ROLE_CLIENT, BL_SESSION_ADMIN_REQUESTED, BL_MESSAGE_ADMIN_REPLY, BL_SESSION_ENDED },
    { BL_ROLE_CLIENT, BL_SESSION_ENROLL_REQUESTED, BL_MESSAGE_ENROLL_CHALLENGE,
      BL_SESSION_ENROLL_PROVED },
    { BL_ROLE_CLIENT, BL_SESSION_ENROLL_PROVED, BL_MESSAGE_ENROLL_CERTIFICATE, BL_SESSION_ENDED },
};

static enum bl_session_state
listed(enum bl_role role, enum bl_session_state state, enum bl_message message)
{
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (allowed[i].role == role && allowed[i].state == state && allowed[i].message == message)
            return allowed[i].next;
    }
    return BL_SESSION_CLOSED;
}

static void
test_every_pair(void **state_)
{
    (void)state_;
    static const enum bl_role roles[] = { BL_ROLE_CLIENT, BL_ROLE_SERVER };

    for (size_t r = 0; r < 2; r++) {
        for (int s = 0; s < BL_SESSION_STATE_COUNT; s++) {
            for (int m = 0; m < BL_MESSAGE_COUNT; m++)
                assert_int_equal(
                    bl_session_next(roles[r], (enum bl_session_state)s, (enum bl_message)m),
                    listed(roles[r], (enum bl_session_state)s, (enum bl_message)m));
        }
    }
}

static void
test_what_is_outside_the_table_closes(void **state_)
{
    (void)state_;
    assert_int_equal(
        bl_session_next(BL_ROLE_SERVER, BL_SESSION_STATE_COUNT, BL_MESSAGE_CLIENT_HELLO),
        BL_SESSION_CLOSED);
    assert_int_equal(
        bl_session_next(BL_ROLE_SERVER, BL_SESSION_FRESH, (enum bl_message)BL_MESSAGE_COUNT),
        BL_SESSION_CLOSED);
    assert_int_equal(bl_session_next((enum bl_role)7, BL_SESSION_FRESH, BL_MESSAGE_CLIENT_HELLO),
                     BL_SESSION_CLOSED);
    assert_int_equal(
        bl_session_next(BL_ROLE_SERVER, (enum bl_session_state) - 1, (enum bl_message) - 1),
        BL_SESSION_CLOSED);
}

/* P9: no end reaches OPEN without the peer's confirmation. */
static void
test_only_a_confirmation_opens(void **state_)
{
    (void)state_;
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (allowed[i].next == BL_SESSION_OPEN && allowed[i].state != BL_SESSION_OPEN)
            assert_int_equal(allowed[i].message, BL_MESSAGE_CONFIRM);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pair),
        cmocka_unit_test(test_what_is_outside_the_table_closes),
        cmocka_unit_test(test_only_a_confirmation_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
