/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/failure.h"

#include <ctype.h>

#define DIAGS_SHOWN 8u

typedef struct Advice {
        int step; /* Step, or ANY */
        int kind; /* OpKind, or ANY */
        int fault;
        const char *text;
        int directive; /* DirectiveId; 0, which no op comes from: any */
} Advice;

#define ANY (-1)
#define TEXT_NO_IDMAP                                                                             \
        "The file system that it lies on cannot be id-mapped: ship the layer as an erofs image, " \
        "move it to ext4, xfs or btrfs, or set PrivateUsers=no or identity."
#define TEXT_NO_IMAGE_IDMAP                                                                      \
        "This kernel cannot id-map the image's file system: make it an erofs or ext4 image, or " \
        "set "                                                                                   \
        "PrivateUsers=no or identity."
#define TEXT_NO_BIND_IDMAP                                                                        \
        "The source cannot be id-mapped where it lies: leave out idmap, or move it to ext4, xfs " \
        "or btrfs."
#define TEXT_LINK                                                                                 \
        "A symbolic link on the way may have been put there by a sandbox or by a user, or idmap " \
        "is asked for, which follows none: write the path that it leads to (realpath)."

/* The first row that fits is taken. */
static const Advice advices[] = {
        {STEP_EXEC, ANY, ENOENT,
         "The program, or the interpreter that it names, is not in the sandbox's root: check "
         "its path and Layers=."},
        {STEP_EXEC, ANY, EACCES,
         "It is not an executable file, or a directory on the way is closed to User=."},
        {STEP_EXEC, ANY, ENOEXEC, "It is not a program for this machine."},
        {STEP_SPAWN, OP_TIME_OFFSETS, ERANGE,
         "No clock may run below zero or further ahead than about 146 years: a negative offset is "
         "at most what the host has been up."},
        {STEP_JOIN, OP_JOIN_PATH, ENOENT,
         "Make the namespace first, for example with `ip netns add` or `unshare --net=FILE`."},
        {STEP_JOIN, OP_JOIN_PATH, EINVAL,
         "It must be a file of a namespace of this kind, such as /proc/PID/ns/net or one that was "
         "bound to a path; a PID namespace must be below the host's."},
        {STEP_JOIN, ANY, EEXIST,
         "It is the host's own user namespace: write PrivateUsers=no to be in that."},
        {STEP_JOIN, ANY, EUSERS,
         "Id 0 is not mapped in that user namespace, for users or for groups."},
        {STEP_JOIN, ANY, EPERM,
         "It belongs to a user namespace that the helper has no power over."},
        {STEP_JOIN, OP_JOIN_SANDBOX, ESRCH, "That sandbox has ended meanwhile: start it first."},
        {STEP_SOURCE, OP_LAYER, EMEDIUMTYPE,
         "It holds a partition table: name an image of one file system, such as one partition of "
         "it."},
        {STEP_SOURCE, OP_LAYER, ENOMEDIUM,
         "It holds no file system that is known here: make an erofs, squashfs or ext4 image."},
        {STEP_SOURCE, OP_LAYER, ENODEV,
         "This kernel has no such file system: see /proc/filesystems."},
        {STEP_SOURCE, OP_LAYER, EINVAL, "The image is damaged, or needs another kernel.",
         DIRECTIVE_RootImage},
        {STEP_ROOT, OP_LAYER, EOPNOTSUPP, TEXT_NO_IMAGE_IDMAP, DIRECTIVE_RootImage},
        {STEP_SOURCE, OP_LAYER, ENOENT, "The layer was removed after the unit was loaded."},
        {STEP_SOURCE, OP_LAYER, EBUSY, "No loop device is free: see losetup(8)."},
        {STEP_SOURCE, OP_LAYER, EINVAL, TEXT_NO_IDMAP},
        {STEP_SOURCE, OP_LAYER, EOPNOTSUPP, TEXT_NO_IDMAP},
        {STEP_SOURCE, OP_LAYER, EPERM, TEXT_NO_IDMAP},
        {STEP_ROOT, ANY, EINVAL, TEXT_NO_IDMAP},
        {STEP_ROOT, ANY, EOPNOTSUPP, TEXT_NO_IDMAP},
        {STEP_ROOT, ANY, EPERM, TEXT_NO_IDMAP},
        {STEP_ROOT, ANY, EROFS,
         "The kernel made the overlay read-only: the place of its upper layer cannot be written."},
        {STEP_MAP, ANY, EINVAL, TEXT_NO_IDMAP},
        {STEP_MAP, ANY, EOPNOTSUPP, TEXT_NO_IDMAP},
        {STEP_SOURCE, OP_BIND, ENOENT,
         "The source is not there: make it, or put a - before it to leave it out."},
        {STEP_SOURCE, OP_BIND, ELOOP, TEXT_LINK},
        {STEP_SOURCE, OP_LAYER, ELOOP, TEXT_LINK},
        {STEP_SOURCE, OP_BIND, EINVAL, TEXT_NO_BIND_IDMAP},
        {STEP_SOURCE, OP_BIND, EOPNOTSUPP, TEXT_NO_BIND_IDMAP},
        {STEP_MOUNT, OP_PROTECT, ENOENT,
         "There is no such path inside: check Layers=, or put a - before it to leave it out."},
        {STEP_MOUNT, OP_PROTECT, EINVAL,
         "A link leads to the root itself, which cannot be made inaccessible."},
        {STEP_MOUNT, OP_PROTECT, ELOOP,
         "A link on the way leads to itself, or out of the root by way of /proc."},
        {STEP_MOUNT, ANY, ENOENT,
         "The mount point is not in the root, and cannot be made where RootUpper=none."},
        {STEP_MOUNT, ANY, EROFS,
         "The mount point is missing and the root is read-only: add it to a layer or set "
         "RootUpper=tmpfs."},
        {STEP_MOUNT, ANY, ENOTDIR, "A directory can only be mounted on a directory."},
        {STEP_RELAY, ANY, EADDRINUSE,
         "Something else listens there already: see ss -ltnp, or change Listen=."},
        {STEP_RELAY, ANY, EADDRNOTAVAIL, "The host has no such address."},
        {STEP_RELAY, ANY, ELOOP,
         "A symbolic link on the way may have been put there by a user: write the path that it "
         "leads to (realpath)."},
        {STEP_RELAY, ANY, EACCES, "The helper may not bind there."},
        {STEP_RANGE, ANY, EUSERS,
         "All ranges of user ids are in use or users' (/etc/subuid, /etc/subgid): stop a sandbox, "
         "or set PrivateUsers=BASE:COUNT."},
        {STEP_RANGE, ANY, EBUSY,
         "A sandbox that runs was handed these user ids: name others, outside of 524288 to "
         "1879048191, or stop it."},
        {STEP_SPAWN, ANY, ENOSPC,
         "The kernel allows no more namespaces: see /proc/sys/user/max_*_namespaces."},
        {STEP_SPAWN, ANY, EPERM,
         "The kernel refuses namespaces of this kind: see user_namespaces(7), or switch off what "
         "is not needed."},
        {STEP_SPAWN, ANY, EAGAIN,
         "Too many processes: see TasksMax= of the unit and of sbx-helper.service."},
        {ANY, ANY, ECHILD, "It was killed before its program ran."},
        {STEP_CGROUP, OP_DELEGATE, EOPNOTSUPP,
         "The cgroup of the sandbox does not have this controller: name others, or Delegate=yes "
         "for "
         "those that there are."},
        {STEP_CGROUP, OP_DELEGATE, EPERM,
         "systemd did not mark the scope as delegated, so it is not ours to divide: is it older "
         "than 251, or the kernel than 5.6?"},
        {STEP_CGROUP, OP_DELEGATE, EBUSY,
         "An earlier program enabled controllers for the children of the sandbox's own cgroup, and "
         "the kernel lets no process into such a one (cgroups(7): no internal processes). Let that "
         "program take them back by cgroup.subtree_control before it ends, or run all from a "
         "single ExecStart=."},
        {STEP_CGROUP, OP_DEVICE_RULES, EOPNOTSUPP,
         "The kernel filters no devices here: it needs the controller devices (v1), or CGROUP_BPF "
         "(v2). Leave the directive out."},
        {STEP_CGROUP, OP_DEVICE_RULES, EPERM,
         "The helper may not filter devices here: on cgroup v2 it needs CAP_BPF (or CAP_SYS_ADMIN) "
         "and CAP_NET_ADMIN of the host, and no filter above that stands alone."},
        {STEP_CGROUP, OP_DEVICE_RULE, EPERM, "A cgroup above those of sbx denies this device."},
        {STEP_CGROUP, OP_DEVICE, EPERM, "A cgroup above those of sbx denies this device."},
        {STEP_CGROUP, ANY, EOPNOTSUPP,
         "This host has no controller for it: see /proc/cgroups, or leave the directive out."},
        {STEP_CGROUP, ANY, ENOENT,
         "This host has no controller for it: see /proc/cgroups, or leave the directive out."},
        {STEP_CGROUP, ANY, EROFS,
         "The cgroup file system is read-only here: sbx needs a writable one, or systemd."},
        {STEP_STDIO, ANY, ECONNREFUSED, "Is systemd-journald running?"},
        {STEP_STDIO, ANY, ENOENT, "Is systemd-journald running?"},
        {STEP_LIMITS, ANY, EPERM, "A hard limit can be raised with CAP_SYS_RESOURCE only."},
        {STEP_CAPABILITIES, ANY, EPERM,
         "The helper itself lacks a capability of CapabilityBoundingSet= or AmbientCapabilities=."},
        {STEP_USER, ANY, ESRCH, "There is no such user or group in the root: use a number."},
        {STEP_USER, ANY, ENOENT, "There is no such user or group in the root: use a number."},
        {STEP_USER, ANY, EINVAL, "The id is not mapped by PrivateUsers=."},
        {STEP_USER, ANY, ENXIO, "There is no such group in the root's /etc/group: use a number."},
        {STEP_GROUP, ANY, ENXIO, "There is no such group in the root's /etc/group: use a number."},
        {STEP_GROUP, ANY, E2BIG, "A user can be in 256 groups here."},
        {STEP_NICE, ANY, EACCES,
         "A level below the helper's needs CAP_SYS_NICE, which the helper does not have on this "
         "host: write a higher one."},
        {STEP_OOM_SCORE, ANY, EACCES,
         "A value below the helper's needs CAP_SYS_RESOURCE, which the helper does not have on "
         "this host: write a higher one."},
        {STEP_AFFINITY, ANY, EINVAL,
         "This machine has none of these processors, or a cpuset keeps them from the sandbox."},
        {STEP_CHDIR, ANY, ENOENT,
         "Make the directory in a layer, or put a - before it to do without."},
        {STEP_SCOPE, OP_DEVICE_FILTER, EOPNOTSUPP,
         "systemd put no device filter before the scope, as the kernel or a container does not let "
         "it: leave the directive out."},
        {STEP_SCOPE, OP_DEVICE_FILTER, EPERM,
         "The helper may not see whether there is a device filter: it needs CAP_NET_ADMIN of the "
         "host."},
        {STEP_SCOPE, OP_ADDRESS_FILTER, EOPNOTSUPP,
         "systemd put no filter before the packets of the scope, as the kernel or a container does "
         "not let it: leave the directive out."},
        {STEP_SCOPE, OP_ADDRESS_FILTER, EPERM,
         "The helper may not see whether packets are filtered: it needs CAP_NET_ADMIN of the "
         "host."},
        {STEP_SCOPE, ANY, ETIMEDOUT, "systemd is busy or stuck: see systemctl list-jobs."},
        {ANY, ANY, ENOMEM, "The host is out of memory, or MemoryMax= is too small to start in."},
        {ANY, ANY, ENOSPC, "A file system or a table of the kernel is full."},
        {ANY, ANY, EMFILE, "Too many open files: see LimitNOFILE= of sbx-helper.service."},
        {ANY, ANY, ENFILE, "Too many open files on the host: see /proc/sys/fs/file-max."},
};

const char *failure_advice(Step step, const Op *op, int fault) {
        for (size_t i = 0; i < ELEMENTS(advices); i++) {
                const Advice *advice = &advices[i];

                if ((advice->step == ANY || advice->step == (int) step) &&
                    (advice->kind == ANY || (op && advice->kind == (int) op->kind)) &&
                    (advice->directive == 0 || (op && advice->directive == op->origin)) &&
                    advice->fault == fault) {
                        return advice->text;
                }
        }
        return NULL;
}

int failure_format_origin(uint16_t origin, const Place *place, const Spec *spec, Str *out) {
        if (origin >= _DIRECTIVE_MAX) {
                return 0;
        }
        if ((!place || !place->file) && spec) {
                place = &spec->places[origin];
        }
        if (!place || !place->file) {
                return str_appendf(out, "%s=, a default", directive_table[origin].name);
        }
        if (streq(place->file, "-p")) {
                return str_appendf(out, "%s= of the command line", directive_table[origin].name);
        }
        return str_appendf(out, "%s= at %s:%u:%u", directive_table[origin].name, place->file,
                           place->line, place->column);
}

static const Op *failure_op(const Failure *failure) {
        if (!failure->plan || failure->op < 0 || (uint64_t) failure->op >= failure->plan->n_ops) {
                return NULL;
        }
        return &failure->plan->ops[failure->op];
}

uint16_t failure_directive(const Failure *failure) {
        const Op *op = failure_op(failure);

        return op && op->origin < _DIRECTIVE_MAX ? op->origin : UINT16_MAX;
}

static int append_what(const Failure *failure, Str *out) {
        bool known = (unsigned) failure->step < _STEP_MAX;
        const char *summary = known ? step_table[failure->step].summary : "an unknown step";
        int r;

        r = str_append_char(out, (char) toupper((unsigned char) summary[0]));
        if (r == 0 && failure->fault == ECHILD) {
                /* no call failed: the helper found its child gone, and has only this to say so */
                return str_appendf(out, "%s was cut short.", summary + 1);
        }
        if (r == 0) {
                r = str_appendf(out, "%s failed", summary + 1);
        }
        if (r == 0 && failure->object && failure->object[0] != '\0') {
                r = str_append(out, " on \"");
                if (r == 0) {
                        r = str_append_escaped(out, failure->object, strlen(failure->object));
                }
                if (r == 0) {
                        r = str_append(out, "\"");
                }
        }
        return r == 0 ? str_appendf(out, ": %s.", strerror(failure->fault)) : r;
}

/* A limit that the unit itself sets can be too small for the start. 1: it was named. */
static int append_limit(const Failure *failure, Str *out) {
        static const struct {
                int step;
                int fault;
                uint16_t directive;
                const char *before, *behind;
        } rows[] = {
                {ANY, ECHILD, DIRECTIVE_MemoryMax,
                 "It was killed before its program ran: ", " may be too small to start in."},
                {STEP_SPAWN, EAGAIN, DIRECTIVE_TasksMax, "Too many processes: ",
                 " must have room for the sandbox's init and the published ports' relay too."},
        };
        int r;

        for (size_t i = 0; failure->spec && i < ELEMENTS(rows); i++) {
                if ((rows[i].step == ANY || rows[i].step == (int) failure->step) &&
                    rows[i].fault == failure->fault &&
                    failure->spec->places[rows[i].directive].file) {
                        r = str_appendf(out, " %s", rows[i].before);
                        r = r < 0 ? r
                                  : failure_format_origin(rows[i].directive, NULL, failure->spec,
                                                          out);
                        r = r < 0 ? r : str_append(out, rows[i].behind);
                        return r < 0 ? r : 1;
                }
        }
        return 0;
}

int failure_format(const Failure *failure, Str *out) {
        const Op *op;
        const char *advice;
        int r;

        assert(failure);
        assert(out);

        op = failure_op(failure);
        r = append_what(failure, out);
        if (r == 0 && op && op->origin < _DIRECTIVE_MAX) {
                r = str_append(out, " It was asked for by ");
                if (r == 0) {
                        r = failure_format_origin(op->origin, &op->place, failure->spec, out);
                }
                if (r == 0) {
                        r = str_append(out, ".");
                }
        }
        if (r == 0) {
                r = append_limit(failure, out);
        }
        advice = failure_advice(failure->step, op, failure->fault);
        if (r == 0 && advice) {
                r = str_appendf(out, " %s", advice);
        }
        return MIN(r, 0);
}

int failure_format_limit(const Limit *limit, uint64_t asked, uint64_t read_back, int fault,
                         uint16_t origin, const Place *place, const Spec *spec, Str *out) {
        int r;

        assert(limit);
        assert(out);

        r = failure_format_origin(origin, place, spec, out);
        if (r == 0 && origin >= _DIRECTIVE_MAX) {
                r = str_append(out, limit->scope_property);
        }
        if (r == 0 && limit->format == LIMIT_ACCOUNTING) {
                r = str_append(out, ": this is not counted in the scope: ");
        } else if (r == 0) {
                r = str_appendf(out, ": the limit of %llu %s is not in force in the scope: ",
                                (unsigned long long) asked, limit->unit);
        }
        if (r < 0) {
                return r;
        }
        if (fault > 0) {
                return str_appendf(out,
                                   "its file could not be read (%s). This host may lack the "
                                   "controller: see /proc/cgroups, or leave the directive out.",
                                   strerror(fault));
        }
        if (read_back == LIMIT_INFINITY) {
                return str_append(out, "the kernel has none. systemd does not apply it on this "
                                       "host: leave the directive out.");
        }
        return str_appendf(out, "the kernel has %llu.", (unsigned long long) read_back);
}

int failure_format_text_limit(const char *asked, const char *content, int fault, uint16_t origin,
                              const Place *place, const Spec *spec, Str *out) {
        int r;

        assert(asked);
        assert(out);

        r = failure_format_origin(origin, place, spec, out);
        if (r == 0) {
                r = asked[0] == '\0'
                            ? str_append(out, ": the limit is still in force in the scope: ")
                            : str_appendf(out, ": the limit \"%s\" is not in force in the scope: ",
                                          asked);
        }
        if (r < 0) {
                return r;
        }
        if (fault > 0) {
                return str_appendf(out, "systemd and this kernel do not apply it here (%s).",
                                   strerror(fault));
        }
        r = str_append(out, "the kernel has \"");
        if (r == 0) {
                r = str_append_escaped(out, content, strcspn(content, "\n"));
        }
        return r < 0 ? r : str_append(out, "\".");
}

int failure_format_degraded(uint16_t origin, int fault, const char *file, const Spec *spec,
                            Str *out) {
        int r;

        assert(file);
        assert(out);

        r = failure_format_origin(origin, NULL, spec, out);
        r = r < 0 ? r : str_append(out, " is not in force: ");
        r = r < 0 ? r : str_append_escaped(out, file, strlen(file));
        return r < 0 ? r : str_appendf(out, ": %s.", strerror(fault));
}

uint16_t failure_diags_directive(const DiagList *diags) {
        const Directive *directive = NULL;

        assert(diags);

        for (size_t i = 0; i < diags->n; i++) {
                const Diag *diag = &diags->diags[i];

                if (diag->severity == DIAG_ERROR) {
                        directive = diag->directive ? directive_find_name(diag->directive) : NULL;
                        break;
                }
        }
        return directive ? (uint16_t) directive->id : UINT16_MAX;
}

int failure_format_diags(const DiagList *diags, Str *out) {
        size_t n_more;
        int r;

        assert(diags);
        assert(out);

        for (size_t i = 0; i < diags->n && i < DIAGS_SHOWN; i++) {
                r = i > 0 ? str_append_char(out, '\n') : 0;
                if (r == 0) {
                        r = diag_format(&diags->diags[i], out);
                }
                if (r < 0) {
                        return r;
                }
        }
        n_more = diags->n + diags->n_dropped - MIN(diags->n, (size_t) DIAGS_SHOWN);
        return n_more > 0 ? str_appendf(out, "\n(%zu more)", n_more) : 0;
}
