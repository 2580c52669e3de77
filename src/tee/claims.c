/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/claims.h"

#include "base/memory.h"
#include "codec/words.h"

static const char *const class_words[] = {
    [BL_CLASS_ABSENT] = "absent",
    [BL_CLASS_SOFTWARE] = "software",
    [BL_CLASS_HYPERVISOR] = "hypervisor",
    [BL_CLASS_HARDWARE] = "hardware",
};
static const char *const binding_words[] = {
    [BL_BINDING_ABSENT] = "absent",
    [BL_BINDING_NONE] = "none",
    [BL_BINDING_KEY] = "key",
    [BL_BINDING_CHANNEL] = "channel",
};

const char *
bl_platform_class_word(enum bl_platform_class platform_class)
{
    return bl_word_of(class_words, BL_COUNT_OF(class_words), (int)platform_class);
}

enum bl_platform_class
bl_platform_class_from_word(struct bulla_bytes word)
{
    return (enum bl_platform_class)bl_word_value(class_words, BL_COUNT_OF(class_words), word);
}

const char *
bl_binding_word(enum bl_binding binding)
{
    return bl_word_of(binding_words, BL_COUNT_OF(binding_words), (int)binding);
}

enum bl_binding
bl_binding_from_word(struct bulla_bytes word)
{
    return (enum bl_binding)bl_word_value(binding_words, BL_COUNT_OF(binding_words), word);
}
