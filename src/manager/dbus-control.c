/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.sbx1.Manager: the methods that change what runs. */

#include "bus/errors.h"
#include "manager/freezer.h"
#include "manager/manager.h"
#include "manager/objects.h"

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
