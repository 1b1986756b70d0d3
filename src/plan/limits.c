/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The limits: written by the helper into a cgroup of its own making, or asked of systemd as
 * properties of the scope. */

#include "op/limit.h"
#include "plan/builder.h"

/* -- properties of the scope -- */

static int add_property(Builder *builder, ScopeProperty property, const char *name,
                        const char *text) {
        LaunchPlan *launch = builder->launch;
        ScopeProperty *properties;

        properties =
                reallocarray(launch->properties, launch->n_properties + 1, sizeof(ScopeProperty));
        if (!properties) {
                return -ENOMEM;
        }
        launch->properties = properties;
        property.name = strdup(name);
        property.text = text ? strdup(text) : NULL;
        if (!property.name || (text && !property.text)) {
                free(property.name);
                free(property.text);
                return -ENOMEM;
        }
        launch->properties[launch->n_properties++] = property;
        return 0;
}

static int add_text(Builder *builder, uint16_t origin, Place place, const char *name,
                    const char *text) {
        return add_property(builder,
                            (ScopeProperty){.signature = 's', .origin = origin, .place = place},
                            name, text);
}

static int add_scope(Builder *builder) {
        const Spec *spec = builder->spec;
        const char *description = spec->description && spec->description[0] != '\0'
                                          ? spec->description
                                          : builder->unit_name;
        int r;

        r = add_text(builder, FROM(builder, Description), "Description", description);
        if (r == 0) {
                r = add_text(builder, FROM(builder, Slice), "Slice", spec->slice);
        }
        /* A scope that failed would else stand in the way of the next start. */
        return r < 0 ? r : add_text(builder, FROM_NOTHING, "CollectMode", "inactive-or-failed");
}

/* -- limits -- */

static uint64_t limit_value(const Spec *spec, const Directive *directive) {
        return *(const uint64_t *) directive_field_const(directive, spec);
}

static const char *reason_of(const HostFacts *host) {
        return host->cgroup_mode == CGROUP_NONE ? "no cgroup file system is mounted"
                                                : "this host does not offer its controller here";
}

static bool limit_is_offered(const Limit *limit, const HostFacts *host) {
        CgroupHierarchy hierarchy;
        const char *file;

        return limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy,
                            &file) == 0;
}

static int add_limit(Builder *builder, const Limit *limit, const Directive *directive,
                     uint64_t value) {
        _cleanup_free_ char *text = NULL;
        Place place = builder->spec->places[directive->id];
        uint16_t origin = (uint16_t) directive->id;
        int r;

        if (builder->input->backend == BACKEND_SCOPE) {
                return add_property(builder,
                                    (ScopeProperty){.signature = 't',
                                                    .number = value,
                                                    .origin = origin,
                                                    .place = place},
                                    limit->scope_property, NULL);
        }
        r = limit_format(limit, builder->input->host->cgroup_mode, value, &text);
        if (r == -ERANGE) {
                builder_refuse(builder, origin, place, "The kernel takes no such value for %s",
                               limit->scope_property);
                return 0;
        }
        if (r < 0) {
                return r;
        }
        return builder_add(builder, OP_LIMIT, origin, place, U64(limit->id), value);
}

static int build_limit(Builder *builder, const Directive *directive) {
        const Limit *limit = limit_find(directive->scope_property);
        const HostFacts *host = builder->input->host;
        uint64_t value = limit_value(builder->spec, directive);
        bool set = builder->spec->set[directive->id];

        assert(limit);

        if (!set && !builder->forced && (value == LIMIT_INFINITY || value == 0)) {
                return 0; /* the kernel's own default */
        }
        if (value == LIMIT_INFINITY && limit->format == LIMIT_WEIGHT) {
                if (!builder->forced) {
                        return 0;
                }
                value = LIMIT_WEIGHT_DEFAULT;
        }
        if (!limit_is_offered(limit, host)) {
                if (value == LIMIT_INFINITY) {
                        return 0; /* nothing limits where nothing can */
                }
                if (set) {
                        builder_refuse(builder, (uint16_t) directive->id,
                                       builder->spec->places[directive->id],
                                       "The limit cannot be enforced: %s; remove it, or boot with "
                                       "the controller",
                                       reason_of(host));
                        return 0;
                }
                return builder_degrade(builder, "%s= (a default) is not in force: %s.",
                                       directive->name, reason_of(host));
        }
        return add_limit(builder, limit, directive, value);
}

int build_limits(Builder *builder) {
        int r;

        if (builder->input->backend == BACKEND_SCOPE) {
                r = add_scope(builder);
        } else {
                r = builder_add(builder, OP_CGROUP, FROM_NOTHING, builder->unit_name);
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                if (directive_table[i].scope_property) {
                        r = build_limit(builder, &directive_table[i]);
                }
        }
        return r;
}

int limits_plan_build(const LimitsInput *input, DiagList *diags, LaunchPlan **ret) {
        _cleanup_(launch_plan_freep) LaunchPlan *launch = NULL;
        PlanInput part = {.unit_name = input->unit_name,
                          .spec = input->spec,
                          .host = input->host,
                          .backend = input->backend};
        Builder builder = {.unit_name = input->unit_name,
                           .spec = input->spec,
                           .input = &part,
                           .diags = diags,
                           .forced = true};
        int r = 0;

        assert(input->wanted);
        assert(diags);
        assert(ret);

        launch = calloc(1, sizeof(*launch));
        if (!launch) {
                return -ENOMEM;
        }
        launch->plan = plan_new();
        if (!launch->plan) {
                return -ENOMEM;
        }
        builder.launch = launch;
        builder.plan = launch->plan;
        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                if (input->wanted[i] && directive_table[i].scope_property) {
                        r = build_limit(&builder, &directive_table[i]);
                }
        }
        if (r < 0) {
                return r;
        }
        if (builder.refused) {
                return PLAN_E_UNSUPPORTED;
        }
        *ret = TAKE(launch);
        return 0;
}
