/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.sbx1.Manager: what a listing shows of every sandbox, in one answer. Asking each object for
 * all of its properties costs some hundred times as much, which a thousand sandboxes make felt. */

#include "manager/freezer.h"
#include "manager/manager.h"
#include "manager/objects.h"
#include "manager/stats.h"

static int append_ports(sd_bus_message *reply, const Spec *spec) {
        int r = sd_bus_message_open_container(reply, 'a', "s");

        for (size_t i = 0; i < spec->n_ports && r >= 0; i++) {
                r = sd_bus_message_append(reply, "s",
                                          spec->ports[i].listen ? spec->ports[i].listen : "");
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_sandbox(sd_bus_message *reply, Sandbox *sandbox) {
        const Spec *spec = sandbox_definition(sandbox);
        int r;

        r = sd_bus_message_open_container(reply, 'r', "sssssutsas");
        if (r >= 0) {
                r = sd_bus_message_append(
                        reply, "sssssuts", sandbox->name,
                        spec->description ? spec->description : "",
                        load_state_name(sandbox->load_state), sandbox_active_name(sandbox),
                        sandbox_sub_name(sandbox), (uint32_t) sandbox->run.main_pid,
                        stats_read(sandbox, STATS_MEMORY), freezer_state_name(sandbox));
        }
        if (r >= 0) {
                r = append_ports(reply, sandbox_spec(sandbox));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_usage(sd_bus_message *reply, Sandbox *sandbox) {
        if (!sandbox_is_live(sandbox)) {
                return 0;
        }
        return sd_bus_message_append(
                reply, "(sttttt)", sandbox->name, stats_read(sandbox, STATS_TASKS),
                stats_read(sandbox, STATS_MEMORY), stats_read(sandbox, STATS_CPU),
                stats_read(sandbox, STATS_IO_READ), stats_read(sandbox, STATS_IO_WRITE));
}

static int reply_list(sd_bus_message *message, Manager *manager, const char *type,
                      int (*append)(sd_bus_message *reply, Sandbox *sandbox)) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(message, &reply);
        if (r >= 0) {
                r = sd_bus_message_open_container(reply, 'a', type);
        }
        for (size_t i = 0; i < manager->n_sandboxes && r >= 0; i++) {
                r = append(reply, manager->sandboxes[i]);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(reply);
        }
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

int bus_list_sandboxes(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return reply_list(message, userdata, "(sssssutsas)", append_sandbox);
}

int bus_list_usage(sd_bus_message *message, void *userdata, sd_bus_error *reterr) {
        return reply_list(message, userdata, "(sttttt)", append_usage);
}
