/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the two parts of fake-sbxd share: fake-sbxd.c, which answers, and fake-programs.c, which
 * plays the programs of Exec() and StartTransientUnit(). */

#include "base/fd.h"
#include "base/str.h"

#include "sbx/bus.h"

#include <sys/ioctl.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

typedef struct Fake {
        sd_event *event;
        sd_bus *bus; /* of the one connection at a time */
        uint32_t last_id;
        /* the transient unit, or the program of Exec */
        char *unit;
        char *word;
        int code, status;
        bool oom; /* the program ends by SIGKILL, for want of memory */
        bool over;
        int fds[3];
        int master, slave;
        struct winsize size;
} Fake;

/* One line on stdout: what the manager was asked. */
void say(const char *what, const char *unit, const char *more);
int reply_job(Fake *fake, sd_bus_message *message, const char *unit, const char *result);

/* fake-programs.c */
void decide_end(Fake *fake);
void play(Fake *fake);
int emit_exit(Fake *fake);
int emit_change(Fake *fake);
int on_exec(sd_bus_message *message, void *userdata, sd_bus_error *error);
int on_transient(sd_bus_message *message, void *userdata, sd_bus_error *error);
int on_attach(sd_bus_message *message, void *userdata, sd_bus_error *error);
