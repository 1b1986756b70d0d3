/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the plan takes from the host: layers, binds, devices. Opened once each, by the builder, in
 * the host's mount namespace; from then on only the descriptors count. */

#include "helper/parts.h"
#include "kern/host-path.h"
#include "kern/mount.h"
#include "kern/path.h"

#include "base/image.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a sandbox has for its root directly, without an overlay of its own in between, is not
 * shared: locks and watches on its files would be, too. */
static const Images *images_for(const Build *build) {
        const Op *overlay = plan_find(build->plan, OP_OVERLAY);

        return overlay && overlay->args[0].u64 == OP_UPPER_TMPFS ? build->images : NULL;
}

/* Kernels before 6.15 clone no detached mount: there, nothing is kept. */
static void offer_image(const Build *build, const char *path, const ImageKey *key, int tree) {
        Report report = {.type = REPORT_IMAGE, .op = -1, .image = *key};
        _cleanup_fd_ int clone = -EBADF;

        clone = mount_clone(tree, false);
        if (clone < 0 || strlen(path) >= sizeof(report.object)) {
                return;
        }
        memcpy(report.object, path, strlen(path) + 1);
        (void) report_send(build->report, &report, &clone, 1);
}

/* What nobody can mount is said by two errors of its own. */
static int image_type(int image, bool any, ImageType *ret) {
        int r = any ? image_identify(image, ret) : 0;

        if (!any) {
                *ret = IMAGE_EROFS;
        }
        return r == IMAGE_E_PARTITIONED ? -EMEDIUMTYPE : r == IMAGE_E_UNKNOWN ? -ENOMEDIUM : r;
}

static int open_image(const Build *build, const char *path, bool any) {
        const Images *images = images_for(build);
        _cleanup_fd_ int image = -EBADF;
        struct stat st;
        ImageType type;
        ImageKey key;
        int tree;

        image = host_open_straight(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (image < 0) {
                return image;
        }
        if (fstat(image, &st) < 0) {
                return negative_errno();
        }
        if (!S_ISREG(st.st_mode)) {
                return -EINVAL;
        }
        key = image_key(&st);
        tree = images ? images_find(images, &key) : -ENOENT;
        tree = tree < 0 ? tree : mount_clone(tree, false);
        if (tree >= 0) {
                return tree;
        }
        tree = image_type(image, any, &type);
        if (tree < 0) {
                return tree;
        }
        tree = mount_image(image, image_type_name(type), build->ground->proc,
                           build->ground->image_by_file,
                           MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (tree >= 0 && images) {
                offer_image(build, path, &key, tree);
        }
        return tree;
}

/* Sandboxes write there as root of the host does: what links lie there may be theirs. Who writes to
 * "/" has no need of links. */
static bool is_written_as_root(const Build *build, const Op *op) {
        return op->kind == OP_BIND && !(op->args[2].u64 & OP_MOUNT_READ_ONLY) &&
               (!build->idmapped || (op->args[2].u64 & OP_MOUNT_IDMAP)) &&
               !streq(op->args[0].string, "/");
}

static int open_past_links(const Build *build, const char *path, bool directory) {
        _cleanup_free_ FileId *others = calloc(build->plan->n_ops, sizeof(*others));
        size_t n = 0;

        if (!others) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < build->plan->n_ops; i++) {
                const Op *op = &build->plan->ops[i];
                _cleanup_fd_ int fd = -EBADF;

                if (!is_written_as_root(build, op)) {
                        continue;
                }
                fd = host_open(op->args[0].string, O_PATH);
                if (fd >= 0 && file_id(fd, &others[n]) == 0) {
                        n++; /* what is not there holds no link */
                }
        }
        return host_open_past(path, directory, others, n);
}

static int open_source(const Build *build, const char *path, bool directory) {
        int fd = host_open_straight(path, O_PATH | (directory ? O_DIRECTORY : 0));

        return fd == -ELOOP ? open_past_links(build, path, directory) : fd;
}

static int open_layer(const Build *build, const Op *op) {
        _cleanup_fd_ int directory = -EBADF;

        if (op->args[0].u64 != OP_LAYER_DIRECTORY) {
                return open_image(build, op->args[1].string,
                                  op->args[0].u64 == OP_LAYER_ROOT_IMAGE);
        }
        directory = open_source(build, op->args[1].string, true);
        return directory < 0 ? directory : mount_clone(directory, false);
}

static uint64_t bind_attributes(uint64_t flags) {
        return MOUNT_ATTR_NOSUID | (flags & OP_MOUNT_DEVICES ? 0 : MOUNT_ATTR_NODEV) |
               (flags & OP_MOUNT_READ_ONLY ? MOUNT_ATTR_RDONLY : 0) |
               (flags & OP_MOUNT_NO_EXEC ? MOUNT_ATTR_NOEXEC : 0);
}

/* -EBADF: missing, and that is fine. */
static int open_bind(const Build *build, const Op *op) {
        _cleanup_fd_ int source = -EBADF, tree = -EBADF;
        uint64_t flags = op->args[2].u64;
        bool recursive = flags & OP_MOUNT_RECURSIVE;
        int r;

        /* Its files are to be changed as root does: what another sandbox does so to must not have
         * a say in which files these are. */
        source = flags & OP_MOUNT_IDMAP ? host_open_straight(op->args[0].string, O_PATH)
                                        : open_source(build, op->args[0].string, false);
        if (source == -ENOENT && (flags & OP_MOUNT_MISSING_OK)) {
                return -EBADF;
        }
        if (source < 0) {
                return source;
        }
        tree = mount_clone(source, recursive);
        if (tree < 0) {
                return tree;
        }
        /* A copy of a shared mount hears of later mounts on the host, and tells of its own. */
        r = mount_set(tree, bind_attributes(flags), recursive, true);
        return r < 0 ? r : fd_take(&tree);
}

/* Other sandboxes' are none of init's business. */
static void close_images(const Build *build) {
        for (size_t i = 0; build->images && i < build->images->n; i++) {
                (void) fd_close(build->images->kept[i].tree);
        }
}

int sources_open(Build *build) {
        for (size_t i = 0; i < build->plan->n_ops; i++) {
                const Op *op = &build->plan->ops[i];
                const char *object = op->args[0].string;
                int r;

                switch (op->kind) {
                case OP_LAYER:
                        object = op->args[1].string;
                        r = open_layer(build, op);
                        break;
                case OP_BIND:
                        r = open_bind(build, op);
                        break;
                case OP_DEVICE:
                        r = device_source(op);
                        break;
                default:
                        continue;
                }
                if (r < 0 && r != -EBADF) {
                        return build_fault(build, r, STEP_SOURCE, (int) i, object);
                }
                build->sources[i] = r;
        }
        close_images(build);
        return 0;
}

int sources_idmap(Build *build) {
        if (!build->idmapped) {
                return 0;
        }
        for (size_t i = 0; i < build->plan->n_ops; i++) {
                const Op *op = &build->plan->ops[i];
                int r;

                if (op->kind != OP_BIND || !(op->args[2].u64 & OP_MOUNT_IDMAP) ||
                    build->sources[i] < 0) {
                        continue;
                }
                r = mount_idmap(build->sources[i], build->userns, 0,
                                op->args[2].u64 & OP_MOUNT_RECURSIVE);
                if (r < 0) {
                        return build_fault(build, r == -EINVAL ? -EOPNOTSUPP : r, STEP_SOURCE,
                                           (int) i, op->args[0].string);
                }
        }
        return 0;
}
