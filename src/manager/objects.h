/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Everything that is served on a connection, in one list. */

#include "base/str.h"
#include "manager/job.h"

#include <systemd/sd-bus.h>

typedef struct Manager Manager;
typedef struct Sandbox Sandbox;

typedef struct BusObject {
        const char *path;
        bool fallback; /* the path is a prefix, find() says what lies below it */
        const char *interface;
        const sd_bus_vtable *vtable;
        sd_bus_object_find_t find;
        sd_bus_node_enumerator_t enumerate;
} BusObject;

extern const BusObject bus_objects[];
extern const size_t n_bus_objects;

extern const sd_bus_vtable bus_manager_vtable[];
extern const sd_bus_vtable bus_manager_job_vtable[];
extern const sd_bus_vtable bus_sandbox_vtable[];
extern const sd_bus_vtable bus_job_vtable[];
extern const sd_bus_vtable bus_log_control_vtable[];

/* From now on the caller hears of the sandbox, also where no bus is between us. */
int bus_listen(sd_bus_message *message, const Sandbox *sandbox);
/* Asks for a job in the name of the caller, and answers with its path. */
int bus_reply_job(sd_bus_message *message, Sandbox *sandbox, JobKind kind, JobMode mode,
                  sd_bus_error *reterr);

/* The methods of dbus-list.c and dbus-control.c. */
int bus_list_sandboxes(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_list_usage(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_freeze_unit(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_thaw_unit(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_set_unit_properties(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_get_effective_limits(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_freeze(sd_bus_message *message, void *userdata, sd_bus_error *reterr);
int bus_thaw(sd_bus_message *message, void *userdata, sd_bus_error *reterr);

/* The sandbox of a name that a client gave; loads it where it is not, and one that cannot be loaded
 * is there all the same. */
int bus_find_or_load(Manager *manager, const char *name, Sandbox **ret, sd_bus_error *reterr);

/* Why a unit that cannot be loaded cannot be used, with all of its diagnostics; gives the fault. */
int bus_error_bad_unit(const Sandbox *sandbox, sd_bus_error *reterr);

/* Adds them all to a connection that is not started yet. */
int objects_add(Manager *manager, sd_bus *bus);
/* The introspection document of one of the objects, as a client would get it; without a manager.
 * path: one of bus_objects. */
int objects_introspect(const char *path, Str *out);
