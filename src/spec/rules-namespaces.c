/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules about namespaces: id maps, and which namespaces are joined instead of made. */

#include "spec/namespaces.h"

#include "base/path.h"
#include "spec/rule-checks.h"

#include <linux/sched.h>

/* -- id maps -- */

static const ValueList *rule_map(const Rule *rule, const Spec *spec) {
        return rule->directive == DIRECTIVE_GIDMap ? &spec->gid_map : &spec->uid_map;
}

RULE_CHECK(id_map_users) {
        if (rule_map(rule, spec)->n > 0 && spec->set[DIRECTIVE_PrivateUsers]) {
                report_here(rule, "It cannot stand beside PrivateUsers=, whose ids it would "
                                  "replace; remove one of the two");
        }
        return 0;
}

RULE_CHECK(id_map_root) {
        const ValueList *map = rule_map(rule, spec);

        if (map->n > 0 && !value_id_is_mapped(map, 0)) {
                report_here(rule,
                            "Id 0 inside is in none of its ranges, but the sandbox is made by its "
                            "own root; add a range that begins with 0, such as 0:1900000000:1");
        }
        return 0;
}

static bool ranges_meet(uint32_t a, uint32_t b, uint32_t n_a, uint32_t n_b) {
        return a < (uint64_t) b + n_b && b < (uint64_t) a + n_a;
}

/* The kernel refuses both: an id that means two, and two that mean one. */
RULE_CHECK(id_map_overlap) {
        const ValueList *map = rule_map(rule, spec);

        for (size_t i = 0; i < map->n && map->n <= ID_MAPPINGS_MAX; i++) {
                IdMapping a, b;

                (void) value_id_range(map->items[i].text, &a);
                for (size_t j = 0; j < i; j++) {
                        bool inside;

                        (void) value_id_range(map->items[j].text, &b);
                        inside = ranges_meet(a.inside, b.inside, a.count, b.count);
                        if (inside || ranges_meet(a.outside, b.outside, a.count, b.count)) {
                                report(rule, &map->items[i].place,
                                       "%s and %s overlap %s; make them disjoint",
                                       map->items[i].text, map->items[j].text,
                                       inside ? "inside" : "outside");
                                break;
                        }
                }
        }
        return 0;
}

RULE_CHECK(id_map_count) {
        const ValueList *map = rule_map(rule, spec);

        if (map->n > ID_MAPPINGS_MAX) {
                report(rule, &map->items[ID_MAPPINGS_MAX].place,
                       "There are %zu ranges; the kernel takes %u", map->n, ID_MAPPINGS_MAX);
        }
        return 0;
}

/* -- joined namespaces -- */

static bool joins_unit(const Spec *spec) {
        return spec->joins_namespace_of && spec->joins_namespace_of[0];
}

RULE_CHECK(join_unit) {
        static const char allowed[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.\\@-";
        const char *name = spec->joins_namespace_of;
        const char *suffix = joins_unit(spec) ? endswith(name, ".sandbox") : NULL;

        if (joins_unit(spec) &&
            (!suffix || suffix == name || strspn(name, allowed) != strlen(name))) {
                report_here(rule, "\"%.80s\" is no name of a sandbox; write one such as db.sandbox",
                            name);
        }
        return 0;
}

RULE_CHECK(join_namespaces) {
        if (spec->set[rule->directive] && !joins_unit(spec)) {
                report_here(rule, "It has no effect without JoinsNamespaceOf=, which says whose");
        }
        return 0;
}

/* A mistake of whichever directive names the kind. */
static void report_kind(const Rule *rule, const Spec *spec, DirectiveId directive, DiagList *diags,
                        const char *text) {
        Place place = rule_place(spec, directive);

        diag_add(diags, rule->severity, &place, directive_table[directive].name, "%s", text);
}

RULE_CHECK(join_twice) {
        for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
                const NamespaceKind *kind = &namespace_kinds[i];

                if (joins_unit(spec) && (spec->join_namespaces & kind->flag) != 0 &&
                    spec_namespace_path(spec, kind)) {
                        report_kind(rule, spec, kind->path, diags,
                                    "The same kind is joined by JoinsNamespaceOf= too; leave it "
                                    "out of JoinNamespaces=, or remove this line");
                }
        }
        return 0;
}

/* `yes` beside it says the same as systemd's JoinsNamespaceOf= expects: not the host's. */
RULE_CHECK(join_own) {
        uint64_t joined = spec_joined(spec);

        for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
                const NamespaceKind *kind = &namespace_kinds[i];
                const Directive *own = &directive_table[kind->own];

                if ((joined & kind->flag) != 0 && spec->set[kind->own] &&
                    own->type->kind == VALUE_BOOL && kind->own != DIRECTIVE_PrivateMounts &&
                    !*(const bool *) directive_field_const(own, spec)) {
                        report_kind(rule, spec, kind->own, diags,
                                    "no means the host's namespace, but this kind is joined; "
                                    "remove one of the lines");
                }
        }
        return 0;
}

static void report_set(const Rule *rule, const Spec *spec, const DirectiveId *directives, size_t n,
                       DiagList *diags, const char *text) {
        for (size_t i = 0; i < n; i++) {
                if (spec->set[directives[i]]) {
                        report_kind(rule, spec, directives[i], diags, text);
                }
        }
}

RULE_CHECK(join_users) {
        static const DirectiveId refused[] = {DIRECTIVE_PrivateUsers, DIRECTIVE_UIDMap,
                                              DIRECTIVE_GIDMap};

        if ((spec_joined(spec) & CLONE_NEWUSER) != 0) {
                report_set(rule, spec, refused, ELEMENTS(refused), diags,
                           "The user namespace is joined, and its ids are what they are; remove "
                           "one of the lines");
        }
        return 0;
}

RULE_CHECK(join_names) {
        static const DirectiveId refused[] = {DIRECTIVE_Hostname, DIRECTIVE_Domainname};

        if ((spec_joined(spec) & CLONE_NEWUTS) != 0) {
                report_set(rule, spec, refused, ELEMENTS(refused), diags,
                           "The UTS namespace is joined, and its names are not this sandbox's to "
                           "set; remove one of the lines");
        }
        return 0;
}

RULE_CHECK(join_offsets) {
        static const DirectiveId refused[] = {DIRECTIVE_TimeOffsetBootSec,
                                              DIRECTIVE_TimeOffsetMonotonicSec};

        if ((spec_joined(spec) & CLONE_NEWTIME) != 0) {
                report_set(rule, spec, refused, ELEMENTS(refused), diags,
                           "The time namespace is joined, and its clocks are fixed; remove one of "
                           "the lines");
        }
        return 0;
}

/* All that the table has about root and files: it stands between these two. */
RULE_CHECK(join_mounts) {
        if ((spec_joined(spec) & CLONE_NEWNS) == 0) {
                return 0;
        }
        for (DirectiveId id = DIRECTIVE_RootDirectory; id <= DIRECTIVE_ProcSubset; id++) {
                if (spec->set[id]) {
                        report_kind(rule, spec, id, diags,
                                    "The mount namespace is joined, with the root and all that is "
                                    "mounted there; remove one of the lines");
                }
        }
        return 0;
}

/* -- delegated cgroups -- */

RULE_CHECK(delegate_words) {
        for (size_t i = 0; i < spec->delegate.n; i++) {
                if (spec->delegate.items[i].flags & VALUE_INVERTED) {
                        report(rule, &spec->delegate.items[i].place,
                               "A list of controllers takes no ~; name those that are wanted");
                        break;
                }
        }
        return 0;
}

RULE_CHECK(delegate_namespaces) {
        if (!spec_delegation(spec).on) {
                return 0;
        }
        if ((spec_own(spec) & CLONE_NEWCGROUP) == 0) {
                report_here(rule, "It needs a cgroup namespace of the sandbox's own: set "
                                  "ProtectControlGroups=yes, and join none");
        } else if ((spec_joined(spec) & CLONE_NEWNS) != 0) {
                report_here(rule, "In a joined mount namespace the workload has no view of its "
                                  "cgroup; remove one of the two");
        }
        return 0;
}

/* True where a path names /sys/fs/cgroup or a parent of it other than the root, whose other mounts
 * stay as they are, too. */
static bool holds_view(const ValueList *paths) {
        for (size_t i = 0; i < paths->n; i++) {
                if (!streq(paths->items[i].text, "/") &&
                    path_is_below("/sys/fs/cgroup", paths->items[i].text)) {
                        return true;
                }
        }
        return false;
}

RULE_CHECK(delegate_view) {
        if (spec_delegation(spec).on &&
            (holds_view(&spec->read_only_paths) || holds_view(&spec->inaccessible_paths))) {
                report_here(rule,
                            "The workload is to write to /sys/fs/cgroup, which ReadOnlyPaths= "
                            "or InaccessiblePaths= forbids; remove one of the two");
        }
        return 0;
}
