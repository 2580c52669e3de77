/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/device/snp_firmware.h: what the SEV-SNP firmware of a chip knows and does for a guest's
 * MSG_KEY_REQ, as AMD's published firmware does it (AMD-ASPFW, sev_mcmd.c and sev_plat.c): which root,
 * re-derived for which TCB, mixed with what, refused when. Its keys are its own.
 */
#ifndef TESTS_DEVICE_SNP_FIRMWARE_H
#define TESTS_DEVICE_SNP_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

struct snp_platform {
    /* the chip and its host */
    uint8_t chip; /* which one */
    uint8_t current[8], committed[8], reported[8];
    uint8_t cpuid[3];
    bool has_vlek;      /* the host has loaded his provider's key */
    bool vcek_disabled; /* and the chip's is not to be used */
    bool masks_chip_id;
    uint8_t launch; /* VMRK: another one at every launch */

    /* the guest */
    uint64_t policy;
    uint32_t vmpl;
    uint8_t measurement[48], host_data[32];
    bool has_id_block, has_author;
    uint8_t id_key_digest[48], author_key_digest[48];
    uint8_t family_id[16], image_id[16];
    uint32_t guest_svn;

    /* not as published */
    uint32_t status; /* what MSG_KEY_RSP says; 0: the truth */
    bool gives_zeros;
    bool gives_constant;
    bool forgets_key; /* status 0 and nothing filled in */

    unsigned keys_given;
    uint8_t last_key[32];
};
/** A Genoa, a guest of ours with an ID block, all TCBs the same. */
struct snp_platform snp_platform(void);

/** MSG_KEY_REQ (32 bytes) and MSG_KEY_RSP (64 bytes: status, 28 reserved, key). */
void snp_key(struct snp_platform *platform, const uint8_t request[32], uint8_t response[64]);
/** The places of a report that say what this platform is; before it is signed. */
void snp_report_fields(const struct snp_platform *platform, uint8_t report[0x4a0]);

#endif
