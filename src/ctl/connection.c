/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/connection.h"

#include "base/host.h"
#include "base/log.h"
#include "base/str.h"

#include <unistd.h>

static int report_not_running(const Ctl *ctl) {
        HostFacts host = {};

        if (ctl->options.host) {
                log_error("sbxd is not running on %s.", ctl->options.host);
                log_info("Start it there with: systemctl -H %s start sbxd", ctl->options.host);
                return -ENOTCONN;
        }
        log_error("sbxd is not running.");
        if (host_facts_probe(&host) == 0 && host.systemd_booted) {
                log_error("Start it with: systemctl start sbxd");
        } else {
                log_error("There is no systemd here; start it as root with: sbxd &");
        }
        return -ENOTCONN;
}

static int open_address(const char *address, sd_bus **ret) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        if (*address == '/') {
                r = str_append(&text, "unix:path=");
                for (const char *p = address; r == 0 && *p; p++) {
                        /* ',' ';' '%' and what is not printable have a meaning in bus addresses */
                        r = strchr(",;%:=", *p) || (unsigned char) *p <= ' ' ||
                                            (unsigned char) *p > '~'
                                    ? str_appendf(&text, "%%%02x", (unsigned char) *p)
                                    : str_append_char(&text, *p);
                }
        } else {
                r = str_append(&text, address);
        }
        if (r < 0) {
                return r;
        }
        r = sd_bus_new(&bus);
        if (r >= 0) {
                r = sd_bus_set_address(bus, str_text(&text));
        }
        if (r >= 0) {
                r = sd_bus_negotiate_fds(bus, true);
        }
        if (r >= 0) {
                r = sd_bus_start(bus);
        }
        if (r < 0) {
                return r;
        }
        *ret = TAKE(bus);
        return 0;
}

static bool means_not_running(int fault) {
        return fault == -ENOENT || fault == -ECONNREFUSED || fault == -ENOTCONN ||
               fault == -ECONNRESET;
}

/* The library runs ssh(1), which asks for passwords and tells of failures by itself, and on the
 * other side systemd-stdio-bridge(1). */
static int open_remote(Ctl *ctl) {
        const char *host = ctl->options.host;
        int r;

        if (*host == '\0' || *host == '-') {
                log_error("-H takes USER@HOST or HOST, not '%s'.", host);
                return -EINVAL;
        }
        r = sd_bus_open_system_remote(&ctl->bus, host);
        if (r >= 0) {
                /* to be told here and now, not at the first call */
                const char *name;

                r = sd_bus_get_unique_name(ctl->bus, &name);
        }
        if (r < 0) {
                log_error("Failed to reach the system bus of %s over ssh: %s", host,
                          strerrordesc_np(-r));
                log_info("Try 'ssh %s systemd-stdio-bridge': it must connect, and stay silent.",
                         host);
        }
        return r < 0 ? r : 0;
}

int ctl_connect(Ctl *ctl) {
        const char *asked, *address;
        int r;

        assert(ctl);

        if (ctl->bus) {
                return 0;
        }
        if (ctl->options.host && ctl->options.address) {
                log_error("--host= and --address= exclude each other.");
                return -EINVAL;
        }
        if (ctl->options.host) {
                return open_remote(ctl);
        }
        asked = ctl->options.address ? ctl->options.address : secure_getenv("SBX_PRIVATE_SOCKET");
        address = asked ? asked : SBX_PRIVATE_SOCKET;
        if (asked || geteuid() == 0) {
                r = open_address(address, &ctl->bus);
                if (r == 0) {
                        ctl->private_bus = true;
                        return 0;
                }
                if (asked && means_not_running(r)) {
                        log_error("Nobody answers at %s.", address);
                        return report_not_running(ctl);
                }
                if (asked || !means_not_running(r)) {
                        return log_fault(r, "Failed to connect to sbxd at %s: %m", address);
                }
        }
        r = sd_bus_open_system(&ctl->bus);
        if (r < 0 && means_not_running(r) && geteuid() != 0) {
                log_error("There is no system bus here, by which others than root reach sbxd.");
                log_info("Try sudo, or install and start dbus.");
                return -ENOTCONN;
        }
        if (r < 0 && means_not_running(r)) {
                return report_not_running(ctl);
        }
        if (r < 0) {
                return log_fault(r, "Failed to connect to the system bus: %m");
        }
        return 0;
}

const char *ctl_sender(const Ctl *ctl) {
        return ctl->private_bus ? NULL : SBX_BUS_NAME;
}

int ctl_call(Ctl *ctl, const char *method, sd_bus_error *error, sd_bus_message **ret_reply,
             const char *types, ...) {
        va_list args;
        int r;

        va_start(args, types);
        r = sd_bus_call_methodv(ctl->bus, SBX_BUS_NAME, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER,
                                method, error, ret_reply, types, args);
        va_end(args);
        return r < 0 ? r : 0;
}

int ctl_tell(Ctl *ctl, const char *method, const char *name) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        int r;

        r = sd_bus_message_new_method_call(ctl->bus, &message, SBX_BUS_NAME, SBX_OBJECT_PATH,
                                           SBX_INTERFACE_MANAGER, method);
        if (r >= 0 && name) {
                r = sd_bus_message_append(message, "s", name);
        }
        if (r >= 0) {
                r = sd_bus_message_set_expect_reply(message, false);
        }
        return r < 0 ? r : sd_bus_send(ctl->bus, message, NULL);
}

int ctl_report(const Ctl *ctl, const char *what, const sd_bus_error *error, int fault) {
        const char *message;

        if (sd_bus_error_has_names(error, SD_BUS_ERROR_SERVICE_UNKNOWN,
                                   SD_BUS_ERROR_NAME_HAS_NO_OWNER, SD_BUS_ERROR_NO_SERVER)) {
                (void) report_not_running(ctl);
                return SBX_EXIT_FAILURE;
        }
        if (sd_bus_error_has_names(error, SD_BUS_ERROR_DISCONNECTED) || fault == -ECONNRESET ||
            fault == -ENOTCONN) {
                log_error("Failed to %s: the connection to sbxd broke. Sandboxes run on without "
                          "it; see "
                          "its log.",
                          what);
                return SBX_EXIT_FAILURE;
        }
        if (sd_bus_error_has_names(error, SD_BUS_ERROR_ACCESS_DENIED,
                                   SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED)) {
                /* the bus daemon's own refusal tells of rules and matches, which helps nobody */
                message = error->message && !startswith(error->message, "Rejected send")
                                  ? error->message
                                  : "Only root may do this.";
                log_error("Failed to %s: %s", what, message);
                if (geteuid() != 0) {
                        log_info("Looking is open to all; for changes try sudo.");
                }
                return SBX_EXIT_FAILURE;
        }
        message = error->message && *error->message ? error->message
                                                    : strerrordesc_np(fault < 0 ? -fault : fault);
        log_error("Failed to %s: %s", what, message ? message : "unknown error");
        if (sd_bus_error_has_name(error, SBX_ERROR_NO_SUCH_UNIT)) {
                log_info("'sbxctl list-unit-files' shows what there is.");
                return SBX_EXIT_NO_SUCH_UNIT;
        }
        if (sd_bus_error_has_name(error, SBX_ERROR_NOT_ACTIVE)) {
                return SBX_EXIT_NOT_ACTIVE;
        }
        return SBX_EXIT_FAILURE;
}
