/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/manifest.h: bulla.yaml: what an enclave is, what it may use and what it is given.
 *
 * Two forms: YAML, which people write, and deterministic CBOR, which monitor and agent read and
 * whose SHA-256 is the *config* of the enclave's identity. Format: docs/formats/manifest.md.
 * Guarantees: unknown and repeated keys are refused; what is missing is denied (network, secrets,
 * permissions) and limits must be said; paths inside are absolute, normalised and outside of what
 * the agent keeps for itself; lists are sorted in the canonical form, so that equal manifests have
 * equal digests. Errors of YAML have the line as offset and the column as detail.
 * Does not: look at files, resolve names, or know whether the machine can do what is asked.
 */
#ifndef BL_POLICY_MANIFEST_H
#define BL_POLICY_MANIFEST_H

#include "measure/enclave_pcrs.h"
#include "wire/address.h"
#include "wire/release.h"

#define BL_MANIFEST_FORMAT 1
#define BL_MANIFEST_SIZE_MAX ((size_t)128 << 10) /* bytes of the canonical form */
#define BL_MANIFEST_NAME_SIZE_MAX 63             /* bytes: a DNS label */
#define BL_MANIFEST_PATH_SIZE_MAX 255            /* bytes: inside and outside */
#define BL_MANIFEST_TEXT_SIZE_MAX 4096           /* bytes: an argument, a variable's value */
#define BL_MANIFEST_FILE_COUNT_MAX 256
#define BL_MANIFEST_DIRECTORY_COUNT_MAX 64
#define BL_MANIFEST_ARGUMENT_COUNT_MAX 64
#define BL_MANIFEST_VARIABLE_COUNT_MAX 64
#define BL_MANIFEST_PORT_COUNT_MAX 16
#define BL_MANIFEST_SEALED_COUNT_MAX 8
#define BL_MANIFEST_SECRET_COUNT_MAX 32
#define BL_MANIFEST_MEMORY_MIN ((uint64_t)4 << 20)  /* bytes: the agent alone needs this much */
#define BL_MANIFEST_BYTES_MAX ((uint64_t)1 << 50)   /* bytes: of memory, of a sealed directory */
#define BL_MANIFEST_SEALED_MIN ((uint64_t)64 << 10) /* bytes */

/** The agent's own files of every enclave; nothing of a manifest may be there. */
#define BL_ENCLAVE_AGENT_DIRECTORY "/.bulla"
#define BL_ENCLAVE_AGENT_PATH BL_ENCLAVE_AGENT_DIRECTORY "/agent"
/** Where delivered secrets are: one private tmpfs. */
#define BL_ENCLAVE_SECRET_DIRECTORY "/run/secrets"
/** The private tmpfs of resources.tmp bytes. */
#define BL_ENCLAVE_TMP_DIRECTORY "/tmp"

struct bl_manifest_file {
    const char *from; /* outside: absolute, or relative to the manifest's directory */
    const char *to;   /* inside */
    unsigned mode;    /* permission bits; 0: 0755 if the source can be executed, else 0644 */
};

struct bl_manifest_variable {
    const char *name;
    const char *value; /* may be empty */
};

/** One way of the network; the enclave's side is always 127.0.0.1:inside_port. */
struct bl_manifest_port {
    struct bl_endpoint outside; /* listen: an address of the host; connect: a name or address */
    uint16_t inside_port;       /* distinct over both lists */
};

/** Bits of what a sealed directory is bound to. Signer and product come together: PCR 9. */
enum bl_manifest_bind {
    BL_BIND_SIGNER = 1 << 0,
    BL_BIND_PRODUCT = 1 << 1,
    BL_BIND_VERSION = 1 << 2, /* this version or a newer one */
    BL_BIND_CODE = 1 << 3,
    BL_BIND_CONFIG = 1 << 4
};

struct bl_manifest_sealed {
    const char *path; /* inside; neither in nor around another one */
    uint64_t size;    /* bytes of the volume */
    unsigned bind;    /* bits of enum bl_manifest_bind */
};

struct bl_manifest_secret {
    const char *name; /* at the broker; grammar of bl_secret_name_is_valid() */
    const char *file; /* BL_ENCLAVE_SECRET_DIRECTORY/..., one level */
    unsigned mode;    /* 0400, 0440 or 0444; default 0400 */
};

/** Bits of the limits that may be missing where the kernel cannot enforce them. */
enum bl_manifest_limit {
    BL_UNENFORCED_MEMORY = 1 << 0,
    BL_UNENFORCED_PIDS = 1 << 1,
    BL_UNENFORCED_CPUS = 1 << 2
};

enum bl_manifest_restart { BL_RESTART_NEVER = 0, BL_RESTART_ON_FAILURE, BL_RESTART_ALWAYS };

struct bl_manifest {
    const char *name;    /* [a-z0-9-]: of the instance on its host */
    const char *product; /* at most BL_PRODUCT_SIZE_MAX bytes */
    uint64_t version;
    uint8_t signer[32];        /* raw Ed25519 public key: who may sign identities of this enclave */
    uint8_t signer_digest[32]; /* SHA-256 of its SubjectPublicKeyInfo, as PCR 9 has it */

    struct bl_manifest_file files[BL_MANIFEST_FILE_COUNT_MAX]; /* ascending by `to` */
    size_t file_count;
    bool with_closure;                                        /* the libraries that programs need */
    bool with_name_service;                                   /* glibc's NSS libraries too */
    const char *directories[BL_MANIFEST_DIRECTORY_COUNT_MAX]; /* empty ones; ascending */
    size_t directory_count;

    const char *entry[BL_MANIFEST_ARGUMENT_COUNT_MAX + 1]; /* ends with NULL; entry[0] absolute */
    size_t entry_count;
    uint32_t user; /* uid and gid inside */
    struct bl_manifest_variable environment[BL_MANIFEST_VARIABLE_COUNT_MAX]; /* ascending */
    size_t environment_count;

    uint64_t memory;    /* bytes */
    uint64_t cpu_milli; /* thousandths of one processor */
    uint64_t pids;
    uint64_t open_files;
    uint64_t tmp; /* bytes of BL_ENCLAVE_TMP_DIRECTORY; 0: there is none */

    struct bl_manifest_port listen[BL_MANIFEST_PORT_COUNT_MAX]; /* ascending by inside_port */
    size_t listen_count;
    struct bl_manifest_port connect[BL_MANIFEST_PORT_COUNT_MAX];
    size_t connect_count;

    struct bl_manifest_sealed sealed[BL_MANIFEST_SEALED_COUNT_MAX]; /* ascending by path */
    size_t sealed_count;
    struct bl_manifest_secret secrets[BL_MANIFEST_SECRET_COUNT_MAX]; /* ascending by file */
    size_t secret_count;

    uint64_t landlock_min;      /* ABI; 0: not needed */
    uint64_t cgroup_min;        /* 0: not needed, 1, 2 */
    bool needs_memfd_secret;    /* for delivered secrets */
    unsigned permit_unenforced; /* bits of enum bl_manifest_limit */
    uint64_t replicas;

    bool has_broker; /* without one no secret can be asked for */
    struct bl_broker_address broker;

    /* Not part of the canonical form: what the host may choose. Defaults after decoding it. */
    enum bl_manifest_restart restart;
    uint16_t health_port; /* inside, one of `listen`; 0: no check */
    uint64_t health_interval_ms;
    uint64_t health_timeout_ms;
    uint64_t log_size; /* bytes kept */

    struct bulla_buffer canonical; /* owned: the canonical form that this is */
    uint8_t digest[32];            /* SHA-256 of it: the config */
    char *texts;                   /* owned: what the pointers above point into */
};
void bl_manifest_done(struct bl_manifest *manifest);

/** Turns what a manifest says of its signer and broker, where that is not the thing itself but the
 *  name of a file, into the thing. NULL members refuse: then the key or address must stand there. */
struct bl_manifest_resolver {
    void *context;
    /** `text` is all that the manifest says: a key's text or a file's name. */
    enum bulla_status (*signer)(void *context, const char *text, uint8_t raw_out[32],
                                struct bulla_error *err);
    /** `path` is a file with one line, a broker's address. */
    enum bulla_status (*broker)(void *context, const char *path, struct bl_broker_address *out,
                                struct bulla_error *err);
};

/** From the YAML that people write. BULLA_E_MALFORMED (err->offset: line, err->detail: column,
 *  err->where: key, err->expected: the word that was probably meant), BULLA_E_LIMIT,
 *  BULLA_E_UNSUPPORTED for another format version, and what the resolver fails with. */
enum bulla_status bl_manifest_from_yaml(struct bulla_bytes yaml,
                                        const struct bl_manifest_resolver *resolver,
                                        struct bl_manifest *manifest_out,
                                        struct bulla_error *err) BULLA_CHECKED;
/** From the canonical form; BULLA_E_MALFORMED, BULLA_E_UNSUPPORTED, BULLA_E_LIMIT. */
enum bulla_status bl_manifest_decode(struct bulla_bytes cbor, struct bl_manifest *manifest_out,
                                     struct bulla_error *err) BULLA_CHECKED;

/** True for an absolute, normalised path without "." or ".." parts, double or final slashes and
 *  control characters, of at most BL_MANIFEST_PATH_SIZE_MAX bytes; "/" itself is none. */
bool bl_inside_path_is_valid(struct bulla_bytes path);
/** True if `path` is `directory` or beneath it. Both are valid paths inside. */
bool bl_path_is_within(const char *path, const char *directory);
/** "signer", "product", "version", "code", "config" by bit number, NULL after the last. */
const char *bl_manifest_bind_word(unsigned bit);

#endif
