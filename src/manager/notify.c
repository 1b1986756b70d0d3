/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/notify.h"

#include "manager/manager.h"
#include "manager/peers.h"
#include "sbx/bus.h"

/* What changes with the state; the rest is read when it is wanted. */
static const char *const changing[] = {
        "ActiveState",
        "SubState",
        "FreezerState",
        "Result",
        "LoadState",
        "MainPID",
        "LeaderPID",
        "RelayPID",
        "HostUIDBase",
        "ExecMainCode",
        "ExecMainStatus",
        "InvocationID",
        "NRestarts",
        "StatusText",
        "Degraded",
        "ControlGroup",
        "ActiveEnterTimestamp",
        "ActiveExitTimestamp",
        "InactiveEnterTimestamp",
        "StateChangeTimestamp",
        "ExecMainStartTimestamp",
        "ExecMainExitTimestamp",
        NULL,
};

static void emit_changed(sd_bus *bus, void *userdata) {
        const Sandbox *sandbox = userdata;

        (void) sd_bus_emit_properties_changed_strv(bus, sandbox->object_path, SBX_INTERFACE_SANDBOX,
                                                   (char **) changing);
}

void notify_sandbox_changed(const Sandbox *sandbox) {
        peers_tell(sandbox->manager->peers, sandbox->name, emit_changed, (void *) sandbox);
}

typedef struct Directives {
        const Sandbox *sandbox;
        const char *names[_DIRECTIVE_MAX + 1];
} Directives;

/* By hand: sd_bus_emit_properties_changed() takes the names of one vtable alone where an interface
 * has several, and the state's are in the other. */
static void emit_directives(sd_bus *bus, void *userdata) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *message = NULL;
        const Directives *directives = userdata;
        int r;

        r = sd_bus_message_new_signal(bus, &message, directives->sandbox->object_path,
                                      "org.freedesktop.DBus.Properties", "PropertiesChanged");
        r = r < 0 ? r : sd_bus_message_append(message, "sa{sv}", SBX_INTERFACE_SANDBOX, 0);
        r = r < 0 ? r : sd_bus_message_append_strv(message, (char **) directives->names);
        if (r >= 0) {
                (void) sd_bus_send(bus, message, NULL);
        }
}

void notify_directives_changed(const Sandbox *sandbox, const bool *which) {
        Directives directives = {.sandbox = sandbox};
        size_t n = 0;

        for (size_t i = 0; i < _DIRECTIVE_MAX; i++) {
                if (which[i]) {
                        directives.names[n++] = directive_table[i].name;
                }
        }
        peers_tell(sandbox->manager->peers, sandbox->name, emit_directives, &directives);
}

static void emit_new(sd_bus *bus, void *userdata) {
        const Sandbox *sandbox = userdata;

        (void) sd_bus_emit_object_added(bus, sandbox->object_path);
        (void) sd_bus_emit_signal(bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "UnitNew", "so",
                                  sandbox->name, sandbox->object_path);
}

void notify_sandbox_new(const Sandbox *sandbox) {
        peers_tell(sandbox->manager->peers, sandbox->name, emit_new, (void *) sandbox);
}

static void emit_removed(sd_bus *bus, void *userdata) {
        const Sandbox *sandbox = userdata;

        (void) sd_bus_emit_object_removed(bus, sandbox->object_path);
        (void) sd_bus_emit_signal(bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "UnitRemoved", "so",
                                  sandbox->name, sandbox->object_path);
}

void notify_sandbox_removed(const Sandbox *sandbox) {
        peers_tell(sandbox->manager->peers, sandbox->name, emit_removed, (void *) sandbox);
}

static void emit_job_new(sd_bus *bus, void *userdata) {
        const Job *job = userdata;

        (void) sd_bus_emit_object_added(bus, job->path);
        (void) sd_bus_emit_signal(bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "JobNew", "uos",
                                  job->id, job->path, job->unit);
}

void notify_job_new(const Job *job) {
        peers_tell(job->manager->peers, job->unit, emit_job_new, (void *) job);
}

static void emit_job_removed(sd_bus *bus, void *userdata) {
        const Job *job = userdata;

        (void) sd_bus_emit_object_removed(bus, job->path);
        (void) sd_bus_emit_signal(bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "JobRemoved", "uoss",
                                  job->id, job->path, job->unit, job_result_name(job->result));
}

void notify_job_removed(Manager *manager, const Job *job) {
        peers_tell(manager->peers, job->unit, emit_job_removed, (void *) job);
}

static void emit_reloading(sd_bus *bus, void *userdata) {
        const bool *begins = userdata;

        (void) sd_bus_emit_signal(bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "Reloading", "b",
                                  *begins ? 1 : 0);
}

void notify_reloading(Manager *manager, bool begins) {
        peers_tell(manager->peers, NULL, emit_reloading, &begins);
}

typedef struct ExecEnd {
        const Sandbox *sandbox;
        uint32_t id;
        int code, status;
        Result result;
} ExecEnd;

static void emit_exec_exited(sd_bus *bus, void *userdata) {
        const ExecEnd *end = userdata;

        (void) sd_bus_emit_signal(bus, SBX_OBJECT_PATH, SBX_INTERFACE_MANAGER, "ExecExited",
                                  "usiis", end->id, end->sandbox->name, end->code, end->status,
                                  result_name(end->result));
}

void notify_exec_exited(const Sandbox *sandbox, uint32_t id, int code, int status, Result result) {
        ExecEnd end = {sandbox, id, code, status, result};

        peers_tell(sandbox->manager->peers, sandbox->name, emit_exec_exited, &end);
}
