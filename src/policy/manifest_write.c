/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest_write.c: see manifest_write.h.
 */
#include "policy/manifest_write.h"

#include <string.h>

#include "codec/cbor.h"

static void
write_text(struct bl_writer *w, const char *text)
{
    bl_cbor_write_text(w, (struct bulla_bytes){ (const uint8_t *)text, strlen(text) });
}

static void
write_image(struct bl_writer *w, const struct bl_manifest *m)
{
    bl_cbor_write_array(w, 4);
    bl_cbor_write_array(w, m->file_count);
    for (size_t i = 0; i < m->file_count; i++) {
        bl_cbor_write_array(w, 3);
        write_text(w, m->files[i].from);
        write_text(w, m->files[i].to);
        bl_cbor_write_uint(w, m->files[i].mode);
    }
    bl_cbor_write_bool(w, m->with_closure);
    bl_cbor_write_bool(w, m->with_name_service);
    bl_cbor_write_array(w, m->directory_count);
    for (size_t i = 0; i < m->directory_count; i++)
        write_text(w, m->directories[i]);
}

static void
write_program(struct bl_writer *w, const struct bl_manifest *m)
{
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_ENTRY);
    bl_cbor_write_array(w, m->entry_count);
    for (size_t i = 0; i < m->entry_count; i++)
        write_text(w, m->entry[i]);
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_USER);
    bl_cbor_write_uint(w, m->user);
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_ENVIRONMENT);
    bl_cbor_write_array(w, m->environment_count);
    for (size_t i = 0; i < m->environment_count; i++) {
        bl_cbor_write_array(w, 2);
        write_text(w, m->environment[i].name);
        write_text(w, m->environment[i].value);
    }
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_RESOURCES);
    bl_cbor_write_array(w, 5);
    bl_cbor_write_uint(w, m->memory);
    bl_cbor_write_uint(w, m->cpu_milli);
    bl_cbor_write_uint(w, m->pids);
    bl_cbor_write_uint(w, m->open_files);
    bl_cbor_write_uint(w, m->tmp);
}

static enum bulla_status
write_endpoint(struct bl_writer *w, const struct bl_endpoint *endpoint, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(bl_endpoint_format(endpoint, &text, err));
    bl_cbor_write_text(w, bulla_buffer_bytes(&text));
    return BULLA_OK;
}

static enum bulla_status
write_ports(struct bl_writer *w, const struct bl_manifest_port *ports, size_t count,
            struct bulla_error *err)
{
    bl_cbor_write_array(w, count);
    for (size_t i = 0; i < count; i++) {
        bl_cbor_write_array(w, 2);
        BL_TRY(write_endpoint(w, &ports[i].outside, err));
        bl_cbor_write_uint(w, ports[i].inside_port);
    }
    return BULLA_OK;
}

static void
write_data(struct bl_writer *w, const struct bl_manifest *m)
{
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_SEALED);
    bl_cbor_write_array(w, m->sealed_count);
    for (size_t i = 0; i < m->sealed_count; i++) {
        bl_cbor_write_array(w, 3);
        write_text(w, m->sealed[i].path);
        bl_cbor_write_uint(w, m->sealed[i].size);
        bl_cbor_write_uint(w, m->sealed[i].bind);
    }
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_SECRETS);
    bl_cbor_write_array(w, m->secret_count);
    for (size_t i = 0; i < m->secret_count; i++) {
        bl_cbor_write_array(w, 3);
        write_text(w, m->secrets[i].name);
        write_text(w, m->secrets[i].file);
        bl_cbor_write_uint(w, m->secrets[i].mode);
    }
}

static void
write_conditions(struct bl_writer *w, const struct bl_manifest *m)
{
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_BINDING);
    write_text(w, "channel");
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_ISOLATION);
    bl_cbor_write_array(w, 4);
    bl_cbor_write_uint(w, m->landlock_min);
    bl_cbor_write_uint(w, m->cgroup_min);
    bl_cbor_write_bool(w, m->needs_memfd_secret);
    bl_cbor_write_uint(w, m->permit_unenforced);
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_REPLICAS);
    bl_cbor_write_uint(w, m->replicas);
}

static enum bulla_status
write_broker(struct bl_writer *w, const struct bl_manifest *m, struct bulla_error *err)
{
    bl_cbor_write_uint(w, BL_MANIFEST_KEY_BROKER);
    if (!m->has_broker) {
        bl_cbor_write_null(w);
        return BULLA_OK;
    }
    bl_cbor_write_array(w, 2);
    BL_TRY(write_endpoint(w, &m->broker.endpoint, err));
    bl_cbor_write_bytes(w, (struct bulla_bytes){ m->broker.root, sizeof m->broker.root });
    return BULLA_OK;
}

enum bulla_status
bl_manifest_write(const struct bl_manifest *manifest, struct bulla_buffer *out,
                  struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    bl_cbor_write_map(&w, BL_MANIFEST_KEY_BROKER);
    bl_cbor_write_uint(&w, BL_MANIFEST_KEY_FORMAT);
    bl_cbor_write_uint(&w, BL_MANIFEST_FORMAT);
    bl_cbor_write_uint(&w, BL_MANIFEST_KEY_NAME);
    write_text(&w, manifest->name);
    bl_cbor_write_uint(&w, BL_MANIFEST_KEY_PRODUCT);
    write_text(&w, manifest->product);
    bl_cbor_write_uint(&w, BL_MANIFEST_KEY_VERSION);
    bl_cbor_write_uint(&w, manifest->version);
    bl_cbor_write_uint(&w, BL_MANIFEST_KEY_SIGNER);
    bl_cbor_write_bytes(&w, (struct bulla_bytes){ manifest->signer, sizeof manifest->signer });
    bl_cbor_write_uint(&w, BL_MANIFEST_KEY_IMAGE);
    write_image(&w, manifest);
    write_program(&w, manifest);
    bl_cbor_write_uint(&w, BL_MANIFEST_KEY_NETWORK);
    bl_cbor_write_array(&w, 2);
    BL_TRY(write_ports(&w, manifest->listen, manifest->listen_count, err));
    BL_TRY(write_ports(&w, manifest->connect, manifest->connect_count, err));
    write_data(&w, manifest);
    write_conditions(&w, manifest);
    BL_TRY(write_broker(&w, manifest, err));
    return bl_writer_finish(&w, err);
}
