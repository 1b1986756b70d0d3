/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The spec: what a unit asks for, typed. It may come from a unit file, from a D-Bus call, and later
 * from an OCI config: nothing here or below assumes a file. */

#include "spec/value.h"

typedef struct PortSpec {
        char *name;  /* of [Port NAME] */
        Place place; /* of the header, or of the first assignment where no header was told */
#define D(...)
#define PORT(Name, field, TYPE, ...) \
        CTYPE_##TYPE field;          \
        Place field##_place; /* PLACE_NONE: a default */
#include "spec/directives.def"
#undef PORT
#undef D
} PortSpec;

typedef enum DirectiveId {
#define D(Section, Name, ...) DIRECTIVE_##Name,
#define PORT(Name, ...) DIRECTIVE_PORT_##Name,
#include "spec/directives.def"
#undef PORT
#undef D
        _DIRECTIVE_MAX,
        _DIRECTIVE_INVALID = -EINVAL,
} DirectiveId;

typedef struct Spec {
#define PORT(...)
#define D(Section, Name, field, TYPE, ...) CTYPE_##TYPE field;
#include "spec/directives.def"
#undef D
#undef PORT
        PortSpec *ports;
        size_t n_ports;

        /* Where each directive was last set; PLACE_NONE: a default. Those of records stand in the
         * record. */
        Place places[_DIRECTIVE_MAX];
        bool set[_DIRECTIVE_MAX];
} Spec;

enum {
        DIRECTIVE_RUNTIME = 1 << 0, /* can change while the sandbox runs */
        DIRECTIVE_ZERO_IS_INFINITY = 1
                                     << 1, /* TIMESPAN: 0 switches off, as in systemd.service(5) */
        DIRECTIVE_ESSENTIAL = 1 << 2, /* of the scope, but no limit: BestEffort= cannot name it */
};

typedef enum RlimitUnit {
        RLIMIT_UNIT_COUNT,
        RLIMIT_UNIT_BYTES,
        RLIMIT_UNIT_SECONDS,
        RLIMIT_UNIT_MICROSECONDS,
        RLIMIT_UNIT_NICE,
        _RLIMIT_UNIT_MAX
} RlimitUnit;

struct Directive {
        DirectiveId id;
        const char *section; /* "Sandbox", "Port" */
        const char *name;
        const ValueType *type;
        size_t offset;       /* in Spec, or in the record's struct */
        size_t place_offset; /* of the Place of the last assignment, in the same struct */
        bool record;         /* of a [Port NAME] */
        const char *fallback;
        const char *summary;
        const char *detail;
        const char *scope_property;
        const char *const *names; /* ENUM: NAMES(array) */
        size_t n_names;
        uint64_t min, max; /* RANGE(min, max); both 0: any. STRING: the length in bytes */
        unsigned rlimit;   /* RLIMIT: RESOURCE(CORE, BYTES) */
        RlimitUnit rlimit_unit;
        unsigned flags;
        unsigned since; /* version of sbx; 0 is the first */
};

extern const Directive directive_table[_DIRECTIVE_MAX];

typedef enum ServiceType {
        SERVICE_SIMPLE,
        SERVICE_EXEC,
        SERVICE_ONESHOT,
        _SERVICE_TYPE_MAX
} ServiceType;
typedef enum RestartMode {
        RESTART_NO,
        RESTART_ON_SUCCESS,
        RESTART_ON_FAILURE,
        RESTART_ON_ABNORMAL,
        RESTART_ON_ABORT,
        RESTART_ALWAYS,
        _RESTART_MODE_MAX,
} RestartMode;
typedef enum StandardInput {
        STANDARD_INPUT_NULL,
        STANDARD_INPUT_TTY,
        _STANDARD_INPUT_MAX
} StandardInput;
typedef enum DevicePolicy {
        DEVICE_POLICY_AUTO,
        DEVICE_POLICY_CLOSED,
        DEVICE_POLICY_STRICT,
        _DEVICE_POLICY_MAX
} DevicePolicy;
typedef enum ManagedOom { MANAGED_OOM_AUTO, MANAGED_OOM_KILL, _MANAGED_OOM_MAX } ManagedOom;
typedef enum ManagedOomPreference {
        MANAGED_OOM_NONE,
        MANAGED_OOM_AVOID,
        MANAGED_OOM_OMIT,
        _MANAGED_OOM_PREFERENCE_MAX
} ManagedOomPreference;

typedef enum OomPolicy {
        OOM_POLICY_CONTINUE,
        OOM_POLICY_STOP,
        OOM_POLICY_KILL,
        _OOM_POLICY_MAX
} OomPolicy;
typedef enum RootUpper { ROOT_UPPER_NONE, ROOT_UPPER_TMPFS, _ROOT_UPPER_MAX } RootUpper;
typedef enum ProcSubset { PROC_SUBSET_ALL, PROC_SUBSET_PID, _PROC_SUBSET_MAX } ProcSubset;
/* Personality=; the words of CHOICES: the index of a name is its number here. */
typedef enum Personality {
        PERSONALITY_NATIVE,
        PERSONALITY_X86_64,
        PERSONALITY_X86,
        PERSONALITY_ARM64,
        PERSONALITY_ARM,
        _PERSONALITY_MAX,
} Personality;
typedef enum Architecture {
        ARCHITECTURE_NATIVE,
        ARCHITECTURE_X86_64,
        ARCHITECTURE_X86,
        ARCHITECTURE_X32,
        ARCHITECTURE_ARM64,
        ARCHITECTURE_ARM,
        _ARCHITECTURE_MAX,
} Architecture;
typedef enum NamespaceChoice {
        NAMESPACE_CHOICE_YES,
        NAMESPACE_CHOICE_NO,
        NAMESPACE_CHOICE_CGROUP,
        NAMESPACE_CHOICE_IPC,
        NAMESPACE_CHOICE_MNT,
        NAMESPACE_CHOICE_NET,
        NAMESPACE_CHOICE_PID,
        NAMESPACE_CHOICE_TIME,
        NAMESPACE_CHOICE_USER,
        NAMESPACE_CHOICE_UTS,
        _NAMESPACE_CHOICE_MAX,
} NamespaceChoice;
typedef enum DelegateChoice {
        DELEGATE_CHOICE_YES,
        DELEGATE_CHOICE_NO,
        DELEGATE_CHOICE_CPU,
        DELEGATE_CHOICE_CPUSET,
        DELEGATE_CHOICE_IO,
        DELEGATE_CHOICE_MEMORY,
        DELEGATE_CHOICE_PIDS,
        _DELEGATE_CHOICE_MAX,
} DelegateChoice;
typedef enum KeyringMode {
        KEYRING_MODE_INHERIT,
        KEYRING_MODE_PRIVATE,
        KEYRING_MODE_SHARED,
        _KEYRING_MODE_MAX,
} KeyringMode;
#define FAMILY_NONE 0u /* the word "none"; else a name's index is its AF_ number */
#define FAMILIES_MAX 46u
extern const char *const keyring_mode_names[_KEYRING_MODE_MAX];
extern const char *const personality_names[_PERSONALITY_MAX];
extern const char *const architecture_names[_ARCHITECTURE_MAX];
extern const char *const namespace_choice_names[_NAMESPACE_CHOICE_MAX];
extern const char *const delegate_choice_names[_DELEGATE_CHOICE_MAX];
extern const char *const family_names[FAMILIES_MAX];
extern const char *const service_type_names[_SERVICE_TYPE_MAX];
extern const char *const restart_names[_RESTART_MODE_MAX];
extern const char *const standard_input_names[_STANDARD_INPUT_MAX];
extern const char *const device_policy_names[_DEVICE_POLICY_MAX];
extern const char *const managed_oom_names[_MANAGED_OOM_MAX];
extern const char *const managed_oom_preference_names[_MANAGED_OOM_PREFERENCE_MAX];
extern const char *const oom_policy_names[_OOM_POLICY_MAX];
extern const char *const root_upper_names[_ROOT_UPPER_MAX];
extern const char *const proc_subset_names[_PROC_SUBSET_MAX];

/* lifecycle: defaults are parsed from .fallback */
int spec_new(Spec **ret);
Spec *spec_free(Spec *spec);
DEFINE_CLEANUP(Spec *, spec_free)
int spec_copy(const Spec *spec, Spec **ret);

/* Case-sensitive; NULL where there is none. */
const Directive *directive_find(const char *section, const char *name);
/* By name alone over all sections but records: names are unique (a test asserts it). */
const Directive *directive_find_name(const char *name);
/* The nearest name for "did you mean", or NULL. */
const Directive *directive_suggest(const char *section, const char *name);
bool section_is_known(const char *section);  /* "Unit", "Sandbox", "Install" */
bool section_is_record(const char *section); /* "Port" */
const char *section_suggest(const char *section);

static inline void *directive_field(const Directive *directive, void *record) {
        return (uint8_t *) record + directive->offset;
}
static inline const void *directive_field_const(const Directive *directive, const void *record) {
        return (const uint8_t *) record + directive->offset;
}

/* One assignment. Mistakes go to diags with the place (its column moved to the byte at fault), and
 * the call gives 0: only -ENOMEM is a fault. An empty text resets to the fallback (list: to empty).
 * A scalar that is set a second time in one file warns with both places. record: NULL, or the name
 * of the record, which is made when it is new. */
int spec_assign(Spec *spec, const Directive *directive, const char *record, const char *text,
                const Place *place, DiagList *diags);

/* Makes the record of a header, "[Port http]", so that a record without assignments is known too.
 * Called twice for one name it does nothing. A mistake in section or name goes to diags. 0 or
 * -ENOMEM. */
#define SPEC_RECORDS_MAX 256u
int spec_add_record(Spec *spec, const char *section, const char *name, const Place *place,
                    DiagList *diags);

/* Checks across fields, after the last assignment: every rule of rules.h, all diagnostics. 0 or
 * -ENOMEM. */
int spec_check(const Spec *spec, DiagList *diags);

/* The value as text, one string an assignment (what `show`, D-Bus and drop-ins print): a list gives
 * one an item, anything else exactly one. -EINVAL for the directive of a record. */
int spec_format(const Spec *spec, const Directive *directive, char ***ret);
/* The same for the directive of a record. */
int spec_format_port(const PortSpec *port, const Directive *directive, char ***ret);

/* True where BestEffort= names the directive. */
bool spec_is_best_effort(const Spec *spec, DirectiveId id);

/* The map of users or groups, where the unit gives one: the other's where it gives that alone. */
static inline const ValueList *spec_id_map(const Spec *spec, bool group) {
        return (group ? spec->gid_map.n > 0 : spec->uid_map.n == 0) ? &spec->gid_map
                                                                    : &spec->uid_map;
}

/* A user namespace of its own. */
static inline bool spec_wants_users(const Spec *spec) {
        return spec->private_users.mode != USERS_NO || spec_id_map(spec, false)->n > 0;
}

/* What all assignments of Delegate= come to. */
typedef struct Delegation {
        bool on;
        bool all;             /* whatever controllers there are */
        uint32_t controllers; /* those that there must be: a mask of 1 << CgroupHierarchy */
} Delegation;
Delegation spec_delegation(const Spec *spec);
/* Defaults that depend on other directives: after the last assignment. */
void spec_derive(Spec *spec);

/* A time namespace is asked for by PrivateTime= or by either offset. */
static inline bool spec_wants_time_namespace(const Spec *spec) {
        return spec->private_time || spec->time_offset_boot_nsec != 0 ||
               spec->time_offset_monotonic_nsec != 0;
}
