/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/freezer.h"

#include "base/fd.h"
#include "base/log.h"
#include "helper/helper.h"
#include "kern/cgroup.h"

static void say(Sandbox *sandbox) {
        ControlMessage message = {
                .type = CONTROL_FROZEN, .serial = sandbox->freezer.serial, .id = sandbox->id};

        message.numbers[FROZEN_FROZEN] = sandbox->freezer.wanted ? 1 : 0;
        helper_send(sandbox->helper, &message);
}

/* Says so once the kernel has done what it was asked for. */
static int look(Sandbox *sandbox) {
        Freezer *freezer = &sandbox->freezer;
        bool frozen;
        int r;

        r = cgroup_read_frozen(freezer->events, &frozen);
        if (r < 0 || frozen != freezer->wanted) {
                return r;
        }
        freezer->watch = watch_free(freezer->watch);
        say(sandbox);
        return 0;
}

static void on_events(void *userdata, uint32_t events) {
        Sandbox *sandbox = userdata;

        if (look(sandbox) < 0) {
                /* The cgroup is gone, and with it whatever was frozen in it. */
                sandbox->freezer.watch = watch_free(sandbox->freezer.watch);
        }
}

int freezer_set(Sandbox *sandbox, bool freeze, uint32_t serial, const char **ret_why) {
        Freezer *freezer = &sandbox->freezer;
        int r;

        *ret_why = "the cgroup of the sandbox cannot be frozen";
        if (sandbox->cgroup < 0 || !cgroup_is_unified(sandbox->cgroup)) {
                *ret_why = "this host has no cgroup2 hierarchy, which alone can freeze a sandbox";
                return -EOPNOTSUPP;
        }
        if (freezer->events < 0) {
                freezer->events = cgroup_open_events(sandbox->cgroup);
                if (freezer->events < 0) {
                        return freezer->events;
                }
        }
        r = cgroup_freeze(sandbox->cgroup, freeze);
        if (r < 0) {
                return r;
        }
        freezer->serial = serial;
        freezer->wanted = freeze;
        if (!freezer->watch) {
                r = watch_new(sandbox->helper->loop, freezer->events, EPOLLPRI, on_events, sandbox,
                              &freezer->watch);
        }
        return r < 0 ? r : look(sandbox);
}

uint64_t freezer_state(const Freezer *freezer) {
        if (freezer->watch) {
                return freezer->wanted ? FREEZER_FREEZING : FREEZER_THAWING;
        }
        return freezer->wanted ? FREEZER_FROZEN : FREEZER_RUNNING;
}

void freezer_done(Freezer *freezer) {
        freezer->watch = watch_free(freezer->watch);
        freezer->events = fd_close(freezer->events);
        freezer->wanted = false;
}
