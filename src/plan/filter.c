/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/filter.h"

#include "base/fd.h"

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(FILTER_NAMESPACES_ALL ==
                       (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                        CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWTIME),
               "every kind of namespace");

/* The architectures that a kernel of this one runs too; 0: it does not. */
static const uint32_t architectures[_ARCHITECTURE_MAX] = {
#if defined(__x86_64__)
        [ARCHITECTURE_X86] = SCMP_ARCH_X86,
        [ARCHITECTURE_X32] = SCMP_ARCH_X32,
#elif defined(__aarch64__)
        [ARCHITECTURE_ARM] = SCMP_ARCH_ARM,
#endif
};

void filter_close(Filter *filter) {
        if (filter->context) {
                seccomp_release(filter->context);
        }
        *filter = (Filter){};
}

static int add_architectures(Filter *filter, const ValueList *list) {
        for (size_t i = 0; i < list->n; i++) {
                uint32_t token = list->items[i].mode < _ARCHITECTURE_MAX
                                         ? architectures[list->items[i].mode]
                                         : 0;
                int r = token != 0 ? seccomp_arch_add(filter->context, token) : -EEXIST;

                if (r < 0 && r != -EEXIST) {
                        return r;
                }
                filter->foreign |= token != 0;
        }
        return 0;
}

int filter_open(const Spec *spec, uint32_t default_action, Filter *ret) {
        _cleanup_filter_ Filter filter = {.context = seccomp_init(default_action),
                                          .default_action = default_action};
        int r;

        assert(spec);
        assert(ret);

        if (!filter.context) {
                return -ENOMEM;
        }
        r = seccomp_attr_set(filter.context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
        if (r == 0) {
                /* 2: a binary tree; a list of 360 comparisons costs on every call */
                r = seccomp_attr_set(filter.context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        }
        if (r == 0) {
                r = add_architectures(&filter, &spec->system_call_architectures);
        }
        if (r < 0) {
                return r;
        }
        *ret = filter;
        filter = (Filter){};
        return 0;
}

int filter_add(const Filter *filter, uint32_t action, int number, unsigned n,
               const struct scmp_arg_cmp *comparisons) {
        if (action == filter->default_action) {
                return 0; /* libseccomp refuses what makes no difference */
        }
        /* "Exact" would refuse what one of several architectures does not have. */
        return filter->foreign
                       ? seccomp_rule_add_array(filter->context, action, number, n, comparisons)
                       : seccomp_rule_add_exact_array(filter->context, action, number, n,
                                                      comparisons);
}

int filter_export(const Filter *filter, OpBlob *ret) {
        _cleanup_fd_ int fd = memfd_create("sbx-filter", MFD_CLOEXEC);
        char *bytes;
        size_t size;
        int r;

        if (fd < 0) {
                return negative_errno();
        }
        r = seccomp_export_bpf(filter->context, fd);
        if (r < 0) {
                return r;
        }
        if (lseek(fd, 0, SEEK_SET) < 0) {
                return negative_errno();
        }
        r = fd_read_all(fd, PLAN_SIZE_MAX, &bytes, &size);
        if (r < 0) {
                return r;
        }
        ret->bytes = (uint8_t *) bytes;
        ret->size = size;
        return 0;
}

uint64_t filter_namespaces(const Spec *spec) {
        static const uint64_t flags[_NAMESPACE_CHOICE_MAX] = {
                [NAMESPACE_CHOICE_CGROUP] = CLONE_NEWCGROUP,
                [NAMESPACE_CHOICE_IPC] = CLONE_NEWIPC,
                [NAMESPACE_CHOICE_MNT] = CLONE_NEWNS,
                [NAMESPACE_CHOICE_NET] = CLONE_NEWNET,
                [NAMESPACE_CHOICE_PID] = CLONE_NEWPID,
                [NAMESPACE_CHOICE_TIME] = CLONE_NEWTIME,
                [NAMESPACE_CHOICE_USER] = CLONE_NEWUSER,
                [NAMESPACE_CHOICE_UTS] = CLONE_NEWUTS,
        };
        const ValueList *list = &spec->restrict_namespaces;
        uint64_t allowed = 0;

        for (size_t i = 0; i < list->n; i++) {
                const ValueItem *item = &list->items[i];

                if (item->flags & VALUE_INVERTED) {
                        allowed = i == 0 || item->text[0] == '\0' ? FILTER_NAMESPACES_ALL : allowed;
                        allowed &= item->text[0] ? ~flags[item->mode] : UINT64_MAX;
                } else if (item->mode == NAMESPACE_CHOICE_YES ||
                           item->mode == NAMESPACE_CHOICE_NO) {
                        allowed = item->mode == NAMESPACE_CHOICE_NO ? FILTER_NAMESPACES_ALL : 0;
                } else {
                        allowed |= flags[item->mode];
                }
        }
        return allowed;
}

uint32_t filter_personality(const Spec *spec) {
        bool narrow = spec->personality == PERSONALITY_X86 || spec->personality == PERSONALITY_ARM;

        return narrow ? OP_PERSONALITY_LINUX32 : OP_PERSONALITY_LINUX;
}
