/* SPDX-License-Identifier: Apache-2.0 */
#include "tee/claims.h"

#include <string.h>

#include "base/memory.h"

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

/* Index of `word` from 1 on; 0, which is "absent" in every list, if it is not there. */
static int
find_word(const char *const *words, int count, struct bulla_bytes word)
{
    for (int i = 1; i < count; i++)
        if (bl_equal(word, (struct bulla_bytes){ (const uint8_t *)words[i], strlen(words[i]) }))
            return i;
    return 0;
}

const char *
bl_platform_class_word(enum bl_platform_class platform_class)
{
    bool known = platform_class >= BL_CLASS_SOFTWARE && platform_class <= BL_CLASS_HARDWARE;

    return class_words[known ? platform_class : BL_CLASS_ABSENT];
}

enum bl_platform_class
bl_platform_class_from_word(struct bulla_bytes word)
{
    return (enum bl_platform_class)find_word(class_words, BL_CLASS_HARDWARE + 1, word);
}

const char *
bl_binding_word(enum bl_binding binding)
{
    bool known = binding >= BL_BINDING_NONE && binding <= BL_BINDING_CHANNEL;

    return binding_words[known ? binding : BL_BINDING_ABSENT];
}

enum bl_binding
bl_binding_from_word(struct bulla_bytes word)
{
    return (enum bl_binding)find_word(binding_words, BL_BINDING_CHANNEL + 1, word);
}
