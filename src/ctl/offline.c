/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/offline.h"

#include "base/log.h"
#include "ctl/names.h"
#include "ctl/report.h"
#include "unit/environment.h"

#include "sbx/exit.h"

#include <unistd.h>

static void unit_forget(Offline *offline) {
        offline->launch = launch_plan_free(offline->launch);
        layer_sources_done(&offline->layers);
        offline->layers = (LayerSources){};
        device_sources_done(&offline->devices);
        offline->unit = unit_free(offline->unit);
        diag_list_done(&offline->diags);
        offline->diags = (DiagList){};
}

int offline_init(Offline *offline, const char *backend_text) {
        int r;

        r = host_facts_probe(&offline->host);
        if (r < 0) {
                return r;
        }
        offline->backend = offline->host.systemd_booted ? BACKEND_SCOPE : BACKEND_DIRECT;
        if (backend_text) {
                int backend = 0;

                while (backend < _BACKEND_MAX &&
                       !streq(backend_name((Backend) backend), backend_text)) {
                        backend++;
                }
                if (backend == _BACKEND_MAX) {
                        log_error("--backend= takes scope or direct, not '%s'.", backend_text);
                        return SBX_EXIT_FAILURE;
                }
                offline->backend = (Backend) backend;
                host_facts_set_scopes(&offline->host, offline->backend == BACKEND_SCOPE);
        }
        return unit_search_system(&offline->search);
}

void offline_done(Offline *offline) {
        unit_forget(offline);
        unit_search_done(&offline->search);
}

static int expand(const Offline *offline, const char *pattern, char ***names) {
        char *const patterns[] = {(char *) pattern, NULL};
        _cleanup_(strv_freep) char **known = NULL;
        int r;

        r = unit_list(&offline->search, &known);
        STRV_FOREACH (name, known) {
                if (r < 0) {
                        break;
                }
                if (name_matches(*name, patterns) && !unit_name_is_template(*name) &&
                    !strv_contains(*names, *name)) {
                        r = strv_append(names, *name);
                }
        }
        return r;
}

int offline_expand(const Offline *offline, char *const *args, char ***ret) {
        _cleanup_(strv_freep) char **names = NULL;

        STRV_FOREACH (arg, args) {
                int r;

                r = !strchr(*arg, '/') && name_is_pattern(*arg) ? expand(offline, *arg, &names)
                                                                : strv_append(&names, *arg);
                if (r < 0) {
                        return r;
                }
        }
        *ret = TAKE(names);
        return 0;
}

int offline_load(Offline *offline, const char *argument) {
        _cleanup_free_ char *name = NULL;
        int r;

        unit_forget(offline);
        if (strchr(argument, '/')) {
                return unit_load_path(&offline->search, argument, &offline->diags, &offline->unit);
        }
        r = unit_name_mangle(argument, &name);
        return r != 0 ? r : unit_load(&offline->search, name, &offline->diags, &offline->unit);
}

/* Who may not read the files is told about the rest all the same. */
static int read_files(Offline *offline, char ***ret) {
        size_t n = offline->diags.n;
        int r = unit_read_environment(&offline->search, offline->unit->spec, &offline->diags, ret);

        for (size_t i = n; r == UNIT_E_INVALID && geteuid() != 0 && i < offline->diags.n; i++) {
                offline->diags.diags[i].severity = DIAG_WARNING;
        }
        return r == UNIT_E_INVALID && geteuid() != 0 ? 0 : r;
}

int offline_plan(Offline *offline) {
        PlanInput input = {
                .unit_name = offline->unit->name,
                .spec = offline->unit->spec,
                .layers = &offline->layers,
                .devices = &offline->devices,
                .host = &offline->host,
                .backend = offline->backend,
        };
        _cleanup_(strv_freep) char **files = NULL;
        int r;

        r = unit_resolve_layers(&offline->search, offline->unit, &offline->diags, &offline->layers);
        if (r == 0) {
                r = unit_resolve_devices(offline->unit->spec, NULL, &offline->diags,
                                         &offline->devices);
        }
        if (r != 0) {
                return r;
        }
        r = read_files(offline, &files);
        if (r != 0) {
                return r;
        }
        input.variables.files = files;
        r = launch_plan_build(&input, &offline->diags, &offline->launch);
        return r > 0 ? UNIT_E_INVALID : r;
}

int offline_report(Offline *offline, const char *what, const char *argument, int outcome) {
        _cleanup_free_ char *where = NULL;
        int r;

        switch (outcome) {
        case UNIT_E_BAD_NAME:
                log_error(
                        "'%s' is no name of a sandbox: letters, digits and ':_.@-' alone, 'web' or "
                        "'web.sandbox'. A file is given by a path with a slash.",
                        argument);
                return SBX_EXIT_FAILURE;
        case UNIT_E_NOT_FOUND:
                if (strchr(argument, '/')) {
                        log_error("There is no file %s.", argument);
                        return SBX_EXIT_NO_SUCH_UNIT;
                }
                where = strv_join(offline->search.directories, ", ");
                log_error("There is no unit %s%s in %s.", argument,
                          endswith(argument, ".sandbox") ? "" : ".sandbox",
                          where ? where : "the search path");
                return SBX_EXIT_NO_SUCH_UNIT;
        case UNIT_E_MASKED:
                log_error("%s is masked: its file is a link to /dev/null.", argument);
                return SBX_EXIT_FAILURE;
        default:
                diag_list_sort(&offline->diags);
                r = report_diags(&offline->diags);
                log_error("Failed to %s %s.", what, argument);
                return r < 0 ? r : SBX_EXIT_FAILURE;
        }
}
