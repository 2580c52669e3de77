/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bulla doctor says of machines that are a directory and a table of CPUID leaves: each platform as a
 * guest, as a host, half set up, and not at all.
 */
#include "cmd/doctor.h"

#include <grp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/directory.h"
#include "unit.h"

#define LEAF_COUNT_MAX 8
#define PATH_SIZE 512

struct leaf {
    uint32_t leaf, subleaf;
    struct bl_cpuid registers;
};

/* A machine on paper. */
struct paper {
    struct bl_machine machine;
    char root[64];
    struct leaf leaves[LEAF_COUNT_MAX];
    size_t leaf_count;
    struct bl_findings findings;
};

static struct bl_local_attester_probe paper_tsm; /* of the machine that is being looked at */

static bool
paper_cpuid(const struct bl_machine *machine, uint32_t leaf, uint32_t subleaf, struct bl_cpuid *out)
{
    const struct paper *p = machine->context;

    for (size_t i = 0; i < p->leaf_count; i++) {
        if (p->leaves[i].leaf == leaf && p->leaves[i].subleaf == subleaf) {
            *out = p->leaves[i].registers;
            return true;
        }
    }
    return false;
}

static void
probe_paper(const char *path, struct bl_local_attester_probe *out)
{
    assert_string_equal(path, "/sys/kernel/config/tsm/report");
    *out = paper_tsm;
}

static void
setup(struct paper *p)
{
    memset(p, 0, sizeof *p);
    assert_int_equal(make_test_directory(NULL), 0);
    strcpy(p->root, test_directory);
    assert_int_equal(chmod(p->root, 0755), 0);
    p->machine = (struct bl_machine){ .root = p->root,
                                      .architecture = BL_ARCHITECTURE_X86_64,
                                      .cpuid = paper_cpuid,
                                      .tsm = probe_paper,
                                      .context = p };
    paper_tsm = (struct bl_local_attester_probe){ .state = BL_NODE_ABSENT };
}

static void
done(struct paper *p)
{
    assert_string_equal(p->root, test_directory);
    assert_int_equal(remove_test_directory(NULL), 0);
}

static void
set_leaf(struct paper *p, uint32_t leaf, uint32_t subleaf, struct bl_cpuid registers)
{
    assert_true(p->leaf_count < LEAF_COUNT_MAX);
    p->leaves[p->leaf_count++] = (struct leaf){ leaf, subleaf, registers };
}

/* A file with its directories. */
static void
put_bytes(const struct paper *p, const char *path, struct bulla_bytes content)
{
    char full[PATH_SIZE];

    snprintf(full, sizeof full, "%s%s", p->root, path);
    for (char *slash = full + strlen(p->root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content.data, 1, content.size, file), content.size);
    assert_int_equal(fclose(file), 0);
}

static void
put(const struct paper *p, const char *path, const char *content)
{
    put_bytes(p, path, text_bytes(content));
}

static void
examine(struct paper *p, void (*topic)(struct bl_findings *findings))
{
    memset(&p->findings, 0, sizeof p->findings);
    p->findings.machine = &p->machine;
    topic(&p->findings);
    for (size_t i = 0; i < p->findings.count; i++) {
        const struct bl_finding *finding = &p->findings.list[i];
        assert_true((finding->level == BL_FINDING_OK) == (finding->fix[0] == '\0'));
        assert_true(strlen(finding->text) < BL_FINDING_TEXT_SIZE - 1); /* nothing is cut off */
        assert_true(strlen(finding->fix) < BL_FINDING_TEXT_SIZE - 1);
    }
}

static bool
says(const struct paper *p, enum bl_finding_level level, const char *text)
{
    for (size_t i = 0; i < p->findings.count; i++)
        if (p->findings.list[i].level == level && strstr(p->findings.list[i].text, text) != NULL)
            return true;
    return false;
}

static bool
fails(const struct paper *p)
{
    for (size_t i = 0; i < p->findings.count; i++)
        if (p->findings.list[i].level == BL_FINDING_FAIL)
            return true;
    return false;
}

/* -- SEV-SNP ------------------------------------------------------------------------------------- */

static void
give_snp(struct paper *p, bool is_guest)
{
    set_leaf(p, 1, 0, (struct bl_cpuid){ .ecx = is_guest ? 1u << 31 : 0 });
    set_leaf(p, 0x8000001f, 0, (struct bl_cpuid){ .eax = 0x1a });
}

static void
test_snp_guest(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    give_snp(&p, /* is_guest= */ true);
    examine(&p, bl_doctor_snp); /* the module is missing */
    assert_true(says(&p, BL_FINDING_OK, "the processor has SEV-SNP"));
    assert_true(says(&p, BL_FINDING_FAIL, "nothing in this guest gives SEV-SNP evidence"));
    put(&p, "/dev/sev-guest", "");
    examine(&p, bl_doctor_snp);
    assert_false(fails(&p));
    assert_true(says(&p, BL_FINDING_OK, "/dev/sev-guest"));
    assert_true(says(&p, BL_FINDING_WARN, "/sys/kernel/config/tsm/report is not there"));
    paper_tsm = (struct bl_local_attester_probe){ .state = BL_NODE_USABLE, .kind = "snp" };
    put(&p, "/sys/devices/system/cpu/sev/vmpl", "2\n");
    examine(&p, bl_doctor_snp);
    assert_false(fails(&p));
    assert_true(says(&p, BL_FINDING_OK, "configfs-tsm"));
    assert_true(says(&p, BL_FINDING_OK, "VMPL 2"));
    examine(&p, bl_doctor_tdx); /* what gives evidence here gives none of TDX */
    assert_true(fails(&p));
    done(&p);
}

static void
test_tsm_that_is_not_permitted(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    paper_tsm = (struct bl_local_attester_probe){ .state = BL_NODE_NOT_PERMITTED };
    examine(&p, bl_doctor_snp);
    assert_true(says(&p, BL_FINDING_FAIL, "this user may make no report"));
    done(&p);
}

static void
test_snp_host(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    give_snp(&p, /* is_guest= */ false);
    examine(&p, bl_doctor_snp);
    assert_true(says(&p, BL_FINDING_FAIL, "this host's kernel does not offer SEV-SNP"));
    put(&p, "/sys/module/kvm_amd/parameters/sev_snp", "N\n");
    examine(&p, bl_doctor_snp);
    assert_true(says(&p, BL_FINDING_FAIL, "KVM is there and starts no SEV-SNP guests"));
    put(&p, "/sys/module/kvm_amd/parameters/sev_snp", "Y\n");
    put(&p, "/sys/devices/system/cpu/vulnerabilities/tsa", "Vulnerable: No microcode\n");
    put(&p, "/sys/devices/system/cpu/vulnerabilities/retbleed", "Mitigation: IBPB\n");
    examine(&p, bl_doctor_snp);
    assert_false(fails(&p));
    assert_true(says(&p, BL_FINDING_OK, "KVM starts SEV-SNP guests"));
    assert_true(says(&p, BL_FINDING_WARN, "tsa: Vulnerable: No microcode"));
    assert_false(says(&p, BL_FINDING_WARN, "retbleed"));
    done(&p);
}

/* -- TDX and CCA --------------------------------------------------------------------------------- */

static void
test_tdx(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    assert_false(bl_doctor_has_tdx(&p.machine));
    examine(&p, bl_doctor_tdx);
    assert_true(says(&p, BL_FINDING_FAIL, "shows no TDX"));
    set_leaf(&p, 0x21, 0,
             (struct bl_cpuid){ .ebx = 0x65746e49, .edx = 0x5844546c, .ecx = 0x20202020 });
    set_leaf(&p, 1, 0, (struct bl_cpuid){ .ecx = 1u << 31 });
    assert_true(bl_doctor_has_tdx(&p.machine));
    examine(&p, bl_doctor_tdx);
    assert_true(says(&p, BL_FINDING_FAIL, "nothing in this guest gives TDX evidence"));
    paper_tsm = (struct bl_local_attester_probe){ .state = BL_NODE_USABLE, .kind = "tdx" };
    examine(&p, bl_doctor_tdx);
    assert_false(fails(&p));
    done(&p);
}

static void
test_tdx_host(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    put(&p, "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tdx_host_platform_not tme\n");
    assert_false(bl_doctor_has_tdx(&p.machine));
    put(&p, "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tdx_host_platform tme\n");
    assert_true(bl_doctor_has_tdx(&p.machine));
    put(&p, "/sys/module/kvm_intel/parameters/tdx", "Y\n");
    examine(&p, bl_doctor_tdx);
    assert_false(fails(&p));
    done(&p);
}

static void
test_cca(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    put(&p, "/sys/module/arm_cca_guest/x", "");
    assert_false(bl_doctor_has_cca(&p.machine)); /* not on this processor */
    p.machine.architecture = BL_ARCHITECTURE_AARCH64;
    assert_true(bl_doctor_has_cca(&p.machine));
    paper_tsm = (struct bl_local_attester_probe){ .state = BL_NODE_USABLE, .kind = "cca" };
    examine(&p, bl_doctor_cca);
    assert_false(fails(&p));
    done(&p);
}

/* -- SGX ----------------------------------------------------------------------------------------- */

static void
test_sgx(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    examine(&p, bl_doctor_sgx);
    assert_true(says(&p, BL_FINDING_FAIL, "shows no SGX"));
    set_leaf(&p, 7, 0, (struct bl_cpuid){ .ebx = 1u << 2 });
    examine(&p, bl_doctor_sgx); /* of everything else nothing */
    assert_true(says(&p, BL_FINDING_FAIL, "no memory is set aside for enclaves"));
    assert_true(says(&p, BL_FINDING_FAIL, "no flexible launch control"));
    assert_true(says(&p, BL_FINDING_FAIL, "/dev/sgx_enclave is not there"));
    p.leaves[0].registers.ecx = 1u << 30;
    set_leaf(&p, 0x12, 0, (struct bl_cpuid){ .eax = 3 });
    set_leaf(&p, 0x12, 2, (struct bl_cpuid){ .eax = 0x70200001, .ecx = 0x05d80003, .edx = 0 });
    set_leaf(&p, 0x12, 3, (struct bl_cpuid){ .eax = 1, .ecx = 0x80000001, .edx = 0xfff00001 });
    put(&p, "/dev/sgx_enclave", "");
    examine(&p, bl_doctor_sgx);
    assert_false(fails(&p));
    assert_true(says(&p, BL_FINDING_OK, "SGX2; enclave memory: 6237 MiB"));
    assert_true(says(&p, BL_FINDING_WARN, "/dev/sgx_provision is not there"));
    assert_true(says(&p, BL_FINDING_WARN, "aesmd does not run"));
    put(&p, "/dev/sgx_provision", "");
    put(&p, "/var/run/aesmd/aesm.socket", "");
    put(&p, "/etc/sgx_default_qcnl.conf", "{}");
    put(&p, "/sys/devices/system/cpu/smt/active", "1\n");
    examine(&p, bl_doctor_sgx);
    assert_false(says(&p, BL_FINDING_WARN, "aesmd"));
    assert_true(says(&p, BL_FINDING_WARN, "hyper-threading is on"));
    done(&p);
}

static void
test_sgx_under_gramine(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    put(&p, "/dev/attestation/attestation_type", "none");
    assert_true(bl_doctor_has_sgx(&p.machine));
    examine(&p, bl_doctor_sgx);
    assert_true(says(&p, BL_FINDING_FAIL, "without DCAP attestation"));
    put(&p, "/dev/attestation/attestation_type", "dcap");
    examine(&p, bl_doctor_sgx);
    assert_false(fails(&p));
    done(&p);
}

/* -- Nitro and OP-TEE ------------------------------------------------------------------------------ */

static void
test_nitro(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    examine(&p, bl_doctor_nitro);
    assert_true(says(&p, BL_FINDING_FAIL, "neither an instance"));
    put(&p, "/sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    assert_true(bl_doctor_has_nitro(&p.machine));
    examine(&p, bl_doctor_nitro);
    assert_true(says(&p, BL_FINDING_FAIL, "an instance of Amazon EC2 without enclaves"));
    put(&p, "/dev/nitro_enclaves", "");
    examine(&p, bl_doctor_nitro);
    assert_true(says(&p, BL_FINDING_FAIL, "no processors are set aside"));
    put(&p, "/sys/module/nitro_enclaves/parameters/ne_cpus", "1,3\n");
    examine(&p, bl_doctor_nitro);
    assert_false(fails(&p));
    assert_true(says(&p, BL_FINDING_OK, "1,3"));
    done(&p);
}

static void
test_nitro_inside(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    put(&p, "/dev/nsm", "");
    examine(&p, bl_doctor_nitro);
    assert_false(fails(&p));
    assert_int_equal(p.findings.count, 1);
    done(&p);
}

static void
test_optee(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    examine(&p, bl_doctor_optee);
    assert_true(says(&p, BL_FINDING_FAIL, "this is another one"));
    p.machine.architecture = BL_ARCHITECTURE_AARCH64;
    examine(&p, bl_doctor_optee);
    assert_true(says(&p, BL_FINDING_FAIL, "/dev/tee0 is not there"));
    put(&p, "/sys/module/optee/x", "");
    examine(&p, bl_doctor_optee);
    assert_true(says(&p, BL_FINDING_FAIL, "no TEE answered"));
    put(&p, "/dev/tee0", "");
    examine(&p, bl_doctor_optee);
    assert_false(fails(&p));
    assert_true(says(&p, BL_FINDING_WARN, "tee-supplicant is not installed"));
    put(&p, "/usr/sbin/tee-supplicant", "");
    examine(&p, bl_doctor_optee);
    assert_false(says(&p, BL_FINDING_WARN, "tee-supplicant"));
    done(&p);
}

/* -- boot ---------------------------------------------------------------------------------------- */

#define EFI "/sys/firmware/efi/efivars/"
#define GUID "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static void
test_boot(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    examine(&p, bl_doctor_boot);
    assert_true(says(&p, BL_FINDING_FAIL, "not booted by UEFI"));
    put_bytes(&p, EFI "SecureBoot" GUID, BL_LITERAL("\6\0\0\0\0"));
    put_bytes(&p, EFI "SetupMode" GUID, BL_LITERAL("\6\0\0\0\0"));
    examine(&p, bl_doctor_boot);
    assert_true(says(&p, BL_FINDING_FAIL, "Secure Boot is off"));
    put_bytes(&p, EFI "SecureBoot" GUID, BL_LITERAL("\6\0\0\0\1"));
    examine(&p, bl_doctor_boot);
    assert_false(fails(&p));
    assert_true(says(&p, BL_FINDING_WARN, "no kernel lockdown"));
    assert_true(says(&p, BL_FINDING_WARN, "no event log"));
    assert_true(says(&p, BL_FINDING_WARN, "not measured as one image"));
    put_bytes(&p, EFI "SetupMode" GUID, BL_LITERAL("\6\0\0\0\1"));
    examine(&p, bl_doctor_boot);
    assert_true(says(&p, BL_FINDING_FAIL, "setup mode"));
    put_bytes(&p, EFI "SetupMode" GUID, BL_LITERAL("\6\0\0\0\0"));
    put(&p, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
    put(&p, "/sys/kernel/security/tpm0/binary_bios_measurements", "x");
    put(&p, EFI "StubPcrKernelImage-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f", "x");
    put(&p, "/sys/module/module/parameters/sig_enforce", "N\n");
    examine(&p, bl_doctor_boot);
    assert_true(says(&p, BL_FINDING_OK, "Secure Boot is on"));
    assert_true(says(&p, BL_FINDING_OK, "[integrity]"));
    assert_true(says(&p, BL_FINDING_OK, "event log is there"));
    assert_true(says(&p, BL_FINDING_WARN, "modules without a signature"));
    put(&p, "/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
    examine(&p, bl_doctor_boot);
    assert_true(says(&p, BL_FINDING_WARN, "no kernel lockdown"));
    done(&p);
}

/* A variable of another size says nothing, whatever its last byte. */
static void
test_variables_of_other_sizes(void **state)
{
    struct paper p;

    (void)state;
    setup(&p);
    put_bytes(&p, EFI "SecureBoot" GUID, BL_LITERAL("\1"));
    examine(&p, bl_doctor_boot);
    assert_true(says(&p, BL_FINDING_FAIL, "the firmware does not say"));
    put_bytes(&p, EFI "SecureBoot" GUID, BL_LITERAL("\6\0\0\0\1\1"));
    examine(&p, bl_doctor_boot);
    assert_true(says(&p, BL_FINDING_FAIL, "the firmware does not say"));
    done(&p);
}

/* -- permissions ----------------------------------------------------------------------------------- */

/* Whether a user without rights is told which group has them. */
static int
look_as_nobody(struct paper *p, const char *wanted)
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        if (setgroups(0, NULL) != 0 || setresgid(65534, 65534, 65534) != 0 ||
            setresuid(65534, 65534, 65534) != 0)
            _exit(2);
        examine(p, bl_doctor_nitro);
        _exit(says(p, BL_FINDING_FAIL, "belongs to group") &&
                      strstr(p->findings.list[0].fix, wanted) != NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_whose_a_device_is(void **state)
{
    char node[PATH_SIZE];
    struct paper p;

    (void)state;
    if (geteuid() != 0)
        unit_skip("only root can become somebody else");
    setup(&p);
    put(&p, "/dev/nsm", "");
    snprintf(node, sizeof node, "%s/dev/nsm", p.root);
    assert_int_equal(chmod(node, 0600), 0);
    assert_int_equal(look_as_nobody(&p, "udev rule"), 0);
    assert_int_equal(chown(node, 0, 1), 0); /* daemon */
    assert_int_equal(chmod(node, 0660), 0);
    assert_int_equal(look_as_nobody(&p, "usermod -aG daemon"), 0);
    done(&p);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snp_guest),
        cmocka_unit_test(test_tsm_that_is_not_permitted),
        cmocka_unit_test(test_snp_host),
        cmocka_unit_test(test_tdx),
        cmocka_unit_test(test_tdx_host),
        cmocka_unit_test(test_cca),
        cmocka_unit_test(test_sgx),
        cmocka_unit_test(test_sgx_under_gramine),
        cmocka_unit_test(test_nitro),
        cmocka_unit_test(test_nitro_inside),
        cmocka_unit_test(test_optee),
        cmocka_unit_test(test_boot),
        cmocka_unit_test(test_variables_of_other_sizes),
        cmocka_unit_test(test_whose_a_device_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
