/* SPDX-License-Identifier: Apache-2.0 */
/* Where a loader looks: default directories, ld.so.conf and what it includes, and no variable but
 * $ORIGIN. */
#include "enclave/closure_root.h"

#include "enclave/elf_search.h"

#define TRIPLET "/lib/x86_64-linux-gnu"

static void
test_default_directories_in_their_order(void **state)
{
    static const char *const order[] = { TRIPLET,  "/usr/lib/x86_64-linux-gnu",
                                         "/lib64", "/usr/lib64",
                                         "/lib",   "/usr/lib" };
    char path[64];

    (void)state;
    PUT_LIBRARY("/bin/program", "libx.so");
    for (size_t i = 6; i > 0; i--) { /* one that comes earlier wins */
        (void)snprintf(path, sizeof path, "%s/libx.so", order[i - 1]);
        PUT_LIBRARY(path, NULL);
        EXPECT_NEEDS("/bin/program", path);
    }
    PUT_LIBRARY("/lib/aarch64-linux-gnu/liby.so", NULL); /* the triplet of another machine */
    PUT_LIBRARY("/bin/program", "liby.so");
    expect_missing("/bin/program", "liby.so, which /bin/program needs");
    put_elf("/lib/aarch64-linux-gnu/liby.so", (struct paper_elf){ .machine = BL_ELF_AARCH64 });
    put_elf("/bin/program",
            (struct paper_elf){ .machine = BL_ELF_AARCH64, .needed = { "liby.so" } });
    EXPECT_NEEDS("/bin/program", "/lib/aarch64-linux-gnu/liby.so");
}

/* $LIB and $PLATFORM depend on the machine: what lies there is as if it were not there. */
static void
test_variables_that_nobody_fills_in(void **state)
{
    static const char *const lists[] = { "/opt/$LIB",        "/opt/$PLATFORM", "$ORIGIN/$LIB",
                                         "$ORIGINAL",        "${ORIGIN",       "$ORIGIN_X",
                                         "/opt/${PLATFORM}", "/opt/$ORIGIN",   "opt/lib" };
    char out[BL_CLOSURE_PATH_SIZE];

    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        assert_false(bl_search_join(text_bytes(lists[i]), "/bin", text_bytes("libx.so"), out));
    PUT_LIBRARY("/opt/$LIB/libx.so", NULL);
    PUT_LIBRARY("/usr/lib/libx.so", NULL);
    put_elf("/bin/program", (struct paper_elf){ .runpath = "/opt/$LIB", .needed = { "libx.so" } });
    EXPECT_NEEDS("/bin/program", "/usr/lib/libx.so");
}

static void
test_the_directories_of_ld_so_conf(void **state)
{
    static const char *const expected[] = {
        "/one", "/first", "/second", "/third", "/two", TRIPLET
    };

    (void)state;
    put_text("/etc/ld.so.conf", "# a comment /no\n\n  /one/ # and another\n"
                                "include /etc/ld.so.conf.d/*.conf nested.conf\n"
                                "hwcap 1 nosegneg\nrelative\n/two\n/one\n");
    put_text("/etc/ld.so.conf.d/b.conf", "/second\n");
    put_text("/etc/ld.so.conf.d/a.conf", "/first");
    put_text("/etc/ld.so.conf.d/.hidden.conf", "/no\n");
    put_text("/etc/ld.so.conf.d/other", "/no\n");
    put_text("/etc/nested.conf", "\t/third\r\ninclude /etc/none/*.conf\n");
    PUT_LIBRARY("/bin/program", NULL);
    EXPECT_NEEDS("/bin/program", NULL);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_string_equal(closure.directories[i], expected[i]);
    assert_int_equal(closure.directory_count, 5 + 6);
}

/* An image has no ld.so.conf: what only that leads to gets a name where a loader looks. */
static void
test_a_library_of_ld_so_conf_gets_a_name(void **state)
{
    (void)state;
    put_text("/etc/ld.so.conf", "/opt/lib\n/usr/lib64\n");
    PUT_LIBRARY("/opt/lib/liba.so", NULL);
    PUT_LIBRARY("/usr/lib64/libb.so", NULL);
    PUT_LIBRARY("/usr/lib/liba.so", NULL);
    PUT_LIBRARY("/bin/program", "liba.so", "libb.so");
    EXPECT_NEEDS("/bin/program", "/opt/lib/liba.so", "/usr/lib/liba.so -> /opt/lib/liba.so",
                 "/usr/lib64/libb.so");
}

static void
refuse_conf(const char *content, enum bulla_status expected)
{
    struct bulla_error err = { 0 };

    put_text("/etc/ld.so.conf", content);
    assert_fails(find_needs("/bin/program", &err), expected, &err);
}

static void
test_ld_so_conf_out_of_bounds(void **state)
{
    static char text[70000];
    struct bulla_error err = { 0 };
    size_t used = 0;
    char name[64];

    (void)state;
    PUT_LIBRARY("/bin/program", NULL);
    refuse_conf("include /etc/ld.so.conf\n", BULLA_E_LIMIT);
    for (unsigned i = 0; i < BL_CLOSURE_DIRECTORY_COUNT_MAX - 6; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "/d%u\n", i);
    put_text("/etc/ld.so.conf", text);
    assert_ok(find_needs("/bin/program", &err), &err);
    strcpy(text + used, "/more\n");
    refuse_conf(text, BULLA_E_LIMIT);
    memset(text, ' ', sizeof text - 1);
    refuse_conf(text, BULLA_E_LIMIT);
    text[65536] = 0;
    put_text("/etc/ld.so.conf", text);
    assert_ok(find_needs("/bin/program", &err), &err);
    for (unsigned i = 0; i < 65; i++) {
        (void)snprintf(name, sizeof name, "/etc/many/%u.conf", i);
        put_text(name, "");
    }
    refuse_conf("include many/*.conf\n", BULLA_E_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        in_root(test_default_directories_in_their_order),
        in_root(test_variables_that_nobody_fills_in),
        in_root(test_the_directories_of_ld_so_conf),
        in_root(test_a_library_of_ld_so_conf_gets_a_name),
        in_root(test_ld_so_conf_out_of_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
