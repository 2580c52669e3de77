/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/enclave/inside.h: an agent of the tests' own: looks around from inside an enclave and does
 * what the second argument of the manifest's entry says. Its exit code is the line of the check
 * that failed, modulo 100, plus 100; what it says is in the enclave's log.
 */
#ifndef TESTS_ENCLAVE_INSIDE_H
#define TESTS_ENCLAVE_INSIDE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device/tpm.h"
#include "enclave/agent_link.h"
#include "measure/enclave_pcrs.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/socket.h"
#include "unit.h"

#define INSIDE_WAIT_MS 10000
#define INSIDE_CHECK(condition)                            \
    do {                                                   \
        if (!(condition)) {                                \
            printf("line %d: %s\n", __LINE__, #condition); \
            fflush(stdout);                                \
            return 100 + __LINE__ % 100;                   \
        }                                                  \
    } while (0)

static struct bl_manifest inside_manifest;

static void
inside_send(const struct bl_agent_report *report)
{
    BL_AUTO(bulla_buffer) bytes = { 0 };

    if (bl_agent_report_encode(report, &bytes, NULL) != BULLA_OK ||
        bl_frame_send(BL_AGENT_FD_CONTROL, bulla_buffer_bytes(&bytes), BL_AGENT_REPORT_SIZE_MAX,
                      bl_clock_deadline(INSIDE_WAIT_MS), NULL) != BULLA_OK)
        _exit(99);
}

static void
inside_report(enum bl_agent_report_kind kind, enum bulla_cause cause)
{
    inside_send(&(struct bl_agent_report){ .kind = kind, .cause = cause });
}

static bool
inside_has(const char *path, const char *text)
{
    BL_AUTO(bulla_buffer) content = { 0 };

    return bl_file_read(path, 65536, &content, NULL) == BULLA_OK &&
           bulla_buffer_append(&content, BL_BYTES_OF("\0"), NULL) == BULLA_OK &&
           strstr((const char *)content.data, text) != NULL;
}

static unsigned
inside_count(const char *path, bool numbers)
{
    DIR *directory = opendir(path);
    unsigned count = 0;

    for (const struct dirent *e = NULL; directory != NULL && (e = readdir(directory)) != NULL;)
        count += e->d_name[0] != '.' && (!numbers || (e->d_name[0] >= '1' && e->d_name[0] <= '9'));
    if (directory != NULL)
        closedir(directory);
    return count;
}

static int
inside_files(void)
{
    struct statvfs fs;
    int fd = -1;
    static char megabytes[2 << 20];

    INSIDE_CHECK(open("/new", O_CREAT | O_WRONLY, 0600) < 0 && errno == EROFS);
    INSIDE_CHECK(open(BL_ENCLAVE_AGENT_PATH, O_WRONLY) < 0);
    INSIDE_CHECK(access("/etc/passwd", F_OK) != 0 && access("/root", F_OK) != 0);
    INSIDE_CHECK(access("/home", F_OK) != 0 && access("/sys", F_OK) != 0);
    INSIDE_CHECK((fd = open("/tmp/new", O_CREAT | O_WRONLY, 0600)) >= 0);
    INSIDE_CHECK(write(fd, megabytes, sizeof megabytes) < (ssize_t)sizeof megabytes);
    INSIDE_CHECK(inside_count(BL_ENCLAVE_SECRET_DIRECTORY, false) == 0);
    INSIDE_CHECK(open("/run/secrets/x", O_CREAT | O_WRONLY, 0400) >= 0);
    INSIDE_CHECK(statvfs("/run/secrets", &fs) == 0 && (fs.f_flag & ST_NOEXEC) != 0);
    INSIDE_CHECK(statvfs("/", &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0);
    INSIDE_CHECK(inside_count("/data", false) == 0 && access("/data", F_OK) == 0);
    INSIDE_CHECK(access("/dev/fuse", F_OK) == 0 && access("/dev/tpmrm0", F_OK) != 0);
    INSIDE_CHECK(access("/dev/mem", F_OK) != 0 && access("/dev/kmsg", F_OK) != 0);
    return 0;
}

static int
inside_processes(void)
{
    struct rlimit limit;
    char name[64] = { 0 };

    INSIDE_CHECK(getpid() == 1 && getppid() == 0);
    INSIDE_CHECK(getuid() == 0 && getgid() == 0);
    INSIDE_CHECK(inside_count("/proc", true) == 1);
    INSIDE_CHECK(inside_count("/proc/self/fd", false) == 7); /* 0 to 5, and this directory */
    INSIDE_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    INSIDE_CHECK(inside_has("/proc/self/status", "CapBnd:\t00000000802000c0"));
    INSIDE_CHECK(inside_has("/proc/self/status", "CapEff:\t00000000802000c0"));
    INSIDE_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max == 64);
    INSIDE_CHECK(getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0);
    INSIDE_CHECK(gethostname(name, sizeof name) == 0 && strcmp(name, "tested") == 0);
    INSIDE_CHECK(setuid(1000) != 0); /* there is nobody else */
    return 0;
}

static int
inside_network(void)
{
    struct if_nameindex *links = if_nameindex();
    struct bulla_error err = { 0 };
    int fd = -1;

    INSIDE_CHECK(links != NULL && links[0].if_index != 0 && links[1].if_index == 0);
    INSIDE_CHECK(strcmp(links[0].if_name, "lo") == 0);
    INSIDE_CHECK(bl_tcp_connect("192.0.2.1", 80, bl_clock_deadline(1000), &fd, &err) != BULLA_OK);
    return 0;
}

static int
inside_tpm(struct bulla_bytes event_log)
{
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = NULL;
    BL_AUTO(bl_tpm_key) ak = { 0 };
    BL_AUTO(bulla_buffer) attest = { 0 }, signature = { 0 }, values = { 0 };
    struct bl_enclave_identity identity = { 0 };
    struct bl_pcr_bank bank = { 0 };
    const struct bl_pcr_selection pcrs = { .bank = BL_SHA256, .mask = BL_ENCLAVE_PCR_MASK };
    const uint8_t digest[32] = { 1 };

    INSIDE_CHECK(bl_enclave_log_read(event_log, &identity, &err) == BULLA_OK);
    INSIDE_CHECK(identity.version == inside_manifest.version);
    INSIDE_CHECK(identity.isolation == BL_ISOLATION_OS && identity.code[0] == 0xc0);
    INSIDE_CHECK(memcmp(identity.config, inside_manifest.digest, 32) == 0);
    INSIDE_CHECK(bl_enclave_predict(&identity, &bank, &err) == BULLA_OK);
    INSIDE_CHECK(bl_tpm_open(&(struct bl_tpm_target){ .socket_fd = BL_AGENT_FD_TPM }, &tpm, &err) ==
                 BULLA_OK);
    INSIDE_CHECK(bl_tpm_pcr_read(tpm, pcrs, &values, &err) == BULLA_OK);
    for (unsigned i = 0; i < BL_ENCLAVE_PCR_COUNT; i++)
        INSIDE_CHECK(memcmp(values.data + 32 * i, bank.values[BL_ENCLAVE_PCR_FIRST + i], 32) == 0);
    INSIDE_CHECK(bl_tpm_ak_create(tpm, &ak, &err) == BULLA_OK);
    INSIDE_CHECK(bl_tpm_quote(tpm, &ak, pcrs, BL_LITERAL("nonce"), &attest, &signature, &err) ==
                 BULLA_OK);
    for (unsigned pcr = 8; pcr < 16; pcr++) {
        bulla_error_clear(&err);
        INSIDE_CHECK(bl_tpm_pcr_extend(tpm, pcr, digest, &err) != BULLA_OK);
        INSIDE_CHECK(err.cause == BULLA_CAUSE_TPM_NOT_PERMITTED);
    }
    bl_tpm_free(tpm);
    return 0;
}

static int
inside_look(const struct bl_agent_config *config)
{
    int failed = inside_processes();

    failed = failed != 0 ? failed : inside_files();
    failed = failed != 0 ? failed : inside_network();
    failed = failed != 0 ? failed : inside_tpm(config->event_log);
    return failed;
}

/* Only the child dies where the kernel kills one, this process too where it kills the group. */
static int
inside_hog(void)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        for (size_t i = 0; i < 1024; i++) {
            void *memory = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
            if (memory == MAP_FAILED)
                _exit(1);
        }
        _exit(0);
    }
    INSIDE_CHECK(waitpid(child, &status, 0) == child);
    INSIDE_CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    return 23;
}

static int
inside_forks(void)
{
    unsigned count = 0;

    for (; count < 1000; count++) {
        pid_t child = fork();
        if (child == 0) {
            pause();
            _exit(0);
        }
        if (child < 0)
            break;
    }
    printf("%u processes\n", count);
    fflush(stdout);
    return count < 16 ? 24 : 1;
}

static int
inside_leave_behind(void)
{
    int fd = open(BL_AGENT_STATE_DIRECTORY "/left", O_CREAT | O_EXCL | O_WRONLY, 0600);

    if (fd < 0)
        return errno == EEXIST ? 26 : 1;
    return write(fd, "x", 1) == 1 ? 25 : 1;
}

static int
inside_wait(void)
{
    sigset_t set;
    int signal = 0;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    inside_report(BL_AGENT_READY, BULLA_CAUSE_NONE);
    return sigwait(&set, &signal) == 0 && signal == SIGTERM ? 7 : 1;
}

static int
inside_connect(void)
{
    const struct bl_relay_packet request = { .kind = BL_RELAY_CONNECT, .id = 1, .index = 0 };
    uint8_t bytes[BL_RELAY_PACKET_SIZE_MAX];
    struct bl_relay_packet answer = { 0 };
    size_t size = bl_relay_packet_encode(&request, bytes), got = 0;
    int fd = -1;

    INSIDE_CHECK(bl_packet_send(BL_AGENT_FD_RELAY, (struct bulla_bytes){ bytes, size }, NULL, 0,
                                bl_clock_deadline(INSIDE_WAIT_MS), NULL) == BULLA_OK);
    INSIDE_CHECK(bl_packet_receive(BL_AGENT_FD_RELAY, bytes, sizeof bytes, &size, &fd, 1,
                                   bl_clock_deadline(INSIDE_WAIT_MS), NULL) == BULLA_OK);
    INSIDE_CHECK(bl_relay_packet_decode((struct bulla_bytes){ bytes, size }, &answer, NULL) ==
                 BULLA_OK);
    INSIDE_CHECK(answer.kind == BL_RELAY_ANSWER && answer.connected);
    INSIDE_CHECK(bl_socket_receive(fd, bytes, 2, bl_clock_deadline(INSIDE_WAIT_MS), &got, NULL) ==
                 BULLA_OK);
    INSIDE_CHECK(got == 2 && memcmp(bytes, "hi", 2) == 0);
    return 27;
}

static int
inside_babble(void)
{
    for (unsigned i = 0; i < 20000; i++)
        printf("%5u: forty-two bytes of what nobody needs.\n", i);
    fflush(stdout);
    return 28;
}

/* The platform of the tests answers with what it was to quote over. */
static int
inside_vouch(bool altered, bool again)
{
    struct bulla_error err = { 0 };
    struct bl_tpm *tpm = NULL;
    struct bl_tpm_public public_area = { 0 };
    struct bl_tpm_name name = { 0 };
    uint8_t expected[32];
    struct bl_agent_report report = { .kind = BL_AGENT_ATTESTS, .binder = { 0xb1, 0x4d } };
    BL_AUTO(bl_tpm_key) ak = { 0 };
    BL_AUTO(bulla_buffer) answer = { 0 };

    INSIDE_CHECK(bl_tpm_open(&(struct bl_tpm_target){ .socket_fd = BL_AGENT_FD_TPM }, &tpm, &err) ==
                 BULLA_OK);
    INSIDE_CHECK(bl_tpm_ak_create(tpm, &ak, &err) == BULLA_OK);
    if (altered)
        ak.private_area.data[ak.private_area.size - 1] ^= 1;
    report.ak_public = bulla_buffer_bytes(&ak.public_area);
    report.ak_private = bulla_buffer_bytes(&ak.private_area);
    inside_send(&report);
    if (bl_frame_receive(BL_AGENT_FD_CONTROL, BL_AGENT_PLATFORM_SIZE_MAX,
                         bl_clock_deadline(INSIDE_WAIT_MS), &answer, &err) != BULLA_OK)
        return 30;
    INSIDE_CHECK(bl_tpm2b_public_decode(report.ak_public, &public_area, &err) == BULLA_OK);
    INSIDE_CHECK(bl_tpm_public_name(&public_area, &name, &err) == BULLA_OK);
    INSIDE_CHECK(bl_tpm_platform_binder(&name, report.binder, expected, &err) == BULLA_OK);
    INSIDE_CHECK(bl_equal(bulla_buffer_bytes(&answer), BL_BYTES_OF(expected)));
    if (again) {
        inside_send(&report);
        return bl_frame_receive(BL_AGENT_FD_CONTROL, BL_AGENT_PLATFORM_SIZE_MAX,
                                bl_clock_deadline(INSIDE_WAIT_MS), &answer, &err) == BULLA_OK
                   ? 32
                   : 33;
    }
    INSIDE_CHECK(bl_tpm_ak_create(tpm, &ak, &err) == BULLA_OK); /* its TPM is as it was */
    bl_tpm_free(tpm);
    return 29;
}

static int
inside_act(const char *what, const struct bl_agent_config *config)
{
    if (strcmp(what, "look") == 0)
        return inside_look(config);
    if (strcmp(what, "hog") == 0)
        return inside_hog();
    if (strcmp(what, "forks") == 0)
        return inside_forks();
    if (strcmp(what, "leave") == 0)
        return inside_leave_behind();
    if (strcmp(what, "wait") == 0)
        return inside_wait();
    if (strcmp(what, "connect") == 0)
        return inside_connect();
    if (strcmp(what, "babble") == 0)
        return inside_babble();
    if (strcmp(what, "vouch") == 0)
        return config->platform_vouches ? inside_vouch(false, false) : 31;
    if (strcmp(what, "vouch-unasked") == 0)
        return inside_vouch(false, false);
    if (strcmp(what, "vouch-twice") == 0)
        return inside_vouch(false, true);
    if (strcmp(what, "vouch-late") == 0) {
        inside_report(BL_AGENT_READY, BULLA_CAUSE_NONE);
        return inside_vouch(false, false);
    }
    if (strcmp(what, "vouch-foreign") == 0)
        return inside_vouch(true, false);
    if (strcmp(what, "refuse") == 0)
        inside_report(BL_AGENT_REFUSED, BULLA_CAUSE_REFUSED);
    if (strcmp(what, "out-of-turn") == 0) {
        inside_report(BL_AGENT_READY, BULLA_CAUSE_NONE);
        inside_report(BL_AGENT_READY, BULLA_CAUSE_NONE);
        sleep(5);
    }
    return 1;
}

static inline int
inside_main(void)
{
    struct bulla_error err = { 0 };
    struct bl_agent_config config = { 0 };
    BL_AUTO(bulla_buffer) frame = { 0 };

    INSIDE_CHECK(environ == NULL || environ[0] == NULL);
    bl_tpm_quiet_libraries();
    INSIDE_CHECK(bl_frame_receive(BL_AGENT_FD_CONTROL, BL_AGENT_CONFIG_SIZE_MAX,
                                  bl_clock_deadline(INSIDE_WAIT_MS), &frame, &err) == BULLA_OK);
    INSIDE_CHECK(bl_agent_config_decode(bulla_buffer_bytes(&frame), &config, &err) == BULLA_OK);
    INSIDE_CHECK(bl_manifest_decode(config.manifest, &inside_manifest, &err) == BULLA_OK);
    return inside_act(inside_manifest.entry[1], &config);
}

#endif
