/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who the workload is: user, group, capabilities, and what it may become. */

#include "plan/builder.h"

/* Groups of the unit's belong to the unit's user. */
static int build_groups(Builder *builder, const Workload *workload) {
        const ValueList *list = &builder->spec->supplementary_groups;
        _cleanup_(strv_freep) char **groups = NULL;

        if (workload->user || list->n == 0) {
                return 0;
        }
        for (size_t i = 0; i < list->n; i++) {
                int r = strv_append(&groups, list->items[i].text);

                if (r < 0) {
                        return r;
                }
        }
        return builder_add(builder, OP_GROUPS, FROM(builder, SupplementaryGroups), groups);
}

int build_identity(Builder *builder, const Workload *workload) {
        const Spec *spec = builder->spec;
        const char *user = workload->user ? workload->user : spec->user;
        /* The unit's group belongs to the unit's user. */
        const char *group = workload->user || !spec->group ? "" : spec->group;
        int r;

        r = builder_add(builder, OP_USER, FROM_CALLER(builder, User, workload->user), user, group);
        if (r == 0) {
                r = builder_cause(builder, "user", FROM_CALLER(builder, User, workload->user));
        }
        if (r == 0) {
                r = builder_cause(builder, "group", FROM(builder, Group));
        }
        if (r == 0) {
                r = build_groups(builder, workload);
        }
        if (r == 0) {
                r = builder_add(builder, OP_CAPABILITIES, FROM(builder, CapabilityBoundingSet),
                                spec->capability_bounding_set, spec->ambient_capabilities);
        }
        if (r == 0) {
                r = builder_cause(builder, "bounding", FROM(builder, CapabilityBoundingSet));
        }
        if (r == 0) {
                r = builder_cause(builder, "ambient", FROM(builder, AmbientCapabilities));
        }
        if (r == 0 && spec->no_new_privileges) {
                r = builder_add(builder, OP_NO_NEW_PRIVS, FROM(builder, NoNewPrivileges));
        }
        return r;
}
