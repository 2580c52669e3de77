/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/collateral_fetch.c: bulla collateral fetch: have what evidence needs in the cache.
 */
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/arguments.h"
#include "cmd/collateral_files.h"
#include "cmd/report.h"
#include "cmd/show.h"
#include "cmd/verbs.h"
#include "collateral/gather.h"
#include "sys/clock.h"

#define WHERE "command line"
#define TIMEOUT_S 30
#define TIMEOUT_MAX_S 600
#define WAIT_S 60
#define HOSTS_SIZE 1024 /* bytes of all --host together */

/* -- sources ------------------------------------------------------------------------------------- */

static enum bulla_status
fail_usage(const char *object, const char *what, struct bulla_error *err)
{
    bl_report_object_word(object);
    return bulla_fail_cause(err, BULLA_CAUSE_USAGE, WHERE, what);
}

static enum bulla_status
read_sources(const struct bl_arguments *arguments, struct bl_sources *sources,
             struct bulla_error *err)
{
    static const char *const names[] = { "intel=", "intel-root-crl=", "amd=" };
    const char **const places[] = { &sources->intel, &sources->intel_root_crl, &sources->amd };
    const char *given;

    for (size_t i = 0; (given = bl_argument_at(arguments, "source", i)) != NULL; i++) {
        size_t k = 0;
        while (k < BL_COUNT_OF(names) && strncmp(given, names[k], strlen(names[k])) != 0)
            k++;
        if (k == BL_COUNT_OF(names))
            return fail_usage(given, "it is not intel=URL, intel-root-crl=URL or amd=URL", err);
        *places[k] = given + strlen(names[k]);
        bl_report_object_word(given);
        BL_TRY(bl_sources_check(sources, err));
    }
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
read_hosts(const struct bl_arguments *arguments, char hosts[HOSTS_SIZE], struct bl_sources *sources,
           struct bulla_error *err)
{
    const char *given;
    size_t size = 0;

    for (size_t i = 0; (given = bl_argument_at(arguments, "host", i)) != NULL; i++) {
        size_t more = strlen(given);
        if (size + more + 2 > HOSTS_SIZE)
            return fail_usage(given, "more hosts than can be given", err);
        if (size > 0)
            hosts[size++] = ' ';
        memcpy(hosts + size, given, more);
        size += more;
        sources->hosts = (struct bulla_bytes){ (const uint8_t *)hosts, size };
        bl_report_object_word(given);
        BL_TRY(bl_sources_check(sources, err));
    }
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
read_update(const struct bl_arguments *arguments, struct bl_sources *sources,
            struct bulla_error *err)
{
    const char *word = bl_argument(arguments, "update");
    const char *number = bl_argument(arguments, "tcb-evaluation");

    if (word != NULL && strcmp(word, "early") != 0 && strcmp(word, "standard") != 0)
        return fail_usage(word, "it is neither standard nor early", err);
    if (word != NULL && number != NULL)
        return fail_usage(number, "it goes without --update", err);
    sources->update =
        word != NULL && strcmp(word, "early") == 0 ? BL_UPDATE_EARLY : BL_UPDATE_STANDARD;
    if (number == NULL)
        return BULLA_OK;
    bl_report_object_word(number);
    sources->evaluation.is_present = true;
    BL_TRY(bl_parse_number(number, UINT32_MAX, &sources->evaluation.value, err));
    bl_report_object_word("");
    return BULLA_OK;
}

static enum bulla_status
read_seconds(const struct bl_arguments *arguments, const char *option, unsigned usual,
             unsigned most, unsigned *seconds_out, struct bulla_error *err)
{
    const char *given = bl_argument(arguments, option);
    uint64_t seconds = usual;

    if (given != NULL) {
        bl_report_object_word(given);
        BL_TRY(bl_parse_number(given, most, &seconds, err));
        bl_report_object_word("");
    }
    *seconds_out = (unsigned)seconds;
    return BULLA_OK;
}

static enum bulla_status
read_times(const struct bl_arguments *arguments, struct bl_gathering *g, struct bulla_error *err)
{
    unsigned timeout_s = 0;

    BL_TRY(read_seconds(arguments, "wait", WAIT_S, BL_FETCH_WAIT_MAX_S, &g->wait_s, err));
    BL_TRY(read_seconds(arguments, "timeout", TIMEOUT_S, TIMEOUT_MAX_S, &timeout_s, err));
    if (timeout_s == 0)
        return fail_usage("0", "nothing can be had in no time", err);
    g->sources.timeout_ms = 1000 * timeout_s;
    return BULLA_OK;
}

/* -- results ------------------------------------------------------------------------------------- */

static const char *
how_word(const struct bl_gathered *item)
{
    switch (item->how) {
    case BL_GATHERED_FAILED:
        return "failed";
    case BL_GATHERED_FETCHED:
        return "fetched";
    case BL_GATHERED_FRESH:
        return "fresh";
    case BL_GATHERED_NEWER:
        return "newer";
    }
    return "";
}

static enum bulla_status
show_json(const struct bl_gathering *g, const struct bl_wants *wants, struct bulla_error *err)
{
    BL_AUTO(bl_result) result = { 0 };

    bl_result_begin(&result);
    bl_result_open_array(&result, "pieces");
    for (size_t i = 0; i < wants->count; i++) {
        const struct bl_gathered *item = &g->items[i];
        bl_result_open_object(&result, NULL);
        bl_result_word(&result, "name", wants->items[i].text);
        bl_result_word(&result, "result", how_word(item));
        bl_result_flag(&result, "good", item->is_kept);
        if (item->endpoint.host[0] != '\0')
            bl_result_word(&result, "source", item->endpoint.host);
        if (item->is_kept)
            bl_facts_write(&result, &item->facts, g->trust.now_s);
        if (item->how == BL_GATHERED_FAILED)
            bl_failure_write(&result, &item->failure);
        bl_result_close(&result);
    }
    return bl_result_write(&result, STDOUT_FILENO, err);
}

static void
print_item(struct bl_page *page, const struct bl_collateral_name *name,
           const struct bl_gathered *item, int64_t now_s)
{
    char shown[BL_SHOWN_SIZE];

    bl_page_print(page, "%-8s%s\n", how_word(item), bl_show_word(name->text, shown));
    if (item->how == BL_GATHERED_FAILED) {
        bl_page_print(page, "        %s: %s", item->failure.where, item->failure.what);
        if (item->endpoint.host[0] != '\0')
            bl_page_print(page, " (%s)", bl_show_word(item->endpoint.host, shown));
        bl_page_print(page, "%s\n", item->is_kept ? "; the cache still has a good one:" : "");
    }
    if (item->how == BL_GATHERED_NEWER)
        bl_page_print(page, "        what came is older than what the cache has, which stays\n");
    if (item->is_kept) {
        bl_page_print(page, "        ");
        bl_facts_print(page, &item->facts, now_s);
        bl_page_print(page, "\n");
    }
}

static enum bulla_status
show(const struct bl_arguments *arguments, const struct bl_gathering *g,
     const struct bl_wants *wants, struct bulla_error *err)
{
    BL_AUTO(bl_page) page = { 0 };

    if (bl_wants_json(arguments))
        return show_json(g, wants, err);
    for (size_t i = 0; i < wants->count; i++)
        print_item(&page, &wants->items[i], &g->items[i], g->trust.now_s);
    return bl_page_write(&page, STDOUT_FILENO, err);
}

/* How much a failure says: what is wrong with a piece, then what could not be had, then what follows
 * from that. */
static unsigned
rank(const struct bulla_error *failure)
{
    if (failure->cause == BULLA_CAUSE_CRL_MISSING)
        return 1;
    return bulla_status_is_finding(failure->status) ? 3 : 2;
}

static enum bulla_status
conclude(const struct bl_gathering *g, const struct bl_wants *wants, struct bulla_error *err)
{
    const struct bulla_error *worst = NULL;

    for (size_t i = 0; i < wants->count; i++) {
        const struct bulla_error *failure = &g->items[i].failure;
        if (g->items[i].how != BL_GATHERED_FAILED ||
            (worst != NULL && rank(failure) <= rank(worst)))
            continue;
        worst = failure;
        bl_report_object_word(wants->items[i].text);
    }
    if (worst == NULL)
        return BULLA_OK;
    if (err != NULL)
        *err = *worst;
    return worst->status;
}

/* -- the verb ------------------------------------------------------------------------------------ */

/* Nothing named: whatever the cache has is brought up to date. */
static enum bulla_status
want_what_is_kept(struct bl_collateral_files *files, struct bulla_error *err)
{
    size_t altered_count = 0;

    files->pieces = bl_collateral_set_new();
    if (files->pieces == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0);
    BL_TRY(bl_cache_read_all(files->cache, files->pieces, &altered_count, err));
    if (altered_count > 0)
        bl_note("%zu damaged entries of the cache were passed over", altered_count);
    for (size_t i = 0; i < files->pieces->count; i++)
        BL_TRY(bl_wants_add(files->wants, &files->pieces->items[i]->name, err));
    return BULLA_OK;
}

static void
tell(const struct bl_collateral_name *name)
{
    char shown[BL_SHOWN_SIZE];

    if (isatty(STDERR_FILENO) == 1)
        bl_note("fetching %s", bl_show_word(name->text, shown));
}

static enum bulla_status
prepare(const struct bl_arguments *arguments, struct bl_gathering *g,
        struct bl_collateral_files *files, char hosts[HOSTS_SIZE], struct bulla_error *err)
{
    bool any = false;

    BL_TRY(bl_collateral_trust_read(files, arguments, err));
    BL_TRY(read_sources(arguments, &g->sources, err));
    BL_TRY(read_hosts(arguments, hosts, &g->sources, err));
    BL_TRY(read_update(arguments, &g->sources, err));
    BL_TRY(read_times(arguments, g, err));
    BL_TRY(bl_collateral_wants_read(files, arguments, &any, err));
    BL_TRY(bl_collateral_cache_open(files, arguments, /* may_create= */ any, err));
    if (!any)
        BL_TRY(want_what_is_kept(files, err));
    g->cache = files->cache;
    g->trust = files->trust;
    g->sources.authorities = bl_argument(arguments, "source-ca");
    g->refresh = bl_argument(arguments, "refresh") != NULL;
    g->may_go_back = bl_argument(arguments, "allow-older") != NULL;
    g->sleep_ms = bl_clock_sleep_ms;
    g->tell = tell;
    return BULLA_OK;
}

static enum bulla_status
fetch(const struct bl_arguments *arguments, struct bl_gathering *g,
      struct bl_collateral_files *files, struct bulla_error *err)
{
    char hosts[HOSTS_SIZE] = { 0 };

    BL_TRY(prepare(arguments, g, files, hosts, err));
    BL_TRY(bl_fetch_initialise(err));
    BL_TRY(bl_gather(g, files->wants, err));
    BL_TRY(show(arguments, g, files->wants, err));
    return conclude(g, files->wants, err);
}

static enum bulla_status
run(const struct bl_arguments *arguments, struct bulla_error *err)
{
    struct bl_gathering *g = bl_alloc(1, sizeof *g);
    struct bl_collateral_files *files = bl_alloc(1, sizeof *files);
    enum bulla_status status = g == NULL || files == NULL
                                   ? bulla_fail(err, BULLA_E_MEMORY, WHERE, "out of memory", 0)
                                   : fetch(arguments, g, files, err);

    if (files != NULL)
        bl_collateral_files_done(files);
    bl_free(files);
    bl_free(g);
    return status;
}

static const char *const update_words[] = { "standard", "early", NULL };
static const struct bl_option options[] = {
    BL_WANTS_OPTIONS,
    { .name = "source",
      .argument = "WHAT=URL",
      .repeats = true,
      .help = "where to ask: intel=URL (a PCCS, or a mirror), intel-root-crl=URL, amd=URL" },
    { .name = "source-ca",
      .argument = "FILE",
      .help = "authorities (PEM) for https besides the system's" },
    { .name = "host",
      .argument = "HOST:PORT",
      .repeats = true,
      .help = "a host that certificates of TPM keys may name, besides the known ones" },
    { .name = "update",
      .argument = "WHEN",
      .choices = update_words,
      .help = "which of Intel's evaluations: standard (default) or early" },
    { .name = "tcb-evaluation",
      .argument = "NUMBER",
      .help = "this tcbEvaluationDataNumber of Intel's" },
    { .name = "allow-older",
      .help = "take an older evaluation, or older issue, than was seen before" },
    { .name = "refresh", .help = "ask again also for what is fresh, or was not there" },
    { .name = "wait",
      .argument = "SECONDS",
      .help = "how long to wait for sources that ask for it, in all (default: 60)" },
    { .name = "timeout",
      .argument = "SECONDS",
      .help = "how long one answer may take (default: 30)" },
    BL_CACHE_OPTION,
    BL_COLLATERAL_TRUST_OPTIONS,
    { 0 },
};
static const char *const examples[] = {
    "bulla collateral fetch --for quote.bin",
    "bulla collateral fetch --for quote.bin --source intel=https://pccs.example.org:8081",
    "bulla collateral fetch --for report.bin --snp-product genoa",
    NULL,
};

const struct bl_verb bl_verb_collateral_fetch = {
    .name = "collateral fetch",
    .summary = "fetch what evidence needs from the vendors, verify and keep it",
    .operands = "",
    .options = options,
    .examples = examples,
    .run = run,
};
