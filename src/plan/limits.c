/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The limits: written by the helper into a cgroup of its own making, or asked of systemd as
 * properties of the scope. */

#include "base/time.h"
#include "op/limit.h"
#include "op/text-limit.h"
#include "plan/builder.h"

/* -- properties of the scope -- */

/* Text and list of the property are copied; expected is taken, whatever comes of it. */
static int add_property(Builder *builder, ScopeProperty property, const char *name) {
        LaunchPlan *launch = builder->launch;
        const char *text = property.text;
        ValueList list = property.list;
        ScopeProperty *properties;
        int r;

        properties =
                reallocarray(launch->properties, launch->n_properties + 1, sizeof(ScopeProperty));
        if (!properties) {
                strv_free(property.expected);
                return -ENOMEM;
        }
        launch->properties = properties;
        property.name = strdup(name);
        property.text = text ? strdup(text) : NULL;
        property.list = (ValueList){};
        r = value_list_copy(&list, &property.list);
        if (!property.name || (text && !property.text) || r < 0) {
                free(property.name);
                free(property.text);
                value_list_done(&property.list);
                strv_free(property.expected);
                return -ENOMEM;
        }
        launch->properties[launch->n_properties++] = property;
        return 0;
}

static int add_text(Builder *builder, uint16_t origin, Place place, const char *name,
                    const char *text) {
        return add_property(
                builder,
                (ScopeProperty){
                        .signature = "s", .text = (char *) text, .origin = origin, .place = place},
                name);
}

/* Without it the scope is systemd's, which may take controllers away from what is below. */
static int add_delegation(Builder *builder) {
        const Delegation delegation = spec_delegation(builder->spec);
        ScopeProperty property = {.origin = (uint16_t) DIRECTIVE_Delegate,
                                  .place = builder->spec->places[DIRECTIVE_Delegate]};

        if (!delegation.on) {
                return 0;
        }
        if (delegation.all) {
                property.signature = "b";
                property.number = 1;
                return add_property(builder, property, "Delegate");
        }
        property.signature = "as";
        property.list = builder->spec->delegate;
        for (size_t i = builder->spec->delegate.n; i > 0; i--) {
                if (builder->spec->delegate.items[i - 1].mode == DELEGATE_CHOICE_NO) {
                        property.list.items += i;
                        property.list.n -= i;
                        break;
                }
        }
        return add_property(builder, property, "DelegateControllers");
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
        r = r < 0 ? r : add_delegation(builder);
        /* A scope that failed would else stand in the way of the next start. */
        return r < 0 ? r : add_text(builder, FROM_NOTHING, "CollectMode", "inactive-or-failed");
}

/* -- limits -- */

/* What is common to all that is said of one directive. */
typedef struct Request {
        const Directive *directive;
        const void *field;
        uint16_t origin;
        Place place;
        bool set;         /* by the unit: else a default */
        bool best_effort; /* named by BestEffort= */
} Request;

static Request request_of(const Builder *builder, const Directive *directive) {
        const Spec *spec = builder->spec;

        return (Request){
                .directive = directive,
                .field = directive_field_const(directive, spec),
                .origin = (uint16_t) directive->id,
                .place = spec->places[directive->id],
                .set = spec->set[directive->id],
                /* a change is asked for now and by somebody: it is made or refused */
                .best_effort = !builder->forced && spec_is_best_effort(spec, directive->id),
        };
}

static const char *reason_of(const HostFacts *host) {
        return host->cgroup_mode == CGROUP_NONE ? "no cgroup file system is mounted"
                                                : "this host does not offer its controller here";
}

/* A limit that nothing can enforce here. */
static int not_offered(Builder *builder, const Request *request, const char *reason) {
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

static int allow_best_effort(Builder *builder, const Request *request) {
        return request->best_effort
                       ? builder_add(builder, OP_BEST_EFFORT, FROM(builder, BestEffort))
                       : 0;
}

static bool limit_is_offered(const Limit *limit, const HostFacts *host) {
        CgroupHierarchy hierarchy;
        const char *file;

        return limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy,
                            &file) == 0;
}

static int add_limit(Builder *builder, const Limit *limit, const Request *request, uint64_t value) {
        _cleanup_free_ char *text = NULL;
        int r;

        if (builder->input->backend == BACKEND_SCOPE) {
                return add_property(
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
        r = allow_best_effort(builder, request);
        return r < 0 ? r
                     : builder_add(builder, OP_LIMIT, request->origin, request->place,
                                   U64(limit->id), value);
}

/* Without a quota there is nothing whose period it were; a small quota needs a longer one. */
static int build_period(Builder *builder, const Request *request, const Limit *limit) {
        const Spec *spec = builder->spec;
        uint64_t quota = spec->cpu_quota_usec, period;
        Request reason = *request;

        period = limit_period(spec->cpu_quota_period_usec, quota);
        if (!builder->forced &&
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
static int build_accounting(Builder *builder, const Request *request, const Limit *limit) {
        bool value = *(const bool *) request->field;

        if (!request->set && !builder->forced) {
                return 0;
        }
        if (!value) {
                return builder->input->backend == BACKEND_SCOPE
                               ? add_limit(builder, limit, request, 0)
                               : 0;
        }
        if (!limit_is_offered(limit, builder->input->host)) {
                return not_offered(builder, request, reason_of(builder->input->host));
        }
        return add_limit(builder, limit, request, 1);
}

static int build_number(Builder *builder, const Request *request, const Limit *limit) {
        uint64_t value;

        if (limit->format == LIMIT_PERIOD) {
                return build_period(builder, request, limit);
        }
        if (limit->format == LIMIT_ACCOUNTING) {
                return build_accounting(builder, request, limit);
        }
        value = *(const uint64_t *) request->field;

        if (!request->set && !builder->forced && (value == LIMIT_INFINITY || value == 0)) {
                return 0; /* the kernel's own default */
        }
        if (value == LIMIT_INFINITY && limit->format == LIMIT_WEIGHT) {
                if (!builder->forced) {
                        return 0;
                }
                value = LIMIT_WEIGHT_DEFAULT;
        }
        if (!limit_is_offered(limit, builder->input->host)) {
                /* nothing limits where nothing can */
                return value == LIMIT_INFINITY
                               ? 0
                               : not_offered(builder, request, reason_of(builder->input->host));
        }
        return add_limit(builder, limit, request, value);
}

/* -- limits of more than one number -- */

/* One line for each value: what is to stand in the kernel's file. */
static int append_line(const Builder *builder, const TextLimit *limit, const TextLimitValue *value,
                       char ***lines) {
        char *line = NULL;
        int r;

        r = text_limit_format(limit, builder->input->host->cgroup_mode, value, &line);
        return r < 0 ? r : strv_append_take(lines, line);
}

static int append_disk_lines(Builder *builder, const Request *request, const TextLimit *limit,
                             char ***lines) {
        const ValueList *list = request->field;
        int r = 0;

        for (size_t i = 0; i < list->n && r == 0; i++) {
                const ValueItem *item = &list->items[i];
                const DeviceSource *disk =
                        builder->input->devices
                                ? device_sources_find(builder->input->devices, item->text)
                                : NULL;

                if (!disk) {
                        builder_refuse(builder, request->origin, item->place,
                                       "The disk of %s is not known", item->text);
                } else if (item->size != LIMIT_INFINITY) {
                        r = append_line(builder, limit,
                                        &(TextLimitValue){.major = disk->major,
                                                          .minor = disk->minor,
                                                          .number = item->size},
                                        lines);
                }
        }
        return r;
}

static int append_lines(Builder *builder, const Request *request, const TextLimit *limit,
                        char ***lines) {
        TextLimitValue value = {};

        switch (limit->format) {
        case TEXT_LIMIT_SET:
                value.set = request->field;
                break;
        case TEXT_LIMIT_WEIGHT:
                value.number = *(const uint64_t *) request->field;
                break;
        case TEXT_LIMIT_DEVICE_WEIGHT:
        case TEXT_LIMIT_DEVICE:
                return append_disk_lines(builder, request, limit, lines);
        }
        return append_line(builder, limit, &value, lines);
}

static int add_text_property(Builder *builder, const Request *request, const TextLimit *limit,
                             char **lines) {
        ScopeProperty property = {
                .origin = request->origin, .place = request->place, .expected = lines};

        switch (limit->format) {
        case TEXT_LIMIT_SET:
                property.signature = "ay";
                property.set = *(const NumberSet *) request->field;
                break;
        case TEXT_LIMIT_WEIGHT:
                property.signature = "t";
                property.number = *(const uint64_t *) request->field;
                break;
        case TEXT_LIMIT_DEVICE_WEIGHT:
        case TEXT_LIMIT_DEVICE:
                property.signature = "a(st)";
                property.list = *(const ValueList *) request->field;
                break;
        }
        return add_property(builder, property, limit->scope_property);
}

static int build_text(Builder *builder, const Request *request, const TextLimit *limit) {
        const HostFacts *host = builder->input->host;
        _cleanup_(strv_freep) char **lines = NULL;
        CgroupHierarchy hierarchy;
        const char *file;
        int r;

        if (!request->set) {
                return 0;
        }
        if (text_limit_locate(limit, host->cgroup_mode, host->cgroup_controllers, &hierarchy,
                              &file) < 0) {
                return not_offered(builder, request, reason_of(host));
        }
        r = append_lines(builder, request, limit, &lines);
        if (r < 0 || !lines) {
                return r; /* `infinity` alone: nothing to do */
        }
        if (builder->input->backend == BACKEND_SCOPE) {
                return add_text_property(builder, request, limit, TAKE(lines));
        }
        STRV_FOREACH (line, lines) {
                r = allow_best_effort(builder, request);
                if (r == 0) {
                        r = builder_add(builder, OP_LIMIT_TEXT, request->origin, request->place,
                                        U64(limit->id), *line);
                }
                if (r < 0) {
                        return r;
                }
        }
        return 0;
}

/* -- which devices may be opened: a policy, no limit -- */

/* In cgroups of the helper's: build_device_rules(), once for all directives. */
static int check_direct_policy(Builder *builder, const Request *request) {
        if (builder->forced) {
                builder_refuse(builder, request->origin, request->place,
                               "Without systemd it cannot be changed while the sandbox runs: write "
                               "it into the unit");
        } else if (!devices_can_be_filtered(builder)) {
                builder_refuse(builder, request->origin, request->place,
                               "It cannot be enforced: %s; remove it, or boot with the controller "
                               "devices or with cgroup v2",
                               reason_of(builder->input->host));
        }
        return 0;
}

/* What systemd alone does; `no` asks for nothing. */
static int check_direct_packets(Builder *builder, const Request *request) {
        if (request->directive->type->kind != VALUE_BOOL || *(const bool *) request->field) {
                builder_refuse(builder, request->origin, request->place,
                               "It cannot be enforced without systemd: remove it, or boot with "
                               "systemd");
        }
        return 0;
}

static int build_policy(Builder *builder, const Request *request) {
        ScopeProperty property = {.origin = request->origin, .place = request->place};

        if (!request->set) {
                return 0;
        }
        if (builder->input->backend != BACKEND_SCOPE) {
                return request->directive->type->kind == VALUE_BOOL ||
                                       request->directive->type->kind == VALUE_PREFIXES
                               ? check_direct_packets(builder, request)
                               : check_direct_policy(builder, request);
        }
        switch (request->directive->type->kind) {
        case VALUE_BOOL:
                property.signature = "b";
                property.number = *(const bool *) request->field;
                break;
        case VALUE_PREFIXES:
                property.signature = "a(iayu)";
                property.list = *(const ValueList *) request->field;
                break;
        case VALUE_ENUM:
                property.signature = "s";
                property.text = (char *) request->directive->names[*(const int *) request->field];
                break;
        case VALUE_DEVICES:
                property.signature = "a(ss)";
                property.list = *(const ValueList *) request->field;
                break;
        default:
                return -EINVAL;
        }
        return add_property(builder, property, request->directive->scope_property);
}

/* -- what systemd-oomd does -- */

static bool is_of_oomd(const Directive *directive) {
        return startswith(directive->scope_property, "ManagedOOM") != NULL;
}

/* Why it would not be done; NULL: it is. systemd itself takes it all the same. */
static const char *oomd_fault(const Builder *builder, const Request *request) {
        const HostFacts *host = builder->input->host;
        bool kill = request->directive->names == managed_oom_names;

        if (builder->input->backend != BACKEND_SCOPE) {
                return "systemd-oomd looks after units of systemd alone: remove it, or boot with "
                       "systemd";
        }
        if (host->cgroup_mode != CGROUP_UNIFIED) {
                return "systemd-oomd needs cgroup v2 alone: remove it, or boot with "
                       "systemd.unified_cgroup_hierarchy=1";
        }
        return kill && !host->oomd ? "systemd-oomd does not run: remove it, or install "
                                     "systemd-oomd and run `systemctl enable --now systemd-oomd`"
                                   : NULL;
}

static int build_oomd(Builder *builder, const Request *request) {
        ScopeProperty property = {.origin = request->origin, .place = request->place};
        bool limit = request->directive->type->kind == VALUE_QUOTA;
        uint64_t usec = limit ? *(const uint64_t *) request->field : 0;
        int choice = limit ? 0 : *(const int *) request->field;
        const char *fault;

        if (!request->set || (limit ? usec == UINT64_MAX : choice == 0)) {
                return 0; /* nothing is asked for */
        }
        fault = oomd_fault(builder, request);
        if (!fault && limit && usec > USEC_PER_SEC) {
                fault = "It is at most 100%";
        }
        if (fault) {
                builder_refuse(builder, request->origin, request->place, "%s", fault);
                return 0;
        }
        if (limit) {
                property.signature = "u";
                property.number = usec * UINT32_MAX / USEC_PER_SEC; /* as systemd scales it */
        } else {
                property.signature = "s";
                property.text = (char *) request->directive->names[choice];
        }
        return add_property(builder, property, request->directive->scope_property);
}

static int build_limit(Builder *builder, const Directive *directive) {
        const Limit *limit = limit_find(directive->scope_property);
        const TextLimit *text_limit = text_limit_find(directive->scope_property);
        Request request = request_of(builder, directive);

        if (limit) {
                return build_number(builder, &request, limit);
        }
        if (text_limit) {
                return build_text(builder, &request, text_limit);
        }
        return is_of_oomd(directive) ? build_oomd(builder, &request)
                                     : build_policy(builder, &request);
}

/* systemd goes on where it cannot filter: the helper looks. Without systemd it filters itself. */
static int build_device_filter(Builder *builder) {
        const Spec *spec = builder->spec;

        if (builder->input->backend != BACKEND_SCOPE) {
                return build_device_rules(builder);
        }
        if (spec->device_policy != DEVICE_POLICY_AUTO) {
                return builder_add(builder, OP_DEVICE_FILTER, FROM(builder, DevicePolicy));
        }
        return spec->device_allow.n > 0
                       ? builder_add(builder, OP_DEVICE_FILTER, FROM(builder, DeviceAllow))
                       : 0;
}

/* The same for packets. What asks for most is named. */
static int build_address_filter(Builder *builder) {
        static const DirectiveId ids[] = {DIRECTIVE_IPAddressDeny, DIRECTIVE_IPAddressAllow,
                                          DIRECTIVE_IPAccounting};
        const Spec *spec = builder->spec;
        const bool asked[] = {spec->ip_address_deny.n > 0, spec->ip_address_allow.n > 0,
                              spec->ip_accounting};

        for (size_t i = 0; i < ELEMENTS(ids) && builder->input->backend == BACKEND_SCOPE; i++) {
                Place place = spec->places[ids[i]];

                if (!asked[i]) {
                        continue;
                }
                if (builder->input->host->cgroup_mode == CGROUP_V1) {
                        builder_refuse(builder, (uint16_t) ids[i], place,
                                       "The kernel sees packets by cgroup2 alone, which this host "
                                       "has not mounted: remove it, or boot with cgroup2");
                        return 0;
                }
                return builder_add(builder, OP_ADDRESS_FILTER, (uint16_t) ids[i], place);
        }
        return 0;
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
                                       reason_of(host));
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
                r = add_scope(builder);
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

/* The quota and its period are changed together: what the kernel has is a part of the period. */
static bool is_wanted(const LimitsInput *input, size_t id) {
        return input->wanted[id] ||
               ((id == DIRECTIVE_CPUQuota || id == DIRECTIVE_CPUQuotaPeriodSec) &&
                (input->wanted[DIRECTIVE_CPUQuota] || input->wanted[DIRECTIVE_CPUQuotaPeriodSec]));
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
                if (is_wanted(input, i) && directive_table[i].scope_property) {
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
