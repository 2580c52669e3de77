/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device/root_snp.c: keys that the SEV-SNP firmware derives for a guest (MSG_KEY_REQ), through
 * /dev/sev-guest.
 *
 * Spec: SNP firmware ABI (56860) 1.58, tables 18 to 20; Linux, linux/sev-guest.h.
 * Always mixed by the firmware: VMPL, HOST_DATA, and the digest of the author's key, else of the ID key.
 * Always asked for here: the guest policy, and the TCB version. Without the latter the root is that of
 * the TCB that the host reports at the moment: an update, or a word of the host, changes the key.
 * HOST_DATA is chosen by who starts a guest: alone it binds to nobody.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/sev-guest.h>

#include "base/memory.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "device/machine.h"
#include "device/root_internal.h"
#include "device/sev_guest.h"
#include "tee/snp/chain.h"
#include "tee/snp/structures.h"

static const char where[] = "SEV-SNP key";

/* guest_field_select */
#define MIX_POLICY (1u << 0)
#define MIX_IMAGE_ID (1u << 1)
#define MIX_FAMILY_ID (1u << 2)
#define MIX_MEASUREMENT (1u << 3)
#define MIX_GUEST_SVN (1u << 4)
#define MIX_TCB (1u << 5)
#define MIX_ALL 0x3fu
#define MIX_ALWAYS (MIX_POLICY | MIX_TCB)
#define MIX_PRODUCT (MIX_IMAGE_ID | MIX_FAMILY_ID)

/* root_key_select: bit 0 is the VMRK, which is new at every launch; bits 1 and 2 choose the other */
#define ROOT_VCEK 2u /* of this chip */
#define ROOT_VLEK 4u /* of the provider */

#define STATUS_INVALID_KEY 0x27u

enum field_id {
    FIELD_MEASUREMENT = 1,
    FIELD_ID_KEY,
    FIELD_AUTHOR_KEY,
    FIELD_HOST_DATA,
    FIELD_CHIP,
    FIELD_POLICY,
    FIELD_FAMILY_ID,
    FIELD_IMAGE_ID
};
static const struct bl_root_field_row fields[] = {
    { FIELD_MEASUREMENT, "measurement", BL_ROOT_FIELD_CODE, 48 },
    { FIELD_ID_KEY, "id_key_digest", BL_ROOT_FIELD_SIGNER, 48 },
    { FIELD_AUTHOR_KEY, "author_key_digest", BL_ROOT_FIELD_SIGNER, 48 },
    { FIELD_HOST_DATA, "host_data", BL_ROOT_FIELD_CONFIG, 32 },
    { FIELD_CHIP, "chip", BL_ROOT_FIELD_HOST, 32 }, /* SHA-256 of its id */
    { FIELD_POLICY, "guest_policy", BL_ROOT_FIELD_POLICY, 8 },
    { FIELD_FAMILY_ID, "family_id", BL_ROOT_FIELD_PRODUCT, 16 },
    { FIELD_IMAGE_ID, "image_id", BL_ROOT_FIELD_PRODUCT, 16 },
};

/* -- requests ------------------------------------------------------------------------------------ */

static enum bulla_status
under_bound(const char *what, struct bulla_error *err)
{
    return bulla_fail_cause(err, BULLA_CAUSE_UNDER_BOUND, where, what);
}

static enum bulla_status
check_binding(const struct bl_root_state *state, const struct bl_root_binding *binding,
              struct bulla_error *err)
{
    const unsigned bits = binding->bits;

    if (binding->rtmr_mask != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, where,
                                "this kind of guest has no such registers");
    if (binding->allow_vlek && state->uses_vlek && (bits & BL_ROOT_BIND_HOST) != 0)
        return bulla_fail_cause(err, BULLA_CAUSE_BINDING_REFUSED, where,
                                "the provider's key is that of all his machines");
    if ((bits & (BL_ROOT_BIND_SIGNER | BL_ROOT_BIND_VERSION)) != 0 && !state->has_signer)
        return under_bound("it was launched without an ID block, so nobody signed for it", err);
    return BULLA_OK;
}

static enum bulla_status
make(const struct bl_root_state *state, const struct bl_root_binding *binding,
     const uint8_t salt[BL_ROOT_SALT_SIZE], struct bl_root_request *request_out,
     struct bulla_error *err)
{
    const unsigned bits = binding->bits;
    struct bl_snp_key_request snp = {
        .root_key_select = binding->allow_vlek && state->uses_vlek ? ROOT_VLEK : ROOT_VCEK,
        .guest_field_select = MIX_ALWAYS,
        .vmpl = state->vmpl,
        .generation = state->generation,
    };

    (void)salt;
    BL_TRY(check_binding(state, binding, err));
    if ((bits & (BL_ROOT_BIND_CODE | BL_ROOT_BIND_CONFIG | BL_ROOT_BIND_STATE)) != 0)
        snp.guest_field_select |= MIX_MEASUREMENT;
    if ((bits & (BL_ROOT_BIND_SIGNER | BL_ROOT_BIND_VERSION)) != 0)
        snp.guest_field_select |= MIX_PRODUCT;
    for (size_t i = 0; i < sizeof snp.tcb_version; i++)
        snp.tcb_version[i] = (uint8_t)state->version.components[i].value;
    if ((bits & BL_ROOT_BIND_VERSION) != 0) {
        snp.guest_field_select |= MIX_GUEST_SVN;
        snp.guest_svn =
            (uint32_t)bl_root_version_find(&state->version, BL_ROOT_VERSION_NAME)->value;
    }
    request_out->snp = snp;
    return BULLA_OK;
}

/* Whoever starts a guest chooses its policy and HOST_DATA; only a measurement or a signature over it
 * keeps the next guest out. */
static enum bulla_status
check(const struct bl_root_state *state, const struct bl_root_request *request,
      struct bulla_error *err)
{
    const struct bl_snp_key_request *snp = &request->snp;
    const uint64_t mixed = snp->guest_field_select;

    if (snp->root_key_select != ROOT_VCEK && snp->root_key_select != ROOT_VLEK)
        return under_bound("a root key that is not this chip's", err);
    if ((mixed & ~(uint64_t)MIX_ALL) != 0)
        return bulla_fail(err, BULLA_E_UNSUPPORTED, where, "fields of unknown meaning", mixed);
    if ((mixed & MIX_ALWAYS) != MIX_ALWAYS)
        return under_bound("guest policy or TCB version are not part of it", err);
    if ((mixed & MIX_MEASUREMENT) == 0 &&
        ((mixed & MIX_PRODUCT) != MIX_PRODUCT || !state->has_signer))
        return under_bound("any guest on this chip could derive it", err);
    if (snp->vmpl != state->vmpl) {
        enum bulla_status status =
            bulla_fail_cause(err, BULLA_CAUSE_LAUNCH_CHANGED, where, "another privilege level");
        bulla_error_values(err, bulla_value_number(state->vmpl), bulla_value_number(snp->vmpl));
        return status;
    }
    return BULLA_OK;
}

static struct bl_root_binding
binding_of(const struct bl_root_request *request)
{
    const uint64_t mixed = request->snp.guest_field_select;
    const bool is_vlek = request->snp.root_key_select == ROOT_VLEK;
    struct bl_root_binding binding = { .allow_vlek = is_vlek };

    binding.bits |= is_vlek ? 0 : BL_ROOT_BIND_HOST;
    binding.bits |= (mixed & MIX_MEASUREMENT) != 0 ? BL_ROOT_BIND_CODE : 0;
    binding.bits |= (mixed & MIX_PRODUCT) == MIX_PRODUCT ? BL_ROOT_BIND_SIGNER : 0;
    binding.bits |= (mixed & MIX_GUEST_SVN) != 0 ? BL_ROOT_BIND_VERSION : 0;
    return binding;
}

static const char *
component_name(enum bl_snp_generation generation, size_t i)
{
    static const char *const names[][8] = {
        [BL_SNP_GENERATION_NONE] = { "tcb.byte0", "tcb.byte1", "tcb.byte2", "tcb.byte3",
                                     "tcb.byte4", "tcb.byte5", "tcb.byte6", "tcb.byte7" },
        [BL_SNP_MILAN] = { "tcb.boot_loader", "tcb.tee", "tcb.byte2", "tcb.byte3", "tcb.byte4",
                           "tcb.byte5", "tcb.snp", "tcb.microcode" },
        [BL_SNP_GENOA] = { "tcb.boot_loader", "tcb.tee", "tcb.byte2", "tcb.byte3", "tcb.byte4",
                           "tcb.byte5", "tcb.snp", "tcb.microcode" },
        [BL_SNP_TURIN] = { "tcb.fmc", "tcb.boot_loader", "tcb.tee", "tcb.snp", "tcb.byte4",
                           "tcb.byte5", "tcb.byte6", "tcb.microcode" },
    };

    return names[(size_t)generation < BL_COUNT_OF(names) ? generation : BL_SNP_GENERATION_NONE][i];
}

static struct bl_root_version
tcb_version(const uint8_t tcb[8], enum bl_snp_generation generation)
{
    struct bl_root_version version = { .count = 0 };

    for (size_t i = 0; i < 8; i++)
        bl_root_version_add(&version, component_name(generation, i), tcb[i]);
    return version;
}

static struct bl_root_version
version_of(const struct bl_root_request *request)
{
    struct bl_root_version version = tcb_version(request->snp.tcb_version, request->snp.generation);

    if ((request->snp.guest_field_select & MIX_GUEST_SVN) != 0)
        bl_root_version_add(&version, BL_ROOT_VERSION_NAME, request->snp.guest_svn);
    return version;
}

/* What is mixed is mixed in as well, so that one more field or one less is another key; both are as
 * well bound. */
static struct bl_root_request
neighbour(const struct bl_root_request *request)
{
    struct bl_root_request other = *request;

    other.snp.guest_field_select ^=
        (request->snp.guest_field_select & MIX_MEASUREMENT) != 0 ? MIX_IMAGE_ID : MIX_MEASUREMENT;
    return other;
}

static bool
uses(const struct bl_root_request *request, const struct bl_root_field *field)
{
    const uint64_t mixed = request->snp.guest_field_select;

    switch ((enum field_id)field->id) {
    case FIELD_MEASUREMENT:
        return (mixed & MIX_MEASUREMENT) != 0;
    case FIELD_POLICY:
        return (mixed & MIX_POLICY) != 0;
    case FIELD_FAMILY_ID:
        return (mixed & MIX_FAMILY_ID) != 0;
    case FIELD_IMAGE_ID:
        return (mixed & MIX_IMAGE_ID) != 0;
    case FIELD_CHIP:
        return request->snp.root_key_select == ROOT_VCEK;
    case FIELD_ID_KEY:
    case FIELD_AUTHOR_KEY:
    case FIELD_HOST_DATA:
        return true;
    }
    return false;
}

/* -- the state ----------------------------------------------------------------------------------- */

/* Reports name their processor from version 3 on; before, this one is asked. */
static enum bl_snp_generation
generation_of(const struct bl_snp_report *report)
{
    static const enum bl_snp_generation known[] = { BL_SNP_MILAN, BL_SNP_GENOA, BL_SNP_TURIN };
    const uint32_t signature = bl_machine_cpuid(bl_machine_here(), 1, 0).eax;
    const uint8_t cpuid[2] = { (uint8_t)((signature >> 8 & 0xf) + (signature >> 20 & 0xff)),
                               (uint8_t)((signature >> 4 & 0xf) | (signature >> 12 & 0xf0)) };
    struct bl_snp_report named = *report;

    if (report->version < 3) {
        named.cpuid = BL_BYTES_OF(cpuid);
        named.version = 3;
    }
    for (size_t i = 0; i < BL_COUNT_OF(known); i++)
        if (bl_snp_is_cpu_of(known[i], &named))
            return known[i];
    return BL_SNP_GENERATION_NONE;
}

/* The id of a chip is public, and still nothing to be written into every blob. A host that hides it
 * gives zeros. */
static enum bulla_status
hash_chip(const struct bl_snp_report *report, uint8_t digest[32], struct bulla_bytes *chip_out,
          struct bulla_error *err)
{
    if (bl_root_is_zero(report->chip_id))
        return BULLA_OK;
    BL_TRY(bl_hash_once(BL_SHA256, report->chip_id, digest, err));
    *chip_out = (struct bulla_bytes){ digest, 32 };
    return BULLA_OK;
}

static enum bulla_status
describe(const struct bl_snp_report *report, struct bl_root_identity *identity,
         struct bulla_error *err)
{
    const bool has_author = bl_snp_author_key_enabled(report); /* else the ID key is mixed */
    uint8_t policy[8], digest[32];
    struct bulla_bytes chip = { NULL, 0 };

    for (size_t i = 0; i < sizeof policy; i++)
        policy[i] = (uint8_t)(report->policy >> (8 * (7 - i)));
    BL_TRY(hash_chip(report, digest, &chip, err));
    const struct {
        unsigned id;
        struct bulla_bytes bytes;
    } found[] = {
        { FIELD_MEASUREMENT, report->measurement },
        { has_author ? FIELD_AUTHOR_KEY : FIELD_ID_KEY,
          has_author ? report->author_key_digest : report->id_key_digest },
        { FIELD_HOST_DATA, report->host_data },
        { FIELD_CHIP, chip },
        { FIELD_POLICY, BL_BYTES_OF(policy) },
        { FIELD_FAMILY_ID, report->family_id },
        { FIELD_IMAGE_ID, report->image_id },
    };
    for (size_t i = 0; i < BL_COUNT_OF(found); i++)
        if (found[i].bytes.size > 0 &&
            !bl_root_identity_put(identity, BL_ROOT_SNP, found[i].id, found[i].bytes))
            return bulla_fail(err, BULLA_E_ARGUMENT, where, "no such field", found[i].id);
    return BULLA_OK;
}

static enum bulla_status
ask_report(const struct bl_sev_guest *guest, uint32_t vmpl, struct snp_report_resp *response,
           struct bl_snp_report *report, struct bulla_error *err)
{
    struct snp_report_req request = { .vmpl = vmpl };
    struct bulla_bytes bytes = { NULL, 0 };

    BL_TRY(bl_random(request.user_data, sizeof request.user_data, err));
    BL_TRY(
        bl_sev_guest_ask_until(guest, SNP_GET_REPORT, &request, response, sizeof *response, err));
    BL_TRY(bl_sev_guest_report(BL_BYTES_OF(response->data), &bytes, err));
    BL_TRY(bl_snp_report_decode(bytes, report, err));
    BL_TRY(bl_snp_report_check(report, err));
    if (!bl_equal(report->report_data, BL_BYTES_OF(request.user_data)) || report->vmpl != vmpl)
        return bulla_fail_cause(err, BULLA_CAUSE_ATTESTER_ANSWER, where,
                                "a report about something else");
    return BULLA_OK;
}

static enum bulla_status
state_of(struct bl_sealing_root *root, int64_t deadline, struct bl_root_state *state,
         struct bulla_error *err)
{
    const struct bl_sev_guest guest = { root->fd, deadline };
    struct snp_report_resp response;
    struct bl_snp_report report;

    state->vmpl = bl_sev_guest_vmpl(deadline);
    BL_TRY(ask_report(&guest, state->vmpl, &response, &report, err));
    state->generation = generation_of(&report);
    state->version = tcb_version(report.committed_tcb.data, state->generation);
    bl_root_version_add(&state->version, BL_ROOT_VERSION_NAME, report.guest_svn);
    state->is_debug = (report.policy & BL_SNP_POLICY_DEBUG) != 0;
    state->has_signer = !bl_root_is_zero(report.id_key_digest);
    state->uses_vlek = bl_snp_signing_key(&report) == BL_SNP_VLEK;
    return describe(&report, &state->identity, err);
}

/* -- the key ------------------------------------------------------------------------------------- */

static enum bulla_status
fail_status(uint32_t code, struct bulla_error *err)
{
    enum bulla_status status =
        code == STATUS_INVALID_KEY
            ? bulla_fail_cause(err, BULLA_CAUSE_ROOT_KEY_REFUSED, where,
                               "the key of the chip is disabled on this host")
            : bulla_fail_cause(err, BULLA_CAUSE_ROOT_FAILED, where, "the firmware refused");

    bulla_error_values(err, bulla_value_number(code), bulla_value_number(0));
    return status;
}

/* MSG_KEY_RSP: status (4 bytes), 28 reserved, key (32). */
static enum bulla_status
take_key(const struct snp_derived_key_resp *response, struct bl_secret *key,
         struct bulla_error *err)
{
    uint32_t status = 0;

    for (size_t i = 4; i-- > 0;)
        status = status << 8 | response->data[i];
    if (status != 0)
        return fail_status(status, err);
    memcpy(key->data, response->data + 32, BL_ROOT_KEY_SIZE);
    return BULLA_OK;
}

static enum bulla_status
derive(struct bl_sealing_root *root, const struct bl_root_request *request, int64_t deadline,
       struct bl_secret *key, struct bulla_error *err)
{
    const struct bl_sev_guest guest = { root->fd, deadline };
    const struct bl_snp_key_request *snp = &request->snp;
    struct snp_derived_key_req wire = { .root_key_select = snp->root_key_select,
                                        .guest_field_select = snp->guest_field_select,
                                        .vmpl = snp->vmpl,
                                        .guest_svn = snp->guest_svn };
    struct snp_derived_key_resp response;

    for (size_t i = sizeof snp->tcb_version; i-- > 0;)
        wire.tcb_version = wire.tcb_version << 8 | snp->tcb_version[i];
    enum bulla_status status =
        bl_sev_guest_ask_until(&guest, SNP_GET_DERIVED_KEY, &wire, &response, sizeof response, err);
    if (status == BULLA_OK)
        status = take_key(&response, key, err);
    bl_wipe(&response, sizeof response);
    return status;
}

static enum bulla_status
open_root(struct bl_sealing_root *root, struct bulla_error *err)
{
    return bl_node_open(root->path, O_RDWR, &root->fd, err);
}

const struct bl_root_driver bl_root_snp = {
    .kind = BL_ROOT_SNP,
    .word = "snp",
    .path = BL_SEV_GUEST_PATH,
    .fields = fields,
    .field_count = BL_COUNT_OF(fields),
    .make = make,
    .check = check,
    .binding = binding_of,
    .version = version_of,
    .neighbour = neighbour,
    .uses = uses,
    .probe = bl_node_state,
    .open = open_root,
    .state = state_of,
    .derive = derive,
};
