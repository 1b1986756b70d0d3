/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/namespaces.h"

#include "spec/value-type.h"

#include <linux/sched.h>

const NamespaceKind namespace_kinds[NAMESPACE_KINDS] = {
        {CLONE_NEWNS, "mount", DIRECTIVE_MountNamespacePath, DIRECTIVE_PrivateMounts},
        {CLONE_NEWPID, "pid", DIRECTIVE_PIDNamespacePath, DIRECTIVE_PrivatePIDs},
        {CLONE_NEWNET, "network", DIRECTIVE_NetworkNamespacePath, DIRECTIVE_PrivateNetwork},
        {CLONE_NEWIPC, "ipc", DIRECTIVE_IPCNamespacePath, DIRECTIVE_PrivateIPC},
        {CLONE_NEWUTS, "uts", DIRECTIVE_UTSNamespacePath, DIRECTIVE_ProtectHostname},
        {CLONE_NEWUSER, "user", DIRECTIVE_UserNamespacePath, DIRECTIVE_PrivateUsers},
        {CLONE_NEWCGROUP, "cgroup", DIRECTIVE_CgroupNamespacePath, DIRECTIVE_ProtectControlGroups},
        {CLONE_NEWTIME, "time", DIRECTIVE_TimeNamespacePath, DIRECTIVE_PrivateTime},
};

const NamespaceKind *namespace_kind_find(const char *name) {
        assert(name);

        for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
                if (streq(namespace_kinds[i].name, name)) {
                        return &namespace_kinds[i];
                }
        }
        return NULL;
}

const char *spec_namespace_path(const Spec *spec, const NamespaceKind *kind) {
        char *const *path;

        assert(spec);
        assert(kind);

        path = directive_field_const(&directive_table[kind->path], spec);
        return *path && (*path)[0] ? *path : NULL;
}

uint64_t spec_joined(const Spec *spec) {
        uint64_t joined;

        assert(spec);

        joined =
                spec->joins_namespace_of && spec->joins_namespace_of[0] ? spec->join_namespaces : 0;
        for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
                if (spec_namespace_path(spec, &namespace_kinds[i])) {
                        joined |= namespace_kinds[i].flag;
                }
        }
        return joined;
}

uint64_t spec_own(const Spec *spec) {
        assert(spec);

        return ((spec->private_mounts ? CLONE_NEWNS : UINT64_C(0)) |
                (spec->private_pids ? CLONE_NEWPID : 0) |
                (spec->private_network ? CLONE_NEWNET : 0) |
                (spec->private_ipc ? CLONE_NEWIPC : 0) |
                (spec->protect_hostname ? CLONE_NEWUTS : 0) |
                (spec_wants_users(spec) ? CLONE_NEWUSER : 0) |
                (spec->protect_control_groups ? CLONE_NEWCGROUP : 0) |
                (spec_wants_time_namespace(spec) ? CLONE_NEWTIME : 0)) &
               ~spec_joined(spec);
}

uint64_t spec_apart(const Spec *spec) {
        return spec_own(spec) | spec_joined(spec);
}

/* -- JOIN_KINDS: names of kinds -- */

static int join_kinds_parse(const Directive *directive, const char *text, const Place *place,
                            void *field, char **reterr, size_t *reterr_offset) {
        WordReader reader = {.text = text};
        uint64_t kinds = 0;

        while (word_reader_next(&reader)) {
                _cleanup_free_ char *word = NULL;
                const NamespaceKind *kind;
                int r = word_reader_take(&reader, "", &word, reterr);

                kind = r < 0 ? NULL : namespace_kind_find(word);
                if (r == 0 && !kind) {
                        r = value_fail(reterr, -EINVAL,
                                       QUOTED
                                       " is no kind of namespaces; write some of mount, pid, "
                                       "network, ipc, uts, user, cgroup and time",
                                       word);
                }
                if (r < 0) {
                        *reterr_offset = reader.start;
                        return r;
                }
                kinds |= kind->flag;
        }
        if (kinds == 0) {
                /* blanks alone: not the empty value, which means the default */
                return value_fail(reterr, -EINVAL, QUOTED " names no kind of namespaces", text);
        }
        *(uint64_t *) field = kinds;
        return 0;
}

static int join_kinds_format(const Directive *directive, const void *field, char ***ret) {
        uint64_t kinds = *(const uint64_t *) field;
        _cleanup_(str_done) Str text = STR_INIT;

        for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
                if ((kinds & namespace_kinds[i].flag) != 0) {
                        int r = str_appendf(&text, "%s%s", text.length > 0 ? " " : "",
                                            namespace_kinds[i].name);

                        if (r < 0) {
                                return r;
                        }
                }
        }
        return value_one(strdup(str_text(&text)), ret);
}

static int join_kinds_copy(const void *field, void *ret) {
        *(uint64_t *) ret = *(const uint64_t *) field;
        return 0;
}

const ValueType value_type_JOIN_KINDS = {
        .kind = VALUE_JOIN_KINDS,
        .sample = "network ipc uts",
        .label = "kinds of namespaces",
        .signature = "s",
        .grammar = "KIND [KIND…], of mount, pid, network, ipc, uts, user, cgroup, time",
        .size = sizeof(uint64_t),
        .parse = join_kinds_parse,
        .format = join_kinds_format,
        .done = value_plain_done,
        .copy = join_kinds_copy,
};
