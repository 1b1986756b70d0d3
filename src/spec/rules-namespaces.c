/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rules about namespaces: id maps, and which namespaces are joined instead of made. */

#include "spec/rule-checks.h"

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
                            "own root; add a range that begins with 0, such as 0:600000:1");
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
