/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/errors.h"

#include "sbx/bus.h"

/* systemd uses the same numbers where it has the same error. */
const sd_bus_error_map bus_error_map[] = {
        SD_BUS_ERROR_MAP(SBX_ERROR_NO_SUCH_UNIT, ENOENT),
        SD_BUS_ERROR_MAP(SBX_ERROR_NO_SUCH_JOB, ESRCH),
        SD_BUS_ERROR_MAP(SBX_ERROR_BAD_UNIT_SETTING, ENOEXEC),
        SD_BUS_ERROR_MAP(SBX_ERROR_UNIT_MASKED, ERFKILL),
        SD_BUS_ERROR_MAP(SBX_ERROR_UNIT_EXISTS, EEXIST),
        SD_BUS_ERROR_MAP(SBX_ERROR_NOT_ACTIVE, ECHILD),
        SD_BUS_ERROR_MAP(SBX_ERROR_INVALID_NAME, EINVAL),
        SD_BUS_ERROR_MAP(SBX_ERROR_UNSUPPORTED, EOPNOTSUPP),
        SD_BUS_ERROR_MAP(SBX_ERROR_EXEC_FAILED, ECANCELED),
        SD_BUS_ERROR_MAP(SBX_ERROR_EXEC_NOT_FOUND, ENOTDIR),
        SD_BUS_ERROR_MAP(SBX_ERROR_EXEC_NOT_EXECUTABLE, ELIBBAD),
        SD_BUS_ERROR_MAP(SBX_ERROR_HELPER_GONE, EHOSTDOWN),
        SD_BUS_ERROR_MAP(SBX_ERROR_FROZEN, EDEADLK),
        SD_BUS_ERROR_MAP(SBX_ERROR_LIMITS_EXCEEDED, EDQUOT),
        SD_BUS_ERROR_MAP_END,
};

int bus_errors_register(void) {
        int r = sd_bus_error_add_map(bus_error_map);

        return r < 0 ? r : 0;
}

int bus_authorise(sd_bus_message *message, sd_bus_error *reterr) {
        _cleanup_(sd_bus_creds_unrefp) sd_bus_creds *creds = NULL;
        uid_t euid;
        int r;

        assert(message);

        r = sd_bus_query_sender_creds(message, SD_BUS_CREDS_EUID, &creds);
        if (r >= 0) {
                r = sd_bus_creds_get_euid(creds, &euid);
        }
        if (r < 0) {
                /* Whoever cannot be named is not root: an error here must never let a caller in. */
                return sd_bus_error_set_const(reterr, SD_BUS_ERROR_ACCESS_DENIED,
                                              "The caller's identity could not be determined.");
        }
        if (euid != 0) {
                return sd_bus_error_set_const(reterr, SD_BUS_ERROR_ACCESS_DENIED,
                                              "Only root may do this.");
        }
        return 0;
}
