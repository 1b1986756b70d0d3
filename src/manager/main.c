/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sbxd: loads units, drives sandboxes, serves org.sbx1. */

#include "base/fd.h"
#include "base/log.h"
#include "base/parse.h"
#include "bus/errors.h"
#include "manager/journal.h"
#include "manager/manager.h"
#include "manager/objects.h"

#include <getopt.h>
#include <stdio.h>

typedef struct Arguments {
        ManagerOptions manager;
        const char *introspect; /* an object's path; "" is all of them */
        bool done;              /* --help, --version */
} Arguments;

static int print_help(void) {
        return printf("sbxd [OPTIONS]\n\n"
                      "Runs sandboxes from unit files. See sbxctl(1) for the way to talk to it.\n\n"
                      "  --system                  accepted: it is the default and only mode\n"
                      "  --backend=auto|scope|direct\n"
                      "                            scopes of systemd, or cgroups made by "
                      "sbx-helper\n"
                      "  --runtime-dir=DIRECTORY   state, sockets, logs "
                      "(default: " MANAGER_RUNTIME_DIRECTORY ")\n"
                      "  --unit-path=DIR[:DIR]     where units are looked up instead\n"
                      "  --layer-path=DIR[:DIR]    where layers are looked up instead\n"
                      "  --helper=/PATH            sbx-helper, where systemd does not start it\n"
                      "  --relay=/PATH             sbx-relay, passed on to the helper\n"
                      "  --helper-socket=PATH      connect there and start nothing\n"
                      "  --bus-address=ADDRESS     instead of the system bus\n"
                      "  --scope-timeout=TIME      how long systemd may take (default: 25s)\n"
                      "  --client-limits=NAME=N[,NAME=N]\n"
                      "                            what one client may have: calls a second, "
                      "jobs,\n"
                      "                            transients, execs\n"
                      "  --log-level=LEVEL         debug, info, notice, warning, err\n"
                      "  --introspect[=PATH]       print what is served on the bus, as XML\n"
                      "  --help, --version\n") < 0
                       ? -EIO
                       : 0;
}

enum {
        OPTION_BACKEND = 256,
        OPTION_RUNTIME_DIR,
        OPTION_UNIT_PATH,
        OPTION_LAYER_PATH,
        OPTION_HELPER,
        OPTION_RELAY,
        OPTION_HELPER_SOCKET,
        OPTION_BUS_ADDRESS,
        OPTION_SCOPE_TIMEOUT,
        OPTION_CLIENT_LIMITS,
        OPTION_LOG_LEVEL,
        OPTION_INTROSPECT,
        OPTION_SYSTEM,
        OPTION_HELP,
        OPTION_VERSION,
};

static const struct option options[] = {
        {"backend", required_argument, NULL, OPTION_BACKEND},
        {"runtime-dir", required_argument, NULL, OPTION_RUNTIME_DIR},
        {"unit-path", required_argument, NULL, OPTION_UNIT_PATH},
        {"layer-path", required_argument, NULL, OPTION_LAYER_PATH},
        {"helper", required_argument, NULL, OPTION_HELPER},
        {"relay", required_argument, NULL, OPTION_RELAY},
        {"helper-socket", required_argument, NULL, OPTION_HELPER_SOCKET},
        {"bus-address", required_argument, NULL, OPTION_BUS_ADDRESS},
        {"scope-timeout", required_argument, NULL, OPTION_SCOPE_TIMEOUT},
        {"client-limits", required_argument, NULL, OPTION_CLIENT_LIMITS},
        {"log-level", required_argument, NULL, OPTION_LOG_LEVEL},
        {"introspect", optional_argument, NULL, OPTION_INTROSPECT},
        {"system", no_argument, NULL, OPTION_SYSTEM},
        {"help", no_argument, NULL, OPTION_HELP},
        {"version", no_argument, NULL, OPTION_VERSION},
        {},
};

/* The options whose value is kept as it is. */
static char **option_text(ManagerOptions *manager, int option) {
        switch (option) {
        case OPTION_RUNTIME_DIR:
                return &manager->runtime_directory;
        case OPTION_UNIT_PATH:
                return &manager->unit_path;
        case OPTION_LAYER_PATH:
                return &manager->layer_path;
        case OPTION_HELPER:
                return &manager->helper;
        case OPTION_RELAY:
                return &manager->relay;
        case OPTION_HELPER_SOCKET:
                return &manager->helper_socket;
        case OPTION_BUS_ADDRESS:
                return &manager->bus_address;
        default:
                return NULL;
        }
}

static int parse_backend(const char *text, int *ret) {
        if (streq(text, "auto")) {
                *ret = -1;
                return 0;
        }
        for (int i = 0; i < _BACKEND_MAX; i++) {
                if (streq(text, backend_name((Backend) i))) {
                        *ret = i;
                        return 0;
                }
        }
        return -EINVAL;
}

static int parse_option(int option, const char *value, Arguments *ret) {
        char **text = option_text(&ret->manager, option);
        int level, r;

        if (text) {
                if ((option == OPTION_HELPER || option == OPTION_RELAY) && value[0] != '/') {
                        return -EINVAL; /* the helper is started in / and takes no other */
                }
                free(*text);
                *text = strdup(value);
                return *text ? 0 : -ENOMEM;
        }
        switch (option) {
        case OPTION_BACKEND:
                return parse_backend(value, &ret->manager.backend);
        case OPTION_SCOPE_TIMEOUT:
                return parse_timespan(value, &ret->manager.scope_timeout_usec);
        case OPTION_CLIENT_LIMITS:
                return client_limits_parse(value, &ret->manager.client_limits);
        case OPTION_LOG_LEVEL:
                r = log_level_parse(value, &level);
                if (r == 0) {
                        log_set_level(level);
                }
                return r;
        case OPTION_INTROSPECT:
                ret->introspect = value ? value : "";
                return 0;
        case OPTION_SYSTEM:
                return 0;
        case OPTION_VERSION:
                ret->done = true;
                return printf("sbxd %s\n", SBX_VERSION) < 0 ? -EIO : 0;
        case OPTION_HELP:
                ret->done = true;
                return print_help();
        default:
                return -EINVAL;
        }
}

static int parse_arguments(int argc, char **argv, Arguments *ret) {
        int option, r;

        ret->manager.runtime_directory = strdup(MANAGER_RUNTIME_DIRECTORY);
        ret->manager.helper = strdup(SBX_LIBEXECDIR "/sbx-helper");
        if (!ret->manager.runtime_directory || !ret->manager.helper) {
                return -ENOMEM;
        }
        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                if (option == '?') {
                        return -EINVAL; /* getopt has said which */
                }
                r = parse_option(option, optarg, ret);
                if (r < 0) {
                        return log_fault(r, "Bad option --%s=%s: %m; see sbxd --help",
                                         options[option - OPTION_BACKEND].name,
                                         optarg ? optarg : "");
                }
        }
        if (optind < argc) {
                log_error("sbxd takes no arguments; see sbxd --help");
                return -EINVAL;
        }
        return 0;
}

static int introspect_one(const char *path) {
        _cleanup_(str_done) Str document = STR_INIT;
        int r;

        r = objects_introspect(path, &document);
        if (r < 0) {
                return log_fault(r, "Failed to introspect %s: %m", path);
        }
        return printf("%s", str_text(&document)) < 0 ? -EIO : 0;
}

static int introspect(const char *path) {
        int r = 0;

        if (path[0] != '\0') {
                return introspect_one(path);
        }
        for (size_t i = 0; i < n_bus_objects && r == 0; i++) {
                if (i == 0 || !streq(bus_objects[i].path, bus_objects[i - 1].path)) {
                        r = introspect_one(bus_objects[i].path);
                }
        }
        return r;
}

static int run(ManagerOptions *manager_options) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        int r;

        journal_set_target(journal_target_default());
        fd_limit_raise();
        r = bus_errors_register();
        if (r < 0) {
                return log_fault(r, "Failed to register the errors of org.sbx1: %m");
        }
        r = manager_new(manager_options, &manager);
        return r < 0 ? r : manager_run(manager);
}

int main(int argc, char **argv) {
        Arguments arguments = {.manager = {.backend = -1,
                                           .scope_timeout_usec = SCOPE_JOB_TIMEOUT_USEC,
                                           .client_limits = CLIENT_LIMITS_DEFAULT}};
        int r;

        r = parse_arguments(argc, argv, &arguments);
        if (r == 0 && !arguments.done) {
                r = arguments.introspect ? introspect(arguments.introspect)
                                         : run(&arguments.manager);
        }
        manager_options_done(&arguments.manager);
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
