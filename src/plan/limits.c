/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The limits: written by the helper into a cgroup of its own making, or asked of systemd as
 * properties of the scope. */

#include "plan/limits.h"

static LimitRequest request_of(const Builder *builder, const Directive *directive) {
        const Spec *spec = builder->spec;

        return (LimitRequest){
                .directive = directive,
                .field = directive_field_const(directive, spec),
                .origin = (uint16_t) directive->id,
                .place = spec->places[directive->id],
                .set = spec->set[directive->id],
                /* a change is asked for now and by somebody: it is made or refused */
                .best_effort = !builder->change && spec_is_best_effort(spec, directive->id),
        };
}

const char *limit_reason(const HostFacts *host) {
        return host->cgroup_mode == CGROUP_NONE ? "no cgroup file system is mounted"
                                                : "this host does not offer its controller here";
}

/* A limit that nothing can enforce here. */
int limit_not_offered(Builder *builder, const LimitRequest *request, const char *reason) {
        if (request->set && !request->best_effort) {
                builder_refuse(builder, request->origin, request->place,
                               "The limit cannot be enforced: %s; remove it, or boot with "
                               "the controller",
                               reason);
                return 0;
        }
        return builder_degrade(builder, "%s= (%s) is not in force: %s.", request->directive->name,
                               request->set ? "BestEffort=" : "a default", reason);
}

int limit_allow_best_effort(Builder *builder, const LimitRequest *request) {
        return request->best_effort
                       ? builder_add(builder, OP_BEST_EFFORT, FROM(builder, BestEffort))
                       : 0;
}

bool limit_is_offered(const Limit *limit, const HostFacts *host) {
        CgroupHierarchy hierarchy;
        const char *file;

        return limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy,
                            &file) == 0;
}

static int add_limit(Builder *builder, const Limit *limit, const LimitRequest *request,
                     uint64_t value) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (builder->input->backend == BACKEND_SCOPE) {
                return scope_property_add(
                        builder,
                        (ScopeProperty){.signature = limit->format == LIMIT_ACCOUNTING ? "b" : "t",
                                        .number = value,
                                        .origin = request->origin,
                                        .place = request->place},
                        limit->scope_property);
        }
        r = limit_format(limit, builder->input->host->cgroup_mode, value,
                         limit_period(builder->spec->cpu_quota_period_usec, value), &text);
        if (r == -ERANGE) {
                builder_refuse(builder, request->origin, request->place,
                               "The kernel takes no such value for %s", limit->scope_property);
                return 0;
        }
        if (r < 0 && limit->format != LIMIT_ACCOUNTING) {
                return r;
        }
        r = limit_allow_best_effort(builder, request);
        return r < 0 ? r
                     : builder_add(builder, OP_LIMIT, request->origin, request->place,
                                   U64(limit->id), value);
}

/* Without a quota there is nothing whose period it were; a small quota needs a longer one. */
static int build_period(Builder *builder, const LimitRequest *request, const Limit *limit) {
        const Spec *spec = builder->spec;
        uint64_t quota = spec->cpu_quota_usec, period;
        LimitRequest reason = *request;

        period = limit_period(spec->cpu_quota_period_usec, quota);
        if (!builder->change &&
            (quota == LIMIT_INFINITY || (!request->set && period == LIMIT_PERIOD_USEC))) {
                return 0;
        }
        if (!limit_is_offered(limit, builder->input->host)) {
                return 0; /* which CPUQuota= is told of */
        }
        if (!request->set) {
                reason.origin = (uint16_t) DIRECTIVE_CPUQuota;
                reason.place = spec->places[DIRECTIVE_CPUQuota];
        }
        return add_limit(builder, limit, &reason, period);
}

/* Without systemd `no` asks for nothing: to leave off counting would take limits away. */
static int build_accounting(Builder *builder, const LimitRequest *request, const Limit *limit) {
        bool value = *(const bool *) request->field;

        if (!request->set && !builder->change) {
                return 0;
        }
        if (!value) {
                return builder->input->backend == BACKEND_SCOPE || builder->change
                               ? add_limit(builder, limit, request, 0)
                               : 0;
        }
        if (!limit_is_offered(limit, builder->input->host)) {
                return limit_not_offered(builder, request, limit_reason(builder->input->host));
        }
        return add_limit(builder, limit, request, 1);
}

static int build_number(Builder *builder, const LimitRequest *request, const Limit *limit) {
        uint64_t value;

        if (limit->format == LIMIT_PERIOD) {
                return build_period(builder, request, limit);
        }
        if (limit->format == LIMIT_ACCOUNTING) {
                return build_accounting(builder, request, limit);
        }
        value = *(const uint64_t *) request->field;

        if (!request->set && !builder->change && (value == LIMIT_INFINITY || value == 0)) {
                return 0; /* the kernel's own default */
        }
        if (value == LIMIT_INFINITY && limit->format == LIMIT_WEIGHT) {
                if (!builder->change) {
                        return 0;
                }
                value = LIMIT_WEIGHT_DEFAULT;
        }
        if (!limit_is_offered(limit, builder->input->host)) {
                /* nothing limits where nothing can */
                return value == LIMIT_INFINITY
                               ? 0
                               : limit_not_offered(builder, request,
                                                   limit_reason(builder->input->host));
        }
        return add_limit(builder, limit, request, value);
}

static int build_limit(Builder *builder, const Directive *directive) {
        const Limit *limit = limit_find(directive->scope_property);
        const TextLimit *text_limit = text_limit_find(directive->scope_property);
        LimitRequest request = request_of(builder, directive);

        if (limit) {
                return build_number(builder, &request, limit);
        }
        return text_limit ? build_text_limit(builder, &request, text_limit)
                          : build_policy(builder, &request);
}

/* v1 knows no groups: there sbxd kills the rest, as soon as it is told. */
static int build_oom_policy(Builder *builder) {
        const HostFacts *host = builder->input->host;
        const Spec *spec = builder->spec;

        if (spec->oom_policy == OOM_POLICY_CONTINUE) {
                return 0;
        }
        if (!limit_is_offered(limit_find("MemoryMax"), host)) {
                if (spec->set[DIRECTIVE_OOMPolicy]) {
                        builder_refuse(builder, FROM(builder, OOMPolicy),
                                       "It would not be known that memory ran out: %s; remove it, "
                                       "or boot with the memory controller",
                                       limit_reason(host));
                }
                return 0; /* no limit of this sandbox ends anything either */
        }
        return spec->oom_policy == OOM_POLICY_KILL && host->cgroup_mode == CGROUP_UNIFIED
                       ? builder_add(builder, OP_OOM_GROUP, FROM(builder, OOMPolicy))
                       : 0;
}

int build_limits(Builder *builder) {
        int r;

        if (builder->input->backend == BACKEND_SCOPE) {
                r = build_scope(builder);
        } else {
                r = builder_add(builder, OP_CGROUP, FROM_NOTHING, builder->unit_name);
        }
        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                if (directive_table[i].scope_property) {
                        r = build_limit(builder, &directive_table[i]);
                }
        }
        if (r == 0) {
                r = build_device_filter(builder);
        }
        if (r == 0) {
                r = build_address_filter(builder);
        }
        return r < 0 ? r : build_oom_policy(builder);
}

/* What is changed together: the kernel has the quota as a part of its period, and systemd keeps a
 * filter that has nothing left to do: what it was told instead is to be taken back with the next.
 */
static const DirectiveId groups[][3] = {
        {DIRECTIVE_CPUQuota, DIRECTIVE_CPUQuotaPeriodSec, DIRECTIVE_CPUQuota},
        {DIRECTIVE_DevicePolicy, DIRECTIVE_DeviceAllow, DIRECTIVE_DevicePolicy},
        {DIRECTIVE_IPAddressAllow, DIRECTIVE_IPAddressDeny, DIRECTIVE_IPAccounting},
};

static void widen(const bool *wanted, bool all[static _DIRECTIVE_MAX]) {
        memcpy(all, wanted, _DIRECTIVE_MAX * sizeof(bool));
        for (size_t i = 0; i < ELEMENTS(groups); i++) {
                const DirectiveId *group = groups[i];
                bool any = wanted[group[0]] || wanted[group[1]] || wanted[group[2]];

                all[group[0]] = all[group[1]] = all[group[2]] = any;
        }
}

/* Without these the helper has nothing to look at. */
static int build_changed_filters(Builder *builder, const bool *wanted) {
        int r = 0;

        if (wanted[DIRECTIVE_DevicePolicy]) {
                r = build_device_filter(builder);
        }
        return r == 0 && wanted[DIRECTIVE_IPAddressDeny] ? build_address_filter(builder) : r;
}

int limits_plan_build(const LimitsInput *input, DiagList *diags, LaunchPlan **ret) {
        _cleanup_(launch_plan_freep) LaunchPlan *launch = NULL;
        PlanInput part = {.unit_name = input->unit_name,
                          .spec = input->spec,
                          .devices = input->devices,
                          .host = input->host,
                          .backend = input->backend};
        Builder builder = {.unit_name = input->unit_name,
                           .spec = input->spec,
                           .input = &part,
                           .diags = diags,
                           .change = input};
        bool wanted[_DIRECTIVE_MAX];
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
        widen(input->wanted, wanted);
        for (size_t i = 0; i < _DIRECTIVE_MAX && r == 0; i++) {
                if (wanted[i] && directive_table[i].scope_property) {
                        r = build_limit(&builder, &directive_table[i]);
                }
        }
        if (r == 0) {
                r = build_changed_filters(&builder, wanted);
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
