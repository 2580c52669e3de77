/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tee/snp/describe.c: a report in the words of AMD's tables; docs/formats/claims.md has the names.
 */
#include "base/memory.h"
#include "crypto/hash.h"
#include "tee/snp/chain.h"
#include "tee/snp/verify.h"

#define HEX_SIZE 19 /* "0x", 16 digits and a zero */
#define VERSION_CPUID 3u

/* A set of flags as people read them: 0x3001f. */
static void
write_flags(struct bl_json_writer *j, const char *name, uint64_t value)
{
    static const char digits[] = "0123456789abcdef";
    char text[HEX_SIZE] = "0x";
    size_t size = 2;
    unsigned shift = 60;

    while (shift > 0 && (value >> shift) == 0)
        shift -= 4;
    for (;; shift -= 4) {
        text[size++] = digits[(value >> shift) & 0xf];
        if (shift == 0)
            break;
    }
    text[size] = '\0';
    bl_json_write_word(j, name, text);
}

static void
write_header(struct bl_json_writer *j, const struct bl_snp_report *report)
{
    bl_json_write_u64(j, "version", report->version);
    bl_json_write_u64(j, "guest_svn", report->guest_svn);
    write_flags(j, "policy", report->policy);
    bl_json_write_hex(j, "family_id", report->family_id);
    bl_json_write_hex(j, "image_id", report->image_id);
    bl_json_write_u64(j, "vmpl", report->vmpl);
    bl_json_write_u64(j, "sig_algo", report->signature_algorithm);
    bl_json_write_hex(j, "current_tcb", report->current_tcb);
    write_flags(j, "platform_info", report->platform_info);
    write_flags(j, "key_info", report->key_info);
}

static void
write_body(struct bl_json_writer *j, const struct bl_snp_report *report)
{
    bl_json_write_hex(j, "report_data", report->report_data);
    bl_json_write_hex(j, "measurement", report->measurement);
    bl_json_write_hex(j, "host_data", report->host_data);
    bl_json_write_hex(j, "id_key_digest", report->id_key_digest);
    bl_json_write_hex(j, "author_key_digest", report->author_key_digest);
    bl_json_write_hex(j, "report_id", report->report_id);
    bl_json_write_hex(j, "report_id_ma", report->report_id_ma);
    bl_json_write_hex(j, "reported_tcb", report->reported_tcb);
    bl_json_write_hex(j, "cpuid", report->cpuid);
    bl_json_write_hex(j, "chip_id", report->chip_id);
    bl_json_write_hex(j, "committed_tcb", report->committed_tcb);
    bl_json_write_hex(j, "current_version", report->current_version);
    bl_json_write_hex(j, "committed_version", report->committed_version);
    bl_json_write_hex(j, "launch_tcb", report->launch_tcb);
    bl_json_write_hex(j, "launch_mit", report->launch_mit_vector);
    bl_json_write_hex(j, "current_mit", report->current_mit_vector);
}

static void
write_key_info(struct bl_json_writer *j, const struct bl_snp_report *report)
{
    const unsigned key = bl_snp_signing_key(report);

    if (key == BL_SNP_VCEK || key == BL_SNP_VLEK)
        bl_json_write_word(j, "signing_key", key == BL_SNP_VCEK ? "VCEK" : "VLEK");
    else
        bl_json_write_u64(j, "signing_key", key);
    bl_json_write_number(j, "author_key_en", bl_snp_author_key_enabled(report));
    bl_json_write_number(j, "mask_chip_key", bl_snp_chip_key_masked(report));
}

static void
write_policy(struct bl_json_writer *j, uint64_t policy)
{
    static const struct {
        const char *name;
        uint64_t bit;
    } flags[] = {
        { "smt", BL_SNP_POLICY_SMT },
        { "migrate_ma", BL_SNP_POLICY_MIGRATE_MA },
        { "debug", BL_SNP_POLICY_DEBUG },
        { "single_socket", BL_SNP_POLICY_SINGLE_SOCKET },
        { "cxl", BL_SNP_POLICY_CXL_ALLOW },
        { "mem_aes256_xts", BL_SNP_POLICY_MEM_AES_256_XTS },
        { "rapl_dis", BL_SNP_POLICY_RAPL_DIS },
        { "ciphertext_hiding", BL_SNP_POLICY_CIPHERTEXT_HIDING },
        { "page_swap_disable", BL_SNP_POLICY_PAGE_SWAP_DISABLE },
    };

    bl_json_write_bool(j, "debug", (policy & BL_SNP_POLICY_DEBUG) != 0);
    bl_json_open_object(j, "policy_fields");
    bl_json_write_u64(j, "abi_minor", policy & 0xff);
    bl_json_write_u64(j, "abi_major", policy >> 8 & 0xff);
    for (size_t i = 0; i < BL_COUNT_OF(flags); i++)
        bl_json_write_bool(j, flags[i].name, (policy & flags[i].bit) != 0);
    bl_json_close(j);
}

static void
write_tcb(struct bl_json_writer *j, const char *name, struct bulla_bytes tcb,
          enum bl_snp_generation generation)
{
    const struct bl_firmware_claims firmware = bl_snp_tcb_svns(tcb, generation);

    bl_json_open_object(j, name);
    for (size_t i = 0; i < bl_svn_count(generation); i++)
        bl_json_write_u64(j, bl_svn_word((enum bl_svn)i), firmware.svns[i]);
    bl_json_close(j);
}

static void
write_tcbs(struct bl_json_writer *j, const struct bl_snp_report *report,
           enum bl_snp_generation generation)
{
    write_tcb(j, "current_tcb_fields", report->current_tcb, generation);
    write_tcb(j, "reported_tcb_fields", report->reported_tcb, generation);
    write_tcb(j, "committed_tcb_fields", report->committed_tcb, generation);
    write_tcb(j, "launch_tcb_fields", report->launch_tcb, generation);
}

static void
write_cpuid(struct bl_json_writer *j, const struct bl_snp_report *report)
{
    if (report->version < VERSION_CPUID)
        return;
    bl_json_open_array(j, "cpuid_family_model_stepping");
    for (size_t i = 0; i < report->cpuid.size; i++)
        bl_json_write_u64(j, NULL, report->cpuid.data[i]);
    bl_json_close(j);
}

static enum bulla_status
write_digest(struct bl_json_writer *j, const char *name, const struct bl_snp_public_key *key,
             struct bulla_error *err)
{
    uint8_t digest[48];

    BL_TRY(bl_hash_once(BL_SHA384, key->bytes, digest, err));
    bl_json_write_hex(j, name, BL_BYTES_OF(digest));
    return BULLA_OK;
}

/* What a report of a guest launched with it carries. */
static enum bulla_status
describe_id_auth(struct bulla_bytes evidence, struct bl_json_writer *j, struct bulla_error *err)
{
    struct bl_snp_id_auth auth;

    BL_TRY(bl_snp_id_auth_decode(evidence, &auth, err));
    BL_TRY(write_digest(j, "id_key_digest", &auth.id_key, err));
    if (auth.has_author)
        BL_TRY(write_digest(j, "author_key_digest", &auth.author_key, err));
    write_flags(j, "id_pubkey_offset", BL_SNP_ID_KEY_OFFSET);
    write_flags(j, "author_pubkey_offset", BL_SNP_AUTHOR_KEY_OFFSET);
    bl_json_write_u64(j, "pubkey_size", BL_SNP_PUBLIC_KEY_SIZE);
    return BULLA_OK;
}

enum bulla_status
bl_snp_describe(const struct bl_verification *verification, struct bl_json_writer *out,
                struct bulla_error *err)
{
    enum bl_snp_generation generation = BL_SNP_GENERATION_NONE;
    struct bulla_bytes bytes = { NULL, 0 };
    struct bl_snp_report report;
    struct bl_snp_table table;

    if (bl_snp_is_id_auth(verification->evidence))
        return describe_id_auth(verification->evidence, out, err);
    BL_TRY(bl_snp_evidence_split(verification->evidence, &bytes, &table, err));
    BL_TRY(bl_snp_report_decode(bytes, &report, err));
    BL_TRY(bl_snp_leaf_generation(verification, &table, bl_snp_signing_key(&report) == BL_SNP_VLEK,
                                  &generation, err));
    write_header(out, &report);
    write_body(out, &report);
    write_policy(out, report.policy);
    write_key_info(out, &report);
    write_cpuid(out, &report);
    if (generation != BL_SNP_GENERATION_NONE)
        write_tcbs(out, &report, generation);
    return BULLA_OK;
}
