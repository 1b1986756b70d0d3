/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The root of a sandbox: layers, idmapped where ids are shifted, under an overlay. Two ways of
 * making the overlay, chosen by probe: layers by descriptor, or attached under short names in a
 * namespace that nobody else sees. */

#include "helper/parts.h"
#include "kern/mount.h"
#include "kern/path.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define LAYERS_MAX 500 /* the kernel's */
#define ROOT_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)
/* Said in full: the kernel's built-in defaults differ, and "off" can mean "follow". */
#define OVERLAY_OPTIONS "redirect_dir=nofollow,metacopy=off,index=off,nfs_export=off"

typedef struct Root {
        Build *build;
        int layers[LAYERS_MAX]; /* indexes of ops, topmost first */
        size_t n_layers;
        const Op *overlay; /* NULL: no upper */
        int overlay_op;
        int tmpfs; /* holds upper and work; -EBADF: no upper */
} Root;

static int root_fault(const Root *root, int r, const char *object) {
        return build_fault(root->build, r, STEP_ROOT, root->overlay_op, object);
}

static int find_layers(Root *root) {
        const Plan *plan = root->build->plan;

        for (size_t i = 0; i < plan->n_ops; i++) {
                if (plan->ops[i].kind == OP_OVERLAY) {
                        root->overlay = &plan->ops[i];
                        root->overlay_op = (int) i;
                }
                if (plan->ops[i].kind != OP_LAYER) {
                        continue;
                }
                if (root->n_layers == LAYERS_MAX) {
                        return build_fault(root->build, -E2BIG, STEP_ROOT, (int) i,
                                           plan->ops[i].args[1].string);
                }
                root->layers[root->n_layers++] = (int) i;
        }
        return root->n_layers > 0 ? 0 : root_fault(root, -EINVAL, NULL);
}

/* The host's own root may lie on what allows no idmapped mounts (an overlay, in most containers):
 * then its files are nobody's inside, which is good for reading and executing. */
static bool may_stay_unmapped(const Root *root, size_t layer) {
        const Op *op = &root->build->plan->ops[root->layers[layer]];

        return layer + 1 == root->n_layers && op->args[0].u64 == OP_LAYER_DIRECTORY &&
               streq(op->args[1].string, "/");
}

static int idmap_layers(Root *root) {
        Build *build = root->build;

        if (!build->idmapped) {
                return 0;
        }
        for (size_t i = 0; i < root->n_layers; i++) {
                int op = root->layers[i];
                int r = mount_idmap(build->sources[op], build->userns, 0, false);

                if (r == -EINVAL && may_stay_unmapped(root, i)) {
                        (void) snprintf(build->degraded, sizeof(build->degraded),
                                        "The host's root allows no idmapped mounts: its files "
                                        "belong to nobody inside and cannot be changed.");
                        continue;
                }
                if (r < 0) {
                        return build_fault(build, r == -EINVAL ? -EOPNOTSUPP : r, STEP_ROOT, op,
                                           build->plan->ops[op].args[1].string);
                }
        }
        return 0;
}

/* upper is the sandbox's root's own from the start; what overlayfs writes there keeps outside ids.
 */
static int make_upper(Root *root) {
        const Build *build = root->build;
        _cleanup_fd_ int tmpfs = -EBADF;
        MountOption options[2] = {MOUNT_TEXT("mode", "0700")};
        uint32_t uid = 0, gid = 0;
        size_t n_options = 1;
        char size[32];

        if (root->overlay->args[1].u64 != 0 && root->overlay->args[1].u64 != UINT64_MAX) {
                (void) snprintf(size, sizeof(size), "%llu",
                                (unsigned long long) root->overlay->args[1].u64);
                options[n_options++] = MOUNT_TEXT("size", size);
        }
        tmpfs = mount_make("tmpfs", options, n_options, ROOT_ATTRIBUTES);
        if (tmpfs < 0) {
                return tmpfs;
        }
        if (mkdirat(tmpfs, "upper", 0755) < 0 || mkdirat(tmpfs, "work", 0700) < 0) {
                return negative_errno();
        }
        if (build_is_apart(build, CLONE_NEWUSER)) {
                (void) id_map_find(&build->users, 0, &uid);
                (void) id_map_find(&build->groups, 0, &gid);
        }
        if ((uid != 0 || gid != 0) && fchownat(tmpfs, "upper", uid, gid, AT_SYMLINK_NOFOLLOW) < 0) {
                return negative_errno();
        }
        root->tmpfs = fd_take(&tmpfs);
        return 0;
}

static int overlay_by_fd(Root *root) {
        _cleanup_fd_ int upper = -EBADF, work = -EBADF;
        _cleanup_free_ MountOption *options = NULL;
        size_t n = 0;

        options = calloc(root->n_layers + 6, sizeof(*options));
        if (!options) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < root->n_layers; i++) {
                options[n++] = MOUNT_FD("lowerdir+", root->build->sources[root->layers[i]]);
        }
        if (root->tmpfs >= 0) {
                upper = openat(root->tmpfs, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
                work = openat(root->tmpfs, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (upper < 0 || work < 0) {
                        return negative_errno();
                }
                options[n++] = MOUNT_FD("upperdir", upper);
                options[n++] = MOUNT_FD("workdir", work);
        }
        options[n++] = MOUNT_TEXT("redirect_dir", "nofollow");
        options[n++] = MOUNT_TEXT("metacopy", "off");
        options[n++] = MOUNT_TEXT("index", "off");
        options[n++] = MOUNT_TEXT("nfs_export", "off");
        return mount_make("overlay", options, n, ROOT_ATTRIBUTES);
}

static int attach_named(int scratch, int tree, const char *name) {
        _cleanup_fd_ int target = -EBADF;

        if (mkdirat(scratch, name, 0700) < 0) {
                return negative_errno();
        }
        target = openat(scratch, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return target < 0 ? negative_errno() : mount_attach(tree, target);
}

/* A namespace to throw away, in it a tmpfs as working directory: names are one to three digits, so
 * that 500 of them fit into the one page that mount(2) takes. */
static int make_scratch(int *ret) {
        _cleanup_fd_ int scratch = -EBADF, target = -EBADF;
        int r;

        if (unshare(CLONE_NEWNS) < 0) {
                return negative_errno();
        }
        scratch = mount_make("tmpfs", NULL, 0, ROOT_ATTRIBUTES);
        if (scratch < 0) {
                return scratch;
        }
        target = open("/scratch", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (target < 0) {
                return negative_errno();
        }
        r = mount_attach(scratch, target);
        if (r == 0 && fchdir(scratch) < 0) {
                r = negative_errno();
        }
        if (r == 0) {
                *ret = fd_take(&scratch);
        }
        return r;
}

static int overlay_text(const Root *root, Str *text) {
        int r = str_append(text, OVERLAY_OPTIONS);

        if (r == 0 && root->tmpfs >= 0) {
                r = str_append(text, ",upperdir=u/upper,workdir=u/work");
        }
        r = r < 0 ? r : str_append(text, ",lowerdir=");
        for (size_t i = 0; i < root->n_layers && r == 0; i++) {
                r = str_appendf(text, "%s%zu", i > 0 ? ":" : "", i);
        }
        return r;
}

static int overlay_by_name(Root *root) {
        _cleanup_fd_ int scratch = -EBADF, target = -EBADF;
        Str text = STR_INIT;
        int r = make_scratch(&scratch);

        for (size_t i = 0; i < root->n_layers && r == 0; i++) {
                char name[24];

                (void) snprintf(name, sizeof(name), "%zu", i);
                r = attach_named(scratch, root->build->sources[root->layers[i]], name);
        }
        if (r == 0 && root->tmpfs >= 0) {
                r = attach_named(scratch, root->tmpfs, "u");
        }
        r = r < 0 ? r : overlay_text(root, &text);
        if (r == 0 && (mkdirat(scratch, "m", 0700) < 0 ||
                       mount("overlay", "m", "overlay", MS_NOSUID | MS_NODEV, text.text) < 0)) {
                r = negative_errno();
        }
        str_done(&text);
        if (r < 0) {
                return r;
        }
        target = openat(scratch, "m", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return target < 0 ? negative_errno() : mount_clone(target, false);
}

/* overlayfs falls back to read-only by itself where upper or work do not please it. */
static int check_writable(int tree) {
        struct statvfs st;

        if (fstatvfs(tree, &st) < 0) {
                return negative_errno();
        }
        return st.f_flag & ST_RDONLY ? -EROFS : 0;
}

static int make_overlay(Root *root) {
        _cleanup_fd_ int tree = -EBADF;
        bool writable = root->overlay && root->overlay->args[0].u64 == OP_UPPER_TMPFS;
        int r = writable ? make_upper(root) : 0;

        if (r < 0) {
                return root_fault(root, r, "upper");
        }
        if (!writable && root->n_layers == 1) {
                /* One layer alone needs no overlay, which would refuse it. */
                tree = fd_take(&root->build->sources[root->layers[0]]);
        } else {
                tree = root->build->ground->overlay_by_fd ? overlay_by_fd(root)
                                                          : overlay_by_name(root);
        }
        if (tree < 0) {
                return root_fault(root, tree, "overlay");
        }
        r = writable ? check_writable(tree)
                     : mount_set(tree, ROOT_ATTRIBUTES | MOUNT_ATTR_RDONLY, false, true);
        return r < 0 ? root_fault(root, r, "overlay") : fd_take(&tree);
}

int root_assemble(Build *build) {
        Root root = {.build = build, .overlay_op = -1, .tmpfs = -EBADF};
        int r = find_layers(&root);

        r = r < 0 ? r : idmap_layers(&root);
        return r < 0 ? r : make_overlay(&root);
}
