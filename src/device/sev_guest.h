/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/sev_guest.h: /dev/sev-guest (Linux 5.19 and later): requests of a SEV-SNP guest to its firmware.
 *
 * Spec: Linux, linux/sev-guest.h and drivers/virt/coco/sev-guest; SNP firmware ABI (56860) 1.58.
 * After any failure but "table too small" and "busy" the driver destroys the guest's key to the firmware
 * until the next boot, so that nothing else is tried again.
 */
#ifndef BL_DEVICE_SEV_GUEST_H
#define BL_DEVICE_SEV_GUEST_H

#include "base/buffer.h"

#define BL_SEV_GUEST_PATH "/dev/sev-guest"
#define BL_SEV_GUEST_BUSY_MS 500u /* a throttled host lets one through every second or two */

struct bl_sev_guest {
    int fd;
    int64_t deadline; /* sys/clock.h */
};
/** Ask once; `response` is zeroed before. BULLA_E_BUSY: the host throttles; BULLA_E_LIMIT: the host's
 *  certificates need more room; ATTESTER_FAILED with the code of who refused; TIMEOUT. */
enum bulla_status bl_sev_guest_ask(const struct bl_sev_guest *guest, unsigned long command,
                                   void *request, void *response, size_t response_size,
                                   struct bulla_error *err) BULLA_CHECKED;
/** The same until the host lets it through, or the deadline. */
enum bulla_status bl_sev_guest_ask_until(const struct bl_sev_guest *guest, unsigned long command,
                                         void *request, void *response, size_t response_size,
                                         struct bulla_error *err) BULLA_CHECKED;
/** The report in a MSG_REPORT_RSP; a view. ATTESTER_FAILED, ATTESTER_ANSWER. */
enum bulla_status bl_sev_guest_report(struct bulla_bytes response, struct bulla_bytes *report_out,
                                      struct bulla_error *err) BULLA_CHECKED;
/** Which level this guest runs at; 0 where the kernel is too old to tell, for then it always was. */
unsigned bl_sev_guest_vmpl(int64_t deadline);

#endif
