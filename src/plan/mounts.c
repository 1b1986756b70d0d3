/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is mounted below the root: the kernel's file systems, then everything else sorted by depth,
 * so that a parent never hides a child; then what is to be read-only in the end. */

#include "base/path.h"
#include "plan/builder.h"
#include "spec/namespaces.h"

#include <linux/sched.h>

#define SHM_SIZE (UINT64_C(64) << 20)

static bool is_apart(const Builder *builder, uint64_t kind) {
        return (spec_apart(builder->spec) & kind) != 0;
}

/* -- the unit's own mounts, and those that they may replace -- */

typedef struct Mount {
        const char *target;
        const ValueItem *item; /* NULL: a tmpfs of ours */
        uint16_t origin;
        Place place;
        bool read_only_bind, tmpfs;
        size_t order;
} Mount;

typedef struct MountList {
        Mount *mounts;
        size_t n;
} MountList;

static void mount_list_done(MountList *list) {
        free(list->mounts);
}

static size_t path_depth(const char *path) {
        size_t n = 0;

        for (; *path; path++) {
                n += *path == '/';
        }
        return n;
}

static int mount_compare(const void *a, const void *b) {
        const Mount *one = a, *other = b;
        size_t depth = path_depth(one->target), other_depth = path_depth(other->target);

        if (depth != other_depth) {
                return depth < other_depth ? -1 : 1;
        }
        return one->order < other->order ? -1 : one->order > other->order;
}

/* A later mount at the same place takes the earlier one's. */
static void mount_list_put(MountList *list, Mount mount) {
        for (size_t i = 0; i < list->n; i++) {
                if (streq(list->mounts[i].target, mount.target)) {
                        mount.order = list->mounts[i].order;
                        list->mounts[i] = mount;
                        return;
                }
        }
        mount.order = list->n;
        list->mounts[list->n++] = mount;
}

static void mount_list_put_values(MountList *list, const ValueList *values, Mount like) {
        for (size_t i = 0; i < values->n; i++) {
                const ValueItem *item = &values->items[i];

                like.item = item;
                like.place = item->place;
                like.target = like.tmpfs || !item->second ? item->text : item->second;
                mount_list_put(list, like);
        }
}

static int mount_list_collect(const Spec *spec, MountList *ret) {
        static const char *const private_tmp[] = {"/tmp", "/var/tmp"};
        size_t n = spec->bind_paths.n + spec->bind_read_only_paths.n +
                   spec->temporary_file_system.n + ELEMENTS(private_tmp) + 1;
        MountList list = {.mounts = calloc(n, sizeof(Mount))};

        if (!list.mounts) {
                return -ENOMEM;
        }
        mount_list_put(&list, (Mount){.target = "/run", .origin = OP_ORIGIN_NONE, .tmpfs = true});
        for (size_t i = 0; i < ELEMENTS(private_tmp) && spec->private_tmp; i++) {
                mount_list_put(&list, (Mount){.target = private_tmp[i],
                                              .origin = DIRECTIVE_PrivateTmp,
                                              .place = spec->places[DIRECTIVE_PrivateTmp],
                                              .tmpfs = true});
        }
        mount_list_put_values(&list, &spec->temporary_file_system,
                              (Mount){.origin = DIRECTIVE_TemporaryFileSystem, .tmpfs = true});
        mount_list_put_values(&list, &spec->bind_paths, (Mount){.origin = DIRECTIVE_BindPaths});
        mount_list_put_values(
                &list, &spec->bind_read_only_paths,
                (Mount){.origin = DIRECTIVE_BindReadOnlyPaths, .read_only_bind = true});
        qsort(list.mounts, list.n, sizeof(Mount), mount_compare);
        *ret = list;
        return 0;
}

static bool mount_list_has(const MountList *list, const char *target) {
        for (size_t i = 0; i < list->n; i++) {
                if (streq(list->mounts[i].target, target)) {
                        return true;
                }
        }
        return false;
}

static uint64_t mount_flags(const Mount *mount) {
        static const struct {
                uint64_t value, flag;
        } flags[] = {
                {VALUE_READ_ONLY, OP_MOUNT_READ_ONLY}, {VALUE_NO_EXEC, OP_MOUNT_NO_EXEC},
                {VALUE_RECURSIVE, OP_MOUNT_RECURSIVE}, {VALUE_MISSING_OK, OP_MOUNT_MISSING_OK},
                {VALUE_IDMAP, OP_MOUNT_IDMAP},
        };
        uint64_t all = mount->read_only_bind ? OP_MOUNT_READ_ONLY : 0;

        for (size_t i = 0; i < ELEMENTS(flags); i++) {
                if ((mount->item->flags & flags[i].value) != 0) {
                        all |= flags[i].flag;
                }
        }
        return all;
}

/* A read-only tmpfs with mounts below it is sealed in the end: their mount points are made in it.
 */
static bool mount_is_sealed_late(const MountList *list, const Mount *mount) {
        if (!mount->tmpfs || !mount->item || (mount->item->flags & VALUE_READ_ONLY) == 0) {
                return false;
        }
        for (size_t i = 0; i < list->n; i++) {
                if (&list->mounts[i] != mount &&
                    path_is_below(list->mounts[i].target, mount->target)) {
                        return true;
                }
        }
        return false;
}

static int build_mount(Builder *builder, const MountList *list, const Mount *mount) {
        if (!mount->item) {
                bool run = streq(mount->target, "/run");

                return builder_add(builder, OP_TMPFS, mount->origin, mount->place, mount->target,
                                   U64(0), UINT64_MAX, U64(run ? 0755 : 01777));
        }
        if (mount->tmpfs) {
                uint64_t later = mount_is_sealed_late(list, mount) ? OP_MOUNT_READ_ONLY : 0;

                return builder_add(builder, OP_TMPFS, mount->origin, mount->place, mount->target,
                                   mount_flags(mount) & ~later, mount->item->size,
                                   U64(mount->item->mode));
        }
        if ((mount->item->flags & VALUE_IDMAP) != 0 && !is_apart(builder, CLONE_NEWUSER)) {
                builder_refuse(builder, mount->origin, mount->place,
                               "%s: idmap needs a user namespace, and PrivateUsers=no makes none",
                               mount->target);
                return 0;
        }
        return builder_add(builder, OP_BIND, mount->origin, mount->place, mount->item->text,
                           mount->target, mount_flags(mount));
}

/* -- /proc -- */

/* Where a write reaches the host, and ids alone do not keep root inside out, unless a fresh procfs
 * hides it all. Bound from the host's own, so that what this kernel lacks is lacking there too. */
static int build_proc_guards(Builder *builder) {
        static const char *const paths[] = {"/proc/acpi", "/proc/asound",       "/proc/bus",
                                            "/proc/fs",   "/proc/irq",          "/proc/scsi",
                                            "/proc/sys",  "/proc/sysrq-trigger"};

        for (size_t i = 0; i < ELEMENTS(paths); i++) {
                int r = builder_add(
                        builder, OP_BIND, FROM(builder, ProcSubset), paths[i], paths[i],
                        U64(OP_MOUNT_READ_ONLY | OP_MOUNT_NO_EXEC | OP_MOUNT_MISSING_OK));

                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* A procfs shows the PID namespace of its mounter and may only be mounted by the owner of that: a
 * user namespace without a PID namespace of its own gets the host's as it is. */
static int build_host_proc(Builder *builder) {
        const Spec *spec = builder->spec;
        int r;

        if (spec->proc_subset != PROC_SUBSET_ALL && spec->set[DIRECTIVE_ProcSubset]) {
                builder_refuse(builder, FROM(builder, ProcSubset),
                               "With PrivatePIDs=no and a user namespace /proc is the host's and "
                               "cannot show processes alone; write ProcSubset=all, or "
                               "PrivatePIDs=yes");
                return 0;
        }
        r = builder_add(builder, OP_BIND, FROM(builder, PrivatePIDs), "/proc", "/proc",
                        U64(OP_MOUNT_NO_EXEC));
        if (r == 0 && spec->proc_subset != PROC_SUBSET_ALL) {
                r = builder_degrade(builder,
                                    "/proc is the host's and shows more than processes: the unit "
                                    "has a user namespace, but PrivatePIDs=no.");
        }
        return r < 0 ? r : build_proc_guards(builder);
}

static int build_proc(Builder *builder) {
        static const uint64_t subsets[_PROC_SUBSET_MAX] = {
                [PROC_SUBSET_ALL] = OP_PROC_ALL,
                [PROC_SUBSET_PID] = OP_PROC_PID,
        };
        const Spec *spec = builder->spec;
        int r;

        assert(spec->proc_subset >= 0 && spec->proc_subset < _PROC_SUBSET_MAX);

        if (!is_apart(builder, CLONE_NEWPID) && is_apart(builder, CLONE_NEWUSER)) {
                return build_host_proc(builder);
        }
        r = builder_add(builder, OP_PROC, FROM(builder, ProcSubset), "/proc",
                        subsets[spec->proc_subset]);
        if (r < 0 || spec->proc_subset != PROC_SUBSET_ALL) {
                return r;
        }
        return build_proc_guards(builder);
}

/* -- /sys and /dev -- */

static int build_sys(Builder *builder) {
        static const char *const directories[] = {"/sys/fs", "/sys/fs/cgroup"};
        int r;

        r = builder_add(builder, OP_TMPFS, FROM_NOTHING, "/sys", U64(OP_MOUNT_NO_EXEC), U64(65536),
                        U64(0555));
        for (size_t i = 0;
             i < ELEMENTS(directories) && r == 0 && builder->spec->protect_control_groups; i++) {
                r = builder_add(builder, OP_DIRECTORY, FROM(builder, ProtectControlGroups),
                                directories[i], U64(0555));
        }
        return r;
}

/* The host's own nodes, read-only from the start: root without a user namespace could else remove
 * them from the host, and a mount point that is missing would be made there. What is written to
 * lies in the mounts below, which are not bound along. Writing to a device needs no writable mount.
 */
static int build_host_devices(Builder *builder) {
        static const char *const shared[] = {"/dev/shm", "/dev/mqueue"};
        int r;

        r = builder_add(builder, OP_BIND, FROM(builder, PrivateDevices), "/dev", "/dev",
                        U64(OP_MOUNT_READ_ONLY | OP_MOUNT_NO_EXEC | OP_MOUNT_DEVICES));
        for (size_t i = 0; i < ELEMENTS(shared) && r == 0 && !is_apart(builder, CLONE_NEWIPC);
             i++) {
                r = builder_add(builder, OP_BIND, FROM(builder, PrivateIPC), shared[i], shared[i],
                                U64(OP_MOUNT_NO_EXEC | OP_MOUNT_MISSING_OK));
        }
        return r;
}

/* The devpts is the sandbox's own in any case: terminals of `run` and `exec` are made in it. */
static int build_dev(Builder *builder) {
        const Spec *spec = builder->spec;
        int r;

        r = spec->private_devices ? build_private_devices(builder) : build_host_devices(builder);
        if (r == 0) {
                r = builder_add(builder, OP_DEVPTS, FROM(builder, PrivateDevices), "/dev/pts");
        }
        if (r == 0 && (spec->private_devices || is_apart(builder, CLONE_NEWIPC))) {
                r = builder_add(builder, OP_TMPFS, FROM(builder, PrivateDevices), "/dev/shm",
                                U64(OP_MOUNT_NO_EXEC), SHM_SIZE, U64(01777));
        }
        if (r == 0 && spec->private_devices && is_apart(builder, CLONE_NEWIPC)) {
                r = builder_add(builder, OP_MQUEUE, FROM(builder, PrivateIPC), "/dev/mqueue");
        }
        return r == 0 && spec->private_devices ? build_allowed_devices(builder) : r;
}

/* -- rules for what is inside -- */

static int build_rules(Builder *builder, const ValueList *paths, DirectiveId directive,
                       uint64_t rule) {
        int r = 0;

        for (size_t i = 0; i < paths->n && r == 0; i++) {
                const ValueItem *item = &paths->items[i];

                r = builder_add(builder, OP_PROTECT, (uint16_t) directive, item->place, item->text,
                                rule, U64((item->flags & VALUE_MISSING_OK) != 0));
        }
        return r;
}

bool paths_hold(const ValueList *paths, const char *path) {
        for (size_t i = 0; i < paths->n; i++) {
                if (path_is_below(path, paths->items[i].text)) {
                        return true;
                }
        }
        return false;
}

/* What is mounted at a place is said of that place alone, and so more specific than what is said of
 * a parent. It is so in systemd too, with the file systems of the kernel and /dev. */
static int build_kept_mounts(Builder *builder, const MountList *list) {
        const Spec *spec = builder->spec;
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                const Mount *mount = &list->mounts[i];

                if (mount->origin != OP_ORIGIN_NONE &&
                    paths_hold(&spec->read_only_paths, mount->target)) {
                        bool may_be_missing =
                                mount->item && (mount->item->flags & VALUE_MISSING_OK) != 0;

                        r = builder_add(builder, OP_PROTECT, mount->origin, mount->place,
                                        mount->target, U64(OP_PROTECT_READ_WRITE),
                                        U64(may_be_missing));
                }
        }
        if (r == 0 && paths_hold(&spec->read_only_paths, "/proc")) {
                r = builder_add(builder, OP_PROTECT, FROM(builder, ProcSubset), "/proc",
                                U64(OP_PROTECT_READ_WRITE), U64(0));
        }
        if (r == 0 && paths_hold(&spec->read_only_paths, "/dev") && !mount_list_has(list, "/dev")) {
                r = builder_add(builder, OP_PROTECT, FROM(builder, PrivateDevices), "/dev",
                                U64(OP_PROTECT_READ_WRITE), U64(0));
        }
        return r;
}

static int build_protections(Builder *builder, const MountList *list) {
        const Spec *spec = builder->spec;
        const struct {
                const ValueList *paths;
                DirectiveId directive;
                uint64_t rule;
        } rules[] = {
                {&spec->read_only_paths, DIRECTIVE_ReadOnlyPaths, OP_PROTECT_READ_ONLY},
                {&spec->read_write_paths, DIRECTIVE_ReadWritePaths, OP_PROTECT_READ_WRITE},
                {&spec->no_exec_paths, DIRECTIVE_NoExecPaths, OP_PROTECT_NO_EXEC},
                {&spec->exec_paths, DIRECTIVE_ExecPaths, OP_PROTECT_EXEC},
                {&spec->inaccessible_paths, DIRECTIVE_InaccessiblePaths, OP_PROTECT_INACCESSIBLE},
        };
        int r = build_kept_mounts(builder, list);

        for (size_t i = 0; i < ELEMENTS(rules) && r == 0; i++) {
                r = build_rules(builder, rules[i].paths, rules[i].directive, rules[i].rule);
        }
        return r;
}

/* -- all of it -- */

/* Our own tmpfs at /sys and /dev were needed writable until here, to hold mount points. */
static int build_seals(Builder *builder, const MountList *list) {
        const uint64_t flags = OP_MOUNT_READ_ONLY | OP_MOUNT_NO_EXEC;
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                const Mount *mount = &list->mounts[i];

                if (mount_is_sealed_late(list, mount)) {
                        r = builder_add(builder, OP_ATTRIBUTES, mount->origin, mount->place,
                                        mount->target, mount_flags(mount));
                }
        }
        if (r == 0 && !mount_list_has(list, "/sys")) {
                r = builder_add(builder, OP_ATTRIBUTES, FROM_NOTHING, "/sys", flags);
        }
        if (r == 0 && builder->spec->private_devices && !mount_list_has(list, "/dev")) {
                r = builder_add(builder, OP_ATTRIBUTES, FROM(builder, PrivateDevices), "/dev",
                                flags);
        }
        return r;
}

int build_mounts(Builder *builder) {
        static const struct {
                const char *target;
                int (*build)(Builder *builder);
        } groups[] = {{"/proc", build_proc}, {"/sys", build_sys}, {"/dev", build_dev}};
        _cleanup_(mount_list_done) MountList list = {};
        int r;

        if ((spec_joined(builder->spec) & CLONE_NEWNS) != 0) {
                return 0;
        }
        r = mount_list_collect(builder->spec, &list);
        /* A unit that mounts there itself gets what it asks for and nothing of ours below it. */
        for (size_t i = 0; i < ELEMENTS(groups) && r == 0; i++) {
                if (!mount_list_has(&list, groups[i].target)) {
                        r = groups[i].build(builder);
                }
        }
        for (size_t i = 0; i < list.n && r == 0; i++) {
                r = build_mount(builder, &list, &list.mounts[i]);
        }
        r = r < 0 ? r : build_seals(builder, &list);
        return r < 0 ? r : build_protections(builder, &list);
}
