/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/source.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "codec/der.h"
#include "codec/hex.h"
#include "codec/pem.h"

#define WHERE "source"

static struct bulla_bytes
text_of(const char *text)
{
    return (struct bulla_bytes){ (const uint8_t *)text, strlen(text) };
}

static bool
starts_with(struct bulla_bytes text, const char *prefix)
{
    return text.size >= strlen(prefix) && memcmp(text.data, prefix, strlen(prefix)) == 0;
}

/* -- bases --------------------------------------------------------------------------------------- */

static bool
is_this_machine(const struct bl_endpoint *endpoint)
{
    return strcmp(endpoint->host, "127.0.0.1") == 0 || strcmp(endpoint->host, "::1") == 0 ||
           strcmp(endpoint->host, "localhost") == 0;
}

static enum bulla_status
check_base(const char *base, struct bulla_error *err)
{
    struct bl_endpoint endpoint = { 0 };

    if (base == NULL)
        return BULLA_OK;
    if (strlen(base) > BL_SOURCE_BASE_SIZE_MAX ||
        bl_url_endpoint(text_of(base), &endpoint, NULL) != BULLA_OK)
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE, "it is not a URL to fetch from");
    if (!starts_with(text_of(base), "https://") && !is_this_machine(&endpoint))
        return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE,
                                "plain http is for this machine only");
    return BULLA_OK;
}

enum bulla_status
bl_sources_check(const struct bl_sources *sources, struct bulla_error *err)
{
    BL_TRY(check_base(sources->intel, err));
    BL_TRY(check_base(sources->intel_root_crl, err));
    BL_TRY(check_base(sources->amd, err));
    return bl_hosts_are_valid(sources->hosts)
               ? BULLA_OK
               : bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE, "it is not HOST:PORT");
}

/* A base without the slash, or the path of the API, that people write at its end. */
static struct bulla_bytes
trimmed(const char *base)
{
    struct bulla_bytes text = text_of(base);
    const struct bulla_bytes path = BL_LITERAL("/sgx/certification/v4");

    while (text.size > 0 && text.data[text.size - 1] == '/')
        text.size--;
    if (text.size > path.size &&
        memcmp(text.data + text.size - path.size, path.data, path.size) == 0)
        text.size -= path.size;
    return text;
}

/* -- URLs ---------------------------------------------------------------------------------------- */

#define TEXT_SIZE 256 /* bytes of a path or query of ours: a chip id has 128 digits */

static enum bulla_status
put(struct bulla_buffer *out, const char *text, struct bulla_error *err)
{
    return bulla_buffer_append(out, text_of(text), err);
}

static enum bulla_status
put_path(struct bl_source_place *place, const char *base, const char *path, struct bulla_error *err)
{
    BL_TRY(bulla_buffer_append(&place->url, trimmed(base), err));
    return put(&place->url, path, err);
}

static enum bulla_status
put_update(const struct bl_sources *sources, struct bl_source_place *place, bool is_first,
           struct bulla_error *err)
{
    char text[TEXT_SIZE];

    if (sources->evaluation.is_present)
        (void)snprintf(text, sizeof text, "%stcbEvaluationDataNumber=%u", is_first ? "" : "&",
                       (unsigned)sources->evaluation.value);
    else
        (void)snprintf(text, sizeof text, "%supdate=%s", is_first ? "" : "&",
                       sources->update == BL_UPDATE_EARLY ? "early" : "standard");
    return put(&place->query, text, err);
}

static enum bulla_status
find_tcb_info(const struct bl_sources *sources, const char *base,
              const struct bl_collateral_name *name, struct bl_source_place *place,
              struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) fmspc = { 0 };

    BL_TRY(put_path(place, base,
                    name->is_tdx ? "/tdx/certification/v4/tcb" : "/sgx/certification/v4/tcb", err));
    BL_TRY(bl_hex_encode(BL_BYTES_OF(name->fmspc), &fmspc, err));
    BL_TRY(put(&place->query, "fmspc=", err));
    BL_TRY(bulla_buffer_append(&place->query, bulla_buffer_bytes(&fmspc), err));
    BL_TRY(put_update(sources, place, /* is_first= */ false, err));
    place->issuers_header = "TCB-Info-Issuer-Chain";
    return BULLA_OK;
}

static enum bulla_status
find_qe_identity(const struct bl_sources *sources, const char *base,
                 const struct bl_collateral_name *name, struct bl_source_place *place,
                 struct bulla_error *err)
{
    BL_TRY(put_path(place, base,
                    name->is_tdx ? "/tdx/certification/v4/qe/identity"
                                 : "/sgx/certification/v4/qe/identity",
                    err));
    BL_TRY(put_update(sources, place, /* is_first= */ true, err));
    place->issuers_header = "SGX-Enclave-Identity-Issuer-Chain";
    return BULLA_OK;
}

static enum bulla_status
find_pck_crl(const char *base, const struct bl_collateral_name *name, struct bl_source_place *place,
             struct bulla_error *err)
{
    BL_TRY(put_path(place, base, "/sgx/certification/v4/pckcrl", err));
    BL_TRY(put(&place->query,
               name->is_platform ? "ca=platform&encoding=der" : "ca=processor&encoding=der", err));
    place->issuers_header = "SGX-PCK-CRL-Issuer-Chain";
    return BULLA_OK;
}

/* Intel has it on another host; a PCCS under its own. */
static enum bulla_status
find_root_crl(const struct bl_sources *sources, const char *base, struct bl_source_place *place,
              struct bulla_error *err)
{
    if (sources->intel_root_crl != NULL)
        return put(&place->url, sources->intel_root_crl, err);
    if (sources->intel == NULL)
        return put(&place->url, BL_SOURCE_INTEL_ROOT_CRL, err);
    return put_path(place, base, "/sgx/certification/v4/rootcacrl", err);
}

static const char *
product_of(enum bl_snp_generation generation)
{
    switch (generation) {
    case BL_SNP_MILAN:
        return "Milan";
    case BL_SNP_GENOA: /* and Bergamo, Siena */
        return "Genoa";
    case BL_SNP_TURIN:
        return "Turin";
    case BL_SNP_GENERATION_NONE:
        break;
    }
    return "";
}

static enum bulla_status
find_of_amd(const char *base, const struct bl_collateral_name *name, const char *what,
            struct bl_source_place *place, struct bulla_error *err)
{
    char path[TEXT_SIZE];

    (void)snprintf(path, sizeof path, "/%s/v1/%s/%s", name->is_vlek ? "vlek" : "vcek",
                   product_of(name->generation), what);
    return put_path(place, base, path, err);
}

/* VCEK Certificate and KDS Interface Specification (57230), 4.1: which byte of a TCB version is asked
 * for by which name. */
static enum bulla_status
put_tcb(const struct bl_collateral_name *name, struct bulla_buffer *query, struct bulla_error *err)
{
    const uint8_t *tcb = name->tcb;
    char text[TEXT_SIZE];

    if (name->generation == BL_SNP_TURIN)
        (void)snprintf(text, sizeof text, "fmcSPL=%u&blSPL=%u&teeSPL=%u&snpSPL=%u&ucodeSPL=%u",
                       tcb[0], tcb[1], tcb[2], tcb[3], tcb[7]);
    else
        (void)snprintf(text, sizeof text, "blSPL=%u&teeSPL=%u&snpSPL=%u&ucodeSPL=%u", tcb[0],
                       tcb[1], tcb[6], tcb[7]);
    return put(query, text, err);
}

static enum bulla_status
find_vcek(const char *base, const struct bl_collateral_name *name, struct bl_source_place *place,
          struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) chip = { 0 };
    struct bulla_bytes id = { name->chip_id, bl_snp_chip_id_size(name->generation) };

    BL_TRY(find_of_amd(base, name, "", place, err));
    BL_TRY(bl_hex_encode(id, &chip, err));
    BL_TRY(bulla_buffer_append(&place->url, bulla_buffer_bytes(&chip), err));
    return put_tcb(name, &place->query, err);
}

/* Hosts that the known authorities of TPM keys name in their certificates. */
static const char known_hosts[] =
    "pki.goog:80 pki.goog:443 www.microsoft.com:80 www.microsoft.com:443 "
    "primary-cdn.pki.core.windows.net:80 secondary-cdn.pki.core.windows.net:80 "
    "ftpm.amd.com:80 ftpm.amd.com:443 ekop.intel.com:443 upgrades.intel.com:80 "
    "trustedservices.intel.com:443 tsci.intel.com:443 pki.infineon.com:80 "
    "secure.globalsign.com:80 www.nuvoton.com:80 www.nuvoton.com:443 sw-center.st.com:80";

/* Google's private authorities publish in buckets named by a UUID. */
static bool
is_google_bucket(const struct bl_endpoint *endpoint)
{
    static const char prefix[] = "privateca-content-";
    const size_t prefix_size = sizeof prefix - 1, uuid_size = 36;
    const char *host = endpoint->host;

    if (endpoint->port != 80 || strncmp(host, prefix, prefix_size) != 0 ||
        strlen(host) < prefix_size + uuid_size)
        return false;
    return strspn(host + prefix_size, "0123456789abcdef-") == uuid_size &&
           strcmp(host + prefix_size + uuid_size, ".storage.googleapis.com") == 0;
}

static enum bulla_status
find_issuer(const struct bl_sources *sources, const struct bl_collateral_name *name,
            struct bl_source_place *place, struct bulla_error *err)
{
    struct bulla_bytes url = bl_collateral_name_url(name);
    struct bl_endpoint endpoint = { 0 };

    BL_TRY(bl_url_endpoint(url, &endpoint, err));
    if (!bl_hosts_allow(text_of(known_hosts), &endpoint) && !is_google_bucket(&endpoint) &&
        !bl_hosts_allow(sources->hosts, &endpoint))
        return bulla_fail(err, BULLA_E_DENIED, WHERE,
                          "a certificate names a host that is not listed", 0);
    return bulla_buffer_append(&place->url, url, err);
}

static enum bulla_status
find(const struct bl_sources *sources, const struct bl_collateral_name *name,
     struct bl_source_place *place, struct bulla_error *err)
{
    const char *intel = sources->intel != NULL ? sources->intel : BL_SOURCE_INTEL;
    const char *amd = sources->amd != NULL ? sources->amd : BL_SOURCE_AMD;

    switch (name->kind) {
    case BL_COLLATERAL_TCB_INFO:
        return find_tcb_info(sources, intel, name, place, err);
    case BL_COLLATERAL_QE_IDENTITY:
        return find_qe_identity(sources, intel, name, place, err);
    case BL_COLLATERAL_PCK_CRL:
        return find_pck_crl(intel, name, place, err);
    case BL_COLLATERAL_ROOT_CRL:
        return find_root_crl(sources, intel, place, err);
    case BL_COLLATERAL_AMD_CHAIN:
        return find_of_amd(amd, name, "cert_chain", place, err);
    case BL_COLLATERAL_AMD_CRL:
        return find_of_amd(amd, name, "crl", place, err);
    case BL_COLLATERAL_VCEK:
        return find_vcek(amd, name, place, err);
    case BL_COLLATERAL_ISSUER:
    case BL_COLLATERAL_ISSUER_CRL:
        return find_issuer(sources, name, place, err);
    case BL_COLLATERAL_NONE:
        break;
    }
    return bulla_fail(err, BULLA_E_ARGUMENT, WHERE, "of no kind", 0);
}

void
bl_source_place_done(struct bl_source_place *place)
{
    bulla_buffer_done(&place->url);
    bulla_buffer_done(&place->query);
}

enum bulla_status
bl_source_find(const struct bl_sources *sources, const struct bl_collateral_name *name,
               struct bl_source_place *place, struct bulla_error *err)
{
    BL_TRY(find(sources, name, place, err));
    return bl_url_endpoint(bulla_buffer_bytes(&place->url), &place->endpoint, err);
}

/* -- what comes ---------------------------------------------------------------------------------- */

static int
hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* RFC 3986, 2.1. A plus is a plus: base64 has it. */
static enum bulla_status
decode_percent(struct bulla_bytes text, struct bulla_buffer *out, struct bulla_error *err)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.size ? hex_digit(text.data[i + 1]) : -1;
            int low = i + 2 < text.size ? hex_digit(text.data[i + 2]) : -1;
            if (high < 0 || low < 0)
                return bulla_fail(err, BULLA_E_MALFORMED, "issuers' chain",
                                  "not in the coding of URLs", i);
            c = (uint8_t)(16 * high + low);
            i += 2;
        }
        BL_TRY(bulla_buffer_append(out, (struct bulla_bytes){ &c, 1 }, err));
    }
    return BULLA_OK;
}

static enum bulla_status
append_pem(const struct bl_certificate *certificate, struct bulla_buffer *out,
           struct bulla_error *err)
{
    return bl_pem_encode(bl_certificate_der(certificate), "CERTIFICATE", out, err);
}

/* Certificates in whatever layout become PEM as we write it, in the order leaf to root. */
static enum bulla_status
write_issuers(struct bulla_bytes pem, struct bulla_buffer *out, struct bulla_error *err)
{
    BL_AUTO(bl_certificate_list) list = { 0 };

    BL_TRY(bl_certificate_list_read(pem, &list, err));
    BL_TRY(bl_certificate_list_order(&list, err));
    for (size_t i = 0; i < list.count; i++)
        BL_TRY(append_pem(list.items[i], out, err));
    return BULLA_OK;
}

static enum bulla_status
take_issuers(struct bl_collateral *object, struct bulla_bytes header, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) pem = { 0 };

    BL_TRY(decode_percent(header, &pem, err));
    if (pem.size == 0)
        return bulla_fail(err, BULLA_E_MALFORMED, WHERE, "no issuers' chain came with it", 0);
    return write_issuers(bulla_buffer_bytes(&pem), &object->issuers, err);
}

/* The root's own certificate, out of what came with another document. */
static enum bulla_status
borrow_root(struct bl_collateral *object, const struct bl_collateral_set *set,
            struct bulla_error *err)
{
    for (size_t i = 0; i < set->count; i++) {
        BL_AUTO(bl_certificate_list) list = { 0 };
        const struct bl_collateral *other = set->items[i];
        if (other->issuers.size == 0)
            continue;
        BL_TRY(bl_certificate_list_read(bulla_buffer_bytes(&other->issuers), &list, err));
        BL_TRY(bl_certificate_list_order(&list, err));
        return append_pem(list.items[list.count - 1], &object->issuers, err);
    }
    return bulla_fail(err, BULLA_E_UNTRUSTED, WHERE, "the certificate of the root is not at hand",
                      0);
}

/* DER, PEM, or the hexadecimal digits that a PCCS gives. */
static enum bulla_status
take_list(struct bulla_bytes body, struct bulla_buffer *der, struct bulla_error *err)
{
    if (body.size > 0 && body.data[0] == BL_DER_SEQUENCE) /* the digits would begin with a 3 */
        return bulla_buffer_append(der, body, err);
    if (starts_with(body, "-----BEGIN"))
        return bl_pem_decode(body, "X509 CRL", der, err);
    while (body.size > 0 && strchr("\r\n \t", body.data[body.size - 1]) != NULL)
        body.size--;
    return bl_hex_decode(body, der, err);
}

enum bulla_status
bl_source_take(struct bl_collateral *object, struct bulla_bytes body, struct bulla_bytes header,
               const struct bl_collateral_set *set, struct bulla_error *err)
{
    switch (object->name.kind) {
    case BL_COLLATERAL_PCK_CRL:
        BL_TRY(take_issuers(object, header, err));
        return take_list(body, &object->body, err);
    case BL_COLLATERAL_ROOT_CRL:
        BL_TRY(borrow_root(object, set, err));
        return take_list(body, &object->body, err);
    case BL_COLLATERAL_AMD_CRL:
    case BL_COLLATERAL_ISSUER_CRL:
        return take_list(body, &object->body, err);
    case BL_COLLATERAL_TCB_INFO:
    case BL_COLLATERAL_QE_IDENTITY:
        BL_TRY(take_issuers(object, header, err));
        return bulla_buffer_append(&object->body, body, err);
    case BL_COLLATERAL_AMD_CHAIN:
        return write_issuers(body, &object->body, err);
    case BL_COLLATERAL_VCEK:
    case BL_COLLATERAL_ISSUER:
    case BL_COLLATERAL_NONE:
        break;
    }
    return bulla_buffer_append(&object->body, body, err);
}

enum bulla_status
bl_source_fetch(const struct bl_sources *sources, const struct bl_source_place *place,
                const struct bl_collateral_name *name, const struct bl_collateral_set *set,
                struct bl_collateral **object_out, unsigned *retry_after_s_out,
                struct bulla_error *err)
{
    const struct bl_fetch_request request = { .url = bulla_buffer_bytes(&place->url),
                                              .query = bulla_buffer_bytes(&place->query),
                                              .timeout_ms = sources->timeout_ms,
                                              .size_max = BL_COLLATERAL_BODY_SIZE_MAX,
                                              .authorities = sources->authorities,
                                              .headers = { place->issuers_header } };
    BL_AUTO(bl_fetch_answer) answer = { 0 };

    enum bulla_status status = bl_fetch_get(&request, &answer, err);
    *retry_after_s_out = answer.retry_after_s;
    BL_TRY(status);
    BL_AUTO_FREE(bl_collateral) object = bl_alloc(1, sizeof *object);
    if (object == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    object->name = *name;
    BL_TRY(bl_source_take(object, bulla_buffer_bytes(&answer.body),
                          bulla_buffer_bytes(&answer.headers[0]), set, err));
    *object_out = object;
    object = NULL;
    return BULLA_OK;
}
