/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.sbx1.Manager: the methods that change what runs. */

#include "base/str.h"
#include "bus/errors.h"
#include "manager/bodies.h"
#include "manager/effective.h"
#include "manager/freezer.h"
#include "manager/manager.h"
#include "manager/objects.h"
#include "manager/set-property.h"

static int read_freezer(sd_bus_message *message, Manager *manager, bool freeze,
                        sd_bus_error *reterr) {
        const char *name;
        Sandbox *sandbox;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0) {
                r = bus_authorise(message, reterr);
        }
        if (r >= 0) {
                r = bus_find_or_load(manager, name, &sandbox, reterr);
        }
        return r < 0 ? r : freezer_request(sandbox, freeze, message, reterr);
}

int bus_freeze_unit(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return read_freezer(message, userdata, true, reterr);
}

int bus_thaw_unit(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return read_freezer(message, userdata, false, reterr);
}

int bus_freeze(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        int r = bus_authorise(message, reterr);

        return r < 0 ? r : freezer_request(userdata, true, message, reterr);
}

int bus_thaw(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        int r = bus_authorise(message, reterr);

        return r < 0 ? r : freezer_request(userdata, false, message, reterr);
}

/* -- SetUnitProperties() -- */

int bus_set_unit_properties(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(change_body_done) ChangeBody body = {};
        Sandbox *sandbox;
        int r;

        r = bus_authorise(message, reterr);
        if (r < 0) {
                return r;
        }
        r = change_body_read(message, &body);
        if (r < 0) {
                return body_error(r, reterr);
        }
        r = bus_find_or_load(userdata, body.name, &sandbox, reterr);
        if (r < 0) {
                return r;
        }
        if (sandbox->load_state != LOAD_LOADED || !sandbox->unit || !sandbox->unit->spec) {
                return bus_error_bad_unit(sandbox, reterr);
        }
        return property_change(sandbox, body.runtime, body.assignments, message, reterr);
}

/* -- GetEffectiveLimits() -- */

static const char *or_empty(const char *text) {
        return text ? text : "";
}

static int append_effective(sd_bus_message *reply, const EffectiveLimit *row) {
        return sd_bus_message_append(reply, "(ssssss)", row->directive->name, or_empty(row->device),
                                     or_empty(row->set), or_empty(row->in_force),
                                     or_empty(row->capped_by), or_empty(row->cap));
}

int bus_get_effective_limits(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(effective_limits_done) EffectiveLimits limits = {};
        const char *name;
        Sandbox *sandbox;
        int r;

        r = sd_bus_message_read(message, "s", &name);
        if (r >= 0) {
                r = bus_find_or_load(userdata, name, &sandbox, reterr);
        }
        if (r >= 0) {
                r = effective_limits_read(sandbox, &limits);
        }
        if (r >= 0) {
                r = sd_bus_message_new_method_return(message, &reply);
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(reply, 'a', "(ssssss)");
        }
        for (size_t i = 0; i < limits.n && r >= 0; i++) {
                r = append_effective(reply, &limits.rows[i]);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}
