/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd/doctor_tpm.c: the TPM of this machine, and the embedded one.
 */
#include <errno.h>
#include <grp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "cmd/causes.h"
#include "cmd/doctor.h"
#include "cmd/local_tpm.h"
#include "cmd/show.h"

#define TOPIC "tpm"
#define DEFAULT_DEVICE "/dev/tpmrm0"

/** True if the node is there and may be used; else says why not. */
static bool
check_node(struct bl_findings *findings, const char *path)
{
    char shown[BL_SHOWN_SIZE];
    char fix[BL_FINDING_TEXT_SIZE];
    struct stat status;

    if (stat(path, &status) != 0) {
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC,
                       "enable the TPM in the firmware's setup, or a virtual TPM for this virtual "
                       "machine; until then the embedded TPM is used",
                       "%s: %s", bl_show_word(path, shown), strerror(errno));
        return false;
    }
    if (access(path, R_OK | W_OK) == 0)
        return true;
    const struct group *group = getgrgid(status.st_gid);
    (void)snprintf(fix, sizeof fix, "sudo usermod -aG %s $USER, then log in again",
                   group != NULL ? group->gr_name : "tss");
    bl_finding_add(findings, BL_FINDING_FAIL, TOPIC, fix,
                   "%s belongs to group \"%s\", in which this user is not",
                   bl_show_word(path, shown), group != NULL ? group->gr_name : "?");
    return false;
}

static void
report_lockout(struct bl_findings *findings, const struct bl_tpm_info *info)
{
    if (info->in_lockout)
        bl_finding_add(findings, BL_FINDING_WARN, TOPIC,
                       "wait, or clear it: tpm2_dictionarylockout --clear-lockout",
                       "in lockout: %" PRIu32 " of %" PRIu32
                       " failed tries; one is forgiven every %" PRIu32 " s",
                       info->lockout_counter, info->lockout_counter_max, info->lockout_interval_s);
    if (!info->lockout_auth_is_set && !info->is_embedded)
        bl_finding_add(
            findings, BL_FINDING_WARN, TOPIC,
            "set one and keep it with the recovery keys: tpm2_changeauth -c lockout",
            "the lockout authorization is empty: anybody here can reset the counter that "
            "protects PINs");
}

static void
report_info(struct bl_findings *findings, struct bl_tpm *tpm)
{
    struct bl_tpm_info info = { 0 };
    struct bl_tpm_name srk = { 0 };
    struct bulla_error err = { 0 };
    char manufacturer[BL_SHOWN_SIZE];
    char vendor[BL_SHOWN_SIZE];

    if (bl_tpm_info(tpm, &info, &err) != BULLA_OK) {
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC, bl_cause_text(err.cause)->next, "%s: %s",
                       err.where, err.what);
        return;
    }
    bl_finding_add(findings, BL_FINDING_OK, TOPIC, "",
                   "TPM 2.0 of %s %s, firmware %08" PRIx32 ".%08" PRIx32 ", revision %u.%02u",
                   bl_show_word(info.manufacturer, manufacturer), bl_show_word(info.vendor, vendor),
                   info.firmware_version_1, info.firmware_version_2,
                   (unsigned)(info.revision / 100), (unsigned)(info.revision % 100));
    bl_finding_add(findings, info.has_sha256_bank ? BL_FINDING_OK : BL_FINDING_FAIL, TOPIC,
                   info.has_sha256_bank ? ""
                                        : "enable the SHA-256 PCR bank in the firmware's setup",
                   "PCR banks: %s%s%s", info.has_sha256_bank ? "SHA-256" : "no SHA-256",
                   info.has_sha384_bank ? ", SHA-384" : "", "");
    report_lockout(findings, &info);
    if (bl_tpm_srk_name(tpm, &srk, &err) == BULLA_OK)
        bl_finding_add(findings, BL_FINDING_OK, TOPIC, "", "storage root key works");
    else
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC, bl_cause_text(err.cause)->next, "%s: %s",
                       err.where, err.what);
}

void
bl_doctor_tpm(struct bl_findings *findings)
{
    const char *device = bl_argument(findings->arguments, "device");
    const char *socket = bl_argument(findings->arguments, "tpm-socket");
    BL_AUTO(bl_local_tpm) local = BL_LOCAL_TPM_NONE;
    struct bulla_error err = { 0 };

    if (socket == NULL && (device == NULL || strcmp(device, "embedded") != 0) &&
        !check_node(findings, device != NULL ? device : DEFAULT_DEVICE))
        return;
    if (bl_local_tpm_open(&local, findings->arguments, /* may_create= */ false, &err) != BULLA_OK) {
        bl_finding_add(findings, BL_FINDING_FAIL, TOPIC, bl_cause_text(err.cause)->next, "%s: %s",
                       err.where, err.what);
        return;
    }
    report_info(findings, local.tpm);
}

void
bl_doctor_embedded(struct bl_findings *findings)
{
    static const char topic[] = "embedded";
    char shown[BL_SHOWN_SIZE];
    char *directory = bl_local_tpm_directory();
    struct stat status;

    if (directory == NULL) {
        bl_finding_add(findings, BL_FINDING_FAIL, topic, "set HOME or XDG_STATE_HOME",
                       "embedded TPM: no directory for its state");
        return;
    }
    if (stat(directory, &status) != 0)
        bl_finding_add(findings, BL_FINDING_OK, topic, "",
                       "embedded TPM: not used so far; its state would be in %s",
                       bl_show_word(directory, shown));
    else if (status.st_uid != geteuid() || (status.st_mode & 077) != 0)
        bl_finding_add(findings, BL_FINDING_FAIL, topic,
                       "make the directory yours alone: chown and chmod 0700; take its keys as "
                       "known to others",
                       "embedded TPM: others can read its state in %s",
                       bl_show_word(directory, shown));
    else
        bl_finding_add(findings, BL_FINDING_OK, topic, "",
                       "embedded TPM (class software: no hardware behind it), state in %s",
                       bl_show_word(directory, shown));
    bl_free(directory);
}
