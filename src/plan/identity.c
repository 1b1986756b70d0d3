/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who the workload is: user, group, capabilities, and what it may become. */

#include "plan/builder.h"

int build_identity(Builder *builder, const Workload *workload) {
        const Spec *spec = builder->spec;
        const char *user = workload->user ? workload->user : spec->user;
        /* The unit's group belongs to the unit's user. */
        const char *group = workload->user || !spec->group ? "" : spec->group;
        int r;

        r = builder_add(builder, OP_USER, FROM(builder, User), user, group);
        if (r == 0) {
                r = builder_cause(builder, "user", FROM(builder, User));
        }
        if (r == 0) {
                r = builder_cause(builder, "group", FROM(builder, Group));
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
