/* SPDX-License-Identifier: Apache-2.0 */
#include "device/machine.h"

#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "device/attest_internal.h"
#include "sys/call.h"
#include "sys/clock.h"
#include "sys/file.h"

#define PATH_SIZE 512u                     /* bytes */
#define CPUINFO_SIZE_MAX ((size_t)4 << 20) /* bytes: 4 KiB a processor, a thousand of them */
#define READ_TIMEOUT_MS 5000u

static bool
ask_processor(const struct bl_machine *machine, uint32_t leaf, uint32_t subleaf,
              struct bl_cpuid *out)
{
    (void)machine;
#if defined(__x86_64__)
    return __get_cpuid_count(leaf, subleaf, &out->eax, &out->ebx, &out->ecx, &out->edx) != 0;
#else
    (void)leaf;
    (void)subleaf;
    (void)out;
    return false;
#endif
}

static void
probe_tsm(const char *path, struct bl_local_attester_probe *out)
{
    bl_attester_tsm.probe(path, out);
}

const struct bl_machine *
bl_machine_here(void)
{
    static const struct bl_machine here = {
        .root = "",
#if defined(__x86_64__)
        .architecture = BL_ARCHITECTURE_X86_64,
#elif defined(__aarch64__)
        .architecture = BL_ARCHITECTURE_AARCH64,
#endif
        .cpuid = ask_processor,
        .tsm = probe_tsm,
    };

    return &here;
}

/* -- the processor ------------------------------------------------------------------------------- */

struct bl_cpuid
bl_machine_cpuid(const struct bl_machine *machine, uint32_t leaf, uint32_t subleaf)
{
    struct bl_cpuid registers = { 0 };

    if (!machine->cpuid(machine, leaf, subleaf, &registers))
        return (struct bl_cpuid){ 0 };
    return registers;
}

bool
bl_machine_is_guest(const struct bl_machine *machine)
{
    return (bl_machine_cpuid(machine, 1, 0).ecx >> 31 & 1) != 0;
}

/* -- files --------------------------------------------------------------------------------------- */

static bool
full_path(const struct bl_machine *machine, const char *path, char out[PATH_SIZE])
{
    int size = snprintf(out, PATH_SIZE, "%s%s", machine->root, path);

    return size > 0 && (size_t)size < PATH_SIZE;
}

bool
bl_machine_has(const struct bl_machine *machine, const char *path)
{
    char full[PATH_SIZE];

    return full_path(machine, path, full) && BL_CALL(FILE, access(full, F_OK)) == 0;
}

bool
bl_machine_bytes(const struct bl_machine *machine, const char *path, size_t size_max,
                 struct bulla_buffer *out)
{
    char full[PATH_SIZE];

    if (!full_path(machine, path, full))
        return false;
    char *name = strrchr(full, '/');
    if (name == NULL)
        return false;
    *name = '\0';
    return bl_node_read(full[0] == '\0' ? "/" : full, name + 1, size_max,
                        bl_clock_deadline(READ_TIMEOUT_MS), out, NULL) == BULLA_OK;
}

bool
bl_machine_line(const struct bl_machine *machine, const char *path, char out[BL_MACHINE_TEXT_SIZE])
{
    BL_AUTO(bulla_buffer) bytes = { 0 };
    size_t size = 0;

    out[0] = '\0';
    if (!bl_machine_bytes(machine, path, (size_t)64 << 10, &bytes))
        return false;
    while (size < bytes.size && size < BL_MACHINE_TEXT_SIZE - 1 && bytes.data[size] >= ' ' &&
           bytes.data[size] < 0x7f) {
        out[size] = (char)bytes.data[size];
        size++;
    }
    out[size] = '\0';
    return true;
}

static bool
is_word_of(struct bulla_bytes line, const char *word)
{
    const size_t size = strlen(word);

    for (size_t at = 0; at + size <= line.size; at++) {
        bool begins = at == 0 || line.data[at - 1] == ' ' || line.data[at - 1] == '\t';
        bool ends = at + size == line.size || line.data[at + size] == ' ';
        if (begins && ends && memcmp(line.data + at, word, size) == 0)
            return true;
    }
    return false;
}

static bool
starts_with(struct bulla_bytes line, const char *word)
{
    const size_t size = strlen(word);

    return line.size >= size && memcmp(line.data, word, size) == 0;
}

bool
bl_machine_flag(const struct bl_machine *machine, const char *flag)
{
    BL_AUTO(bulla_buffer) text = { 0 };

    if (!bl_machine_bytes(machine, "/proc/cpuinfo", CPUINFO_SIZE_MAX, &text))
        return false;
    for (size_t at = 0; at < text.size;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = (end != NULL ? (size_t)(end - text.data) : text.size) - at;
        const struct bulla_bytes line = { text.data + at, size };
        if (starts_with(line, "flags") || starts_with(line, "Features"))
            return is_word_of(line, flag);
        at += size + 1;
    }
    return false;
}

bool
bl_machine_module(const struct bl_machine *machine, const char *name)
{
    char path[BL_MACHINE_TEXT_SIZE];

    (void)snprintf(path, sizeof path, "/sys/module/%s", name);
    return bl_machine_has(machine, path);
}

/* -- device nodes -------------------------------------------------------------------------------- */

void
bl_machine_node(const struct bl_machine *machine, const char *path, struct bl_machine_node *out)
{
    struct stat status;
    char full[PATH_SIZE];

    *out = (struct bl_machine_node){ .state = BL_NODE_ABSENT };
    if (!full_path(machine, path, full) || BL_CALL(FILE, stat(full, &status)) != 0)
        return;
    const struct group *group = getgrgid(status.st_gid);
    if (group != NULL)
        (void)snprintf(out->group, sizeof out->group, "%s", group->gr_name);
    else
        (void)snprintf(out->group, sizeof out->group, "%u", (unsigned)status.st_gid);
    out->mode = (unsigned)status.st_mode & 0777;
    out->state = bl_node_state(full);
    if (out->state == BL_NODE_ABSENT) /* it was there a moment ago */
        out->state = BL_NODE_NOT_PERMITTED;
}
