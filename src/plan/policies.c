/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is no limit but asked of systemd with them: which devices may be opened, which addresses
 * reached, and what systemd-oomd does. */

#include "base/time.h"
#include "plan/limits.h"

/* In cgroups of the helper's: build_device_rules(), once for all directives. */
static int check_direct_policy(Builder *builder, const LimitRequest *request) {
        if (request->set && !devices_can_be_filtered(builder)) {
                builder_refuse(builder, request->origin, request->place,
                               "It cannot be enforced: %s; remove it, or boot with the controller "
                               "devices or with cgroup v2",
                               limit_reason(builder->input->host));
        }
        return 0;
}

/* What systemd alone does; `no` asks for nothing. */
static int check_direct_packets(Builder *builder, const LimitRequest *request) {
        if (!request->set) {
                return 0;
        }
        if (request->directive->type->kind != VALUE_BOOL || *(const bool *) request->field) {
                builder_refuse(builder, request->origin, request->place,
                               "It cannot be enforced without systemd: remove it, or boot with "
                               "systemd");
        }
        return 0;
}

/* -- what systemd-oomd does -- */

/* Why it would not be done; NULL: it is. systemd itself takes it all the same. */
static const char *oomd_fault(const Builder *builder, const LimitRequest *request) {
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

/* value: an index, or of the limit what systemd scales a share to. */
static int add_oomd(Builder *builder, const LimitRequest *request, uint64_t value) {
        ScopeProperty property = {.origin = request->origin, .place = request->place};

        if (request->directive->type->kind == VALUE_QUOTA) {
                property.signature = "u";
                property.number = value;
        } else {
                property.signature = "s";
                property.text = (char *) request->directive->names[value];
        }
        return scope_property_add(builder, property, request->directive->scope_property);
}

static int build_oomd(Builder *builder, const LimitRequest *request) {
        bool limit = request->directive->type->kind == VALUE_QUOTA;
        uint64_t usec = limit ? *(const uint64_t *) request->field : 0;
        int choice = limit ? 0 : *(const int *) request->field;
        const char *fault;

        if (!request->set || (limit ? usec == UINT64_MAX : choice == 0)) {
                return builder->change && builder->input->backend == BACKEND_SCOPE
                               ? add_oomd(builder, request, 0)
                               : 0;
        }
        fault = oomd_fault(builder, request);
        if (!fault && limit && usec > USEC_PER_SEC) {
                fault = "It is at most 100%";
        }
        if (fault) {
                builder_refuse(builder, request->origin, request->place, "%s", fault);
                return 0;
        }
        return add_oomd(builder, request,
                        limit ? usec * UINT32_MAX / USEC_PER_SEC : (uint64_t) choice);
}

/* -- each directive -- */

static int build_filtered(Builder *builder, const LimitRequest *request) {
        ScopeProperty property = {.origin = request->origin, .place = request->place};

        if (!request->set && !builder->change) {
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
        return property.signature[0] == 'a'
                       ? scope_property_set_list(builder, property,
                                                 request->directive->scope_property)
                       : scope_property_add(builder, property, request->directive->scope_property);
}

int build_policy(Builder *builder, const LimitRequest *request) {
        switch ((DirectiveId) request->directive->id) {
        case DIRECTIVE_ManagedOOMSwap:
        case DIRECTIVE_ManagedOOMMemoryPressure:
        case DIRECTIVE_ManagedOOMMemoryPressureLimit:
        case DIRECTIVE_ManagedOOMPreference:
                return build_oomd(builder, request);
        default:
                return build_filtered(builder, request);
        }
}

/* -- filters -- */

/* On cgroup2 systemd (252) leaves its last filter where it is once it has nothing left to filter:
 * so it is given one that lets all pass. */
static int open_devices(Builder *builder) {
        ValueItem items[] = {{.text = (char *) "char-*", .second = (char *) "rwm"},
                             {.text = (char *) "block-*", .second = (char *) "rwm"}};
        ScopeProperty property = {.signature = "a(ss)",
                                  .list = {.items = items, .n = ELEMENTS(items)},
                                  .origin = OP_ORIGIN_NONE};

        return builder->input->host->cgroup_mode == CGROUP_UNIFIED
                       ? scope_property_add(builder, property, "DeviceAllow")
                       : 0;
}

static int open_addresses(Builder *builder) {
        ValueItem any = {.text = (char *) "any"};
        ScopeProperty property = {
                .signature = "a(iayu)", .list = {.items = &any, .n = 1}, .origin = OP_ORIGIN_NONE};

        return builder->input->host->cgroup_mode == CGROUP_V1
                       ? 0
                       : scope_property_add(builder, property, "IPAddressAllow");
}

/* systemd goes on where it cannot filter: the helper looks. Without systemd it filters itself. */
int build_device_filter(Builder *builder) {
        const Spec *spec = builder->spec;

        if (builder->input->backend != BACKEND_SCOPE) {
                return build_device_rules(builder);
        }
        if (spec->device_policy != DEVICE_POLICY_AUTO) {
                return builder_add(builder, OP_DEVICE_FILTER, FROM(builder, DevicePolicy));
        }
        if (spec->device_allow.n > 0) {
                return builder_add(builder, OP_DEVICE_FILTER, FROM(builder, DeviceAllow));
        }
        return builder->change ? open_devices(builder) : 0;
}

/* The same for packets. What asks for most is named. */
int build_address_filter(Builder *builder) {
        static const DirectiveId ids[] = {DIRECTIVE_IPAddressDeny, DIRECTIVE_IPAddressAllow,
                                          DIRECTIVE_IPAccounting};
        const Spec *spec = builder->spec;
        const bool asked[] = {spec->ip_address_deny.n > 0, spec->ip_address_allow.n > 0,
                              spec->ip_accounting};

        if (builder->input->backend != BACKEND_SCOPE) {
                return 0;
        }
        for (size_t i = 0; i < ELEMENTS(ids); i++) {
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
        return builder->change ? open_addresses(builder) : 0;
}
