/* SPDX-License-Identifier: Apache-2.0 */
/* The libraries of a program: found below a root of the test's own as a loader would, or missed by
 * name; and beside ldd on what this system has. */
#include <limits.h>

#include "enclave/closure_root.h"

#include "base/fault.h"

/* -- what is found ------------------------------------------------------------------------------- */

static void
test_interpreter_and_libraries_under_every_name(void **state)
{
    (void)state;
    put_link("/lib", "usr/lib");
    put_link("/lib64", "usr/lib64");
    put_link("/usr/lib64/ld-linux-x86-64.so.2", "../lib/x86_64-linux-gnu/ld-2.36.so");
    put_elf("/usr/lib/x86_64-linux-gnu/ld-2.36.so", (struct paper_elf){ 0 });
    put_link("/usr/lib/x86_64-linux-gnu/liba.so.1", "liba.so.1.5");
    PUT_LIBRARY("/usr/lib/x86_64-linux-gnu/liba.so.1.5", "libb.so");
    PUT_LIBRARY("/usr/lib/x86_64-linux-gnu/libb.so", NULL);
    put_elf("/bin/program",
            (struct paper_elf){ .interpreter = LOADER, .needed = { "liba.so.1", "libb.so" } });
    EXPECT_NEEDS("/bin/program", "/lib -> usr/lib", "/lib64 -> usr/lib64",
                 "/usr/lib64/ld-linux-x86-64.so.2 -> ../lib/x86_64-linux-gnu/ld-2.36.so",
                 "/usr/lib/x86_64-linux-gnu/ld-2.36.so",
                 "/usr/lib/x86_64-linux-gnu/liba.so.1 -> liba.so.1.5",
                 "/usr/lib/x86_64-linux-gnu/liba.so.1.5", "/usr/lib/x86_64-linux-gnu/libb.so");
}

static void
test_rpath_and_runpath(void **state)
{
    struct paper_elf program = { .rpath = "/old", .needed = { "libx.so" } };

    (void)state;
    PUT_LIBRARY("/old/libx.so", NULL);
    PUT_LIBRARY("/new/libx.so", NULL);
    PUT_LIBRARY("/usr/lib/libx.so", NULL);
    put_elf("/bin/program", program);
    EXPECT_NEEDS("/bin/program", "/old/libx.so");
    program.runpath = "::/nowhere:/new:/old";
    put_elf("/bin/program", program);
    EXPECT_NEEDS("/bin/program", "/new/libx.so");
    program.runpath = "/nowhere"; /* and RPATH is void all the same */
    put_elf("/bin/program", program);
    EXPECT_NEEDS("/bin/program", "/usr/lib/libx.so");
    program.runpath = "";
    put_elf("/bin/program", program);
    EXPECT_NEEDS("/bin/program", "/usr/lib/libx.so");
}

/* DT_RPATH of the program serves its libraries; DT_RUNPATH does not, and a library with one of its
 * own asks nobody else. */
static void
test_whose_path_serves_whom(void **state)
{
    (void)state;
    PUT_LIBRARY("/opt/liba.so", "libb.so");
    PUT_LIBRARY("/opt/libb.so", NULL);
    put_elf("/bin/program", (struct paper_elf){ .rpath = "/opt", .needed = { "liba.so" } });
    EXPECT_NEEDS("/bin/program", "/opt/liba.so", "/opt/libb.so");
    put_elf("/bin/program", (struct paper_elf){ .runpath = "/opt", .needed = { "liba.so" } });
    expect_missing("/bin/program", "libb.so, which /opt/liba.so needs");
    put_elf("/bin/program", (struct paper_elf){ .rpath = "/opt", .needed = { "liba.so" } });
    put_elf("/opt/liba.so", (struct paper_elf){ .runpath = "", .needed = { "libb.so" } });
    expect_missing("/bin/program", "libb.so, which /opt/liba.so needs");
}

/* Breadth first: what the program found itself is there already when a library asks for it. */
static void
test_a_name_found_once_serves_all(void **state)
{
    (void)state;
    PUT_LIBRARY("/opt/liba.so", "libb.so");
    PUT_LIBRARY("/opt/libb.so", NULL);
    put_elf("/bin/program",
            (struct paper_elf){ .runpath = "/opt", .needed = { "liba.so", "libb.so" } });
    EXPECT_NEEDS("/bin/program", "/opt/liba.so", "/opt/libb.so");
}

static void
test_origin(void **state)
{
    static const char *const lists[] = { "$ORIGIN/../lib", "${ORIGIN}/../lib",
                                         "/x:$ORIGIN/../lib/" };

    (void)state;
    PUT_LIBRARY("/opt/app/lib/libx.so", NULL);
    for (size_t i = 0; i < 3; i++) {
        put_elf("/opt/app/bin/program",
                (struct paper_elf){ .runpath = lists[i], .needed = { "libx.so" } });
        EXPECT_NEEDS("/opt/app/bin/program", "/opt/app/lib/libx.so");
    }
    PUT_LIBRARY("/opt/app/bin/libx.so", NULL);
    put_elf("/opt/app/bin/program", (struct paper_elf){ .needed = { "$ORIGIN/libx.so" } });
    EXPECT_NEEDS("/opt/app/bin/program", "/opt/app/bin/libx.so");
    put_elf("/program", (struct paper_elf){ .runpath = "$ORIGIN", .needed = { "libx.so" } });
    PUT_LIBRARY("/libx.so", NULL);
    EXPECT_NEEDS("/program", "/libx.so");
    expect_missing("program", "libx.so, which program needs"); /* it may end up anywhere */
}

/* $ORIGIN of a library is where it was reached, which a link may be. */
static void
test_origin_of_a_link(void **state)
{
    (void)state;
    put_elf("/store/real/liba.so",
            (struct paper_elf){ .runpath = "$ORIGIN", .needed = { "libb.so" } });
    put_link("/opt/lib/liba.so", "../../store/real/liba.so");
    PUT_LIBRARY("/opt/lib/libb.so", NULL);
    put_elf("/bin/program", (struct paper_elf){ .runpath = "/opt/lib", .needed = { "liba.so" } });
    EXPECT_NEEDS("/bin/program", "/opt/lib/liba.so -> ../../store/real/liba.so",
                 "/store/real/liba.so", "/opt/lib/libb.so");
}

static void
test_others_of_the_name_are_passed_by(void **state)
{
    struct paper_file small;

    (void)state;
    put_elf("/opt/a/libx.so", (struct paper_elf){ .machine = BL_ELF_AARCH64 });
    paper_make(&(struct paper_elf){ 0 }, &small);
    small.bytes[4] = 1; /* 32 bits */
    put("/opt/b/libx.so", (struct bulla_bytes){ small.bytes, small.size });
    put_text("/opt/c/libx.so", "/* a linker's script */");
    put_text("/opt/d/libx.so", "");
    put_text("/opt/e/libx.so/file", "");
    put_link("/opt/f/libx.so", "nowhere");
    assert_int_equal(mkdir(test_path(0, "opt/g"), 0700), 0);
    assert_int_equal(mkfifo(test_path(0, "opt/g/libx.so"), 0600), 0);
    PUT_LIBRARY("/opt/h/libx.so", NULL);
    put_elf(
        "/bin/program",
        (struct paper_elf){ .runpath = "/opt/a:/opt/b:/opt/c:/opt/d:/opt/e:/opt/f:/opt/g:/opt/h",
                            .needed = { "libx.so" } });
    EXPECT_NEEDS("/bin/program", "/opt/h/libx.so");
}

static void
test_cycles(void **state)
{
    (void)state;
    PUT_LIBRARY("/lib/liba.so", "libb.so", "liba.so");
    PUT_LIBRARY("/lib/libb.so", "liba.so", "/lib/liba.so");
    PUT_LIBRARY("/bin/program", "liba.so");
    EXPECT_NEEDS("/bin/program", "/lib/liba.so", "/lib/libb.so");
}

/* -- what is missing or too much ----------------------------------------------------------------- */

static void
test_what_is_missing_has_a_name(void **state)
{
    static char text[BL_CLOSURE_PATH_SIZE + 8];
    struct bulla_error err = { 0 };

    (void)state;
    PUT_LIBRARY("/bin/program", "liba.so");
    expect_missing("/bin/program", "liba.so, which /bin/program needs");
    PUT_LIBRARY("/usr/lib/liba.so", "libb.so.3");
    expect_missing("/bin/program", "libb.so.3, which /usr/lib/liba.so needs");
    PUT_LIBRARY("/usr/lib/liba.so", "/opt/libc.so");
    expect_missing("/bin/program", "/opt/libc.so, which /usr/lib/liba.so needs");
    put_elf("/bin/program", (struct paper_elf){ .interpreter = LOADER });
    expect_missing("/bin/program", LOADER ", which /bin/program needs");
    put_elf("/bin/program", (struct paper_elf){ .interpreter = "ld.so" });
    expect_missing("/bin/program", "ld.so, which /bin/program needs");
    memset(text, 'a', sizeof text - 1); /* not the file of the first 255 bytes */
    text[0] = '/';
    put_elf("/bin/program", (struct paper_elf){ .interpreter = text });
    assert_fails(find_needs("/bin/program", &err), BULLA_E_NOT_FOUND, &err);
    assert_memory_equal(closure.missing, text, sizeof text - 1);
}

static void
test_a_library_that_cannot_be_read(void **state)
{
    struct paper_file f;
    struct bulla_error err = { 0 };

    (void)state;
    paper_make(&(struct paper_elf){ .needed = { "libb.so" } }, &f);
    put("/usr/lib/liba.so", (struct bulla_bytes){ f.bytes, f.size - 1 });
    PUT_LIBRARY("/bin/program", "liba.so");
    assert_fails(find_needs("/bin/program", &err), BULLA_E_MALFORMED, &err);
    assert_string_equal(closure.missing, "/usr/lib/liba.so");
    put("/bin/program", (struct bulla_bytes){ f.bytes, f.size - 1 });
    assert_fails(find_needs("/bin/program", &err), BULLA_E_MALFORMED, &err);
}

/* A chain of libraries as long as may be, and one more. */
static void
test_how_many(void **state)
{
    struct bulla_error err = { 0 };
    char path[64], next[64];

    (void)state;
    for (unsigned i = 0; i <= BL_CLOSURE_ITEM_COUNT_MAX; i++) {
        (void)snprintf(path, sizeof path, "/lib/lib%u.so", i);
        (void)snprintf(next, sizeof next, "lib%u.so", i + 1);
        PUT_LIBRARY(path, i < BL_CLOSURE_ITEM_COUNT_MAX ? next : NULL);
    }
    PUT_LIBRARY("/bin/program", "lib1.so");
    assert_ok(find_needs("/bin/program", &err), &err);
    assert_int_equal(closure.count, BL_CLOSURE_ITEM_COUNT_MAX);
    PUT_LIBRARY("/bin/program", "lib0.so");
    assert_fails(find_needs("/bin/program", &err), BULLA_E_LIMIT, &err);
}

/* -- links --------------------------------------------------------------------------------------- */

static enum bulla_status
resolve(const char *path, char out[BL_CLOSURE_PATH_SIZE], struct bulla_error *err)
{
    return bl_closure_resolve(&closure, path, /* add= */ false, out, err);
}

static void
test_no_link_leaves_the_root(void **state)
{
    char out[BL_CLOSURE_PATH_SIZE];
    struct bulla_error err = { 0 };

    (void)state;
    put_text("/etc/passwd", "of the root\n");
    put_text("/a/file", "");
    put_link("/a/absolute", "/etc/passwd");
    put_link("/a/up", "../../../../../../../../etc/passwd");
    put_link("/b", "a");
    assert_ok(resolve("/a/absolute", out, &err), &err);
    assert_string_equal(out, "/etc/passwd");
    assert_ok(resolve("/b/./up", out, &err), &err);
    assert_string_equal(out, "/etc/passwd");
    assert_ok(resolve("//b/..//../b/file", out, &err), &err);
    assert_string_equal(out, "/a/file");
    assert_fails(resolve("/usr/bin/env", out, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(resolve("/a/file/x", out, &err), BULLA_E_NOT_FOUND, &err);
    assert_fails(resolve("a/file", out, &err), BULLA_E_NOT_FOUND, &err);
    put_link("/a/outside", test_path(1, "a/file")); /* a path of the host */
    assert_fails(resolve("/a/outside", out, &err), BULLA_E_NOT_FOUND, &err);
}

static void
test_chains_of_links(void **state)
{
    char out[BL_CLOSURE_PATH_SIZE], path[32], target[32];
    struct bulla_error err = { 0 };

    (void)state;
    put_text("/l0", "");
    for (unsigned i = 1; i <= 41; i++) {
        (void)snprintf(path, sizeof path, "/l%u", i);
        (void)snprintf(target, sizeof target, "l%u", i - 1);
        put_link(path, target);
    }
    assert_ok(resolve("/l40", out, &err), &err);
    assert_string_equal(out, "/l0");
    assert_fails(resolve("/l41", out, &err), BULLA_E_NOT_FOUND, &err);
    put_link("/round", "round");
    assert_fails(resolve("/round", out, &err), BULLA_E_NOT_FOUND, &err);
    put_link("/here", "there");
    put_link("/there", "/here");
    assert_fails(resolve("/here", out, &err), BULLA_E_NOT_FOUND, &err);
}

/* -- scripts ------------------------------------------------------------------------------------- */

static void
test_scripts(void **state)
{
    static const char *const bad[] = { "#!", "#!\n/bin/shell\n", "#!   \t \n" };
    struct bulla_error err = { 0 };
    char line[300];

    (void)state;
    PUT_LIBRARY("/usr/bin/shell", "liba.so");
    PUT_LIBRARY("/usr/lib/liba.so", NULL);
    put_link("/bin", "usr/bin");
    put_text("/script", "#! \t/bin/shell -e\necho\n");
    EXPECT_NEEDS("/script", "/bin -> usr/bin", "/usr/bin/shell", "/usr/lib/liba.so");
    put_text("/script", "#!/bin/shell\r\n");
    EXPECT_NEEDS("/script", "/bin -> usr/bin", "/usr/bin/shell", "/usr/lib/liba.so");
    put_text("/script", "#!/bin/other");
    expect_missing("/script", "/bin/other");
    put_text("/script", "#!shell\n");
    expect_missing("/script", "shell");
    for (size_t i = 0; i < 3; i++) {
        put_text("/script", bad[i]);
        assert_fails(find_needs("/script", &err), BULLA_E_MALFORMED, &err);
    }
    (void)snprintf(line, sizeof line, "#!/%0290d", 1); /* longer than Linux reads */
    put_text("/script", line);
    assert_fails(find_needs("/script", &err), BULLA_E_MALFORMED, &err);
    put_text("/script", "no script\n");
    EXPECT_NEEDS("/script", NULL);
}

/* -- failing host -------------------------------------------------------------------------------- */

static void
test_every_failure(void **state)
{
    static const enum bl_fault kinds[] = { BL_FAULT_MEMORY, BL_FAULT_FILE };
    struct bulla_error err = { 0 };

    (void)state;
    put_text("/etc/ld.so.conf", "/opt/lib\ninclude x.*\n");
    put_text("/etc/x.conf", "/opt/more\n");
    PUT_LIBRARY("/opt/lib/liba.so", "libb.so");
    PUT_LIBRARY("/opt/more/libb.so", NULL);
    PUT_LIBRARY("/bin/program", "liba.so");
    for (size_t k = 0; k < 2; k++) {
        bool reached = true;
        for (uint64_t nth = 1; reached; nth++) {
            bl_fault_arm(kinds[k], nth, false);
            enum bulla_status status = find_needs("/bin/program", &err);
            reached = bl_fault_disarm();
            if (status == BULLA_OK) /* or else it failed; it never finds less */
                assert_true(item("/opt/lib/liba.so") != NULL && item("/opt/more/libb.so") != NULL);
            else
                assert_true(reached);
        }
    }
}

/* -- beside ldd ---------------------------------------------------------------------------------- */

/** Everything that ldd lists is a file of the closure, and nothing else is. */
static void
compare_with_ldd(const char *program)
{
    struct bulla_error err = { 0 };
    char command[PATH_MAX + 64], line[2 * PATH_MAX], real[PATH_MAX];
    size_t files = 0, listed = 0;

    assert_ok(find_needs(program, &err), &err);
    (void)snprintf(command, sizeof command, "env -i PATH=/usr/bin:/bin ldd %s", program);
    FILE *ldd = popen(command, "r");
    assert_non_null(ldd);
    while (fgets(line, sizeof line, ldd) != NULL) {
        char *path = strchr(line, '/');
        char *arrow = strstr(line, "=> /");
        path = arrow != NULL ? arrow + 3 : path;
        if (path == NULL) /* linux-vdso */
            continue;
        path[strcspn(path, " \n")] = 0;
        assert_non_null(realpath(path, real));
        if (item(real) == NULL)
            print_message("# %s needs %s\n", program, real);
        assert_non_null(item(real));
        listed++;
    }
    assert_int_equal(pclose(ldd), 0);
    for (size_t i = 0; i < closure.count; i++)
        files += closure.items[i].target[0] == 0;
    assert_int_equal(files, listed);
    assert_true(listed > 1);
}

static void
test_beside_ldd(void **state)
{
    static const char *const programs[] = { "/bin/bash",       "/usr/bin/env",
                                            "/usr/bin/curl",   "/usr/bin/redis-check-rdb",
                                            "/usr/bin/git",    "/usr/bin/swtpm",
                                            "/usr/bin/apt-get" };
    char real[PATH_MAX];

    (void)state;
    int own = closure.root_fd;
    closure.root_fd = open("/", O_PATH | O_CLOEXEC);
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (realpath(programs[i], real) != NULL)
            compare_with_ldd(real);
    close(closure.root_fd);
    closure.root_fd = own;
}

/* What the tests above say of breadth and of links, said by a real loader. */
static void
test_the_loader_agrees(void **state)
{
    char command[1024], program[TEST_PATH_SIZE];

    (void)state;
    if (system("command -v gcc >/dev/null") != 0)
        unit_skip("no gcc to make libraries");
    (void)snprintf(
        command, sizeof command,
        "cd %s && mkdir lib store && :>e.c && echo 'int main(void){return 0;}' >m.c &&"
        "g() { gcc -Wl,--no-as-needed \"$@\"; } && g -shared -o lib/libb.so e.c &&"
        "g -shared -o lib/libc1.so e.c &&"
        "g -shared -o store/liba.so e.c -Llib -lb -lc1 -Wl,--enable-new-dtags,-rpath,'$ORIGIN' &&"
        "g -shared -o lib/libd.so e.c -Llib -lb && ln -s ../store/liba.so lib/liba.so &&"
        "g -o program m.c -Llib -ld -la -lb -Wl,--enable-new-dtags,-rpath,'$ORIGIN/lib'",
        test_directory);
    assert_int_equal(system(command), 0);
    int own = closure.root_fd;
    closure.root_fd = open("/", O_PATH | O_CLOEXEC);
    (void)snprintf(program, sizeof program, "%s/program", test_directory);
    compare_with_ldd(program);
    close(closure.root_fd);
    closure.root_fd = own;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        in_root(test_interpreter_and_libraries_under_every_name),
        in_root(test_rpath_and_runpath),
        in_root(test_whose_path_serves_whom),
        in_root(test_a_name_found_once_serves_all),
        in_root(test_origin),
        in_root(test_origin_of_a_link),
        in_root(test_others_of_the_name_are_passed_by),
        in_root(test_cycles),
        in_root(test_what_is_missing_has_a_name),
        in_root(test_a_library_that_cannot_be_read),
        in_root(test_how_many),
        in_root(test_no_link_leaves_the_root),
        in_root(test_chains_of_links),
        in_root(test_scripts),
        in_root(test_every_failure),
        in_root(test_beside_ldd),
        in_root(test_the_loader_agrees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
