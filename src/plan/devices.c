/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The devices of a sandbox: the nodes of a /dev of its own, and what may be opened where the helper
 * has to see to that. */

#include "base/path.h"
#include "plan/builder.h"

#define DEV_SIZE (UINT64_C(4) << 20)

/* What every private /dev has. The numbers are checked before a node is bound: what a host calls
 * /dev/null need not be it. */
static const struct {
        const char *path;
        uint64_t major, minor;
} devices[] = {
        {"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
        {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};
static const struct {
        const char *path, *target;
} links[] = {
        {"/dev/fd", "/proc/self/fd"},       {"/dev/stdin", "/proc/self/fd/0"},
        {"/dev/stdout", "/proc/self/fd/1"}, {"/dev/stderr", "/proc/self/fd/2"},
        {"/dev/ptmx", "pts/ptmx"},
};

int build_private_devices(Builder *builder) {
        int r;

        r = builder_add(builder, OP_TMPFS, FROM(builder, PrivateDevices), "/dev",
                        U64(OP_MOUNT_NO_EXEC), DEV_SIZE, U64(0755));
        for (size_t i = 0; i < ELEMENTS(devices) && r == 0; i++) {
                r = builder_add(builder, OP_DEVICE, FROM(builder, PrivateDevices), devices[i].path,
                                devices[i].path, U64(OP_DEVICE_CHARACTER), devices[i].major,
                                devices[i].minor);
        }
        for (size_t i = 0; i < ELEMENTS(links) && r == 0; i++) {
                r = builder_add(builder, OP_SYMLINK, FROM(builder, PrivateDevices), links[i].path,
                                links[i].target);
        }
        return r;
}

/* -- DeviceAllow= -- */

static bool is_there_anyway(const char *path) {
        for (size_t i = 0; i < ELEMENTS(devices); i++) {
                if (streq(path, devices[i].path)) {
                        return true;
                }
        }
        for (size_t i = 0; i < ELEMENTS(links); i++) {
                if (streq(path, links[i].path)) {
                        return true;
                }
        }
        return streq(path, "/dev/pts/ptmx");
}

/* File systems of the sandbox's own: what the host has there is something else. */
static bool is_elsewhere(const char *path) {
        static const char *const own[] = {"/dev/pts", "/dev/shm", "/dev/mqueue"};

        for (size_t i = 0; i < ELEMENTS(own); i++) {
                if (path_is_below(path, own[i])) {
                        return true;
                }
        }
        return false;
}

static const NodeSource *find_source(const Builder *builder, const char *name, size_t *index) {
        const DeviceSources *found = builder->input->devices;

        for (; found && *index < found->n_nodes; (*index)++) {
                if (streq(found->nodes[*index].name, name)) {
                        return &found->nodes[(*index)++];
                }
        }
        return NULL;
}

/* NULL, with a diagnostic unless it may be missing. */
static const NodeSource *find_allowed(Builder *builder, const ValueItem *item) {
        size_t index = 0;
        const NodeSource *source = find_source(builder, item->text, &index);

        if (!source && (item->flags & VALUE_MISSING_OK) == 0) {
                builder_refuse(builder, DIRECTIVE_DeviceAllow, item->place,
                               "The device %s is not known", item->text);
        }
        return source;
}

static int build_allowed(Builder *builder, const ValueItem *item) {
        const NodeSource *source;

        if (!startswith(item->text, "/") || is_there_anyway(item->text)) {
                return 0;
        }
        if (is_elsewhere(item->text)) {
                builder_refuse(builder, DIRECTIVE_DeviceAllow, item->place,
                               "%s cannot be made: the sandbox has a file system of its own there",
                               item->text);
                return 0;
        }
        source = find_allowed(builder, item);
        return source ? builder_add(builder, OP_DEVICE, DIRECTIVE_DeviceAllow, item->place,
                                    source->path, item->text,
                                    U64(source->block ? OP_DEVICE_BLOCK : OP_DEVICE_CHARACTER),
                                    U64(source->major), U64(source->minor))
                      : 0;
}

int build_allowed_devices(Builder *builder) {
        const ValueList *list = &builder->spec->device_allow;
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                r = build_allowed(builder, &list->items[i]);
        }
        return r;
}

/* -- DevicePolicy= -- */

typedef struct RuleList {
        struct Rule {
                uint64_t block, major, minor, access;
                uint16_t origin;
                Place place;
        } rules[OP_DEVICE_RULES_MAX];
        size_t n;
} RuleList;

static bool rule_put(RuleList *list, struct Rule rule) {
        for (size_t i = 0; i < list->n; i++) {
                struct Rule *other = &list->rules[i];

                if (other->block == rule.block && other->major == rule.major &&
                    other->minor == rule.minor) {
                        other->access |= rule.access;
                        return true;
                }
        }
        if (list->n >= ELEMENTS(list->rules)) {
                return false;
        }
        list->rules[list->n++] = rule;
        return true;
}

/* The pseudo devices of `closed`, as systemd has them. */
static void put_standard(RuleList *list, uint16_t origin, Place place) {
        static const struct Rule standard[] = {
                {.major = 5, .minor = 2, .access = OP_DEVICE_ACCESS_ALL},
                {.major = 136,
                 .minor = OP_DEVICE_ANY,
                 .access = OP_DEVICE_READ | OP_DEVICE_WRITE}, /* terminals */
        };

        for (size_t i = 0; i < ELEMENTS(devices); i++) {
                (void) rule_put(list, (struct Rule){.major = devices[i].major,
                                                    .minor = devices[i].minor,
                                                    .access = OP_DEVICE_ACCESS_ALL,
                                                    .origin = origin,
                                                    .place = place});
        }
        for (size_t i = 0; i < ELEMENTS(standard); i++) {
                struct Rule rule = standard[i];

                rule.origin = origin;
                rule.place = place;
                (void) rule_put(list, rule);
        }
}

static uint64_t access_of(const ValueItem *item) {
        return (strchr(item->second, 'r') ? OP_DEVICE_READ : 0U) |
               (strchr(item->second, 'w') ? OP_DEVICE_WRITE : 0U) |
               (strchr(item->second, 'm') ? OP_DEVICE_MAKE : 0U);
}

static void put_allowed(Builder *builder, RuleList *list, const ValueItem *item) {
        const NodeSource *source = find_allowed(builder, item);
        size_t index = 0;

        while (source && (source = find_source(builder, item->text, &index))) {
                struct Rule rule = {.block = source->block ? OP_DEVICE_BLOCK : OP_DEVICE_CHARACTER,
                                    .major = source->major,
                                    .minor = source->minor,
                                    .access = access_of(item),
                                    .origin = DIRECTIVE_DeviceAllow,
                                    .place = item->place};

                if (!rule_put(list, rule)) {
                        builder_refuse(builder, DIRECTIVE_DeviceAllow, item->place,
                                       "There are more than %u devices and drivers",
                                       OP_DEVICE_RULES_MAX);
                        return;
                }
        }
}

bool devices_can_be_filtered(const Builder *builder) {
        const HostFacts *host = builder->input->host;

        return host->cgroup_mode == CGROUP_UNIFIED || host->cgroup_mode == CGROUP_HYBRID ||
               (host->cgroup_controllers & UINT32_C(1) << CGROUP_HIERARCHY_DEVICES) != 0;
}

int build_device_rules(Builder *builder) {
        const Spec *spec = builder->spec;
        DirectiveId cause = spec->device_policy != DEVICE_POLICY_AUTO ? DIRECTIVE_DevicePolicy
                                                                      : DIRECTIVE_DeviceAllow;
        _cleanup_free_ RuleList *list = NULL;
        int r;

        if (!devices_can_be_filtered(builder)) {
                return 0; /* refused with each directive */
        }
        if (spec->device_policy == DEVICE_POLICY_AUTO && spec->device_allow.n == 0) {
                return builder->change ? builder_add(builder, OP_DEVICE_RULES,
                                                     (uint16_t) DIRECTIVE_DevicePolicy,
                                                     spec->places[DIRECTIVE_DevicePolicy], U64(1))
                                       : 0;
        }
        list = calloc(1, sizeof(*list));
        if (!list) {
                return -ENOMEM;
        }
        if (spec->device_policy != DEVICE_POLICY_STRICT) {
                put_standard(list, (uint16_t) cause, spec->places[cause]);
        }
        for (size_t i = 0; i < spec->device_allow.n; i++) {
                put_allowed(builder, list, &spec->device_allow.items[i]);
        }
        r = builder_add(builder, OP_DEVICE_RULES, (uint16_t) cause, spec->places[cause], U64(0));
        for (size_t i = 0; i < list->n && r == 0; i++) {
                const struct Rule *rule = &list->rules[i];

                r = builder_add(builder, OP_DEVICE_RULE, rule->origin, rule->place, rule->block,
                                rule->major, rule->minor, rule->access);
        }
        return r;
}
