/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.freedesktop.LogControl1(5), for `systemctl service-log-level sbxd.service debug`. */

#include "base/log.h"
#include "bus/errors.h"
#include "manager/journal.h"
#include "manager/objects.h"

#define GETTER(name)                                                                 \
        static int name(sd_bus *bus, const char *path, const char *interface,        \
                        const char *property, sd_bus_message *reply, void *userdata, \
                        sd_bus_error *reterr)
#define SETTER(name)                                                                 \
        static int name(sd_bus *bus, const char *path, const char *interface,        \
                        const char *property, sd_bus_message *value, void *userdata, \
                        sd_bus_error *reterr)

GETTER(get_level) {
        return sd_bus_message_append(reply, "s", log_level_name(log_level()));
}

/* The message with the value is the call itself: whoever sent it is asked for. */
static int read_text(sd_bus_message *value, const char **ret, sd_bus_error *reterr) {
        int r = bus_authorise(value, reterr);

        return r < 0 ? r : sd_bus_message_read(value, "s", ret);
}

SETTER(set_level) {
        const char *text;
        int level, r;

        r = read_text(value, &text, reterr);
        if (r < 0) {
                return r;
        }
        if (log_level_parse(text, &level) < 0) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "The log levels are emerg, alert, crit, err, warning, "
                                        "notice, info and debug.");
        }
        log_set_level(level);
        log_notice("The log level is now \"%s\".", log_level_name(level));
        return 0;
}

GETTER(get_target) {
        return sd_bus_message_append(reply, "s", log_target_name(journal_target()));
}

SETTER(set_target) {
        const char *text;
        int target, r;

        r = read_text(value, &text, reterr);
        if (r < 0) {
                return r;
        }
        target = streq(text, "auto") ? (int) journal_target_default() : log_target_parse(text);
        if (target < 0) {
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                        "The log targets are auto, console, journal and null.");
        }
        journal_set_target((LogTarget) target);
        return 0;
}

GETTER(get_identifier) {
        return sd_bus_message_append(reply, "s", JOURNAL_IDENTIFIER);
}

/* sd-bus itself would look into /proc for whether a writer has capabilities: read_text() asks who
 * it is. */
/* clang-format off */
const sd_bus_vtable bus_log_control_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_level, set_level, 0, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_target, set_target, 0, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("SyslogIdentifier", "s", get_identifier, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
