/* SPDX-License-Identifier: Apache-2.0 */
/* The manifest: everything it can say, everything it may not, and its one canonical form. */
#include <stdlib.h>

#include "policy/manifest_fixture.h"

#include "base/fault.h"
#include "crypto/key.h"

static void
everything_is_read_as_it_is_written(void **state)
{
    BL_AUTO(bl_manifest) m = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_manifest_from_yaml(text_bytes(full_manifest), &fixture_resolver, &m, &err), &err);
    assert_string_equal(m.name, "redis");
    assert_string_equal(m.product, "example.org/redis");
    assert_int_equal(m.version, 3);
    assert_memory_equal(m.signer, fixture_signer, 32);
    assert_int_equal(m.file_count, 2);
    assert_string_equal(m.files[0].from, "redis.conf");
    assert_string_equal(m.files[0].to, "/etc/redis.conf");
    assert_int_equal(m.files[0].mode, 0644);
    assert_string_equal(m.files[1].from, "/usr/bin/redis-server");
    assert_string_equal(m.files[1].to, "/usr/bin/redis-server");
    assert_int_equal(m.files[1].mode, 0);
    assert_true(m.with_closure);
    assert_false(m.with_name_service);
    assert_int_equal(m.directory_count, 2);
    assert_string_equal(m.directories[0], "/run/redis");
    assert_string_equal(m.directories[1], "/var/log");
    assert_int_equal(m.entry_count, 3);
    assert_string_equal(m.entry[1], "/etc/redis.conf");
    assert_string_equal(m.entry[2], "");
    assert_null(m.entry[3]);
    assert_int_equal(m.user, 999);
    assert_int_equal(m.environment_count, 3);
    assert_string_equal(m.environment[0].name, "EMPTY");
    assert_string_equal(m.environment[0].value, "");
    assert_string_equal(m.environment[2].value, "UTC");
    assert_int_equal(m.memory, 256u << 20);
    assert_int_equal(m.cpu_milli, 1250);
    assert_int_equal(m.pids, 64);
    assert_int_equal(m.open_files, 1024);
    assert_int_equal(m.tmp, 16u << 20);
}

static void
network_and_data_are_read_as_they_are_written(void **state)
{
    BL_AUTO(bl_manifest) m = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_manifest_from_yaml(text_bytes(full_manifest), &fixture_resolver, &m, &err), &err);
    assert_int_equal(m.listen_count, 2);
    assert_string_equal(m.listen[0].outside.host, "::1");
    assert_int_equal(m.listen[0].inside_port, 80);
    assert_string_equal(m.listen[1].outside.host, "127.0.0.1");
    assert_int_equal(m.listen[1].outside.port, 6380);
    assert_int_equal(m.listen[1].inside_port, 6379);
    assert_int_equal(m.connect_count, 2);
    assert_int_equal(m.connect[0].inside_port, 123);
    assert_string_equal(m.connect[1].outside.host, "db.example.org");
    assert_int_equal(m.connect[1].outside.port, 15432);
    assert_int_equal(m.connect[1].inside_port, 5432);
    assert_int_equal(m.sealed_count, 2);
    assert_string_equal(m.sealed[0].path, "/data");
    assert_int_equal(m.sealed[0].size, 64u << 20);
    assert_int_equal(m.sealed[0].bind, BL_BIND_SIGNER | BL_BIND_PRODUCT | BL_BIND_VERSION);
    assert_int_equal(m.sealed[1].bind, BL_BIND_CODE | BL_BIND_CONFIG);
    assert_int_equal(m.secret_count, 1);
    assert_string_equal(m.secrets[0].name, "redis/password");
    assert_string_equal(m.secrets[0].file, "/run/secrets/auth.conf");
    assert_int_equal(m.secrets[0].mode, 0440);
    assert_int_equal(m.landlock_min, 3);
    assert_int_equal(m.cgroup_min, 1);
    assert_true(m.needs_memfd_secret);
    assert_int_equal(m.permit_unenforced, BL_UNENFORCED_MEMORY | BL_UNENFORCED_PIDS);
    assert_int_equal(m.replicas, 2);
    assert_true(m.has_broker);
    assert_string_equal(m.broker.endpoint.host, "broker.example.org");
    assert_int_equal(m.broker.root[31], 31);
    assert_int_equal(m.restart, BL_RESTART_ON_FAILURE);
    assert_int_equal(m.health_port, 6379);
    assert_int_equal(m.health_interval_ms, 5000);
    assert_int_equal(m.health_timeout_ms, 500);
    assert_int_equal(m.log_size, 256u << 10);
}

static void
what_is_not_said_is_denied(void **state)
{
    BL_AUTO(bl_manifest) m = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_manifest_from_yaml(text_bytes(least_manifest), &fixture_resolver, &m, &err), &err);
    assert_int_equal(m.listen_count + m.connect_count, 0);
    assert_int_equal(m.secret_count + m.sealed_count, 0);
    assert_int_equal(m.environment_count, 0);
    assert_int_equal(m.permit_unenforced, 0);
    assert_int_equal(m.landlock_min, 1);
    assert_int_equal(m.tmp, 0);
    assert_int_equal(m.replicas, 1);
    assert_int_equal(m.user, 1000);
    assert_false(m.has_broker);
    assert_int_equal(m.restart, BL_RESTART_NEVER);
    assert_int_equal(m.health_port, 0);
}

static void
the_signer_digest_is_that_of_its_spki(void **state)
{
    BL_AUTO(bl_manifest) m = { 0 };
    BL_AUTO(bulla_buffer) spki = { 0 };
    BL_AUTO_FREE(bl_key) key = NULL;
    uint8_t digest[32];

    (void)state;
    assert_int_equal(bl_manifest_from_yaml(text_bytes(least_manifest), &fixture_resolver, &m, NULL),
                     BULLA_OK);
    assert_int_equal(
        bl_key_from_raw_public(BL_KEY_ED25519, BL_BYTES_OF(fixture_signer), &key, NULL), BULLA_OK);
    assert_int_equal(bl_key_spki(key, &spki, NULL), BULLA_OK);
    assert_int_equal(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&spki), digest, NULL), BULLA_OK);
    assert_memory_equal(digest, m.signer_digest, 32);
}

static void
digest_of(const char *yaml, uint8_t out[32])
{
    BL_AUTO(bl_manifest) m = { 0 };
    struct bulla_error err = { 0 };
    uint8_t again[32];

    assert_ok(bl_manifest_from_yaml(text_bytes(yaml), &fixture_resolver, &m, &err), &err);
    assert_int_equal(bl_hash_once(BL_SHA256, bulla_buffer_bytes(&m.canonical), again, NULL),
                     BULLA_OK);
    assert_memory_equal(again, m.digest, 32);
    memcpy(out, m.digest, 32);
}

static const struct {
    const char *from, *to;
} same_meaning[] = {
    { "[/var/log, /run/redis]", "[/run/redis, /var/log]" },
    { "    - /usr/bin/redis-server\n",
      "    - { from: /usr/bin/redis-server, to: /usr/bin/redis-server }\n" },
    { "'127.0.0.1:6380 -> 6379', '[::1]:80'", "'[::1]:80 -> 80', '127.0.0.1:6380 -> 6379'" },
    { "memory: 256M", "memory: 268435456" },
    { "cpus: 1.25", "cpus: 1.250" },
    { "mode: 0644", "mode: '644'" },
    { "size: 64M }", "size: 64M, bind: [version, product, signer] }" },
    { "restart: on-failure", "restart: always" },
    { "port: 6379, interval: 5s", "port: 80, interval: 6s" },
    { "log: { size: 256K }", "log: { size: 1M }" },
    { "debug: false\n", "" },
    { "attestation: { binding: channel }\n", "# nothing\n" },
};

static void
equal_meaning_has_an_equal_digest(void **state)
{
    uint8_t digest[32], other[32];

    (void)state;
    digest_of(full_manifest, digest);
    for (size_t i = 0; i < sizeof same_meaning / sizeof same_meaning[0]; i++) {
        char *text = edited(full_manifest, same_meaning[i].from, same_meaning[i].to);
        digest_of(text, other);
        assert_memory_equal(digest, other, 32);
        free(text);
    }
}

static const struct {
    const char *from, *to;
} other_meaning[] = {
    { "name: redis", "name: redis2" },
    { "example.org/redis", "example.org/redit" },
    { "version: 3", "version: 4" },
    { "from: redis.conf", "from: redit.conf" },
    { "to: /etc/redis.conf", "to: /etc/redit.conf" },
    { "mode: 0644", "mode: 0640" },
    { "closure: true", "closure: false" },
    { "name_service: false", "name_service: true" },
    { "[/var/log, ", "[" },
    { "/etc/redis.conf, '']", "'', /etc/redis.conf]" },
    { "user: 999", "user: 998" },
    { "TZ: UTC", "TZ: CET" },
    { "memory: 256M", "memory: 257M" },
    { "cpus: 1.25", "cpus: 1.251" },
    { "pids: 64", "pids: 65" },
    { "open_files: 1024", "open_files: 1025" },
    { "tmp: 16M", "tmp: 0" },
    { "127.0.0.1:6380", "127.0.0.2:6380" },
    { "db.example.org:15432", "db.example.org:15433" },
    { "size: 64M", "size: 65M" },
    { "[code, config]", "[code]" },
    { "redis/password", "redis/passwort" },
    { "auth.conf, mode: 0440", "auth.conf, mode: 0400" },
    { "landlock: 3", "landlock: 4" },
    { "cgroup: 1", "cgroup: 2" },
    { "memfd_secret: true", "memfd_secret: false" },
    { "[memory, pids]", "[memory]" },
    { "replicas: 2", "replicas: 1" },
    { "AAECAwQ", "BAECAwQ" },
};

static void
each_field_changes_the_digest(void **state)
{
    uint8_t digest[32], other[32];

    (void)state;
    digest_of(full_manifest, digest);
    for (size_t i = 0; i < sizeof other_meaning / sizeof other_meaning[0]; i++) {
        char *text = edited(full_manifest, other_meaning[i].from, other_meaning[i].to);
        digest_of(text, other);
        assert_memory_not_equal(digest, other, 32);
        free(text);
    }
}

static const struct {
    const char *from, *to;
    size_t line;
    const char *where;
} wrong[] = {
    { "name: redis\n", "name: Redis\n", 2, "name" },
    { "name: redis\n", "name: -r\n", 2, "name" },
    { "name: redis\n", "name: ''\n", 2, "name" },
    { "name: redis\n", "nam: redis\n", 2, "manifest" },
    { "example.org/redis", "example..org", 3, "product" },
    { "example.org/redis", "redis/", 3, "product" },
    { "version: 3", "version: 0", 4, "version" },
    { "version: 3", "version: -3", 4, "version" },
    { "version: 3", "version: 9223372036854775808", 4, "version" },
    { "debug: false", "debug: true", 6, "debug" },
    { "debug: false", "debug: no", 6, "debug" },
    { "- /usr/bin/redis-server", "- usr/bin/redis-server", 9, "files" },
    { "- /usr/bin/redis-server", "- /usr/../redis-server", 9, "files" },
    { "- /usr/bin/redis-server", "- /usr//redis-server", 9, "files" },
    { "- /usr/bin/redis-server", "- /usr/./redis-server", 9, "files" },
    { "- /usr/bin/redis-server", "- /usr/", 9, "files" },
    { "- /usr/bin/redis-server", "- /", 9, "files" },
    { "- /usr/bin/redis-server", "- \"/a\\tb\"", 9, "files" },
    { "- /usr/bin/redis-server", "- /.bulla/agent", 8, "image" },
    { "- /usr/bin/redis-server", "- /proc/x", 8, "image" },
    { "- /usr/bin/redis-server", "- /run/secrets/x", 8, "image" },
    { "- /usr/bin/redis-server", "- /data/x", 8, "image" },
    { "- /usr/bin/redis-server", "- /tmp/x", 8, "image" },
    { "- /usr/bin/redis-server", "- /etc/redis.conf", 8, "image" },
    { "- /usr/bin/redis-server", "- /etc/redis.conf/x", 8, "image" },
    { "mode: 0644", "mode: 4755", 10, "mode" },
    { "mode: 0644", "mode: 0888", 10, "mode" },
    { "mode: 0644", "mode: '000'", 10, "mode" },
    { "mode: 0644", "mode: rw", 10, "mode" },
    { "mode: 0644", "owner: root", 10, "files" },
    { "closure: true", "closure: yes", 11, "closure" },
    { "/run/redis]", "/dev/x]", 8, "image" },
    { "/run/redis]", "/var/log]", 8, "image" },
    { "/run/redis]", "/etc/redis.conf]", 8, "image" },
    { "entry: [/usr", "entry: [usr", 14, "entry" },
    { "[/usr/bin/redis-server, /etc/redis.conf, '']", "[]", 14, "entry" },
    { "user: 999", "user: 0", 15, "user" },
    { "user: 999", "user: 65534", 15, "user" },
    { "TZ: UTC", "1Z: UTC", 16, "environment" },
    { "TZ: UTC", "T-Z: UTC", 16, "environment" },
    { "TZ: UTC", "BULLA_X: UTC", 16, "environment" },
    { "TZ: UTC", "TZ: null", 16, "environment" },
    { "memory: 256M", "memory: 1M", 18, "memory" },
    { "memory: 256M", "memory: 256MB", 18, "memory" },
    { "  memory: 256M\n", "", 18, "memory" },
    { "  cpus: 1.25\n", "", 18, "cpus" },
    { "  pids: 64\n", "", 18, "pids" },
    { "  open_files: 1024\n", "", 18, "open_files" },
    { "cpus: 1.25", "cpus: 0", 19, "cpus" },
    { "cpus: 1.25", "cpus: 1.2345", 19, "cpus" },
    { "cpus: 1.25", "cpus: 01", 19, "cpus" },
    { "cpus: 1.25", "cpus: 1.", 19, "cpus" },
    { "cpus: 1.25", "cpus: .5", 19, "cpus" },
    { "cpus: 1.25", "cpus: 1025", 19, "cpus" },
    { "cpus: 1.25", "cpus: 12345", 19, "cpus" },
    { "pids: 64", "pids: 3", 20, "pids" },
    { "open_files: 1024", "open_files: 15", 21, "open_files" },
    { "127.0.0.1:6380 -> 6379", "localhost:6380 -> 6379", 24, "listen" },
    { "127.0.0.1:6380 -> 6379", "127.0.0.1:6380 -> 0", 24, "listen" },
    { "127.0.0.1:6380 -> 6379", "127.0.0.1:6380 -> 65536", 24, "listen" },
    { "127.0.0.1:6380 -> 6379", "6379", 24, "listen" },
    { "127.0.0.1:6380 -> 6379", "127.0.0.1:6380 -> 80", 24, "network" },
    { "127.0.0.1:6380 -> 6379", "[::1]:80 -> 6379", 24, "network" },
    { "5432 -> db.example.org:15432", "db.example.org -> 15432", 25, "connect" },
    { "5432 -> db.example.org:15432", "6379 -> db.example.org:15432", 24, "network" },
    { "5432 -> db.example.org:15432", "123 -> db.example.org:15432", 24, "network" },
    { "path: /data", "path: /", 27, "path" },
    { "path: /data", "path: /run", 27, "sealed" },
    { "path: /data", "path: /keys/sub", 27, "sealed" },
    { "path: /data", "path: /keys", 27, "sealed" },
    { "path: /data", "path: /tmp/x", 27, "sealed" },
    { "path: /data", "path: /proc", 27, "sealed" },
    { "path: /data", "path: /usr", 8, "image" },
    { "size: 64M }", "size: 1K }", 27, "size" },
    { "[code, config]", "[version]", 28, "bind" },
    { "[code, config]", "[signer]", 28, "bind" },
    { "[code, config]", "[]", 28, "bind" },
    { "[code, config]", "[code, code]", 28, "bind" },
    { "[code, config]", "[core, config]", 28, "bind" },
    { "redis/password", "redis//password", 30, "name" },
    { "/run/secrets/auth.conf", "/etc/auth.conf", 30, "file" },
    { "/run/secrets/auth.conf", "/run/secrets/a/b", 30, "file" },
    { "mode: 0440", "mode: 0600", 30, "mode" },
    { "binding: channel", "binding: none", 31, "binding" },
    { "landlock: 3", "landlok: 3", 33, "minimum" },
    { "cgroup: 1", "cgroup: 3", 33, "cgroup" },
    { "[memory, pids]", "[memory, disk]", 34, "permit_unenforced" },
    { "replicas: 2", "replicas: 0", 35, "replicas" },
    { ":8743#", ":8743", 36, "broker" },
    { "restart: on-failure", "restart: sometimes", 37, "restart" },
    { "port: 6379, i", "port: 6378, i", 38, "health" },
    { "interval: 5s", "interval: 5", 38, "interval" },
    { "size: 256K }", "size: 1 }", 39, "size" },
    { "log: {", "signature: {", 39, "manifest" },
};

static void
what_is_wrong_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char *text = edited(full_manifest, wrong[i].from, wrong[i].to);
        struct bl_manifest m = { .version = 77 };
        struct bulla_error err = { 0 };
        enum bulla_status status =
            bl_manifest_from_yaml(text_bytes(text), &fixture_resolver, &m, &err);

        if (status != BULLA_E_MALFORMED || err.offset != wrong[i].line ||
            strcmp(err.where, wrong[i].where) != 0)
            fail_msg("%s: status %d, %s: %s, line %zu", wrong[i].to, (int)status, err.where,
                     err.what, err.offset);
        assert_int_not_equal(err.detail, 0);
        assert_int_equal(m.version, 77);
        assert_null(m.texts);
        free(text);
    }
}

static const char *const required[] = { "bulla: 1\n",           "name: a\n",
                                        "product: p\n",         "version: 1\n",
                                        "signer: signer.pub\n", "image: { files: [/bin/a] }\n",
                                        "entry: [/bin/a]\n" };

static void
what_is_required_must_be_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof required / sizeof required[0]; i++) {
        char *text = edited(least_manifest, required[i], "");
        BL_AUTO(bl_manifest) m = { 0 };
        struct bulla_error err = { 0 };

        assert_fails(bl_manifest_from_yaml(text_bytes(text), &fixture_resolver, &m, &err),
                     BULLA_E_MALFORMED, &err);
        assert_string_equal(err.what, "required and missing");
        free(text);
    }
}

static void
the_word_that_was_meant_is_named(void **state)
{
    char *text = edited(full_manifest, "network:", "netwrok:");
    BL_AUTO(bl_manifest) m = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_fails(bl_manifest_from_yaml(text_bytes(text), &fixture_resolver, &m, &err),
                 BULLA_E_MALFORMED, &err);
    assert_string_equal(err.expected.word, "network");
    free(text);
}

static void
secrets_need_a_broker_and_a_file_may_hold_its_address(void **state)
{
    char *text = edited(full_manifest, "broker: bulla", "# broker: bulla");
    char *from_file =
        edited(full_manifest,
               "bulla://broker.example.org:8743#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
               "broker.address");
    char *missing = edited(from_file, "broker.address", "other.address");
    BL_AUTO(bl_manifest) m = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_fails(bl_manifest_from_yaml(text_bytes(text), &fixture_resolver, &m, &err),
                 BULLA_E_MALFORMED, &err);
    assert_string_equal(err.where, "secrets");
    assert_fails(bl_manifest_from_yaml(text_bytes(missing), &fixture_resolver, &m, &err),
                 BULLA_E_NOT_FOUND, &err);
    bulla_error_clear(&err);
    assert_ok(bl_manifest_from_yaml(text_bytes(from_file), &fixture_resolver, &m, &err), &err);
    assert_string_equal(m.broker.endpoint.host, "h");
    free(text);
    free(from_file);
    free(missing);
}

static void
another_format_is_not_guessed_at(void **state)
{
    char *text = edited(least_manifest, "bulla: 1", "bulla: 2");
    BL_AUTO(bl_manifest) m = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_fails(bl_manifest_from_yaml(text_bytes(text), &fixture_resolver, &m, &err),
                 BULLA_E_UNSUPPORTED, &err);
    free(text);
}

static void
the_canonical_form_survives_a_round_trip(void **state)
{
    BL_AUTO(bl_manifest) m = { 0 };
    BL_AUTO(bl_manifest) again = { 0 };
    struct bulla_error err = { 0 };

    (void)state;
    assert_ok(bl_manifest_from_yaml(text_bytes(full_manifest), &fixture_resolver, &m, &err), &err);
    assert_ok(bl_manifest_decode(bulla_buffer_bytes(&m.canonical), &again, &err), &err);
    assert_memory_equal(m.digest, again.digest, 32);
    assert_string_equal(again.files[1].to, "/usr/bin/redis-server");
    assert_int_equal(again.connect[1].outside.port, 15432);
    assert_int_equal(again.restart, BL_RESTART_NEVER);
}

static void
every_truncation_and_addition_is_refused(void **state)
{
    BL_AUTO(bl_manifest) m = { 0 };
    BL_AUTO(bulla_buffer) longer = { 0 };
    struct bl_manifest out = { .version = 77 };

    (void)state;
    assert_int_equal(bl_manifest_from_yaml(text_bytes(full_manifest), &fixture_resolver, &m, NULL),
                     BULLA_OK);
    for (size_t size = 0; size < m.canonical.size; size++)
        assert_int_not_equal(
            bl_manifest_decode((struct bulla_bytes){ m.canonical.data, size }, &out, NULL),
            BULLA_OK);
    assert_int_equal(bulla_buffer_append(&longer, bulla_buffer_bytes(&m.canonical), NULL),
                     BULLA_OK);
    assert_int_equal(bulla_buffer_append(&longer, BL_LITERAL("\0"), NULL), BULLA_OK);
    assert_int_not_equal(bl_manifest_decode(bulla_buffer_bytes(&longer), &out, NULL), BULLA_OK);
    assert_int_equal(out.version, 77);
}

static void
no_two_canonical_forms_have_one_meaning(void **state)
{
    BL_AUTO(bl_manifest) m = { 0 };

    (void)state;
    assert_int_equal(bl_manifest_from_yaml(text_bytes(full_manifest), &fixture_resolver, &m, NULL),
                     BULLA_OK);
    for (size_t i = 0; i < m.canonical.size; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            BL_AUTO(bl_manifest) other = { 0 };
            m.canonical.data[i] ^= (uint8_t)(1u << bit);
            if (bl_manifest_decode(bulla_buffer_bytes(&m.canonical), &other, NULL) == BULLA_OK)
                assert_memory_not_equal(other.digest, m.digest, 32);
            m.canonical.data[i] ^= (uint8_t)(1u << bit);
        }
    }
}

static void
without_memory_nothing_is_taken(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        struct bl_manifest m = { .version = 77 };
        bl_fault_arm(BL_FAULT_MEMORY, nth, false);
        enum bulla_status status =
            bl_manifest_from_yaml(text_bytes(full_manifest), &fixture_resolver, &m, NULL);
        if (!bl_fault_disarm()) {
            assert_int_equal(status, BULLA_OK);
            bl_manifest_done(&m);
            break;
        }
        assert_int_not_equal(status, BULLA_OK);
        assert_int_equal(m.version, 77);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read_as_it_is_written),
        cmocka_unit_test(network_and_data_are_read_as_they_are_written),
        cmocka_unit_test(what_is_not_said_is_denied),
        cmocka_unit_test(the_signer_digest_is_that_of_its_spki),
        cmocka_unit_test(equal_meaning_has_an_equal_digest),
        cmocka_unit_test(each_field_changes_the_digest),
        cmocka_unit_test(what_is_wrong_is_refused_with_its_line),
        cmocka_unit_test(what_is_required_must_be_said),
        cmocka_unit_test(the_word_that_was_meant_is_named),
        cmocka_unit_test(secrets_need_a_broker_and_a_file_may_hold_its_address),
        cmocka_unit_test(another_format_is_not_guessed_at),
        cmocka_unit_test(the_canonical_form_survives_a_round_trip),
        cmocka_unit_test(every_truncation_and_addition_is_refused),
        cmocka_unit_test(no_two_canonical_forms_have_one_meaning),
        cmocka_unit_test(without_memory_nothing_is_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
