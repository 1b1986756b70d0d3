/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/objects.h"

#include "base/parse.h"
#include "bus/properties.h"
#include "manager/manager.h"
#include "sbx/bus.h"

#include <sys/socket.h>

#define LOG_CONTROL_PATH "/org/freedesktop/LogControl1"
#define LOG_CONTROL_INTERFACE "org.freedesktop.LogControl1"

static int find_sandbox(sd_bus *bus, const char *path, const char *interface, void *userdata,
                        void **ret_found, sd_bus_error *reterr) {
        Sandbox *sandbox = manager_find_path(userdata, path);

        *ret_found = sandbox;
        return sandbox ? 1 : 0;
}

static int find_spec(sd_bus *bus, const char *path, const char *interface, void *userdata,
                     void **ret_found, sd_bus_error *reterr) {
        const Sandbox *sandbox = manager_find_path(userdata, path);

        *ret_found = sandbox ? (void *) sandbox_definition(sandbox) : NULL;
        return sandbox ? 1 : 0;
}

static int find_job(sd_bus *bus, const char *path, const char *interface, void *userdata,
                    void **ret_found, sd_bus_error *reterr) {
        const char *number = startswith(path, SBX_JOB_PREFIX "/");
        Job *job = NULL;
        uint32_t id;

        if (number && parse_u32(number, &id) == 0) {
                job = manager_find_job(userdata, id);
        }
        /* one spelling of a number: "007" is no object */
        *ret_found = job && streq(job->path, path) ? job : NULL;
        return *ret_found ? 1 : 0;
}

static int enumerate_jobs(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                          sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **nodes = NULL;
        const Manager *manager = userdata;

        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                const Job *job = manager->sandboxes[i]->job;
                int r = job ? strv_append(&nodes, job->path) : 0;

                if (r < 0) {
                        return r;
                }
        }
        *ret_nodes = TAKE(nodes);
        return 0;
}

static int enumerate_sandboxes(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                               sd_bus_error *reterr) {
        _cleanup_(strv_freep) char **nodes = NULL;
        const Manager *manager = userdata;
        int r;

        for (size_t i = 0; i < manager->n_sandboxes; i++) {
                r = strv_append(&nodes, manager->sandboxes[i]->object_path);
                if (r < 0) {
                        return r;
                }
        }
        *ret_nodes = TAKE(nodes);
        return 0;
}

const BusObject bus_objects[] = {
        {SBX_OBJECT_PATH, false, SBX_INTERFACE_MANAGER, bus_manager_vtable, NULL, NULL},
        {SBX_OBJECT_PATH, false, SBX_INTERFACE_MANAGER, bus_manager_job_vtable, NULL, NULL},
        {LOG_CONTROL_PATH, false, LOG_CONTROL_INTERFACE, bus_log_control_vtable, NULL, NULL},
        {SBX_SANDBOX_PREFIX, true, SBX_INTERFACE_SANDBOX, bus_sandbox_vtable, find_sandbox,
         enumerate_sandboxes},
        {SBX_SANDBOX_PREFIX, true, SBX_INTERFACE_SANDBOX, bus_spec_vtable, find_spec, NULL},
        {SBX_JOB_PREFIX, true, SBX_INTERFACE_JOB, bus_job_vtable, find_job, enumerate_jobs},
};
const size_t n_bus_objects = ELEMENTS(bus_objects);

static int object_add(const BusObject *object, Manager *manager, sd_bus *bus) {
        int r;

        r = object->fallback
                    ? sd_bus_add_fallback_vtable(bus, NULL, object->path, object->interface,
                                                 object->vtable, object->find, manager)
                    : sd_bus_add_object_vtable(bus, NULL, object->path, object->interface,
                                               object->vtable, manager);
        if (r >= 0 && object->enumerate) {
                r = sd_bus_add_node_enumerator(bus, NULL, object->path, object->enumerate, manager);
        }
        return r;
}

int objects_add(Manager *manager, sd_bus *bus) {
        int r = 0;

        for (size_t i = 0; i < n_bus_objects && r >= 0; i++) {
                r = object_add(&bus_objects[i], manager, bus);
        }
        return r < 0 ? r : sd_bus_add_object_manager(bus, NULL, SBX_OBJECT_PATH);
}

/* -- introspection: the library writes it for whoever asks over a connection, so one is made -- */

typedef struct Introspection {
        Str *out;
        int result; /* 1: not there yet */
} Introspection;

static int on_document(sd_bus_message *reply, void *userdata, sd_bus_error *reterr) {
        Introspection *introspection = userdata;
        const char *text;
        int r;

        r = -sd_bus_message_get_errno(reply);
        if (r == 0) {
                r = sd_bus_message_read(reply, "s", &text);
        }
        introspection->result = r < 0 ? r : str_append(introspection->out, text);
        return 0;
}

static int make_pair(sd_bus **ret_server, sd_bus **ret_client) {
        sd_bus *buses[2] = {};
        sd_id128_t id;
        int fds[2], r;

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
                return negative_errno();
        }
        r = sd_id128_randomize(&id);
        for (size_t i = 0; i < ELEMENTS(buses) && r >= 0; i++) {
                r = sd_bus_new(&buses[i]);
                if (r >= 0) {
                        r = sd_bus_set_fd(buses[i], fds[i], fds[i]);
                }
        }
        *ret_server = buses[0];
        *ret_client = buses[1];
        return r < 0 ? r : sd_bus_set_server(buses[0], 1, id);
}

/* Every object of the list at its path, as if the prefix were a sandbox. */
static int serve(sd_bus *bus, const Manager *manager) {
        int r = 0;

        for (size_t i = 0; i < n_bus_objects && r >= 0; i++) {
                r = sd_bus_add_object_vtable(bus, NULL, bus_objects[i].path,
                                             bus_objects[i].interface, bus_objects[i].vtable,
                                             (void *) manager);
        }
        if (r >= 0) {
                r = sd_bus_add_object_manager(bus, NULL, SBX_OBJECT_PATH);
        }
        return r < 0 ? r : sd_bus_start(bus);
}

int objects_introspect(const char *path, Str *out) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *server = NULL, *client = NULL;
        static const Manager nobody;
        Introspection introspection = {out, 1};
        int r;

        assert(path);
        assert(out);

        r = make_pair(&server, &client);
        if (r >= 0) {
                r = serve(server, &nobody);
        }
        if (r >= 0) {
                r = sd_bus_start(client);
        }
        if (r >= 0) {
                r = sd_bus_call_method_async(client, NULL, NULL, path,
                                             "org.freedesktop.DBus.Introspectable", "Introspect",
                                             on_document, &introspection, NULL);
        }
        while (r >= 0 && introspection.result == 1) {
                r = sd_bus_process(server, NULL);
                if (r >= 0) {
                        r = sd_bus_process(client, NULL);
                }
        }
        return r < 0 ? r : introspection.result;
}
