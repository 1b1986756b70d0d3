/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connection.h"

int verb_daemon_reload(Ctl *ctl, char **args) {
        sd_bus_error error __attribute__((cleanup(sd_bus_error_free))) = SD_BUS_ERROR_NULL;
        int r;

        if (ctl_connect(ctl) < 0) {
                return SBX_EXIT_FAILURE;
        }
        r = ctl_call(ctl, "Reload", &error, NULL, NULL);
        return r < 0 ? ctl_report(ctl, "reload the unit files", &error, r) : SBX_EXIT_OK;
}
