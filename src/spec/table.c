/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "spec/spec.h"

#include "base/str.h"

#include <sys/resource.h>

const char *const service_type_names[_SERVICE_TYPE_MAX] = {
        [SERVICE_SIMPLE] = "simple",
        [SERVICE_EXEC] = "exec",
        [SERVICE_ONESHOT] = "oneshot",
};

const char *const restart_names[_RESTART_MODE_MAX] = {
        [RESTART_NO] = "no",
        [RESTART_ON_SUCCESS] = "on-success",
        [RESTART_ON_FAILURE] = "on-failure",
        [RESTART_ON_ABNORMAL] = "on-abnormal",
        [RESTART_ON_ABORT] = "on-abort",
        [RESTART_ALWAYS] = "always",
};

const char *const root_upper_names[_ROOT_UPPER_MAX] = {
        [ROOT_UPPER_NONE] = "none",
        [ROOT_UPPER_TMPFS] = "tmpfs",
};

const char *const proc_subset_names[_PROC_SUBSET_MAX] = {
        [PROC_SUBSET_ALL] = "all",
        [PROC_SUBSET_PID] = "pid",
};

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
