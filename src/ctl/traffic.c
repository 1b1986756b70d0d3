/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/traffic.h"

#include "ctl/property.h"

#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_UNITS "/org/freedesktop/systemd1/unit"
#define SYSTEMD_SCOPE "org.freedesktop.systemd1.Scope"

int traffic_add(Ctl *ctl, json_object *properties) {
        static const char *const names[] = {"IPIngressBytes", "IPEgressBytes"};
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *system = NULL;
        const char *scope = property_text(properties, "Scope");
        _cleanup_free_ char *path = NULL;
        sd_bus *bus = ctl->bus;
        int r = 0;

        if (!property_flag(properties, "IPAccounting") || *scope == '\0' ||
            (ctl->private_bus && sd_bus_open_system(&system) < 0)) {
                return 0;
        }
        if (sd_bus_path_encode(SYSTEMD_UNITS, scope, &path) < 0) {
                return -ENOMEM;
        }
        bus = system ? system : bus;
        for (size_t i = 0; i < ELEMENTS(names) && r == 0; i++) {
                uint64_t number;

                if (sd_bus_get_property_trivial(bus, SYSTEMD_NAME, path, SYSTEMD_SCOPE, names[i],
                                                NULL, 't', &number) < 0) {
                        return 0;
                }
                r = json_set(properties, names[i], json_object_new_uint64(number));
        }
        return r;
}
