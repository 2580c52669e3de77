/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/attest_tsm.c: evidence through configfs-tsm, the interface of Linux 6.7 and later for SEV-SNP,
 * TDX and CCA guests: a directory is made, the nonce is written to inblob, the evidence is read from
 * outblob.
 *
 * Spec: Linux, Documentation/ABI/testing/configfs-tsm-report; drivers/virt/coco (tsm.c).
 * Guarantees: every directory it makes has a name of its own and is removed on every path; what was
 * written is what the evidence is about: the kernel takes inblob when its file is closed and says
 * nothing if it did not, so that the generation has to tell.
 * A TD's event log comes along where ACPI has one (CCEL): a verifier compares it with the RTMRs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "crypto/random.h"
#include "device/attest_internal.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/path.h"

#define WHERE "configfs-tsm"
#define PATH_SIZE 256u                      /* bytes */
#define TEXT_SIZE_MAX 64u                   /* bytes of a number or a name, with its line end */
#define EVIDENCE_SIZE_MAX ((size_t)1 << 20) /* bytes: quotes have 8 KiB, tokens of CCA less */
#define TABLE_SIZE_MAX ((size_t)64 << 10)   /* bytes of certificates; GHCB: 4 pages are usual */
#define LOG_SIZE_MAX ((size_t)1 << 20)      /* bytes of the event log; 64 to 256 KiB are usual */
#define TABLE_DIRECTORY "/sys/firmware/acpi/tables/data"
#define RETRY_COUNT 5 /* changed by somebody else, or in use */
#define RETRY_DELAY_MS 100u

static const struct {
    const char *provider, *kind;
} providers[] = { { "sev_guest", "snp" }, { "tdx_guest", "tdx" }, { "arm_cca_guest", "cca" } };

/* -- one report directory ----------------------------------------------------------------------- */

struct entry {
    char path[PATH_SIZE]; /* "": none */
};

static void
entry_done(struct entry *entry)
{
    if (entry->path[0] != '\0')
        (void)rmdir(entry->path);
    entry->path[0] = '\0';
}

static enum bulla_status
entry_path(const char *directory, uint64_t tag, char path_out[PATH_SIZE], struct bulla_error *err)
{
    char name[32];

    (void)snprintf(name, sizeof name, "bulla-%016llx", (unsigned long long)tag);
    return bl_path_format(path_out, PATH_SIZE, directory, name, WHERE, err);
}

static enum bulla_status
entry_make(const char *directory, uint64_t tag, struct entry *entry, struct bulla_error *err)
{
    char path[PATH_SIZE];

    if (tag == 0)
        BL_TRY(bl_random(&tag, sizeof tag, err));
    BL_TRY(entry_path(directory, tag, path, err));
    if (BL_CALL(FILE, mkdir(path, 0700)) != 0)
        return bl_node_fail(errno, "no report can be begun", err);
    memcpy(entry->path, path, sizeof path);
    return BULLA_OK;
}

/* -- its files ---------------------------------------------------------------------------------- */

/* One line of text. The kernel's texts end with a line end, which is cut off. */
static enum bulla_status
read_line(const struct entry *entry, const char *name, int64_t deadline,
          char line_out[TEXT_SIZE_MAX + 1], struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    BL_TRY(bl_node_read(entry->path, name, TEXT_SIZE_MAX, deadline, &text, err));
    size_t size = text.size;
    if (size > 0 && text.data[size - 1] == '\n')
        size--;
    if (size == 0 || memchr(text.data, '\0', size) != NULL)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE, "no line of text");
    memcpy(line_out, text.data, size);
    line_out[size] = '\0';
    return BULLA_OK;
}

static enum bulla_status
read_number(const struct entry *entry, const char *name, int64_t deadline, uint64_t *number_out,
            struct bulla_error *err)
{
    char line[TEXT_SIZE_MAX + 1];
    uint64_t number = 0;

    BL_TRY(read_line(entry, name, deadline, line, err));
    for (const char *digit = line; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || number > (UINT64_MAX - 9) / 10)
            return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE, "no number");
        number = number * 10 + (uint64_t)(*digit - '0');
    }
    *number_out = number;
    return BULLA_OK;
}

static enum bulla_status
read_kind(const struct entry *entry, int64_t deadline, const char **kind_out,
          struct bulla_error *err)
{
    char provider[TEXT_SIZE_MAX + 1];

    BL_TRY(read_line(entry, "provider", deadline, provider, err));
    for (size_t i = 0; i < BL_COUNT_OF(providers); i++) {
        if (strcmp(provider, providers[i].provider) == 0) {
            *kind_out = providers[i].kind;
            return BULLA_OK;
        }
    }
    return bulla_fail(err, BULLA_E_UNSUPPORTED, WHERE, "evidence of a provider that is not known",
                      0);
}

/* A file that only some providers have: *is_there_out is false without it. */
static enum bulla_status
read_optional(const struct entry *entry, const char *name, int64_t deadline,
              struct bulla_buffer *out, struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    enum bulla_status status =
        bl_node_read(entry->path, name, TABLE_SIZE_MAX, deadline, out, &inner);

    if (status == BULLA_OK || inner.cause == BULLA_CAUSE_NO_ATTESTER)
        return BULLA_OK;
    if (err != NULL)
        *err = inner;
    return status;
}

/* A guest that runs below a service module may only ask for its own level and those above: the kernel
 * says from which on. Zero is what it asks for by itself. */
static enum bulla_status
write_level(const struct entry *entry, int64_t deadline, uint64_t *write_count,
            struct bulla_error *err)
{
    struct bulla_error inner = { 0 };
    uint64_t floor = 0;
    enum bulla_status status = read_number(entry, "privlevel_floor", deadline, &floor, &inner);

    if (inner.cause == BULLA_CAUSE_NO_ATTESTER || (status == BULLA_OK && floor == 0))
        return BULLA_OK;
    if (status == BULLA_OK && floor > 3)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, WHERE,
                                "there is no such privilege level");
    if (status != BULLA_OK) {
        if (err != NULL)
            *err = inner;
        return status;
    }
    const uint8_t digit = (uint8_t)('0' + floor);
    (*write_count)++;
    return bl_node_write(entry->path, "privlevel", (struct bulla_bytes){ &digit, 1 }, deadline,
                         err);
}

/* -- a report ----------------------------------------------------------------------------------- */

static enum bulla_status
check_generation(const struct entry *entry, int64_t deadline, uint64_t wanted,
                 struct bulla_error *err)
{
    uint64_t generation = 0;

    BL_TRY(read_number(entry, "generation", deadline, &generation, err));
    if (generation == wanted)
        return BULLA_OK;
    enum bulla_status status = bulla_fail_cause(err, BULLA_CAUSE_BUSY, WHERE,
                                                "somebody else changed the report, or the kernel "
                                                "did not take what was written");
    bulla_error_values(err, bulla_value_number(generation), bulla_value_number(wanted));
    return status;
}

/* The log of firmware and loader is an aid, not evidence: the RTMRs tell whether it is whole. Root alone
 * may read it, and not all firmware writes one. */
static void
add_log(int64_t deadline, struct bl_collected *collected)
{
    BL_AUTO(bulla_buffer) log = { 0 };

    if (bl_node_read(TABLE_DIRECTORY, "CCEL", LOG_SIZE_MAX, deadline, &log, NULL) == BULLA_OK &&
        log.size > 0)
        bl_collected_add(collected, "ccel", &log);
}

static enum bulla_status
take(const struct entry *entry, const struct bl_attest_request *request,
     struct bl_collected *collected, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) evidence = { 0 }, table = { 0 };
    uint8_t report_data[BL_REPORT_DATA_BYTES];
    const int64_t deadline = request->deadline;
    uint64_t generation = 0;

    BL_TRY(bl_attest_report_data(request, report_data, err));
    BL_TRY(read_kind(entry, deadline, &collected->kind, err));
    BL_TRY(read_number(entry, "generation", deadline, &generation, err));
    BL_TRY(write_level(entry, deadline, &generation, err));
    BL_TRY(bl_node_write(entry->path, "inblob", BL_BYTES_OF(report_data), deadline, err));
    generation++;
    BL_TRY(check_generation(entry, deadline, generation, err));
    BL_TRY(bl_node_read(entry->path, "outblob", EVIDENCE_SIZE_MAX, deadline, &evidence, err));
    if (strcmp(collected->kind, "snp") == 0)
        BL_TRY(read_optional(entry, "auxblob", deadline, &table, err));
    BL_TRY(check_generation(entry, deadline, generation, err));
    if (strcmp(collected->kind, "snp") == 0)
        return bl_attest_snp(bulla_buffer_bytes(&evidence), bulla_buffer_bytes(&table), collected,
                             err);
    bl_collected_add(collected, "evidence", &evidence);
    if (strcmp(collected->kind, "tdx") == 0)
        add_log(deadline, collected);
    return BULLA_OK;
}

static enum bulla_status
try_once(const char *directory, const struct bl_attest_request *request, struct bl_collected *out,
         struct bulla_error *err)
{
    BL_AUTO(entry) entry = { "" };
    BL_AUTO(bl_collected) collected = { 0 };

    BL_TRY(entry_make(directory, request->tag, &entry, err));
    BL_TRY(take(&entry, request, &collected, err));
    return bl_collected_deliver(&collected, request, out, err);
}

static enum bulla_status
collect(const struct bl_attest_request *request, struct bl_collected *out, struct bulla_error *err)
{
    const char *directory = bl_attest_path(&bl_attester_tsm, request);

    for (int left = RETRY_COUNT;; left--) {
        struct bulla_error inner = { 0 };
        enum bulla_status status = try_once(directory, request, out, &inner);
        if (status == BULLA_OK)
            return BULLA_OK;
        if (status == BULLA_E_BUSY && left > 1 && bl_clock_left_ms(request->deadline) > 0) {
            bl_clock_sleep_ms(RETRY_DELAY_MS);
            continue;
        }
        if (err != NULL)
            *err = inner;
        return status;
    }
}

static void
tidy(const struct bl_attest_request *request)
{
    BL_AUTO(entry) entry = { "" };

    (void)!entry_path(bl_attest_path(&bl_attester_tsm, request), request->tag, entry.path, NULL);
}

/* -- what is there ------------------------------------------------------------------------------ */

#define PROBE_TIMEOUT_MS 2000u /* for a file of a few bytes */

static void
probe(const char *path, struct bl_local_attester_probe *out)
{
    BL_AUTO(entry) entry = { "" };
    struct bulla_error err = { 0 };

    *out = (struct bl_local_attester_probe){ .state = BL_NODE_ABSENT };
    if (entry_make(path, /* tag= */ 0, &entry, &err) != BULLA_OK) {
        if (err.cause == BULLA_CAUSE_ATTESTER_NOT_PERMITTED)
            out->state = BL_NODE_NOT_PERMITTED;
        return;
    }
    if (read_kind(&entry, bl_clock_deadline(PROBE_TIMEOUT_MS), &out->kind, &err) == BULLA_OK)
        out->state = BL_NODE_USABLE;
}

static const char *const kinds[] = { "snp", "tdx", "cca", NULL };

const struct bl_local_attester bl_attester_tsm = {
    .name = "configfs-tsm",
    .path = "/sys/kernel/config/tsm/report",
    .kinds = kinds,
    .probe = probe,
    .collect = collect,
    .tidy = tidy,
};
