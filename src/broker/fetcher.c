/* SPDX-License-Identifier: Apache-2.0 */
/*
 * broker/fetcher.c: the question is the URL, the result is the document.
 */
#include "broker/fetcher.h"

#include "base/memory.h"
#include "broker/helper.h"
#include "http/fetch.h"

#define FETCH_MS 10000

struct bl_fetcher {
    struct bl_helper helper;
};

enum bulla_status
bl_fetcher_new(int fd, struct bl_fetcher **fetcher_out, struct bulla_error *err)
{
    struct bl_fetcher *fetcher = bl_alloc(1, sizeof *fetcher);

    if (fetcher == NULL)
        return bulla_fail(err, BULLA_E_MEMORY, "fetcher", "out of memory", 0);
    bl_helper_start(&fetcher->helper, "fetcher", fd);
    *fetcher_out = fetcher;
    return BULLA_OK;
}

void
bl_fetcher_replace(struct bl_fetcher *fetcher, int fd)
{
    bl_helper_replace(&fetcher->helper, fd);
}

void
bl_fetcher_free(struct bl_fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    bl_helper_done(&fetcher->helper);
    bl_free(fetcher);
}

enum bulla_status
bl_fetcher_get(struct bl_fetcher *fetcher, struct bulla_bytes url, struct bulla_buffer *out,
               struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) answer = { 0 };
    struct bl_reader r;

    BL_TRY(bl_helper_ask(&fetcher->helper, url, &answer, &r, err));
    struct bulla_bytes document = bl_cbor_read_bytes(&r, BL_FETCH_SIZE_MAX);
    BL_TRY(bl_reader_finish(&r, err));
    return bulla_buffer_append(out, document, err);
}

static enum bulla_status
answer_question(struct bulla_bytes question, struct bl_writer *result, struct bulla_error *err)
{
    BL_AUTO(bulla_buffer) document = { 0 };

    BL_TRY(bl_fetch(question, FETCH_MS, &document, err));
    bl_cbor_write_bytes(result, bulla_buffer_bytes(&document));
    return BULLA_OK;
}

enum bulla_status
bl_fetcher_run(int fd, struct bulla_error *err)
{
    return bl_helper_serve(fd, answer_question, err);
}
