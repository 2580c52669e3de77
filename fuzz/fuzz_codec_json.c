/* SPDX-License-Identifier: Apache-2.0 */
/* A document that is taken, written again, is taken again as an equal one; and any bytes at all,
 * written as a string, are valid JSON. */
#include "fuzz.h"

#include "codec/json.h"

static void copy_value(struct bl_json_writer *j, const char *name, const struct bl_json *value);

static void
copy_object(struct bl_json_writer *j, const char *name, const struct bl_json *value)
{
    struct bulla_bytes member;
    const struct bl_json *inner = NULL;
    void *cursor = NULL;

    bl_json_open_object(j, name);
    while (bl_json_next(value, &cursor, &member, &inner)) {
        FUZZ_ASSERT(strlen((const char *)member.data) == member.size);
        copy_value(j, (const char *)member.data, inner);
    }
    bl_json_close(j);
}

static void
copy_value(struct bl_json_writer *j, const char *name, const struct bl_json *value)
{
    struct bulla_bytes text = { 0 };
    int64_t number = 0;
    bool flag = false;
    size_t count = 0;

    if (bl_json_as_object(value, "v", NULL) == BULLA_OK) {
        copy_object(j, name, value);
    } else if (bl_json_as_array(value, "v", SIZE_MAX, &count, NULL) == BULLA_OK) {
        bl_json_open_array(j, name);
        for (size_t i = 0; i < count; i++)
            copy_value(j, NULL, bl_json_at(value, i));
        bl_json_close(j);
    } else if (bl_json_as_text(value, "v", SIZE_MAX, &text, NULL) == BULLA_OK) {
        bl_json_write_text(j, name, text);
    } else if (bl_json_as_number(value, "v", INT64_MIN, INT64_MAX, &number, NULL) == BULLA_OK) {
        bl_json_write_number(j, name, number);
    } else if (bl_json_as_bool(value, "v", &flag, NULL) == BULLA_OK) {
        bl_json_write_bool(j, name, flag);
    } else if (!bl_json_is_null(value)) {
        bl_json_write_word(j, name, "a real number");
    } else {
        bl_json_write_null(j, name);
    }
}

static void
check_any_string(struct bulla_bytes bytes)
{
    BL_AUTO(bulla_buffer) out = { 0 };
    BL_AUTO_FREE(bl_json) value = NULL;
    struct bl_json_writer j = bl_json_writer(&out);

    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] == 0)
            return; /* written, but refused by the reader */
    bl_json_open_array(&j, NULL);
    bl_json_write_text(&j, NULL, bytes);
    bl_json_close(&j);
    FUZZ_ASSERT(bl_json_finish(&j, NULL) == BULLA_OK);
    FUZZ_ASSERT(bl_json_parse(bulla_buffer_bytes(&out), "again", SIZE_MAX, &value, NULL) ==
                BULLA_OK);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bulla_bytes input = { data, size };
    BL_AUTO(bulla_buffer) first = { 0 };
    BL_AUTO(bulla_buffer) second = { 0 };
    BL_AUTO_FREE(bl_json) value = NULL;
    BL_AUTO_FREE(bl_json) again = NULL;
    struct bulla_error err = { 0 };

    check_any_string(input);
    enum bulla_status status = bl_json_parse(input, "fuzz", SIZE_MAX, &value, &err);
    if (status != BULLA_OK) {
        FUZZ_ASSERT(value == NULL);
        fuzz_check_refusal(status, &err);
        return 0;
    }
    struct bl_json_writer j = bl_json_writer(&first);
    copy_value(&j, NULL, value);
    FUZZ_ASSERT(bl_json_finish(&j, NULL) == BULLA_OK);
    status = bl_json_parse(bulla_buffer_bytes(&first), "again", SIZE_MAX, &again, NULL);
    FUZZ_ASSERT(status == BULLA_OK);
    j = bl_json_writer(&second);
    copy_value(&j, NULL, again);
    FUZZ_ASSERT(fuzz_same_bytes(bulla_buffer_bytes(&first), bulla_buffer_bytes(&second)));
    return 0;
}
