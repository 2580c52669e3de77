/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl is loaded once, when it is asked for; without it there is a cause, and no crash. */
#include "unit.h"

#include "base/fault.h"
#include "http/curl.h"

static void
it_is_there_whole(void **state)
{
    const struct bl_curl *curl = NULL, *again = NULL;
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_curl(&curl, &err), &err);
    CURL *transfer = curl->easy_init();
    assert_non_null(transfer);
    assert_int_equal(curl->easy_setopt(transfer, CURLOPT_URL, "http://127.0.0.1:1/"), CURLE_OK);
    assert_int_equal(curl->easy_perform(transfer), CURLE_COULDNT_CONNECT);
    long status = -1;
    assert_int_equal(curl->easy_getinfo(transfer, CURLINFO_RESPONSE_CODE, &status), CURLE_OK);
    assert_int_equal(status, 0);
    curl->easy_cleanup(transfer);
    assert_ok(bl_curl(&again, &err), &err);
    assert_ptr_equal(again, curl);
}

static void
without_it_there_is_a_cause(void **state)
{
    const struct bl_curl *curl = NULL;
    struct bulla_error err = { 0 };

    (void)state;
    bl_fault_arm(BL_FAULT_SOCKET, 1, /* forever= */ false);
    assert_fails(bl_curl(&curl, &err), BULLA_E_UNAVAILABLE, &err);
    assert_null(curl);
    bl_fault_disarm();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_it_there_is_a_cause),
        cmocka_unit_test(it_is_there_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
