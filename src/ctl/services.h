/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The part of the examination that looks at services: systemd, the bus, the journal, sbx's own. */

#include "base/host.h"
#include "ctl/doctor.h"

typedef struct Doctor {
        Ctl *ctl;
        json_object *findings;
        HostFacts host;
        bool unfit;
} Doctor;

typedef struct Check {
        const char *name;
        bool essential; /* sandboxes with the defaults do not start without it */
        int (*look)(Doctor *doctor, const struct Check *check);
        const void *argument;
} Check;

/* Adds a finding; fix is left out where the state is ok. */
int doctor_note(Doctor *doctor, const Check *check, FindingState state, const char *fix,
                const char *format, ...) _printf_(5, 6);

int look_systemd(Doctor *doctor, const Check *check);
int look_bus(Doctor *doctor, const Check *check);
int look_journal(Doctor *doctor, const Check *check);
int look_sbxd(Doctor *doctor, const Check *check);
int look_helper(Doctor *doctor, const Check *check);

/* The lines "Uid:" and "CapEff:" of /proc/PID/status. False where one is not there. */
bool status_parse(const char *text, uint32_t *ret_user, uint64_t *ret_capabilities);
