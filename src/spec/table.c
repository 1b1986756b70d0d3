/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/spec.h"

#include "base/cgroup.h"
#include "base/str.h"

#include <sys/resource.h>
#include <sys/socket.h>

const char *const service_type_names[_SERVICE_TYPE_MAX] = {
        [SERVICE_SIMPLE] = "simple",
        [SERVICE_EXEC] = "exec",
        [SERVICE_ONESHOT] = "oneshot",
};

const char *const managed_oom_names[_MANAGED_OOM_MAX] = {
        [MANAGED_OOM_AUTO] = "auto",
        [MANAGED_OOM_KILL] = "kill",
};
const char *const managed_oom_preference_names[_MANAGED_OOM_PREFERENCE_MAX] = {
        [MANAGED_OOM_NONE] = "none",
        [MANAGED_OOM_AVOID] = "avoid",
        [MANAGED_OOM_OMIT] = "omit",
};
const char *const oom_policy_names[_OOM_POLICY_MAX] = {
        [OOM_POLICY_CONTINUE] = "continue",
        [OOM_POLICY_STOP] = "stop",
        [OOM_POLICY_KILL] = "kill",
};
const char *const restart_names[_RESTART_MODE_MAX] = {
        [RESTART_NO] = "no",
        [RESTART_ON_SUCCESS] = "on-success",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ON_ABNORMAL] = "on-abnormal",
        [RESTART_ON_ABORT] = "on-abort",
        [RESTART_ALWAYS] = "always",
};

const char *const standard_input_names[_STANDARD_INPUT_MAX] = {
        [STANDARD_INPUT_NULL] = "null",
        [STANDARD_INPUT_TTY] = "tty",
};

const char *const device_policy_names[_DEVICE_POLICY_MAX] = {
        [DEVICE_POLICY_AUTO] = "auto",
        [DEVICE_POLICY_CLOSED] = "closed",
        [DEVICE_POLICY_STRICT] = "strict",
};

const char *const root_upper_names[_ROOT_UPPER_MAX] = {
        [ROOT_UPPER_NONE] = "none",
        [ROOT_UPPER_TMPFS] = "tmpfs",
};

const char *const proc_subset_names[_PROC_SUBSET_MAX] = {
        [PROC_SUBSET_ALL] = "all",
        [PROC_SUBSET_PID] = "pid",
};

const char *const keyring_mode_names[_KEYRING_MODE_MAX] = {
        [KEYRING_MODE_INHERIT] = "inherit",
        [KEYRING_MODE_PRIVATE] = "private",
        [KEYRING_MODE_SHARED] = "shared",
};

const char *const personality_names[_PERSONALITY_MAX] = {
        [PERSONALITY_NATIVE] = "native", [PERSONALITY_X86_64] = "x86-64", [PERSONALITY_X86] = "x86",
        [PERSONALITY_ARM64] = "arm64",   [PERSONALITY_ARM] = "arm",
};

const char *const architecture_names[_ARCHITECTURE_MAX] = {
        [ARCHITECTURE_NATIVE] = "native", [ARCHITECTURE_X86_64] = "x86-64",
        [ARCHITECTURE_X86] = "x86",       [ARCHITECTURE_X32] = "x32",
        [ARCHITECTURE_ARM64] = "arm64",   [ARCHITECTURE_ARM] = "arm",
};

const char *const namespace_choice_names[_NAMESPACE_CHOICE_MAX] = {
        [NAMESPACE_CHOICE_YES] = "yes",       [NAMESPACE_CHOICE_NO] = "no",
        [NAMESPACE_CHOICE_CGROUP] = "cgroup", [NAMESPACE_CHOICE_IPC] = "ipc",
        [NAMESPACE_CHOICE_MNT] = "mnt",       [NAMESPACE_CHOICE_NET] = "net",
        [NAMESPACE_CHOICE_PID] = "pid",       [NAMESPACE_CHOICE_TIME] = "time",
        [NAMESPACE_CHOICE_USER] = "user",     [NAMESPACE_CHOICE_UTS] = "uts",
};

const char *const delegate_choice_names[_DELEGATE_CHOICE_MAX] = {
        [DELEGATE_CHOICE_YES] = "yes",   [DELEGATE_CHOICE_NO] = "no",
        [DELEGATE_CHOICE_CPU] = "cpu",   [DELEGATE_CHOICE_CPUSET] = "cpuset",
        [DELEGATE_CHOICE_IO] = "io",     [DELEGATE_CHOICE_MEMORY] = "memory",
        [DELEGATE_CHOICE_PIDS] = "pids",
};

#define F(family) [AF_##family] = "AF_" #family
const char *const family_names[FAMILIES_MAX] = {
        [FAMILY_NONE] = "none",
        F(UNIX),
        F(INET),
        F(AX25),
        F(IPX),
        F(APPLETALK),
        F(NETROM),
        F(BRIDGE),
        F(ATMPVC),
        F(X25),
        F(INET6),
        F(ROSE),
        F(DECnet),
        F(NETBEUI),
        F(SECURITY),
        F(KEY),
        F(NETLINK),
        F(PACKET),
        F(ASH),
        F(ECONET),
        F(ATMSVC),
        F(RDS),
        F(SNA),
        F(IRDA),
        F(PPPOX),
        F(WANPIPE),
        F(LLC),
        F(IB),
        F(MPLS),
        F(CAN),
        F(TIPC),
        F(BLUETOOTH),
        F(IUCV),
        F(RXRPC),
        F(ISDN),
        F(PHONET),
        F(IEEE802154),
        F(CAIF),
        F(ALG),
        F(NFC),
        F(VSOCK),
        F(KCM),
        F(QIPCRTR),
        F(SMC),
        F(XDP),
        F(MCTP),
};
#undef F

#define NAMES(array) .names = (array), .n_names = ELEMENTS(array)
#define RESOURCE(resource, unit) .rlimit = RLIMIT_##resource, .rlimit_unit = RLIMIT_UNIT_##unit
#define RANGE(least, most) .min = (least), .max = (most)

const Directive directive_table[_DIRECTIVE_MAX] = {
#define D(Section, Name, member, Kind, ...)                                                      \
        [DIRECTIVE_##Name] = {.id = DIRECTIVE_##Name,                                            \
                              .section = #Section,                                               \
                              .name = #Name,                                                     \
                              .type = &value_type_##Kind,                                        \
                              .offset = offsetof(Spec, member),                                  \
                              .place_offset =                                                    \
                                      offsetof(Spec, places) + DIRECTIVE_##Name * sizeof(Place), \
                              __VA_ARGS__},
#define PORT(Name, member, Kind, ...)                                                  \
        [DIRECTIVE_PORT_##Name] = {.id = DIRECTIVE_PORT_##Name,                        \
                                   .section = "Port",                                  \
                                   .name = #Name,                                      \
                                   .type = &value_type_##Kind,                         \
                                   .offset = offsetof(PortSpec, member),               \
                                   .place_offset = offsetof(PortSpec, member##_place), \
                                   .record = true,                                     \
                                   __VA_ARGS__},
#include "spec/directives.def"
#undef PORT
#undef D
};

static const struct {
        const char *name;
        bool record;
} sections[] = {{"Unit", false}, {"Sandbox", false}, {"Port", true}, {"Install", false}};

const Directive *directive_find(const char *section, const char *name) {
        assert(section);
        assert(name);

        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                if (streq(directive_table[i].name, name) &&
                    streq(directive_table[i].section, section)) {
                        return &directive_table[i];
                }
        }
        return NULL;
}

const Directive *directive_find_name(const char *name) {
        assert(name);

        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                if (!directive_table[i].record && streq(directive_table[i].name, name)) {
                        return &directive_table[i];
                }
        }
        return NULL;
}

/* A name is near when at most a third of it has to be changed. */
static bool distance_is_near(size_t distance, const char *name) {
        return distance <= MAX(strlen(name) / 3, (size_t) 1);
}

const Directive *directive_suggest(const char *section, const char *name) {
        const Directive *nearest = NULL;
        size_t least = SIZE_MAX;

        assert(section);
        assert(name);

        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                const Directive *directive = &directive_table[i];
                size_t distance = str_distance(directive->name, name);

                /* The own section wins among equals; the same name elsewhere is worth telling too.
                 */
                distance = distance * 2 + (streq(directive->section, section) ? 0 : 1);
                if (distance < least) {
                        least = distance;
                        nearest = directive;
                }
        }
        return nearest && distance_is_near(least / 2, name) ? nearest : NULL;
}

bool section_is_known(const char *section) {
        assert(section);

        for (size_t i = 0; i < ELEMENTS(sections); i++) {
                if (!sections[i].record && streq(sections[i].name, section)) {
                        return true;
                }
        }
        return false;
}

bool section_is_record(const char *section) {
        assert(section);

        for (size_t i = 0; i < ELEMENTS(sections); i++) {
                if (sections[i].record && streq(sections[i].name, section)) {
                        return true;
                }
        }
        return false;
}

const char *section_suggest(const char *section) {
        const char *nearest = NULL;
        size_t least = SIZE_MAX;

        assert(section);

        for (size_t i = 0; i < ELEMENTS(sections); i++) {
                size_t distance = str_distance(sections[i].name, section);

                if (distance < least) {
                        least = distance;
                        nearest = sections[i].name;
                }
        }
        return nearest && distance_is_near(least, section) ? nearest : NULL;
}

bool spec_is_best_effort(const Spec *spec, DirectiveId id) {
        assert(spec);

        for (size_t i = 0; id >= 0 && id < _DIRECTIVE_MAX && i < spec->best_effort.n; i++) {
                if (streq(spec->best_effort.items[i].text, directive_table[id].name)) {
                        return true;
                }
        }
        return false;
}

Delegation spec_delegation(const Spec *spec) {
        static const uint32_t bits[_DELEGATE_CHOICE_MAX] = {
                [DELEGATE_CHOICE_CPU] = UINT32_C(1) << CGROUP_HIERARCHY_CPU,
                [DELEGATE_CHOICE_CPUSET] = UINT32_C(1) << CGROUP_HIERARCHY_CPUSET,
                [DELEGATE_CHOICE_IO] = UINT32_C(1) << CGROUP_HIERARCHY_IO,
                [DELEGATE_CHOICE_MEMORY] = UINT32_C(1) << CGROUP_HIERARCHY_MEMORY,
                [DELEGATE_CHOICE_PIDS] = UINT32_C(1) << CGROUP_HIERARCHY_PIDS,
        };
        Delegation delegation = {};

        assert(spec);

        for (size_t i = 0; i < spec->delegate.n; i++) {
                uint32_t choice = spec->delegate.items[i].mode;

                if (choice == DELEGATE_CHOICE_NO || choice >= _DELEGATE_CHOICE_MAX) {
                        delegation = (Delegation){};
                        continue;
                }
                delegation.on = true;
                delegation.all |= choice == DELEGATE_CHOICE_YES;
                delegation.controllers |= bits[choice];
        }
        return delegation;
}

void spec_derive(Spec *spec) {
        assert(spec);

        /* As in systemd: memory that runs out in one of its cgroups is its manager's affair. */
        if (!spec->set[DIRECTIVE_OOMPolicy] && spec_delegation(spec).on) {
                spec->oom_policy = OOM_POLICY_CONTINUE;
        }
}
