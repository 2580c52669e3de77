/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The environment of the process has no say in what libcrypto does for us: a configuration that
 * would make every fetch fail is ignored, while libcrypto's default instance obeys it (which shows
 * that the configuration works).
 */
#include "unit.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "folder.h"

static const char configuration[] = "openssl_conf = all\n"
                                    "[all]\n"
                                    "alg_section = algorithms\n"
                                    "[algorithms]\n"
                                    "default_properties = provider=nobody\n";

static char directory[64];
static char path[sizeof directory + sizeof "/openssl.cnf"];

static int
write_configuration(void **state)
{
    (void)state;
    if (make_folder(directory, sizeof directory) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/openssl.cnf", directory);
    FILE *file = fopen(path, "w");
    if (file == NULL)
        return -1;
    fputs(configuration, file);
    return fclose(file) == 0 && setenv("OPENSSL_CONF", path, 1) == 0 ? 0 : -1;
}

static int
remove_configuration(void **state)
{
    (void)state;
    return unlink(path) == 0 && rmdir(directory) == 0 ? 0 : -1;
}

/* 0 if our functions work in a process where nothing else touched libcrypto before. */
static int
use_ours(void)
{
    uint8_t out[32];
    BL_AUTO_FREE(bl_key) key = NULL;

    if (bl_hash_once(BL_SHA256, BL_LITERAL("abc"), out, NULL) != BULLA_OK ||
        bl_random(out, sizeof out, NULL) != BULLA_OK ||
        bl_key_generate(BL_KEY_P256, &key, NULL) != BULLA_OK)
        return 1;
    return 0;
}

/* 0 if the default instance of libcrypto, told nothing, can fetch a digest. */
static int
use_default(void)
{
    EVP_MD *digest = OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1
                         ? EVP_MD_fetch(NULL, "SHA256", NULL)
                         : NULL;
    EVP_MD_free(digest);
    return digest != NULL ? 0 : 1;
}

static int
in_child(int (*work)(void))
{
    int status = -1;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0)
        _exit(work());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
test_the_configuration_is_ignored(void **state)
{
    (void)state;
    assert_int_equal(in_child(use_default), 1);
    assert_int_equal(in_child(use_ours), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_the_configuration_is_ignored) };
    return cmocka_run_group_tests(tests, write_configuration, remove_configuration);
}
