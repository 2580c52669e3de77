/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/appraisal_write.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "codec/time.h"
#include "codec/writer.h"
#include "policy/appraisal_fields.h"

#define LINE_SIZE 512 /* bytes of one piece that is printed */
#define WIDTH 80      /* columns */

static void __attribute__((format(printf, 2, 3)))
print(struct bl_writer *w, const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (size > 0)
        bl_write_bytes(w, (struct bulla_bytes){ (const uint8_t *)line, (size_t)size < sizeof line
                                                                           ? (size_t)size
                                                                           : sizeof line - 1 });
}

/* In double quotes; what is not printable ASCII and could end or steer the text is escaped. */
static void
print_text(struct bl_writer *w, struct bulla_bytes text)
{
    bl_write_u8(w, '"');
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c < ' ' || c == 0x7f)
            print(w, "\\x%02x", c);
        else if (c == '"' || c == '\\')
            print(w, "\\%c", c);
        else
            bl_write_u8(w, c);
    }
    bl_write_u8(w, '"');
}

static void
print_hex(struct bl_writer *w, const char *key, struct bulla_bytes bytes)
{
    print(w, "%s: \"", key);
    for (size_t i = 0; i < bytes.size; i++)
        print(w, "%02x", bytes.data[i]);
    print(w, "\"");
}

static void
print_time(struct bl_writer *w, const char *before, int64_t time_s)
{
    char text[BL_TIME_TEXT_SIZE];

    print(w, "%s \"%s\"", before, bl_time_text(time_s, text));
}

/* -- items -------------------------------------------------------------------------------------- */

static void
print_floors(struct bl_writer *w, const struct bl_firmware_claims *floor)
{
    print(w, "generation: %s", bl_snp_generation_word(floor->generation));
    for (size_t i = 0; i < bl_svn_count(floor->generation); i++)
        print(w, ", %s: %u", bl_svn_word((enum bl_svn)i), floor->svns[i]);
}

static void
print_event(struct bl_writer *w, const struct bl_policy_item *item)
{
    const char *type = bl_event_type_word(item->event_type);

    if (item->value.size > 0)
        print_hex(w, ", digest", item->value);
    else
        print(w, ", type: %s", type == NULL ? "" : type);
}

static void
print_exception(struct bl_writer *w, const struct bl_policy_item *item)
{
    print(w, "check: %s, accepts: ", item->check);
    print_text(w, item->value);
    if (item->platform.size > 0)
        print_hex(w, ", platform", item->platform);
    else
        print(w, ", platform: any");
    print(w, ",\n      reason: ");
    print_text(w, item->source);
}

static void
print_item(struct bl_writer *w, unsigned members, const struct bl_policy_item *item)
{
    print(w, "  - { ");
    if ((members & BL_ITEM_CHECK) != 0)
        print_exception(w, item);
    if ((members & BL_ITEM_GENERATION) != 0)
        print_floors(w, &item->floor);
    if ((members & BL_ITEM_MODULE) != 0)
        print(w, "version: %u, svn: %u", item->module.version, item->module.svn);
    if ((members & BL_ITEM_PCR) != 0)
        print(w, "bank: %s, pcr: %u", bl_bank_word(item->pcr.bank),
              (unsigned)__builtin_ctz(item->pcr.mask));
    if ((members & BL_ITEM_EVENT) != 0)
        print_event(w, item);
    if ((members & BL_ITEM_DIGEST) != 0)
        print_hex(w, (members & BL_ITEM_PCR) != 0 ? ",\n      value" : "value", item->value);
    if ((members & BL_ITEM_SOURCE) != 0 && (members & BL_ITEM_CHECK) == 0) {
        print(w, ",\n      from: ");
        print_text(w, item->source);
    }
    if ((members & BL_ITEM_UNTIL) != 0)
        print_time(w, ",\n      until:", item->until_s);
    print(w, " }\n");
}

static void
print_names(struct bl_writer *w, const struct bl_policy_list *list)
{
    print(w, " [");
    for (size_t i = 0; i < list->count; i++) {
        print(w, i == 0 ? "" : ", ");
        print_text(w, list->items[i].value);
    }
    print(w, "]\n");
}

/* -- fields ------------------------------------------------------------------------------------- */

static bool
print_waiver(struct bl_writer *w, enum bl_said said, struct bulla_bytes reason)
{
    if (said == BL_SAID_LIST)
        return false;
    print(w, " { %s: ", said == BL_SAID_ANY ? "any" : "absent");
    print_text(w, reason);
    print(w, " }\n");
    return true;
}

static void
print_list(struct bl_writer *w, const struct bl_policy_field *field,
           const struct bl_policy_list *list)
{
    if (print_waiver(w, list->said, list->reason))
        return;
    if (list->count == 0 || field->members == BL_ITEM_TEXT) {
        print_names(w, list);
        return;
    }
    print(w, "\n");
    for (size_t i = 0; i < list->count; i++)
        print_item(w, field->members, &list->items[i]);
}

static void
print_words(struct bl_writer *w, const struct bl_policy_field *field, uint64_t bits)
{
    char word[BL_BIT_WORD_SIZE];
    const char *separator = "";

    print(w, " [");
    for (unsigned bit = 0; bit < 64; bit++) {
        if ((bits >> bit & 1u) == 0 || bl_field_bit_word(field, bit, word) == NULL)
            continue;
        print(w, "%s\"%s\"", separator, word);
        separator = ", ";
    }
    print(w, "]\n");
}

/* The words that a set may have, for who edits it; flags without a name are left out. */
static void
print_choices(struct bl_writer *w, const struct bl_policy_field *field)
{
    size_t column = WIDTH;
    bool any = false;

    for (unsigned bit = 0; bit < 64; bit++) {
        const char *word = field->word(bit);
        if (word == NULL || word[0] == '\0')
            continue;
        any = true;
        if (column + 1 + strlen(word) > WIDTH) {
            print(w, column == WIDTH ? "#  " : "\n#  ");
            column = 3;
        }
        print(w, " %s", word);
        column += 1 + strlen(word);
    }
    if (any)
        print(w, "\n");
}

/* How an item looks, for who adds the first. */
static void
print_shape(struct bl_writer *w, const struct bl_policy_field *field)
{
    const unsigned members = field->members;

    if (members == BL_ITEM_TEXT)
        return;
    print(w, "#   - { ");
    if ((members & BL_ITEM_CHECK) != 0)
        print(w, "check: tcb-status, accepts: OutOfDate, platform: HEX,\n#       reason: TEXT");
    if ((members & BL_ITEM_GENERATION) != 0)
        print(w, "generation: genoa, bootloader: N, tee: N, snp: N, microcode: N");
    if ((members & BL_ITEM_MODULE) != 0)
        print(w, "version: N, svn: N");
    if ((members & BL_ITEM_PCR) != 0)
        print(w, "bank: sha256, pcr: N, ");
    if ((members & BL_ITEM_EVENT) != 0)
        print(w, "digest: HEX");
    if ((members & BL_ITEM_DIGEST) != 0)
        print(w, "value: HEX");
    if ((members & BL_ITEM_SOURCE) != 0 && (members & BL_ITEM_CHECK) == 0)
        print(w, ", from: TEXT");
    if ((members & BL_ITEM_UNTIL) != 0)
        print(w, ", until: TIME");
    print(w, " }\n");
}

static void
print_field(struct bl_writer *w, const struct bl_policy_field *field, const void *value)
{
    const struct bl_floor *floor = value;

    print(w, "\n# %s\n", field->help);
    if (field->type == BL_FIELD_WORDS)
        print_choices(w, field);
    if (field->type == BL_FIELD_LIST)
        print_shape(w, field);
    print(w, "%s:", field->name);
    switch (field->type) {
    case BL_FIELD_WORDS:
        print_words(w, field, *(const uint64_t *)value);
        break;
    case BL_FIELD_LIST:
        print_list(w, field, value);
        break;
    case BL_FIELD_FLOOR:
        if (!print_waiver(w, floor->said, floor->reason))
            print(w, " %" PRIu64 "\n", floor->least);
        break;
    case BL_FIELD_TIME:
        if (!print_waiver(w, floor->said, floor->reason)) {
            print_time(w, "", (int64_t)floor->least);
            print(w, "\n");
        }
        break;
    case BL_FIELD_DAYS:
        print(w, " %" PRIu64 "\n", *(const uint64_t *)value);
        break;
    case BL_FIELD_FLAG:
        print(w, " %s\n", *(const bool *)value ? "true" : "false");
        break;
    }
}

static void
print_head(struct bl_writer *w, const struct bl_appraisal_policy *policy)
{
    const char *separator = "";

    print(w,
          "# Appraisal policy. bulla policy check says what is weak in it.\n"
          "format: %d\nname: ",
          BL_POLICY_FORMAT);
    print_text(w, (struct bulla_bytes){ (const uint8_t *)policy->name, strlen(policy->name) });
    print(w, "\nversion: %" PRIu64 "\n\n# enclave or machine\nsubject: %s\n", policy->version,
          bl_policy_subject_word(policy->subject));
    print(w,
          "\n# What evidence must be bound to at least: none (a nonce), key, channel. A broker of\n"
          "# ours releases over its channel; bulla verify compares a nonce.\nbinding: %s\n\n"
          "# The policy's own end\n",
          bl_binding_word(policy->binding));
    print_time(w, "not_after:", policy->not_after_s);
    print(w, "\n\n# Kinds of evidence\nkinds: [");
    for (int i = BL_KIND_NONE + 1; i < BL_KIND_COUNT; i++) {
        if ((policy->kinds >> i & 1u) == 0)
            continue;
        print(w, "%s%s", separator, bl_policy_kind_word((enum bl_policy_kind)i));
        separator = ", ";
    }
    print(w, "]\n");
}

/* What is not said is shown where there is a word for it. */
static bool
is_shown(const struct bl_appraisal_policy *policy, const struct bl_policy_field *field)
{
    return bl_policy_says(policy, field) ||
           (bl_policy_has_field(policy, field) && !field->unsaid_is_any);
}

enum bulla_status
bl_policy_write_yaml(const struct bl_appraisal_policy *policy, struct bulla_buffer *out,
                     struct bulla_error *err)
{
    struct bl_writer w = bl_writer(out);

    if (policy->format != BL_POLICY_FORMAT)
        return bulla_fail(err, BULLA_E_ARGUMENT, "appraisal policy", "it is of format 1", 0);
    print_head(&w, policy);
    for (size_t i = 0; i < bl_policy_field_count; i++)
        if (is_shown(policy, &bl_policy_fields[i]))
            print_field(&w, &bl_policy_fields[i], bl_field_in(policy, &bl_policy_fields[i]));
    return bl_writer_finish(&w, err);
}

/* -- one that denies ---------------------------------------------------------------------------- */

#define KIND(name) ((uint64_t)1 << BL_KIND_##name)
#define WITH_SIGNER (KIND(SGX) | KIND(SNP) | KIND(TPM) | KIND(NITRO) | KIND(AZURE_SNP) | KIND(PSA))
#define WITH_PRODUCT (KIND(SGX) | KIND(TPM))
#define WITH_VERSION (KIND(SGX) | KIND(SNP) | KIND(TPM) | KIND(AZURE_SNP))
#define WITHOUT_CONFIG (KIND(NITRO) | KIND(PSA) | KIND(OPTEE))
#define OF_MACHINES (KIND(NITROTPM) | KIND(NVIDIA))
#define UNREACHED UINT32_MAX /* a number that nothing meets, until somebody says a real one */

enum bl_policy_subject
bl_policy_usual_subject(enum bl_policy_kind kind)
{
    return (OF_MACHINES >> kind & 1u) != 0 ? BL_SUBJECT_MACHINE : BL_SUBJECT_ENCLAVE;
}

void
bl_policy_deny(enum bl_policy_kind kind, enum bl_policy_subject subject, int64_t not_after_s,
               struct bl_appraisal_policy *policy_out)
{
    static const char none[] = "evidence of this kind has no such thing";
    const struct bulla_bytes reason = { (const uint8_t *)none, strlen(none) };
    const struct bl_policy_list absent = { .said = BL_SAID_ABSENT, .reason = reason };
    struct bl_appraisal_policy p = {
        .format = BL_POLICY_FORMAT,
        .version = 1,
        .subject = subject,
        .binding = BL_BINDING_CHANNEL,
        .not_after_s = not_after_s,
        .kinds = (uint64_t)1 << kind,
        .classes = (uint64_t)1 << BL_CLASS_HARDWARE,
        .tcb_statuses = (uint64_t)1 << BL_TCB_UP_TO_DATE,
        .tcb_evaluation = { .is_given = true, .least = UNREACHED },
        .tcb_date = { .is_given = true, .least = (uint64_t)not_after_s },
        .vmpls = 1,
        .isolations =
            (uint64_t)1 << (kind == BL_KIND_NITRO ? BL_ISOLATION_VM : BL_ISOLATION_HARDWARE),
        .minimum_version = { .is_given = true, .least = UNREACHED },
    };

    memcpy(p.name, bl_policy_kind_word(kind), strlen(bl_policy_kind_word(kind)));
    if ((WITH_SIGNER >> kind & 1u) == 0)
        p.signers = absent;
    if ((WITH_PRODUCT >> kind & 1u) == 0)
        p.products = absent;
    if ((WITH_VERSION >> kind & 1u) == 0)
        p.minimum_version = (struct bl_floor){ .said = BL_SAID_ABSENT, .reason = reason };
    if ((WITHOUT_CONFIG >> kind & 1u) != 0)
        p.configs = absent;
    *policy_out = p;
}
