/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "plan/limits.h"

int scope_property_add(Builder *builder, ScopeProperty property, const char *name) {
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

int scope_property_set_list(Builder *builder, ScopeProperty property, const char *name) {
        const ScopeProperty empty = {.signature = property.signature,
                                     .origin = property.origin,
                                     .place = property.place};
        int r = 0;

        if (builder->change && property.list.n > 0) {
                r = scope_property_add(builder, empty, name);
        }
        if (r < 0) {
                strv_free(property.expected);
                return r;
        }
        return scope_property_add(builder, property, name);
}

static int add_text(Builder *builder, uint16_t origin, Place place, const char *name,
                    const char *text) {
        return scope_property_add(
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
                return scope_property_add(builder, property, "Delegate");
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
        return scope_property_add(builder, property, "DelegateControllers");
}

int build_scope(Builder *builder) {
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
