/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/policy/manifest_fixture.h: a manifest with everything in it, and one with the least.
 */
#ifndef TESTS_POLICY_MANIFEST_FIXTURE_H
#define TESTS_POLICY_MANIFEST_FIXTURE_H

#include <stdlib.h>

#include "unit.h"

#include "policy/manifest.h"

static const char full_manifest[] =
    "bulla: 1\n"                                                                            /* 1 */
    "name: redis\n"                                                                         /* 2 */
    "product: example.org/redis\n"                                                          /* 3 */
    "version: 3\n"                                                                          /* 4 */
    "signer: signer.pub\n"                                                                  /* 5 */
    "debug: false\n"                                                                        /* 6 */
    "image:\n"                                                                              /* 7 */
    "  files:\n"                                                                            /* 8 */
    "    - /usr/bin/redis-server\n"                                                         /* 9 */
    "    - { from: redis.conf, to: /etc/redis.conf, mode: 0644 }\n"                         /* 10 */
    "  closure: true\n"                                                                     /* 11 */
    "  name_service: false\n"                                                               /* 12 */
    "  directories: [/var/log, /run/redis]\n"                                               /* 13 */
    "entry: [/usr/bin/redis-server, /etc/redis.conf, '']\n"                                 /* 14 */
    "user: 999\n"                                                                           /* 15 */
    "environment: { TZ: UTC, LANG: C.UTF-8, EMPTY: '' }\n"                                  /* 16 */
    "resources:\n"                                                                          /* 17 */
    "  memory: 256M\n"                                                                      /* 18 */
    "  cpus: 1.25\n"                                                                        /* 19 */
    "  pids: 64\n"                                                                          /* 20 */
    "  open_files: 1024\n"                                                                  /* 21 */
    "  tmp: 16M\n"                                                                          /* 22 */
    "network:\n"                                                                            /* 23 */
    "  listen: ['127.0.0.1:6380 -> 6379', '[::1]:80']\n"                                    /* 24 */
    "  connect: ['5432 -> db.example.org:15432', 'time.example.org:123']\n"                 /* 25 */
    "sealed:\n"                                                                             /* 26 */
    "  - { path: /data, size: 64M }\n"                                                      /* 27 */
    "  - { path: /keys, size: 64K, bind: [code, config] }\n"                                /* 28 */
    "secrets:\n"                                                                            /* 29 */
    "  - { name: redis/password, file: /run/secrets/auth.conf, mode: 0440 }\n"              /* 30 */
    "attestation: { binding: channel }\n"                                                   /* 31 */
    "isolation:\n"                                                                          /* 32 */
    "  minimum: { landlock: 3, cgroup: 1, memfd_secret: true }\n"                           /* 33 */
    "  permit_unenforced: [memory, pids]\n"                                                 /* 34 */
    "replicas: 2\n"                                                                         /* 35 */
    "broker: bulla://broker.example.org:8743#AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\n" /* 36 */
    "restart: on-failure\n"                                                                 /* 37 */
    "health: { port: 6379, interval: 5s, timeout: 500ms }\n"                                /* 38 */
    "log: { size: 256K }\n";                                                                /* 39 */

static const char least_manifest[] =
    "bulla: 1\n"
    "name: a\n"
    "product: p\n"
    "version: 1\n"
    "signer: signer.pub\n"
    "image: { files: [/bin/a] }\n"
    "entry: [/bin/a]\n"
    "resources: { memory: 64M, cpus: 1, pids: 16, open_files: 64 }\n";

/** The raw public key of RFC 8032 section 7.1, test 1. */
static const uint8_t fixture_signer[32] = {
    0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
    0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
};

static inline enum bulla_status
fixture_read_signer(void *context, const char *text, uint8_t raw_out[32], struct bulla_error *err)
{
    (void)context;
    if (strcmp(text, "signer.pub") != 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "signer", "no such file", 0);
    memcpy(raw_out, fixture_signer, 32);
    return BULLA_OK;
}

static inline enum bulla_status
fixture_read_broker(void *context, const char *path, struct bl_broker_address *out,
                    struct bulla_error *err)
{
    (void)context;
    if (strcmp(path, "broker.address") != 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "broker", "no such file", 0);
    *out = (struct bl_broker_address){ .endpoint = { .host = "h", .port = 1 }, .root = { 7 } };
    return BULLA_OK;
}

static const struct bl_manifest_resolver fixture_resolver = {
    .signer = fixture_read_signer,
    .broker = fixture_read_broker,
};

/** `text` with the first `from` in it replaced by `to`; the caller frees it. */
static inline char *
edited(const char *text, const char *from, const char *to)
{
    const char *place = strstr(text, from);
    size_t size = strlen(text) + strlen(to) + 1;
    char *out = calloc(size, 1);

    assert_non_null(place);
    assert_non_null(out);
    (void)snprintf(out, size, "%.*s%s%s", (int)(place - text), text, to, place + strlen(from));
    return out;
}

#endif
