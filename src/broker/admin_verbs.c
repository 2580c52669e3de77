/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/admin_verbs.c: what administrators may do. Values of secrets come in encrypted and never
 * go out again; a version, a floor or a revocation never goes back.
 */
#include <string.h>

#include "base/memory.h"
#include "broker/admin.h"
#include "codec/cbor.h"
#include "crypto/hpke.h"
#include "crypto/x509.h"
#include "http/fetch.h"
#include "policy/appraisal.h"
#include "store/wrap.h"
#include "sys/clock.h"

#define ANCHOR_NAME_SIZE_MAX 64
#define ANCHOR_HOSTS_SIZE_MAX 1024

static const struct bl_store_value tenant = {
    .kind = BL_STORE_TEXT, .bytes = { (const uint8_t *)BL_TENANT, sizeof(BL_TENANT) - 1 }
};

static enum bulla_status
need(const struct bl_admin_request *request, const char *name, struct bulla_bytes *value_out,
     struct bulla_error *err)
{
    bool found = false;

    *value_out = bl_admin_argument(request, name, &found);
    if (!found)
        return bulla_fail(err, BULLA_E_MALFORMED, "admin request", "an argument is missing", 0);
    return BULLA_OK;
}

static enum bulla_status
need_secret_name(const struct bl_admin_request *request, struct bulla_bytes *name_out,
                 struct bulla_error *err)
{
    BL_TRY(need(request, "name", name_out, err));
    if (!bl_secret_name_is_valid(*name_out))
        return bulla_fail(err, BULLA_E_MALFORMED, "admin request", "not a name of a secret", 0);
    return BULLA_OK;
}

static enum bulla_status
need_digest(const struct bl_admin_request *request, const char *name,
            struct bulla_bytes *digest_out, struct bulla_error *err)
{
    BL_TRY(need(request, name, digest_out, err));
    if (digest_out->size != 32)
        return bulla_fail(err, BULLA_E_MALFORMED, "admin request", "not a digest", 0);
    return BULLA_OK;
}

/* -- put ------------------------------------------------------------------------------------- */

static enum bulla_status
read_integer(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    return bl_store_column_integer(row, 0, context, err);
}

static enum bulla_status
open_upload(const struct bl_session *session, const struct bl_admin_request *request,
            struct bulla_bytes name, struct bl_secret *value_out, struct bulla_error *err)
{
    struct bulla_bytes enc = { NULL, 0 };
    struct bulla_bytes ciphertext = { NULL, 0 };
    BL_AUTO(bulla_buffer) binding = { 0 };

    BL_TRY(need(request, "enc", &enc, err));
    BL_TRY(need(request, "ciphertext", &ciphertext, err));
    BL_TRY(bl_upload_binding(session->vault->keys.broker_id, session->nonce, name, &binding, err));
    BL_TRY(bl_hpke_open(session->upload_key, enc, bl_upload_info(), bulla_buffer_bytes(&binding),
                        ciphertext, value_out, err));
    if (value_out->size > BL_RELEASED_SIZE_MAX)
        return bulla_fail(err, BULLA_E_LIMIT, "secret", "too large", value_out->size);
    return BULLA_OK;
}

static enum bulla_status
put(struct bl_session *session, const struct bl_admin_request *request,
    struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bulla_bytes name = { NULL, 0 };
    BL_AUTO(bl_secret) value = { 0 };
    BL_AUTO(bulla_buffer) wrapped = { 0 };
    struct bl_writer w = bl_writer(body_out);
    int64_t last = 0;

    BL_TRY(need_secret_name(request, &name, err));
    BL_TRY(open_upload(session, request, name, &value, err));
    const struct bl_store_value find[] = { tenant, bl_store_text(name) };
    BL_TRY(bl_store_query(session->vault->store,
                          "SELECT COALESCE(MAX(version), 0) FROM secrets"
                          " WHERE tenant = ? AND name = ?",
                          find, 2, read_integer, &last, NULL, err));
    const struct bl_wrap_place place = { "secrets", name, (uint64_t)last + 1 };
    BL_TRY(bl_wrap(bl_secret_bytes(&session->vault->keys.store), &place, bl_secret_bytes(&value),
                   &wrapped, err));
    const struct bl_store_value values[] = { tenant, bl_store_text(name),
                                             bl_store_integer(last + 1),
                                             bl_store_bytes(bulla_buffer_bytes(&wrapped)),
                                             bl_store_integer(bl_clock_now_s()) };
    BL_TRY(bl_store_run(session->vault->store,
                        "INSERT INTO secrets (tenant, name, version, value_wrapped, created_s)"
                        " VALUES (?, ?, ?, ?, ?)",
                        values, 5, NULL, err));
    bl_cbor_write_uint(&w, (uint64_t)last + 1);
    return bl_writer_finish(&w, err);
}

/* -- grant, ungrant -------------------------------------------------------------------------- */

static enum bulla_status
grant(struct bl_session *session, const struct bl_admin_request *request,
      struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bl_store *store = session->vault->store;
    struct bulla_bytes name = { NULL, 0 };
    struct bulla_bytes body = { NULL, 0 };
    BL_AUTO(bl_appraisal_policy) policy = { 0 };
    struct bl_writer w = bl_writer(body_out);

    BL_TRY(need_secret_name(request, &name, err));
    BL_TRY(need(request, "policy", &body, err));
    BL_TRY(bl_appraisal_policy_decode(body, &policy, err));
    const struct bulla_bytes digest = BL_BYTES_OF(policy.digest);
    const struct bl_store_value stored[] = { tenant, bl_store_bytes(digest), bl_store_bytes(body),
                                             bl_store_integer(bl_clock_now_s()) };
    BL_TRY(bl_store_run(store,
                        "INSERT INTO policies (tenant, digest, body, created_s)"
                        " VALUES (?, ?, ?, ?) ON CONFLICT (tenant, digest) DO NOTHING",
                        stored, 4, NULL, err));
    const struct bl_store_value granted[] = { tenant, bl_store_text(name), bl_store_bytes(digest),
                                              bl_store_integer(bl_clock_now_s()) };
    BL_TRY(bl_store_run(store,
                        "INSERT INTO grants (tenant, secret, policy, created_s)"
                        " VALUES (?, ?, ?, ?) ON CONFLICT (tenant, secret, policy) DO NOTHING",
                        granted, 4, NULL, err));
    bl_cbor_write_bytes(&w, digest);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
one_changed(struct bl_store *store, const char *sql, const struct bl_store_value *values,
            size_t value_count, struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bl_writer w = bl_writer(body_out);
    size_t changed = 0;

    BL_TRY(bl_store_run(store, sql, values, value_count, &changed, err));
    if (changed == 0)
        return bulla_fail(err, BULLA_E_NOT_FOUND, "admin request", "there is no such entry", 0);
    bl_cbor_write_uint(&w, changed);
    return bl_writer_finish(&w, err);
}

static enum bulla_status
ungrant(struct bl_session *session, const struct bl_admin_request *request,
        struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bulla_bytes name = { NULL, 0 };
    struct bulla_bytes digest = { NULL, 0 };

    BL_TRY(need_secret_name(request, &name, err));
    BL_TRY(need_digest(request, "policy", &digest, err));
    const struct bl_store_value values[] = { tenant, bl_store_text(name), bl_store_bytes(digest) };
    return one_changed(session->vault->store,
                       "DELETE FROM grants WHERE tenant = ? AND secret = ? AND policy = ?", values,
                       3, body_out, err);
}

/* -- lists: arrays of rows, each an array of the columns asked for ----------------------------- */

struct listing {
    struct bl_writer w;
    const char *columns; /* 't' text, 'b' bytes, 'i' integer */
};

static enum bulla_status
write_row(void *context, const struct bl_store_row *row, struct bulla_error *err)
{
    struct listing *listing = context;
    const size_t count = strlen(listing->columns);

    bl_cbor_write_array(&listing->w, count);
    for (size_t i = 0; i < count; i++) {
        struct bulla_bytes bytes = { NULL, 0 };
        int64_t integer = 0;
        if (listing->columns[i] == 'i') {
            BL_TRY(bl_store_column_integer(row, (int)i, &integer, err));
            bl_cbor_write_int(&listing->w, integer);
            continue;
        }
        BL_TRY(bl_store_column_bytes(row, (int)i, &bytes, err));
        if (listing->columns[i] == 't')
            bl_cbor_write_text(&listing->w, bytes);
        else
            bl_cbor_write_bytes(&listing->w, bytes);
    }
    return BULLA_OK;
}

static enum bulla_status
list_rows(struct bl_session *session, const char *count_sql, const char *sql, const char *columns,
          struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct listing listing = { .w = bl_writer(body_out), .columns = columns };
    int64_t count = 0;

    BL_TRY(bl_store_query(session->vault->store, count_sql, &tenant, 1, read_integer, &count, NULL,
                          err));
    bl_cbor_write_array(&listing.w, (size_t)count);
    BL_TRY(bl_store_query(session->vault->store, sql, &tenant, 1, write_row, &listing, NULL, err));
    return bl_writer_finish(&listing.w, err);
}

static enum bulla_status
list_secrets(struct bl_session *session, const struct bl_admin_request *request,
             struct bulla_buffer *body_out, struct bulla_error *err)
{
    (void)request;
    return list_rows(session, "SELECT COUNT(DISTINCT name) FROM secrets WHERE tenant = ?",
                     "SELECT s.name, MAX(s.version), MAX(s.created_s),"
                     " (SELECT COUNT(*) FROM grants g WHERE g.tenant = s.tenant"
                     " AND g.secret = s.name)"
                     " FROM secrets s WHERE s.tenant = ? GROUP BY s.tenant, s.name"
                     " ORDER BY s.name",
                     "tiii", body_out, err);
}

static enum bulla_status
list_grants(struct bl_session *session, const struct bl_admin_request *request,
            struct bulla_buffer *body_out, struct bulla_error *err)
{
    (void)request;
    return list_rows(session, "SELECT COUNT(*) FROM grants WHERE tenant = ?",
                     "SELECT secret, policy, created_s FROM grants WHERE tenant = ?"
                     " ORDER BY secret, policy",
                     "tbi", body_out, err);
}

static enum bulla_status
list_anchors(struct bl_session *session, const struct bl_admin_request *request,
             struct bulla_buffer *body_out, struct bulla_error *err)
{
    (void)request;
    return list_rows(session, "SELECT COUNT(*) FROM anchors WHERE tenant = ?",
                     "SELECT name, kind, class, created_s FROM anchors WHERE tenant = ?"
                     " ORDER BY name",
                     "ttti", body_out, err);
}

static enum bulla_status
list_platforms(struct bl_session *session, const struct bl_admin_request *request,
               struct bulla_buffer *body_out, struct bulla_error *err)
{
    (void)request;
    return list_rows(session, "SELECT COUNT(*) FROM platforms WHERE tenant = ?",
                     "SELECT platform_id, ak_name, class, state, enrolled_s, reset_count"
                     " FROM platforms WHERE tenant = ? ORDER BY enrolled_s, ak_name",
                     "bbttii", body_out, err);
}

/* -- anchors --------------------------------------------------------------------------------- */

static enum bulla_status
add_anchor(struct bl_session *session, const struct bl_admin_request *request,
           struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bulla_bytes name = { NULL, 0 };
    struct bulla_bytes class_word = { NULL, 0 };
    struct bulla_bytes der = { NULL, 0 };
    struct bulla_bytes hosts = { NULL, 0 };
    BL_AUTO_FREE(bl_certificate) certificate = NULL;

    BL_TRY(need(request, "name", &name, err));
    BL_TRY(need(request, "class", &class_word, err));
    BL_TRY(need(request, "certificate", &der, err));
    BL_TRY(need(request, "hosts", &hosts, err));
    if (hosts.size > ANCHOR_HOSTS_SIZE_MAX || !bl_hosts_are_valid(hosts))
        return bulla_fail(err, BULLA_E_MALFORMED, "anchor", "not a list of hosts", 0);
    if (!bl_secret_name_is_valid(name) || name.size > ANCHOR_NAME_SIZE_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, "anchor", "not a name", 0);
    if (bl_platform_class_from_word(class_word) == BL_CLASS_ABSENT)
        return bulla_fail(err, BULLA_E_MALFORMED, "anchor", "not a platform class", 0);
    BL_TRY(bl_certificate_parse(der, &certificate, err));
    const struct bl_store_value values[] = { tenant,
                                             bl_store_text(name),
                                             bl_store_text(BL_LITERAL("ek")),
                                             bl_store_text(class_word),
                                             bl_store_bytes(der),
                                             bl_store_text(hosts),
                                             bl_store_integer(bl_clock_now_s()) };
    return one_changed(session->vault->store,
                       "INSERT INTO anchors (tenant, name, kind, class, certificate, hosts,"
                       " created_s) VALUES (?, ?, ?, ?, ?, ?, ?)",
                       values, 7, body_out, err);
}

static enum bulla_status
remove_anchor(struct bl_session *session, const struct bl_admin_request *request,
              struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bulla_bytes name = { NULL, 0 };

    BL_TRY(need(request, "name", &name, err));
    const struct bl_store_value values[] = { tenant, bl_store_text(name) };
    return one_changed(session->vault->store, "DELETE FROM anchors WHERE tenant = ? AND name = ?",
                       values, 2, body_out, err);
}

/* -- platforms and versions: one way only ------------------------------------------------------ */

static enum bulla_status
revoke_platform(struct bl_session *session, const struct bl_admin_request *request,
                struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bulla_bytes platform_id = { NULL, 0 };

    BL_TRY(need_digest(request, "platform", &platform_id, err));
    const struct bl_store_value values[] = { tenant, bl_store_bytes(platform_id) };
    return one_changed(session->vault->store,
                       "UPDATE platforms SET state = 'revoked'"
                       " WHERE tenant = ? AND platform_id = ?",
                       values, 2, body_out, err);
}

static enum bulla_status
promote(struct bl_session *session, const struct bl_admin_request *request,
        struct bulla_buffer *body_out, struct bulla_error *err)
{
    struct bulla_bytes signer_product = { NULL, 0 };
    struct bulla_bytes encoded = { NULL, 0 };
    struct bl_writer w = bl_writer(body_out);
    int64_t floor = 0;

    BL_TRY(need_digest(request, "signer_product", &signer_product, err));
    BL_TRY(need(request, "version", &encoded, err));
    struct bl_reader r = bl_reader(encoded, "version");
    uint64_t version = bl_read_u64be(&r);
    BL_TRY(bl_reader_finish(&r, err));
    if (version == 0 || version > INT64_MAX)
        return bulla_fail(err, BULLA_E_MALFORMED, "version", "out of range", 0);
    const struct bl_store_value find[] = { tenant, bl_store_bytes(signer_product) };
    BL_TRY(bl_store_query(session->vault->store,
                          "SELECT version FROM floors WHERE tenant = ? AND signer_product = ?",
                          find, 2, read_integer, &floor, NULL, err));
    if ((int64_t)version < floor) {
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_VERSION_BELOW_FLOOR, "promotion",
                             "a floor is never lowered by one administrator");
        bulla_error_values(err, bulla_value_number(version), bulla_value_number((uint64_t)floor));
        return status;
    }
    const struct bl_store_value values[] = { tenant, bl_store_bytes(signer_product),
                                             bl_store_integer((int64_t)version) };
    BL_TRY(bl_store_run(session->vault->store,
                        "INSERT INTO floors (tenant, signer_product, version) VALUES (?, ?, ?)"
                        " ON CONFLICT (tenant, signer_product) DO UPDATE SET"
                        " version = excluded.version",
                        values, 3, NULL, err));
    bl_cbor_write_uint(&w, version);
    return bl_writer_finish(&w, err);
}

const struct bl_admin_verb bl_admin_verbs[] = {
    { "put", "register", put },
    { "grant", "grant", grant },
    { "ungrant", "grant", ungrant },
    { "promote", "grant", promote },
    { "anchor-add", "register", add_anchor },
    { "anchor-rm", "register", remove_anchor },
    { "anchor-list", NULL, list_anchors },
    { "platform-list", NULL, list_platforms },
    { "platform-revoke", "approve", revoke_platform },
    { "list", NULL, list_secrets },
    { "grants", NULL, list_grants },
    { NULL, NULL, NULL },
};
