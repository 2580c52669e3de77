/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/enclave/image_fixture.h: a small image around a program that every Debian has.
 */
#ifndef TESTS_ENCLAVE_IMAGE_FIXTURE_H
#define TESTS_ENCLAVE_IMAGE_FIXTURE_H

#include <fcntl.h>

#include "policy/manifest_fixture.h"
#include "sys/directory.h"

#include "enclave/image.h"
#include "sys/file.h"

static const char image_manifest[] =
    "bulla: 1\n"
    "name: a\n"
    "product: p\n"
    "version: 1\n"
    "signer: signer.pub\n"
    "image:\n"
    "  files:\n"
    "    - { from: /usr/bin/env, to: /opt/env }\n"
    "    - { from: settings, to: /etc/app/settings, mode: 0640 }\n"
    "    - { from: empty, to: /etc/app/empty }\n"
    "  directories: [/var/spool]\n"
    "entry: [/opt/env]\n"
    "resources: { memory: 64M, cpus: 1, pids: 16, open_files: 64 }\n"
    "sealed: [{ path: /data, size: 1M }]\n";

static inline void
write_source(const char *name, const char *content)
{
    struct bulla_error err = { 0 };

    assert_ok(bl_file_replace(test_path(3, name), 0600, text_bytes(content),
                              BL_FILE_REPLACE_EXISTING, &err),
              &err);
}

/** Build from the sources of the test's directory into the file `name`; its descriptor. */
static inline int
build_image(const char *yaml, const char *name, uint8_t digest_out[32])
{
    const struct bl_image_sources sources = {
        .directory = test_directory,
        .root = "/",
        .agent_path = "/usr/bin/true",
    };
    BL_AUTO(bl_manifest) manifest = { 0 };
    BL_AUTO(bulla_buffer) object = { 0 };
    struct bulla_error err = { 0 };
    int fd = open(test_path(2, name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_ok(bl_manifest_from_yaml(text_bytes(yaml), &fixture_resolver, &manifest, &err), &err);
    assert_ok(bl_image_build(&manifest, &sources, fd, digest_out, &object, &err), &err);
    return fd;
}

#endif
