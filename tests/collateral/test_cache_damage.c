/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cache that somebody spoilt: what is damaged is noticed, and is never taken for what is not there.
 */
#include "collateral/cache_fixture.h"

typedef void spoil(const char *path);

static void
flip_each(const char *place, spoil *how, enum bulla_cause wanted)
{
    char directory[PATH_SIZE], path[PATH_SIZE + 256];

    (void)snprintf(directory, sizeof directory, "%s/cache/%s", world, place);
    DIR *names = opendir(directory);
    assert_non_null(names);
    for (const struct dirent *found; (found = readdir(names)) != NULL;) {
        BL_AUTO_FREE(bl_cache) cache = NULL;
        if (found->d_name[0] == '.')
            continue;
        cache = open_cache();
        put(cache, "intel/root-crl", "one");
        (void)snprintf(path, sizeof path, "%s/%s", directory, found->d_name);
        how(path);
        assert_int_equal(get(cache, "intel/root-crl", "one"), wanted);
        put(cache, "intel/root-crl", "one"); /* is mended by what is fetched anew */
        assert_int_equal(get(cache, "intel/root-crl", "one"), BULLA_CAUSE_NONE);
    }
    (void)closedir(names);
}

static void
flip_last(const char *path)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };

    assert_ok(bl_file_read(path, 1 << 20, &content, &err), &err);
    content.data[content.size - 1] ^= 0x01;
    assert_ok(
        bl_file_replace(path, 0600, bulla_buffer_bytes(&content), BL_FILE_REPLACE_EXISTING, &err),
        &err);
}

static void
flip_first(const char *path)
{
    struct bulla_error err = { 0 };
    BL_AUTO(bulla_buffer) content = { 0 };

    assert_ok(bl_file_read(path, 1 << 20, &content, &err), &err);
    content.data[0] ^= 0x80;
    assert_ok(
        bl_file_replace(path, 0600, bulla_buffer_bytes(&content), BL_FILE_REPLACE_EXISTING, &err),
        &err);
}

static void
empty(const char *path)
{
    assert_int_equal(truncate(path, 0), 0);
}

static void
gone(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

/* B5 of the promises: corrupt is not empty. */
static void
test_damage_is_noticed(void **state)
{
    static spoil *const how[] = { flip_last, flip_first, empty };
    BL_AUTO_FREE(bl_cache) cache = open_cache();

    (void)state;
    put(cache, "intel/root-crl", "one");
    for (size_t i = 0; i < BL_COUNT_OF(how); i++) {
        flip_each("objects", how[i], BULLA_CAUSE_CACHE_ALTERED);
        flip_each("entries", how[i], BULLA_CAUSE_CACHE_ALTERED);
    }
    flip_each("objects", gone, BULLA_CAUSE_CACHE_ALTERED);
    flip_each("entries", gone, BULLA_CAUSE_NOT_FOUND);
}

static void
test_damaged_numbers_are_not_none(void **state)
{
    const struct bl_collateral_name wanted = named("intel/sgx/qe-identity");
    static spoil *const how[] = { flip_last, flip_first, empty };
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    struct bl_claim_number number = { 0 };
    struct bulla_error err = { 0 };
    char path[PATH_SIZE];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/cache/numbers", world);
    for (size_t i = 0; i < BL_COUNT_OF(how); i++) {
        bulla_error_clear(&err);
        assert_ok(put_number(cache, "intel/sgx/qe-identity", "one", 18, true, &err), &err);
        how[i](path);
        assert_cause(bl_cache_number(cache, &wanted, &number, &err), BULLA_CAUSE_CACHE_ALTERED,
                     &err);
        assert_cause(put_number(cache, "intel/sgx/qe-identity", "two", 18, true, &err),
                     BULLA_CAUSE_CACHE_ALTERED, &err);
        gone(path);
    }
}

/* An entry of one name under the place of another. */
static void
test_an_entry_in_anothers_place(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    char directory[PATH_SIZE], from[PATH_SIZE + 256] = "", to[PATH_SIZE + 256] = "";

    (void)state;
    put(cache, "intel/root-crl", "one");
    (void)snprintf(directory, sizeof directory, "%s/cache/entries", world);
    DIR *names = opendir(directory);
    for (const struct dirent *found; (found = readdir(names)) != NULL;)
        if (found->d_name[0] != '.')
            (void)snprintf(from, sizeof from, "%s/%s", directory, found->d_name);
    (void)closedir(names);
    put(cache, "intel/sgx/qe-identity", "two");
    names = opendir(directory);
    for (const struct dirent *found; (found = readdir(names)) != NULL;)
        if (found->d_name[0] != '.' && strstr(from, found->d_name) == NULL)
            (void)snprintf(to, sizeof to, "%s/%s", directory, found->d_name);
    (void)closedir(names);
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(get(cache, "intel/sgx/qe-identity", "two"), BULLA_CAUSE_CACHE_ALTERED);
}

static void
test_reading_all_passes_over_damage(void **state)
{
    BL_AUTO_FREE(bl_cache) cache = open_cache();
    struct bl_collateral_set *set = bl_collateral_set_new();
    struct bulla_error err = { 0 };
    size_t altered_count = 77;
    char path[PATH_SIZE];

    (void)state;
    put(cache, "intel/root-crl", "one");
    put(cache, "intel/sgx/qe-identity", "two");
    (void)snprintf(path, sizeof path, "%s/cache/entries/%064d", world, 0);
    assert_ok(bl_file_replace(path, 0600, BL_LITERAL("no record"), BL_FILE_REPLACE_EXISTING, &err),
              &err);
    assert_ok(bl_cache_read_all(cache, set, &altered_count, &err), &err);
    assert_int_equal(set->count, 2);
    assert_int_equal(altered_count, 1);
    bl_collateral_set_free(set);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_cache(test_damage_is_noticed),
        with_cache(test_damaged_numbers_are_not_none),
        with_cache(test_an_entry_in_anothers_place),
        with_cache(test_reading_all_passes_over_damage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
