/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.sbx1.Manager: the methods that change what runs. */

#include "base/str.h"
#include "bus/errors.h"
#include "manager/freezer.h"
#include "manager/manager.h"
#include "manager/objects.h"
#include "manager/set-property.h"
#include "manager/transient.h"

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

static int read_assignments(sd_bus_message *message, char ***ret) {
        int r;

        r = sd_bus_message_enter_container(message, 'a', "(sv)");
        while (r >= 0) {
                const char *name;

                r = sd_bus_message_enter_container(message, 'r', "sv");
                if (r <= 0) {
                        break;
                }
                r = sd_bus_message_read(message, "s", &name);
                if (r >= 0) {
                        r = transient_read_directive(message, name, ret);
                }
                if (r >= 0) {
                        r = sd_bus_message_exit_container(message);
                }
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

int bus_set_unit_properties(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **assignments = NULL;
        const char *name;
        Sandbox *sandbox;
        int runtime, r;

        r = sd_bus_message_read(message, "sb", &name, &runtime);
        if (r >= 0) {
                r = bus_authorise(message, reterr);
        }
        if (r < 0) {
                return r;
        }
        r = read_assignments(message, &assignments);
        if (r < 0) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "The value of a directive is its text as in a unit file "
                                        "('s'), or several ('as').");
        }
        r = bus_find_or_load(userdata, name, &sandbox, reterr);
        if (r < 0) {
                return r;
        }
        if (sandbox->load_state != LOAD_LOADED || !sandbox->unit || !sandbox->unit->spec) {
                return bus_error_bad_unit(sandbox, reterr);
        }
        return property_change(sandbox, runtime != 0, assignments, message, reterr);
}
