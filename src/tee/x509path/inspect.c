/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/x509path/inspect.h"

#include "base/memory.h"
#include "tee/x509path/path.h"

static const char kind[] = "x509";
static const char where[] = "certificate chain";

/* The path without its anchor, leaf first. */
static enum bulla_status
read_path(const struct bl_verification *v, struct bl_certificate_list *path,
          struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) leaf = { 0 };

    BL_TRY(bl_certificate_list_read(v->evidence, path, err));
    if (path->count != 1)
        return bulla_fail(err, BULLA_E_MALFORMED, "certificate", "more than one", path->count);
    BL_TRY(bulla_buffer_append(&leaf, bl_certificate_der(path->items[0]), err));
    for (size_t i = 0; bl_part_at(v, "intermediates", i).data != NULL; i++)
        BL_TRY(bl_certificate_list_read(bl_part_at(v, "intermediates", i), path, err));
    BL_TRY(bl_certificate_list_order(path, err));
    if (!bl_equal(bl_certificate_der(path->items[0]), bulla_buffer_bytes(&leaf)))
        return bulla_fail(err, BULLA_E_UNTRUSTED, where, "it does not begin with the certificate",
                          0);
    return BULLA_OK;
}

/* The anchor that has the name under which the last of the path was issued. */
static enum bulla_status
find_root(const struct bl_verification *v, const struct bl_certificate *last,
          struct bl_certificate_list *root, struct bulla_error *err)
{
    const struct bl_anchor *anchor = NULL;

    for (size_t i = 0; (anchor = bl_anchor_given(v, "root", i)) != NULL; i++) {
        bl_certificate_list_done(root);
        BL_TRY(bl_certificate_list_read(anchor->der, root, err));
        if (root->count != 1)
            return bulla_fail(err, BULLA_E_MALFORMED, "root", "more than one certificate",
                              root->count);
        if (bl_certificate_is_issued_by(last, root->items[0]))
            return BULLA_OK;
    }
    return bulla_fail_cause(err, BULLA_CAUSE_WRONG_ROOT, where,
                            "it ends at a root that was not given");
}

enum bulla_status
bl_x509path_inspect(const struct bl_verification *v, struct bl_claims *claims_out,
                    struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) path = { 0 };
    BL_AUTO(bl_certificate_list) root = { 0 };
    BL_AUTO(bl_crl_list) lists = { 0 };

    BL_TRY(read_path(v, &path, err));
    BL_TRY(bl_crl_list_read(v, "crls", &lists, err));
    BL_TRY(find_root(v, path.items[path.count - 1], &root, err));
    const struct bl_certificate *const *chain = (const struct bl_certificate *const *)path.items;
    BL_TRY(bl_path_verify(v, chain, path.count, root.items[0], NULL, err));
    BL_TRY(bl_path_check_revocation(chain, path.count, root.items[0], &lists, v->now_s, err));
    *claims_out = (struct bl_claims){ .kind = kind };
    return BULLA_OK;
}

static enum bulla_status
describe_name(const struct bl_certificate *certificate, bool of_issuer, const char *name,
              struct bl_json_writer *out, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(bl_certificate_name_text(certificate, of_issuer, &text, err));
    bl_json_write_text(out, name, bulla_buffer_bytes(&text));
    return BULLA_OK;
}

enum bulla_status
bl_x509path_describe(const struct bl_verification *v, struct bl_json_writer *out,
                     struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) path = { 0 };
    uint8_t digest[32];
    int64_t not_before_s = 0, not_after_s = 0;

    BL_TRY(read_path(v, &path, err));
    const struct bl_certificate *leaf = path.items[0];
    bl_certificate_validity(leaf, &not_before_s, &not_after_s);
    BL_TRY(describe_name(leaf, false, "subject", out, err));
    BL_TRY(describe_name(leaf, true, "issuer", out, err));
    bl_json_write_hex(out, "serial", bl_certificate_serial(leaf));
    bl_json_write_number(out, "not_before", not_before_s);
    bl_json_write_number(out, "not_after", not_after_s);
    BL_TRY(bl_certificate_spki_digest(leaf, digest, err));
    bl_json_write_hex(out, "spki_sha256", BL_BYTES_OF(digest));
    bl_json_write_number(out, "path_length", (int64_t)path.count);
    return BULLA_OK;
}
