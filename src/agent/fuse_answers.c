/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent/fuse_answers.c: one function for each kind of request, from FUSE's words to the volume's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h> /* RENAME_NOREPLACE */
#include <string.h>
#include <sys/stat.h>

#include "agent/fuse_internal.h"
#include "base/memory.h"

#define PERMISSIONS 07777u
#define VALID_S 3600 /* nobody but this kernel changes the volume, so it may remember */
#define NS_PER_S 1000000000
#define STAT_BLOCK_SIZE 512 /* bytes of st_blocks */
#define DIRENT_ALIGN(size) (((size) + 7) & ~(size_t)7)
/* Places in a directory: "." and ".." and then the volume's own. */
enum { PLACE_PARENT = 1, PLACE_FIRST = 2 };

/* What a program can make something of; the rest is EIO. */
static const struct {
    enum bulla_status status;
    int code;
} codes[] = {
    { BULLA_OK, 0 },
    { BULLA_E_NOT_FOUND, ENOENT },
    { BULLA_E_EXISTS, EEXIST },
    { BULLA_E_BUSY, ENOTEMPTY },
    { BULLA_E_ARGUMENT, EINVAL },
    { BULLA_E_LIMIT, ENOSPC },
    { BULLA_E_MEMORY, ENOMEM },
};

static int
to_errno(enum bulla_status status)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].status == status)
            return codes[i].code;
    }
    return EIO;
}

/* -- pieces of requests and answers ------------------------------------------------------------ */

static struct bulla_bytes
rest(const struct bl_fuse_request *q)
{
    return (struct bulla_bytes){ q->reader.input.data + q->reader.offset,
                                 bl_reader_left(&q->reader) };
}

/* The next zero-terminated name. An errno where it cannot be one of the volume's. */
static int
read_name(struct bl_fuse_request *q, struct bulla_bytes *name_out)
{
    struct bulla_bytes left = rest(q);
    const uint8_t *end = left.size == 0 ? NULL : memchr(left.data, 0, left.size);

    if (end == NULL || end == left.data)
        return EINVAL;
    *name_out = (struct bulla_bytes){ left.data, (size_t)(end - left.data) };
    bl_skip(&q->reader, name_out->size + 1);
    return name_out->size > BL_VOLUME_NAME_SIZE_MAX ? ENAMETOOLONG : 0;
}

static bool
read_struct(struct bl_fuse_request *q, void *out, size_t size)
{
    bl_read_into(&q->reader, out, size);
    return bl_reader_ok(&q->reader, NULL) == BULLA_OK;
}

static uint32_t
kind_bits(enum bl_volume_kind kind)
{
    return kind == BL_VOLUME_DIRECTORY ? S_IFDIR : kind == BL_VOLUME_LINK ? S_IFLNK : S_IFREG;
}

/* Seconds and the rest, which is never negative. */
static uint64_t
split_time(int64_t time_ns, uint32_t *rest_out)
{
    int64_t left = time_ns % NS_PER_S;

    left += left < 0 ? NS_PER_S : 0;
    *rest_out = (uint32_t)left;
    return (uint64_t)((time_ns - left) / NS_PER_S);
}

static struct fuse_attr
show(const struct bl_fuse_request *q, const struct bl_volume_attributes *a)
{
    struct fuse_attr out = {
        .ino = a->node,
        .size = a->size,
        .blocks = a->size / STAT_BLOCK_SIZE + (a->size % STAT_BLOCK_SIZE != 0),
        .mode = kind_bits(a->kind) | (a->mode & PERMISSIONS),
        .nlink = a->link_count,
        .uid = q->plan->user,
        .gid = q->plan->group,
        .blksize = 4096,
    };

    out.mtime = split_time(a->modified_ns, &out.mtimensec);
    out.atime = out.mtime;
    out.atimensec = out.mtimensec;
    out.ctime = split_time(a->changed_ns, &out.ctimensec);
    return out;
}

static int
put(struct bl_fuse_request *q, const void *data, size_t size)
{
    return to_errno(bulla_buffer_append(q->answer, (struct bulla_bytes){ data, size }, &q->err));
}

/* The kernel knows the node from now on, and forgets it by FUSE_FORGET. */
static int
put_entry(struct bl_fuse_request *q, const struct bl_volume_attributes *a)
{
    struct fuse_entry_out entry = {
        .nodeid = a->node, .entry_valid = VALID_S, .attr_valid = VALID_S, .attr = show(q, a)
    };
    int code = put(q, &entry, sizeof entry);

    return code != 0 ? code : to_errno(bl_volume_hold(q->plan->volume, a->node, &q->err));
}

static int
put_attributes(struct bl_fuse_request *q, uint64_t node)
{
    struct bl_volume_attributes a = { 0 };
    int code = to_errno(bl_volume_attributes(q->plan->volume, node, &a, &q->err));
    struct fuse_attr_out out = { .attr_valid = VALID_S };

    if (code != 0)
        return code;
    out.attr = show(q, &a);
    return put(q, &out, sizeof out);
}

/* -- names ------------------------------------------------------------------------------------- */

static int
answer_lookup(struct bl_fuse_request *q)
{
    struct bl_volume_attributes a = { 0 };
    struct bulla_bytes name = { 0 };
    int code = read_name(q, &name);

    if (code == 0)
        code = to_errno(bl_volume_lookup(q->plan->volume, q->node, name, &a, &q->err));
    return code != 0 ? code : put_entry(q, &a);
}

static int
make(struct bl_fuse_request *q, enum bl_volume_kind kind, uint32_t mode, struct bulla_bytes name,
     struct bulla_bytes target)
{
    struct bl_volume_attributes a = {
        .kind = kind, .mode = mode & PERMISSIONS, .user = q->plan->user, .group = q->plan->group
    };
    int code =
        to_errno(bl_volume_make(q->plan->volume, q->node, name, target, q->now_ns, &a, &q->err));

    return code != 0 ? code : put_entry(q, &a);
}

static int
answer_mkdir(struct bl_fuse_request *q)
{
    struct fuse_mkdir_in in = { 0 };
    struct bulla_bytes name = { 0 };

    if (!read_struct(q, &in, sizeof in))
        return EINVAL;
    int code = read_name(q, &name);
    return code != 0 ? code
                     : make(q, BL_VOLUME_DIRECTORY, in.mode, name, (struct bulla_bytes){ 0 });
}

static int
answer_mknod(struct bl_fuse_request *q)
{
    struct fuse_mknod_in in = { 0 };
    struct bulla_bytes name = { 0 };

    if (!read_struct(q, &in, sizeof in))
        return EINVAL;
    int code = read_name(q, &name);
    if (code == 0 && (in.mode & S_IFMT) != S_IFREG)
        code = EPERM;
    return code != 0 ? code : make(q, BL_VOLUME_FILE, in.mode, name, (struct bulla_bytes){ 0 });
}

static int
put_open(struct bl_fuse_request *q)
{
    struct fuse_open_out out = { .open_flags = FOPEN_KEEP_CACHE };

    return put(q, &out, sizeof out);
}

static int
answer_create(struct bl_fuse_request *q)
{
    struct fuse_create_in in = { 0 };
    struct bulla_bytes name = { 0 };

    if (!read_struct(q, &in, sizeof in))
        return EINVAL;
    int code = read_name(q, &name);
    if (code == 0)
        code = make(q, BL_VOLUME_FILE, in.mode, name, (struct bulla_bytes){ 0 });
    return code != 0 ? code : put_open(q);
}

static int
answer_symlink(struct bl_fuse_request *q)
{
    struct bulla_bytes name = { 0 };
    int code = read_name(q, &name);
    struct bulla_bytes target = rest(q);

    if (code != 0)
        return code;
    if (target.size < 2 || target.data[target.size - 1] != 0) /* one byte and its end */
        return EINVAL;
    target.size--;
    if (target.size > BL_VOLUME_LINK_SIZE_MAX)
        return ENAMETOOLONG;
    return make(q, BL_VOLUME_LINK, S_IRWXU | S_IRWXG | S_IRWXO, name, target);
}

static int
answer_link(struct bl_fuse_request *q)
{
    struct fuse_link_in in = { 0 };
    struct bulla_bytes name = { 0 };
    struct bl_volume_attributes a = { 0 };

    if (!read_struct(q, &in, sizeof in))
        return EINVAL;
    int code = read_name(q, &name);
    if (code == 0)
        code = to_errno(
            bl_volume_link(q->plan->volume, in.oldnodeid, q->node, name, q->now_ns, &q->err));
    if (code == 0)
        code = to_errno(bl_volume_attributes(q->plan->volume, in.oldnodeid, &a, &q->err));
    return code != 0 ? code : put_entry(q, &a);
}

static int
answer_remove(struct bl_fuse_request *q)
{
    struct bulla_bytes name = { 0 };
    int code = read_name(q, &name);

    if (code == 0)
        code = to_errno(bl_volume_remove(q->plan->volume, q->node, name, q->now_ns, &q->err));
    return code;
}

static int
rename_to(struct bl_fuse_request *q, uint64_t directory, bool keep_existing)
{
    struct bulla_bytes from = { 0 }, to = { 0 };
    int code = read_name(q, &from);

    if (code == 0)
        code = read_name(q, &to);
    if (code == 0)
        code = to_errno(bl_volume_rename(q->plan->volume, q->node, from, directory, to,
                                         keep_existing, q->now_ns, &q->err));
    return code;
}

static int
answer_rename(struct bl_fuse_request *q)
{
    struct fuse_rename_in in = { 0 };

    return read_struct(q, &in, sizeof in) ? rename_to(q, in.newdir, false) : EINVAL;
}

static int
answer_rename2(struct bl_fuse_request *q)
{
    struct fuse_rename2_in in = { 0 };

    if (!read_struct(q, &in, sizeof in) || (in.flags & ~(uint32_t)RENAME_NOREPLACE) != 0)
        return EINVAL;
    return rename_to(q, in.newdir, in.flags != 0);
}

/* -- attributes -------------------------------------------------------------------------------- */

static int
answer_getattr(struct bl_fuse_request *q)
{
    return put_attributes(q, q->node);
}

/* Within what 64 bits of nanoseconds hold. */
static int64_t
wanted_time(const struct bl_fuse_request *q, const struct fuse_setattr_in *in)
{
    const int64_t most = INT64_MAX / NS_PER_S - 1;
    int64_t seconds = (int64_t)in->mtime;

    if ((in->valid & FATTR_MTIME_NOW) != 0)
        return q->now_ns;
    seconds = seconds > most ? most : seconds < -most ? -most : seconds;
    return seconds * NS_PER_S + in->mtimensec;
}

/* There is one user: files can be given to him alone. */
static bool
owner_is_allowed(const struct bl_fuse_request *q, const struct fuse_setattr_in *in)
{
    return ((in->valid & FATTR_UID) == 0 || in->uid == q->plan->user) &&
           ((in->valid & FATTR_GID) == 0 || in->gid == q->plan->group);
}

static int
answer_setattr(struct bl_fuse_request *q)
{
    struct fuse_setattr_in in = { 0 };

    if (!read_struct(q, &in, sizeof in))
        return EINVAL;
    if (!owner_is_allowed(q, &in))
        return EPERM;
    if ((in.valid & FATTR_SIZE) != 0 && in.size > BL_VOLUME_FILE_SIZE_MAX)
        return EFBIG;
    unsigned which = ((in.valid & FATTR_MODE) != 0 ? BL_VOLUME_SET_MODE : 0) |
                     ((in.valid & FATTR_SIZE) != 0 ? BL_VOLUME_SET_SIZE : 0) |
                     ((in.valid & FATTR_MTIME) != 0 ? BL_VOLUME_SET_MODIFIED : 0);
    struct bl_volume_attributes wanted = { .mode = in.mode & PERMISSIONS,
                                           .size = in.size,
                                           .modified_ns = wanted_time(q, &in) };
    int code =
        which == 0
            ? 0
            : to_errno(bl_volume_set(q->plan->volume, q->node, which, &wanted, q->now_ns, &q->err));
    return code != 0 ? code : put_attributes(q, q->node);
}

static int
answer_statfs(struct bl_fuse_request *q)
{
    struct bl_volume_usage usage = { 0 };
    struct fuse_statfs_out out = { 0 };
    int code = to_errno(bl_volume_usage(q->plan->volume, &usage, &q->err));

    if (code != 0)
        return code;
    out.st = (struct fuse_kstatfs){
        .blocks = usage.page_count_max,
        .bfree = usage.page_count_free,
        .bavail = usage.page_count_free,
        .files = usage.node_count,
        .bsize = (uint32_t)usage.page_size,
        .frsize = (uint32_t)usage.page_size,
        .namelen = BL_VOLUME_NAME_SIZE_MAX,
    };
    return put(q, &out, sizeof out);
}

/* -- content ----------------------------------------------------------------------------------- */

static int
read_content(struct bl_fuse_request *q, uint64_t offset, size_t size)
{
    uint8_t *place = NULL;
    size_t got = 0;
    int code = to_errno(bulla_buffer_extend(q->answer, size, &place, &q->err));

    if (code == 0)
        code =
            to_errno(bl_volume_read(q->plan->volume, q->node, offset, place, size, &got, &q->err));
    if (code == 0)
        q->answer->size -= size - got;
    return code;
}

static int
answer_read(struct bl_fuse_request *q)
{
    struct fuse_read_in in = { 0 };

    if (!read_struct(q, &in, sizeof in) || in.size > BL_FUSE_DATA_MAX)
        return EINVAL;
    return read_content(q, in.offset, in.size);
}

static int
answer_readlink(struct bl_fuse_request *q)
{
    return read_content(q, 0, BL_VOLUME_LINK_SIZE_MAX);
}

static int
answer_write(struct bl_fuse_request *q)
{
    struct fuse_write_in in = { 0 };
    struct fuse_write_out out = { 0 };

    if (!read_struct(q, &in, sizeof in))
        return EINVAL;
    struct bulla_bytes bytes = rest(q);
    if (bytes.size != in.size)
        return EINVAL;
    if (in.offset > BL_VOLUME_FILE_SIZE_MAX || in.size > BL_VOLUME_FILE_SIZE_MAX - in.offset)
        return EFBIG;
    out.size = in.size;
    int code =
        to_errno(bl_volume_write(q->plan->volume, q->node, in.offset, bytes, q->now_ns, &q->err));
    return code != 0 ? code : put(q, &out, sizeof out);
}

static int
answer_sync(struct bl_fuse_request *q)
{
    return to_errno(bl_volume_sync(q->plan->volume, &q->err));
}

static int
answer_yes(struct bl_fuse_request *q)
{
    (void)q;
    return 0;
}

static int
answer_nothing(struct bl_fuse_request *q)
{
    (void)q;
    return BL_FUSE_NO_ANSWER;
}

/* -- directories ------------------------------------------------------------------------------- */

static int
put_name(struct bl_fuse_request *q, size_t room, const struct fuse_dirent *entry,
         struct bulla_bytes name, bool *fits_out)
{
    static const uint8_t zeros[8];
    size_t size = FUSE_NAME_OFFSET + name.size, padding = DIRENT_ALIGN(size) - size;

    *fits_out = q->answer->size + size + padding <= room;
    if (!*fits_out)
        return 0;
    int code = put(q, entry, FUSE_NAME_OFFSET);
    if (code == 0)
        code = put(q, name.data, name.size);
    return code != 0 || padding == 0 ? code : put(q, zeros, padding);
}

static int
put_dots(struct bl_fuse_request *q, uint64_t *place, size_t room, bool *fits)
{
    int code = 0;

    while (code == 0 && *fits && *place < PLACE_FIRST) {
        uint32_t size = *place == PLACE_PARENT ? 2 : 1;
        struct fuse_dirent entry = {
            .ino = q->node, .off = *place + 1, .namelen = size, .type = S_IFDIR >> 12
        };
        code = put_name(q, room, &entry, (struct bulla_bytes){ (const uint8_t *)"..", size }, fits);
        if (code == 0 && *fits)
            (*place)++;
    }
    return code;
}

/* One entry of the volume's from `*cursor` on; ENOENT after the last. */
static int
put_next(struct bl_fuse_request *q, uint64_t *cursor, size_t room, struct bulla_buffer *name,
         bool *fits)
{
    struct bl_volume *volume = q->plan->volume;
    struct bl_volume_attributes a = { 0 };
    uint64_t next = *cursor, node = 0;

    bulla_buffer_clear(name);
    int code = to_errno(bl_volume_next(volume, q->node, &next, name, &node, &q->err));
    if (code == 0 && next > INT64_MAX - PLACE_FIRST)
        return EIO; /* a place that no program could come back to */
    if (code == 0)
        code = to_errno(bl_volume_attributes(volume, node, &a, &q->err));
    if (code != 0)
        return code;
    struct fuse_dirent entry = { .ino = node,
                                 .off = next + PLACE_FIRST,
                                 .namelen = (uint32_t)name->size,
                                 .type = kind_bits(a.kind) >> 12 };
    code = put_name(q, room, &entry, bulla_buffer_bytes(name), fits);
    if (code == 0 && *fits)
        *cursor = next;
    return code;
}

static int
answer_readdir(struct bl_fuse_request *q)
{
    BL_AUTO(bulla_buffer) name = { 0 };
    struct fuse_read_in in = { 0 };
    bool fits = true;

    if (!read_struct(q, &in, sizeof in) || in.size > BL_FUSE_DATA_MAX)
        return EINVAL;
    uint64_t place = in.offset;
    int code = put_dots(q, &place, in.size, &fits);
    for (uint64_t cursor = place - PLACE_FIRST; code == 0 && fits;)
        code = put_next(q, &cursor, in.size, &name, &fits);
    if (code != ENOENT)
        return code;
    bulla_error_clear(&q->err);
    return 0;
}

/* -- what the kernel forgets ------------------------------------------------------------------- */

static void
forget(struct bl_fuse_request *q, uint64_t node, uint64_t count)
{
    enum bulla_status status = BULLA_OK;

    while (count-- > 0 && status == BULLA_OK)
        status = bl_volume_release(q->plan->volume, node, &q->err);
}

static int
answer_forget(struct bl_fuse_request *q)
{
    struct fuse_forget_in in = { 0 };

    if (read_struct(q, &in, sizeof in))
        forget(q, q->node, in.nlookup);
    return BL_FUSE_NO_ANSWER;
}

static int
answer_batch_forget(struct bl_fuse_request *q)
{
    struct fuse_batch_forget_in in = { 0 };
    struct fuse_forget_one one = { 0 };

    if (!read_struct(q, &in, sizeof in))
        return BL_FUSE_NO_ANSWER;
    for (uint32_t i = 0; i < in.count && read_struct(q, &one, sizeof one); i++)
        forget(q, one.nodeid, one.nlookup);
    return BL_FUSE_NO_ANSWER;
}

/* -- the table --------------------------------------------------------------------------------- */

static int (*const answers[])(struct bl_fuse_request *q) = {
    [FUSE_LOOKUP] = answer_lookup,
    [FUSE_FORGET] = answer_forget,
    [FUSE_GETATTR] = answer_getattr,
    [FUSE_SETATTR] = answer_setattr,
    [FUSE_READLINK] = answer_readlink,
    [FUSE_SYMLINK] = answer_symlink,
    [FUSE_MKNOD] = answer_mknod,
    [FUSE_MKDIR] = answer_mkdir,
    [FUSE_UNLINK] = answer_remove,
    [FUSE_RMDIR] = answer_remove,
    [FUSE_RENAME] = answer_rename,
    [FUSE_LINK] = answer_link,
    [FUSE_OPEN] = put_open,
    [FUSE_READ] = answer_read,
    [FUSE_WRITE] = answer_write,
    [FUSE_STATFS] = answer_statfs,
    [FUSE_RELEASE] = answer_yes,
    [FUSE_FSYNC] = answer_sync,
    [FUSE_FLUSH] = answer_yes,
    [FUSE_OPENDIR] = put_open,
    [FUSE_READDIR] = answer_readdir,
    [FUSE_RELEASEDIR] = answer_yes,
    [FUSE_FSYNCDIR] = answer_sync,
    [FUSE_CREATE] = answer_create,
    [FUSE_INTERRUPT] = answer_nothing, /* every request is answered at once */
    [FUSE_DESTROY] = answer_yes,
    [FUSE_BATCH_FORGET] = answer_batch_forget,
    [FUSE_RENAME2] = answer_rename2,
};

int
bl_fuse_answer(struct bl_fuse_request *request, uint32_t opcode)
{
    if (opcode >= sizeof answers / sizeof answers[0] || answers[opcode] == NULL)
        return ENOSYS;
    return answers[opcode](request);
}
