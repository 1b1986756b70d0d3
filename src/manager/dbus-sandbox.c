/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.sbx1.Sandbox: the properties that are not directives. Names and meanings are those of
 * org.freedesktop.systemd1(5) where it has them. */

#include "bus/errors.h"
#include "manager/enabled.h"
#include "manager/freezer.h"
#include "manager/job.h"
#include "manager/manager.h"
#include "manager/objects.h"
#include "manager/stats.h"
#include "sbx/bus.h"
#include "unit/unit.h"

#include <fcntl.h>
#include <unistd.h>

#define GETTER(name)                                                                 \
        static int name(sd_bus *bus, const char *path, const char *interface,        \
                        const char *property, sd_bus_message *reply, void *userdata, \
                        sd_bus_error *reterr)

/* -- by kind of member -- */

GETTER(get_text) {
        char *const *text = userdata; /* a char * member; NULL is "" */

        return sd_bus_message_append(reply, "s", *text ? *text : "");
}

GETTER(get_pid) {
        return sd_bus_message_append(reply, "u", (uint32_t) * (const pid_t *) userdata);
}

GETTER(get_int) {
        return sd_bus_message_append(reply, "i", (int32_t) * (const int *) userdata);
}

GETTER(get_flag) {
        return sd_bus_message_append(reply, "b", *(const bool *) userdata ? 1 : 0);
}

GETTER(get_strings) {
        return sd_bus_message_append_strv(reply, *(char ***) userdata);
}

/* -- of the whole object -- */

GETTER(get_load_state) {
        const Sandbox *sandbox = userdata;

        return sd_bus_message_append(reply, "s", load_state_name(sandbox->load_state));
}

GETTER(get_active_state) {
        return sd_bus_message_append(reply, "s", sandbox_active_name(userdata));
}

GETTER(get_sub_state) {
        return sd_bus_message_append(reply, "s", sandbox_sub_name(userdata));
}

GETTER(get_freezer_state) {
        return sd_bus_message_append(reply, "s", freezer_state_name(userdata));
}

GETTER(get_can_freeze) {
        const Sandbox *sandbox = userdata;
        CgroupMode mode = sandbox->manager->host.cgroup_mode;

        return sd_bus_message_append(reply, "b", mode == CGROUP_HYBRID || mode == CGROUP_UNIFIED);
}

GETTER(get_result) {
        const Sandbox *sandbox = userdata;

        return sd_bus_message_append(reply, "s", result_name(sandbox->result));
}

GETTER(get_invocation_id) {
        const Sandbox *sandbox = userdata;

        if (sandbox->run.id_text[0] == '\0') {
                return sd_bus_message_append_array(reply, 'y', NULL, 0);
        }
        return sd_bus_message_append_array(reply, 'y', sandbox->run.id.bytes,
                                           sizeof(sandbox->run.id.bytes));
}

GETTER(get_memory) {
        return sd_bus_message_append(reply, "t", stats_read(userdata, STATS_MEMORY));
}

GETTER(get_tasks) {
        return sd_bus_message_append(reply, "t", stats_read(userdata, STATS_TASKS));
}

GETTER(get_cpu) {
        return sd_bus_message_append(reply, "t", stats_read(userdata, STATS_CPU));
}

GETTER(get_io_read) {
        return sd_bus_message_append(reply, "t", stats_read(userdata, STATS_IO_READ));
}

GETTER(get_io_write) {
        return sd_bus_message_append(reply, "t", stats_read(userdata, STATS_IO_WRITE));
}

GETTER(get_control_group) {
        _cleanup_free_ char *cgroup = stats_cgroup(userdata);

        return sd_bus_message_append(reply, "s", cgroup ? cgroup : "");
}

GETTER(get_scope) {
        const Sandbox *sandbox = userdata;
        bool there = sandbox->run.scope_asked && sandbox_is_live(sandbox);

        return sd_bus_message_append(reply, "s", there ? sandbox->scope_name : "");
}

GETTER(get_fragment_path) {
        const Sandbox *sandbox = userdata;
        const char *fragment = sandbox->unit ? sandbox->unit->fragment_path : NULL;

        return sd_bus_message_append(reply, "s", fragment ? fragment : "");
}

GETTER(get_drop_in_paths) {
        const Sandbox *sandbox = userdata;

        return sd_bus_message_append_strv(reply,
                                          sandbox->unit ? sandbox->unit->drop_in_paths : NULL);
}

GETTER(get_unit_file_state) {
        const Sandbox *sandbox = userdata;
        const char *state;

        if (sandbox->transient) {
                state = "transient";
        } else if (sandbox->load_state == LOAD_MASKED) {
                state = "masked";
        } else if (!sandbox->unit || !sandbox->unit->fragment_path) {
                state = "";
        } else {
                state = enabled_state(sandbox->name, sandbox_definition(sandbox));
        }
        return sd_bus_message_append(reply, "s", state);
}

GETTER(get_need_daemon_reload) {
        const Sandbox *sandbox = userdata;
        bool needed = sandbox->unit && !sandbox->transient &&
                      unit_needs_reload(&sandbox->manager->search, sandbox->unit);

        return sd_bus_message_append(reply, "b", needed ? 1 : 0);
}

GETTER(get_load_diagnostics) {
        const Sandbox *sandbox = userdata;
        _cleanup_(strv_freep) char **lines = NULL;

        for (size_t i = 0; i < sandbox->diags.n; i++) {
                _cleanup_(str_done) Str line = STR_INIT;
                int r;

                r = diag_format(&sandbox->diags.diags[i], &line);
                if (r == 0) {
                        r = strv_append(&lines, str_text(&line));
                }
                if (r < 0) {
                        return r;
                }
        }
        return sd_bus_message_append_strv(reply, lines);
}

GETTER(get_timeline) {
        const Timeline *timeline = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(st)");
        for (unsigned i = 0; i < _TIMELINE_MAX && r >= 0; i++) {
                if (timeline->usec[i] > 0) {
                        r = sd_bus_message_append(reply, "(st)",
                                                  timeline_phase_name((TimelinePhase) i),
                                                  timeline->usec[i]);
                }
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* Target=, or the port of Listen=, as the planner takes it. */
static const char *port_goes_to(const PortSpec *port) {
        const char *colon;

        if (port->target || !port->listen || port->listen[0] == '/') {
                return port->target ? port->target : "";
        }
        colon = strrchr(port->listen, ':');
        return colon ? colon + 1 : port->listen;
}

GETTER(get_ports) {
        const Spec *spec = sandbox_spec(userdata);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sss)");
        for (size_t i = 0; i < spec->n_ports && r >= 0; i++) {
                const PortSpec *port = &spec->ports[i];

                r = sd_bus_message_append(reply, "(sss)", port->name,
                                          port->listen ? port->listen : "", port_goes_to(port));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

GETTER(get_failed_step) {
        const Sandbox *sandbox = userdata;
        const char *name =
                sandbox->run.failed_step >= 0 ? step_name(sandbox->run.failed_step) : NULL;

        return sd_bus_message_append(reply, "s", name ? name : "");
}

GETTER(get_failed_directive) {
        const Sandbox *sandbox = userdata;
        uint16_t id = sandbox->run.failed_directive;

        return sd_bus_message_append(reply, "s",
                                     id < _DIRECTIVE_MAX ? directive_table[id].name : "");
}

static int append_place(sd_bus_message *reply, const char *name, const Place *place) {
        _cleanup_(str_done) Str text = STR_INIT;
        int r;

        if (!place->file) {
                return 0;
        }
        /* a path need not be UTF-8, a text on the bus must */
        r = str_append_escaped(&text, place->file, strlen(place->file));
        if (r == 0 && place->line > 0) {
                r = str_appendf(&text, ":%u:%u", place->line, place->column);
        }
        return r < 0 ? r : sd_bus_message_append(reply, "{ss}", name, str_text(&text));
}

/* Where each directive that is not a default was set; those of records are with their record. */
GETTER(get_directive_places) {
        const Spec *spec = sandbox_definition(userdata);
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{ss}");
        for (size_t i = 0; i < _DIRECTIVE_MAX && r >= 0; i++) {
                if (!directive_table[i].record) {
                        r = append_place(reply, directive_table[i].name, &spec->places[i]);
                }
        }
        for (size_t i = 0; i < spec->n_ports && r >= 0; i++) {
                _cleanup_free_ char *name = strf("Port:%s", spec->ports[i].name);

                r = name ? append_place(reply, name, &spec->ports[i].place) : -ENOMEM;
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* -- methods: what Manager has by name -- */

static int request_job(sd_bus_message *message, Sandbox *sandbox, JobKind kind,
                       sd_bus_error *reterr) {
        const char *text;
        int mode, r;

        r = sd_bus_message_read(message, "s", &text);
        if (r >= 0) {
                r = bus_authorise(message, reterr);
        }
        if (r < 0) {
                return r;
        }
        mode = job_mode_parse(text);
        if (mode < 0) {
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_INVALID_ARGS,
                                         "There is no job mode \"%s\".", text);
        }
        return bus_reply_job(message, sandbox, kind, (JobMode) mode, reterr);
}

static int method_start(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return request_job(message, userdata, JOB_START, reterr);
}

static int method_stop(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return request_job(message, userdata, JOB_STOP, reterr);
}

static int method_restart(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return request_job(message, userdata, JOB_RESTART, reterr);
}

#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE
#define MEMBER(member) offsetof(Sandbox, member)

/* clang-format off */
const sd_bus_vtable bus_sandbox_vtable[] = {
        SD_BUS_VTABLE_START(0),
#define PROPERTY(name, ...) SD_BUS_PROPERTY(#name, __VA_ARGS__),
#include "bus/sandbox.def"
#undef PROPERTY

        SD_BUS_METHOD_WITH_ARGS("Start", SD_BUS_ARGS("s", mode), SD_BUS_RESULT("o", job), method_start,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Stop", SD_BUS_ARGS("s", mode), SD_BUS_RESULT("o", job), method_stop,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Restart", SD_BUS_ARGS("s", mode), SD_BUS_RESULT("o", job),
                                method_restart, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Freeze", NULL, NULL, bus_freeze, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Thaw", NULL, NULL, bus_thaw, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
/* clang-format on */
