/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/namespaces.h"
#include "plan/builder.h"

#include <linux/sched.h>

#define IDENTITY_COUNT 65536u /* as systemd.exec(5) has PrivateUsers=identity */
#define HOST_NAME_MAX_BYTES 64u

/* The directive that asks for the time namespace. */
static DirectiveId time_directive(const Spec *spec) {
        if (spec->private_time) {
                return DIRECTIVE_PrivateTime;
        }
        return spec->time_offset_boot_nsec != 0 ? DIRECTIVE_TimeOffsetBootSec
                                                : DIRECTIVE_TimeOffsetMonotonicSec;
}

static DirectiveId users_directive(const Spec *spec) {
        if (spec_id_map(spec, false)->n == 0) {
                return DIRECTIVE_PrivateUsers;
        }
        return spec->uid_map.n > 0 ? DIRECTIVE_UIDMap : DIRECTIVE_GIDMap;
}

typedef struct NamespaceSwitch {
        uint64_t flag;
        const char *what;
        DirectiveId directive;
        bool offered; /* by the host */
} NamespaceSwitch;

int build_namespaces(Builder *builder) {
        const Spec *spec = builder->spec;
        const HostFacts *host = builder->input->host;
        const NamespaceSwitch switches[] = {
                {CLONE_NEWNS, "mount", DIRECTIVE_PrivateMounts, true},
                {CLONE_NEWPID, "pid", DIRECTIVE_PrivatePIDs, true},
                {CLONE_NEWUTS, "uts", DIRECTIVE_ProtectHostname, true},
                {CLONE_NEWIPC, "ipc", DIRECTIVE_PrivateIPC, true},
                {CLONE_NEWNET, "net", DIRECTIVE_PrivateNetwork, true},
                {CLONE_NEWUSER, "user", users_directive(spec), host->user_namespace},
                {CLONE_NEWTIME, "time", time_directive(spec), host->time_namespace},
        };
        uint64_t own = spec_own(spec), flags = 0;
        int r;

        for (size_t i = 0; i < ELEMENTS(switches); i++) {
                const NamespaceSwitch *each = &switches[i];

                if ((own & each->flag) == 0) {
                        continue;
                }
                flags |= each->flag;
                if (!each->offered) {
                        /* Also as a default: without it root inside would be root outside. */
                        builder_refuse(
                                builder, (uint16_t) each->directive, spec->places[each->directive],
                                "This kernel has no %s namespaces; write %s=no to do without",
                                each->what, directive_table[each->directive].name);
                }
        }
        r = builder_add(builder, OP_NAMESPACES, FROM(builder, PrivateMounts), flags);
        for (size_t i = 0; i < ELEMENTS(switches) && r == 0; i++) {
                const NamespaceSwitch *each = &switches[i];

                if ((own & each->flag) != 0) {
                        r = builder_cause(builder, each->what, (uint16_t) each->directive,
                                          spec->places[each->directive]);
                }
        }
        return r;
}

/* What the other sandbox's id is, only its manager knows. */
static int build_join_sandbox(Builder *builder) {
        const Spec *spec = builder->spec;

        if (!spec->joins_namespace_of || spec->joins_namespace_of[0] == '\0' ||
            spec->join_namespaces == 0) {
                return 0;
        }
        return builder_add(builder, OP_JOIN_SANDBOX, FROM(builder, JoinsNamespaceOf),
                           spec->join_namespaces, U64(0), U64(0), spec->joins_namespace_of);
}

int build_joins(Builder *builder) {
        const Spec *spec = builder->spec;
        uint64_t joined = spec_joined(spec);
        int r = 0;

        for (size_t i = 0; i < NAMESPACE_KINDS && r == 0; i++) {
                const NamespaceKind *kind = &namespace_kinds[i];
                const char *path = spec_namespace_path(spec, kind);

                if (path) {
                        r = builder_add(builder, OP_JOIN_PATH, (uint16_t) kind->path,
                                        spec->places[kind->path], kind->flag, path);
                }
        }
        r = r < 0 ? r : build_join_sandbox(builder);
        if (r == 0 && (joined & CLONE_NEWCGROUP) != 0 && (joined & CLONE_NEWNS) == 0) {
                r = builder_degrade(builder, "/sys/fs/cgroup is empty: there is no view of a "
                                             "cgroup namespace that is joined.");
        }
        if (builder->input->terminal && (joined & CLONE_NEWNS) != 0) {
                builder_refuse(builder, FROM(builder, MountNamespacePath),
                               "In a joined mount namespace there is no terminal of the sandbox's "
                               "own; use --pipe");
        }
        return r;
}

static int build_time(Builder *builder) {
        const Spec *spec = builder->spec;
        bool boot_first = spec->time_offset_boot_nsec != 0;
        uint16_t origin = (uint16_t) (boot_first ? DIRECTIVE_TimeOffsetBootSec
                                                 : DIRECTIVE_TimeOffsetMonotonicSec);
        int r;

        if (!boot_first && spec->time_offset_monotonic_nsec == 0) {
                return 0; /* a namespace whose clocks are the host's for now */
        }
        r = builder_add(builder, OP_TIME_OFFSETS, origin, spec->places[origin],
                        spec->time_offset_boot_nsec, spec->time_offset_monotonic_nsec);
        if (r == 0) {
                r = builder_cause(builder, "boottime", FROM(builder, TimeOffsetBootSec));
        }
        return r < 0 ? r
                     : builder_cause(builder, "monotonic", FROM(builder, TimeOffsetMonotonicSec));
}

static int build_id_map(Builder *builder, DirectiveId directive, const ValueList *map,
                        uint64_t kind) {
        int r = 0;

        for (size_t i = 0; i < map->n && r == 0; i++) {
                IdMapping mapping;

                r = value_id_range(map->items[i].text, &mapping);
                assert(r == 0);
                r = builder_add(builder, OP_ID_MAP, (uint16_t) directive, map->items[i].place, kind,
                                U64(mapping.inside), U64(mapping.outside), U64(mapping.count));
        }
        return r;
}

static int build_id_maps(Builder *builder) {
        const Spec *spec = builder->spec;
        int r;

        if (spec->uid_map.n == 0 || spec->gid_map.n == 0) {
                return build_id_map(builder, users_directive(spec), spec_id_map(spec, false),
                                    OP_ID_BOTH);
        }
        r = build_id_map(builder, DIRECTIVE_UIDMap, &spec->uid_map, OP_ID_USER);
        return r < 0 ? r : build_id_map(builder, DIRECTIVE_GIDMap, &spec->gid_map, OP_ID_GROUP);
}

static int build_users(Builder *builder) {
        const Users *users = &builder->spec->private_users;
        static const struct {
                uint64_t outside, count;
        } maps[_USERS_MODE_MAX] = {
                [USERS_PICK] = {OP_ID_PICK, 65536},
                [USERS_IDENTITY] = {0, IDENTITY_COUNT},
                /* the system manager's own user is root; everything else is nobody inside */
                [USERS_SELF] = {0, 1},
        };
        uint64_t outside = maps[users->mode].outside, count = maps[users->mode].count;

        if (users->mode == USERS_NO) {
                return 0;
        }
        if (users->mode == USERS_RANGE) {
                outside = users->base;
                count = users->count;
        }
        return builder_add(builder, OP_ID_MAP, FROM(builder, PrivateUsers), U64(OP_ID_BOTH), U64(0),
                           outside, count);
}

int build_ids(Builder *builder) {
        int r = 0;

        if ((spec_joined(builder->spec) & CLONE_NEWUSER) == 0) {
                r = spec_id_map(builder->spec, false)->n > 0 ? build_id_maps(builder)
                                                             : build_users(builder);
        }

        return r < 0 ? r : build_time(builder);
}

/* The unit's name as a host name: hostname(7) knows letters, digits, hyphens and dots. */
static char *host_name_of(const char *unit_name) {
        const char *suffix = endswith(unit_name, ".sandbox");
        size_t n = suffix ? (size_t) (suffix - unit_name) : strlen(unit_name);
        char *name = strndup(unit_name, MIN(n, (size_t) HOST_NAME_MAX_BYTES));
        char *start;

        if (!name) {
                return NULL;
        }
        for (char *c = name; *c; c++) {
                bool fine = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                            (*c >= '0' && *c <= '9') || *c == '-' || *c == '.';

                if (!fine) {
                        *c = '-';
                }
        }
        start = name + strspn(name, "-.");
        memmove(name, start, strlen(start) + 1);
        n = strlen(name);
        while (n > 0 && (name[n - 1] == '-' || name[n - 1] == '.')) {
                name[--n] = '\0';
        }
        if (n == 0) {
                free(name);
                return strdup("sandbox");
        }
        return name;
}

int build_network(Builder *builder) {
        const Spec *spec = builder->spec;
        _cleanup_free_ char *name = NULL;
        int r;

        if (spec_own(spec) & CLONE_NEWNET) {
                r = builder_add(builder, OP_LOOPBACK, FROM(builder, PrivateNetwork));
                if (r < 0) {
                        return r;
                }
        }
        if ((spec_own(spec) & CLONE_NEWUTS) == 0) {
                return 0; /* another's name is not ours to set */
        }
        name = spec->hostname ? strdup(spec->hostname) : host_name_of(builder->unit_name);
        if (!name) {
                return -ENOMEM;
        }
        r = builder_add(builder, OP_HOSTNAME, FROM(builder, Hostname), name);
        if (r < 0 || !spec->domainname || spec->domainname[0] == '\0') {
                return r;
        }
        return builder_add(builder, OP_DOMAINNAME, FROM(builder, Domainname), spec->domainname);
}

/* v1 hierarchies are no boundary: whoever may write there can do more than manage what is below. */
static int build_delegation(Builder *builder) {
        const HostFacts *host = builder->input->host;
        const Delegation delegation = spec_delegation(builder->spec);

        if (!delegation.on) {
                return 0;
        }
        if (host->cgroup_mode != CGROUP_UNIFIED) {
                builder_refuse(builder, FROM(builder, Delegate),
                               "A cgroup of this host cannot be given away: that needs cgroup v2 "
                               "alone at /sys/fs/cgroup, and here it is %s; boot with "
                               "systemd.unified_cgroup_hierarchy=1, or remove the line",
                               cgroup_mode_name(host->cgroup_mode));
                return 0;
        }
        if (!host->cgroup_namespace) {
                builder_refuse(builder, FROM(builder, Delegate),
                               "This kernel has no cgroup namespaces, without which the workload "
                               "would see the cgroups of others; remove the line");
                return 0;
        }
        return builder_add(builder, OP_DELEGATE, FROM(builder, Delegate),
                           U64(delegation.controllers), U64(delegation.all));
}

static int build_cgroup_namespace(Builder *builder) {
        const HostFacts *host = builder->input->host;
        int r;

        if ((spec_own(builder->spec) & CLONE_NEWCGROUP) == 0) {
                return 0;
        }
        if (!host->cgroup_namespace) {
                if (builder->spec->set[DIRECTIVE_ProtectControlGroups]) {
                        builder_refuse(builder, FROM(builder, ProtectControlGroups),
                                       "This kernel has no cgroup namespaces; write "
                                       "ProtectControlGroups=no to do without");
                        return 0;
                }
                return builder_degrade(builder, "The sandbox sees the host's cgroup paths in "
                                                "/proc: this kernel has no cgroup namespaces.");
        }
        r = builder_add(builder, OP_CGROUP_NAMESPACE, FROM(builder, ProtectControlGroups));
        if (r < 0 || (spec_joined(builder->spec) & CLONE_NEWNS) != 0 ||
            paths_hold(&builder->spec->inaccessible_paths, "/sys/fs/cgroup") ||
            (host->cgroup_mode != CGROUP_UNIFIED && host->cgroup_mode != CGROUP_HYBRID)) {
                return r; /* a v1 hierarchy is never shown: its release_agent is the host's */
        }
        return builder_add(builder, OP_CGROUP_VIEW, FROM(builder, ProtectControlGroups),
                           "/sys/fs/cgroup");
}

int build_gate(Builder *builder) {
        const Spec *spec = builder->spec;
        int r;

        r = build_delegation(builder);
        r = r < 0 ? r : build_cgroup_namespace(builder);
        if (r < 0) {
                return r;
        }
        if ((spec_own(spec) & CLONE_NEWPID) != 0 && spec->process_two) {
                return builder_add(builder, OP_REAPER, FROM(builder, ProcessTwo));
        }
        /* Somebody has to run them one after another. */
        return spec->exec_start.n > 1 ? builder_add(builder, OP_REAPER, FROM(builder, ExecStart))
                                      : 0;
}
