/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/policy_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400

/* Appended as far as there is room. */
static void __attribute__((format(printf, 2, 3)))
add(char out[BL_ITEM_WORDS_SIZE], const char *format, ...)
{
    size_t used = strlen(out);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(out + used, BL_ITEM_WORDS_SIZE - used, format, arguments);
    va_end(arguments);
}

static void
add_firmware(char out[BL_ITEM_WORDS_SIZE], const struct bl_firmware_claims *floor)
{
    add(out, "%s", bl_snp_generation_word(floor->generation));
    for (size_t i = 0; i < bl_svn_count(floor->generation); i++)
        add(out, " %s %u", bl_svn_word((enum bl_svn)i), floor->svns[i]);
}

static void
add_value(char out[BL_ITEM_WORDS_SIZE], unsigned members, const struct bl_policy_item *item)
{
    const char *type = bl_event_type_word(item->event_type);
    char shown[BL_SHOWN_SIZE];

    if ((members & BL_ITEM_EVENT) != 0 && item->value.size == 0)
        add(out, "%s", type == NULL ? "?" : type);
    else if ((members & (BL_ITEM_EVENT | BL_ITEM_DIGEST)) != 0)
        add(out, "%s", bl_show_hex(item->value, shown));
    else if ((members & BL_ITEM_TEXT) != 0)
        add(out, "%s", bl_show_text(item->value, shown));
}

const char *
bl_policy_item_words(const struct bl_policy_field *field, const struct bl_policy_item *item,
                     char out[BL_ITEM_WORDS_SIZE])
{
    const unsigned members = field->members;
    char shown[BL_SHOWN_SIZE];

    out[0] = '\0';
    if ((members & BL_ITEM_CHECK) != 0)
        add(out, "%s ", item->check);
    if ((members & BL_ITEM_GENERATION) != 0)
        add_firmware(out, &item->floor);
    if ((members & BL_ITEM_MODULE) != 0)
        add(out, "version %u svn %u", item->module.version, item->module.svn);
    if ((members & BL_ITEM_PCR) != 0)
        add(out, "%s:%u ", bl_bank_word(item->pcr.bank), (unsigned)__builtin_ctz(item->pcr.mask));
    add_value(out, members, item);
    if ((members & BL_ITEM_PLATFORM) != 0)
        add(out, " on %s",
            item->platform.size == 0 ? "any platform" : bl_show_hex(item->platform, shown));
    return out;
}

const char *
bl_distance_words(int64_t time_s, int64_t now_s, char out[BL_SHOWN_SIZE])
{
    int64_t days = (time_s > now_s ? time_s - now_s : now_s - time_s) / DAY_S;

    if (days == 0)
        (void)snprintf(out, BL_SHOWN_SIZE, "within a day");
    else if (time_s > now_s)
        (void)snprintf(out, BL_SHOWN_SIZE, "in %" PRId64 " days", days);
    else
        (void)snprintf(out, BL_SHOWN_SIZE, "%" PRId64 " days ago", days);
    return out;
}
